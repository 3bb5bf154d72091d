"""Informers: a local, indexed copy of a resource kept up by list and watch, and the handlers it calls.

Handlers only enqueue names. As with client-go's SharedInformerFactory, one informer a resource is shared by all the
components of a process; each component adds its own handlers and indexes.
"""

from collections.abc import Callable, Iterable, Iterator

from core.client.transport import Transport, WatchEvent
from core.kube.errors import Expired
from core.kube.objects import Key, Obj, key_of, revision_of

Handler = Callable[[WatchEvent], None]
IndexFunction = Callable[[Obj], Iterable[str]]


class Listed:
    """The event an informer makes of a listed object that it had not seen, or had seen differently."""

    __slots__ = ("actor", "cause", "key", "object", "old", "resource", "revision", "time", "type")

    def __init__(self, kind: str, resource: str, key: Key, obj: Obj, old: Obj | None) -> None:
        self.type = kind
        self.resource = resource
        self.key = key
        self.object = obj
        self.old = old
        self.revision = revision_of(obj)
        self.actor = ""
        self.cause = 0
        self.time = 0.0


class Informer:
    """One resource. Objects are shared and read-only."""

    def __init__(self, resource: str) -> None:
        self.resource = resource
        self.objects: dict[Key, Obj] = {}
        self._handlers: list[Handler] = []
        self._index_functions: dict[str, IndexFunction] = {}
        self._indexes: dict[str, dict[str, dict[Key, Obj]]] = {}
        self._value_handlers: dict[str, dict[str, list[Handler]]] = {}

    def get(self, namespace: str, name: str) -> Obj | None:
        return self.objects.get(Key(namespace, name))

    def by_key(self, key: str) -> Obj | None:
        """The object whose `Key` prints as `key` (`namespace/name`, or `name` for cluster-scoped ones)."""
        namespace, _, name = key.rpartition("/")
        return self.objects.get(Key(namespace, name))

    def __iter__(self) -> Iterator[Obj]:
        return iter(self.objects.values())

    def indexed(self, index: str, value: str) -> list[Obj]:
        """The objects for which the index function `index` named `value`, in the order they came."""
        return list(self._indexes[index].get(value, {}).values())

    def add_index(self, name: str, function: IndexFunction) -> None:
        """Index objects by the values `function` names for each. Adding a name again is harmless."""
        if name in self._index_functions:
            return
        self._index_functions[name] = function
        table: dict[str, dict[Key, Obj]] = {}
        for key, obj in self.objects.items():
            for value in function(obj):
                table.setdefault(value, {})[key] = obj
        self._indexes[name] = table

    def on_event(self, handler: Handler) -> Callable[[], None]:
        """Call `handler` for every change, and at once for every object already here. Answers its removal.

        What the handler raises at what is here is raised, and then it is not added."""
        for key, obj in list(self.objects.items()):
            handler(Listed("ADDED", self.resource, key, obj, None))
        self._handlers.append(handler)
        return lambda: self._handlers.remove(handler)

    def on_indexed(self, index: str, value: str, handler: Handler) -> Callable[[], None]:
        """As `on_event`, for the objects that the index `index` has under `value`, before or after the change.

        A thousand kubelets each hear of their own pods only, and a change costs one look-up, not a thousand calls.
        """
        handlers = self._value_handlers.setdefault(index, {}).setdefault(value, [])
        for obj in self.indexed(index, value):
            handler(Listed("ADDED", self.resource, key_of(obj), obj, None))
        handlers.append(handler)
        return lambda: handlers.remove(handler)

    def deliver(self, event: WatchEvent) -> None:
        """Take in one change and tell the handlers."""
        old = self.objects.get(event.key)
        if event.type == "DELETED":
            if old is None:
                return
            del self.objects[event.key]
        else:
            self.objects[event.key] = event.object
        new = None if event.type == "DELETED" else event.object
        concerned: list[Handler] = []
        for name, function in self._index_functions.items():
            values = self._reindex(self._indexes[name], function, event.key, old, new)
            if by_value := self._value_handlers.get(name):
                concerned += [handler for value in values for handler in by_value.get(value, ())]
        for handler in (*self._handlers, *concerned):
            handler(event)

    def replace(self, objects: Iterable[Obj]) -> None:
        """Take in a fresh list: what differs from the copy becomes events."""
        fresh = {key_of(obj): obj for obj in objects}
        for key in [key for key in self.objects if key not in fresh]:
            old = self.objects[key]
            self.deliver(Listed("DELETED", self.resource, key, old, old))
        for key, obj in fresh.items():
            known = self.objects.get(key)
            if known is None or revision_of(known) != revision_of(obj):
                self.deliver(Listed("MODIFIED" if known else "ADDED", self.resource, key, obj, known))

    def resync(self) -> None:
        """Tell the handlers of every object again: the periodic safety net against a missed event."""
        for key, obj in list(self.objects.items()):
            event = Listed("MODIFIED", self.resource, key, obj, obj)
            for handler in tuple(self._handlers):
                handler(event)
            for name, by_value in self._value_handlers.items():
                for value in self._index_functions[name](obj):
                    for handler in tuple(by_value.get(value, ())):
                        handler(event)

    def _reindex(
        self, table: dict[str, dict[Key, Obj]], function: IndexFunction, key: Key, old: Obj | None, new: Obj | None
    ) -> list[str]:
        """Answers every value concerned, those it has now first."""
        before = list(function(old)) if old else []
        after = list(function(new)) if new else []
        gone = [value for value in before if value not in after]
        for value in gone:
            bucket = table[value]
            bucket.pop(key, None)
            if not bucket:
                del table[value]
        for value in after:
            if new is not None:
                table.setdefault(value, {})[key] = new
        return after + gone


class Informers:
    """The informers of one process for one cluster, all at one revision."""

    def __init__(self, transport: Transport) -> None:
        self.transport = transport
        self.revision = 0
        self._informers: dict[str, Informer] = {}

    def __call__(self, resource: str, **indexes: IndexFunction) -> Informer:
        """The informer of `resource`, listed and up to this factory's revision."""
        informer = self._informers.get(resource)
        if informer is None:
            objects, revision = self.transport.list_all(resource)
            if self._informers and revision > self.revision:
                self.catch_up()  # so that none of this is told to the new one, whose list holds it
                objects, revision = self.transport.list_all(resource)
            informer = self._informers[resource] = Informer(resource)
            informer.replace(objects)
            if len(self._informers) == 1:
                self.revision = revision
            elif revision > self.revision:
                self.catch_up()
        for name, function in indexes.items():
            informer.add_index(name, function)
        return informer

    def catch_up(self) -> int:
        """Deliver every change since the last call, in the order they happened; answers how many."""
        try:
            events = self.transport.events_since(self.revision)
        except Expired:
            self.relist()
            return -1
        for event in events:
            self.revision = event.revision
            informer = self._informers.get(event.resource)
            if informer is not None:
                informer.deliver(event)
        return len(events)

    def relist(self) -> None:
        """List everything anew: after a gap, and periodically.

        Others may write between two lists, so watching goes on from the oldest of them: some changes come twice, none is
        missed.
        """
        revisions = []
        for informer in self._informers.values():
            objects, revision = self.transport.list_all(informer.resource)
            informer.replace(objects)
            revisions.append(revision)
        self.revision = min(revisions, default=self.revision)

    def resync(self) -> None:
        """Tell every handler of every object again."""
        for informer in self._informers.values():
            informer.resync()
