"""The scheduling queue: which pod is tried next, and which ones wait for what.

    gated ──gate gone──► active ──get──► a cycle ──no node──► unschedulable ──event──► backoff ──due──► active
                            ▲                └──binding failed──► backoff                  └─already due─►─┘

- *active*: ready, by priority, then by age (the QueueSort plugin's key).
- *backoff*: waiting out 1 s, doubling to 10 s with each attempt of the pod that failed.
- *unschedulable*: no node fits; waiting for an event that may help (`events.py`), and for at most five minutes.
- *gated*: `spec.schedulingGates` not empty; not tried at all.

It meets `core.client.reconciler.Queue`, so the driver takes pods from it as it takes keys from any work queue. As
`pkg/scheduler/backend/queue`; the real one also keeps the events that happen while a pod is in its cycle, which cannot
happen here: a cycle is synchronous, and the pod waits in its queue again before anything else runs.
"""

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from core.client import Agenda
from core.scheduler.events import ClusterEvent, Interest
from core.scheduler.framework import Status
from core.scheduler.podinfo import PodInfo

BACKOFF_BASE = 1.0  # seconds: podInitialBackoffSeconds
BACKOFF_MAX = 10.0  # podMaxBackoffSeconds
UNSCHEDULABLE_MAX = 300.0  # podMaxInUnschedulablePodsDuration


class Where(StrEnum):
    ACTIVE = "active"
    BACKOFF = "backoff"
    UNSCHEDULABLE = "unschedulable"
    GATED = "gated"
    IN_FLIGHT = "in flight"


@dataclass(slots=True)
class QueuedPod:
    """A pod that has no node yet. `since` is when it first came: its age does not begin anew with each attempt."""

    info: PodInfo
    since: float
    cause: int
    where: Where = Where.ACTIVE
    attempts: int = 0
    retry_at: float = 0.0  # end of its backoff
    rejected_by: frozenset[str] = frozenset()
    ticket: int = 0  # of its newest entry in the heap or the agenda; older ones are void


