"""Objects of the cluster: a pod's story, a service and who is behind it, anything else as YAML."""

from typing import Any

from core.dashboard.feed.pods import dots_of, restarts_of, tone_of, word_of
from core.dashboard.inspect.nodes import rules_of
from core.dashboard.inspect.view import Act, NothingThere, Panel, View
from core.dashboard.inspect.yaml import highlighted
from core.kube.objects import Obj, condition, controller_of, labels_of
from core.kube.resources import REGISTRY

STEPS = (
    ("PodScheduled", "a node was chosen"),
    ("PodReadyToStartContainers", "sandbox and network are there"),
    ("Initialized", "init containers are done"),
    ("ContainersReady", "containers are ready"),
    ("Ready", "it may get requests"),
)
KIND_RESOURCE = {row.kind: row.name for row in REGISTRY.values()}
RULES_SHOWN = 24


def pod(view: View, subject: str) -> Panel:
    namespace, name = split(subject)
    obj = view.find("pods", namespace, name)
    word = word_of(obj)
    spec, status = obj.get("spec", {}), obj.get("status", {})
    story = []
    for kind, words in STEPS:
        entry = condition(obj, kind)
        if entry:
            story.append(
                {
                    "done": entry["status"] == "True",
                    "words": words,
                    "why": entry.get("message") or entry.get("reason") or "",
                    "ago": view.ago_of(entry.get("lastTransitionTime")),
                }
            )
    return Panel(
        kick="pod",
        title=name,
        tone={"ok": "node", "bad": "bad"}.get(tone_of(word), "sch"),
        why=why_pod(view, obj, word),
        wrong=tone_of(word) == "bad",
        facts=[
            ("status", word),
            ("node", spec.get("nodeName") or "none yet"),
            ("address", status.get("podIP") or "–"),
            ("restarts", restarts_of(obj)),
            ("namespace", namespace),
            ("age", view.ago_of(obj["metadata"].get("creationTimestamp"))),
        ],
        acts=[Act("kill", f"pod/{namespace}/{name}", label="Kill its containers")] if spec.get("nodeName") else [],
        commands=[f"kubectl -n {namespace} describe pod {name}", f"kubectl -n {namespace} logs {name}"],
        template="dashboard/inspect/pod.html",
        more={
            "story": story,
            "containers": containers(view, obj),
            "owners": owners(view, obj),
            "events": view.events_of("Pod", namespace, name),
            "yaml": highlighted(obj),
        },
    )


def why_pod(view: View, obj: Obj, word: str) -> str:
    """What it waits for, or why it fails, or who keeps it running."""
    meta, spec, status = obj["metadata"], obj.get("spec", {}), obj.get("status", {})
    scheduled = condition(obj, "PodScheduled")
    if meta.get("deletionTimestamp"):
        return (
            "Why is it still there? Deletion was asked for; its containers get "
            f"{meta.get('deletionGracePeriodSeconds', 30)} s to end, then the kubelet takes it away."
        )
    if not spec.get("nodeName"):
        if scheduled and scheduled.get("message"):
            return f"Why is it Pending? {scheduled['message']}"
        return "Why is it Pending? No node has been chosen for it yet: it stands in the scheduler's queue."
    for state in status.get("containerStatuses") or ():
        waiting = state.get("state", {}).get("waiting")
        if waiting and waiting.get("message"):
            return f"Why is it {word}? Container {state['name']}: {waiting['message']}"
        ended = state.get("state", {}).get("terminated") or state.get("lastState", {}).get("terminated")
        if ended and ended.get("exitCode"):
            return (
                f"Why is it {word}? Container {state['name']} ended with exit code {ended['exitCode']} "
                f"({ended.get('reason', 'Error')}), {restarts_of(obj)} restarts so far."
            )
    owner = controller_of(obj)
    if word == "Running":
        keeper = (
            f"{owner['kind']} {owner['name']} wants it"
            if owner
            else "somebody made it by hand; nobody replaces it when it dies"
        )
        return (
            f"Why does it run here? {keeper}; the scheduler chose {spec['nodeName']}; its kubelet keeps the "
            "containers up."
        )
    return f"Why is it {word}? The kubelet of {spec['nodeName']} is at work on it."


def containers(view: View, obj: Obj) -> list[dict[str, Any]]:
    states = {state["name"]: state for state in obj.get("status", {}).get("containerStatuses") or ()}
    rows = []
    for container, dot in zip(obj.get("spec", {}).get("containers") or (), dots_of(obj), strict=False):
        state = states.get(container["name"], {})
        (word, detail), *_ = state.get("state", {}).items() or [("waiting", {})]
        rows.append(
            {
                "name": container["name"],
                "image": container.get("image", ""),
                "word": detail.get("reason") or word,
                "ready": dot == "r",
                "restarts": state.get("restartCount", 0),
                "ago": view.ago_of(detail.get("startedAt")) if word == "running" else "",
            }
        )
    return rows


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


