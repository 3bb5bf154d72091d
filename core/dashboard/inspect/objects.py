"""Any object of the cluster: what it wants and has, what it made, who wants it, its Events, its YAML."""

from typing import Any

from core.dashboard.feed.compact import COMPACT, Compact
from core.dashboard.feed.pods import tone_of, word_of
from core.dashboard.inspect.view import NothingThere, Panel, View
from core.dashboard.inspect.yaml import highlighted
from core.kube.objects import Obj, controller_of
from core.kube.resources import REGISTRY

KIND_RESOURCE = {row.kind: row.name for row in REGISTRY.values()}
MADE = ("jobs.batch", "replicasets.apps", "pods")  # what controllers make of other objects
OWNED_SHOWN = 60


def split(subject: str) -> tuple[str, str]:
    namespace, _, name = subject.partition("/")
    return namespace, name


def owners(view: View, obj: Obj) -> list[dict[str, str]]:
    """The chain upwards: pod ← ReplicaSet ← Deployment."""
    chain: list[dict[str, str]] = []
    namespace = obj["metadata"].get("namespace", "")
    current: Obj | None = obj
    while current is not None and (owner := controller_of(current)) and len(chain) < 6:
        resource = KIND_RESOURCE.get(owner["kind"], "")
        chain.append(
            {"kind": owner["kind"], "name": owner["name"], "subject": f"object/{resource}/{namespace}/{owner['name']}"}
        )
        current = view.cache.get(resource, namespace, owner["name"])
    return chain


def anything(view: View, subject: str) -> Panel:
    """RESOURCE/NAMESPACE/NAME or RESOURCE/NAME."""
    resource, _, rest = subject.partition("/")
    row = REGISTRY.get(resource)
    if row is None:
        raise NothingThere(f"there is no resource {resource!r}")
    namespace, name = split(rest) if row.namespaced else ("", rest)
    obj = view.find(resource, namespace, name)
    owned = [
        child_row(made, child)
        for made in MADE
        for child in view.all(made, namespace)
        if (owner := controller_of(child)) and owner["uid"] == obj["metadata"]["uid"]
    ]
    facts: list[tuple[str, Any]] = [
        ("namespace", namespace or "–"),
        ("made", view.ago_of(obj["metadata"].get("creationTimestamp"))),
        ("revision", obj["metadata"].get("resourceVersion")),
    ]
    why, lacking = f"What is it? A {row.kind}; this is all the cluster knows of it.", False
    form = COMPACT.get(resource)
    state = form(obj) if form else None
    if state and "want" in state:
        why, lacking = why_workload(view, resource, obj, state)
        if "schedule" in state:
            facts += [("schedule", state["schedule"]), ("active", state["have"])]
        else:
            facts += [("wanted", state["want"]), ("there", state["have"]), (done_word(resource), state["ready"])]
    option = f"-n {namespace} " if namespace else ""
    return Panel(
        kick=row.kind,
        title=name,
        tone="ctl",
        why=why,
        wrong=lacking,
        facts=facts,
        commands=[
            f"kubectl {option}get {row.plural} {name} -o yaml",
            f"kubectl {option}describe {row.singular} {name}",
        ],
        template="dashboard/inspect/object.html",
        more={
            "owners": owners(view, obj),
            "owned": owned[:OWNED_SHOWN],
            "more_owned": max(0, len(owned) - OWNED_SHOWN),
            "events": view.events_of(row.kind, namespace, name),
            "yaml": highlighted(obj),
        },
    )


def done_word(resource: str) -> str:
    return "succeeded" if resource == "jobs.batch" else "ready"


def why_workload(view: View, resource: str, obj: Obj, state: Compact) -> tuple[str, bool]:
    """What a workload waits for, and whether something is missing. Numbers its controller wrote are its last word: they
    are not taken for the present when it has not seen the newest wish, or is not at work."""
    if manager := view.absent("controller-manager"):
        counted = (
            ""
            if "schedule" in state
            else f" {state['ready']} of {state['want']} {done_word(resource)} was counted last."
        )
        idle = f"Why does nothing change? The controller manager is {manager}, and nobody acts on it.{counted}"
        return idle, state["ready"] < state["want"]
    if "schedule" in state:
        return "What is it doing? It waits for the next time its schedule names, then makes a Job.", False
    if obj.get("spec", {}).get("suspend"):
        return "Why does nothing happen? It is suspended: no pods are made until somebody resumes it.", False
    seen = obj.get("status", {}).get("observedGeneration")
    if seen is not None and seen < obj["metadata"].get("generation", seen):
        return (
            "What is it waiting for? Its controller has not seen yet what is wanted now; its numbers are of before.",
            True,
        )
    missing = state["want"] - state["ready"]
    if missing <= 0:
        return why_enough(resource, state)
    replicas = "completions" if resource == "jobs.batch" else "pods"
    lacking = (
        f"{missing} of {state['want']} {replicas} are missing" if missing > 1 else f"one of {state['want']} is missing"
    )
    failed = [entry for entry in obj.get("status", {}).get("conditions") or () if is_failure(entry)]
    if failed:
        return f"What is missing? {lacking[0].upper()}{lacking[1:]}: {failed[0].get('message', '')}", True
    absent = state["want"] - state["have"]
    where = f"{absent} not even made yet" if absent > 0 else "made, but not yet " + done_word(resource)
    return f"What is missing? {lacking[0].upper()}{lacking[1:]}: {where}. Its pods below say why.", True


def why_enough(resource: str, state: Compact) -> tuple[str, bool]:
    """As many are ready as are wanted: but are they the right ones, and no more?"""
    if resource == "jobs.batch":
        return "Why is nothing happening? Because it is done: nothing to do.", False
    old = state["want"] - state["updated"] if resource == "deployments.apps" else 0
    if old > 0:
        return (
            f"What is it doing? Enough pods are ready, but {old} of {state['want']} still have the old template.",
            True,
        )
    if (more := state["have"] - state["want"]) > 0:
        return f"What is it doing? {more} more than wanted are there, and are ended.", True
    return "Why is nothing happening? Because what is wanted is there: nothing to do.", False


def is_failure(entry: dict[str, Any]) -> bool:
    kind, status = entry.get("type"), entry.get("status")
    return (kind in ("Failed", "ReplicaFailure") and status == "True") or (kind == "Progressing" and status == "False")


def child_row(resource: str, child: Obj) -> dict[str, Any]:
    meta = child["metadata"]
    key = f"{meta['namespace']}/{meta['name']}"
    if resource == "pods":
        word = word_of(child)
        return {"name": meta["name"], "word": word, "tone": tone_of(word), "subject": f"pod/{key}"}
    state = COMPACT[resource](child) or {}
    words = f"{state['ready']} of {state['want']} {done_word(resource)}"
    return {"name": meta["name"], "word": words, "tone": "mute", "subject": f"object/{resource}/{key}"}
