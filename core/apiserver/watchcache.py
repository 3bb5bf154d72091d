"""The watch cache: every current object of one cluster in memory, and the window of recent changes.

It follows the revision log, so any process has it: under the cluster's lock it is caught up before requests are decided,
and after the commit the process's own changes are put in without reading them back. Objects are shared and read-only.
Behaves like the real server's Cacher (staging/src/k8s.io/apiserver/pkg/storage/cacher).
"""

import threading
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import orjson

from core.etcd.group import Change, changes_since
from core.kube.errors import Expired
from core.kube.objects import Key, Obj, key_of
from core.kube.resources import resource_of_key
from core.models import Cluster, ClusterObject

WINDOW = 10_000  # changes kept for watchers that resume
WINDOW_BYTES = (
    32 * 1024 * 1024
)  # of JSON in them: ten thousand changes of an object of usual size, thirty of the largest
PORTION = 64  # changes read at once: a process may have slept while a client wrote a thousand of a megabyte each


@dataclass(slots=True, frozen=True)
class Event:
    """One change as a watcher sees it. `old` is the object before; a DELETED event's `object` is its last state."""

    type: Literal["ADDED", "MODIFIED", "DELETED"]
    resource: str
    key: Key
    object: Obj
    old: Obj | None
    revision: int
    actor: str
    cause: int
    time: float
    size: int  # bytes of JSON of the larger of `object` and `old`, which it keeps in memory


def _share(obj: Obj, old: Obj) -> None:
    """Let a version use the parts that are equal in the one before: mostly the spec, which is most of a pod."""
    for field, value in obj.items():
        before = old.get(field)
        if value == before:
            obj[field] = before


class WatchCache:
    """All objects of one cluster as of `revision`.

    The window holds `window` changes at most, and their sizes add up to at most `window_bytes` or it holds one.
    """

    def __init__(self, cluster_id: int, window: int = WINDOW, window_bytes: int = WINDOW_BYTES) -> None:
        self.cluster_id = cluster_id
        self.lock = threading.RLock()
        self.revision = 0
        self.objects: dict[str, dict[Key, Obj]] = {}
        self.sizes: dict[str, dict[Key, int]] = {}  # bytes of JSON of each object, and
        self.stored = 0  # of all
        self.versions: dict[str, int] = {}  # resource → the revision of its newest change
        self.window: deque[Event] = deque()
        self.window_max, self.window_bytes_max = window, window_bytes
        self.window_bytes = 0
        self.window_start = 0  # every change after this revision is in the window
        self._load()

    def get(self, resource: str, namespace: str, name: str) -> Obj | None:
        return self.objects.get(resource, {}).get(Key(namespace, name))

    def size(self, resource: str, key: Key) -> int:
        """Bytes of JSON of an object; 0 if it is not there."""
        return self.sizes.get(resource, {}).get(key, 0)

    def all(self, resource: str, namespace: str = "") -> list[Obj]:
        """Every object of `resource`, of one namespace if given, ordered by key as etcd would."""
        with self.lock:
            table = self.objects.get(resource, {})
            return [table[key] for key in sorted(key for key in table if not namespace or key.namespace == namespace)]

    def since(self, revision: int) -> list[Event]:
        """The changes after `revision`, oldest first. Expired when they are no longer in the window."""
        with self.lock:
            if revision < self.window_start:
                raise Expired(f"too old resource version: {revision} ({self.window_start})")
            found: list[Event] = []
            for event in reversed(self.window):
                if event.revision <= revision:
                    break
                found.append(event)
            found.reverse()
            return found

    def catch_up(self) -> None:
        """Take in what other processes committed; revisions have no gaps, so one that shows was compacted away."""
        with self.lock:
            while changes := changes_since(self.cluster_id, self.revision, PORTION):
                if changes[-1].revision - self.revision != len(changes):
                    self._load()
                    return
                self.apply(changes)
                if len(changes) < PORTION:
                    return

    def apply(self, changes: Iterable[Change], parsed: dict[int, Obj] | None = None) -> None:
        """Take in `changes`, in order. `parsed` holds the objects of those the caller has at hand, by revision."""
        with self.lock:
            fresh = [change for change in changes if change.revision > self.revision]
            if fresh and fresh[0].revision != self.revision + 1:
                self.catch_up()  # others committed in between
                return
            for change in fresh:
                self._apply(change, (parsed or {}).get(change.revision))

    def _apply(self, change: Change, obj: Obj | None) -> None:
        row = resource_of_key(change.key)
        table = self.objects.setdefault(row.name, {})
        sizes = self.sizes.setdefault(row.name, {})
        if change.value is None:
            *_, namespace, name = change.key.split("/")
            key = Key(namespace if row.namespaced else "", name)
            old = table.pop(key, None)
            if old is None:  # it was gone already when everything was read
                self.revision = change.revision
                return
            last = dict(old or {}, metadata=dict((old or {}).get("metadata", {}), resourceVersion=str(change.revision)))
            kind: Literal["ADDED", "MODIFIED", "DELETED"] = "DELETED"
            size = sizes.pop(key, 0)
            self.stored -= size
        else:
            is_parsed_here = obj is None
            if obj is None:
                obj = orjson.loads(change.value)
            obj["metadata"]["resourceVersion"] = str(change.revision)
            key = key_of(obj)
            old = table.get(key)
            if is_parsed_here and old is not None:
                _share(obj, old)
            table[key] = last = obj
            kind = "MODIFIED" if old else "ADDED"
            before, after = sizes.get(key, 0), len(change.value)
            sizes[key], size = after, max(before, after)
            self.stored += after - before
        self.versions[row.name] = self.revision = change.revision
        self._remember(
            Event(kind, row.name, key, last, old, change.revision, change.actor, change.cause, change.time, size)
        )

    def _remember(self, event: Event) -> None:
        """Put a change into the window; what no longer fits falls out, and who watches from before it lists again."""
        self.window.append(event)
        self.window_bytes += event.size
        while len(self.window) > self.window_max or (
            self.window_bytes > self.window_bytes_max and len(self.window) > 1
        ):
            gone = self.window.popleft()
            self.window_bytes -= gone.size
            self.window_start = gone.revision

    def _load(self) -> None:
        """Read everything anew; whoever watches from before has to list again."""
        self.objects, self.sizes = {}, {}
        self.window.clear()
        self.window_bytes = 0
        revision = Cluster.objects.values_list("revision", flat=True).get(pk=self.cluster_id)
        for name, value, mod in ClusterObject.objects.filter(cluster_id=self.cluster_id).values_list(
            "resource", "value", "revision"
        ):
            obj = orjson.loads(value)
            obj["metadata"]["resourceVersion"] = str(mod)
            key = key_of(obj)
            self.objects.setdefault(name, {})[key] = obj
            self.sizes.setdefault(name, {})[key] = len(value.encode())
            revision = max(revision, mod)
        self.stored = sum(sum(sizes.values()) for sizes in self.sizes.values())
        self.versions = dict.fromkeys(self.objects.keys() | self.versions.keys(), revision)
        self.revision = self.window_start = revision
