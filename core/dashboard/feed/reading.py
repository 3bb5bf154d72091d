"""Reading what is new of one cluster from this process's watch cache and the journal, for the tail and the snapshot."""

from collections import Counter
from collections.abc import Sequence
from typing import Any
from weakref import WeakKeyDictionary

from core.apiserver.server import ApiServer
from core.controllers import REGISTRY as CONTROLLERS
from core.dashboard.feed.batches import (
    DID,
    UNTOLD,
    Batch,
    Changed,
    Position,
    batch,
    changes,
    links,
    root_of,
    told_schedule,
)
from core.dashboard.feed.compact import COMPACT, columns, compact
from core.dashboard.feed.happenings import MARKS, Entry, Happening, Written, happening, told_event, told_write
from core.dashboard.feed.lineage import COMPONENTS, Lineage, Link
from core.dashboard.feed.sentences import SENTENCES
from core.engine.clock import WallClock
from core.engine.status import cluster_status
from core.kube.objects import Obj, key_of, revision_of
from core.kube.resources import REGISTRY
from core.kube.times import parse_timestamp
from core.models import Cluster, JournalEntry, Revision

BEHIND_MAX = 5000  # changes or entries a browser may be behind and still catch up; beyond, a snapshot is cheaper
HISTORY = 300.0  # virtual seconds the time bar shows
STORY = 80
EVENTS = STORY // 2
WRITES = 20
REQUESTS = 12
OLDER = "before this page was opened: {count} more Events, in the panels of their objects"


class TooOld(Exception):
    """The position asked for has fallen out of the window: take a new snapshot."""


def read_batch(server: ApiServer, since: Position) -> Batch:
    """Everything after `since`. Raises TooOld, Cluster.DoesNotExist; kube.errors.Expired means TooOld too."""
    cluster = Cluster.objects.get(pk=server.cluster_id)
    if cluster.revision < since.revision or cluster.journal_seq < since.seq:
        raise TooOld  # this is another cluster of the same name
    if max(cluster.revision - since.revision, cluster.journal_seq - since.seq) > BEHIND_MAX:
        raise TooOld
    entries = [] if cluster.journal_seq == since.seq else entries_after(cluster, since.seq)
    server.cache.catch_up()
    events = changes(server.cache.since(since.revision))
    revision = events[-1].revision if events else since.revision
    at = Position(revision, entries[-1].seq if entries else since.seq)
    made = batch(events, entries, at, lineage_of(server, events))
    made["now"] = WallClock().now(cluster)
    return made


_lineages: WeakKeyDictionary[ApiServer, Lineage] = WeakKeyDictionary()


def lineage_of(server: ApiServer, events: Sequence[Changed] = ()) -> Lineage:
    """Who began what, up to the newest change: of `events` where they join on to what is known, else read anew."""
    lineage = _lineages.setdefault(server, Lineage())
    if not events or events[0].revision > lineage.revision + 1:
        found = Revision.objects.filter(cluster_id=server.cluster_id, revision__gt=lineage.revision).order_by(
            "-revision"
        )
        rows = found.values_list("revision", "key", "resource", "actor", "cause")[:BEHIND_MAX]
        lineage.follow(Link(row[0] or 0, thing_of(row[1], row[2]), row[3], row[4]) for row in reversed(rows))
    lineage.follow(links(events))
    return lineage


def thing_of(path: str, resource: str) -> str:
    """`pods/default/web-1` of the etcd key `/registry/pods/default/web-1`."""
    row = REGISTRY.get(resource)
    tail = path.rsplit("/", 2 if row is not None and row.namespaced else 1)[1:]
    return f"{resource}/{'/'.join(tail)}"


def recent_writes(cluster: Cluster, now: float) -> list[Happening]:
    """What people wrote lately: where the story's chapters begin."""
    found = Revision.objects.filter(
        cluster=cluster,
        revision__gt=cluster.revision - BEHIND_MAX,
        revision__lte=cluster.revision,
        time__gte=now - HISTORY,
    ).order_by("-revision")
    columns = ("revision", "time", "actor", "resource", "key", "version", "value")
    people = [
        row
        for row in found.exclude(actor__startswith=COMPONENTS).values_list(*columns)[:WRITES]
        if row[3] not in UNTOLD
    ]
    return [told_write(written(*row)) for row in reversed(people)]


def written(
    revision: int, time: float, actor: str, resource: str, path: str, version: int, value: str | None
) -> Written:
    row = REGISTRY.get(resource)
    did = DID["DELETED"] if value is None else DID["ADDED"] if version == 1 else DID["MODIFIED"]
    key = thing_of(path, resource).removeprefix(f"{resource}/")
    return Written(revision, time, actor, did, row.kind if row else resource, resource, key)


