"""NodeResourcesFit and NodeResourcesBalancedAllocation: does the pod fit, and where does it fit best?

The filter compares what is requested with what is allocatable; use plays no part, only promises do. Two scores:
- *LeastAllocated*: the emptier the node after the pod, the better; so pods spread. Pods that ask for nothing are taken to
  use 100m and 200Mi here, or they would all go to one node.
- *BalancedAllocation*: the closer CPU and memory are to being used to the same degree, the better; so neither is left over.
"""

from collections.abc import Sequence

from core.kube.quantities import counts
from core.scheduler.events import ASSIGNED_POD, NODE, THIS_POD, Action, ClusterEvent, Interest
from core.scheduler.framework import SCORE_MAX, SKIP, Code, CycleState, Filter, PreScore, Score, Status
from core.scheduler.handle import Handle
from core.scheduler.nodeinfo import NodeInfo
from core.scheduler.podinfo import PodInfo
from core.scheduler.resources import CPU, MEMORY

TOO_MANY_PODS = "Too many pods"
INSUFFICIENT = "Insufficient {resource}"


def insufficient(pod: PodInfo, node: NodeInfo) -> tuple[list[str], bool]:
    """The reasons why the pod does not fit, and whether it would not even fit on the empty node."""
    reasons, never = [], False
    if len(node.pods) + 1 > node.pods_max:
        reasons.append(TOO_MANY_PODS)
    allocatable, requested = node.allocatable, node.requested
    for resource, wanted in pod.demand.amounts.items():
        most = allocatable.get(resource, 0)
        if wanted > most - requested.get(resource, 0):
            reasons.append(INSUFFICIENT.format(resource=resource))
            never = never or wanted > most
    return reasons, never


def _could_fit(pod: PodInfo, event: ClusterEvent) -> bool:
    allocatable = counts(((event.new or {}).get("status") or {}).get("allocatable"))
    return all(wanted <= allocatable.get(resource, 0) for resource, wanted in pod.demand.amounts.items())


class NodeResourcesFit(Filter, Score):
    name = "NodeResourcesFit"
    interests = (
        Interest(NODE, Action.ADD | Action.ALLOCATABLE, _could_fit),
        Interest(ASSIGNED_POD, Action.DELETE | Action.SCALE_DOWN),
        Interest(THIS_POD, Action.SCALE_DOWN),
    )

    def __init__(self, handle: Handle) -> None:
        """Needs nothing of the handle."""

    def filter(self, state: CycleState, pod: PodInfo, node: NodeInfo) -> Status | None:
        # The happy path first: this runs for every node of every pod.
        allocatable, requested = node.allocatable, node.requested
        if len(node.pods) < node.pods_max:
            for resource, wanted in pod.demand.amounts.items():
                if wanted > allocatable.get(resource, 0) - requested.get(resource, 0):
                    break
            else:
                return None
        reasons, never = insufficient(pod, node)
        return Status(Code.UNRESOLVABLE if never else Code.UNSCHEDULABLE, tuple(reasons), self.name)

    def score(self, state: CycleState, pod: PodInfo, nodes: Sequence[NodeInfo]) -> list[int]:
        """LeastAllocated over CPU and memory, both of weight 1."""
        cpu, memory = pod.demand.scored_cpu, pod.demand.scored_memory
        scores = []
        for node in nodes:
            total = kinds = 0
            for most, taken in (
                (node.allocatable.get(CPU, 0), node.scored_cpu + cpu),
                (node.allocatable.get(MEMORY, 0), node.scored_memory + memory),
            ):
                if most:
                    kinds += 1
                    total += max(most - taken, 0) * SCORE_MAX // most
            scores.append(total // kinds if kinds else 0)
        return scores


class NodeResourcesBalancedAllocation(PreScore, Score):
    name = "NodeResourcesBalancedAllocation"

    def __init__(self, handle: Handle) -> None:
        """Needs nothing of the handle."""

    def pre_score(self, state: CycleState, pod: PodInfo, nodes: Sequence[NodeInfo]) -> Status | None:
        # A pod that asks for nothing leaves every node as balanced as it was.
        return None if pod.demand.amounts else SKIP

    def score(self, state: CycleState, pod: PodInfo, nodes: Sequence[NodeInfo]) -> list[int]:
        cpu, memory = pod.demand.amounts.get(CPU, 0), pod.demand.amounts.get(MEMORY, 0)
        scores = []
        for node in nodes:
            cpu_max, memory_max = node.allocatable.get(CPU, 0), node.allocatable.get(MEMORY, 0)
            if not cpu_max or not memory_max:
                scores.append(SCORE_MAX)  # one kind of resource cannot be out of balance
                continue
            by_cpu = min((node.requested[CPU] + cpu) / cpu_max, 1.0)
            by_memory = min((node.requested[MEMORY] + memory) / memory_max, 1.0)
            # The standard deviation of two numbers is half their distance.
            scores.append(int((1 - abs(by_cpu - by_memory) / 2) * SCORE_MAX))
        return scores
