"""The walk of a packet, from a pod to a pod, by what each node's kernel really has in its tables.

    pod eth0 ─ veth ─ cni0 ─ PREROUTING ─ routing ─ FORWARD ─ POSTROUTING ─ eth0 ~~ wire ~~ eth0 ─ … ─ cni0 ─ veth ─ pod eth0
                                 │ nat: a virtual IP becomes an endpoint        │ nat: marked packets get the node's address

There is nothing behind a virtual IP: no host has it, no interface answers for it. It exists only as the rule that
rewrites it on the node the packet starts from, and conntrack remembers the rewriting to undo it on the way back.

Simplified: one packet each way stands for a connection; ARP, MTU and TTL play no part; nodes reach each other's pods by
routes (as with kindnet or flannel's host-gw), without tunnels; the pod network is 10.244.0.0/16.
"""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from ipaddress import IPv4Address, IPv4Network

from core.network.addresses import gateway
from core.network.rules import DROP, REJECT, Kernel, Outcome, Packet, Rule, Table, evaluate


class Verdict(StrEnum):
    """How a walk ended, as the sender sees it."""

    ANSWERED = "answered"
    REFUSED = "connection refused"
    UNREACHABLE = "no route to host"
    TIMEOUT = "timed out"


@dataclass(frozen=True, slots=True)
class Hop:
    """One place the packet passed. `rules` are the lines that matched there; `packet` is it afterwards."""

    node: str  # empty outside the cluster
    place: str
    text: str
    packet: str
    rules: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Pod:
    """A pod's place in the network. `listens(protocol, port)` tells whether a process of it answers there."""

    name: str
    address: str
    node: str
    listens: Callable[[str, int], bool]


@dataclass(slots=True)
class Node:
    """A node's network: its address, its pods' range, the tables its kernel has, and what its kernel remembers."""

    name: str
    address: str
    pod_cidr: str
    tables: Mapping[str, Table]
    is_up: bool = True
    recent: dict[str, dict[str, float]] = field(default_factory=dict)
    listens: Callable[[str, int], bool] = lambda protocol, port: False


@dataclass(slots=True)
class Network:
    """All of it at one moment. `is_cut(a, b)` tells whether the wire between two nodes is broken."""

    nodes: Mapping[str, Node]
    pods: Mapping[str, Pod]  # by address
    is_cut: Callable[[str, str], bool] = lambda a, b: False
    now: float = 0.0

    def node_of(self, address: str) -> Node | None:
        """The node that has `address`, or in whose pod range it lies."""
        for node in self.nodes.values():
            if node.address == address or _in_range(address, node.pod_cidr):
                return node
        return None


@dataclass(slots=True)
class Walk:
    """What happened. `receiver` is the pod or node that got the packet; `seen` the packet as it arrived."""

    verdict: Verdict = Verdict.TIMEOUT
    hops: list[Hop] = field(default_factory=list)
    receiver: str = ""
    seen: Packet | None = None

    def matched(self) -> list[str]:
        return [rule for hop in self.hops for rule in hop.rules]


@dataclass(frozen=True, slots=True)
class Connection:
    """What conntrack of the first node remembers: the packet before and after its rewriting."""

    node: str
    before: Packet
    after: Packet


OUTSIDE = "the outside"


def send(network: Network, packet: Packet, draw: random.Random, *, start: str = "") -> Walk:
    """Send `packet` and its answer. It starts in the pod that has its source address, or on the node named `start`.

    With `start` and a source that is not the node's own, the packet comes from outside and enters by the node's eth0.
    """
    return _Walker(network, draw).walk(packet, start)


def _in_range(address: str, cidr: str) -> bool:
    return bool(cidr) and IPv4Address(address) in IPv4Network(cidr)


