"""The commands of cluster scenarios, a function each: `COMMANDS` is the table."""

import argparse
from collections.abc import Callable
from typing import Any

import yaml

from core.engine.clock import ManualClock
from core.engine.status import as_text, cluster_status
from core.faults import NothingToDo, UnknownTarget, act
from core.kube.errors import ApiError
from core.kube.objects import Obj, is_true
from core.kube.resources import REGISTRY, Resource
from core.models import JournalEntry
from tests.world import START, World


class Stage:
    """What a scenario plays on: at most one world."""

    def __init__(self) -> None:
        self.world: World | None = None
        self.seen = 0  # journal entries already told

    @property
    def on(self) -> World:
        assert self.world is not None, "a scenario begins with `cluster`"
        return self.world


def execute(stage: Stage, words: list[str], given: str) -> str:
    """Run one command; API errors and refusals are output, as a terminal shows them."""
    command = COMMANDS.get(words[0])
    assert command is not None, f"no command {words[0]!r}; there are: {', '.join(COMMANDS)}"
    try:
        return command(stage, words[1:], given)
    except ApiError as error:
        return f"Error from server ({error.reason or error.code}): {error.message}"
    except (UnknownTarget, NothingToDo) as error:
        return f"refused: {error}"


def cluster(stage: Stage, words: list[str], given: str) -> str:
    """`cluster [--members 3] [--workers 3] [--profile instant] [--seed 1]`: a fresh one, given time to register."""
    parser = argparse.ArgumentParser()
    for name, default in (("members", 3), ("workers", 3), ("seed", 1)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--profile", default="instant")
    options = vars(parser.parse_args(words))
    stage.world = World(**options)
    stage.on.run(1)
    stage.seen = JournalEntry.objects.count()
    return f"{options['members']} members, {options['workers']} workers"


def apply(stage: Stage, words: list[str], given: str) -> str:
    """Create each YAML document, or patch it when it is there already."""
    lines = []
    for obj in yaml.safe_load_all(given):
        row = row_of(obj)
        namespace = obj["metadata"].setdefault("namespace", "default") if row.namespaced else ""
        name = obj["metadata"]["name"]
        try:
            stage.on.get(row.name, namespace, name)
            stage.on.patch(row.name, namespace, name, obj)
            done = "configured"
        except ApiError as error:
            if error.code != 404:
                raise
            stage.on.create(row.name, obj)
            done = "created"
        lines.append(f"{row.singular}{'.' * bool(row.group)}{row.group}/{name} {done}")
    return "\n".join(lines)


def row_of(obj: Obj) -> Resource:
    return next(row for row in REGISTRY.values() if (row.api_version, row.kind) == (obj["apiVersion"], obj["kind"]))


def run(stage: Stage, words: list[str], given: str) -> str:
    """`run SECONDS`: let virtual time pass."""
    stage.on.run(float(words[0].removesuffix("s")))
    return ""


def patch(stage: Stage, words: list[str], given: str) -> str:
    """`patch RESOURCE NAME` with a merge patch as YAML."""
    resource, name = words
    row = REGISTRY[resource]
    stage.on.patch(row.name, "default" if row.namespaced else "", name, yaml.safe_load(given))
    return f"{row.singular}/{name} patched"


def delete(stage: Stage, words: list[str], given: str) -> str:
    resource, name = words
    row = REGISTRY[resource]
    stage.on.api("delete", row.name, "default" if row.namespaced else "", name)
    return f"{row.singular}/{name} deleted"


def pods(stage: Stage, words: list[str], given: str) -> str:
    """How many pods are on each node, by what they are: the picture in one line a node."""
    tally: dict[str, list[str]] = {}
    for pod in stage.on.all("pods", "default"):
        tally.setdefault(pod["spec"].get("nodeName", "(unscheduled)"), []).append(phase(pod))
    return "\n".join(
        f"{node}: {', '.join(f'{states.count(state)} {state}' for state in sorted(set(states)))}"
        for node, states in sorted(tally.items())
    )


def phase(pod: Obj) -> str:
    if "deletionTimestamp" in pod["metadata"]:
        return "Terminating"
    return "Ready" if is_true(pod, "Ready") else str(pod.get("status", {}).get("phase", "Pending"))


def nodes(stage: Stage, words: list[str], given: str) -> str:
    return "\n".join(
        f"{node['metadata']['name']}: {'Ready' if is_true(node, 'Ready') else 'NotReady'}"
        for node in stage.on.all("nodes")
    )


def rollout(stage: Stage, words: list[str], given: str) -> str:
    """The ReplicaSets of a Deployment by revision: desired and ready pods, and the image."""
    sets = [
        item
        for item in stage.on.all("replicasets.apps", "default")
        if item["metadata"]["ownerReferences"][0]["name"] == words[0]
    ]
    sets.sort(key=lambda item: int(item["metadata"]["annotations"]["deployment.kubernetes.io/revision"]))
    return "\n".join(
        f"revision {item['metadata']['annotations']['deployment.kubernetes.io/revision']}:"
        f" {item['spec']['replicas']} desired, {item['status'].get('readyReplicas', 0)} ready,"
        f" {item['spec']['template']['spec']['containers'][0]['image']}"
        for item in sets
    )


def events(stage: Stage, words: list[str], given: str) -> str:
    """`events REASON…`: the messages of events with one of these reasons, by object kind."""
    return "\n".join(
        f"{event['involvedObject']['kind']}: {event['reason']}: {event['message']}"
        for event in sorted(
            stage.on.all("events", "default"), key=lambda event: int(event["metadata"]["resourceVersion"])
        )
        if event["reason"] in words
    )


def journal(stage: Stage, words: list[str], given: str) -> str:
    """`journal KIND…`: what happened since the last call, of these kinds, with the time since the beginning."""
    entries = JournalEntry.objects.filter(cluster=stage.on.cluster, seq__gt=stage.seen).order_by("seq")
    lines = [
        f"{entry.time - START:8.1f}  {entry.kind:12} {' '.join(f'{name}={value}' for name, value in entry.data.items())}"
        for entry in entries
        if entry.kind in words
    ]
    stage.seen = max((entry.seq for entry in entries), default=stage.seen)
    return "\n".join(lines)


def fault(verb: str) -> Callable[[Stage, list[str], str], str]:
    def command(stage: Stage, words: list[str], given: str) -> str:
        clock = stage.on.clock
        assert isinstance(clock, ManualClock)
        return act(stage.on.cluster, verb, *words, by="scenario", now=clock.now).message

    return command


def status(stage: Stage, words: list[str], given: str) -> str:
    """The etcd part of `manage.py status`."""
    lines = as_text(cluster_status(stage.on.cluster)).splitlines()
    return "\n".join(line for line in lines if line.startswith(("etcd", "  etcd")))


COMMANDS: dict[str, Callable[[Stage, list[str], str], Any]] = {
    "cluster": cluster,
    "apply": apply,
    "run": run,
    "patch": patch,
    "delete": delete,
    "pods": pods,
    "nodes": nodes,
    "rollout": rollout,
    "events": events,
    "journal": journal,
    "status": status,
    **{verb: fault(verb) for verb in ("kill", "restart", "pause", "resume", "wipe", "partition", "heal")},
}
