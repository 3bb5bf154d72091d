"""The root CA publisher: in every namespace, the certificate by which pods know the API server. Owns `kube-root-ca.crt`.

Watches Namespaces and ConfigMaps. Desired: a ConfigMap of that name with the certificate authority's PEM under `ca.crt`
and a note on what it is for, in every namespace that is not being deleted; actual: what is there. The volume in which a
pod finds its token is made of it, so no pod starts before. Behaves like the real one's
`pkg/controller/certificates/rootcacertpublisher/publisher.go`.
"""

from contextlib import suppress

from core.client import Reconciler, Result
from core.client.transport import WatchEvent
from core.kube.errors import AlreadyExists
from core.kube.objects import Obj, clone, is_deleting
from core.kube.requests import service_account

NAME, KEY = "kube-root-ca.crt", "ca.crt"
DESCRIPTION = "kubernetes.io/description"
DESCRIBED = (
    "Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the internal"
    " service IP or kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes clusters."
)


class RootCAPublisher(Reconciler):
    name = "root-ca-certificate-publisher"
    user = service_account("kube-system", "root-ca-cert-publisher")

    def start(self) -> None:
        self.namespaces = self.watch("namespaces")
        self.maps = self.watch("configmaps", self.on_map)

    def on_map(self, event: WatchEvent) -> None:
        if event.key.name == NAME:
            self.enqueue(event.key.namespace, event.revision)

    async def reconcile(self, key: str) -> Result | None:
        namespace: Obj | None = self.namespaces.get("", key)
        if namespace is None or is_deleting(namespace):
            return None
        data = {KEY: self.context.root_ca}
        current: Obj | None = self.maps.get(key, NAME)
        if current is None:
            meta = {"name": NAME, "namespace": key, "annotations": {DESCRIPTION: DESCRIBED}}
            with suppress(AlreadyExists):  # another process of this controller was first
                await self.client.create(
                    "configmaps", {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, "data": data}
                )
            return None
        annotations = current["metadata"].get("annotations") or {}
        if current.get("data") == data and annotations.get(DESCRIPTION):
            return None
        mended = clone(current)
        mended["data"] = data
        mended["metadata"]["annotations"] = annotations | {DESCRIPTION: DESCRIBED}
        await self.client.update("configmaps", mended)
        return Result(note="put the certificate back")
