"""The control plane: API server, controllers, scheduler."""

from inspect import getmodule
from itertools import groupby
from typing import Any

from core.controllers import REGISTRY as CONTROLLERS
from core.dashboard.feed.happenings import decision_rows
from core.dashboard.inspect.failing import failures_of, why_failed
from core.dashboard.inspect.requests import last_requests
from core.dashboard.inspect.view import NothingThere, Panel, View, counted, lifecycle
from core.kube.objects import Obj, key_of

REQUESTS = 14
LOOKED_AT, SHOWN = 40, 16  # entries of a controller, and rows they become
NOTHING = "looked, and had nothing to change"
LOOPS = {loop.name: loop for loop in CONTROLLERS.values()}


def apiserver(view: View, subject: str) -> Panel:
    row = view.component("apiserver")
    if row["state"] == "running":
        why = (
            "What is it doing? It lets every request through its stages, one after the other, and is the only one "
            "that talks to etcd. All others only ask it, or watch."
        )
        if view.status["etcd"]["leader"] is None:
            why = (
                "Why do writes wait? etcd has no leader just now: a write waits until one is elected, for 7 s at most."
            )
        if not view.status["etcd"]["quorum"]:
            why = (
                "Why do writes hang? etcd has no quorum, so nothing can be stored: a write waits for its time-out and "
                "fails with “etcdserver: request timed out”."
            )
    else:
        why = (
            f"Why does nobody get an answer? The API server is {row['state']}. What runs keeps running; nothing "
            "new can be decided."
        )
    return Panel(
        kick="API server",
        title="kube-apiserver",
        tone="api",
        why=why,
        wrong=row["state"] != "running",
        facts=[
            ("state", row["state"]),
            ("revision", view.cluster.revision),
            ("objects", sum(len(t) for t in view.cache.objects.values())),
        ],
        acts=lifecycle("apiserver", row["state"]),
        commands=["kubectl get --raw /readyz?verbose", "kubectl get --raw /metrics"],
        template="dashboard/inspect/apiserver.html",
        more={"requests": last_requests(view, REQUESTS)},
    )


def controllers(view: View, subject: str) -> Panel:
    row = view.component("controller-manager")
    why = (
        "What is it doing? Each controller compares what is wanted with what is there, and does one thing to "
        "bring them closer. It acts on the state, not on the event: run twice, it does no harm."
    )
    if row["state"] != "running":
        why = (
            f"Why does nothing converge? The controller manager is {row['state']}: nobody makes pods for a "
            "Deployment, nobody replaces what is lost."
        )
    failures = failures_of(view, "controller-manager")
    return Panel(
        kick="controller manager",
        title="kube-controller-manager",
        tone="ctl",
        why=why_failed(view, failures) or why,
        wrong=row["state"] != "running" or bool(failures),
        facts=[("state", row["state"]), ("controllers", len(CONTROLLERS)), ("failed", len(failures))],
        acts=lifecycle("controller-manager", row["state"]),
        commands=["kubectl -n kube-system get lease kube-controller-manager", "kubectl get events -A"],
        template="dashboard/inspect/controllers.html",
        more={"loops": last_deeds(view)},
    )


def last_deeds(view: View) -> list[dict[str, Any]]:
    """Each control loop with what it did last, as far as somebody looked then and it is not long ago."""
    latest: dict[str, Any] = {}
    for entry in view.journal(["reconcile"], 60, target="controller-manager"):
        latest.setdefault(entry.data.get("loop", ""), entry)
    return [
        {
            "name": name,
            "last": reconcile_row(view, latest[name]) if name in latest else None,
            "failed": next((row["error"] for row in failures_of(view, "controller-manager", "", name)), ""),
        }
        for name in LOOPS
    ]


def controller(view: View, name: str) -> Panel:
    if name not in LOOPS:
        raise NothingThere(f"there is no controller {name!r}; there are: {', '.join(LOOPS)}")
    row = view.component("controller-manager")
    entries = view.journal(["reconcile"], LOOKED_AT, target="controller-manager", loop=name)
    found = [reconcile_row(view, entry) for entry in entries]
    recent = alike(found, most=LOOKED_AT)[:SHOWN]
    failing = bool(recent and recent[0]["retry"]) and row["state"] == "running"
    why = f"What does it do? {purpose(name)}"
    if row["state"] != "running":
        why = f"Why does it do nothing? The controller manager is {row['state']}. {purpose(name)}"
    elif failing:
        due = recent[0]["due"]
        again = f"It tries again in {due:.1f} s" if due > 0 else "It was to try again since; nothing was noted of that"
        why = f"Why again? Its last try at {recent[0]['key']} that was noted failed: {recent[0]['note']}. {again}."
    failures = failures_of(view, "controller-manager", "", name)
    return Panel(
        kick="controller",
        title=f"{name} controller",
        tone="ctl",
        why=why_failed(view, failures) or why,
        wrong=failing or bool(failures) or row["state"] != "running",
        facts=[("process", f"controller-manager, {row['state']}")],
        commands=["kubectl get events -A --sort-by=.metadata.creationTimestamp"],
        template="dashboard/inspect/reconciles.html",
        more={"recent": recent},
    )


