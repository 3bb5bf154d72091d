"""A worker node and what runs on it: kubelet, container runtime, kube-proxy."""

from typing import Any

from core.dashboard.feed.pods import dots_of, restarts_of, tone_of, word_of
from core.dashboard.inspect.failing import failures_of, why_failed
from core.dashboard.inspect.view import Act, NothingThere, Panel, View, lifecycle, span
from core.engine.roles import LOOPS
from core.kube.objects import Obj, condition
from core.kube.pods import resources_of
from core.kube.quantities import Amounts, increase, milli, whole
from core.kube.times import parse_timestamp
from core.models import Container, Image, KernelTable, Sandbox
from core.runtime.cri import state_of

RULES_SHOWN = 60
NO_MACHINE = "none"
WORDS = {"runtime": "containerd"}  # kind of component → what a real node calls it
TOLERATED = 300.0  # seconds: the toleration that admission gives every pod


def node(view: View, name: str) -> Panel:
    obj = view.cache.get("nodes", "", name)
    machine = machine_of(view, name, obj)
    pods = [pod for pod in view.all("pods") if pod.get("spec", {}).get("nodeName") == name]
    parts = [row for row in view.status["components"] if row["node"] == name and row["kind"] != "node"]
    ready = condition(obj, "Ready") if obj else None
    is_ready = ready is not None and ready["status"] == "True"
    beat = heartbeat(view, name)
    return Panel(
        kick="worker node",
        title=name,
        tone="node",
        why=why(view, name, machine, ready, beat, pods),
        wrong=machine["state"] != "running" or not is_ready or cut_since(view, name) is not None,
        facts=[
            ("machine", machine["state"]),
            ("Ready", ready["status"] if ready else "not registered"),
            ("heartbeat", view.ago(beat)),
            ("pods", len(pods)),
            ("pod range", (obj or {}).get("spec", {}).get("podCIDR", "–")),
            ("kubelet", (obj or {}).get("status", {}).get("nodeInfo", {}).get("kubeletVersion", "–")),
        ],
        acts=[*lifecycle(f"node/{name}", machine["state"]), *wires(view, name)]
        if machine["state"] != NO_MACHINE
        else [],
        commands=[f"kubectl describe node {name}", f"kubectl get pods -A --field-selector spec.nodeName={name}"],
        template="dashboard/inspect/node.html",
        more={
            "parts": [part_row(part, machine["state"]) for part in parts],
            "bars": bars(obj, pods) if obj else [],
            "conditions": [
                {**entry, "ago": view.ago_of(entry.get("lastTransitionTime"))}
                for entry in (obj or {}).get("status", {}).get("conditions") or ()
            ],
            "taints": [
                f"{t['key']}{'=' + t['value'] if t.get('value') else ''}:{t['effect']}"
                for t in (obj or {}).get("spec", {}).get("taints") or ()
            ],
            "pods": [pod_row(pod) for pod in pods[:100]],
        },
    )


def machine_of(view: View, name: str, obj: Obj | None) -> dict[str, Any]:
    """The machine's row; a stand-in when somebody wrote down a node for which there is none. Raises NothingThere."""
    try:
        return view.component(f"node/{name}")
    except NothingThere:
        if obj is None:
            raise
        return {"name": f"node/{name}", "state": NO_MACHINE, "since": view.now}


def cut_since(view: View, name: str) -> float | None:
    """When the node's wire to the API server was cut, if it is."""
    ends = {f"node/{name}", "apiserver"}
    return next((row["since"] for row in view.status["faults"] if {row["target"], row["peer"]} == ends), None)


def wires(view: View, name: str) -> list[Act]:
    """Its way to the API server, and whatever else was cut."""
    target = f"node/{name}"
    ends = {(row["target"], row["peer"]) for row in view.status["faults"] if row["kind"] == "partition"}
    cut = sorted({peer if one == target else one for one, peer in ends if target in (one, peer)})
    joins = [Act("heal", target, peer, f"Join wire to {peer.removeprefix('node/')}") for peer in cut]
    return joins if "apiserver" in cut else [*joins, Act("partition", target, "apiserver", "Cut wire to apiserver")]


def part_row(part: dict[str, Any], machine: str) -> dict[str, Any]:
    """What runs on a machine that does not run does not run either."""
    word = WORDS.get(part["kind"], part["kind"])
    if machine != "running":
        return {**part, "word": word, "state": f"{machine} with the machine", "acts": []}
    return {**part, "word": word, "acts": lifecycle(part["name"], part["state"])}


def heartbeat(view: View, name: str) -> float | None:
    lease = view.cache.get("leases.coordination.k8s.io", "kube-node-lease", name)
    text = lease.get("spec", {}).get("renewTime") if lease else None
    return parse_timestamp(text) if text else None


def due(view: View, ready: dict[str, Any] | None) -> str:
    """How long its pods still stay, by the default toleration."""
    text = (ready or {}).get("lastTransitionTime")
    left = parse_timestamp(text) + TOLERATED - view.now if text else 0
    return f": in {span(left)}" if left > 0 else ""


