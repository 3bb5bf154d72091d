"""The node lifecycle controller: notices nodes that fell silent, and marks and taints them. Owns node conditions and taints.

Watches Nodes, their Leases and pods. Desired: a node's conditions and taints tell whether its kubelet is alive and well;
actual: when its Lease or its status was last renewed. Silent for 40 s (60 s before its first word), its conditions become
Unknown, its pods not ready, so that no Service sends traffic to them, and it is tainted `unreachable`: NoSchedule at once,
NoExecute at most one node every ten seconds in a zone. The taint eviction controller does the rest. When most of a zone is
silent the fault is rather in the network than in the nodes, so the rate drops, and if no node at all is heard nobody is
evicted. Behaves like the real one's `pkg/controller/nodelifecycle/node_lifecycle_controller.go`.

The moment a node was heard is when its Lease was committed, noted by this process: after its start every node has its full
grace again. The real one looks at all nodes every 5 s; here a timer stands at the moment a node's grace would be over.
"""

from enum import StrEnum
from typing import Any, NamedTuple

from core.client import Phase, Reconciler, Result, again
from core.client.calls import replacement
from core.client.transport import WatchEvent
from core.controllers.endpointfacts import ZONE
from core.controllers.podstate import by_node
from core.kube.errors import ApiError, Conflict, NotFound
from core.kube.objects import Obj, condition, labels_of
from core.kube.pods import is_finished
from core.kube.requests import Request, service_account
from core.kube.times import timestamp

LEASES, LEASE_NAMESPACE = "leases.coordination.k8s.io", "kube-node-lease"
GRACE = 40.0  # seconds; --node-monitor-grace-period
STARTUP_GRACE = 60.0  # seconds; --node-startup-grace-period
EVICTION_RATE = 0.1  # nodes a second in one zone; --node-eviction-rate
SECONDARY_RATE = 0.01  # --secondary-node-eviction-rate, in a zone that is mostly unhealthy
UNHEALTHY_SHARE = 0.55  # --unhealthy-zone-threshold
LARGE_ZONE = 50  # nodes; --large-cluster-size-threshold
LOOK_AGAIN = 5.0  # seconds; --node-monitor-period

NOT_READY, UNREACHABLE = "node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"
UNSCHEDULABLE = "node.kubernetes.io/unschedulable"
PRESSURE = {
    # condition → the NoSchedule taint while it is True
    "MemoryPressure": "node.kubernetes.io/memory-pressure",
    "DiskPressure": "node.kubernetes.io/disk-pressure",
    "PIDPressure": "node.kubernetes.io/pid-pressure",
    "NetworkUnavailable": "node.kubernetes.io/network-unavailable",
}
HEARD_OF = ("Ready", "MemoryPressure", "DiskPressure", "PIDPressure")

SILENT = ("NodeStatusUnknown", "Kubelet stopped posting node status.")
NEVER = ("NodeStatusNeverUpdated", "Kubelet never posted node status.")
REGISTERED = "Node {name} event: Registered Node {name} in Controller"
REMOVING = "Node {name} event: Removing Node {name} from Controller"
NOW_NOT_READY = "Node {name} status is now: NodeNotReady"
POD_NOT_READY = "Node is not ready"


class ZoneState(StrEnum):
    """How a zone's nodes are, as the real one judges it."""

    NORMAL = "Normal"
    PARTIAL = "PartialDisruption"
    FULL = "FullDisruption"


class Taint(NamedTuple):
    key: str
    effect: str