def purpose(name: str) -> str:
    """What a controller is for, as its module says it."""
    said: str = getattr(getmodule(LOOPS[name]), "__doc__", "") or ""
    return " ".join(said.replace("`", "").strip().split("\n\n")[0].split())


def alike(found: list[dict[str, Any]], *, most: int) -> list[dict[str, Any]]:
    """Rows that say the same one after the other become one with a count; `most` is how many were looked for, so that
    the run at the end may be longer than what was found of it."""
    runs = [list(run) for _, run in groupby(found, key=lambda row: (row["key"], row["note"]))]
    rows = [{**run[0], "times": f"×{len(run)}" if len(run) > 1 else ""} for run in runs]
    if rows and len(found) == most:
        rows[-1]["times"] = f"×{len(runs[-1])} or more"
    return rows


def reconcile_row(view: View, entry: Any) -> dict[str, Any]:
    data = entry.data
    return {
        "key": data.get("key", ""),
        "note": data.get("note") or (f"wrote {counted(data['writes'], 'change')}" if data.get("writes") else NOTHING),
        "retry": data.get("retry_after"),
        "due": entry.time + data["retry_after"] - view.now if data.get("retry_after") else None,
        "ago": view.ago(entry.time),
    }


def scheduler(view: View, subject: str) -> Panel:
    row = view.component("scheduler")
    decisions = [decision(view, entry) for entry in view.journal(["schedule"], 6)]
    waiting = [pod for pod in view.all("pods") if not pod.get("spec", {}).get("nodeName")]
    why = (
        "What is it doing? For each pod without a node it filters the nodes that cannot take it, scores the "
        "others, and binds the pod to the best."
    )
    if row["state"] != "running":
        why = f"Why do new pods stay Pending? The scheduler is {row['state']}: nobody chooses a node for them."
    elif waiting:
        why = why_waiting(view, waiting)
    failures = failures_of(view, "scheduler")
    return Panel(
        kick="scheduler",
        title="kube-scheduler",
        tone="sch",
        why=why_failed(view, failures) or why,
        wrong=row["state"] != "running" or bool(waiting) or bool(failures),
        facts=[("state", row["state"]), ("without a node", len(waiting))],
        acts=lifecycle("scheduler", row["state"]),
        commands=[
            "kubectl get pods -A --field-selector spec.nodeName=",
            "kubectl get events -A --field-selector reason=FailedScheduling",
        ],
        template="dashboard/inspect/scheduler.html",
        more={"decisions": decisions},
    )


def why_waiting(view: View, waiting: list[Obj]) -> str:
    """About the first pod that waits; what was decided on others says nothing of it."""
    key = str(key_of(waiting[0]))
    waits = "Why does a pod wait?" if len(waiting) == 1 else f"Why do {len(waiting)} pods wait?"
    tried = view.journal(["schedule"], 1, pod=key)
    if not tried or not tried[0].data.get("message"):
        return f"{waits} {key} stands in the queue: it has not been tried yet."
    return (
        f"{waits} No node fits {key}: {tried[0].data['message'].rstrip('.')}. It is tried again when something changes."
    )


# plugin → the head of its column; the full name is in its title
SHORT_NAMES = {
    "NodeResourcesFit": "room",
    "NodeResourcesBalancedAllocation": "balance",
    "PodTopologySpread": "spread",
    "TaintToleration": "taints",
    "NodeAffinity": "affinity",
    "InterPodAffinity": "pods",
    "ImageLocality": "image",
}


def decision(view: View, entry: Any) -> dict[str, Any]:
    """One attempt as a table node × plugin."""
    data = entry.data
    scores = data.get("scores") or {}
    plugins = sorted({plugin for parts in scores.values() for plugin in parts})
    table = []
    for node, total, reason in decision_rows(data.get("filters"), data.get("totals"), data.get("winner")):
        parts = scores.get(node, {})
        cells = [parts[plugin][-1] if plugin in parts else "" for plugin in plugins]
        table.append(
            {
                "node": node,
                "total": "only one that fits" if total is None and not reason else total,
                "reason": reason,
                "cells": cells,
                "won": node == data.get("winner"),
            }
        )
    return {
        "pod": data.get("pod"),
        "winner": data.get("winner"),
        "message": data.get("message", ""),
        "plugins": [{"name": plugin, "short": SHORT_NAMES.get(plugin, plugin)} for plugin in plugins],
        "rows": table,
        "ago": view.ago(entry.time),
    }
