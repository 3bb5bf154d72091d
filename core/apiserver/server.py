"""One request after another through the stages, many requests in one critical section.

`ApiServer` is this process's API server for one cluster. It is stateless but for its watch cache, its memory of
authorization decisions and the traces of its last requests. `execute` decides requests of any kind under the cluster's
lock; `read` answers gets and lists without it. What a single request goes through is in `pipeline`.
"""

import random
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from django.db import connection

from core.apiserver import pipeline
from core.apiserver.authentication import authenticate
from core.apiserver.authorization import Authorizer
from core.apiserver.batch import Batch
from core.apiserver.trace import JOURNALED_MAX, Ring, Stopwatch, Trace, standing
from core.apiserver.verbs.reading import Glance
from core.apiserver.verbs.writing import is_unversioned
from core.apiserver.waits import Waits, conclude
from core.apiserver.watch import Watch
from core.apiserver.watchcache import WINDOW, WINDOW_BYTES, WatchCache
from core.etcd.group import Change, Failure, Group, Transaction
from core.journal import Announcement, announce
from core.kube.errors import ApiError, StoreTimeout, conflict
from core.kube.objects import Obj
from core.kube.podlogs import LogOptions, LogPiece
from core.kube.requests import Request, User
from core.kube.resources import resource_of_key
from core.models import Cluster

BROKEN = (
    "SELECT 1 FROM core_etcdmember WHERE cluster_id = %s AND state <> 'running'"
    " UNION ALL SELECT 1 FROM core_fault WHERE cluster_id = %s AND healed IS NULL LIMIT 1"
)
RETRIES = 5  # of a request that stated no precondition and met a change it could not see


def unwatched(cluster: Cluster) -> bool:
    return False


class Kubelets(Protocol):
    """The line to the kubelets, for the few questions that the API server cannot answer itself."""

    def container_logs(self, pod: Obj, container: str, options: LogOptions) -> LogPiece:
        """Raises ApiError."""


