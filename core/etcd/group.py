"""The etcd group of one cluster: one critical section at a time.

A `Transaction` holds the cluster's lock, and is the only way to change anything in the store. It lets Raft catch up with
virtual time, hands operations to the leader as entries, carries messages between the members until nothing moves
(`wires`), and applies what is committed (`mvcc`). All of it is one database transaction: either the members' disks, the
history and the journal have it, or none has.

A settled group (every member that can be reached follows the leader and holds its log) needs no time to pass: its
heartbeats would change nothing and are implied. A fault unsettles it; then each section lets the ticks pass that are due,
until it has settled again, or is parked because no majority can meet.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import orjson
from django.db import connection

from core.etcd import mvcc
from core.etcd.lock import locked
from core.etcd.majority import Verdict, verdict
from core.etcd.members import Member, Roster
from core.etcd.mvcc import Change, Entry, Failure, Op, Outcome, changes_since
from core.etcd.raft import Role
from core.etcd.status import describe
from core.etcd.wires import Wires
from core.models import Cluster, EtcdMember, JournalEntry

__all__ = ["Change", "Failure", "Group", "Op", "Outcome", "Transaction", "changes_since"]

TICK = 0.1  # virtual seconds
CATCH_UP_MAX = 100  # ticks in one section; an election needs about twenty
FIRST_ELECTION_MAX = 200  # ticks
SNAPSHOT_COUNT = 10_000  # entries after which a member compacts its log
SNAPSHOT_KEEP = 5_000  # entries kept for slow followers; both are etcd's defaults

State = EtcdMember.State


class Transaction:
    """One critical section. `revision` is the newest applied one; `changes` everything applied within this section."""

    def __init__(self, cluster: Cluster, now: float, roster: Roster, *, watched: bool = False) -> None:
        self.cluster = cluster
        self.now = now
        self.changes: list[Change] = []
        self.journal: list[JournalEntry] = []
        self.on_commit: list[Callable[[], None]] = []
        self.roster = roster
        self.members: list[Member] = roster.load(cluster.seed)
        self.wires = Wires(roster, cluster, self.record, watched=watched)
        self._time = now  # of what is being journaled
        self._ops: dict[str, Op] = {}
        self._proposed: dict[tuple[int, int], Op] = {}  # entries of this section, by (term, index)
        self._outcomes: dict[tuple[int, int], Outcome] = {}
        self._applied = max((member.log.commit for member in self.members), default=0)
        self._had_quorum = self.wires.has_quorum()
        self._reads = 0

    @property
    def revision(self) -> int:
        return self.cluster.revision

    # -- Reading and writing ------------------------------------------------------------------------------------------

    def propose(self, ops: Sequence[Op]) -> list[Outcome]:
        """Propose each op as an entry of its own, pump until nothing moves, and say what became of each."""
        if not ops:
            return []
        leader = self.leader
        run = leader.raft.propose(len(ops)) if leader is not None and leader.raft is not None else None
        if run is None:
            return [Failure.NO_LEADER] * len(ops)
        term, first, _ = run
        for offset, op in enumerate(ops):
            self._proposed[term, first + offset] = op
        self._move()
        return [self._outcomes.get((term, first + offset), Failure.TIMEOUT) for offset in range(len(ops))]

    def confirm_read(self) -> bool:
        """ReadIndex: whether a quorum confirms the leader, so that a read of `revision` is linearizable."""
        leader = self.leader
        self._reads += 1
        if leader is None or leader.raft is None or not leader.raft.read_index(self._reads):
            return False
        self._move()
        return any(read.context == self._reads for read in self.wires.confirmed)

    def compact(self, revision: int) -> None:
        """Forget history before `revision`, and let the members' logs go as far. Raises CompactedError."""
        mvcc.compact(self.cluster, revision)
        Cluster.objects.filter(pk=self.cluster.pk).update(compacted=self.cluster.compacted)
        for member in self.members:
            member.log.compact(member.log.commit)

    @property
    def leader(self) -> Member | None:
        """Whom a client finds: the running leader of the newest term. It may be one that lost its majority."""
        leaders = [member for member in self.members if member.runs and member.raft and member.raft.role is Role.LEADER]
        return max(leaders, key=lambda member: member.raft.term if member.raft else 0, default=None)

    # -- Time ---------------------------------------------------------------------------------------------------------

    def tick(self, ticks: int = 1) -> None:
        """Let Raft time pass at every running member, and carry what they say."""
        for _ in range(ticks):
            for member in self.members:
                if member.runs and member.raft:
                    with self.wires.noting(member):
                        member.raft.tick()
            self._move()
            if self.settled or self.parked:
                break

    @property
    def settled(self) -> bool:
        return self.wires.settled()

    @property
    def can_make_progress(self) -> bool:
        """Whether a majority has a leader or can elect one: enough members run, remember, and reach each other."""
        return self.wires.has_quorum()

    def verdict(self) -> Verdict:
        """Whether anything can be written, how much more the group bears, and the words for it."""
        return verdict(self.wires.standings())

    @property
    def parked(self) -> bool:
        """No majority can meet and no leader believes otherwise: only healing changes anything."""
        return not self.can_make_progress and self.leader is None

    # -- Faults -------------------------------------------------------------------------------------------------------

    def member(self, name: str) -> Member | None:
        return next((member for member in self.members if member.name == name), None)

    def set_state(self, member: Member, state: EtcdMember.State) -> None:
        """Kill, start, pause or resume a member."""
        if state == State.STOPPED:
            member.kill()
        elif member.raft is None:
            member.start({})
        member.state = state

    def wires_changed(self) -> None:
        """Wires were cut or joined: read them anew."""
        self.wires.load()

    def status(self) -> dict[str, Any]:
        """As `group_status`, from within the section."""
        return describe(self.cluster.pk, [member.row() for member in self.members])

    # -- Journal ------------------------------------------------------------------------------------------------------

    def record(self, kind: str, actor: str = "", **data: Any) -> None:
        """Journal one happening; written when the section commits."""
        self.cluster.journal_seq += 1
        self.journal.append(
            JournalEntry(
                cluster_id=self.cluster.pk,
                seq=self.cluster.journal_seq,
                time=self._time,
                revision=self.cluster.revision,
                kind=kind,
                actor=actor,
                data=data,
            )
        )

    # -- Inside -------------------------------------------------------------------------------------------------------

    def _catch_up(self) -> None:
        """Let the ticks pass that are due since the group was last looked at."""
        if self.members and all(member.term == 0 and member.raft for member in self.members):
            self.tick(FIRST_ELECTION_MAX)  # a new cluster: it is handed over with a leader
            return
        if self.settled:
            return
        since = max((member.ticked for member in self.members if member.ticked is not None), default=self.now)
        due = int((self.now - since) / TICK + 1e-6)
        for step in range(min(due, CATCH_UP_MAX)):
            if self.settled or self.parked:
                break
            self._time = min(self.now, since + (step + 1) * TICK)
            self.tick()
        self._time = self.now
        self._set_ticked(self.now if due > CATCH_UP_MAX else since + due * TICK)

    def _set_ticked(self, time: float | None) -> None:
        for member in self.members:
            if member.raft is not None:
                member.ticked = time

    def _move(self) -> None:
        self.wires.pump()
        committed = max(member.log.commit for member in self.members)
        if committed > self._applied:
            self._apply(committed)

    def _apply(self, committed: int) -> None:
        """Apply what became committed. Every member has the same entries there, so one log stands for all."""
        log = next(member.log for member in self.members if member.log.commit == committed)
        runs = log.slice(self._applied + 1, committed)
        wanted = [(term, index) for term, first, last in runs for index in range(first, last + 1)]
        late: dict[tuple[int, int], Op] = {}
        if self._applied < committed and any(name not in self._proposed for name in wanted):
            late = self._load_late(self._applied, committed)
        entries = [
            Entry(*name, op) for name in wanted if (op := self._proposed.get(name) or late.get(name)) is not None
        ]
        self._applied = committed
        if not entries:
            return
        keys = list({entry.op.key: None for entry in entries})
        current = mvcc.current_versions(self.cluster.pk, keys)
        outcomes = mvcc.decide(entries, self.cluster.revision, current, self.now)
        changes = []
        ops = {}
        history = []
        for entry, outcome in zip(entries, outcomes, strict=True):
            self._proposed.pop((entry.term, entry.index), None)
            self._outcomes[entry.term, entry.index] = outcome
            if isinstance(outcome, Change):
                changes.append(outcome)
                ops[entry.op.key] = entry.op
                history.append(_history_row(self.cluster.pk, entry, outcome))
        if changes:
            self.cluster.revision = changes[-1].revision
            self.changes += changes
            _write_history(history)
            mvcc.write_changes(self.cluster.pk, changes, ops)
        if late:
            self._forget_undone()

    def _load_late(self, after: int, last: int) -> dict[tuple[int, int], Op]:
        """Operations proposed in earlier sections that nobody could confirm then."""
        with connection.cursor() as cursor:
            cursor.execute(
                'SELECT term, "index", key, value, expected, resource, actor, cause FROM core_revision'
                ' WHERE cluster_id = %s AND revision IS NULL AND "index" > %s AND "index" <= %s AND key <> \'\'',
                [self.cluster.pk, after, last],
            )
            rows = cursor.fetchall()
        return {(row[0], row[1]): _stored_op(*row[2:]) for row in rows}

    def _forget_undone(self) -> None:
        """Delete what was appended somewhere, and is now known to have lost to another entry or failed to compare."""
        with connection.cursor() as cursor:
            cursor.execute(
                "DELETE FROM core_revision WHERE cluster_id = %s AND revision IS NULL AND key <> '' AND \"index\" <= %s",
                [self.cluster.pk, self._applied],
            )

    def _persist(self) -> None:
        has = self.wires.has_quorum()
        if has != self._had_quorum:
            found = self.verdict()
            self.record("etcd.quorum", has=has, alive=found.alive, but=found.but, needed=found.needed)
        if self.settled:
            self._set_ticked(None)
        else:
            for member in self.members:
                if member.raft is not None and member.ticked is None:
                    member.ticked = self.now
        open_entries = [
            _history_row(self.cluster.pk, Entry(term, index, op), None, self.now)
            for (term, index), op in self._proposed.items()
        ]
        open_entries += [_empty_row(self.cluster.pk, term, index, self.now) for term, index in self.wires.opened]
        if open_entries:
            _write_history(open_entries)
        for member in self.members:
            log = member.log
            if log.commit - log.snapshot_index > SNAPSHOT_COUNT:
                log.compact(log.commit - SNAPSHOT_KEEP)
        self.wires.flush()
        self.roster.save()
        if self.journal:
            _write_journal(self.journal)
        if self.changes or self.journal:
            with connection.cursor() as cursor:
                cursor.execute(
                    "UPDATE core_cluster SET revision = %s, journal_seq = %s WHERE id = %s",
                    [self.cluster.revision, self.cluster.journal_seq, self.cluster.pk],
                )


