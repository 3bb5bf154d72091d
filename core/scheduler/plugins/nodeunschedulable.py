"""NodeUnschedulable: keeps pods off cordoned nodes (`spec.unschedulable`), unless they tolerate the taint of that name."""

from core.kube.taints import NO_SCHEDULE, first_untolerated
from core.scheduler.events import NODE, THIS_POD, Action, Interest
from core.scheduler.framework import Code, CycleState, Filter, Status
from core.scheduler.handle import Handle
from core.scheduler.nodeinfo import NodeInfo
from core.scheduler.podinfo import PodInfo

ERR_REASON_UNSCHEDULABLE = "node(s) were unschedulable"
TAINT = {"key": "node.kubernetes.io/unschedulable", "effect": NO_SCHEDULE}


class NodeUnschedulable(Filter):
    name = "NodeUnschedulable"
    interests = (
        Interest(NODE, Action.ADD | Action.TAINTS),
        Interest(THIS_POD, Action.TOLERATIONS),
    )
    REJECTED = Status(Code.UNRESOLVABLE, (ERR_REASON_UNSCHEDULABLE,), name)

    def __init__(self, handle: Handle) -> None:
        """Needs nothing of the handle."""

    def filter(self, state: CycleState, pod: PodInfo, node: NodeInfo) -> Status | None:
        if node.unschedulable and first_untolerated((TAINT,), pod.tolerations):
            return self.REJECTED
        return None
