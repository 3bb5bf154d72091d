"""The kubelet's own check of a pod that was bound to it: it trusts no scheduler.

Reference: kubelet `lifecycle/predicate.go`. A pod that fails is rejected for good: phase Failed with the reason and message
of here, and whoever manages it makes another.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from core.kube.objects import Obj, key_of, labels_of
from core.kube.pods import ANY_ADDRESS, host_ports, is_extended, requests_of
from core.kube.quantities import counts
from core.kube.taints import NO_EXECUTE, first_untolerated

REJECTED = "Pod was rejected: "
NOT_ENOUGH = "Node didn't have enough resource: {resource}, requested: {requested}, used: {used}, capacity: {capacity}"
NODE_AFFINITY = "Predicate NodeAffinity failed: node(s) didn't match Pod's node affinity/selector"
NODE_PORTS = "Predicate NodePorts failed: node(s) didn't have free ports for the requested pod ports"
TAINTED = "Predicate TaintToleration failed: node(s) had taints that the pod didn't tolerate"


HostPort = tuple[str, str, int]  # address, protocol, port


@dataclass(frozen=True, slots=True)
class Rejection:
    reason: str
    message: str


@dataclass(slots=True)
class Occupancy:
    """What the admitted pods of a node hold, kept up pod by pod."""

    pods: dict[str, tuple[dict[str, int], list[HostPort]]] = field(default_factory=dict)  # by uid
    used: dict[str, int] = field(default_factory=dict)
    uids: dict[str, str] = field(default_factory=dict)  # by `namespace/name`

    def take(self, pod: Obj) -> None:
        uid = pod["metadata"]["uid"]
        if uid in self.pods:
            return
        wanted = requests_of(pod)
        self.uids[str(key_of(pod))] = uid
        self.pods[uid] = (wanted, host_ports(pod["spec"]))
        for name, value in wanted.items():
            self.used[name] = self.used.get(name, 0) + value

    def release(self, uid: str) -> None:
        wanted, _ = self.pods.pop(uid, ({}, []))
        for name, value in wanted.items():
            self.used[name] -= value

    def release_others(self, key: str, uid: str) -> None:
        """What a pod of this name holds that is gone, though it may never have had a sandbox; `uid` stays."""
        known = self.uids.get(key)
        if known is not None and known != uid:
            del self.uids[key]
            self.release(known)


def admit(pod: Obj, node: Obj | None, machine: Mapping[str, str], held: Occupancy) -> Rejection | None:
    """Why the pod cannot run here; None when it can.

    machine   what the node has by nature. What else is advertised in its status counts as well; an extended resource that
              is not is the cluster's, not the node's, and is left out of account.
    """
    allocatable = {**(((node or {}).get("status") or {}).get("allocatable") or {}), **machine}
    wanted = {name: value for name, value in requests_of(pod).items() if name in allocatable or not is_extended(name)}
    room = counts(allocatable)
    if len(held.pods) + 1 > room["pods"]:
        return _not_enough("pods", 1, len(held.pods), room["pods"])
    for name in sorted(wanted):
        if wanted[name] and held.used.get(name, 0) + wanted[name] > room.get(name, 0):
            return _not_enough(name, wanted[name], held.used.get(name, 0), room.get(name, 0))
    ports = host_ports(pod["spec"])
    if ports and any(_clash(port, other) for _, taken in held.pods.values() for other in taken for port in ports):
        return Rejection("NodePorts", NODE_PORTS)
    if node is not None:
        labels = labels_of(node)
        if any(labels.get(key) != value for key, value in (pod["spec"].get("nodeSelector") or {}).items()):
            return Rejection("NodeAffinity", NODE_AFFINITY)
        tolerations = pod["spec"].get("tolerations") or ()
        if first_untolerated(node["spec"].get("taints") or (), tolerations, (NO_EXECUTE,)) is not None:
            return Rejection("TaintToleration", TAINTED)
    return None


def _not_enough(resource: str, requested: int, used: int, capacity: int) -> Rejection:
    message = NOT_ENOUGH.format(resource=resource, requested=requested, used=used, capacity=capacity)
    return Rejection(f"OutOf{resource}", message)


def _clash(one: HostPort, other: HostPort) -> bool:
    same_address = one[0] == other[0] or ANY_ADDRESS in (one[0], other[0])
    return same_address and one[1:] == other[1:]