def service(view: View, subject: str) -> Panel:
    namespace, name = split(subject)
    obj = view.find("services", namespace, name)
    spec = obj.get("spec", {})
    endpoints = []
    for piece in view.all("endpointslices.discovery.k8s.io", namespace):
        if labels_of(piece).get("kubernetes.io/service-name") == name:
            for entry in piece.get("endpoints") or ():
                target = entry.get("targetRef") or {}
                endpoints.append(
                    {
                        "address": ", ".join(entry.get("addresses") or ()),
                        "ready": (entry.get("conditions") or {}).get("ready") is not False,
                        "pod": target.get("name", ""),
                        "key": f"{namespace}/{target.get('name', '')}",
                        "node": entry.get("nodeName", ""),
                    }
                )
    ready = sum(entry["ready"] for entry in endpoints)
    selector = ",".join(f"{key}={value}" for key, value in (spec.get("selector") or {}).items())
    address = spec.get("clusterIP", "")
    if ready:
        why = (
            f"Who answers? {address} is no machine: on every node a rule turns it into one of {ready} pod "
            "addresses, drawn at random for each connection."
        )
    elif selector:
        why = f"Why does nobody answer? No ready pod has the labels {selector}."
    else:
        why = "Who answers? It has no selector: its endpoints are written by others."
    nodes = [
        row["node"] for row in view.status["components"] if row["kind"] == "kube-proxy" and row["state"] == "running"
    ]
    rules = [
        line
        for line in (rules_of(view, nodes[0]) if nodes else [])
        if f"{namespace}/{name}" in line or (address and f"{address}/32" in line)
    ]
    ports = ", ".join(f"{port['port']} → {port.get('targetPort', port['port'])}" for port in spec.get("ports") or ())
    return Panel(
        kick="service",
        title=name,
        tone="net",
        why=why,
        wrong=not ready and bool(selector),
        facts=[
            ("address", address),
            ("ports", ports),
            ("type", spec.get("type", "ClusterIP")),
            ("endpoints", f"{ready} of {len(endpoints)}"),
            ("selector", selector or "–"),
            ("namespace", namespace),
        ],
        commands=[
            f"kubectl -n {namespace} get service,endpointslices -l kubernetes.io/service-name={name}",
            f"iptables-save -t nat | grep {namespace}/{name}",
        ],
        template="dashboard/inspect/service.html",
        more={
            "key": f"{namespace}/{name}",
            "endpoints": endpoints,
            "rules": rules[:RULES_SHOWN],
            "rules_node": nodes[0] if nodes else "",
            "yaml": highlighted(obj),
        },
    )


def anything(view: View, subject: str) -> Panel:
    """RESOURCE/NAMESPACE/NAME or RESOURCE/NAME."""
    resource, _, rest = subject.partition("/")
    row = REGISTRY.get(resource)
    if row is None:
        raise NothingThere(f"there is no resource {resource!r}")
    namespace, name = split(rest) if row.namespaced else ("", rest)
    obj = view.find(resource, namespace, name)
    owned = [
        child
        for name_ in ("replicasets.apps", "pods")
        for child in view.all(name_, namespace)
        if (owner := controller_of(child)) and owner["uid"] == obj["metadata"]["uid"]
    ]
    status, spec = obj.get("status", {}), obj.get("spec", {})
    facts: list[tuple[str, Any]] = [
        ("namespace", namespace or "–"),
        ("age", view.ago_of(obj["metadata"].get("creationTimestamp"))),
        ("revision", obj["metadata"].get("resourceVersion")),
    ]
    why = f"What is it? A {row.kind}; this is all the cluster knows of it."
    if "replicas" in spec:
        facts += [
            ("wanted", spec["replicas"]),
            ("there", status.get("replicas", 0)),
            ("ready", status.get("readyReplicas", 0)),
        ]
        missing = spec["replicas"] - status.get("readyReplicas", 0)
        why = (
            "Why is nothing happening? What is wanted is there: nothing to do."
            if missing <= 0
            else f"What is missing? {missing} of {spec['replicas']} replicas are not ready yet."
        )
    option = f"-n {namespace} " if namespace else ""
    return Panel(
        kick=row.kind,
        title=name,
        tone="ctl",
        why=why,
        facts=facts,
        commands=[
            f"kubectl {option}get {row.plural} {name} -o yaml",
            f"kubectl {option}describe {row.singular} {name}",
        ],
        template="dashboard/inspect/object.html",
        more={
            "owners": owners(view, obj),
            "owned": [child_row(child) for child in owned[:60]],
            "events": view.events_of(row.kind, namespace, name),
            "yaml": highlighted(obj),
        },
    )


def child_row(child: Obj) -> dict[str, Any]:
    meta = child["metadata"]
    key = f"{meta['namespace']}/{meta['name']}"
    if child.get("kind") == "Pod" or "nodeName" in child.get("spec", {}) or "containers" in child.get("spec", {}):
        word = word_of(child)
        return {"name": meta["name"], "word": word, "tone": tone_of(word), "subject": f"pod/{key}"}
    status = child.get("status", {})
    return {
        "name": meta["name"],
        "word": f"{status.get('readyReplicas', 0)} of {child['spec'].get('replicas', 0)} ready",
        "tone": "mute",
        "subject": f"object/replicasets.apps/{key}",
    }


def split(subject: str) -> tuple[str, str]:
    namespace, _, name = subject.partition("/")
    return namespace, name
