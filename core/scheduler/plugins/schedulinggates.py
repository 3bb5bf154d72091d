"""SchedulingGates: a pod with `spec.schedulingGates` is not tried until the last gate was taken away."""

from core.scheduler.events import THIS_POD, Action, Interest
from core.scheduler.framework import Code, PreEnqueue, Status
from core.scheduler.handle import Handle
from core.scheduler.podinfo import PodInfo

WAITING = "waiting for scheduling gates: [{gates}]"


class SchedulingGates(PreEnqueue):
    name = "SchedulingGates"
    interests = (Interest(THIS_POD, Action.GATES),)

    def __init__(self, handle: Handle) -> None:
        """Needs nothing of the handle."""

    def pre_enqueue(self, pod: PodInfo) -> Status | None:
        gates = pod.spec.get("schedulingGates")
        if not gates:
            return None
        names = " ".join(gate["name"] for gate in gates)
        return Status(Code.UNRESOLVABLE, (WAITING.format(gates=names),), self.name)
