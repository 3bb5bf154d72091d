"""Netfilter's tables as a value that is asked what it does with a packet; `dump.py` reads them from `iptables-save` text.

A packet goes through a chain rule by rule; the first rule with a verdict ends it, a jump leads into another chain and, when
that ends without a verdict, back. Simplified: `recent` lists are kept in the `Kernel` the caller passes, without the limit
of entries of the real module.
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace


@dataclass(frozen=True, slots=True)
class Packet:
    """The first packet of a connection, or its answer. `mark` and `state` are the kernel's notes about it."""

    source: str
    destination: str
    protocol: str = "tcp"
    source_port: int = 0
    port: int = 0
    mark: int = 0
    state: str = "NEW"  # as conntrack sees it: NEW, ESTABLISHED

    def __str__(self) -> str:
        return f"{self.source}:{self.source_port} → {self.destination}:{self.port}"

    def answer(self) -> "Packet":
        """The packet the receiver sends back."""
        return Packet(self.destination, self.source, self.protocol, self.port, self.source_port, state="ESTABLISHED")


@dataclass(slots=True)
class Kernel:
    """What a node's kernel knows beside its rules: its own addresses, the time, and who was here lately.

    random   decides what `statistic` leaves to chance
    recent   list name → source address → when it was seen last; survives from packet to packet
    """

    addresses: frozenset[str]
    random: random.Random
    now: float = 0.0
    recent: dict[str, dict[str, float]] = field(default_factory=dict)

    def is_local(self, address: str) -> bool:
        return address in self.addresses or address.startswith("127.")


Match = Callable[[Packet, Kernel], bool]


@dataclass(frozen=True, slots=True)
class Rule:
    """One line of the dump. `text` is shown to the user as the rule that matched."""

    text: str
    chain: str
    matches: tuple[Match, ...]
    target: str
    options: tuple[str, ...] = ()

    def applies(self, packet: Packet, kernel: Kernel) -> bool:
        return all(match(packet, kernel) for match in self.matches)


@dataclass(slots=True)
class Table:
    """Chains by name; `policies` of the built-in ones."""

    chains: dict[str, list[Rule]] = field(default_factory=dict)
    policies: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a chain did: the verdict, the packet afterwards, and each rule that matched, in order."""

    verdict: str  # ACCEPT, DROP, REJECT, or RETURN: the end of a user's chain was reached
    packet: Packet
    matched: tuple[Rule, ...]
    rewrites_source: bool = False  # MASQUERADE: the node gives it its own address


ACCEPT, DROP, REJECT, RETURN = "ACCEPT", "DROP", "REJECT", "RETURN"


def evaluate(table: Table, chain: str, packet: Packet, kernel: Kernel) -> Outcome:
    """Send `packet` through `chain`: rule by rule, into the chains they jump to and back."""
    matched: list[Rule] = []
    for rule in table.chains.get(chain, ()):
        if not rule.applies(packet, kernel):
            continue
        matched.append(rule)
        if rule.target in table.chains:
            inner = evaluate(table, rule.target, packet, kernel)
            matched += inner.matched
            packet = inner.packet
            if inner.verdict != RETURN:
                return replace(inner, matched=tuple(matched))
            continue
        match rule.target:
            case "":
                continue  # a rule without a target only takes note
            case "MARK":
                packet = replace(packet, mark=_set_xmark(packet.mark, rule.options))
            case "DNAT":
                address, _, port = rule.options[0].partition(":")
                packet = replace(packet, destination=address, port=int(port) if port else packet.port)
                return Outcome(ACCEPT, packet, tuple(matched))
            case "MASQUERADE":
                return Outcome(ACCEPT, packet, tuple(matched), rewrites_source=True)
            case verdict:
                return Outcome(verdict, packet, tuple(matched))
    return Outcome(table.policies.get(chain, RETURN), packet, tuple(matched))


def _set_xmark(mark: int, options: Sequence[str]) -> int:
    value, mask = value_and_mask(options[0])
    return (mark & ~mask) ^ value


def value_and_mask(text: str) -> tuple[int, int]:
    """`0x4000/0x4000`; without a mask, all bits count."""
    value, _, mask = text.partition("/")
    return int(value, 0), int(mask, 0) if mask else 0xFFFFFFFF
