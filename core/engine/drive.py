"""`drive`: the one mechanism that makes a cluster move, a discrete-event loop in virtual time.

Round by round: catch the informers up; start a reconcile for each ready key; put everything the reconciles ask of the API
into one batch, in one transaction; give each its answer; fire the timers that are due. Celery calls it for one role in a
worker that keeps the caches warm, with the wall clock; a step, a scenario, a test and a replay call it inline with all
roles and a manual clock that jumps from timer to timer, and then the same seed and inputs give the same journal.
"""

import logging
from collections.abc import Coroutine
from dataclasses import dataclass, field
from time import monotonic
from typing import Any

from core.client import Call, Reconciler, Result, again
from core.engine.clock import ManualClock
from core.engine.failures import words
from core.engine.host import Host
from core.kube.errors import (
    NAMESPACE_TERMINATING,
    AlreadyExists,
    ApiError,
    Conflict,
    NotFound,
    StoreTimeout,
    TooManyRequests,
    Unavailable,
)
from core.kube.objects import Obj
from core.kube.requests import Request

logger = logging.getLogger(__name__)

BATCH_MAX = 400  # requests per round; ApiServer cuts them into critical sections
STORE_RETRY = 1.0  # virtual seconds
NORMAL_REFUSALS = (StoreTimeout, Unavailable, AlreadyExists, Conflict, NotFound, TooManyRequests)
"""Why an Event may not be stored though nobody made a mistake: the store or the API server is away, a driver before us said
it already, it or its namespace is gone. Real components say nothing of these either (client-go `tools/events`)."""


@dataclass(slots=True)
class Task:
    """One reconcile in progress."""

    loop: Reconciler
    key: str
    cause: int
    coroutine: Coroutine[Call, list[Obj | ApiError], Result | None]
    call: Call | None = None
    writes: int = 0


@dataclass(slots=True)
class Driven:
    """What a drive did. `next_due`: virtual time of the next timer; `busy`: stopped by budget with work left."""

    reconciles: int = 0
    writes: int = 0
    next_due: float | None = None
    busy: bool = False
    done: list[str] = field(default_factory=list)  # while stepping: what was done, as sentences


