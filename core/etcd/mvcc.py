"""The key space and its history: every change has a revision, and old revisions stay readable until compaction.

`Revision` rows are the history, `ClusterObject` rows the newest version of each key. Only what Raft committed gets here.
The comparison of an operation (`expected`) is made when it is applied, as in an etcd Txn: an entry that commits late,
after a lost quorum, compares against what is there by then. Simplified: one key a transaction, no leases.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

from django.db import connection

from core.models import Cluster

CHUNK = 500  # keys in one statement


@dataclass(slots=True)
class Op:
    """One proposed change: put (`value` is the JSON text) or delete (`value` None) of `key`.

    expected    mod_revision the key must have when this is applied; 0: must not exist; None: whatever there is
    resource, namespace, name, uid   columns of `ClusterObject`
    """

    key: str
    value: bytes | None
    expected: int | None
    resource: str
    namespace: str
    name: str
    uid: str
    actor: str = ""
    cause: int = 0


@dataclass(slots=True)
class Change:
    """One applied change, as watchers see it. `value` is None for a deletion; `prev_revision` 0 for a creation."""

    revision: int
    key: str
    value: bytes | None
    prev_revision: int
    create_revision: int
    version: int
    actor: str
    cause: int
    time: float


class Failure(Enum):
    """NO_LEADER: nothing was proposed. TIMEOUT: no majority confirmed the entry; it may still be applied later."""

    COMPARE = "compare failed"
    NO_LEADER = "etcdserver: no leader"
    TIMEOUT = "etcdserver: request timed out"


Outcome = Change | Failure


class CompactedError(LookupError):
    """etcd's ErrCompacted: the wanted revision lies before the oldest that is kept."""

    def __init__(self, revision: int, compacted: int) -> None:
        super().__init__("etcdserver: mvcc: required revision has been compacted")
        self.revision = revision
        self.compacted = compacted


class Version(NamedTuple):
    """Where a key stands: its newest change, its creation, and the changes since."""

    revision: int
    create_revision: int
    version: int


@dataclass(frozen=True, slots=True)
class Entry:
    """A committed operation and the Raft entry that carried it."""

    term: int
    index: int
    op: Op


def decide(entries: Sequence[Entry], revision: int, current: dict[str, Version], now: float) -> list[Outcome]:
    """Apply `entries` in order on a store at `revision`, whose touched keys are at `current` (brought up to date)."""
    outcomes: list[Outcome] = []
    for entry in entries:
        op = entry.op
        before = current.get(op.key)
        if (op.expected is not None and op.expected != (before.revision if before else 0)) or (
            op.value is None and before is None
        ):
            outcomes.append(Failure.COMPARE)
            continue
        revision += 1
        mod, created, version = before or (0, revision, 0)
        version = version + 1 if op.value is not None else 0
        outcomes.append(Change(revision, op.key, op.value, mod, created, version, op.actor, op.cause, now))
        if op.value is None:
            del current[op.key]
        else:
            current[op.key] = Version(revision, created, version)
    return outcomes


def current_versions(cluster_id: int, keys: Sequence[str]) -> dict[str, Version]:
    found: dict[str, Version] = {}
    with connection.cursor() as cursor:
        for start in range(0, len(keys), CHUNK):
            some = keys[start : start + CHUNK]
            cursor.execute(
                "SELECT key, revision, create_revision, version FROM core_clusterobject WHERE cluster_id = %s"
                f" AND key IN ({', '.join(['%s'] * len(some))})",
                [cluster_id, *some],
            )
            found.update((key, Version(*rest)) for key, *rest in cursor.fetchall())
    return found