@dataclass(slots=True)
class SchedulingQueue:
    """`sort_key` and `gate` are the QueueSort and PreEnqueue plugins; `interests` are all plugins' by plugin name."""

    agenda: Agenda
    sort_key: Callable[[PodInfo, float], tuple[float, ...]]
    gate: Callable[[PodInfo], Status | None]
    interests: dict[str, tuple[Interest, ...]]
    owner: Any = None
    pods: dict[str, QueuedPod] = field(default_factory=dict)
    _active: list[tuple[tuple[float, ...], int, str]] = field(default_factory=list)
    _unschedulable: dict[str, QueuedPod] = field(default_factory=dict)
    _processing: set[str] = field(default_factory=set)
    _ready: int = 0
    _tickets: int = 0
    _standing: bool = False

    # What the driver uses.

    def get(self) -> tuple[str, int] | None:
        while self._active:
            _, ticket, key = heapq.heappop(self._active)
            queued = self.pods.get(key)
            if queued is None or queued.ticket != ticket:
                continue
            self._leave(queued)
            self._processing.add(key)
            queued.where = Where.IN_FLIGHT
            queued.attempts += 1
            return key, queued.cause
        return None

    def done(self, key: str) -> None:
        self._processing.discard(key)
        queued = self.pods.get(key)
        if queued is not None and queued.where is Where.ACTIVE and not queued.ticket:
            self._push(queued)  # it became active again while its last cycle was still writing

    def forget(self, key: str) -> None:
        """Nothing to forget: a pod's attempts count until it is bound or gone."""

    def add_after(self, key: str, delay: float, cause: int = 0) -> None:
        queued = self.pods.get(key)
        if queued is not None:
            self._wait(queued, delay)

    def add_rate_limited(self, key: str, cause: int = 0) -> float:
        """A cycle broke off with an error: into backoff, unless it already waits for something."""
        queued = self.pods.get(key)
        if queued is None or queued.where is not Where.IN_FLIGHT:
            return 0.0
        return self.back_off(queued)

    def has_ready(self) -> bool:
        return self._ready > 0

    def unstand(self) -> None:
        self._standing = False

    def stand_again(self) -> None:
        if self._ready > 0 and not self._standing:
            self._standing = True
            self.agenda.ready.append(self)

    def __len__(self) -> int:
        return self._ready

    # What the scheduler tells it.

    def add(self, info: PodInfo, cause: int) -> None:
        """A pod without a node appeared."""
        queued = self.pods[info.key] = QueuedPod(info, self.agenda.now, cause)
        self._admit(queued)

    def update(self, info: PodInfo, event: ClusterEvent, cause: int) -> None:
        """A waiting pod changed; if it may be schedulable now, it is tried again."""
        queued = self.pods[info.key]
        queued.info, queued.cause = info, cause
        match queued.where:
            case Where.ACTIVE:
                self._activate(queued)  # its priority may have changed, and with it its place
            case Where.GATED:
                self._admit(queued)
            case Where.UNSCHEDULABLE if event.action and self._is_helped(queued, event):
                self._retry(queued)

    def remove(self, key: str) -> None:
        """The pod is bound or gone."""
        queued = self.pods.pop(key, None)
        if queued is not None:
            self._leave(queued)

    def back_off(self, queued: QueuedPod) -> float:
        """Try again after its backoff; answers the delay in seconds."""
        delay = self._backoff(queued)
        queued.retry_at = self.agenda.now + delay
        self._wait(queued, delay)
        return delay

    def add_unschedulable(self, queued: QueuedPod, rejected_by: frozenset[str]) -> None:
        """No node fits: wait for an event one of `rejected_by` is interested in."""
        self._leave(queued)
        queued.where, queued.rejected_by = Where.UNSCHEDULABLE, rejected_by
        queued.retry_at = self.agenda.now + self._backoff(queued)
        self._unschedulable[queued.info.key] = queued
        self._at(queued, self.agenda.now + UNSCHEDULABLE_MAX, Where.UNSCHEDULABLE)

    def move(self, event: ClusterEvent) -> list[str]:
        """Something happened: wake the waiting pods it may help. Answers their keys."""
        if not self._unschedulable:
            return []
        helped = [queued for queued in self._unschedulable.values() if self._is_helped(queued, event)]
        for queued in helped:
            self._retry(queued)
        return [queued.info.key for queued in helped]

    # How pods move.

    def _is_helped(self, queued: QueuedPod, event: ClusterEvent) -> bool:
        if not queued.rejected_by:
            return True  # nobody said why: anything may help
        return any(
            interest.concerns(queued.info, event)
            for plugin in queued.rejected_by
            for interest in self.interests.get(plugin, ())
        )

    def _admit(self, queued: QueuedPod) -> None:
        if self.gate(queued.info) is not None:
            self._leave(queued)
            queued.where = Where.GATED
        else:
            self._activate(queued)

    def _retry(self, queued: QueuedPod) -> None:
        delay = queued.retry_at - self.agenda.now
        if delay > 0:
            self._wait(queued, delay)
        else:
            self._activate(queued)

    def _activate(self, queued: QueuedPod) -> None:
        self._leave(queued)
        queued.where = Where.ACTIVE
        if queued.info.key not in self._processing:
            self._push(queued)

    def _push(self, queued: QueuedPod) -> None:
        self._ready += 1
        queued.ticket = self._ticket()
        heapq.heappush(self._active, (self.sort_key(queued.info, queued.since), queued.ticket, queued.info.key))
        self.stand_again()

    def _wait(self, queued: QueuedPod, delay: float) -> None:
        self._leave(queued)
        queued.where = Where.BACKOFF
        self._at(queued, self.agenda.now + delay, Where.BACKOFF)

    def _leave(self, queued: QueuedPod) -> None:
        """Take it out of the queue it is in: its entries become void."""
        if queued.where is Where.ACTIVE and queued.ticket:
            self._ready -= 1
        self._unschedulable.pop(queued.info.key, None)
        queued.ticket = 0

    def _at(self, queued: QueuedPod, due: float, where: Where) -> None:
        ticket = queued.ticket = self._ticket()

        def fire() -> None:
            if queued.ticket == ticket and queued.where is where and self.pods.get(queued.info.key) is queued:
                self._activate(queued)

        self.agenda.at(due, fire, self.owner)

    def _backoff(self, queued: QueuedPod) -> float:
        return min(BACKOFF_BASE * 2.0 ** min(max(queued.attempts - 1, 0), 10), BACKOFF_MAX)

    def _ticket(self) -> int:
        self._tickets += 1
        return self._tickets
