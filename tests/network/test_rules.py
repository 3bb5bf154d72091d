import random

import pytest

from core.network.dump import BadRule, parse, parse_rule
from core.network.rules import Kernel, Packet, evaluate

KERNEL = Kernel(frozenset({"192.0.2.1"}), random.Random(1))
PACKET = Packet("10.244.1.9", "10.96.0.10", "tcp", 40000, 80)


@pytest.mark.parametrize(
    ("rule", "applies"),
    [
        ("-s 10.244.0.0/16", True),
        ("! -s 10.244.0.0/16", False),
        ("-d 10.96.0.10/32", True),
        ("-d 10.96.0.11/32", False),
        ("-p udp", False),
        ("-p tcp -m tcp --dport 80", True),
        ("-p tcp -m tcp --dport 443", False),
        ('-m comment --comment "two words"', True),
        ("-m addrtype --dst-type LOCAL", False),
        ("-m mark ! --mark 0x4000/0x4000", True),
        ("-m conntrack --ctstate RELATED,ESTABLISHED", False),
        ("-m conntrack --ctstate NEW", True),
        ("-m statistic --mode random --probability 1.00000000000", True),
        ("-m statistic --mode random --probability 0.00000000000", False),
    ],
)
def test_rule_applies(rule, applies):
    assert parse_rule(f"-A X {rule} -j ACCEPT").applies(PACKET, KERNEL) is applies


def test_chain_returns_to_where_it_was_called():
    tables = parse(
        "*nat\n:A - [0:0]\n:B - [0:0]\n-A A -j B\n-A A -j DROP\n-A B -j MARK --set-xmark 0x4000/0x4000\nCOMMIT\n"
    )
    outcome = evaluate(tables["nat"], "A", PACKET, KERNEL)
    assert outcome.verdict == "DROP"
    assert outcome.packet.mark == 0x4000
    assert [rule.text for rule in outcome.matched] == [
        "-A A -j B",
        "-A B -j MARK --set-xmark 0x4000/0x4000",
        "-A A -j DROP",
    ]


def test_builtin_chain_ends_with_its_policy():
    assert evaluate(parse("*filter\n:INPUT DROP [0:0]\nCOMMIT\n")["filter"], "INPUT", PACKET, KERNEL).verdict == "DROP"


@pytest.mark.parametrize("text", ["-A X -m owner --uid-owner 0 -j DROP", "-I X -j DROP"])
def test_rule_that_is_not_understood_is_refused(text):
    with pytest.raises(BadRule):
        parse_rule(text)


def test_undeclared_chain_is_refused():
    with pytest.raises(BadRule, match="not declared"):
        parse("*nat\n-A X -j ACCEPT\n")
