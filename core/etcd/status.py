"""How a group is, read without its lock: for pictures, `manage.py status` and whoever polls."""

from typing import Any

import orjson
from django.db import connection

from core.etcd.majority import verdict
from core.etcd.members import COLUMNS, State
from core.etcd.raft import Role
from core.etcd.raft.quorum import Standing, followers
from core.models import Fault, Revision

PARTITION = "partition"  # the kind of fault that is a cut wire
TAIL = 12  # log entries shown of each member
LEARNER = "learner"  # how a member whose disk was replaced is shown until it is filled again


def group_status(cluster_id: int) -> dict[str, Any]:
    """Quorum, leader and members; see docs/architecture.md for the shape.

    `say` and `tone` are the verdict in words (`majority`). `leader` is one that reaches a majority: a member that was cut
    off may be leader in its own eyes for a while. Of a member, `follows` is whom it takes for the leader, and `hears` are
    those it can talk with now, itself included."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {COLUMNS} FROM core_etcdmember WHERE cluster_id = %s ORDER BY node_id", [cluster_id])
        return describe(cluster_id, cursor.fetchall())


def describe(cluster_id: int, rows: list[tuple[Any, ...]]) -> dict[str, Any]:
    """The same of rows in the order of COLUMNS."""
    names = {row[2]: row[1] for row in rows}
    members = [_member(row, names) for row in rows]
    keys = _keys(cluster_id, members)
    for member in members:
        member["log"] = [(index, term, keys.get((index, term), "")) for index, term in member["log"]]
    standings = _standings(cluster_id, rows)
    for member, standing in zip(members, standings.values(), strict=True):
        member["hears"] = [names[id] for id in sorted(standing.hears)]
    leading = [id for id, one in standings.items() if one.leads and followers(id, standings)]
    leader = max(leading, key=lambda id: standings[id].term, default=None)
    found = verdict(standings)
    return {
        "quorum": found.quorum,
        "needed": found.needed,
        "alive": found.alive,
        "together": found.together,
        "say": found.say,
        "tone": found.tone,
        "leader": names[leader] if leader is not None else None,
        "members": members,
    }


def _standings(cluster_id: int, rows: list[tuple[Any, ...]]) -> dict[int, Standing]:
    """What of each member decides who can be elected, by its id and in the order of `rows`."""
    faults = Fault.objects.filter(cluster_id=cluster_id, kind=PARTITION, healed=None)
    cut = {frozenset(ends) for ends in faults.values_list("target", "peer")}
    running = {row[2]: row[1] for row in rows if row[3] == State.RUNNING}
    standings = {}
    for _, name, id, _, term, _, _, snapshot_index, snapshot_term, runs, blank, memory in rows:
        entries = _parsed(runs)
        standings[id] = Standing(
            hears=frozenset(other for other, peer in running.items() if frozenset((name, peer)) not in cut)
            if id in running
            else frozenset(),
            blank=bool(blank),
            log=(entries[-1][0], entries[-1][2]) if entries else (snapshot_term, snapshot_index),
            term=term,
            leads=_parsed(memory).get("role") == Role.LEADER,
        )
    return standings


def _member(row: tuple[Any, ...], names: dict[int, str]) -> dict[str, Any]:
    _, name, _, state, term, vote, commit, snapshot_index, _, runs, blank, memory = row
    runs, memory = _parsed(runs), _parsed(memory)
    role = None if state == State.STOPPED else LEARNER if blank else memory.get("role", "follower")
    progress = {names[int(peer)]: one for peer, one in memory.get("progress", {}).items()} if role == "leader" else {}
    return {
        "name": name,
        "role": role,
        "blank": bool(blank),
        "follows": names.get(memory.get("leader")),
        "term": term,
        "vote": names.get(vote),
        "commit": commit,
        "applied": commit,
        "last_index": runs[-1][2] if runs else snapshot_index,
        "snapshot_index": snapshot_index,
        "log": _tail(runs),
        "match": {peer: one[0] for peer, one in progress.items()},
        "next": {peer: one[1] for peer, one in progress.items()},
        "sending": {peer: one[2] for peer, one in progress.items()},
        "state": state,
        "client_url": None,
    }


def _tail(runs: list[list[int]]) -> list[tuple[int, int]]:
    """(index, term) of the last entries, oldest first."""
    tail: list[tuple[int, int]] = []
    for term, first, last in reversed(runs):
        for index in range(last, first - 1, -1):
            if len(tail) == TAIL:
                return tail[::-1]
            tail.append((index, term))
    return tail[::-1]


def _keys(cluster_id: int, members: list[dict[str, Any]]) -> dict[tuple[int, int], str]:
    wanted = {index for member in members for index, _ in member["log"]}
    rows = Revision.objects.filter(cluster_id=cluster_id, index__in=wanted).values_list("index", "term", "key")
    return {(index, term): key for index, term, key in rows}


def _parsed(value: Any) -> Any:
    return orjson.loads(value) if isinstance(value, str | bytes) else value
