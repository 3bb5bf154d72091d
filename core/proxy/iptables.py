"""The rules kube-proxy's iptables mode makes of Services, as `iptables-save` shows them on a node.

A packet to a virtual IP meets, in the nat table:

    PREROUTING ─► KUBE-SERVICES ─► KUBE-SVC-… one per port: picks an endpoint
                                      ├─ probability 1/3 ─► KUBE-SEP-… DNAT to 10.244.1.5:8080
                                      ├─ probability 1/2 ─► KUBE-SEP-… DNAT to 10.244.2.7:8080
                                      └─ else            ─► KUBE-SEP-… DNAT to 10.244.3.2:8080
    POSTROUTING ─► KUBE-POSTROUTING: what was marked leaves under the node's own address

The chain of each endpoint is tried with 1/n, then 1/(n-1) of the rest, …, so all are equally likely. KUBE-EXT-… is the way
in from outside (node ports, external IPs), KUBE-SVL-… picks among the endpoints of this node only. A Service without
endpoints gets no chain but a REJECT in the filter table, so a client is refused at once instead of waiting.

Chain names are the first 16 letters of base32(sha256(port name, protocol[, endpoint])): short, and the same on each node.
As `pkg/proxy/iptables/proxier.go`, masquerading what does not come from a pod (`--cluster-cidr`). Left out: load balancer
source ranges, the packet counters (nfacct), and topology hints.
"""

import base64
import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from core.proxy.services import Endpoint, ServicePort

CLUSTER_CIDR = "10.244.0.0/16"
MARK = "0x4000/0x4000"

NEW = "-m conntrack --ctstate NEW -m comment --comment"
HEAD_FILTER = f"""*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:KUBE-EXTERNAL-SERVICES - [0:0]
:KUBE-FIREWALL - [0:0]
:KUBE-FORWARD - [0:0]
:KUBE-NODEPORTS - [0:0]
:KUBE-PROXY-FIREWALL - [0:0]
:KUBE-SERVICES - [0:0]
-A INPUT {NEW} "kubernetes load balancer firewall" -j KUBE-PROXY-FIREWALL
-A INPUT -m comment --comment "kubernetes health check service ports" -j KUBE-NODEPORTS
-A INPUT {NEW} "kubernetes externally-visible service portals" -j KUBE-EXTERNAL-SERVICES
-A INPUT -j KUBE-FIREWALL
-A FORWARD {NEW} "kubernetes load balancer firewall" -j KUBE-PROXY-FIREWALL
-A FORWARD -m comment --comment "kubernetes forwarding rules" -j KUBE-FORWARD
-A FORWARD {NEW} "kubernetes service portals" -j KUBE-SERVICES
-A FORWARD {NEW} "kubernetes externally-visible service portals" -j KUBE-EXTERNAL-SERVICES
-A OUTPUT {NEW} "kubernetes load balancer firewall" -j KUBE-PROXY-FIREWALL
-A OUTPUT {NEW} "kubernetes service portals" -j KUBE-SERVICES
-A OUTPUT -j KUBE-FIREWALL
""".splitlines()

RULES_FILTER = """-A KUBE-FIREWALL ! -s 127.0.0.0/8 -d 127.0.0.0/8 \
-m comment --comment "block incoming localnet connections" -m conntrack ! --ctstate RELATED,ESTABLISHED,DNAT -j DROP
-A KUBE-FORWARD -m conntrack --ctstate INVALID -j DROP
-A KUBE-FORWARD -m comment --comment "kubernetes forwarding rules" -m mark --mark 0x4000/0x4000 -j ACCEPT
-A KUBE-FORWARD -m comment --comment "kubernetes forwarding conntrack rule" \
-m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
""".splitlines()

HEAD_NAT = """*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:KUBE-MARK-MASQ - [0:0]
:KUBE-NODEPORTS - [0:0]
:KUBE-POSTROUTING - [0:0]
:KUBE-SERVICES - [0:0]
""".splitlines()

RULES_NAT = """-A PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A OUTPUT -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A POSTROUTING -m comment --comment "kubernetes postrouting rules" -j KUBE-POSTROUTING
-A KUBE-MARK-MASQ -j MARK --set-xmark 0x4000/0x4000
-A KUBE-POSTROUTING -m mark ! --mark 0x4000/0x4000 -j RETURN
-A KUBE-POSTROUTING -j MARK --set-xmark 0x4000/0x0
-A KUBE-POSTROUTING -m comment --comment "kubernetes service traffic requiring SNAT" -j MASQUERADE --random-fully
""".splitlines()

