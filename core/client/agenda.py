"""What is ready now and what is due later: the one list a driver works from.

A queue that has a ready key stands once in `ready`, in the order it became ready; a timer is a moment in virtual time
and a function to call then. Ties keep the order they were made in, so a run repeats exactly. A timer that names its owner
may raise without stopping the others: `on_crash` is told whose it was.
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
        self.on_crash: Callable[[Any, Exception], None] | None = None
        self._timers: list[tuple[float, int, Callable[[], None], Any]] = []
        self._count = 0

    def at(self, due: float, action: Callable[[], None], owner: Any = None) -> None:
        """Call `action` when virtual time reaches `due`. `owner`: who has failed if it raises; None: the driver itself."""
        self._count += 1
        heapq.heappush(self._timers, (due, self._count, action, owner))

    def next_due(self) -> float | None:
        """When the earliest timer is due; None when there is none."""
        return self._timers[0][0] if self._timers else None

    def advance(self, now: float) -> None:
        """Move to `now` and fire, in order, every timer due by then."""
        self.now = max(self.now, now)
        while self._timers and self._timers[0][0] <= self.now:
            _, _, action, owner = heapq.heappop(self._timers)
            try:
                action()
            except Exception as error:
                if owner is None:
                    raise
                self.crash(owner, error)

    def crash(self, owner: Any, error: Exception) -> None:
        """`owner` raised where nobody awaits it: the driver takes it out of service. Without a driver it is raised."""
        if self.on_crash is None:
            raise error
        self.on_crash(owner, error)
