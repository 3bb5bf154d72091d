"""The requests of one critical section while they are decided: staged objects lie over the watch cache.

Each request sees what the requests before it in the batch did, although nothing is proposed to etcd until all are
decided: then all operations go at once, each with the revision it expects its key at. Revisions are predicted (the next
one is the section's plus the operations so far); should etcd number them otherwise, the answers are put right afterwards.
"""

import random
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field

import orjson

from core.apiserver.authorization import Authorizer
from core.apiserver.decoding import check_size
from core.apiserver.trace import Trace
from core.apiserver.watchcache import WatchCache
from core.etcd.group import Op, Transaction
from core.kube.errors import StoreFull
from core.kube.objects import Key, Obj
from core.kube.requests import Request
from core.kube.resources import Resource

STORED_MAX = 256 * 1024 * 1024  # bytes of JSON of one cluster's objects, which three processes hold in memory: thrice
# what ten thousand pods on a thousand nodes take. A real etcd stops at 2 GiB of database (--quota-backend-bytes).


@dataclass(slots=True)
class Batch:
    """`trace` belongs to the request being decided now."""

    section: Transaction
    cache: WatchCache
    authorizer: Authorizer
    random: random.Random
    staged: dict[str, dict[Key, Obj | None]] = field(default_factory=dict)
    ops: list[Op] = field(default_factory=list)
    written: list[Obj | None] = field(default_factory=list)  # the object each op puts; None where it deletes
    trace: Trace = field(default_factory=lambda: Trace(Request("", "")))
    _undo: list[tuple[str, Key, bool, Obj | None]] = field(default_factory=list)

    @property
    def now(self) -> float:
        return self.section.now

    @property
    def revision(self) -> int:
        """The newest revision, counting what is staged."""
        return self.section.revision + len(self.ops)

    def find(self, resource: str, namespace: str, name: str) -> Obj | None:
        key = Key(namespace, name)
        table = self.staged.get(resource)
        if table is not None and key in table:
            return table[key]
        current = self.cache.objects.get(resource)
        return current.get(key) if current else None

    def all(self, resource: str, namespace: str = "") -> Iterator[Obj]:
        """Every object of `resource`, of one namespace if given, in no particular but a repeatable order."""
        staged = self.staged.get(resource) or {}
        for key, obj in self.cache.objects.get(resource, {}).items():
            if key not in staged and (not namespace or key.namespace == namespace):
                yield obj
        for key, new in staged.items():
            if new is not None and (not namespace or key.namespace == namespace):
                yield new

    def new_uid(self) -> str:
        return str(uuid.UUID(int=self.random.getrandbits(128), version=4))

    def put(self, row: Resource, obj: Obj, old: Obj | None, request: Request) -> Obj:
        """Stage `obj` over `old` (None: it must not exist). It becomes shared: do not change it afterwards.

        Raises TooLarge and StoreFull.
        """
        meta = obj["metadata"]
        meta.pop("resourceVersion", None)
        value = orjson.dumps(obj)
        check_size(value)
        key = Key(meta.get("namespace", ""), meta["name"])
        growth = len(value) - self.cache.size(row.name, key)
        if growth > 0 and self.cache.stored + growth > STORED_MAX:
            raise StoreFull
        expected = int(old["metadata"]["resourceVersion"]) if old is not None else 0
        self._propose(row, meta, value, expected, request)
        self.written.append(obj)
        meta["resourceVersion"] = str(self.revision)
        self._stage(row.name, key, obj)
        self.trace.note("etcd", "put" if expected else "create", self.ops[-1].key)
        return obj

    def remove(self, row: Resource, old: Obj, request: Request) -> None:
        meta = old["metadata"]
        self._propose(row, meta, None, int(meta["resourceVersion"]), request)
        self.written.append(None)
        self._stage(row.name, Key(meta.get("namespace", ""), meta["name"]), None)
        self.trace.note("etcd", "delete", self.ops[-1].key)

    def roll_back(self, count: int) -> None:
        """Take back every operation after the first `count`: the request that staged them failed half-way."""
        while len(self.ops) > count:
            self.ops.pop()
            self.written.pop()
            resource, key, was_staged, before = self._undo.pop()
            if was_staged:
                self.staged[resource][key] = before
            else:
                del self.staged[resource][key]

    def _stage(self, resource: str, key: Key, obj: Obj | None) -> None:
        table = self.staged.setdefault(resource, {})
        self._undo.append((resource, key, key in table, table.get(key)))
        table[key] = obj

    def _propose(self, row: Resource, meta: Obj, value: bytes | None, expected: int, request: Request) -> None:
        namespace = meta.get("namespace", "")
        actor = request.user.name if request.user else ""
        key = row.storage_key(namespace, meta["name"])
        self.ops.append(Op(key, value, expected, row.name, namespace, meta["name"], meta["uid"], actor, request.cause))