def why(
    view: View,
    name: str,
    machine: dict[str, Any],
    ready: dict[str, Any] | None,
    beat: float | None,
    pods: list[Obj],
) -> str:
    kubelet = next((row for row in view.status["components"] if row["name"] == f"kubelet/{name}"), None)
    if machine["state"] == NO_MACHINE:
        return "What is it? Only an object: no machine has this name, so no kubelet speaks for it and no pod can run on it."
    if (cut := cut_since(view, name)) is not None:
        known = "nobody has noticed yet" if ready and ready["status"] == "True" else "nobody hears how its pods do"
        manager = view.absent("controller-manager")
        then = (
            f"the controller manager is {manager}, so nobody notices"
            if manager
            else f"after 40 s it counts as unreachable, and {TOLERATED:.0f} s later its pods are replaced elsewhere"
        )
        return (
            f"Why is it silent? Its wire to the API server has been cut for {span(view.now - cut)}: {known}. What runs on "
            f"it runs on; {then}."
        )
    if machine["state"] != "running":
        since = span(view.now - machine["since"])
        manager = view.absent("controller-manager")
        if ready and ready["status"] == "True" and manager:
            return (
                f"Why is it still Ready? The machine has been {machine['state']} for {since}, and nobody notices: that "
                f"would be the node controller, but the controller manager is {manager}."
            )
        if ready and ready["status"] == "True":
            return (
                f"Why is it still Ready? The machine has been {machine['state']} for {since}, but nobody has noticed "
                "yet: the node controller waits 40 s for a heartbeat."
            )
        evicted = sum(1 for pod in pods if pod["metadata"].get("deletionTimestamp"))
        if evicted:
            return (
                f"Why are its pods Terminating? The machine has been {machine['state']} for {since}: {evicted} of its "
                "pods were evicted and others run elsewhere instead. Only this node's kubelet could say that they "
                "ended, so they stay until it is back or the node is deleted."
            )
        if manager:
            return (
                f"Why is it not ready? The machine has been {machine['state']} for {since}. Its pods stay as they are: the "
                f"controller manager is {manager}, and nobody moves them."
            )
        return (
            f"Why is it not ready? The machine has been {machine['state']} for {since}; after 40 s without a heartbeat the "
            f"node controller said so. Its pods are moved when they have tolerated the taint for {TOLERATED:.0f} s"
            f"{due(view, ready)}."
        )
    if ready is None:
        return (
            "Why is it not there? The machine runs, but its kubelet has not registered the node with the API "
            "server yet."
        )
    if ready["status"] != "True":
        word = (
            f"its kubelet is {kubelet['state']}"
            if kubelet and kubelet["state"] != "running"
            else ready.get("message") or ready.get("reason", "")
        )
        return f"Why is it not ready? {word[:1].upper()}{word[1:]}."
    if kubelet and kubelet["state"] != "running":
        return (
            f"Why is it still Ready? Its kubelet has been {kubelet['state']} for {span(view.now - kubelet['since'])}, and "
            f"last renewed the Lease kube-node-lease/{name} {view.ago(beat)}: "
            + (
                f"the controller manager is {manager}, so nobody notices."
                if (manager := view.absent("controller-manager"))
                else "nobody has noticed yet, for the node controller waits 40 s."
            )
        )
    return (
        f"Why is it ready? Its kubelet renews the Lease kube-node-lease/{name}, last {view.ago(beat)}, and "
        f"reports {pressure(view, name)}."
    )


def pressure(view: View, name: str) -> str:
    """What else the node's conditions say: `no pressure`, or which."""
    conditions = (view.cache.get("nodes", "", name) or {}).get("status", {}).get("conditions") or ()
    pressed = [entry["type"] for entry in conditions if entry["type"] != "Ready" and entry.get("status") == "True"]
    return ", ".join(pressed) or "no pressure"


def bars(obj: Obj, pods: list[Obj]) -> list[dict[str, Any]]:
    """What the pods ask for against what there is, as `kubectl describe node` sums it."""
    room = obj.get("status", {}).get("allocatable") or {}
    asked: Amounts = {}
    for pod in pods:
        if word_of(pod) not in ("Completed", "Succeeded", "Failed"):
            increase(asked, resources_of(pod.get("spec") or {}))
    cpu, memory = milli(asked.get("cpu", 0)), whole(asked.get("memory", 0))
    rows = [
        ("cpu", cpu, milli(room.get("cpu", "0")), f"{cpu} m of {room.get('cpu', '?')}"),
        (
            "memory",
            memory,
            whole(room.get("memory", "0")),
            f"{memory // 2**20} Mi of {whole(room.get('memory', '0')) // 2**20} Mi",
        ),
        ("pods", len(pods), whole(room.get("pods", "0")), f"{len(pods)} of {room.get('pods', '?')}"),
    ]
    return [
        {"name": name, "words": words, "share": round(min(100.0, 100 * used / of), 1) if of else 0}
        for name, used, of, words in rows
    ]


