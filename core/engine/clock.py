"""Where time comes from: the wall clock for a running cluster, a hand-moved one for steps, tests and replays."""

import time
from typing import Protocol

from core.models import Cluster


class Clock(Protocol):
    def now(self, cluster: Cluster) -> float:
        """The cluster's virtual time, in seconds since the Unix epoch."""

    def wall(self) -> float: ...


class WallClock:
    """Virtual time follows the wall clock, at the cluster's speed."""

    def now(self, cluster: Cluster) -> float:
        return cluster.virtual_time(time.time())

    def wall(self) -> float:
        return time.time()


class ManualClock:
    """Virtual time is what it was set to; the driver moves it from event to event."""

    def __init__(self, start: float) -> None:
        self.time = start

    def now(self, cluster: Cluster) -> float:
        return self.time

    def wall(self) -> float:
        return self.time
