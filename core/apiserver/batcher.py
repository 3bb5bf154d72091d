"""Writers in many threads share critical sections: whoever finds the door free leads and takes the others along.

Taking the cluster's lock and committing costs the same for one request as for fifty. So a thread that submits a request
puts it on a list; if nobody leads, it leads: it executes everything on the list as one batch, hands out the answers, and
passes the lead to the first who came meanwhile. Nobody waits for company, and nobody leads longer than one batch.
"""

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from core.apiserver.server import ApiServer
from core.apiserver.waits import PREMATURE, awaited
from core.journal import Announcement, on_announcement
from core.kube.errors import ApiError, StoreTimeout
from core.kube.objects import Obj
from core.kube.requests import Request, Waiting

PATIENCE = 7.0  # wall seconds a request waits for a leader; etcd gives its clients 5 + 2 × the election timeout
LOOK_AGAIN = 0.25  # wall seconds after which a waiting request looks for a leader although nothing was announced


@dataclass(slots=True)
class Submission:
    """A request on the list. It is woken with an answer, or without one to take the lead."""

    request: Request
    answer: Obj | ApiError | None = None
    failure: BaseException | None = None
    woken: threading.Event = field(default_factory=threading.Event)


class Batcher:
    """The door for requests from threads. `wall` is the wall clock, in seconds from any origin."""

    def __init__(self, server: ApiServer, wall: Callable[[], float], patience: float = PATIENCE) -> None:
        self.server = server
        self.wall = wall
        self.patience = patience
        self._lock = threading.Lock()
        self._list: deque[Submission] = deque()
        self._led = False
        self._moved = threading.Condition()
        self._unsubscribe = on_announcement(self._announced)

    def close(self) -> None:
        self._unsubscribe()

    def submit(self, request: Request) -> Obj | ApiError:
        """Answer a request, alone or together with those of other threads. Waits a while for a leader of the store."""
        request.waiting = Waiting(self.patience)
        answer = self._patiently(lambda: self._once(request))
        if request.waiting.entry and awaited(answer):
            self.server.conclude(request, answer)
        return answer

    def read(self, request: Request) -> Obj | ApiError:
        """Answer a get or list, with the same patience."""
        return self._patiently(lambda: self.server.read(request))

    def _patiently(self, ask: Callable[[], Obj | ApiError]) -> Obj | ApiError:
        """Ask again until there is a leader, or what a controller was about to make is there, or patience ends.

        Only what certainly changed nothing is asked again. A write that no majority confirmed is answered at the end, too:
        etcd waits for its request as long.
        """
        began = self.wall()
        answer = ask()
        while (left := began + self._patience_with(answer) - self.wall()) > 0:
            with self._moved:
                self._moved.wait(min(left, LOOK_AGAIN))
            if not isinstance(answer, StoreTimeout) or answer.is_untouched:
                answer = ask()
        return answer

    def _patience_with(self, answer: Obj | ApiError) -> float:
        """Seconds from its beginning for which a request with this answer waits; 0: the answer is final."""
        if isinstance(answer, StoreTimeout):
            return self.patience
        return min(PREMATURE, self.patience) if isinstance(answer, ApiError) and answer.premature else 0.0

    def _once(self, request: Request) -> Obj | ApiError:
        mine = Submission(request)
        with self._lock:
            self._list.append(mine)
            leads = not self._led
            self._led = True
        if not leads:
            mine.woken.wait()
        if mine.answer is None and mine.failure is None:
            self._lead()
        if mine.failure is not None:
            raise mine.failure
        assert mine.answer is not None
        return mine.answer

    def _lead(self) -> None:
        """Execute what is on the list, up to one batch; whoever leads is first on it."""
        with self._lock:
            batch = [self._list.popleft() for _ in range(min(len(self._list), ApiServer.BATCH))]
        try:
            answers = self.server.execute([submission.request for submission in batch])
        except BaseException as failure:
            for submission in batch:
                submission.failure = failure
        else:
            for submission, answer in zip(batch, answers, strict=True):
                submission.answer = answer
        with self._lock:
            for submission in batch:
                submission.woken.set()
            if self._list:
                self._list[0].woken.set()
            else:
                self._led = False

    def _announced(self, announcement: Announcement) -> None:
        if announcement.cluster_id == self.server.cluster_id:
            with self._moved:
                self._moved.notify_all()