def write_changes(cluster_id: int, changes: Iterable[Change], ops: Mapping[str, Op]) -> None:
    """Bring the newest versions up to date. `ops` gives the columns of each key's newest operation."""
    newest = {change.key: change for change in changes}
    gone = [(cluster_id, key) for key, change in newest.items() if change.value is None]
    puts = [
        (
            cluster_id, key, (op := ops[key]).resource, op.namespace, op.name, op.uid, change.revision,
            change.create_revision, change.version, change.value.decode(),
        )
        for key, change in newest.items()
        if change.value is not None
    ]  # fmt: skip
    with connection.cursor() as cursor:
        if gone:
            cursor.executemany("DELETE FROM core_clusterobject WHERE cluster_id = %s AND key = %s", gone)
        if puts:
            cursor.executemany(
                "INSERT INTO core_clusterobject (cluster_id, key, resource, namespace, name, uid, revision,"
                " create_revision, version, value) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"
                " ON CONFLICT (cluster_id, key) DO UPDATE SET uid = excluded.uid, revision = excluded.revision,"
                " create_revision = excluded.create_revision, version = excluded.version, value = excluded.value",
                puts,
            )


def changes_since(cluster_id: int, revision: int, limit: int = 100_000) -> list[Change]:
    """Applied changes after `revision`, oldest first."""
    columns = "revision, key, value, prev_revision, create_revision, version, actor, cause, time"
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {columns} FROM core_revision WHERE cluster_id = %s AND revision > %s ORDER BY revision LIMIT %s",
            [cluster_id, revision, limit],
        )
        return [Change(row[0], row[1], _bytes(row[2]), *row[3:]) for row in cursor.fetchall()]


def get(cluster: Cluster, key: str, revision: int | None = None) -> Change | None:
    """The version of `key` at `revision` (None: now). Raises CompactedError."""
    found, _ = range_at(cluster, key, revision, exact=True)
    return found[0] if found else None


def range_at(
    cluster: Cluster, prefix: str, revision: int | None = None, *, limit: int = 0, after: str = "", exact: bool = False
) -> tuple[list[Change], int]:
    """The live keys that start with `prefix` (or are it) at `revision`, by key; and how many there are after `after`.

    limit   at most so many (0: all); go on with `after` set to the last key seen and the same revision
    """
    at = cluster.revision if revision is None else revision
    if at < cluster.compacted:
        raise CompactedError(at, cluster.compacted)
    low, high = (prefix, prefix) if exact else (prefix, prefix + "\U0010ffff")
    where = (
        " FROM core_revision r JOIN (SELECT key, MAX(revision) AS newest FROM core_revision WHERE cluster_id = %s"
        " AND revision <= %s AND key >= %s AND key <= %s AND key > %s GROUP BY key) n ON r.revision = n.newest"
        " AND r.key = n.key WHERE r.cluster_id = %s AND r.value IS NOT NULL"
    )
    given: list[int | str] = [cluster.pk, at, low, high, after, cluster.pk]
    columns = "r.revision, r.key, r.value, r.prev_revision, r.create_revision, r.version, r.actor, r.cause, r.time"
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {columns}{where} ORDER BY r.key" + (f" LIMIT {int(limit)}" if limit else ""), given)
        found = [Change(row[0], row[1], _bytes(row[2]), *row[3:]) for row in cursor.fetchall()]
        if not limit or len(found) < limit:
            return found, len(found)
        cursor.execute(f"SELECT COUNT(*){where}", given)
        return found, cursor.fetchone()[0]


def compact(cluster: Cluster, revision: int) -> None:
    """Forget the versions that no read at or after `revision` can see; the caller saves the row. Raises CompactedError."""
    if revision <= cluster.compacted or revision > cluster.revision:
        raise CompactedError(revision, cluster.compacted)
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM core_revision WHERE cluster_id = %s AND revision <= %s AND (value IS NULL OR revision <"
            " (SELECT MAX(n.revision) FROM core_revision n WHERE n.cluster_id = core_revision.cluster_id"
            " AND n.key = core_revision.key AND n.revision <= %s))",
            [cluster.pk, revision, revision],
        )
    cluster.compacted = revision


def _bytes(text: str | None) -> bytes | None:
    return None if text is None else text.encode()