LAST_OF_SERVICES = (
    '-A KUBE-SERVICES -m comment --comment "kubernetes service nodeports; NOTE: this must be the last rule in this chain" '
    "-m addrtype --dst-type LOCAL -j KUBE-NODEPORTS"
)

NO_ENDPOINTS, NO_LOCAL_ENDPOINTS = "has no endpoints", "has no local endpoints"
REJECT, DROP = "REJECT --reject-with icmp-port-unreachable", "DROP"


@lru_cache(maxsize=65536)
def chain_name(prefix: str, *parts: str) -> str:
    """`KUBE-SVC-NPX46M4PTMTKRN6Y`: the prefix and 16 letters of the hash of `parts`."""
    digest = hashlib.sha256("".join(parts).encode()).digest()
    return prefix + base64.b32encode(digest).decode()[:16]


def probability(choices: int) -> str:
    """1/n as the kernel keeps it, in 31 bits: 0.33333333349."""
    return f"{round(2**31 / choices) / 2**31:.11f}"


@dataclass(slots=True)
class Rules:
    """The rules of one Service port, by where they go."""

    chains: list[str] = field(default_factory=list)  # in the nat table, each declared once
    own: list[str] = field(default_factory=list)  # rules of these chains
    services: list[str] = field(default_factory=list)  # in KUBE-SERVICES
    node_ports: list[str] = field(default_factory=list)  # in KUBE-NODEPORTS
    filter: list[str] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.own) + len(self.services) + len(self.node_ports) + len(self.filter)


def rules_of(port: ServicePort, node: str) -> Rules:
    """What one port adds to the tables of `node`."""
    return _Writer(port, node).write()


def table_text(parts: Iterable[Rules]) -> str:
    """Both tables in full, as `iptables-restore` takes them."""
    listed = list(parts)
    lines = [*HEAD_FILTER, *RULES_FILTER]
    for part in listed:
        lines += part.filter
    lines += ("COMMIT", *HEAD_NAT)
    for part in listed:
        lines += (f":{chain} - [0:0]" for chain in part.chains)
    lines += RULES_NAT
    for part in listed:
        lines += part.services
    lines.append(LAST_OF_SERVICES)
    for part in listed:
        lines += part.node_ports
    for part in listed:
        lines += part.own
    lines += ("COMMIT", "")
    return "\n".join(lines)


def count_rules(text: str) -> int:
    return text.count("\n-A ")


