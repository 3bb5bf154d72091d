"""PodTopologySpread: the pods a selector matches are spread evenly over hosts, zones or whatever label is named.

The skew of a topology is its number of matching pods minus the smallest such number. Constraints that say DoNotSchedule
are a filter: the skew with this pod may not exceed maxSkew. Those that say ScheduleAnyway are a score: the fewer matching
pods, the better. A pod without constraints gets the default ones, a gentle spread of its siblings (the pods of its
Services and its controller) over hosts and zones.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from core.kube.taints import first_untolerated
from core.scheduler.affinity import Selector, label_selector
from core.scheduler.events import ASSIGNED_POD, NODE, THIS_POD, Action, Interest
from core.scheduler.framework import (
    SCORE_MAX,
    SKIP,
    Code,
    CycleState,
    Filter,
    PreFilter,
    PreScore,
    Score,
    Status,
)
from core.scheduler.handle import Handle
from core.scheduler.nodeinfo import ZONE_LABEL, NodeInfo
from core.scheduler.plugins.nodeaffinity import is_matched
from core.scheduler.podinfo import PodInfo

ERR_REASON_CONSTRAINTS_NOT_MATCH = "node(s) didn't match pod topology spread constraints"
ERR_REASON_NODE_LABEL_NOT_MATCH = f"{ERR_REASON_CONSTRAINTS_NOT_MATCH} (missing required label)"

HOSTNAME_LABEL = "kubernetes.io/hostname"


@dataclass(frozen=True, slots=True)
class Constraint:
    """One entry of `spec.topologySpreadConstraints`."""

    key: str
    max_skew: int
    selector: Selector
    min_domains: int = 1
    honors_affinity: bool = True
    honors_taints: bool = False

    def counts_node(self, pod: PodInfo, node: NodeInfo) -> bool:
        if self.honors_affinity and not is_matched(pod, node.labels, node.name):
            return False
        return not (self.honors_taints and first_untolerated(node.hard_taints, pod.tolerations))


@dataclass(slots=True)
class Spread:
    """A hard constraint in one cycle: matching pods by value of its label, and what the pod itself adds."""

    constraint: Constraint
    values: dict[str, int]
    adds: int
    least: int


@dataclass(slots=True)
class Wishes:
    """Soft constraints in one cycle. `counts` is by label value, or by node for the hostname."""

    constraints: list[tuple[Constraint, float, dict[str, int]]] = field(default_factory=list)
    ignored: set[str] = field(default_factory=set)  # nodes without one of the labels


class PodTopologySpread(PreFilter, Filter, PreScore, Score):
    name = "PodTopologySpread"
    interests = (
        Interest(ASSIGNED_POD, Action.ADD | Action.DELETE | Action.LABELS),
        Interest(NODE, Action.ADD | Action.DELETE | Action.LABELS | Action.TAINTS),
        Interest(THIS_POD, Action.LABELS | Action.TOLERATIONS),
    )
    SKEWED = Status(Code.UNSCHEDULABLE, (ERR_REASON_CONSTRAINTS_NOT_MATCH,), name)
    UNLABELLED = Status(Code.UNRESOLVABLE, (ERR_REASON_NODE_LABEL_NOT_MATCH,), name)

    def __init__(self, handle: Handle) -> None:
        self.handle = handle

    def pre_filter(self, state: CycleState, pod: PodInfo) -> Status | None:
        constraints = _constraints(pod, "DoNotSchedule")
        if not constraints:
            return SKIP
        nodes = [node for node in self.handle.cache.order if all(each.key in node.labels for each in constraints)]
        state.data[self.name] = [self._spread(pod, constraint, nodes) for constraint in constraints]
        return None

    def filter(self, state: CycleState, pod: PodInfo, node: NodeInfo) -> Status | None:
        spreads: list[Spread] = state.data[self.name]
        for spread in spreads:
            value = node.labels.get(spread.constraint.key)
            if value is None:
                return self.UNLABELLED
            if spread.values.get(value, 0) + spread.adds - spread.least > spread.constraint.max_skew:
                return self.SKEWED
        return None

    def pre_score(self, state: CycleState, pod: PodInfo, nodes: Sequence[NodeInfo]) -> Status | None:
        own = bool(pod.spec.get("topologySpreadConstraints"))
        constraints = _constraints(pod, "ScheduleAnyway") if own else self._defaults(pod)
        if not constraints:
            return SKIP
        wishes = Wishes()
        if own:
            wishes.ignored = {node.name for node in nodes if not all(each.key in node.labels for each in constraints)}
        kept = [node for node in nodes if node.name not in wishes.ignored]
        for constraint in constraints:
            counts = self._matching(pod, constraint)
            if constraint.key == HOSTNAME_LABEL:
                wishes.constraints.append((constraint, math.log(len(kept) + 2), counts))
                continue
            values = dict.fromkeys((node.labels[constraint.key] for node in kept if constraint.key in node.labels), 0)
            for name, count in counts.items():
                node = self.handle.cache.nodes[name]
                value = node.labels.get(constraint.key)
                if value in values and constraint.counts_node(pod, node):
                    values[value] += count
            wishes.constraints.append((constraint, math.log(len(values) + 2), values))
        state.data["PodTopologySpread/score"] = wishes
        return None

    def score(self, state: CycleState, pod: PodInfo, nodes: Sequence[NodeInfo]) -> list[int]:
        wishes: Wishes = state.data["PodTopologySpread/score"]
        totals = [0.0] * len(nodes)
        for constraint, weight, counts in wishes.constraints:
            key, base = constraint.key, constraint.max_skew - 1
            for index, node in enumerate(nodes):
                value = node.labels.get(key)
                if value is not None:
                    # A topology of many values is a fine one: its counts are small, so the weight makes up for it.
                    count = counts.get(node.name if key == HOSTNAME_LABEL else value, 0)
                    totals[index] += count * weight + base
        return [round(total) for total in totals]

    def normalize(self, state: CycleState, nodes: Sequence[NodeInfo], scores: list[int]) -> list[int]:
        ignored = state.data["PodTopologySpread/score"].ignored
        kept = [score for node, score in zip(nodes, scores, strict=True) if node.name not in ignored]
        least, most = min(kept, default=0), max(kept, default=0)
        return [
            0 if node.name in ignored else SCORE_MAX * (most + least - score) // most if most else SCORE_MAX
            for node, score in zip(nodes, scores, strict=True)
        ]

    def _spread(self, pod: PodInfo, constraint: Constraint, nodes: Sequence[NodeInfo]) -> Spread:
        counts = self._matching(pod, constraint)
        values: dict[str, int] = {}
        for node in nodes:
            if constraint.counts_node(pod, node):
                value = node.labels[constraint.key]
                values[value] = values.get(value, 0) + counts.get(node.name, 0)
        least = min(values.values(), default=0) if len(values) >= constraint.min_domains else 0
        return Spread(constraint, values, int(constraint.selector.matches(pod.labels)), least)

    def _matching(self, pod: PodInfo, constraint: Constraint) -> dict[str, int]:
        return self.handle.cache.tallies.of(frozenset((pod.namespace,)), constraint.selector, terminating=False)

    def _defaults(self, pod: PodInfo) -> list[Constraint]:
        selector = self.handle.siblings(pod)
        if selector is None:
            return []
        return [Constraint(HOSTNAME_LABEL, 3, selector), Constraint(ZONE_LABEL, 5, selector)]


def _constraints(pod: PodInfo, when: str) -> list[Constraint]:
    return [
        _constraint(pod, each)
        for each in pod.spec.get("topologySpreadConstraints") or ()
        if each["whenUnsatisfiable"] == when
    ]


def _constraint(pod: PodInfo, each: Mapping[str, Any]) -> Constraint:
    selector = each.get("labelSelector")
    same = {key: pod.labels[key] for key in each.get("matchLabelKeys") or () if key in pod.labels}
    if same and selector is not None:
        selector = selector | {"matchLabels": (selector.get("matchLabels") or {}) | same}
    return Constraint(
        each["topologyKey"],
        each["maxSkew"],
        label_selector(selector),
        each.get("minDomains") or 1,
        (each.get("nodeAffinityPolicy") or "Honor") == "Honor",
        (each.get("nodeTaintsPolicy") or "Ignore") == "Honor",
    )
