"""Requests that wait: each is told once when it begins to wait and once when it is answered, however often it is tried.

The door (`batcher`) asks again for a request that found no leader, several times a second, and the control loops of
components do the same every second. Those tries are nobody's requests: neither counts nor the picture know them.
"""

from core.apiserver.trace import Ring, Trace
from core.etcd.group import Transaction
from core.kube.errors import ApiError, StoreTimeout
from core.kube.objects import Obj
from core.kube.requests import Request, Waiting

PREMATURE = 1.0  # wall seconds for what a controller is about to make; admission tries ten times, every 100 ms
KEPT = 500  # requests of components that wait; beyond, the oldest are forgotten

Name = tuple[str, ...]


def awaited(answer: Obj | ApiError) -> str:
    """What a request with this answer waits for, if it may wait: etcd, or a controller; nothing: the answer is final."""
    if isinstance(answer, StoreTimeout):
        return "etcd"
    return "a controller" if isinstance(answer, ApiError) and answer.premature else ""


class Waits:
    """Of one API server: which requests wait, and what is journaled of requests."""

    def __init__(self) -> None:
        self._of_components: dict[Name, Waiting] = {}

    def tell(self, section: Transaction, trace: Trace, answer: Obj | ApiError, ring: Ring, *, watched: bool) -> bool:
        """Journal (while somebody watches) that a request was answered, or that it waits; keep the trace of an answer.

        Whether the journal has news.
        """
        waiting = self._waiting(trace.request, answer)
        if waiting is not None and (reason := awaited(answer)):
            waiting.trace = trace.without_body()
            if waiting.began is None:
                waiting.began = section.now
            is_news = watched and not waiting.entry
            if is_news:
                seconds = waiting.seconds if isinstance(answer, StoreTimeout) else min(PREMATURE, waiting.seconds)
                record(section, trace, waits=reason, patience=seconds, code=0, message="")
                waiting.entry = section.cluster.journal_seq
            return is_news
        ring.append(trace)
        if waiting is not None and waiting.entry:
            conclude(section, trace, waiting)
            return True
        if watched:
            record(section, trace)
        return watched

    def _waiting(self, request: Request, answer: Obj | ApiError) -> Waiting | None:
        """A component does not say that it will ask again, but it does: the same request is known by its name."""
        if request.waiting is not None:
            return request.waiting
        user = request.user.name if request.user else ""
        name = (user, request.verb, request.resource, request.subresource, request.namespace, request.name)
        if isinstance(answer, StoreTimeout) and answer.is_untouched:
            while len(self._of_components) >= KEPT:
                del self._of_components[next(iter(self._of_components))]
            return self._of_components.setdefault(name, Waiting())
        return self._of_components.pop(name, None)


def conclude(section: Transaction, trace: Trace, waiting: Waiting) -> None:
    """Journal the answer to a request that was told to wait."""
    began = section.now if waiting.began is None else waiting.began
    record(section, trace, of=waiting.entry, waited=round(section.now - began, 3))


def record(section: Transaction, trace: Trace, **more: object) -> None:
    user = trace.request.user
    section.record("request", user.name if user else "", **(trace.to_json() | more))
