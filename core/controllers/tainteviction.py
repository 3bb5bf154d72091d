"""The taint eviction controller: deletes pods that do not tolerate a NoExecute taint of their node. Owns no resource.

Watches Nodes and pods. Desired: no pod stays on a tainted node longer than it tolerates: not at all without a matching
toleration, for `tolerationSeconds` with one that has a limit, for ever with one that has none; actual: the taints, since
`timeAdded`, and the pod's tolerations. Most pods tolerate `not-ready` and `unreachable` for 300 s, because admission adds
that to every pod: this is why the pods of a dead node move after 40 + 300 s. The pod is only asked to go: while the kubelet
of an unreachable node does not answer it stays Terminating, since nobody knows whether it still runs; its replacement is
created at once. Behaves like the real one's `pkg/controller/tainteviction/taint_eviction.go`, whose timers restart with
its process; here the time counts from the taint.
"""

from core.client import Reconciler, Result, again
from core.client.transport import WatchEvent
from core.controllers.poddeletion import pod_deletion
from core.controllers.podstate import by_node, node_of
from core.kube.errors import ApiError, NotFound
from core.kube.objects import Obj, condition, is_deleting
from core.kube.pods import is_finished
from core.kube.requests import service_account
from core.kube.taints import tolerates
from core.kube.times import parse_timestamp, timestamp

EVICTING = "Marking for deletion Pod {key}"
CANCELLED = "Cancelling deletion of Pod {key}"
TARGET_REASON = "DeletionByTaintManager"
TARGET_TEXT = "Taint manager: deleting due to NoExecute taint"


class TaintEvictionController(Reconciler):
    name = "taint-eviction"
    user = service_account("kube-system", "node-controller")
    in_flight_max = 400

    def start(self) -> None:
        self.waiting: set[str] = set()  # pods whose time runs; only so as to tell when it no longer does
        self.pods = self.informers("pods", assigned_node=by_node)
        self.nodes = self.watch("nodes", self.on_node)
        self.watch("pods", self.on_pod)

    def on_node(self, event: WatchEvent) -> None:
        if event.type == "DELETED" or no_execute(event.object) == (no_execute(event.old) if event.old else []):
            return
        for pod in self.pods.indexed("assigned_node", event.key.name):
            meta = pod["metadata"]
            self.enqueue(f"{meta['namespace']}/{meta['name']}", event.revision)

    def on_pod(self, event: WatchEvent) -> None:
        """A pod that came to a tainted node, or changed there."""
        if event.type == "DELETED":
            self.waiting.discard(str(event.key))
            return
        node = self.nodes.get("", node_of(event.object)) if node_of(event.object) else None
        if node is not None and no_execute(node):
            self.enqueue(event.key, event.revision)

    async def reconcile(self, key: str) -> Result | None:
        pod: Obj | None = self.pods.by_key(key)
        if pod is None or is_deleting(pod) or is_finished(pod):
            return None
        node = self.nodes.get("", node_of(pod)) if node_of(pod) else None
        stays = stay_seconds(pod, no_execute(node) if node else [], self.now)
        if stays is None:
            if key in self.waiting:
                self.waiting.discard(key)
                self.events.normal(pod, "TaintManagerEviction", CANCELLED.format(key=key))
            return None
        if stays > 0:
            self.waiting.add(key)
            return again(stays)
        self.waiting.discard(key)
        self.events.normal(pod, "TaintManagerEviction", EVICTING.format(key=key))
        await self._evict(pod)
        return Result(note="evicted")

    async def _evict(self, pod: Obj) -> None:
        """Say why on the pod, then ask for its deletion."""
        target = {
            "type": "DisruptionTarget",
            "status": "True",
            "lastTransitionTime": timestamp(self.now),
            "reason": TARGET_REASON,
            "message": TARGET_TEXT,
        }
        others = [entry for entry in pod["status"].get("conditions") or () if entry["type"] != "DisruptionTarget"]
        status = pod["status"] | {"conditions": [*others, target]}
        try:
            if condition(pod, "DisruptionTarget") is None:
                await self.client.update_status("pods", {**pod, "status": status})
        except NotFound:
            return
        (answer,) = await self.client.batch([pod_deletion(pod)])
        if isinstance(answer, ApiError) and not isinstance(answer, NotFound):
            raise answer


def no_execute(node: Obj) -> list[Obj]:
    return [taint for taint in (node.get("spec") or {}).get("taints") or () if taint["effect"] == "NoExecute"]


def stay_seconds(pod: Obj, taints: list[Obj], now: float) -> float | None:
    """Seconds the pod may stay on a node with these NoExecute taints; None: for ever."""
    tolerations = pod["spec"].get("tolerations") or ()
    ends: list[float] = []
    for taint in taints:
        matching = [entry for entry in tolerations if tolerates(entry, taint)]
        if not matching:
            return 0.0
        limits = [float(entry["tolerationSeconds"]) for entry in matching if entry.get("tolerationSeconds") is not None]
        if limits:
            ends.append(_since(pod, taint) + max(0.0, min(limits)))
    return max(0.0, min(ends) - now) if ends else None


def _since(pod: Obj, taint: Obj) -> float:
    """When the pod's time on the tainted node began: when the taint was put on, or when the pod came."""
    scheduled = condition(pod, "PodScheduled")
    came = (scheduled or {}).get("lastTransitionTime") or pod["metadata"]["creationTimestamp"]
    return parse_timestamp(max(came, taint.get("timeAdded") or came))