def entries_after(cluster: Cluster, seq: int) -> list[Entry]:
    return rows(JournalEntry.objects.filter(cluster=cluster, seq__gt=seq).order_by("seq"))


def rows(query: Any) -> list[Entry]:
    return [Entry(*row) for row in query.values_list("seq", "time", "kind", "actor", "data")]


PARTS = ("profile", "etcd", "components", "faults", "failures")


def status_of(cluster: Cluster) -> dict[str, Any]:
    """The cluster's status without what moves by itself, so that equal means unchanged, and without the nodes: the picture
    has their objects, and to read those of a thousand nodes for every batch would take longer than a batch."""
    status = cluster_status(cluster, nodes=False)
    return {name: status[name] for name in PARTS} | {"clock": {"speed": cluster.speed, "paused": cluster.paused}}


def status_at(cluster: Cluster) -> Position:
    """The position that a status read just now holds at least: it was read after the cluster's row."""
    return Position(cluster.revision, cluster.journal_seq)


def snapshot(server: ApiServer) -> dict[str, Any]:
    """The whole picture: objects as columns, status, and the recent past. The journal is read first: what happens
    meanwhile is then told twice rather than never, and the browser drops what it has."""
    cluster = Cluster.objects.get(pk=server.cluster_id)
    now = WallClock().now(cluster)
    journal = JournalEntry.objects.filter(cluster=cluster, seq__lte=cluster.journal_seq)
    server.cache.catch_up()
    with server.cache.lock:
        revision = server.cache.revision
        tables = {resource: list(server.cache.objects.get(resource, {}).values()) for resource in COMPACT}
    objects = {}
    for resource, found in tables.items():
        states = {str(key_of(obj)): state for obj in found if (state := compact(resource, obj)) is not None}
        objects[resource] = columns(states)
    return {
        "t": "snapshot",
        "at": [revision, cluster.journal_seq],
        "now": now,
        "started": first_time(cluster),
        "status": status_of(cluster),
        "status_at": list(status_at(cluster)),
        "loops": [loop.name for loop in CONTROLLERS.values()],
        "objects": objects,
        "journal": told_so_far(server, cluster, journal, now, revision),
        "counts": activity(cluster, now),
    }


def told_so_far(server: ApiServer, cluster: Cluster, journal: Any, now: float, revision: int) -> list[Happening]:
    """The journal's part, then what people wrote and what Events say of it, in the order of the cluster's time."""
    lineage = lineage_of(server)
    story = [*recent_writes(cluster, now), *recent_events(server, revision, lineage)]
    story.sort(key=lambda one: one["at"])
    return [told_schedule(one, lineage) for one in recent(journal, now)] + story


def recent(journal: Any, now: float) -> list[Happening]:
    """The story so far, the marks of the time bar, the last requests: each once, in order."""
    told = rows(journal.filter(kind__in=SENTENCES).order_by("-seq")[:STORY])
    marks = rows(journal.filter(kind__in=MARKS, time__gte=now - HISTORY).order_by("-seq")[:200])
    requests = rows(journal.filter(kind="request").order_by("-seq")[:REQUESTS])
    reconciles = rows(journal.filter(kind="reconcile").order_by("-seq")[:60])
    by_seq = {entry.seq: entry for entry in (*told, *marks, *requests, *reconciles)}
    return [happening(by_seq[seq]) for seq in sorted(by_seq)]


def recent_events(server: ApiServer, revision: int, lineage: Lineage) -> list[Happening]:
    """The newest Events of the cluster, told with their own time; and how many older ones are not told, for what is counted
    of them is then not all that happened."""
    found = server.cache.all("events")
    found.sort(key=revision_of)
    newest = found[-EVENTS:]
    told = [
        told_event(obj, min(revision, revision_of(obj)), stamp_of(obj), "", root_of(obj, lineage)) for obj in newest
    ]
    if left := len(found) - len(newest):
        told.insert(0, {"k": "more", "s": 0, "at": stamp_of(newest[0]), "actor": "", "say": OLDER.format(count=left)})
    return told


def stamp_of(event: Obj) -> float:
    text = event.get("lastTimestamp") or event.get("eventTime") or event["metadata"].get("creationTimestamp")
    return parse_timestamp(text) if text else 0.0


def activity(cluster: Cluster, now: float) -> list[tuple[int, int]]:
    """Changes by virtual second, over the time bar's span or the newest ones."""
    found = Revision.objects.filter(
        cluster=cluster, revision__gt=cluster.revision - BEHIND_MAX, time__gte=now - HISTORY
    )
    return sorted(Counter(int(seconds) for seconds in found.values_list("time", flat=True)).items())


def first_time(cluster: Cluster) -> float:
    """When the cluster's life began, in its own time."""
    found = Revision.objects.filter(cluster=cluster).order_by("revision").values_list("time", flat=True).first()
    return cluster.clock_base if found is None else found
