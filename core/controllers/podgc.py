"""The pod garbage collector: removes pods that nobody else will. Owns no resource.

Looks every 20 s, at pods and Nodes. Desired: no pod stays that is bound to a node which has been gone for 40 s, or is
being deleted without ever having been scheduled, or is being deleted on a node that an administrator declared out of
service, and no more than 12,500 ended ones, the oldest going first; actual: the pods that are there. They are removed at
once, without a grace period: there is no kubelet to stop them. Behaves like the real one's
`pkg/controller/podgc/gc_controller.go`.
"""

from core.client import Reconciler, Result, again
from core.client.calls import replacement
from core.client.transport import WatchEvent
from core.controllers.poddeletion import pod_deletion
from core.controllers.podstate import node_of
from core.kube.errors import ApiError, NotFound
from core.kube.objects import Obj, is_deleting, is_true
from core.kube.pods import is_finished
from core.kube.requests import service_account
from core.kube.times import timestamp

PERIOD = 20.0  # seconds; gcCheckPeriod
QUARANTINE = 40.0  # seconds a node must have been gone; nodeQuarantineTime
ENDED_MAX = 12_500  # --terminated-pod-gc-threshold
OUT_OF_SERVICE = "node.kubernetes.io/out-of-service"

ORPHANED = "PodGC: node no longer exists"


class PodGCController(Reconciler):
    name = "podgc"
    user = service_account("kube-system", "pod-garbage-collector")
    KEY = "pods"

    def start(self) -> None:
        self.runs = False  # whether the next look is arranged for
        self.missing: dict[str, float] = {}  # node → since when pods name it though it does not exist
        self.nodes, self.pods = self.informers("nodes"), self.informers("pods")
        self.watch("pods", self.on_pod)

    def on_pod(self, event: WatchEvent) -> None:
        """Without any pods there is nothing to look for; the first one starts the rounds."""
        if event.type == "ADDED" and not self.runs:
            self.runs = True
            self.enqueue(self.KEY, event.revision)

    async def reconcile(self, key: str) -> Result | None:
        pods: list[Obj] = list(self.pods)
        doomed = {id(pod): pod for pod in [*self._surplus(pods), *self._orphaned(pods), *self._abandoned(pods)]}
        for pod in doomed.values():
            await self._remove(pod)
        self.runs = bool(pods)
        return again(PERIOD, f"removed {len(doomed)} pods" if doomed else "") if pods else None

    def _surplus(self, pods: list[Obj]) -> list[Obj]:
        ended = [pod for pod in pods if is_finished(pod)]
        if len(ended) <= ENDED_MAX:
            return []
        ended.sort(key=lambda pod: (pod["metadata"]["creationTimestamp"], pod["metadata"]["name"]))
        return ended[: len(ended) - ENDED_MAX]

    def _orphaned(self, pods: list[Obj]) -> list[Obj]:
        """Pods of nodes that have been gone for a while: a node may only be registering anew."""
        homeless = [pod for pod in pods if node_of(pod) and self.nodes.get("", node_of(pod)) is None]
        names = dict.fromkeys(map(node_of, homeless))
        self.missing = {name: self.missing.get(name, self.now) for name in names}
        return [pod for pod in homeless if self.now - self.missing[node_of(pod)] >= QUARANTINE]

    def _abandoned(self, pods: list[Obj]) -> list[Obj]:
        """Pods being deleted that no kubelet will ever finish."""
        found = []
        for pod in pods:
            if not is_deleting(pod):
                continue
            node = self.nodes.get("", node_of(pod)) if node_of(pod) else None
            if not node_of(pod) or (node is not None and _is_out_of_service(node)):
                found.append(pod)
        return found

    async def _remove(self, pod: Obj) -> None:
        """Mark a pod that had not ended as failed, so that a Job counts it, and remove it."""
        request = pod_deletion(pod, gracePeriodSeconds=0)
        requests = [request] if is_finished(pod) else [replacement("pods", self._failed(pod), "status"), request]
        answer = (await self.client.batch(requests))[-1]
        if isinstance(answer, ApiError) and not isinstance(answer, NotFound):
            raise answer

    def _failed(self, pod: Obj) -> Obj:
        target = {
            "type": "DisruptionTarget",
            "status": "True",
            "lastTransitionTime": timestamp(self.now),
            "reason": "DeletionByPodGC",
            "message": ORPHANED,
        }
        status = dict(pod.get("status") or {})
        others = [entry for entry in status.get("conditions") or () if entry["type"] != "DisruptionTarget"]
        is_orphan = bool(node_of(pod)) and self.nodes.get("", node_of(pod)) is None
        return {**pod, "status": status | {"phase": "Failed", "conditions": [*others, target] if is_orphan else others}}


def _is_out_of_service(node: Obj) -> bool:
    taints = (node.get("spec") or {}).get("taints") or ()
    return not is_true(node, "Ready") and any(taint["key"] == OUT_OF_SERVICE for taint in taints)
