"""What happened between two positions, as one batch for the browser. Pure, but for what it is handed.

A position is (revision of the store, number of the journal entry): both are in the database, so a browser may resume at
any process, also after a restart of the server.
"""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from core.dashboard.feed.compact import COMPACT, compact
from core.dashboard.feed.happenings import Entry, thin, told_event
from core.kube.objects import Key, Obj

Batch = dict[str, Any]
EVENTS_MAX = 40  # Events told of one batch; how many more there were is told as a number
DIGITS_MAX = 18  # of a number in an address


def is_number(text: str) -> bool:
    """Whether it is a number of a sane length (`"²".isdigit()` holds, but is none)."""
    return text.isdecimal() and len(text) <= DIGITS_MAX


class Position(NamedTuple):
    revision: int
    seq: int

    @classmethod
    def parse(cls, text: str) -> "Position | None":
        """`1279.88` as the browser sends it back; None when it is not one."""
        revision, _, seq = text.partition(".")
        return cls(int(revision), int(seq)) if is_number(revision) and is_number(seq) else None


class Changed(NamedTuple):
    """One change of an object, in the order of the store (a `WatchCache` event has all of this)."""

    type: str
    resource: str
    key: Key
    object: Obj
    revision: int
    actor: str
    time: float


def changes(events: Iterable[Any]) -> list[Changed]:
    return [Changed(e.type, e.resource, e.key, e.object, e.revision, e.actor, e.time) for e in events]


def batch(events: Sequence[Changed], entries: Sequence[Entry], at: Position) -> Batch:
    """The batch that brings a browser to `at`. Per object only its newest state travels (last write wins).

    objects  [resource, key, compact state or null when it is gone, who wrote it, its revision]
    counts   changes by virtual second, for the time bar
    """
    newest: dict[tuple[str, str], list[Any]] = {}
    told_events = []
    counts: dict[int, int] = {}
    for event in events:
        counts[int(event.time)] = counts.get(int(event.time), 0) + 1
        if event.resource == "events" and event.type != "DELETED":
            told_events.append(told_event(event.object, event.revision, event.time, event.actor))
        if event.resource not in COMPACT:
            continue
        key = str(event.key)
        state = None if event.type == "DELETED" else compact(event.resource, event.object)
        if state is None and event.type != "DELETED":
            continue
        newest.pop((event.resource, key), None)
        newest[event.resource, key] = [event.resource, key, state, event.actor, event.revision]
    told, more = thin(entries)
    made: Batch = {
        "t": "batch",
        "at": list(at),
        "objects": list(newest.values()),
        "journal": told + told_events[-EVENTS_MAX:],
    }
    if len(told_events) > EVENTS_MAX:
        more["event"] = len(told_events) - EVENTS_MAX
    if counts:
        made["counts"] = sorted(counts.items())
    if more:
        made["more"] = more
    return made
