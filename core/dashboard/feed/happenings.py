"""A journal entry as the browser gets it, and the thinning of a flood.

What is drawn as a moving dot comes many times a second. A batch carries at most MOVING_MAX of each such kind; the rest is
told as a number, which the picture shows at the edge: it never pretends that nothing else happened.
"""

from collections import Counter
from collections.abc import Iterable
from typing import Any, NamedTuple

from core.dashboard.feed.sentences import cluster_event, event_gist, sentence
from core.kube.objects import Obj
from core.scheduler.scheduling import FITS

MOVING_MAX = 24  # dots of one kind in one batch
MOVING = frozenset({"raft.message", "raft.commit", "request", "reconcile", "runtime"})
MARKS = frozenset({"raft.role", "etcd.quorum", "fault", "clock", "component"})

# what the picture needs of each kind; everything else stays on the server for the inspector
FIELDS: dict[str, tuple[str, ...]] = {
    "raft.message": ("type", "from", "to", "term", "index", "entries", "commit", "reject", "lost"),
    "raft.role": ("member", "role", "term", "leader"),
    "raft.vote": ("member", "candidate", "term", "granted", "pre"),
    "raft.commit": ("member", "commit", "term"),
    "etcd.quorum": ("has", "alive", "needed"),
    "request": (
        "verb",
        "resource",
        "subresource",
        "namespace",
        "name",
        "code",
        "stages",
        "micros",
        "message",
        "waits",
        "patience",
        "of",
        "waited",
    ),
    "reconcile": ("loop", "key", "writes", "note", "retry_after"),
    "schedule": ("pod", "winner", "message", "filters", "totals"),
    "runtime": ("node", "call", "subject", "detail"),
    "packet": ("source", "destination", "hops", "verdict"),
    "fault": ("verb", "target", "peer"),
    "component": ("target", "state"),
    "loop": ("target", "loop", "fails", "error", "key"),
    "clock": ("paused", "speed", "stepped"),
}
NODES_MAX = 12  # nodes of one scheduling decision shown in the picture

Happening = dict[str, Any]


class Entry(NamedTuple):
    """The columns of a JournalEntry that are read."""

    seq: int
    time: float
    kind: str
    actor: str
    data: dict[str, Any]


def happening(entry: Entry) -> Happening:
    """One entry: kind, number, time, actor, the fields of its kind, and its sentence if it has one."""
    data = entry.data
    told: Happening = {"k": entry.kind, "s": entry.seq, "at": entry.time, "actor": entry.actor}
    told |= {name: data[name] for name in FIELDS.get(entry.kind, ()) if name in data}
    match entry.kind:
        case "raft.message":
            entries = told.get("entries")
            told["entries"] = len(entries) if isinstance(entries, list) else entries or 0
        case "request":
            told["stages"] = [list(line)[:3] for line in told.get("stages") or ()]
        case "schedule":
            told["nodes"] = decision_rows(told.pop("filters", None), told.pop("totals", None), told.get("winner"))
    if say := sentence(entry.kind, entry.actor, data):
        told["say"] = say
    return told


def decision_rows(
    filters: dict[str, str] | None, totals: dict[str, float] | None, winner: str | None = None
) -> list[list[Any]]:
    """A scheduling decision as [node, total score or null, why not]: the winner first, whom chance chose among the best."""
    scored = totals or {}
    rows: list[list[Any]] = [
        [name, scored.get(name), "" if said == FITS else said] for name, said in (filters or {}).items()
    ]
    return sorted(rows, key=lambda row: (row[0] != winner, bool(row[2]), -(row[1] or 0), row[0]))[:NODES_MAX]


def thin(entries: Iterable[Entry]) -> tuple[list[Happening], dict[str, int]]:
    """Happenings in order, and how many of each kind were left out because the batch was full."""
    told: list[Happening] = []
    seen: Counter[str] = Counter()
    left: Counter[str] = Counter()
    for entry in entries:
        seen[entry.kind] += 1
        if entry.kind not in MOVING or seen[entry.kind] <= MOVING_MAX or is_kept(entry):
            told.append(happening(entry))
        else:
            left[entry.kind] += 1
    return told, dict(left)


def is_kept(entry: Entry) -> bool:
    """Whether a moving kind is told however many there are: that a request waits, and that it does no longer."""
    return "waits" in entry.data or "of" in entry.data


def told_event(obj: Obj, revision: int, time: float, actor: str) -> Happening:
    """A Kubernetes Event object as a happening: it is part of the story."""
    about = obj.get("involvedObject") or obj.get("regarding") or {}
    return {
        "k": "event",
        "s": revision,
        "at": time,
        "actor": actor,
        "warn": obj.get("type") == "Warning",
        "reason": obj.get("reason", ""),
        "kind": about.get("kind", ""),
        "namespace": about.get("namespace", ""),
        "name": about.get("name", ""),
        "gist": event_gist(obj),
        "say": cluster_event(obj),
    }
