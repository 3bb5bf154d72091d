"""One cycle: from a pod without a node to a decision. It reads top to bottom: filter, score, select.

A cycle is synchronous and pure but for the cache it reads: the same cache and the same pod give the same decision. In a
large cluster it does not look at all nodes: once enough fit, it stops, and the next cycle starts where this one ended.
Of nodes with equal top scores each is taken in turn (the real one draws lots), so that a run repeats exactly.

As `pkg/scheduler/schedule_one.go`. `scheduler.py` carries the decision out.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from heapq import nlargest
from typing import Any

from core.scheduler.cache import Cache
from core.scheduler.framework import Code, CycleState, Filter, Nomination, Status
from core.scheduler.messages import ABSENT, NO_NODES, histogram, unavailable
from core.scheduler.nodeinfo import NodeInfo
from core.scheduler.podinfo import PodInfo
from core.scheduler.profile import PluginScores, Profile

FEASIBLE_MIN = 100  # minFeasibleNodesToFind: below this many nodes all are looked at
PERCENT_MIN = 5  # minFeasibleNodesPercentageToFind
RECORDED_MAX = 20  # nodes in one journal record

FITS = "fits"


@dataclass(slots=True)
class Decision:
    """`winner` is empty when no node fits; then `message` is what the user reads, `nomination` what was done about it."""

    pod: PodInfo
    state: CycleState
    winner: str = ""
    message: str = ""
    verdicts: dict[str, Status] = field(default_factory=dict)
    feasible: Sequence[NodeInfo] = ()
    totals: Sequence[int] = ()  # of the feasible nodes, in their order; empty when there was nothing to compare
    scores: Sequence[PluginScores] = ()
    rejected_by: frozenset[str] = frozenset()
    nomination: Nomination | None = None
    breaks_promise: bool = False
    """Whether the node the pod was promised earlier will not do any more."""

    def record(self) -> dict[str, Any]:
        """What the journal keeps: at most twenty nodes, the best ones and some of those that were ruled out."""
        nodes, totals = self.feasible, self.totals
        best: Sequence[int] = range(len(nodes))
        if len(nodes) > RECORDED_MAX:
            best = nlargest(RECORDED_MAX, range(len(nodes)), key=totals.__getitem__)
        filters = {nodes[index].name: FITS for index in best}
        for name, verdict in self.verdicts.items():
            if len(filters) >= RECORDED_MAX:
                break
            filters[name] = f"{verdict.plugin}: {', '.join(verdict.reasons)}"
        return {
            "pod": self.pod.key,
            "filters": filters,
            "scores": self.scores_of(best) if totals else {},
            "totals": {nodes[index].name: totals[index] for index in best} if totals else {},
            "winner": self.winner,
            "message": self.message,
            "nodes": len(nodes) + len(self.verdicts),
        }

    def scores_of(self, indexes: Iterable[int]) -> dict[str, dict[str, list[int]]]:
        """Node → plugin → `[raw, normalised, weighted]`."""
        return {self.feasible[index].name: {each.plugin: each.of(index) for each in self.scores} for index in indexes}


class Cycle:
    """Decides for one pod after the other. `start` and `turn` are all that one cycle leaves to the next."""

    def __init__(self, profile: Profile, cache: Cache) -> None:
        self.profile = profile
        self.cache = cache
        self.start = 0  # where in the list of nodes the next cycle begins
        self.turn = 0  # whose turn it is among equals

    def decide(self, pod: PodInfo) -> Decision:
        decision = Decision(pod, CycleState())
        nodes = self.cache.order
        if not nodes:
            decision.message = NO_NODES
            return decision
        rejected = self.profile.pre_filter(decision.state, pod)
        if rejected is None:
            decision.feasible = self._filter(decision, nodes)
        if decision.feasible:
            decision.winner = self._select(decision, decision.feasible)
        else:
            self._explain(decision, len(nodes), rejected)
        return decision

    # Filter.

    def _filter(self, decision: Decision, nodes: Sequence[NodeInfo]) -> list[NodeInfo]:
        """The nodes that fit, at least as many as worth scoring; a verdict for each that does not."""
        state, pod = decision.state, decision.pod
        filters = self.profile.filters_for(state)
        promised = self.cache.nodes.get((pod.pod.get("status") or {}).get("nominatedNodeName", ""))
        if promised is not None and promised.node is not None and self._verdict(state, pod, promised, filters) is None:
            return [promised]  # others were evicted from it for this pod
        if state.only is not None:
            nodes, start, wanted = [node for node in nodes if node.name in state.only], 0, len(nodes)
        else:
            start, wanted = self.start % len(nodes), worth_scoring(len(nodes))
        feasible: list[NodeInfo] = []
        looked_at = 0
        for index in range(start, start + len(nodes)):
            node = nodes[index % len(nodes)]
            looked_at += 1
            if self.cache.nominated:
                verdict = self._verdict(state, pod, node, filters)
            else:  # the usual case, without a call for each node
                for plugin in filters:
                    verdict = plugin.filter(state, pod, node)
                    if verdict is not None:
                        break
                else:
                    verdict = None
            if verdict is not None:
                decision.verdicts[node.name] = verdict
                continue
            feasible.append(node)
            if len(feasible) >= wanted:
                break
        if state.only is None:
            self.start = (start + looked_at) % len(nodes)
        return feasible

    def _verdict(self, state: CycleState, pod: PodInfo, node: NodeInfo, filters: Sequence[Filter]) -> Status | None:
        if self.cache.nominated and (guests := self._guests(pod, node)):
            # It must fit beside the pods that were promised room here, and also without them: they may never come.
            with self.cache.including(guests, node.name):
                verdict = self.profile.refilter(state, pod, node)
            if verdict is not None:
                return verdict
        for plugin in filters:
            verdict = plugin.filter(state, pod, node)
            if verdict is not None:
                return verdict
        return None

    def _guests(self, pod: PodInfo, node: NodeInfo) -> list[PodInfo]:
        promised = self.cache.nominated.get(node.name, {})
        return [
            guest
            for guest in promised.values()
            if guest.priority >= pod.priority and guest.uid != pod.uid and guest.uid not in node.pods
        ]

    # Score, select.

    def _select(self, decision: Decision, feasible: Sequence[NodeInfo]) -> str:
        if len(feasible) == 1:
            return feasible[0].name  # nothing to compare
        decision.totals, decision.scores = self.profile.score(decision.state, decision.pod, feasible)
        best = max(decision.totals)
        # By name, so that whose turn it is does not hang on where in the list this cycle began.
        equals = sorted(node.name for node, total in zip(feasible, decision.totals, strict=True) if total == best)
        if len(equals) == 1:
            return equals[0]
        self.turn += 1
        return equals[(self.turn - 1) % len(equals)]

    # When nothing fits.

    def _explain(self, decision: Decision, total: int, rejected: Status | None) -> None:
        state, pod = decision.state, decision.pod
        if rejected is not None:
            decision.message = f"{unavailable(total, {})} {', '.join(rejected.reasons)}."
            decision.rejected_by = frozenset((rejected.plugin,))
        else:
            reasons = histogram(decision.verdicts.values())
            absent = total - len(decision.verdicts)
            if absent:
                reasons[ABSENT.format(plugins=" ".join(state.only_by))] += absent
            decision.message = unavailable(total, reasons)
            decision.rejected_by = frozenset((*(each.plugin for each in decision.verdicts.values()), *state.only_by))
        words: list[str] = []
        for plugin in self.profile.post_filters:
            answer = plugin.post_filter(state, pod, decision.verdicts)
            if isinstance(answer, Nomination):
                decision.nomination = answer
                return  # the message keeps to what was before the eviction
            decision.breaks_promise |= answer.code is Code.UNRESOLVABLE
            words += answer.reasons
        if words:
            decision.message += f" {', '.join(words)}"


def worth_scoring(nodes: int) -> int:
    """How many feasible nodes are enough: all of up to 100, falling from 50 % to 5 % as the cluster grows."""
    percent = max(50 - nodes // 125, PERCENT_MIN)
    return nodes if nodes < FEASIBLE_MIN else max(nodes * percent // 100, FEASIBLE_MIN)