class Group:
    """The etcd group of one cluster, seen from this process. Stateless but for caches.

    watched   whether somebody looks at the cluster, so that messages and commits are journaled
    """

    def __init__(
        self,
        cluster_id: int,
        now: Callable[[Cluster], float],
        watched: Callable[[Cluster], bool] = lambda cluster: False,
    ) -> None:
        self.cluster_id = cluster_id
        self._now = now
        self._watched = watched
        self._roster = Roster(cluster_id)

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """One critical section. Raises Cluster.DoesNotExist; an exception inside rolls everything back."""
        try:
            with locked(self.cluster_id) as cluster:
                section = Transaction(cluster, self._now(cluster), self._roster, watched=self._watched(cluster))
                section._catch_up()
                yield section
                section._persist()
        except BaseException:
            self._roster = Roster(self.cluster_id)  # what it holds in memory did not happen
            raise
        for callback in section.on_commit:
            callback()


HISTORY = (
    'term, "index", sub, revision, key, resource, value, expected, prev_revision, create_revision, version, actor,'
    " cause, time"
)


def _history_row(cluster_id: int, entry: Entry, change: Change | None, now: float = 0.0) -> tuple[Any, ...]:
    op = entry.op
    value = None if op.value is None else op.value.decode()
    head = (cluster_id, entry.term, entry.index, 0)
    if change is None:
        return (*head, None, op.key, op.resource, value, op.expected, 0, 0, 0, op.actor, op.cause, now)
    return (
        *head, change.revision, op.key, op.resource, value, op.expected, change.prev_revision,
        change.create_revision, change.version, op.actor, op.cause, change.time,
    )  # fmt: skip


