"""Where time comes from: the wall clock for a running cluster, a hand-moved one for steps, tests and replays.

Virtual time and wall time are two things, however close they may be: a cluster's begins `HEAD_START` before the wall
clock's, and they drift apart with every speed but 1. What is compared with one must come from the same.
"""

import time
from collections.abc import Callable
from typing import Protocol

from core.models import Cluster

HEAD_START = 30 * 86_400.0
"""Seconds that a new cluster's time begins before the wall clock's. Clients reckon ages with their own clock, and print
`<invalid>` for what was made later than now: at 60× a cluster runs 59 s a second away from them, and has this far to go for
twelve hours, longer than a day's class; at 10× for three days."""


class Clock(Protocol):
    def now(self, cluster: Cluster) -> float:
        """The cluster's virtual time, in seconds since the Unix epoch."""

    def wall(self) -> float:
        """Seconds since the Unix epoch as people's clocks have it: who looks, what a token is good for."""


class WallClock:
    """Virtual time follows the wall clock, at the cluster's speed."""

    def now(self, cluster: Cluster) -> float:
        return cluster.virtual_time(time.time())

    def wall(self) -> float:
        return time.time()


class ManualClock:
    """Virtual time is what it was set to; the driver moves it from event to event.

    wall   the wall clock, where people are about: a step in a running system. Without it, in tests and replays, the virtual
           time is the only one there is, so that they repeat.
    """

    def __init__(self, start: float, wall: Callable[[], float] | None = None) -> None:
        self.time = start
        self._wall = wall

    def now(self, cluster: Cluster) -> float:
        return self.time

    def wall(self) -> float:
        return self.time if self._wall is None else self._wall()
