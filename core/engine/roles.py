"""Which components a role drives: the table from component rows to control loops.

Two roles: `control-plane` (controllers, scheduler, cloud) and `nodes` (kubelets and proxies). A worker process drives one
role of many clusters; the inline driver drives both of one.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from core.client import LoopId, Reconciler
from core.cloud import LOOPS as CLOUD
from core.controllers import REGISTRY as CONTROLLERS
from core.kubelet import LOOPS as KUBELET
from core.models import Component, Fault
from core.proxy import LOOPS as PROXY
from core.scheduler import LOOPS as SCHEDULER

CONTROL_PLANE, NODES = "control-plane", "nodes"
ROLES = (CONTROL_PLANE, NODES)

LoopFactory = type[Reconciler]

LOOPS: dict[str, tuple[str, tuple[LoopFactory, ...]]] = {
    # component kind → the role that drives it, its control loops
    "controller-manager": (CONTROL_PLANE, tuple(CONTROLLERS.values())),
    "scheduler": (CONTROL_PLANE, SCHEDULER),
    "cloud-controller-manager": (CONTROL_PLANE, CLOUD),
    "kubelet": (NODES, KUBELET),
    "kube-proxy": (NODES, PROXY),
}
NODE_LOCAL = frozenset({"kubelet", "kube-proxy"})

WAKES: dict[str, frozenset[str]] = {
    # resources whose changes wake a role; leases and events wake nobody, their readers look on their own schedule
    NODES: frozenset({"pods", "nodes", "services", "endpointslices.discovery.k8s.io"}),
}
SILENT = frozenset({"events", "leases.coordination.k8s.io"})


def is_woken(role: str, resources: frozenset[str]) -> bool:
    """Whether a change of `resources` gives `role` something to do."""
    interesting = WAKES.get(role)
    return bool(resources & interesting if interesting is not None else resources - SILENT)


@dataclass(frozen=True, slots=True)
class Unit:
    """A component that runs: which start it is (a new number is a new process) and the loops it is made of.

    is_driven   whether somebody drove this very start before: then nothing starts now, another of our processes goes on
    """

    role: str
    target: str
    kind: str
    node: str
    starts: int
    boot: int
    paused: bool
    is_driven: bool
    loops: tuple[LoopFactory, ...]

    def loop_id(self, factory: LoopFactory) -> LoopId:
        return LoopId(self.kind, self.node, factory.name)


def cut_off_nodes(faults: Iterable[Fault]) -> frozenset[str]:
    """The nodes whose wire to the API server is cut."""
    ends = [{fault.target, fault.peer} for fault in faults if fault.kind == "partition"]
    return frozenset(
        end.removeprefix("node/") for pair in ends if "apiserver" in pair for end in pair if end.startswith("node/")
    )


def units_of(role: str, components: Iterable[Component], cut_off: frozenset[str] = frozenset()) -> list[Unit]:
    """The units of `role` that run (or are paused), given all components of the cluster.

    What lives on a node goes down with the node; a node's restart is a restart of everything on it. The components of a
    node in `cut_off` rest as if they were paused: containers run on, but nothing is heard from the node and it hears
    nothing. Simplified: a real kubelet would go on probing and restarting by what it knew last.
    """
    rows = list(components)
    nodes = {row.node: row for row in rows if row.kind == "node"}
    units = []
    for row in rows:
        of_role, loops = LOOPS.get(row.kind, ("", ()))
        node = nodes.get(row.node)
        if of_role != role or row.state == Component.State.STOPPED:
            continue
        if node is not None and node.state == Component.State.STOPPED:
            continue
        boot = node.starts if node is not None else 1
        paused = row.node in cut_off or Component.State.PAUSED in (row.state, node.state if node else "")
        starts = row.starts * 1_000_000 + boot
        is_driven = row.driven == starts
        units.append(Unit(role, row.target, row.kind, row.node, starts, boot, paused, is_driven, loops))
    return units
