"""NodeAffinity: `nodeSelector` and required node affinity are a filter, preferred node affinity a score by weight."""

from collections.abc import Sequence

from core.kube.objects import labels_of
from core.scheduler.events import NODE, THIS_POD, Action, ClusterEvent, Interest
from core.scheduler.framework import (
    SKIP,
    Code,
    CycleState,
    Filter,
    PreFilter,
    PreScore,
    Score,
    Status,
    normalize_to_max,
)
from core.scheduler.handle import Handle
from core.scheduler.nodeinfo import NodeInfo
from core.scheduler.podinfo import PodInfo

ERR_REASON_POD = "node(s) didn't match Pod's node affinity/selector"


def is_matched(pod: PodInfo, labels: dict[str, str], name: str) -> bool:
    """Whether a node with these labels meets the pod's nodeSelector and one of its required terms."""
    for key, value in pod.node_selector:
        if labels.get(key) != value:
            return False
    return pod.node_required is None or any(term.matches(labels, name) for term in pod.node_required)


def _matches_now(pod: PodInfo, event: ClusterEvent) -> bool:
    return event.new is not None and is_matched(pod, labels_of(event.new), event.new["metadata"]["name"])


class NodeAffinity(PreFilter, Filter, PreScore, Score):
    name = "NodeAffinity"
    interests = (Interest(NODE, Action.ADD | Action.LABELS, _matches_now), Interest(THIS_POD, Action.SPEC))
    REJECTED = Status(Code.UNRESOLVABLE, (ERR_REASON_POD,), name)

    def __init__(self, handle: Handle) -> None:
        """Needs nothing of the handle."""

    def pre_filter(self, state: CycleState, pod: PodInfo) -> Status | None:
        if not pod.node_selector and pod.node_required is None:
            return SKIP
        named = [term.names for term in pod.node_required or ()]
        if named and None not in named:
            state.only = frozenset[str]().union(*(names for names in named if names is not None))
            state.only_by.append(self.name)
        return None

    def filter(self, state: CycleState, pod: PodInfo, node: NodeInfo) -> Status | None:
        return None if is_matched(pod, node.labels, node.name) else self.REJECTED

    def pre_score(self, state: CycleState, pod: PodInfo, nodes: Sequence[NodeInfo]) -> Status | None:
        return None if pod.node_preferred else SKIP

    def score(self, state: CycleState, pod: PodInfo, nodes: Sequence[NodeInfo]) -> list[int]:
        return [
            sum(term.weight for term in pod.node_preferred if term.matches(node.labels, node.name)) for node in nodes
        ]

    def normalize(self, state: CycleState, nodes: Sequence[NodeInfo], scores: list[int]) -> list[int]:
        return normalize_to_max(scores)
