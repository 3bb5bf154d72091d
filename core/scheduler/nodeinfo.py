"""A node as the scheduler reads it: its labels and taints, and running totals of what its pods have taken.

The totals are kept up pod by pod, so a cycle never adds up a node's pods.
"""

from typing import Any

from core.kube.objects import Obj, labels_of
from core.kube.pods import ANY_ADDRESS
from core.kube.quantities import counts
from core.kube.taints import PREFER_NO_SCHEDULE
from core.scheduler.podinfo import PodInfo
from core.scheduler.resources import CPU, EPHEMERAL, MEMORY, PODS, Amounts

ZONE_LABEL = "topology.kubernetes.io/zone"
REGION_LABEL = "topology.kubernetes.io/region"


class NodeInfo:
    """`node` is None while only pods of it are known: they may be seen before their node is."""

    __slots__ = (
        "allocatable",
        "hard_taints",
        "images",
        "labels",
        "name",
        "node",
        "pods",
        "pods_max",
        "ports",
        "requested",
        "scored_cpu",
        "scored_memory",
        "soft_taints",
        "unschedulable",
        "zone",
    )

    def __init__(self, name: str) -> None:
        self.name = name
        self.node: Obj | None = None
        self.labels: dict[str, str] = {}
        self.zone = ""
        self.unschedulable = False
        self.hard_taints: tuple[dict[str, Any], ...] = ()
        self.soft_taints: tuple[dict[str, Any], ...] = ()
        self.allocatable: Amounts = {}
        self.pods_max = 0
        self.images: dict[str, int] = {}
        self.pods: dict[str, PodInfo] = {}
        self.requested: Amounts = {CPU: 0, MEMORY: 0, EPHEMERAL: 0}
        self.scored_cpu = 0
        self.scored_memory = 0
        self.ports: dict[tuple[str, int], dict[str, int]] = {}

    def set_node(self, node: Obj) -> None:
        spec, status = node.get("spec") or {}, node.get("status") or {}
        self.node = node
        self.labels = labels_of(node)
        region, zone = self.labels.get(REGION_LABEL, ""), self.labels.get(ZONE_LABEL, "")
        self.zone = f"{region}:{zone}" if region or zone else ""
        self.unschedulable = bool(spec.get("unschedulable"))
        taints = spec.get("taints") or ()
        self.hard_taints = tuple(taint for taint in taints if taint["effect"] != PREFER_NO_SCHEDULE)
        self.soft_taints = tuple(taint for taint in taints if taint["effect"] == PREFER_NO_SCHEDULE)
        self.allocatable = counts(status.get("allocatable") or status.get("capacity"))
        self.pods_max = self.allocatable.get(PODS, 0)
        self.images = {
            name: image.get("sizeBytes", 0) for image in status.get("images") or () for name in image.get("names") or ()
        }

    def add(self, pod: PodInfo) -> None:
        self.pods[pod.uid] = pod
        self._count(pod, 1)

    def remove(self, pod: PodInfo) -> None:
        del self.pods[pod.uid]
        self._count(pod, -1)

    def has_conflict(self, address: str, protocol: str, port: int) -> bool:
        """Whether the port is taken; 0.0.0.0 conflicts with every address."""
        taken = self.ports.get((protocol, port))
        return taken is not None and (address == ANY_ADDRESS or address in taken or ANY_ADDRESS in taken)

    def _count(self, pod: PodInfo, sign: int) -> None:
        requested, demand = self.requested, pod.demand
        for name, value in demand.amounts.items():
            requested[name] = requested.get(name, 0) + sign * value
        self.scored_cpu += sign * demand.scored_cpu
        self.scored_memory += sign * demand.scored_memory
        for address, protocol, port in pod.host_ports:
            taken = self.ports.setdefault((protocol, port), {})
            taken[address] = taken.get(address, 0) + sign
            if not taken[address]:
                del taken[address]
            if not taken:
                del self.ports[protocol, port]

    def __repr__(self) -> str:
        return f"NodeInfo({self.name}, {len(self.pods)} pods)"
