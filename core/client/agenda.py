"""What is ready now and what is due later: the one list a driver works from.

A queue that has a ready key stands once in `ready`, in the order it became ready; a timer is a moment in virtual time
and a function to call then. Ties keep the order they were made in, so a run repeats exactly.
"""

import heapq
from collections import deque
from collections.abc import Callable
from typing import Any


class Agenda:
    """Ready queues, first come first served, and timers by virtual time (seconds)."""

    def __init__(self, now: float) -> None:
        self.now = now
        self.ready: deque[Any] = deque()
        self._timers: list[tuple[float, int, Callable[[], None]]] = []
        self._count = 0

    def at(self, due: float, action: Callable[[], None]) -> None:
        """Call `action` when virtual time reaches `due`."""
        self._count += 1
        heapq.heappush(self._timers, (due, self._count, action))

    def next_due(self) -> float | None:
        """When the earliest timer is due; None when there is none."""
        return self._timers[0][0] if self._timers else None

    def advance(self, now: float) -> None:
        """Move to `now` and fire, in order, every timer due by then."""
        self.now = max(self.now, now)
        while self._timers and self._timers[0][0] <= self.now:
            heapq.heappop(self._timers)[2]()
