"""The members between their rows and the Raft core: what is on a member's disk, and what only in its memory.

Members are kept in memory from one section to the next and rebuilt only when their rows are not what was last written,
that is, when another process or a fault changed them. A stopped member has a disk and no Raft.
"""

from typing import Any

import orjson
from django.db import connection

from core.etcd.raft import Log, Progress, Raft, Role, Sending
from core.models import EtcdMember

State = EtcdMember.State
Row = tuple[Any, ...]

DISK = 'term, vote, "commit", snapshot_index, snapshot_term, runs, blank'
COLUMNS = f"id, name, node_id, state, {DISK}, memory"


class Member:
    """One member. `raft` is None while it is stopped."""

    def __init__(self, row: Row, voters: list[int], seed: str) -> None:
        self.pk, self.name, self.id, self.state = row[:4]
        self.voters, self.seed = voters, seed
        self.term, self.vote, commit, snapshot_index, snapshot_term, runs, self.blank = row[4:11]
        self.log = Log(orjson.loads(runs), snapshot_index=snapshot_index, snapshot_term=snapshot_term, commit=commit)
        self.raft: Raft | None = None
        self.ticked: float | None = None
        if self.state != State.STOPPED:
            self.start(orjson.loads(row[11]))

    @property
    def runs(self) -> bool:
        return bool(self.state == State.RUNNING)

    def start(self, memory: dict[str, Any]) -> None:
        """Its process starts (with no memory), or is found as it was."""
        self.raft = Raft(
            self.id, self.voters, seed=self.seed, log=self.log, term=self.term, vote=self.vote, blank=bool(self.blank)
        )
        self.ticked = memory.get("ticked")
        if not memory:
            return
        raft = self.raft
        raft.role = Role(memory["role"])
        raft.leader = memory["leader"]
        raft.votes = {int(voter): granted for voter, granted in memory["votes"].items()}
        raft.progress = {
            int(voter): Progress(match, following, Sending(state), waiting, pending, active)
            for voter, (match, following, state, waiting, pending, active) in memory["progress"].items()
        }
        raft.election_elapsed, raft.heartbeat_elapsed, raft.timeout, raft.draws = memory["timers"]

    def kill(self) -> None:
        """Its process is gone, and with it everything but the disk."""
        self._keep()
        self.raft = None
        self.ticked = None

    def wipe(self) -> None:
        """A new, empty disk. Term and vote are kept, as an operator who replaces a member's disk gives it a new id."""
        self.log = Log()
        self.blank = True

    def row(self) -> Row:
        """What belongs into the database now, in the order of COLUMNS."""
        self._keep()
        log = self.log
        disk = (self.term, self.vote, log.commit, log.snapshot_index, log.snapshot_term, _text(log.runs), self.blank)
        return (self.pk, self.name, self.id, self.state, *disk, _text(self._memory()))

    def _keep(self) -> None:
        if self.raft is not None:
            self.term, self.vote, _, self.blank = self.raft.hard_state

    def _memory(self) -> dict[str, Any]:
        raft = self.raft
        if raft is None:
            return {}
        return {
            "role": raft.role,
            "leader": raft.leader,
            "votes": {str(voter): granted for voter, granted in raft.votes.items()},
            "progress": {
                str(voter): (p.match, p.next, p.state, p.waiting, p.pending, p.active)
                for voter, p in raft.progress.items()
            },
            "timers": (raft.election_elapsed, raft.heartbeat_elapsed, raft.timeout, raft.draws),
            "ticked": self.ticked,
        }


class Roster:
    """All members of one cluster, cached against their rows."""

    def __init__(self, cluster_id: int) -> None:
        self.cluster_id = cluster_id
        self.rows: list[Row] = []
        self.members: list[Member] = []
        self.cut: set[tuple[int, int]] = set()  # wires, as of the cluster's topology number `cut_at`
        self.cut_at = -1

    def load(self, seed: int) -> list[Member]:
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT {COLUMNS} FROM core_etcdmember WHERE cluster_id = %s ORDER BY node_id", [self.cluster_id]
            )
            rows = cursor.fetchall()
        rows = [(*row[:9], _json(row[9]), bool(row[10]), _json(row[11])) for row in rows]
        if rows != self.rows:
            voters = [row[2] for row in rows]
            self.rows = rows
            self.members = [Member(row, voters, f"{seed}:etcd") for row in rows]
        return self.members

    def save(self) -> None:
        """Write what changed since it was loaded."""
        rows = [member.row() for member in self.members]
        changed = [row for row, before in zip(rows, self.rows, strict=True) if row != before]
        if changed:
            with connection.cursor() as cursor:
                cursor.executemany(
                    'UPDATE core_etcdmember SET state = %s, term = %s, vote = %s, "commit" = %s, snapshot_index = %s,'
                    " snapshot_term = %s, runs = %s, blank = %s, memory = %s, applied = %s WHERE id = %s",
                    [(*row[3:], row[6], row[0]) for row in changed],
                )
        self.rows = rows


def _text(value: Any) -> str:
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()


def _json(value: Any) -> str:
    """PostgreSQL gives JSON back in its own spelling; one spelling makes rows comparable."""
    return _text(orjson.loads(value) if isinstance(value, str) else value)
