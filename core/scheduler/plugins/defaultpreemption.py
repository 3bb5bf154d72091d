"""DefaultPreemption: when no node is left, find one where evicting pods of lower priority would make room.

For each node that said "not now" (not "never"): take away all pods of lower priority; if the pod then fits, put them back
one by one, the most important first, and keep back those without which it would not fit: these are the victims. Of the
candidate nodes the one wins that breaks the fewest disruption budgets; then whose most important victim is the least
important; then the lowest sum of priorities; then the fewest victims; then whose earliest-started most important victim
started last.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from core.kube.objects import Obj, labels_of
from core.scheduler.affinity import label_selector
from core.scheduler.events import ASSIGNED_POD, NODE, Action, Interest
from core.scheduler.framework import Code, CycleState, Nomination, PostFilter, Status
from core.scheduler.handle import Handle
from core.scheduler.messages import unavailable
from core.scheduler.nodeinfo import NodeInfo
from core.scheduler.podinfo import PodInfo

NOT_HELPFUL = "Preemption is not helpful for scheduling"
NO_VICTIMS = "No preemption victims found for incoming pod"
NEVER = "not eligible due to preemptionPolicy=Never."
TERMINATING = "not eligible due to a terminating pod on the nominated node."

CANDIDATES_MIN = 100  # minCandidateNodesAbsolute
CANDIDATES_PERCENT = 10  # minCandidateNodesPercentage
PRIORITY_OFFSET = 2**31  # makes priorities positive, so that a longer list of victims never sums to less


@dataclass(frozen=True, slots=True)
class Candidate:
    node: str
    victims: tuple[PodInfo, ...]  # the most important first
    violations: int

    @property
    def rank(self) -> tuple[int, int, int, int]:
        return (
            self.violations,
            self.victims[0].priority,
            sum(victim.priority + PRIORITY_OFFSET for victim in self.victims),
            len(self.victims),
        )

    @property
    def started(self) -> str:
        """When the first of its most important victims started; timestamps order as text."""
        most = self.victims[0].priority
        return min(_started(victim) for victim in self.victims if victim.priority == most)


def _started(pod: PodInfo) -> str:
    started: str = (pod.pod.get("status") or {}).get("startTime") or pod.pod["metadata"].get("creationTimestamp", "")
    return started


class DefaultPreemption(PostFilter):
    name = "DefaultPreemption"
    interests = (Interest(ASSIGNED_POD, Action.DELETE), Interest(NODE, Action.ADD))

    def __init__(self, handle: Handle) -> None:
        self.handle = handle

    def post_filter(self, state: CycleState, pod: PodInfo, verdicts: Mapping[str, Status]) -> Nomination | Status:
        why_not = self._not_eligible(pod)
        if why_not:
            return Status(Code.UNSCHEDULABLE, (f"preemption: {why_not}",), self.name)
        nodes = self.handle.cache.nodes
        hopeful = [name for name, verdict in verdicts.items() if verdict.code is Code.UNSCHEDULABLE and name in nodes]
        most = max(len(hopeful) * CANDIDATES_PERCENT // 100, CANDIDATES_MIN)
        budgets = self.handle.budgets() if hopeful else ()
        candidates: list[Candidate] = []
        for name in hopeful:
            found = self._candidate(state, pod, nodes[name], budgets)
            if found is not None:
                candidates.append(found)
                if len(candidates) >= most:
                    break
        if not candidates:
            total = len(self.handle.cache.order)
            reasons = Counter({NO_VICTIMS: len(hopeful), NOT_HELPFUL: total - len(hopeful)})
            return Status(Code.UNRESOLVABLE, (f"preemption: {unavailable(total, +reasons)}",), self.name)
        best_rank = min(candidate.rank for candidate in candidates)
        best = max((each for each in candidates if each.rank == best_rank), key=lambda each: each.started)
        return Nomination(best.node, best.victims)

    def _not_eligible(self, pod: PodInfo) -> str:
        if pod.spec.get("preemptionPolicy") == "Never":
            return NEVER
        nominated = self.handle.cache.nodes.get((pod.pod.get("status") or {}).get("nominatedNodeName", ""))
        if nominated and any(each.terminating and each.priority < pod.priority for each in nominated.pods.values()):
            return TERMINATING  # its victims are on their way out: wait for them
        return ""

    def _candidate(self, state: CycleState, pod: PodInfo, node: NodeInfo, budgets: Sequence[Obj]) -> Candidate | None:
        lower = [each for each in node.pods.values() if each.priority < pod.priority]
        if not lower:
            return None
        lower.sort(key=lambda each: (-each.priority, _started(each)))
        with self.handle.cache.without(lower, node.name):
            if self.handle.refilter(state, pod, node) is not None:
                return None
        violating, rest = _split_by_budgets(lower, budgets)
        victims, violations = list(lower), 0
        # The ones whose eviction would break a budget are put back first.
        for each in (*violating, *rest):
            victims.remove(each)
            with self.handle.cache.without(victims, node.name):
                if self.handle.refilter(state, pod, node) is None:
                    continue
            victims.append(each)
            violations += each in violating
        victims.sort(key=lambda each: (-each.priority, _started(each)))
        return Candidate(node.name, tuple(victims), violations) if victims else None


def _split_by_budgets(pods: Sequence[PodInfo], budgets: Sequence[Obj]) -> tuple[list[PodInfo], list[PodInfo]]:
    """The pods whose eviction would break a PodDisruptionBudget, and the others."""
    left = [
        (
            budget,
            label_selector(budget["spec"].get("selector")),
            (budget.get("status") or {}).get("disruptionsAllowed", 0),
        )
        for budget in budgets
    ]
    allowed = [count for _, _, count in left]
    violating: list[PodInfo] = []
    rest: list[PodInfo] = []
    for pod in pods:
        broken = False
        for index, (budget, selector, _) in enumerate(left):
            same_namespace = budget["metadata"]["namespace"] == pod.namespace
            disrupted = (budget.get("status") or {}).get("disruptedPods") or {}
            if (
                not same_namespace
                or not selector.matches(labels_of(pod.pod))
                or pod.pod["metadata"]["name"] in disrupted
            ):
                continue
            allowed[index] -= 1
            broken = broken or allowed[index] < 0
        (violating if broken else rest).append(pod)
    return violating, rest
