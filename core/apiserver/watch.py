"""A watch: the changes of one resource, or of one namespace, name or selection of it, as a client follows them.

A change may take an object into a selection or out of it: the watcher then sees ADDED or DELETED although the object was
only modified. A watcher that fell behind what is remembered gets one ERROR event, 410, and must list again. Nothing here
waits: `poll` says what is new since the last time, and whoever streams it is told by `core.journal.on_announcement` when
to poll. Reference: apiserver `pkg/storage/cacher`, KEP-3157 for `sendInitialEvents`.
"""

from typing import Any, Literal

from core.apiserver.listing import Predicate, invalid_option, order, parse_revision, predicate
from core.apiserver.watchcache import Event, WatchCache
from core.kube.conversion import from_stored, stored_row
from core.kube.errors import Expired
from core.kube.objects import Obj
from core.kube.requests import Request
from core.kube.resources import Resource

Type = Literal["ADDED", "MODIFIED", "DELETED", "BOOKMARK", "ERROR"]

INITIAL_EVENTS_END = "k8s.io/initial-events-end"
NEEDS_MATCH = "Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan"
NEEDS_INITIAL = "Forbidden: resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided"


class Watch:
    """One open watch. `closed` once it has ended by itself, after an ERROR event; `has_more` when a poll left some."""

    def __init__(self, row: Resource, request: Request, cache: WatchCache) -> None:
        """Raises BadRequest or Invalid on bad options."""
        options = request.options
        self.row = row
        self.stored = stored_row(row)
        self.namespace = request.namespace
        self.cache = cache
        self.closed = self.has_more = False
        self.bookmarks = is_set(options.get("allowWatchBookmarks"))
        self.matches: Predicate | None = predicate(self.stored, request)
        initial = options.get("sendInitialEvents")
        match = options.get("resourceVersionMatch")
        if initial is not None and match != "NotOlderThan":
            raise invalid_option("resourceVersionMatch", "FieldValueForbidden", NEEDS_MATCH)
        if initial is None and match:
            raise invalid_option("resourceVersionMatch", "FieldValueForbidden", NEEDS_INITIAL)
        start = parse_revision(options.get("resourceVersion"))
        self._synthetic = is_set(initial) if initial is not None else not start
        self._ends_initial = self._synthetic and initial is not None and self.bookmarks
        self.revision = start or 0
        if not self._synthetic and not start:
            self.revision = cache.revision

    def poll(self, room: int | None = None) -> list[dict[str, Any]]:
        """The watch events since the last call, oldest first: type, object and, of a change, its virtual `time`.

        No more changes than have `room`, in bytes of JSON, and one. A slow client holds no more old versions in memory than
        that, and when it has fallen out of the window it has to list again.
        """
        self.has_more = False
        if self.closed:
            return []
        if self._synthetic:
            return self._initial()
        try:
            events = self.cache.since(self.revision) if self.revision < self.cache.revision else []
        except Expired as error:
            self.closed = True
            return [_event("ERROR", error.status)]
        found: list[dict[str, Any]] = []
        size = 0
        for event in events:
            if room is not None and size >= room:
                self.has_more = True
                break
            self.revision = event.revision
            if event.resource == self.stored.name and (shown := self._seen(event)) is not None:
                found.append(shown | {"time": event.time})
                size += event.size
        return found

    def bookmark(self) -> dict[str, Any]:
        """An event that says only how far the watch has come, so that it can be resumed from there."""
        return self._bookmark({})

    def _initial(self) -> list[dict[str, Any]]:
        """The state to begin with, as if every object had just been added."""
        with self.cache.lock:
            objects = self.cache.all(self.stored.name, self.namespace)
            self.revision = max(self.cache.revision, self.revision)
        self._synthetic = False
        objects.sort(key=lambda obj: order(self.row, obj))
        found = [self._event("ADDED", obj) for obj in objects if self.matches is None or self.matches(obj)]
        if self._ends_initial:
            found.append(self._bookmark({"annotations": {INITIAL_EVENTS_END: "true"}}))
        return found

    def _seen(self, event: Event) -> dict[str, Any] | None:
        """How this watcher sees a change; None when it does not."""
        if self.namespace and event.key.namespace != self.namespace:
            return None
        if self.matches is None:
            return self._event(event.type, event.object)
        before = event.old is not None and self.matches(event.old)
        after = event.type != "DELETED" and self.matches(event.object)
        if after:
            return self._event("MODIFIED" if before else "ADDED", event.object)
        if not before or event.old is None:
            return None
        # The last state that matched, at the revision at which it stopped to.
        gone = dict(event.old, metadata=dict(event.old["metadata"], resourceVersion=str(event.revision)))
        return self._event("DELETED", gone)

    def _event(self, kind: Type, obj: Obj) -> dict[str, Any]:
        return _event(kind, from_stored(self.row, obj))

    def _bookmark(self, more: dict[str, Any]) -> dict[str, Any]:
        meta = {"resourceVersion": str(self.revision)} | more
        return _event("BOOKMARK", {"kind": self.row.kind, "apiVersion": self.row.api_version, "metadata": meta})


def is_set(value: Any) -> bool:
    """A boolean option as a query or a caller in-process gives it."""
    return value in (True, "true", "True", "TRUE", "t", "T", "1", 1)


def _event(kind: Type, obj: Obj) -> dict[str, Any]:
    return {"type": kind, "object": obj}
