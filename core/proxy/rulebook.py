"""The rules of a cluster's Services, worked out once for all the kube-proxies of a process.

Every node has the same rules but for Services that prefer endpoints of the same node, so what is rendered for one node
serves the others: per Service, kept until it or its slices change; and as a whole text, for all nodes that agree in which
endpoints are theirs. Each kube-proxy still decides for itself when it syncs, and writes its own node's table: a proxy that
does not run leaves its node with the rules of the past.
"""

import weakref
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from core.client import Informer, Informers
from core.client.transport import WatchEvent
from core.kube.objects import Obj
from core.proxy.iptables import Rules, count_rules, rules_of, table_text
from core.proxy.services import ServicePort, service_of_slice, service_ports

SERVICES, SLICES = "services", "endpointslices.discovery.k8s.io"
OF_SERVICE = "kube-proxy: slices of a service"  # an index; its name is shared with every component of the process


@dataclass(frozen=True, slots=True)
class Table:
    """What one node's kernel is given."""

    text: str
    rules: int
    services: int


@dataclass(slots=True)
class Rendered:
    """One Service's ports. `shared` are the rules of those that are the same on each node."""

    shared: list[Rules] = field(default_factory=list)
    by_node: list[ServicePort] = field(default_factory=list)


class Rulebook:
    """Listens while at least one proxy does."""

    def __init__(self, informers: Informers) -> None:
        self._services: Informer = informers(SERVICES)
        self._slices: Informer = informers(SLICES, **{OF_SERVICE: _by_service})
        self._rendered: dict[str, Rendered] = {}
        self._stale: set[str] = set()
        self._tables: dict[tuple[Any, ...], Table] = {}
        self._waiting: dict[Callable[[int], None], bool] = {}  # proxies, and whether each was told of a change already
        self._subscriptions: list[Callable[[], None]] = []

    def subscribe(self, wake: Callable[[int], None]) -> Callable[[], None]:
        """Call `wake` with the revision of a change, once until `table` was asked for; answers how to end it."""
        if not self._waiting:
            self._subscriptions = [
                self._services.on_event(self._on_service),
                self._slices.on_event(self._on_slice),
            ]
        self._waiting[wake] = False
        return lambda: self._unsubscribe(wake)

    def table(self, node: str, wake: Callable[[int], None] | None = None) -> Table:
        """The table of `node` as of now; `wake` is told of the next change again."""
        if wake in self._waiting:
            self._waiting[wake] = False
        self._refresh()
        local = tuple(self._local_endpoints(node))
        table = self._tables.get(local)
        if table is None:
            text = table_text(self._parts(node))
            table = self._tables[local] = Table(text, count_rules(text), len(self._rendered))
        return table

    def _refresh(self) -> None:
        for key in self._stale:
            service = self._services.by_key(key)
            ports = service_ports(service, self._slices.indexed(OF_SERVICE, key)) if service else ()
            rendered = Rendered()
            for port in ports:
                if port.depends_on_node:
                    rendered.by_node.append(port)
                else:
                    rendered.shared.append(rules_of(port, ""))
            if rendered.shared or rendered.by_node:
                self._rendered[key] = rendered
            else:
                self._rendered.pop(key, None)
        if self._stale:
            self._stale.clear()
            self._tables.clear()

    def _local_endpoints(self, node: str) -> Iterator[tuple[Any, ...]]:
        """In what this node's rules may differ from another's."""
        for rendered in self._rendered.values():
            for port in rendered.by_node:
                local = port.local(node)
                if local:
                    yield (port.name, port.protocol, *local)

    def _parts(self, node: str) -> Iterator[Rules]:
        for _, rendered in sorted(self._rendered.items()):
            yield from rendered.shared
            for port in rendered.by_node:
                yield rules_of(port, node)

    def _on_service(self, event: WatchEvent) -> None:
        self._changed(str(event.key), event.revision)

    def _on_slice(self, event: WatchEvent) -> None:
        for obj in (event.object, event.old):
            if obj and (key := service_of_slice(obj)):
                self._changed(key, event.revision)

    def _changed(self, key: str, revision: int) -> None:
        self._stale.add(key)
        for wake, is_told in self._waiting.items():
            if not is_told:
                self._waiting[wake] = True
                wake(revision)

    def _unsubscribe(self, wake: Callable[[int], None]) -> None:
        self._waiting.pop(wake, None)
        if not self._waiting:
            for end in self._subscriptions:
                end()
            self._rendered.clear()
            self._tables.clear()


def _by_service(obj: Obj) -> Iterable[str]:
    key = service_of_slice(obj)
    return [key] if key else []


_rulebooks: "weakref.WeakKeyDictionary[Informers, Rulebook]" = weakref.WeakKeyDictionary()


def rulebook_of(informers: Informers) -> Rulebook:
    """The one rulebook of the process for a cluster."""
    book = _rulebooks.get(informers)
    if book is None:
        book = _rulebooks[informers] = Rulebook(informers)
    return book
