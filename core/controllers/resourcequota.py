"""The ResourceQuota controller: counts what a namespace really holds. Owns the status of quotas.

Watches ResourceQuotas and what they count. Desired: `status.used` is what the objects of the namespace take together;
actual: what the status says. Admission charges a quota in the moment an object comes; this one gives back what went, and
counts a quota that was just created or changed. Behaves like the real one's
`pkg/controller/resourcequota/resource_quota_controller.go`.
"""

from core.client import Informer, Reconciler, Result
from core.client.transport import WatchEvent
from core.controllers.endpointfacts import by_namespace
from core.kube.objects import Key, Obj, is_deleting
from core.kube.pods import is_finished
from core.kube.quantities import write
from core.kube.quota import COUNTED, counted_by, family_of, total
from core.kube.requests import service_account

QUOTAS = "resourcequotas"
COALESCE = 0.5  # seconds; what goes within it is counted together


class ResourceQuotaController(Reconciler):
    name = "resourcequota"
    user = service_account("kube-system", "resourcequota-controller")

    def start(self) -> None:
        self.quotas = self.watch(QUOTAS, self.on_quota, namespace=by_namespace)
        self.contents: dict[str, Informer] = {}
        for name in sorted(COUNTED - {QUOTAS}):
            self._count(name)

    def on_quota(self, event: WatchEvent) -> None:
        if event.actor != self.user.name:
            self.enqueue(event.key, event.revision)

    def on_content(self, event: WatchEvent) -> None:
        """Something went, or a pod ended: the quotas of its namespace have something back."""
        is_gone = event.type == "DELETED" or (
            event.resource == "pods"
            and event.old is not None
            and is_finished(event.object)
            and not is_finished(event.old)
        )
        if is_gone:
            for quota in self.quotas.indexed("namespace", event.key.namespace):
                key = str(Key(event.key.namespace, quota["metadata"]["name"]))
                self.queue.add_after(key, COALESCE, event.revision)

    async def reconcile(self, key: str) -> Result | None:
        quota: Obj | None = self.quotas.by_key(key)
        if quota is None or is_deleting(quota):
            return None
        hard: dict[str, str] = quota["spec"].get("hard") or {}
        namespace = quota["metadata"]["namespace"]
        objects = {row: self._count(row.name).indexed("namespace", namespace) for row in counted_by(hard)}
        used = {name: write(value, family_of(hard[name])) for name, value in sorted(total(quota, objects).items())}
        status = {"hard": dict(hard), "used": used}
        if status != quota.get("status"):
            await self.client.update_status(QUOTAS, {**quota, "status": status})
        return None

    def _count(self, resource: str) -> Informer:
        """The informer of a counted resource; of rare ones (`count/…`) it is made when a quota first asks."""
        if resource == QUOTAS:
            informer: Informer = self.quotas
            return informer
        if resource not in self.contents:
            self.contents[resource] = self.watch(resource, self.on_content, namespace=by_namespace)
        return self.contents[resource]