def _empty_row(cluster_id: int, term: int, index: int, now: float) -> tuple[Any, ...]:
    return (cluster_id, term, index, 0, None, "", "", None, None, 0, 0, 0, "", 0, now)


def _write_history(rows: list[tuple[Any, ...]]) -> None:
    """An entry that was appended in an earlier section has its row already, and now gets its revision."""
    with connection.cursor() as cursor:
        cursor.executemany(
            f"INSERT INTO core_revision (cluster_id, {HISTORY}) VALUES ({', '.join(['%s'] * 15)})"
            ' ON CONFLICT (cluster_id, "index", term, sub) DO UPDATE SET revision = excluded.revision,'
            " prev_revision = excluded.prev_revision, create_revision = excluded.create_revision,"
            " version = excluded.version, time = excluded.time",
            rows,
        )


def _write_journal(entries: list[JournalEntry]) -> None:
    """Plain SQL, as all that every critical section writes."""
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO core_journalentry (cluster_id, seq, time, revision, kind, actor, data)"
            " VALUES (%s, %s, %s, %s, %s, %s, %s)",
            [
                (row.cluster_id, row.seq, row.time, row.revision, row.kind, row.actor, json.dumps(row.data))
                for row in entries
            ],
        )


def _stored_op(key: str, value: str | None, expected: int | None, resource: str, actor: str, cause: int) -> Op:
    """The columns of `ClusterObject` are in the object itself; the last part of the key is its name."""
    meta: dict[str, Any] = orjson.loads(value)["metadata"] if value is not None else {}
    name = meta.get("name", key.rsplit("/", 1)[-1])
    encoded = None if value is None else value.encode()
    return Op(key, encoded, expected, resource, meta.get("namespace", ""), name, meta.get("uid", ""), actor, cause)
