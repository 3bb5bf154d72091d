"""DynamicResources: devices that pods claim (DRA).

There are no device drivers in this cluster, so nothing offers a device and no claim is ever allocated: the plugin's only
part is its word at the end of the message when a pod does not fit, which is the real one's for a pod without claims.
"""

from collections.abc import Mapping

from core.scheduler.framework import Code, CycleState, Nomination, PostFilter, Status
from core.scheduler.handle import Handle
from core.scheduler.podinfo import PodInfo

NO_CLAIMS = "no new claims to deallocate"


class DynamicResources(PostFilter):
    name = "DynamicResources"
    NOTHING_TO_DO = Status(Code.UNSCHEDULABLE, (NO_CLAIMS,), name)

    def __init__(self, handle: Handle) -> None:
        """Needs nothing of the handle."""

    def post_filter(self, state: CycleState, pod: PodInfo, verdicts: Mapping[str, Status]) -> Nomination | Status:
        return self.NOTHING_TO_DO
