"""PrioritySort: the pod with the higher priority first; of equal ones, the one that waits longer."""

from core.scheduler.framework import QueueSort
from core.scheduler.handle import Handle
from core.scheduler.podinfo import PodInfo


class PrioritySort(QueueSort):
    name = "PrioritySort"

    def __init__(self, handle: Handle) -> None:
        """Needs nothing of the handle."""

    def sort_key(self, pod: PodInfo, since: float) -> tuple[float, ...]:
        return (-pod.priority, since)