class Driver:
    """Drives one host. `pending` are reconciles that stand at an `await`; they outlive a slice."""

    def __init__(self, host: Host) -> None:
        self.host = host
        self.pending: list[Task] = []
        self._refused: set[tuple[str, str]] = set()  # (speaker, reason) of refused Events that were warned of

    def drive(self, *, until: float | None = None, budget: float | None = None, steps: int | None = None) -> Driven:
        """Work until nothing is ready and no timer is due by `until` (virtual seconds; default: now).

        budget   wall seconds after which to stop with work left (`busy`)
        steps    stop after this many reconciles that changed something
        """
        host, done = self.host, Driven()
        deadline = None if budget is None else monotonic() + budget
        while True:
            host.refresh()
            host.agenda.advance(host.now())
            if deadline is not None and monotonic() > deadline:
                done.busy = True
                break
            self._start_ready(1 if steps is not None else BATCH_MAX, done)
            if self.pending or host.has_unsaved():
                self._execute(done, steps=steps is not None)
                if steps is not None and done.writes >= steps and not self.pending:
                    if host.has_unsaved():
                        self._execute(done, steps=False)  # what the step did is told with it, not with the next one
                    break
                continue
            if host.agenda.ready:
                continue
            due = host.agenda.next_due()
            if until is None or due is None or due > until:
                break
            assert isinstance(host.clock, ManualClock), "only a manual clock can jump to the next timer"
            host.clock.time = max(host.clock.time, due)
        if until is not None and isinstance(host.clock, ManualClock) and not done.busy and steps is None:
            host.clock.time = max(host.clock.time, until)
            host.agenda.advance(host.clock.time)
        done.next_due = host.agenda.next_due()
        return done

    def _start_ready(self, most: int, done: Driven) -> None:
        ready = self.host.agenda.ready
        for _ in range(len(ready)):
            queue = ready.popleft()
            queue.unstand()
            loop = queue.owner
            if not self.host.units.is_served(loop):
                continue
            started = 0
            while started < loop.in_flight_max and len(self.pending) < most and (item := self._next_of(loop)):
                key, cause = item
                started += 1
                done.reconciles += 1
                self._resume(Task(loop, key, cause, loop.reconcile(key)), None, done)
            queue.stand_again()

    def _next_of(self, loop: Reconciler) -> tuple[str, int] | None:
        try:
            return loop.queue.get()
        except Exception as error:
            self.host.units.crash(loop, error)
            return None

    def _execute(self, done: Driven, *, steps: bool) -> None:
        host = self.host
        tasks, self.pending = self.pending, []
        requests: list[Request] = []
        for task in tasks:
            assert task.call is not None
            for request in task.call.requests:
                request.cause = task.cause
            requests += task.call.requests
        spoken = len(requests)
        spoken_of = list(host.outbox)
        host.outbox.clear()
        requests += [request for request, _ in spoken_of]
        answers = host.transport.execute(requests, host.section_hook)
        for (request, failed), answer in zip(spoken_of, answers[spoken:], strict=True):
            if isinstance(answer, ApiError):
                failed()
                self._hear_refusal(request, answer)
        start = 0
        for task in tasks:
            assert task.call is not None
            count = len(task.call.requests)
            writes = [request for request in task.call.requests if request.verb not in ("get", "list")]
            done.writes += len(writes)
            task.writes += len(writes)
            if steps:
                done.done += [f"{task.loop.id.speaker}: {describe(request)}" for request in writes[:3]]
            self._resume(task, answers[start : start + count], done)
            start += count

    def _hear_refusal(self, request: Request, answer: ApiError) -> None:
        """Of an Event that was not stored: nothing is said where that is in the order of things, and the rest once."""
        if isinstance(answer, NORMAL_REFUSALS) or answer.has_cause(NAMESPACE_TERMINATING):
            return
        speaker = request.user.name if request.user else ""
        if (speaker, answer.reason) not in self._refused:
            self._refused.add((speaker, answer.reason))
            logger.warning("an event of %s was not recorded: %s; this is said once", speaker, answer.message)

    def _resume(self, task: Task, answers: list[Obj | ApiError] | None, done: Driven) -> None:
        """Run the reconcile to its next `await` or to its end."""
        if not self.host.units.is_served(task.loop):
            task.coroutine.close()  # its process was killed meanwhile
            return
        try:
            task.call = task.coroutine.send(answers)  # type: ignore[arg-type]
        except StopIteration as stop:
            self.host.failures.key_handled(task.loop.id, task.key)
            self._finish(task, stop.value)
        except StoreTimeout as error:
            # The store is away: every second is often enough, and its return must not find long backoffs.
            self._finish(task, again(STORE_RETRY, error.message))
        except ApiError as error:
            self.host.failures.key_handled(task.loop.id, task.key)
            self._failed(task, error.message)
        except Exception as error:
            rest = self._failed(task, words(error))
            role, now = self.host.units.role_of(task.loop), self.host.agenda.now
            self.host.failures.key_failed(task.loop.id, role, task.key, error, now, rest)
        else:
            self.pending.append(task)

    def _finish(self, task: Task, result: Result | None) -> None:
        queue = task.loop.queue
        queue.done(task.key)
        queue.forget(task.key)
        if result is not None and result.after is not None:
            queue.add_after(task.key, result.after, task.cause)
        self._journal(task, result.note if result else "")

    def _failed(self, task: Task, message: str) -> float:
        """Answers in how many seconds the key comes back."""
        task.loop.queue.done(task.key)
        delay = task.loop.queue.add_rate_limited(task.key, task.cause)
        self._journal(task, message, retry_after=delay)
        return delay

    def _journal(self, task: Task, note: str, **extra: Any) -> None:
        if (note or extra or task.writes) and self.host.is_watched():
            loop_id = task.loop.id
            data = {
                "target": loop_id.target,
                "loop": loop_id.loop,
                "key": task.key,
                "writes": task.writes,
                "note": note,
            }
            self.host.records.append(("reconcile", loop_id.speaker, data | extra))


def describe(request: Request) -> str:
    """A request as a person says it: `update deployments.apps/status default/web`."""
    subject = f"{request.namespace}/{request.name}".strip("/")
    if not subject and isinstance(request.body, dict):
        meta = request.body.get("metadata", {})
        subject = meta.get("name") or f"{meta.get('generateName', '')}…"
    return f"{request.verb} {request.resource}{'/' * bool(request.subresource)}{request.subresource} {subject}"
