"""kube-scheduler: gives every pod that has no node one, by writing a Binding. It starts nothing; kubelets do.

Informers keep the queue and the cache: pods without a node wait in the queue, pods with one count on their node, changes
of nodes and pods wake those that may now fit. `reconcile` takes one pod from the queue, decides (`scheduling.py`), assumes
the pod on its node and binds it. Cycles run one after the other without waiting for each other's bindings: the driver
collects the bindings of a whole round into one transaction.

When nothing fits, the pod waits, an Event and its PodScheduled condition say why, and if evicting others would help, they
are evicted and the pod is promised the node (`status.nominatedNodeName`).
"""

from typing import Any

from core.client import DONE, Context, Informer, Reconciler, Result, SeriesRecorder
from core.client.leaderelection import HOST
from core.client.transport import WatchEvent
from core.kube.errors import ApiError, NotFound
from core.kube.objects import Obj, condition, is_deleting, labels_of
from core.kube.pods import is_finished
from core.kube.requests import PatchType, User
from core.kube.resources import REGISTRY as RESOURCES
from core.kube.times import timestamp
from core.scheduler.cache import Cache
from core.scheduler.changes import node_change, pod_change
from core.scheduler.events import ASSIGNED_POD, NODE, THIS_POD, VOLUME, Action, ClusterEvent
from core.scheduler.framework import Nomination
from core.scheduler.handle import Handle
from core.scheduler.podinfo import PodInfo, pod_info
from core.scheduler.profile import Profile
from core.scheduler.queue import QueuedPod, SchedulingQueue
from core.scheduler.scheduling import Cycle, Decision
from core.scheduler.siblings import CONTROLLERS, OF_NAMESPACE, Siblings, by_namespace, remembering

SCHEDULED = "Successfully assigned {pod} to {node}"
SKIPPED = "skip schedule deleting pod: {pod}"
BINDING_REJECTED = "binding rejected: {error}"
PREEMPTED = "Preempted by pod {uid} on node {node}"
PREEMPTING = "{scheduler}: preempting to accommodate a higher priority pod"

VOLUMES = ("persistentvolumeclaims", "persistentvolumes", "storageclasses.storage.k8s.io")


