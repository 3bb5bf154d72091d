"""The short countdowns of one worker process: wake (cluster, role) at a wall time, exactly once, the earliest counts.

A thread, not a Celery countdown: those sit unacknowledged in the worker and come back twice after the visibility time-out.
Lost with the process, and then the sweep finds the overdue row.
"""

import heapq
import threading
from collections.abc import Callable
from time import monotonic

Subject = tuple[int, str]


class Alarm:
    """Calls `ring(cluster_id, role)` from its own thread when a time has come."""

    def __init__(self, ring: Callable[[int, str], None]) -> None:
        self._ring = ring
        self._due: dict[Subject, float] = {}
        self._heap: list[tuple[float, Subject]] = []
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None

    def set(self, subject: Subject, delay: float) -> None:
        """Ring for `subject` in `delay` wall seconds, instead of when it was set to before."""
        with self._changed:
            due = self._due[subject] = monotonic() + delay
            heapq.heappush(self._heap, (due, subject))
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="alarm", daemon=True)
                self._thread.start()
            self._changed.notify()

    def cancel(self, subject: Subject) -> None:
        with self._changed:
            self._due.pop(subject, None)

    def _run(self) -> None:
        while True:
            with self._changed:
                while not self._heap or self._heap[0][0] > monotonic():
                    self._changed.wait(self._heap[0][0] - monotonic() if self._heap else None)
                due, subject = heapq.heappop(self._heap)
                if self._due.get(subject) != due:
                    continue  # set anew or cancelled since
                del self._due[subject]
            self._ring(*subject)
