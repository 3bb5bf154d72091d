"""TaintToleration: a node's taints keep pods away that do not tolerate them.

NoSchedule and NoExecute taints are a filter, PreferNoSchedule ones a score: the fewer a pod does not tolerate, the better.
Pressure, readiness and reachability of a node are taints too (`node.kubernetes.io/memory-pressure`), written by the node
controllers, so this plugin needs to know nothing of conditions.
"""

from collections.abc import Sequence

from core.kube.taints import PREFER_NO_SCHEDULE, first_untolerated, tolerates
from core.scheduler.events import NODE, THIS_POD, Action, ClusterEvent, Interest
from core.scheduler.framework import (
    SKIP,
    Code,
    CycleState,
    Filter,
    PreScore,
    Score,
    Status,
    normalize_to_max,
)
from core.scheduler.handle import Handle
from core.scheduler.nodeinfo import NodeInfo
from core.scheduler.podinfo import PodInfo

UNTOLERATED = "node(s) had untolerated taint {{{key}: {value}}}"


def _is_tolerable_now(pod: PodInfo, event: ClusterEvent) -> bool:
    taints = ((event.new or {}).get("spec") or {}).get("taints") or ()
    return first_untolerated(taints, pod.tolerations) is None


class TaintToleration(Filter, PreScore, Score):
    name = "TaintToleration"
    interests = (Interest(NODE, Action.ADD | Action.TAINTS, _is_tolerable_now), Interest(THIS_POD, Action.TOLERATIONS))

    def __init__(self, handle: Handle) -> None:
        """Needs nothing of the handle."""

    def filter(self, state: CycleState, pod: PodInfo, node: NodeInfo) -> Status | None:
        if not node.hard_taints:
            return None
        taint = first_untolerated(node.hard_taints, pod.tolerations)
        if taint is None:
            return None
        reason = UNTOLERATED.format(key=taint["key"], value=taint.get("value") or "")
        return Status(Code.UNRESOLVABLE, (reason,), self.name)

    def pre_score(self, state: CycleState, pod: PodInfo, nodes: Sequence[NodeInfo]) -> Status | None:
        return None if any(node.soft_taints for node in nodes) else SKIP

    def score(self, state: CycleState, pod: PodInfo, nodes: Sequence[NodeInfo]) -> list[int]:
        soft = [
            toleration for toleration in pod.tolerations if toleration.get("effect", "") in ("", PREFER_NO_SCHEDULE)
        ]
        return [
            sum(not any(tolerates(toleration, taint) for toleration in soft) for taint in node.soft_taints)
            for node in nodes
        ]

    def normalize(self, state: CycleState, nodes: Sequence[NodeInfo], scores: list[int]) -> list[int]:
        return normalize_to_max(scores, reverse=True)
