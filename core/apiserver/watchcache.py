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

WINDOW = 10_000  # changes kept for watchers that resume; a version of a pod is some 8 KB here


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


def _share(obj: Obj, old: Obj) -> None:
    """Let a version use the parts that are equal in the one before: mostly the spec, which is most of a pod."""
    for field, value in obj.items():
        before = old.get(field)
        if value == before:
            obj[field] = before


class WatchCache:
    """All objects of one cluster as of `revision`."""

    def __init__(self, cluster_id: int, window: int = WINDOW) -> None:
        self.cluster_id = cluster_id
        self.lock = threading.RLock()
        self.revision = 0
        self.objects: dict[str, dict[Key, Obj]] = {}
        self.versions: dict[str, int] = {}  # resource → the revision of its newest change
        self.window: deque[Event] = deque(maxlen=window)
        self.window_start = 0  # every change after this revision is in the window
        self._load()

    def get(self, resource: str, namespace: str, name: str) -> Obj | None:
        return self.objects.get(resource, {}).get(Key(namespace, name))

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
            changes = changes_since(self.cluster_id, self.revision)
            if changes and changes[-1].revision - self.revision != len(changes):
                self._load()
            else:
                self.apply(changes)

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
        if change.value is None:
            *_, namespace, name = change.key.split("/")
            key = Key(namespace if row.namespaced else "", name)
            old = table.pop(key, None)
            if old is None:  # it was gone already when everything was read
                self.revision = change.revision
                return
            last = dict(old or {}, metadata=dict((old or {}).get("metadata", {}), resourceVersion=str(change.revision)))
            event = Event("DELETED", row.name, key, last, old, change.revision, change.actor, change.cause, change.time)
        else:
            is_parsed_here = obj is None
            if obj is None:
                obj = orjson.loads(change.value)
            obj["metadata"]["resourceVersion"] = str(change.revision)
            key = key_of(obj)
            old = table.get(key)
            if is_parsed_here and old is not None:
                _share(obj, old)
            table[key] = obj
            kind: Literal["ADDED", "MODIFIED"] = "MODIFIED" if old else "ADDED"
            event = Event(kind, row.name, key, obj, old, change.revision, change.actor, change.cause, change.time)
        self.versions[row.name] = change.revision
        self.window.append(event)
        self.revision = change.revision
        if len(self.window) == self.window.maxlen:
            self.window_start = self.window[0].revision

    def _load(self) -> None:
        """Read everything anew; whoever watches from before has to list again."""
        self.objects = {}
        self.window.clear()
        revision = Cluster.objects.values_list("revision", flat=True).get(pk=self.cluster_id)
        for name, value, mod in ClusterObject.objects.filter(cluster_id=self.cluster_id).values_list(
            "resource", "value", "revision"
        ):
            obj = orjson.loads(value)
            obj["metadata"]["resourceVersion"] = str(mod)
            self.objects.setdefault(name, {})[key_of(obj)] = obj
            revision = max(revision, mod)
        self.versions = dict.fromkeys(self.objects.keys() | self.versions.keys(), revision)
        self.revision = self.window_start = revision
