"""The ServiceAccount controller: every namespace has a ServiceAccount `default`. Owns those.

Watches Namespaces and ServiceAccounts. Desired: one named `default` in every namespace that is not being deleted; actual:
whether it is there. A pod that names no account gets this one, so nothing runs in a namespace before it exists. Behaves
like the real one's `pkg/controller/serviceaccount/serviceaccounts_controller.go`.
"""

from contextlib import suppress

from core.client import Reconciler, Result
from core.client.transport import WatchEvent
from core.kube.errors import AlreadyExists
from core.kube.objects import Obj, is_deleting
from core.kube.requests import service_account

DEFAULT = "default"


class ServiceAccountController(Reconciler):
    name = "serviceaccount"
    user = service_account("kube-system", "service-account-controller")

    def start(self) -> None:
        self.namespaces = self.watch("namespaces")
        self.accounts = self.watch("serviceaccounts", self.on_account)

    def on_account(self, event: WatchEvent) -> None:
        if event.type == "DELETED" and event.key.name == DEFAULT:
            self.enqueue(event.key.namespace, event.revision)

    async def reconcile(self, key: str) -> Result | None:
        namespace: Obj | None = self.namespaces.get("", key)
        if namespace is None or is_deleting(namespace) or self.accounts.get(key, DEFAULT) is not None:
            return None
        account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": DEFAULT, "namespace": key}}
        with suppress(AlreadyExists):  # another process of this controller was first
            await self.client.create("serviceaccounts", account)
        return None
