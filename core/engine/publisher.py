"""Telling the world of commits from a thread of its own, so that no answer waits for it.

The first commit after a rest is told at once. While one is being told, and for a moment after, later ones of the same
cluster gather into one announcement: a flood of small writes wakes the workers some fifty times a second, not once each.
What is lost with the process costs a sweep, as every lost announcement does.
"""

import atexit
import threading
import time
from collections.abc import Callable, Iterable

from core.journal import Announcement

PAUSE = 0.015  # wall seconds between two announcements of the same cluster

Send = Callable[[Announcement, frozenset[str]], None]


class Publisher:
    """Calls `send(announcement, roles to wake)` for what was `put`, from its thread, merged per cluster."""

    def __init__(self, send: Send, pause: float = PAUSE) -> None:
        self._send = send
        self._pause = pause
        self._pending: dict[int, tuple[Announcement, frozenset[str]]] = {}
        self._changed = threading.Condition()
        self._sending = threading.Lock()
        self._thread: threading.Thread | None = None

    def put(self, said: Announcement, roles: Iterable[str]) -> None:
        wake = frozenset(roles)
        with self._changed:
            if (before := self._pending.get(said.cluster_id)) is not None:
                said, wake = merged(before[0], said), before[1] | wake
            self._pending[said.cluster_id] = said, wake
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="publisher", daemon=True)
                self._thread.start()
                atexit.register(self.flush)
            self._changed.notify()

    def flush(self) -> None:
        """Send what is pending from here, after what is being sent: a short-lived process ends sooner than its thread."""
        with self._sending:
            with self._changed:
                pending, self._pending = self._pending, {}
            for said, wake in pending.values():
                self._send(said, wake)

    def _run(self) -> None:
        while True:
            with self._changed:
                while not self._pending:
                    self._changed.wait()
            self.flush()
            time.sleep(self._pause)


def merged(one: Announcement, other: Announcement) -> Announcement:
    """Both in one: as far as the newer, about the resources of both."""
    return Announcement(
        one.cluster_id,
        max(one.revision, other.revision),
        max(one.seq, other.seq),
        one.resources | other.resources,
        one.topology or other.topology,
    )
