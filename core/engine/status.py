"""A cluster at one glance: clock, etcd, components, nodes, and what fails.

Read without its API and without its lock, so it always works.
"""

import time
from typing import Any

import orjson

from core.etcd import group_status
from core.kube.objects import is_true
from core.kube.times import timestamp
from core.models import Cluster, ClusterObject, Component, Failure, Fault

Status = dict[str, Any]

FAILURE = ("component", "node", "loop", "key", "keys", "error", "since", "tries", "next_try")


def cluster_status(cluster: Cluster, *, nodes: bool = True) -> Status:
    """The shape of `manage.py status --json` (docs/architecture.md), with the log tails and faults besides.

    Without `nodes` no node's object is read, for those who ask many times a second."""
    cluster.refresh_from_db()
    components = list(Component.objects.filter(cluster=cluster).order_by("id"))
    return {
        "name": cluster.name,
        "revision": cluster.revision,
        "profile": cluster.profile,
        "clock": {"now": cluster.virtual_time(time.time()), "speed": cluster.speed, "paused": cluster.paused},
        "etcd": group_status(cluster.pk),
        "components": [
            {"name": row.target, "kind": row.kind, "node": row.node, "state": row.state, "since": row.since}
            for row in components
        ],
        "nodes": _nodes(cluster, components) if nodes else [],
        "faults": [
            {"kind": fault.kind, "target": fault.target, "peer": fault.peer, "since": fault.since}
            for fault in Fault.objects.filter(cluster=cluster, healed=None)
        ],
        "failures": [
            {name: getattr(failure, name) for name in FAILURE} for failure in Failure.objects.filter(cluster=cluster)
        ],
    }


def _nodes(cluster: Cluster, components: list[Component]) -> list[Status]:
    rows = ClusterObject.objects.filter(cluster=cluster, resource="nodes").values_list("name", "value")
    ready = {name: is_true(orjson.loads(value), "Ready") for name, value in rows}
    return [
        {"name": row.node, "ready": ready.get(row.node, False), "state": row.state}
        for row in components
        if row.kind == "node"
    ]


def _but(etcd: Status) -> str:
    """The verdict in words, where counting those that run would mislead."""
    return "" if etcd["quorum"] and etcd["together"] == etcd["alive"] else f"; {etcd['say']}"


def as_text(status: Status) -> str:
    """For the terminal."""
    clock, etcd = status["clock"], status["etcd"]
    pace = "paused" if clock["paused"] else f"{clock['speed']:g}×"
    lines = [
        f"{status['name']}  revision {status['revision']}  {timestamp(clock['now'])}  {pace}",
        f"etcd: {'quorum' if etcd['quorum'] else 'NO QUORUM'}, leader {etcd['leader'] or 'none'}{_but(etcd)}",
    ]
    for member in etcd["members"]:
        lines.append(
            f"  {member['name']:10} {member['state']:8} {member['role'] or '-':10} term {member['term']}"
            f"  commit {member['commit']}  applied {member['applied']}"
        )
    for row in status["components"]:
        if row["kind"] != "node" and (not row["node"] or row["state"] != "running"):
            lines.append(f"{row['name']:32} {row['state']}")
    for node in status["nodes"]:
        lines.append(f"{node['name']:32} {node['state']:8} {'Ready' if node['ready'] else 'NotReady'}")
    for fault in status["faults"]:
        lines.append(f"broken: {fault['kind']} {fault['target']} {fault['peer']}".rstrip())
    lines += [f"failed: {failure_text(failure)}" for failure in status["failures"]]
    return "\n".join(lines)


def failure_text(failure: Status) -> str:
    """Which loop fails, at what, since when, when it is tried again: one sentence for terminal and page."""
    where = "/".join(filter(None, (failure["component"], failure["node"])))
    if not failure["loop"]:
        subject = f"nothing of the {where} runs"
    elif failure["key"]:
        more = f" and {failure['keys'] - 1} more" if failure["keys"] > 1 else ""
        subject = f"{failure['loop']} ({where}) fails on {failure['key']}{more}"
    else:
        subject = f"{failure['loop']} ({where}) does not run"
    since, again = timestamp(failure["since"]), timestamp(failure["next_try"])
    return f"{subject} since {since}: {failure['error']}; tried {failure['tries']}×, next at {again}"
