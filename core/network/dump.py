"""Reads `iptables-save` text: each line becomes a rule that can be asked whether it applies.

Only what stands in the text counts. A Service that kube-proxy did not get round to writing does not exist here, and one
that it did not get round to removing still does: that is what makes the walk of a packet worth looking at.

Matches and targets are the ones kube-proxy uses (`MATCHES`, `TARGETS`); a rule with another one is refused rather than
passed over in silence.
"""

import shlex
from collections.abc import Callable, Sequence
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network

from core.network.rules import Kernel, Match, Packet, Rule, Table, value_and_mask


class BadRule(ValueError):
    """The text holds something that is not understood; the message quotes it."""


@lru_cache(maxsize=64)
def parse(text: str) -> dict[str, Table]:
    """Tables by name. Raises BadRule. The same text gives the same tables: treat them as read-only."""
    tables: dict[str, Table] = {}
    table = Table()
    for line in text.splitlines():
        match line[:1]:
            case "*":
                table = tables[line[1:].strip()] = Table()
            case ":":
                chain, policy, *_ = line[1:].split()
                table.chains[chain] = []
                if policy != "-":
                    table.policies[chain] = policy
            case "-":
                rule = parse_rule(line)
                if rule.chain not in table.chains:
                    raise BadRule(f"chain {rule.chain} is not declared: {line}")
                table.chains[rule.chain].append(rule)
    return tables


def parse_rule(line: str) -> Rule:
    words = shlex.split(line)
    if words[0] != "-A":
        raise BadRule(f"not an appended rule: {line}")
    reader = _Words(words[2:])
    matches: list[Match] = []
    target = ""
    options: tuple[str, ...] = ()
    while reader.more():
        negated = reader.take_if("!")
        option = reader.take()
        if option == "-j":
            target = reader.take()
            options = TARGETS.get(target, _no_options)(reader)
            break
        if option not in MATCHES:
            raise BadRule(f"{option} is not understood: {line}")
        match = MATCHES[option](reader)
        if match is not None:
            matches.append(_negate(match) if negated else match)
    return Rule(line, words[1], tuple(matches), target, options)


class _Words:
    """The words of a rule, taken from the left."""

    def __init__(self, words: Sequence[str]) -> None:
        self.words = words
        self.at = 0

    def more(self) -> bool:
        return self.at < len(self.words)

    def take(self) -> str:
        self.at += 1
        return self.words[self.at - 1]

    def take_if(self, word: str) -> bool:
        if self.more() and self.words[self.at] == word:
            self.at += 1
            return True
        return False


def _negate(match: Match) -> Match:
    return lambda packet, kernel: not match(packet, kernel)


@lru_cache(maxsize=4096)
def _within(address: str, cidr: str) -> bool:
    return IPv4Address(address) in IPv4Network(cidr)


def _source(words: _Words) -> Match:
    cidr = words.take()
    return lambda packet, kernel: _within(packet.source, cidr)


def _destination(words: _Words) -> Match:
    cidr = words.take()
    return lambda packet, kernel: _within(packet.destination, cidr)


def _protocol(words: _Words) -> Match:
    protocol = words.take()
    return lambda packet, kernel: packet.protocol == protocol


def _port(words: _Words) -> Match:
    port = int(words.take())
    return lambda packet, kernel: packet.port == port


def _probability(words: _Words) -> Match:
    probability = float(words.take())
    return lambda packet, kernel: kernel.random.random() < probability


def _local_destination(words: _Words) -> Match:
    kind = words.take()
    return lambda packet, kernel: kernel.is_local(packet.destination) == (kind == "LOCAL")


def _local_source(words: _Words) -> Match:
    kind = words.take()
    return lambda packet, kernel: kernel.is_local(packet.source) == (kind == "LOCAL")


def _marked(words: _Words) -> Match:
    value, mask = value_and_mask(words.take())
    return lambda packet, kernel: packet.mark & mask == value


def _state(words: _Words) -> Match:
    states = words.take().split(",")
    return lambda packet, kernel: packet.state in states


def _recent_set(words: _Words) -> Match:
    name = _recent_name(words)

    def match(packet: Packet, kernel: Kernel) -> bool:
        kernel.recent.setdefault(name, {})[packet.source] = kernel.now
        return True

    return match


def _recent_check(words: _Words) -> Match:
    assert words.take() == "--seconds"
    seconds = float(words.take())
    words.take_if("--reap")
    name = _recent_name(words)

    def match(packet: Packet, kernel: Kernel) -> bool:
        seen = kernel.recent.get(name, {}).get(packet.source)
        return seen is not None and kernel.now - seen <= seconds

    return match


def _recent_name(words: _Words) -> str:
    assert words.take() == "--name"
    name = words.take()
    for expected in ("--mask", "255.255.255.255", "--rsource"):
        assert words.take() == expected
    return name


def _nothing(words: _Words) -> None:
    words.take()


MATCHES: dict[str, Callable[[_Words], Match | None]] = {
    "-s": _source,
    "-d": _destination,
    "-p": _protocol,
    "-m": _nothing,  # loads a module; its options follow
    "--comment": _nothing,
    "--dport": _port,
    "--mode": _nothing,
    "--probability": _probability,
    "--dst-type": _local_destination,
    "--src-type": _local_source,
    "--mark": _marked,
    "--ctstate": _state,
    "--set": _recent_set,
    "--rcheck": _recent_check,
}


def _no_options(words: _Words) -> tuple[str, ...]:
    return ()


def _one_option(words: _Words) -> tuple[str, ...]:
    words.take()
    return (words.take(),)


TARGETS: dict[str, Callable[[_Words], tuple[str, ...]]] = {
    "DNAT": _one_option,  # --to-destination
    "MARK": _one_option,  # --set-xmark
    "REJECT": _one_option,  # --reject-with
    "MASQUERADE": _no_options,  # --random-fully changes nothing that is modelled
}
