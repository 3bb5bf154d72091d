"""The work queue of a control loop, as client-go's `util/workqueue`: deduplicating, delaying, rate-limited.

- A key added many times before it is handled is handled once.
- A key is never handled by two at a time: added again while it is handled, it is handled again afterwards.
- Keys come out in the order they went in; delayed ones when they are due.
- A failed key comes back after 5 ms, doubling to 1000 s; `forget` ends its bad record.
"""

from collections import deque
from collections.abc import Callable
from typing import Any

from core.client.agenda import Agenda

BACKOFF_BASE = 0.005  # seconds; client-go DefaultControllerRateLimiter
BACKOFF_MAX = 1000.0


class WorkQueue:
    """`serve` is whatever the driver wants to find beside the queue; it is not used here."""

    def __init__(self, agenda: Agenda) -> None:
        self.agenda = agenda
        self.owner: Any = None
        self.paused = False
        self.on_change: Callable[[], None] | None = None
        self._order: deque[str] = deque()
        self._dirty: dict[str, int] = {}  # keys that need handling → the revision that asked for it (its cause)
        self._processing: set[str] = set()
        self._failures: dict[str, int] = {}
        self._delayed: dict[str, float] = {}
        self._standing = False  # in agenda.ready

    def __len__(self) -> int:
        return len(self._dirty)

    @property
    def processing(self) -> frozenset[str]:
        return frozenset(self._processing)

    def add(self, key: str, cause: int = 0) -> None:
        """Ask for `key` to be handled. `cause` is the revision that made it necessary; the newest one counts."""
        if key in self._dirty:
            self._dirty[key] = max(cause, self._dirty[key])
            return
        self._dirty[key] = cause
        if key not in self._processing:
            self._order.append(key)
            self._stand()

    def add_after(self, key: str, delay: float, cause: int = 0) -> None:
        """Add `key` in `delay` seconds; of several delays the shortest counts."""
        due = self.agenda.now + delay
        if delay <= 0:
            self.add(key, cause)
        elif due < self._delayed.get(key, float("inf")):
            self._delayed[key] = due
            self.agenda.at(due, lambda: self._due(key, due, cause), self.owner)

    def add_rate_limited(self, key: str, cause: int = 0) -> float:
        """Add `key` after its backoff; answers the delay in seconds."""
        failures = self._failures.get(key, 0)
        self._failures[key] = failures + 1
        delay = min(BACKOFF_BASE * 2.0 ** min(failures, 40), BACKOFF_MAX)
        self.add_after(key, delay, cause)
        return delay

    def forget(self, key: str) -> None:
        self._failures.pop(key, None)

    def failures(self, key: str) -> int:
        return self._failures.get(key, 0)

    def get(self) -> tuple[str, int] | None:
        """The next key and its cause, now being handled; None when nothing is ready. Call `done` afterwards."""
        if not self._order:
            return None
        key = self._order.popleft()
        self._processing.add(key)
        return key, self._dirty.pop(key)

    def done(self, key: str) -> None:
        self._processing.discard(key)
        if key in self._dirty:
            self._order.append(key)
            self._stand()

    def has_ready(self) -> bool:
        return bool(self._order)

    def unstand(self) -> None:
        """The driver took the queue off `agenda.ready`."""
        self._standing = False

    def _stand(self) -> None:
        if not self._standing:
            self._standing = True
            self.agenda.ready.append(self)

    def stand_again(self) -> None:
        """The driver is done with the queue for this round; it stands again if it still has ready keys."""
        if self._order:
            self._stand()

    def _due(self, key: str, due: float, cause: int) -> None:
        if self._delayed.get(key) == due:
            del self._delayed[key]
            self.add(key, cause)
