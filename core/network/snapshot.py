"""From what is known of a cluster to a `Network` a packet can walk: Node and Pod objects, and each kernel's rules.

Who calls this reads the objects from the API server and the texts from the nodes' disks (record `kernel/iptables`), so the
walk shows what is, not what should be. A node whose kube-proxy never wrote has no rules, and its pods reach no virtual IP.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from core.kube.objects import Obj, key_of
from core.kube.pods import is_finished
from core.network.dump import parse
from core.network.packet import Network, Node, Pod, Walk


def network_of(
    nodes: Iterable[Obj],
    pods: Iterable[Obj],
    texts: Mapping[str, str],
    *,
    listens: Callable[[str, str, int], bool],
    is_up: Callable[[str], bool] = lambda node: True,
    is_cut: Callable[[str, str], bool] = lambda a, b: False,
    now: float = 0.0,
) -> Network:
    """`texts` are iptables dumps by node; `listens(pod, protocol, port)` tells whether a process of a pod answers."""
    network_nodes = {}
    for node in nodes:
        name, spec = node["metadata"]["name"], node.get("spec") or {}
        tables = parse(texts.get(name, ""))
        network_nodes[name] = Node(name, address_of(node), spec.get("podCIDR", ""), tables, is_up=is_up(name))
    network_pods = {}
    for pod in pods:
        address = (pod.get("status") or {}).get("podIP")
        if address and not is_finished(pod) and not pod["spec"].get("hostNetwork"):
            network_pods[address] = _pod(str(key_of(pod)), address, pod["spec"]["nodeName"], listens)
    return Network(network_nodes, network_pods, is_cut, now)


def address_of(node: Obj) -> str:
    """The node's InternalIP; empty before its kubelet reported one."""
    for entry in (node.get("status") or {}).get("addresses") or ():
        if entry["type"] == "InternalIP":
            address: str = entry["address"]
            return address
    return ""


def record_of(walk: Walk, source: str, destination: str) -> dict[str, Any]:
    """What the journal keeps of a walk (kind `packet`)."""
    return {
        "source": source,
        "destination": destination,
        "receiver": walk.receiver,
        "verdict": walk.verdict.value,
        "hops": [
            {"node": hop.node, "place": hop.place, "text": hop.text, "packet": hop.packet, "rules": list(hop.rules)}
            for hop in walk.hops
        ],
    }


def _pod(name: str, address: str, node: str, listens: Callable[[str, str, int], bool]) -> Pod:
    return Pod(name, address, node, lambda protocol, port: listens(name, protocol, port))