class Scheduler(Reconciler):
    name = "scheduler"
    user = User("system:kube-scheduler", ("system:authenticated",))
    in_flight_max = 256
    scheduler_name = "default-scheduler"

    queue: SchedulingQueue

    @property
    def component(self) -> str:
        return self.scheduler_name

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self.series = SeriesRecorder(self.component, self.user, context.agenda, context.send, HOST)

    def make_queue(self) -> SchedulingQueue:
        self.cache = Cache()
        self.listers: dict[str, Informer] = {}
        self.siblings = Siblings(self.listers)
        self.handle = Handle(
            cache=self.cache,
            lookup=lambda resource, namespace, name: self.listers[resource].get(namespace, name),
            namespaces=lambda: self.namespace_labels,
            siblings=self.siblings,
            budgets=lambda: list(self.listers.get("poddisruptionbudgets.policy", ())),
            refilter=lambda state, pod, node: None,  # the profile puts its own here
        )
        self.namespace_labels: dict[str, dict[str, str]] = {}
        self.profile = Profile(self.handle)
        self.cycle = Cycle(self.profile, self.cache)
        return SchedulingQueue(
            self.agenda, self.profile.queue_sort.sort_key, self.profile.pre_enqueue, self.profile.interests
        )

    def start(self) -> None:
        self._list("namespaces", self._on_namespace)
        self._list("services", remembering(self.siblings), **{OF_NAMESPACE: by_namespace})
        for resource in CONTROLLERS.values():
            self._list(resource, remembering(self.siblings))
        self._list("poddisruptionbudgets.policy", _ignore)
        for resource in VOLUMES:
            self._list(resource, self._on_volume)
        self._list("nodes", self._on_node)
        self._list("pods", self._on_pod)

    async def reconcile(self, key: str) -> Result | None:
        """One pod's way: decide, then bind, or say why not."""
        queued = self.queue.pods.get(key)
        if queued is None:
            return DONE
        pod = queued.info
        if pod.terminating:
            self._failed(pod.pod, SKIPPED.format(pod=key))
            self.queue.remove(key)
            return DONE
        decision = self.cycle.decide(pod)
        self.context.record("schedule", self.name, **decision.record())
        if decision.winner:
            return await self._bind(queued, decision)
        return await self._fail(queued, decision)

    async def _bind(self, queued: QueuedPod, decision: Decision) -> Result | None:
        pod, node, state = queued.info, decision.winner, decision.state
        self.cache.assume(pod, node)
        rejected = self.profile.reserve(state, pod, node)
        try:
            for plugin in self.profile.pre_binds if rejected is None else ():
                rejected = rejected or await plugin.pre_bind(self.client, state, pod, node)
            if rejected is None:
                await self.profile.binds[0].bind(self.client, pod, node)
        except ApiError as error:
            if self._undo(queued, decision):
                self.queue.back_off(queued)
            if not isinstance(error, NotFound):  # else the pod was deleted meanwhile
                self._failed(pod.pod, BINDING_REJECTED.format(error=error.message))
            return Result(note=error.message)
        if rejected is not None:
            if self._undo(queued, decision):
                self.queue.add_unschedulable(queued, frozenset((rejected.plugin,)))
            return Result(note=", ".join(rejected.reasons))
        self.cache.withdraw(pod.key)
        self.queue.remove(pod.key)
        for post_bind in self.profile.post_binds:
            post_bind.post_bind(state, pod, node)
        self.series.did(pod.pod, "Scheduled", "Binding", SCHEDULED.format(pod=pod.key, node=node))
        return Result(note=f"bound to {node}")

    def _failed(self, pod: Obj, why: str) -> None:
        self.series.did(pod, "FailedScheduling", "Scheduling", why, warning=True)

    def _undo(self, queued: QueuedPod, decision: Decision) -> bool:
        """What was assumed did not come true: others may fit there now. Answers whether this pod still wants a node."""
        pod = queued.info
        self.profile.unreserve(decision.state, pod, decision.winner)
        self.cache.forget(pod.uid)
        self.queue.move(ClusterEvent(ASSIGNED_POD, Action.DELETE, pod.pod, None))
        return self.queue.pods.get(pod.key) is queued

    async def _fail(self, queued: QueuedPod, decision: Decision) -> Result | None:
        pod, nomination = queued.info, decision.nomination
        # Before anything is awaited: what happens meanwhile must find the pod waiting, or it would miss its wake-up.
        self.queue.add_unschedulable(queued, decision.rejected_by)
        if nomination is not None:
            self.cache.nominate(pod, nomination.node)
        elif decision.breaks_promise:
            self.cache.withdraw(pod.key)
        self._failed(pod.pod, decision.message)
        status = self._status(pod.pod, decision)
        try:
            if nomination is not None:
                await self._evict(pod, nomination)
            if status:
                await self.client.patch(
                    "pods",
                    pod.namespace,
                    pod.pod["metadata"]["name"],
                    {"status": status},
                    subresource="status",
                    patch_type=PatchType.STRATEGIC,
                )
        except NotFound:
            pass  # the pod was deleted meanwhile
        return Result(note=decision.message)

    def _status(self, pod: Obj, decision: Decision) -> dict[str, Any]:
        """What of the pod's status has to change; empty when it says so already."""
        status: dict[str, Any] = {}
        known = condition(pod, "PodScheduled") or {}
        said = {"status": "False", "reason": "Unschedulable", "message": decision.message}
        if any(known.get(name) != value for name, value in said.items()):
            since = known.get("lastTransitionTime") if known.get("status") == "False" else None
            status["conditions"] = [
                {
                    "type": "PodScheduled",
                    "observedGeneration": pod["metadata"].get("generation", 1),
                    "lastProbeTime": None,
                    "lastTransitionTime": since or timestamp(self.now),
                    **said,
                }
            ]
        if decision.nomination is not None:
            status["nominatedNodeName"] = decision.nomination.node
        elif decision.breaks_promise and (pod.get("status") or {}).get("nominatedNodeName"):
            status["nominatedNodeName"] = None
        return status

    async def _evict(self, pod: PodInfo, nomination: Nomination) -> None:
        """Delete the victims; each learns why by a condition and an Event."""
        message = PREEMPTING.format(scheduler=self.scheduler_name)
        for victim in nomination.victims:
            name = victim.pod["metadata"]["name"]
            disruption = {
                "type": "DisruptionTarget",
                "status": "True",
                "reason": "PreemptionByScheduler",
                "message": message,
                "lastTransitionTime": timestamp(self.now),
            }
            try:
                await self.client.patch(
                    "pods",
                    victim.namespace,
                    name,
                    {"status": {"conditions": [disruption]}},
                    subresource="status",
                    patch_type=PatchType.STRATEGIC,
                )
                await self.client.delete("pods", victim.namespace, name, preconditions={"uid": victim.uid})
            except NotFound:
                continue
            note = PREEMPTED.format(uid=pod.uid, node=nomination.node)
            self.series.did(victim.pod, "Preempted", "Preempting", note, related=pod.pod)

    # What the informers tell.

    def _list(self, resource: str, handler: Any, **indexes: Any) -> None:
        if resource in RESOURCES:
            self.listers[resource] = self.watch(resource, handler, **indexes)

    def _on_namespace(self, event: WatchEvent) -> None:
        if event.type == "DELETED":
            self.namespace_labels.pop(event.key.name, None)
        else:
            self.namespace_labels[event.key.name] = labels_of(event.object)

    def _on_volume(self, event: WatchEvent) -> None:
        self.queue.move(ClusterEvent(VOLUME, Action.ADD, event.old, event.object))

    def _on_node(self, event: WatchEvent) -> None:
        name = event.key.name
        if event.type == "DELETED":
            if name in self.cache.nodes:
                self.cache.remove_node(name)
            self.queue.move(ClusterEvent(NODE, Action.DELETE, event.object, None))
            return
        known = self.cache.nodes.get(name)
        old = known.node if known else None
        action = node_change(old, event.object)
        if action:
            self.cache.set_node(event.object)
            self.queue.move(ClusterEvent(NODE, action, old, event.object))

    def _on_pod(self, event: WatchEvent) -> None:
        pod, key = event.object, str(event.key)
        uid = pod["metadata"]["uid"]
        is_gone = event.type == "DELETED" or is_finished(pod)
        if event.old is not None and event.old["metadata"]["uid"] != uid:
            # Deleted and made anew under its name while nobody was looking: a re-list tells of the new one only.
            self._gone(event.old, event.old["metadata"]["uid"])
        waiting = self.queue.pods.get(key)
        if waiting is not None and (is_gone or waiting.info.uid != uid or pod["spec"].get("nodeName")):
            self.cache.withdraw(key)
            self.queue.remove(key)
            waiting = None
        if is_gone:
            self._gone(pod, uid)
        elif pod["spec"].get("nodeName"):
            self._placed(pod, uid)
        elif (
            pod["spec"].get("schedulerName", self.scheduler_name) == self.scheduler_name and uid not in self.cache.pods
        ):
            self._waiting(pod, waiting, event.revision)

    def _gone(self, pod: Obj, uid: str) -> None:
        if self.cache.remove_pod(uid) is not None:
            self.queue.move(ClusterEvent(ASSIGNED_POD, Action.DELETE, pod, None))

    def _placed(self, pod: Obj, uid: str) -> None:
        placed = self.cache.pods.get(uid)
        old = placed.info.pod if placed else None
        was_assumed = placed is not None and placed.is_assumed
        if self.cache.confirm(pod):
            assert old is not None
            action = pod_change(old, pod)
            if action or is_deleting(old) != is_deleting(pod):
                self.cache.add_pod(pod_info(pod), pod["spec"]["nodeName"])
            if was_assumed:
                action |= Action.ADD
            if action:
                self.queue.move(ClusterEvent(ASSIGNED_POD, action, old, pod))
        else:
            self.cache.add_pod(pod_info(pod), pod["spec"]["nodeName"])
            self.queue.move(ClusterEvent(ASSIGNED_POD, Action.ADD, None, pod))

    def _waiting(self, pod: Obj, waiting: QueuedPod | None, cause: int) -> None:
        info = pod_info(pod)
        nominated = (pod.get("status") or {}).get("nominatedNodeName")
        if nominated:
            self.cache.nominate(info, nominated)
        if waiting is None:
            self.queue.add(info, cause)
        else:
            action = pod_change(waiting.info.pod, pod)
            self.queue.update(info, ClusterEvent(THIS_POD, action, waiting.info.pod, pod), cause)


def _ignore(event: WatchEvent) -> None:
    """Looked up when needed; its changes wake nobody."""