class NodeLifecycleController(Reconciler):
    name = "node"
    user = service_account("kube-system", "node-controller")

    def start(self) -> None:
        self.heard: dict[str, float] = {}  # node → virtual time
        self.zones: dict[str, dict[str, bool]] = {}  # zone → node → whether it is ready
        self.slots: dict[str, float] = {}  # zone → when the next node of it may be tainted NoExecute
        self.pods = self.informers("pods", assigned_node=by_node)
        self.watch(LEASES, self.on_lease)
        self.nodes = self.watch("nodes", self.on_node)

    def on_lease(self, event: WatchEvent) -> None:
        if event.key.namespace == LEASE_NAMESPACE and event.type != "DELETED":
            self.heard[event.key.name] = event.time or self.now

    def on_node(self, event: WatchEvent) -> None:
        name, node, old = event.key.name, event.object, event.old
        if event.type == "DELETED":
            self.heard.pop(name, None)
            for nodes in self.zones.values():
                nodes.pop(name, None)
            self.events.normal(node, "RemovingNode", REMOVING.format(name=name))
            return
        if event.type == "ADDED":
            # What is there when a start is only driven on by another of our processes was told of before.
            if not (self.context.is_driven and self.phase is Phase.DECLARING):
                self.events.normal(node, "RegisteredNode", REGISTERED.format(name=name))
            self.heard[name] = event.time or self.now
        elif old is not None and _heartbeat(old) != _heartbeat(node):
            self.heard[name] = event.time or self.now
        if old is not None and zone_of(old) != zone_of(node):
            self.zones.get(zone_of(old), {}).pop(name, None)
        ready = readiness(node) == "True"
        if old is not None and readiness(old) == "True" and not ready:
            self.events.normal(node, "NodeNotReady", NOW_NOT_READY.format(name=name))
        self.zones.setdefault(zone_of(node), {})[name] = ready
        self.enqueue(event.key, event.revision)

    async def reconcile(self, key: str) -> Result | None:
        node: Obj | None = self.nodes.get("", key)
        if node is None:
            return None
        grace = GRACE if condition(node, "Ready") else STARTUP_GRACE
        left = self.heard.setdefault(key, self.now) + grace - self.now
        if left <= 0 and readiness(node) != "Unknown":
            node = await self.client.update_status("nodes", silenced(node, self.now))
            self.zones.setdefault(zone_of(node), {})[key] = False
        wait = await self._taint(node)
        if readiness(node) in ("False", "Unknown"):
            await self._mark_pods(node)
        waits = [wait] if wait else []
        if left > 0:
            waits.append(left)
        return again(min(waits)) if waits else None

    # Taints.

    async def _taint(self, node: Obj) -> float:
        """Bring the taints in line with the conditions; seconds until the NoExecute one may be put on, 0: no wait."""
        current: list[Obj] = (node.get("spec") or {}).get("taints") or []
        wanted = wanted_taints(node)
        executing = next((taint for taint in wanted if taint.effect == "NoExecute"), None)
        wait = 0.0
        if executing is not None:
            if self._is_everything_silent():
                wanted.remove(executing)
                wait = LOOK_AGAIN
            elif not any((entry["key"], entry["effect"]) == executing for entry in current):
                wait = self._take_slot(zone_of(node))
                if wait:
                    wanted.remove(executing)
        kept = [entry for entry in current if not is_managed(entry) or Taint(entry["key"], entry["effect"]) in wanted]
        there = {Taint(entry["key"], entry["effect"]) for entry in kept}
        added = [
            {"key": taint.key, "effect": taint.effect, "timeAdded": timestamp(self.now)}
            for taint in wanted
            if taint not in there
        ]
        if kept != current or added:
            patch = {
                "metadata": {"resourceVersion": node["metadata"]["resourceVersion"]},
                "spec": {"taints": [*kept, *added] or None},
            }
            await self.client.patch("nodes", "", node["metadata"]["name"], patch)
        return wait

    def _is_everything_silent(self) -> bool:
        """No zone has a node that is ready: rather than all nodes being dead, we cannot hear them."""
        return all(zone_state(nodes) is ZoneState.FULL for nodes in self.zones.values() if nodes)

    def _take_slot(self, zone: str) -> float:
        """Take the zone's next turn if it has come (0), or tell how long it is until then."""
        nodes = self.zones.get(zone, {})
        rate = eviction_rate(zone_state(nodes), len(nodes))
        if not rate:
            return LOOK_AGAIN
        free_at = self.slots.get(zone, 0.0)
        if self.now < free_at:
            return free_at - self.now
        self.slots[zone] = self.now + 1 / rate
        return 0.0

    # Pods.

    async def _mark_pods(self, node: Obj) -> None:
        """Pods that were ready when the node was last well are not ready now; the kubelet cannot say so itself."""
        found = condition(node, "Ready")
        assert found is not None
        requests: list[Request] = []
        marked: list[Obj] = []
        for pod in self.pods.indexed("assigned_node", node["metadata"]["name"]):
            ready = condition(pod, "Ready")
            if is_finished(pod) or ready is None or ready["status"] != "True":
                continue
            if ready.get("lastTransitionTime", "") > found["lastTransitionTime"]:
                continue  # said by the kubelet since: it lives, though the node is not well
            marked.append(pod)
            requests.append(replacement("pods", _unready(pod, self.now), "status"))
        for pod, answer in zip(marked, await self.client.batch(requests) if requests else (), strict=True):
            if isinstance(answer, NotFound | Conflict):
                continue
            if isinstance(answer, ApiError):
                raise answer
            self.events.warning(pod, "NodeNotReady", POD_NOT_READY)