class ApiServer:
    """The API server of one cluster in this process.

    now         virtual time of the cluster
    stopwatch   nanoseconds, for traces
    watched     whether somebody looks at the cluster, so that requests are journaled
    kubelets    the line to the nodes; only a server with a door needs one
    window      changes kept for watchers that resume, and how many bytes of JSON in them
    """

    BATCH = 60  # requests in one critical section, so that it stays well under 50 ms

    def __init__(
        self,
        cluster_id: int,
        now: Callable[[Cluster], float],
        *,
        stopwatch: Stopwatch = standing,
        watched: Callable[[Cluster], bool] = unwatched,
        kubelets: Kubelets | None = None,
        window: int = WINDOW,
        window_bytes: int = WINDOW_BYTES,
    ) -> None:
        self.cluster_id = cluster_id
        self.group = Group(cluster_id, now, watched=watched)
        self.cache = WatchCache(cluster_id, window, window_bytes)
        self.stopwatch = stopwatch
        self.watched = watched
        self.traces = Ring()
        self.waits = Waits()
        self.authorizer = Authorizer(self.cache)
        self.now = now
        self.kubelets = kubelets

    def execute(
        self, requests: Sequence[Request], also: Callable[[Transaction], None] | None = None
    ) -> list[Obj | ApiError]:
        """Answer each request, in order; a failed one does not disturb the others. Objects are shared: do not mutate.

        `also` runs first inside each critical section; what it raises abandons the section.
        """
        answers: list[Obj | ApiError] = []
        for start in range(0, max(len(requests), 1), self.BATCH):
            answers += self._section(requests[start : start + self.BATCH], also)
        return answers

    def read(self, request: Request) -> Obj | ApiError:
        """Answer a get or list from the watch cache, without the cluster's lock. Objects are shared: do not mutate."""
        trace = Trace(request, self.stopwatch)
        answer: Obj | ApiError
        if str(request.options.get("resourceVersion")) != "0" and not self._is_confirmed():
            return StoreTimeout(is_untouched=True)
        self.cache.catch_up()
        with self.cache.lock:
            glance = Glance(self.cache, self.authorizer, trace, self.cache.revision)
            try:
                answer = pipeline.decide(request, glance)
            except ApiError as error:
                answer = error
        _conclude(trace, answer)
        self.traces.append(trace)
        return answer

    def _is_confirmed(self) -> bool:
        """Whether a read now is linearizable. While nothing is broken that is certain; otherwise the quorum is asked."""
        with connection.cursor() as cursor:
            cursor.execute(BROKEN, [self.cluster_id, self.cluster_id])
            if cursor.fetchone() is None:
                return True
        with self.group.transaction() as section:
            confirmed = section.confirm_read()
        self._publish(section, list(section.changes), topology=bool(section.journal))  # an election may have happened
        return confirmed

    def watch(self, request: Request) -> Watch:
        """Open a watch (verb `watch`). Raises ApiError."""
        self.cache.catch_up()
        glance = Glance(self.cache, self.authorizer, Trace(request, self.stopwatch), self.cache.revision)
        return Watch(pipeline.admit(request, glance), request, self.cache)

    def authenticate(self, headers: Mapping[str, str], wall: float) -> User:
        """Who sends these headers; `wall` is the wall clock's seconds since the Unix epoch. Raises Unauthorized."""
        self.cache.catch_up()
        cluster = Cluster.read(self.cluster_id)
        return authenticate(cluster, headers, cache=self.cache, now=self.now(cluster), wall=wall)

    def _section(
        self, requests: Sequence[Request], also: Callable[[Transaction], None] | None, attempt: int = 0
    ) -> list[Obj | ApiError]:
        answers: list[Obj | ApiError] = []
        traces: list[Trace] = []
        waiting: list[int] = []  # position of the request each op answers
        retry: list[int] = []
        with self.group.transaction() as section:
            if also is not None:
                also(section)
            self.cache.catch_up()
            draw = random.Random(f"{section.cluster.seed}:{section.revision}:{attempt}")
            batch = Batch(section, self.cache, self.authorizer, draw)
            for position, request in enumerate(requests):
                batch.trace = Trace(request, self.stopwatch, section.now)
                traces.append(batch.trace)
                staged = len(batch.ops)
                try:
                    answers.append(pipeline.decide(request, batch))
                except ApiError as error:
                    batch.roll_back(staged)
                    answers.append(error)
                waiting += [position] * (len(batch.ops) - staged)
            committed: dict[int, Obj] = {}
            for position, outcome, op, obj in zip(
                waiting, section.propose(batch.ops), batch.ops, batch.written, strict=True
            ):
                if outcome is Failure.NO_LEADER:
                    answers[position] = StoreTimeout(is_untouched=True)
                elif outcome is Failure.TIMEOUT:
                    answers[position] = StoreTimeout()
                elif isinstance(outcome, Failure):
                    answers[position] = conflict(op.resource, op.name)
                    if _is_unconditional(requests[position]):
                        retry.append(position)
                elif obj is not None:
                    obj["metadata"]["resourceVersion"] = str(outcome.revision)
                    committed[outcome.revision] = obj
            _withdraw_unfounded(answers, waiting)
            again_soon = set(retry) if attempt < RETRIES else set()
            told = self._finish(section, traces, answers, again_soon)
            changes = list(section.changes)
        self._publish(section, changes, committed, told=told)
        if again_soon:
            anew = self._section([requests[position] for position in retry], also, attempt + 1)
            for position, answer in zip(retry, anew, strict=True):
                answers[position] = answer
        return answers

    def catch_up_store(self, also: Callable[[Transaction], None]) -> bool:
        """Let the store's own time pass: elections, heartbeats of an unsettled group. Whether there is more to come."""
        with self.group.transaction() as section:
            also(section)
            changes = list(section.changes)
            unfinished = not (section.settled or section.parked)
        self._publish(section, changes, topology=bool(section.journal))
        return unfinished

    def _publish(
        self,
        section: Transaction,
        changes: list[Change],
        committed: dict[int, Obj] | None = None,
        *,
        topology: bool = False,
        told: bool = False,
    ) -> None:
        """Put what was committed into the cache, and tell the world; `told`: the journal has news for who watches."""
        self.cache.apply(changes, committed)
        if changes or topology or told:
            touched = frozenset(resource_of_key(change.key).name for change in changes)
            announce(Announcement(self.cluster_id, section.revision, section.cluster.journal_seq, touched, topology))

    def conclude(self, request: Request, answer: Obj | ApiError) -> None:
        """Journal what a request that was told to wait is answered in the end, when no try was its last."""
        waiting = request.waiting
        if waiting is None or not waiting.entry:
            return
        trace: Trace = waiting.trace
        _conclude(trace, answer)
        with self.group.transaction() as section:
            conclude(section, trace, waiting)
            changes = list(section.changes)
        self.traces.append(trace)
        self._publish(section, changes, told=True)

    def _finish(
        self, section: Transaction, traces: list[Trace], answers: list[Obj | ApiError], again: set[int]
    ) -> bool:
        """Complete the traces with what was answered, keep them, and journal them while somebody watches; but not those at
        the positions `again`, which are decided anew. Whether the journal tells of one that no change tells of."""
        watched, is_news = self.watched(section.cluster), False
        for position, (trace, answer) in enumerate(zip(traces, answers, strict=True)):
            _conclude(trace, answer)
            if position in again:
                continue
            told = self.waits.tell(section, trace, answer, self.traces, watched=watched and position < JOURNALED_MAX)
            is_news = is_news or (told and isinstance(answer, ApiError))
        return is_news


def _withdraw_unfounded(answers: list[Obj | ApiError], waiting: list[int]) -> None:
    """Where a write was not confirmed, later requests of the batch were decided as if it had been: nothing may be said
    of them (a "not found" after a delete that never happened)."""
    if any(isinstance(answers[position], StoreTimeout) for position in waiting):
        for position in range(waiting[0], len(answers)):
            if not isinstance(answers[position], StoreTimeout):
                answers[position] = StoreTimeout(is_untouched=True)


def _conclude(trace: Trace, answer: Obj | ApiError) -> None:
    if isinstance(answer, ApiError):
        trace.conclude(answer.code, answer.message)
    else:
        trace.conclude(201 if trace.request.verb == "create" else 200)


def _is_unconditional(request: Request) -> bool:
    """Whether the request may be decided anew on the newest state: it did not say which state it was made for."""
    if request.verb == "update":
        return is_unversioned(request.body)
    return request.verb in ("patch", "delete")
