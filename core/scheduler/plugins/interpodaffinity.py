"""InterPodAffinity: near to some pods, apart from others, counted by topology (a label of nodes: host, zone, …).

Four rules. Required affinity: the topology must hold a matching pod. Required anti-affinity: it must not. Anti-affinity
holds in both directions: nor may the pod come where a running pod wants to be apart from it. And preferences, of the pod
and of the running ones, add up to a score. The first pod of a group that wants to be near its own kind is let through.

Counts come from the tallies, and running pods are looked at by template, not one by one.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from core.scheduler.affinity import EVERYTHING, Selector, Term
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
from core.scheduler.nodeinfo import NodeInfo
from core.scheduler.podinfo import PodInfo

ERR_REASON_EXISTING_ANTI_AFFINITY = "node(s) didn't satisfy existing pods anti-affinity rules"
ERR_REASON_AFFINITY = "node(s) didn't match pod affinity rules"
ERR_REASON_ANTI_AFFINITY = "node(s) didn't match pod anti-affinity rules"

HARD_POD_AFFINITY_WEIGHT = 1  # what a running pod's required affinity adds to the score of pods it wants near

Topology = tuple[str, str]  # a label's key and value: one zone, one host


@dataclass(slots=True)
class Counts:
    """Matching pods by topology, for the pod's own terms and for running pods' anti-affinity to it."""

    affinity: list[tuple[Term, dict[str, int]]] = field(default_factory=list)
    anti_affinity: list[tuple[Term, dict[str, int]]] = field(default_factory=list)
    forbidden: set[Topology] = field(default_factory=set)
    is_first: bool = False  # no pod anywhere matches its affinity, but it does itself


class InterPodAffinity(PreFilter, Filter, PreScore, Score):
    name = "InterPodAffinity"
    interests = (
        Interest(ASSIGNED_POD, Action.ADD | Action.DELETE | Action.LABELS),
        Interest(NODE, Action.ADD | Action.LABELS),
        Interest(THIS_POD, Action.LABELS),
    )
    EXISTING = Status(Code.UNSCHEDULABLE, (ERR_REASON_EXISTING_ANTI_AFFINITY,), name)
    NEAR = Status(Code.UNRESOLVABLE, (ERR_REASON_AFFINITY,), name)
    APART = Status(Code.UNSCHEDULABLE, (ERR_REASON_ANTI_AFFINITY,), name)

    def __init__(self, handle: Handle) -> None:
        self.handle = handle

    def pre_filter(self, state: CycleState, pod: PodInfo) -> Status | None:
        counts = Counts(forbidden=self._forbidden(pod))
        if pod.affinity is not None:
            counts.affinity = [(term, self._by_value(term)) for term in pod.affinity.required]
            counts.anti_affinity = [(term, self._by_value(term)) for term in pod.affinity.anti_required]
            counts.is_first = not any(values for _, values in counts.affinity) and all(
                self._matches(term, pod) for term in pod.affinity.required
            )
        if not (counts.affinity or counts.anti_affinity or counts.forbidden):
            return SKIP
        state.data[self.name] = counts
        return None

    def filter(self, state: CycleState, pod: PodInfo, node: NodeInfo) -> Status | None:
        counts: Counts = state.data[self.name]
        labels = node.labels
        for term, values in counts.affinity:
            value = labels.get(term.topology_key)
            if value is None or (not values.get(value) and not counts.is_first):
                return self.NEAR
        for term, values in counts.anti_affinity:
            if values.get(labels.get(term.topology_key, "")):
                return self.APART
        if any(labels.get(key) == value for key, value in counts.forbidden):
            return self.EXISTING
        return None

    def pre_score(self, state: CycleState, pod: PodInfo, nodes: Sequence[NodeInfo]) -> Status | None:
        weights: dict[Topology, int] = {}
        for term in pod.affinity.preferred if pod.affinity else ():
            for value, count in self._by_value(term).items():
                topology = (term.topology_key, value)
                weights[topology] = weights.get(topology, 0) + term.weight * count
        for affinity, on_nodes in self.handle.cache.tallies.affinities.items():
            wishes = [(term, term.weight) for term in affinity.preferred]
            wishes += [(term, HARD_POD_AFFINITY_WEIGHT) for term in affinity.required]
            for term, weight in wishes:
                if self._matches(term, pod):
                    for value, count in self._values(term.topology_key, on_nodes).items():
                        topology = (term.topology_key, value)
                        weights[topology] = weights.get(topology, 0) + weight * count
        if not weights:
            return SKIP
        state.data["InterPodAffinity/score"] = weights
        return None

    def score(self, state: CycleState, pod: PodInfo, nodes: Sequence[NodeInfo]) -> list[int]:
        weights: dict[Topology, int] = state.data["InterPodAffinity/score"]
        return [
            sum(weight for (key, value), weight in weights.items() if node.labels.get(key) == value) for node in nodes
        ]

    def normalize(self, state: CycleState, nodes: Sequence[NodeInfo], scores: list[int]) -> list[int]:
        least, most = min(scores), max(scores)
        if least == most:
            return [0] * len(scores)
        return [SCORE_MAX * (score - least) // (most - least) for score in scores]

    def _forbidden(self, pod: PodInfo) -> set[Topology]:
        """Topologies in which a running pod wants to be apart from this one."""
        return {
            (term.topology_key, value)
            for affinity, on_nodes in self.handle.cache.tallies.affinities.items()
            for term in affinity.anti_required
            if self._matches(term, pod)
            for value in self._values(term.topology_key, on_nodes)
        }

    def _matches(self, term: Term, pod: PodInfo) -> bool:
        return term.matches(pod.namespace, self.handle.namespaces().get(pod.namespace, {}), pod.labels)

    def _by_value(self, term: Term) -> dict[str, int]:
        """Pods the term is about, by the value of its topology key."""
        counts = self.handle.cache.tallies.of(self._namespaces(term), term.selector, terminating=True)
        return self._values(term.topology_key, counts)

    def _namespaces(self, term: Term) -> frozenset[str] | None:
        selector: Selector = term.namespace_selector
        if selector is EVERYTHING:
            return None
        chosen = (name for name, labels in self.handle.namespaces().items() if selector.matches(labels))
        return term.namespaces.union(chosen)

    def _values(self, topology_key: str, on_nodes: dict[str, int]) -> dict[str, int]:
        values: dict[str, int] = {}
        nodes = self.handle.cache.nodes
        for name, count in on_nodes.items():
            value = nodes[name].labels.get(topology_key)
            if value is not None:
                values[value] = values.get(value, 0) + count
        return values