class _Writer:
    """Writes one port's rules, in the order of the real one's `syncProxyRules`."""

    def __init__(self, port: ServicePort, node: str) -> None:
        self.port = port
        self.rules = Rules()
        self.everywhere = port.usable()
        self.here = port.local(node) if port.depends_on_node else []
        self.cluster_chain = chain_name("KUBE-SVC-", port.name, port.protocol)
        self.local_chain = chain_name("KUBE-SVL-", port.name, port.protocol)
        self.external_chain = chain_name("KUBE-EXT-", port.name, port.protocol)

    def write(self) -> Rules:
        port = self.port
        internal, external = port.is_internal_local, port.is_external_local
        self._cluster_ip(
            self.here if internal else self.everywhere, self.local_chain if internal else self.cluster_chain
        )
        if port.is_external:
            self._external(self.here if external else self.everywhere)
        if self.everywhere:
            used_everywhere = not internal or port.is_external
            if used_everywhere:
                self._picker(self.cluster_chain, self.everywhere)
            if self.here:
                self._picker(self.local_chain, self.here)
            if port.is_external:
                self._external_chain()
            used = self.everywhere if used_everywhere else self.here
            for endpoint in used:
                self._endpoint_chain(endpoint)
        return self.rules

    def _to(self, address: str, port: int, comment: str, source: str = "") -> str:
        destination = f"-d {address}/32 " if address else ""
        protocol = self.port.protocol
        return f'{source}{destination}-p {protocol} -m comment --comment "{comment}" -m {protocol} --dport {port}'

    def _cluster_ip(self, endpoints: Sequence[Endpoint], chain: str) -> None:
        port, comment = self.port, f"{self.port.name} cluster IP"
        if endpoints:
            self.rules.services.append(f"-A KUBE-SERVICES {self._to(port.cluster_ip, port.port, comment)} -j {chain}")
            # What does not come from a pod could not be answered past this node: it leaves under the node's address.
            match = self._to(port.cluster_ip, port.port, comment, f"! -s {CLUSTER_CIDR} ")
            self.rules.own.append(f"-A {chain} {match} -j KUBE-MARK-MASQ")
        else:
            why, verdict = (NO_LOCAL_ENDPOINTS, DROP) if self.everywhere else (NO_ENDPOINTS, REJECT)
            match = self._to(port.cluster_ip, port.port, f"{port.name} {why}")
            self.rules.filter.append(f"-A KUBE-SERVICES {match} -j {verdict}")

    def _external(self, endpoints: Sequence[Endpoint]) -> None:
        port, rules = self.port, self.rules
        addresses = [("external IP", ip) for ip in port.external_ips]
        addresses += [("loadbalancer IP", ip) for ip in port.load_balancer_ips]
        if self.everywhere:
            for what, ip in addresses:
                match = self._to(ip, port.port, f"{port.name} {what}")
                rules.services.append(f"-A KUBE-SERVICES {match} -j {self.external_chain}")
            if port.node_port:
                match = self._to("", port.node_port, port.name)
                rules.node_ports.append(f"-A KUBE-NODEPORTS {match} -j {self.external_chain}")
        if not endpoints:
            # What the external chain let pass by all the same, because it may go anywhere, has another address by now.
            why, verdict = (NO_LOCAL_ENDPOINTS, DROP) if self.everywhere else (NO_ENDPOINTS, REJECT)
            comment = f"{port.name} {why}"
            for _, ip in addresses:
                rules.filter.append(f"-A KUBE-EXTERNAL-SERVICES {self._to(ip, port.port, comment)} -j {verdict}")
            if port.node_port:
                protocol = port.protocol
                rules.filter.append(
                    f'-A KUBE-EXTERNAL-SERVICES -p {protocol} -m comment --comment "{comment}" '
                    f"-m addrtype --dst-type LOCAL -m {protocol} --dport {port.node_port} -j {verdict}"
                )
        if port.health_check_port:
            rules.filter.append(
                f'-A KUBE-NODEPORTS -p tcp -m comment --comment "{port.name} health check node port" '
                f"-m tcp --dport {port.health_check_port} -j ACCEPT"
            )

    def _external_chain(self) -> None:
        port, chain, rules = self.port, self.external_chain, self.rules
        of_this = f"for {port.name} external destinations"
        rules.chains.append(chain)
        if not port.is_external_local:
            rules.own += (
                f'-A {chain} -m comment --comment "masquerade traffic {of_this}" -j KUBE-MARK-MASQ',
                f"-A {chain} -j {self.cluster_chain}",
            )
            return
        # Pods and the node itself may go anywhere; the rest stays here and keeps its client's address.
        from_here = "-m addrtype --src-type LOCAL"
        rules.own += (
            f'-A {chain} -s {CLUSTER_CIDR} -m comment --comment "pod traffic {of_this}" -j {self.cluster_chain}',
            f'-A {chain} -m comment --comment "masquerade LOCAL traffic {of_this}" {from_here} -j KUBE-MARK-MASQ',
            f'-A {chain} -m comment --comment "route LOCAL traffic {of_this}" {from_here} -j {self.cluster_chain}',
        )
        if self.here:
            rules.own.append(f"-A {chain} -j {self.local_chain}")

    def _picker(self, chain: str, endpoints: Sequence[Endpoint]) -> None:
        """One endpoint each with the same probability; a client that was here before goes where it went."""
        port, rules = self.port, self.rules
        rules.chains.append(chain)
        named = [(endpoint, self._endpoint_chain_name(endpoint)) for endpoint in endpoints]
        if port.affinity_seconds:
            for endpoint, target in named:
                rules.own.append(
                    f'-A {chain} -m comment --comment "{port.name} -> {endpoint.address}" -m recent --rcheck '
                    f"--seconds {port.affinity_seconds} --reap --name {target} --mask 255.255.255.255 --rsource -j {target}"
                )
        left = len(named)
        for endpoint, target in named:
            chance = f" -m statistic --mode random --probability {probability(left)}" if left > 1 else ""
            rules.own.append(f'-A {chain} -m comment --comment "{port.name} -> {endpoint.address}"{chance} -j {target}')
            left -= 1

    def _endpoint_chain_name(self, endpoint: Endpoint) -> str:
        return chain_name("KUBE-SEP-", self.port.name, self.port.protocol, endpoint.address)

    def _endpoint_chain(self, endpoint: Endpoint) -> None:
        port, chain = self.port, self._endpoint_chain_name(endpoint)
        recent = f"-m recent --set --name {chain} --mask 255.255.255.255 --rsource " if port.affinity_seconds else ""
        self.rules.chains.append(chain)
        self.rules.own += (
            # A pod that reaches itself through the Service must see another address than its own.
            f'-A {chain} -s {endpoint.ip}/32 -m comment --comment "{port.name}" -j KUBE-MARK-MASQ',
            f'-A {chain} -p {port.protocol} -m comment --comment "{port.name}" {recent}-m {port.protocol} '
            f"-j DNAT --to-destination {endpoint.address}",
        )
