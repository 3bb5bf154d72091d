"""NodeName: a pod that names its node may run on that node only. Such a pod normally never comes to the scheduler."""

from core.scheduler.events import NODE, Action, Interest
from core.scheduler.framework import SKIP, Code, CycleState, Filter, PreFilter, Status
from core.scheduler.handle import Handle
from core.scheduler.nodeinfo import NodeInfo
from core.scheduler.podinfo import PodInfo

ERR_REASON = "node(s) didn't match the requested node name"


class NodeName(PreFilter, Filter):
    name = "NodeName"
    interests = (Interest(NODE, Action.ADD),)
    REJECTED = Status(Code.UNRESOLVABLE, (ERR_REASON,), name)

    def __init__(self, handle: Handle) -> None:
        """Needs nothing of the handle."""

    def pre_filter(self, state: CycleState, pod: PodInfo) -> Status | None:
        return None if pod.spec.get("nodeName") else SKIP

    def filter(self, state: CycleState, pod: PodInfo, node: NodeInfo) -> Status | None:
        return None if pod.spec["nodeName"] == node.name else self.REJECTED
