"""What a control loop is made of: an identity, informers, a queue, and `reconcile`.

Handlers only enqueue a key. `reconcile(key)` reads the whole state from the informers, compares desired with actual,
writes what is missing, and does not know what happened: level, not edge. Example: a ReplicaSet wants 5 pods and 3 exist,
so reconcile creates 2, whether it was woken by a new ReplicaSet, two lost pods, or a re-list.

The vocabulary of results is small: DONE; `again(after)`; an ApiError or any exception (back after the backoff).
A reconciler may hold memory, but only what it can do without: it is dropped and built anew whenever its process is.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

from core.client.agenda import Agenda
from core.client.calls import Client
from core.client.informer import Informers
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
    """What a component is given. `random` is seeded per component; `record` journals one happening (kind, data).

    `starts` numbers the starts of the simulated process: built anew under the same number, a component has not started
    again, it is only driven from elsewhere. `extras` holds what the engine plugs in for components of a node.
    """

    agenda: Agenda
    informers: Informers
    random: random.Random
    send: Send
    record: Callable[..., None]
    profile: str = "instant"
    node: str = ""
    starts: int = 1
    extras: Any = None
    root_ca: str = ""
    """The certificate authority that clients of the API server are to trust, in PEM (--root-ca-file)."""


class Reconciler:
    """Base of every control loop. A subclass sets `name` and `user`, wires informers in `start`, and reconciles."""

    name: ClassVar[str]
    """As on the diagram and in the journal: `deployment`, `kube-scheduler`, `kubelet`."""
    user: User
    """Its identity at the API server; a class attribute, or set in __init__ by what runs on a node."""
    in_flight_max: ClassVar[int] = 64
    """Reconciles of this loop that may stand at an `await` at the same time."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.agenda = context.agenda
        self.informers = context.informers
        self.random = context.random
        self.client = Client(self.user)
        self.events = Recorder(self.component, self.user, context.agenda, context.send, context.node)
        self.queue: Queue = self.make_queue()
        self.queue.owner = self
        self._subscriptions: list[Callable[[], None]] = []

    @property
    def component(self) -> str:
        """How it signs its Events; for controllers `<name>-controller`."""
        return f"{self.name}-controller"

    def make_queue(self) -> Queue:
        return WorkQueue(self.agenda)

    def start(self) -> None:
        """Wire the informers: `self.watch(…)`. Called once; existing objects arrive as ADDED at once."""
        raise NotImplementedError

    def stop(self) -> None:
        """The component was killed: take the handlers away."""
        for unsubscribe in self._subscriptions:
            unsubscribe()

    async def reconcile(self, key: str) -> Result | None:
        """Bring actual towards desired for `key`; None means DONE."""
        raise NotImplementedError

    @property
    def now(self) -> float:
        """Virtual time in seconds since the Unix epoch."""
        return self.agenda.now

    def enqueue(self, key: Key | str, cause: int = 0) -> None:
        self.queue.add(str(key), cause)  # type: ignore[attr-defined]

    def watch(self, resource: str, handler: Callable[[WatchEvent], None] | None = None, **indexes: Any) -> Any:
        """The informer of `resource`, with `handler` (default: enqueue the object itself) on its changes."""
        informer = self.informers(resource, **indexes)
        self._subscriptions.append(informer.on_event(handler or self._enqueue_object))
        return informer

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


def by_controller_uid(obj: Obj) -> list[str]:
    """Index function: the uid of the controlling owner."""
    owner = controller_of(obj)
    return [owner["uid"]] if owner else []
