"""A packet sent to a Service and walked through the rules that the nodes' kernels really have.

Subject: NAMESPACE/NAME/DRAW. The draw numbers the connection: the same number goes the same way, the next one is another
connection, for which the rules draw again. Nothing in the cluster is changed by it.
"""

import random

from core.dashboard.feed.batches import is_number
from core.dashboard.feed.pods import word_of
from core.dashboard.inspect.nodes import rules_of
from core.dashboard.inspect.view import NothingThere, Panel, View
from core.kube.objects import Obj, annotations_of, key_of
from core.models import Container
from core.network.packet import Walk, send
from core.network.rules import Packet
from core.network.snapshot import network_of
from core.runtime.cri import behaviour_of
from core.runtime.workloads import settings_of

FIRST_PORT = 32768  # of the ephemeral range a client's kernel draws from
CONNECTIONS = 28232  # ports of that range


def packet(view: View, subject: str) -> Panel:
    namespace, name, draw = (*subject.split("/"), "", "")[:3]
    service = view.find("services", namespace, name)
    address = service.get("spec", {}).get("clusterIP", "")
    ports = service.get("spec", {}).get("ports") or ()
    if not ports or address in ("", "None"):
        raise NothingThere(f"service {namespace}/{name} has no virtual address to send to")
    number = int(draw) % CONNECTIONS if is_number(draw) else 1
    off = {row["node"] for row in view.status["components"] if row["kind"] == "node" and row["state"] != "running"}
    senders = [
        pod
        for pod in view.all("pods")
        if word_of(pod) == "Running" and pod.get("status", {}).get("podIP") and pod["spec"].get("nodeName") not in off
    ]
    if not senders:
        raise NothingThere("there is no running pod to send from")
    sender = senders[number % len(senders)]
    target = int(ports[0]["port"])
    walk = walked(view, sender, address, target, number)
    answered = walk.verdict.value == "answered"
    origin = f"{key_of(sender)} on {sender['spec']['nodeName']}"
    why = f"What happened? {origin} connected to {address}:{target}: {walk.verdict.value}"
    why += f" by {walk.receiver}." if answered and walk.receiver else "."
    return Panel(
        kick="packet",
        title=f"to {name}, connection {number}",
        tone="net",
        why=why,
        wrong=not answered,
        facts=[("from", str(key_of(sender))), ("to", f"{address}:{target}")],
        commands=[
            f"kubectl exec {sender['metadata']['name']} -- curl -s http://{name}.{namespace}:{target}",
            "conntrack -L",
        ],
        template="dashboard/inspect/packet.html",
        more={
            "hops": walk.hops,
            "again": f"packet/{namespace}/{name}/{number + 1}",
            "service": f"service/{namespace}/{name}",
        },
    )


def walked(view: View, sender: Obj, address: str, port: int, number: int) -> Walk:
    nodes = view.all("nodes")
    pods = {str(key_of(pod)): pod for pod in view.all("pods")}
    states = {row["node"]: row["state"] for row in view.status["components"] if row["kind"] == "node"}
    cut = {
        frozenset((fault["target"], fault["peer"])) for fault in view.status["faults"] if fault["kind"] == "partition"
    }
    records: dict[str, list[dict[str, object]]] = {}
    for data in Container.objects.filter(cluster=view.cluster).values_list("data", flat=True):
        records.setdefault(str(data.get("pod", "")), []).append(data)

    def listens(name: str, protocol: str, wanted: int) -> bool:
        return any(serves(pods[name], record, wanted, view.now) for record in records.get(name, ()))

    network = network_of(
        nodes,
        pods.values(),
        {node["metadata"]["name"]: "\n".join(rules_of(view, node["metadata"]["name"])) for node in nodes},
        listens=listens,
        is_up=lambda node: states.get(node) == "running",
        is_cut=lambda a, b: frozenset((f"node/{a}", f"node/{b}")) in cut,
        now=view.now,
    )
    first = Packet(sender["status"]["podIP"], address, source_port=FIRST_PORT + number, port=port)
    return send(network, first, random.Random(f"{view.cluster.seed}:{address}:{number}"))


def serves(pod: Obj, record: dict[str, object], port: int, now: float) -> bool:
    """Whether the container's process is up and answers on `port`."""
    started, ends = record.get("started_at"), record.get("exits_at")
    if not isinstance(started, float) or record.get("code") is not None or (isinstance(ends, float) and ends <= now):
        return False
    does = behaviour_of(record, settings=settings_of(annotations_of(pod), str(record.get("name"))))
    if does.ports is None:
        declared = {entry["containerPort"] for each in pod["spec"]["containers"] for entry in each.get("ports") or ()}
        return port in declared and does.serves(now - started)
    return does.serves(now - started, port)
