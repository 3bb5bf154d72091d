"""Reading what is new of one cluster from this process's watch cache and the journal, for the tail and the snapshot."""

from collections import Counter
from typing import Any

from core.apiserver.server import ApiServer
from core.controllers import REGISTRY as CONTROLLERS
from core.dashboard.feed.batches import Batch, Position, batch, changes
from core.dashboard.feed.compact import COMPACT, columns, compact
from core.dashboard.feed.happenings import MARKS, Entry, Happening, happening, told_event
from core.dashboard.feed.sentences import SENTENCES
from core.engine.clock import WallClock
from core.engine.status import cluster_status
from core.kube.objects import Obj, key_of, revision_of
from core.kube.times import parse_timestamp
from core.models import Cluster, JournalEntry, Revision

BEHIND_MAX = 5000  # changes or entries a browser may be behind and still catch up; beyond, a snapshot is cheaper
HISTORY = 300.0  # virtual seconds the time bar shows
STORY = 80
EVENTS = STORY // 2
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
    made = batch(events, entries, Position(revision, entries[-1].seq if entries else since.seq))
    made["now"] = WallClock().now(cluster)
    return made


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
        "journal": recent(journal, now) + recent_events(server, revision),
        "counts": activity(cluster, now),
    }


def recent(journal: Any, now: float) -> list[Happening]:
    """The story so far, the marks of the time bar, the last requests: each once, in order."""
    told = rows(journal.filter(kind__in=SENTENCES).order_by("-seq")[:STORY])
    marks = rows(journal.filter(kind__in=MARKS, time__gte=now - HISTORY).order_by("-seq")[:200])
    requests = rows(journal.filter(kind="request").order_by("-seq")[:REQUESTS])
    reconciles = rows(journal.filter(kind="reconcile").order_by("-seq")[:60])
    by_seq = {entry.seq: entry for entry in (*told, *marks, *requests, *reconciles)}
    return [happening(by_seq[seq]) for seq in sorted(by_seq)]


def recent_events(server: ApiServer, revision: int) -> list[Happening]:
    """The newest Events of the cluster, told with their own time; and how many older ones are not told, for what is counted
    of them is then not all that happened."""
    found = server.cache.all("events")
    found.sort(key=revision_of)
    newest = found[-EVENTS:]
    told = [told_event(obj, min(revision, revision_of(obj)), stamp_of(obj), "") for obj in newest]
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
