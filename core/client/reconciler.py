"""What a control loop is made of: an identity, informers, a queue, and `reconcile`.

Handlers only enqueue a key. `reconcile(key)` reads the whole state from the informers, compares desired with actual,
writes what is missing, and does not know what happened: level, not edge. Example: a ReplicaSet wants 5 pods and 3 exist,
so reconcile creates 2, whether it was woken by a new ReplicaSet, two lost pods, or a re-list.

The vocabulary of results is small: DONE; `again(after)`; an ApiError or any exception (back after the backoff).

A loop is wired in two strokes. `start` declares what it watches; `open` begins all of it, once everything is declared. So
no handler ever meets a loop that knows one half of its informers and not the other, whatever order they are declared in. A
handler or a timer that raises takes its own loop out of service, and nobody else's: the driver starts it anew, from a list.
A reconciler may hold memory, but only what it can do without: it is dropped and built anew whenever its process is.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, ClassVar, Protocol

from core.client.agenda import Agenda
from core.client.calls import Client
from core.client.informer import Handler, Informers
from core.client.loopid import LoopId
from core.client.queue import WorkQueue
from core.client.recorder import Recorder, Send
from core.client.transport import WatchEvent
from core.kube.objects import Key, Obj, controller_of
from core.kube.requests import User


@dataclass(slots=True, frozen=True)
class Result:
    """`after` seconds until the key wants to be handled again; None: when something changes."""

    after: float | None = None
    note: str = ""  # what was done, for the journal and the picture


DONE = Result()


def again(after: float, note: str = "") -> Result:
    """Handle the key again in `after` seconds, whatever happens."""
    return Result(after, note)


class Queue(Protocol):
    """What a driver needs of a queue; `WorkQueue` is one, the scheduler brings its own."""

    owner: Any

    def get(self) -> tuple[str, int] | None: ...
    def done(self, key: str) -> None: ...
    def forget(self, key: str) -> None: ...
    def add_after(self, key: str, delay: float, cause: int = 0) -> None: ...
    def add_rate_limited(self, key: str, cause: int = 0) -> float: ...
    def has_ready(self) -> bool: ...
    def unstand(self) -> None: ...
    def stand_again(self) -> None: ...
    def __len__(self) -> int: ...


@dataclass(slots=True)
class Context:
    """What a loop is given. `random` is seeded per loop; `record` journals one happening (kind, data).

    `starts` numbers the starts of the simulated process: built anew under the same number, a component has not started
    again, it is only driven from elsewhere: `is_driven` says so. `extras` holds what the engine plugs in for components of a
    node.
    """

    agenda: Agenda
    informers: Informers
    random: random.Random
    send: Send
    record: Callable[..., None]
    id: LoopId
    profile: str = "instant"
    starts: int = 1
    is_driven: bool = False
    extras: Any = None
    root_ca: str = ""
    """The certificate authority that clients of the API server are to trust, in PEM (--root-ca-file)."""

    @property
    def node(self) -> str:
        return self.id.node


class Phase(StrEnum):
    """A loop's life: its watches are declared, then all begin, then end together."""

    DECLARING = "declaring"
    RUNNING = "running"
    STOPPED = "stopped"


class Reconciler:
    """Base of every control loop. A subclass sets `name` and `user`, wires informers in `start`, and reconciles."""

    name: ClassVar[str]
    """As on the diagram and in the journal: `deployment`, `scheduler`, `heartbeat`. Alone in its process; see `LoopId`."""
    user: User
    """Its identity at the API server; a class attribute, or set in __init__ by what runs on a node."""
    in_flight_max: ClassVar[int] = 64
    """Reconciles of this loop that may stand at an `await` at the same time."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.id = context.id
        self.phase = Phase.DECLARING
        self.agenda = context.agenda
        self.informers = context.informers
        self.random = context.random
        self.client = Client(self.user)
        self.events = Recorder(self.component, self.user, context.agenda, context.send, context.node)
        self.queue: Queue = self.make_queue()
        self.queue.owner = self
        self._declared: list[Subscribe] = []
        self._subscriptions: list[Callable[[], None]] = []

    @property
    def component(self) -> str:
        """How it signs its Events; for controllers `<name>-controller`."""
        return f"{self.name}-controller"

    def make_queue(self) -> Queue:
        return WorkQueue(self.agenda)

    def start(self) -> None:
        """Declare what is watched: `self.watch(…)`. Called once; no handler is called before `open`."""
        raise NotImplementedError

    def open(self) -> None:
        """Begin every watch that `start` declared, in that order; existing objects arrive as ADDED at once."""
        for subscribe in self._declared:
            self._subscriptions.append(subscribe())
        self._declared.clear()
        self.phase = Phase.RUNNING

    def stop(self) -> None:
        """The component was killed, or the loop has failed: take the handlers away."""
        self.phase = Phase.STOPPED
        for unsubscribe in self._subscriptions:
            unsubscribe()
        self._subscriptions.clear()

    async def reconcile(self, key: str) -> Result | None:
        """Bring actual towards desired for `key`; None means DONE."""
        raise NotImplementedError

    @property
    def now(self) -> float:
        """Virtual time in seconds since the Unix epoch."""
        return self.agenda.now

    def enqueue(self, key: Key | str, cause: int = 0) -> None:
        self.queue.add(str(key), cause)  # type: ignore[attr-defined]

    def watch(
        self, resource: str, handler: Handler | None = None, *, among: tuple[str, str] | None = None, **indexes: Any
    ) -> Any:
        """The informer of `resource`, with `handler` (default: enqueue the object itself) on its changes.

        among   an index and a value: hear only of the objects that the index has under it
        """
        informer = self.informers(resource, **indexes)
        heard = self._guarded(handler or self._enqueue_object)
        if among is None:
            self.listen(lambda: informer.on_event(heard))
        else:
            self.listen(lambda: informer.on_indexed(*among, heard))
        return informer

    def listen(self, subscribe: "Subscribe") -> None:
        """Declare a subscription: it begins with all the others, or at once when they have begun."""
        if self.phase is Phase.RUNNING:
            self._subscriptions.append(subscribe())
        else:
            self._declared.append(subscribe)

    def enqueue_owner(self, kind: str) -> Callable[[WatchEvent], None]:
        """A handler that enqueues the controlling owner of `kind`, of the old and the new state of an object."""

        def handler(event: WatchEvent) -> None:
            for obj in (event.object, event.old):
                owner = controller_of(obj) if obj else None
                if owner is not None and owner["kind"] == kind:
                    self.enqueue(Key(event.key.namespace, owner["name"]), event.revision)

        return handler

    def _enqueue_object(self, event: WatchEvent) -> None:
        self.enqueue(event.key, event.revision)

    def _guarded(self, handler: Handler) -> Handler:
        """`handler`, whose failure is this loop's own. While the watches begin it is raised, to whoever starts the loop."""

        def heard(event: WatchEvent) -> None:
            if self.phase is Phase.STOPPED:
                return
            try:
                handler(event)
            except Exception as error:
                if self.phase is Phase.DECLARING:
                    raise
                self.agenda.crash(self, error)

        return heard


Subscribe = Callable[[], Callable[[], None]]
"""Begins a subscription and answers how to end it."""


def by_controller_uid(obj: Obj) -> list[str]:
    """Index function: the uid of the controlling owner."""
    owner = controller_of(obj)
    return [owner["uid"]] if owner else []