def pod_row(pod: Obj) -> dict[str, Any]:
    meta, word = pod["metadata"], word_of(pod)
    return {
        "key": f"{meta['namespace']}/{meta['name']}",
        "name": meta["name"],
        "word": word,
        "tone": tone_of(word),
        "ready": f"{dots_of(pod).count('r')}/{len(dots_of(pod))}",
        "restarts": restarts_of(pod),
    }


WHAT = {
    "kubelet": "It watches the pods of its node, has the runtime start and stop their containers, probes and reports.",
    "runtime": "It pulls images, unpacks layers, and makes namespaces, cgroups and processes when the kubelet asks.",
    "cloud-controller-manager": "It asks the cloud for what only a cloud has: addresses for Services of type LoadBalancer.",
    "kube-proxy": "It watches Services and endpoints and writes iptables rules: a virtual address becomes a pod's.",
}
COMMANDS = {
    "kubelet": ["systemctl status kubelet", "journalctl -u kubelet -f"],
    "runtime": ["crictl pods", "crictl ps -a", "crictl images"],
    "cloud-controller-manager": [
        "kubectl -n kube-system get pods -l component=cloud-controller-manager",
        "kubectl get services -A",
    ],
    "kube-proxy": ["iptables-save -t nat", "kubectl -n kube-system logs -l k8s-app=kube-proxy"],
}
GONE = {
    "kubelet": "no heartbeat is sent and no container is started; the containers that run keep running",
    "runtime": "no container can be started or stopped; those that run keep running",
    "cloud-controller-manager": "a new Service of type LoadBalancer stays without its address",
    "kube-proxy": "the rules stay as they were: new endpoints are not learned, dead ones still get packets",
}


def component(view: View, target: str) -> Panel:
    """kubelet/NODE, runtime/NODE, kube-proxy/NODE, or any other component."""
    row = view.component(target)
    kind, name = row["kind"], row["node"]
    host = view.component(f"node/{name}") if name else row
    state = row["state"] if host["state"] == "running" else host["state"]
    what = WHAT.get(kind, "It runs its control loops against the API server.")
    why = f"What is it doing? {what}"
    if host is not row and host["state"] != "running":
        why = f"Why is it silent? Its machine {name} has been {host['state']} for {span(view.now - host['since'])}."
    elif state != "running":
        why = (
            f"What follows? It has been {state} for {span(view.now - row['since'])}: "
            f"{GONE.get(kind, 'what it does is not done')}."
        )
    failures = failures_of(view, kind, name) if kind in LOOPS and state == "running" else []
    why = why_failed(view, failures) or why
    more: dict[str, Any] = {}
    facts: list[tuple[str, Any]] = [
        ("state", state if host["state"] == "running" else f"{state} with its machine"),
        ("node", name or "control plane"),
        ("since", view.ago(row["since"])),
    ]
    if kind == "runtime":
        more = runtime_tables(view, name)
        facts += [
            ("images", len(more["images"])),
            ("sandboxes", len(more["sandboxes"])),
            ("containers", len(more["containers"])),
        ]
    elif kind == "kube-proxy":
        more = {"rules": rules_of(view, name)}
        facts.append(("rules", sum(line.startswith("-A") for line in more["rules"])))
    more["recent"] = runtime_calls(view, name) if kind in ("runtime", "kubelet") else None
    return Panel(
        kick=f"on {name}" if name else "component",
        title=WORDS.get(kind, kind),
        tone={"runtime": "run", "kube-proxy": "net", "kubelet": "node"}.get(kind, "ctl"),
        why=why,
        wrong=state != "running" or bool(failures),
        facts=facts,
        acts=lifecycle(target, row["state"]) if host["state"] == "running" else [],
        commands=COMMANDS.get(kind, []),
        template="dashboard/inspect/component.html",
        more=more,
    )


def runtime_calls(view: View, name: str) -> list[dict[str, Any]]:
    """What a node's kubelet asked of its runtime, as far as somebody looked then; the newest first."""
    return [
        {
            "key": f"{entry.data.get('call', '')} {entry.data.get('subject', '')}",
            "note": entry.data.get("detail", ""),
            "ago": view.ago(entry.time),
        }
        for entry in view.journal(["runtime"], 12, node=name)
    ]


def runtime_tables(view: View, name: str) -> dict[str, Any]:
    here = {"cluster": view.cluster, "node": name}
    return {
        "images": [
            {"name": image.reference, **image.data} for image in Image.objects.filter(**here).order_by("reference")
        ],
        "sandboxes": list(Sandbox.objects.filter(**here)),
        "containers": [
            {
                "name": c.name,
                "id": c.container_id[:12],
                "state": str(state_of(c.data, view.now)),
                "subject": f"container/{c.data['pod']}/{c.name}",
            }
            for c in Container.objects.filter(**here).order_by("name", "pk")[:100]
        ],
    }


def rules_of(view: View, name: str) -> list[str]:
    """The node's iptables rules, as iptables-save prints them."""
    row = KernelTable.objects.filter(cluster=view.cluster, node=name, name__startswith="iptables").first()
    if row is None:
        return []
    text = row.data.get("text") or row.data.get("save") or row.data.get("rules") or ""
    return text.splitlines() if isinstance(text, str) else [str(line) for line in text]
