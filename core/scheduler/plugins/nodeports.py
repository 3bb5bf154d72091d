"""NodePorts: two pods of a node cannot have the same host port on the same address and protocol."""

from core.kube.objects import Obj
from core.scheduler.events import ASSIGNED_POD, NODE, Action, ClusterEvent, Interest
from core.scheduler.framework import SKIP, Code, CycleState, Filter, PreFilter, Status
from core.scheduler.handle import Handle
from core.scheduler.nodeinfo import NodeInfo
from core.scheduler.podinfo import PodInfo

ERR_REASON = "node(s) didn't have free ports for the requested pod ports"


def _had_host_port(pod: PodInfo, event: ClusterEvent) -> bool:
    gone: Obj = event.old or {"spec": {"containers": []}}
    wanted = {port for *_, port in pod.host_ports}
    ports = (port for container in gone["spec"]["containers"] for port in container.get("ports") or ())
    return any(port.get("hostPort") in wanted for port in ports)


class NodePorts(PreFilter, Filter):
    name = "NodePorts"
    interests = (Interest(NODE, Action.ADD), Interest(ASSIGNED_POD, Action.DELETE, _had_host_port))
    REJECTED = Status(Code.UNSCHEDULABLE, (ERR_REASON,), name)

    def __init__(self, handle: Handle) -> None:
        """Needs nothing of the handle."""

    def pre_filter(self, state: CycleState, pod: PodInfo) -> Status | None:
        return None if pod.host_ports else SKIP

    def filter(self, state: CycleState, pod: PodInfo, node: NodeInfo) -> Status | None:
        if any(node.has_conflict(*port) for port in pod.host_ports):
            return self.REJECTED
        return None