def readiness(node: Obj) -> str:
    """The status of its Ready condition; empty before the kubelet's first word."""
    found = condition(node, "Ready")
    return found["status"] if found else ""


def zone_of(node: Obj) -> str:
    return labels_of(node).get(ZONE, "")


def zone_state(nodes: dict[str, bool]) -> ZoneState:
    ready = sum(nodes.values())
    silent = len(nodes) - ready
    if silent and not ready:
        return ZoneState.FULL
    if silent > 2 and silent / len(nodes) >= UNHEALTHY_SHARE:
        return ZoneState.PARTIAL
    return ZoneState.NORMAL


def eviction_rate(state: ZoneState, size: int) -> float:
    """Nodes a second. In a small zone that is mostly unhealthy nobody is evicted at all."""
    if state is ZoneState.PARTIAL:
        return SECONDARY_RATE if size > LARGE_ZONE else 0.0
    return EVICTION_RATE


def wanted_taints(node: Obj) -> list[Taint]:
    """The taints that a node's conditions and its spec ask for."""
    wanted = []
    by_readiness = {"False": NOT_READY, "Unknown": UNREACHABLE}.get(readiness(node))
    if by_readiness:
        wanted += [Taint(by_readiness, "NoSchedule"), Taint(by_readiness, "NoExecute")]
    for kind, key in PRESSURE.items():
        found = condition(node, kind)
        if found is not None and found["status"] == "True":
            wanted.append(Taint(key, "NoSchedule"))
    if (node.get("spec") or {}).get("unschedulable"):
        wanted.append(Taint(UNSCHEDULABLE, "NoSchedule"))
    return wanted


def is_managed(taint: Obj) -> bool:
    """Whether this controller puts it on and takes it off."""
    if taint["key"] in (NOT_READY, UNREACHABLE):
        return taint["effect"] in ("NoSchedule", "NoExecute")
    return taint["effect"] == "NoSchedule" and (taint["key"] == UNSCHEDULABLE or taint["key"] in PRESSURE.values())


def silenced(node: Obj, now: float) -> Obj:
    """The node with every condition that its kubelet answers for Unknown."""
    conditions: list[dict[str, Any]] = [dict(entry) for entry in (node.get("status") or {}).get("conditions") or ()]
    known = {entry["type"] for entry in conditions}
    for entry in conditions:
        if entry["type"] in HEARD_OF and entry["status"] != "Unknown":
            reason, message = SILENT
            entry |= {"status": "Unknown", "reason": reason, "message": message, "lastTransitionTime": timestamp(now)}
    reason, message = NEVER
    conditions += [
        {
            "type": kind,
            "status": "Unknown",
            "reason": reason,
            "message": message,
            "lastHeartbeatTime": node["metadata"]["creationTimestamp"],
            "lastTransitionTime": timestamp(now),
        }
        for kind in HEARD_OF
        if kind not in known
    ]
    return {**node, "status": (node.get("status") or {}) | {"conditions": conditions}}


def _heartbeat(node: Obj) -> str:
    found = condition(node, "Ready")
    return str(found.get("lastHeartbeatTime", "")) if found else ""


def _unready(pod: Obj, now: float) -> Obj:
    conditions = [
        entry | {"status": "False", "lastTransitionTime": timestamp(now)} if entry["type"] == "Ready" else entry
        for entry in pod["status"]["conditions"]
    ]
    return {**pod, "status": pod["status"] | {"conditions": conditions}}