class _Walker:
    def __init__(self, network: Network, draw: random.Random) -> None:
        self.network = network
        self.draw = draw
        self.result = Walk()
        self.tracked: list[Connection] = []

    def walk(self, packet: Packet, start: str) -> Walk:
        result = self.result
        verdict = self._forth(packet, start)
        if verdict is not None:
            result.verdict = verdict
        elif result.seen is not None:
            result.verdict = self._back(result.seen.answer()) or Verdict.ANSWERED
        return result

    # There.

    def _forth(self, packet: Packet, start: str) -> Verdict | None:
        pod = self.network.pods.get(packet.source)
        node = self.network.nodes.get(pod.node if pod else start)
        if node is None or not node.is_up:
            return Verdict.TIMEOUT
        before = packet
        if pod is not None:
            self._leave_pod(pod, node, packet)
            place = "PREROUTING"
        elif packet.source == node.address:
            self._hop(node.name, "process", "a process of the node itself sends; its packets start at OUTPUT", packet)
            place = "OUTPUT"
        else:
            self._hop(node.name, "eth0", "comes in from outside the cluster", packet)
            place = "PREROUTING"
        translated = self._pass(node, "nat", place, packet)
        if translated.packet.destination != packet.destination:
            self._hop(
                node.name,
                "conntrack",
                f"remembers {packet.destination}:{packet.port} → {translated.packet.destination}:{translated.packet.port}",
                translated.packet,
            )
        packet = translated.packet
        packet, verdict = self._route(node, packet, place)
        if packet != before:
            self.tracked.append(Connection(node.name, before, replace(packet, mark=0)))
        return verdict

    def _route(self, node: Node, packet: Packet, place: str) -> tuple[Packet, Verdict | None]:
        """From the routing decision of the first node to the receiver."""
        target = self.network.node_of(packet.destination)
        filter_chain = "OUTPUT" if place == "OUTPUT" else "FORWARD"
        if target is node and packet.destination == node.address:
            self._hop(node.name, "routing", "the address is the node's own: to a local process", packet)
            return packet, self._filtered(node, "INPUT", packet) or self._arrive_at_node(node, packet)
        if target is None:
            self._hop(
                node.name,
                "routing",
                f"no route to {packet.destination} but the default one, out of the cluster",
                packet,
            )
        elif target is node:
            self._hop(node.name, "routing", f"{node.pod_cidr} is this node's own range: to cni0", packet)
        else:
            self._hop(node.name, "routing", f"{target.pod_cidr} via {target.address} dev eth0", packet)
        verdict = self._filtered(node, filter_chain, packet)
        if verdict is not None:
            return packet, verdict
        left = self._pass(node, "nat", "POSTROUTING", packet)
        packet = left.packet
        if left.rewrites_source:
            packet = replace(packet, source=gateway(node.pod_cidr) if target is node else node.address)
            self._hop(
                node.name, "conntrack", f"the sender becomes {packet.source}: the answer must come back here", packet
            )
        if target is None:
            return packet, Verdict.UNREACHABLE
        if target is not node:
            verdict = self._cross(node, target, packet) or self._enter(target, packet)
            return packet, verdict
        return packet, self._deliver(node, packet)

    def _enter(self, node: Node, packet: Packet) -> Verdict | None:
        """In by eth0 of the node that has the receiver."""
        if packet.destination == node.address:
            return self._filtered(node, "INPUT", packet) or self._arrive_at_node(node, packet)
        self._pass(node, "nat", "PREROUTING", packet)
        self._hop(node.name, "routing", f"{node.pod_cidr} is this node's own range: to cni0", packet)
        return self._filtered(node, "FORWARD", packet) or self._deliver(node, packet)

    def _deliver(self, node: Node, packet: Packet) -> Verdict | None:
        pod = self.network.pods.get(packet.destination)
        if pod is None:
            self._hop(node.name, "cni0", f"nobody on this node has {packet.destination} any more", packet)
            return Verdict.UNREACHABLE
        self._hop(node.name, "cni0", f"the bridge knows {packet.destination} behind the veth of {pod.name}", packet)
        self.result.receiver, self.result.seen = pod.name, replace(packet, mark=0)
        if not pod.listens(packet.protocol, packet.port):
            self._hop(node.name, "pod eth0", f"{pod.name}: no process listens on port {packet.port}", packet)
            return Verdict.REFUSED
        self._hop(node.name, "pod eth0", f"{pod.name} receives it from {packet.source}", packet)
        return None

    def _arrive_at_node(self, node: Node, packet: Packet) -> Verdict | None:
        self.result.receiver, self.result.seen = node.name, replace(packet, mark=0)
        if not node.listens(packet.protocol, packet.port):
            self._hop(node.name, "process", f"no process of {node.name} listens on port {packet.port}", packet)
            return Verdict.REFUSED
        return None

    # And back.

    def _back(self, packet: Packet) -> Verdict | None:
        """The answer takes the way back by itself; conntrack undoes on each node what was done there."""
        node = self.network.node_of(packet.source)
        assert node is not None
        for connection in reversed(self.tracked):
            origin = self.network.nodes[connection.node]
            if origin is not node:
                verdict = self._cross(node, origin, packet)
                if verdict is not None:
                    return verdict
            packet = connection.before.answer()
            self._hop(origin.name, "conntrack", f"undone: the answer comes from {packet.source} again", packet)
            node = origin
        home = self.network.node_of(packet.destination)
        if home is None:
            self._hop("", OUTSIDE, "the client has its answer", packet)
            return None
        if home is not node:
            verdict = self._cross(node, home, packet)
            if verdict is not None:
                return verdict
        pod = self.network.pods.get(packet.destination)
        self._hop(
            home.name, "pod eth0" if pod else "process", f"{pod.name if pod else home.name} has its answer", packet
        )
        return None

    # Places.

    def _leave_pod(self, pod: Pod, node: Node, packet: Packet) -> None:
        self._hop(node.name, "pod eth0", f"{pod.name} sends; its default route is {gateway(node.pod_cidr)}", packet)
        self._hop(node.name, "veth", "out of the pod's network namespace, into the node's", packet)
        self._hop(node.name, "cni0", "the bridge all pods of the node are plugged into; it is their gateway", packet)

    def _cross(self, origin: Node, target: Node, packet: Packet) -> Verdict | None:
        if not target.is_up or self.network.is_cut(origin.name, target.name):
            why = "is cut" if target.is_up else f"has nobody at its end: {target.name} is down"
            self._hop(origin.name, "wire", f"lost: the wire to {target.name} {why}", packet)
            return Verdict.TIMEOUT
        self._hop(target.name, "eth0", f"over the wire from {origin.name} to {target.name}", packet)
        return None

    def _filtered(self, node: Node, chain: str, packet: Packet) -> Verdict | None:
        outcome = self._pass(node, "filter", chain, packet)
        match outcome.verdict:
            case verdict if verdict == DROP:
                return Verdict.TIMEOUT
            case verdict if verdict == REJECT:
                return Verdict.REFUSED
        return None

    def _pass(self, node: Node, table: str, chain: str, packet: Packet) -> Outcome:
        addresses = {node.address}
        if node.pod_cidr:
            addresses.add(gateway(node.pod_cidr))
        kernel = Kernel(frozenset(addresses), self.draw, self.network.now, node.recent)
        outcome = evaluate(node.tables.get(table, Table()), chain, packet, kernel)
        self._hop(node.name, f"{table} {chain}", _told(outcome), outcome.packet, outcome.matched)
        return outcome

    def _hop(self, node: str, place: str, text: str, packet: Packet, rules: tuple[Rule, ...] = ()) -> None:
        self.result.hops.append(Hop(node, place, text, str(packet), tuple(rule.text for rule in rules)))


def _told(outcome: Outcome) -> str:
    deciding = [rule for rule in outcome.matched if rule.target in ("DNAT", "MASQUERADE", DROP, REJECT)]
    if not deciding:
        return "no rule changes it"
    rule = deciding[-1]
    return f"{rule.chain}: {' '.join((rule.target, *rule.options))}"
