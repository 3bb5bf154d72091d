"""A packet's walk over rules that kube-proxy really wrote."""

import random
from collections import Counter

import pytest

from core.network.dump import parse
from core.network.packet import Network, Node, Pod, Verdict, send
from core.network.rules import Packet
from core.proxy.iptables import chain_name, rules_of, table_text
from core.proxy.services import service_ports
from tests.builders import make_service, make_slice

VIP, CLIENT, OUTSIDE = "10.96.0.10", "10.244.1.9", "203.0.113.7"


def rules(node, *, endpoints=("10.244.1.2", "10.244.2.2"), **spec):
    web = make_service().at(VIP).of_type("NodePort").port(80, nodePort=30080).with_spec(**spec).obj()
    slices = make_slice().port(8080)
    for address in endpoints:
        slices.endpoint(address, f"node-{address.split('.')[2]}")
    return parse(table_text(rules_of(port, node) for port in service_ports(web, [slices.obj()])))


def network(*, listens=lambda protocol, port: port == 8080, cut=(), down=(), **service):
    nodes = {
        f"node-{n}": Node(
            f"node-{n}",
            f"192.0.2.{n}",
            f"10.244.{n}.0/24",
            rules(f"node-{n}", **service),
            is_up=f"node-{n}" not in down,
        )
        for n in (1, 2, 3)
    }
    pods = {address: Pod(name, address, f"node-{address.split('.')[2]}", listens) for name, address in PODS.items()}
    return Network(nodes, pods, lambda a, b: frozenset((a, b)) in map(frozenset, cut))


PODS = {"client": CLIENT, "web-1": "10.244.1.2", "web-2": "10.244.2.2"}


def to_service(source=CLIENT, destination=VIP, port=80):
    return Packet(source, destination, "tcp", 40000, port)


def places(walk):
    return [(hop.node, hop.place) for hop in walk.hops]


def test_walk_to_a_pod_of_another_node_names_every_place():
    walk = send(network(endpoints=("10.244.2.2",)), to_service(), random.Random(1))
    assert walk.verdict is Verdict.ANSWERED
    assert places(walk) == [
        ("node-1", "pod eth0"),
        ("node-1", "veth"),
        ("node-1", "cni0"),
        ("node-1", "nat PREROUTING"),
        ("node-1", "conntrack"),
        ("node-1", "routing"),
        ("node-1", "filter FORWARD"),
        ("node-1", "nat POSTROUTING"),
        ("node-2", "eth0"),
        ("node-2", "nat PREROUTING"),
        ("node-2", "routing"),
        ("node-2", "filter FORWARD"),
        ("node-2", "cni0"),
        ("node-2", "pod eth0"),
        ("node-1", "eth0"),
        ("node-1", "conntrack"),
        ("node-1", "pod eth0"),
    ]


def test_hop_names_the_rules_that_matched():
    walk = send(network(endpoints=("10.244.2.2",)), to_service(), random.Random(1))
    (hop,) = [hop for hop in walk.hops if hop.node == "node-1" and hop.place == "nat PREROUTING"]
    svc = chain_name("KUBE-SVC-", "default/web", "tcp")
    sep = chain_name("KUBE-SEP-", "default/web", "tcp", "10.244.2.2:8080")
    assert [rule.split(" -j ")[1].split()[0] for rule in hop.rules] == ["KUBE-SERVICES", svc, sep, "DNAT"]
    assert hop.packet == "10.244.1.9:40000 → 10.244.2.2:8080"


def test_receiver_sees_the_pod_and_the_pod_sees_the_virtual_ip():
    walk = send(network(endpoints=("10.244.2.2",)), to_service(), random.Random(1))
    assert walk.receiver == "web-2"
    assert str(walk.seen) == "10.244.1.9:40000 → 10.244.2.2:8080"
    assert walk.hops[-1].packet == "10.96.0.10:80 → 10.244.1.9:40000"


def test_chance_is_fair_and_repeatable():
    def receivers(seed):
        draw = random.Random(seed)
        return [send(network(), to_service(), draw).receiver for _ in range(200)]

    assert receivers(7) == receivers(7)
    assert all(70 < count < 130 for count in Counter(receivers(7)).values())


def test_pod_that_reaches_itself_is_masqueraded():
    walk = send(network(endpoints=("10.244.1.9",)), to_service(), random.Random(1))
    assert walk.seen is not None
    assert walk.seen.source == "10.244.1.1"


def test_outside_client_enters_by_any_node_port():
    walk = send(
        network(endpoints=("10.244.2.2",)), to_service(OUTSIDE, "192.0.2.3", 30080), random.Random(1), start="node-3"
    )
    assert walk.verdict is Verdict.ANSWERED
    assert walk.receiver == "web-2"
    assert walk.seen.source == "192.0.2.3"  # masqueraded: the answer must come back by node-3
    assert walk.hops[-1].packet == "192.0.2.3:30080 → 203.0.113.7:40000"


def test_local_policy_keeps_the_clients_address():
    walk = send(
        network(externalTrafficPolicy="Local"),
        to_service(OUTSIDE, "192.0.2.2", 30080),
        random.Random(1),
        start="node-2",
    )
    assert walk.receiver == "web-2"
    assert walk.seen.source == OUTSIDE


@pytest.mark.parametrize(
    ("world", "packet", "expected", "last"),
    [
        pytest.param(network(endpoints=()), to_service(), Verdict.REFUSED, "filter FORWARD", id="no endpoints"),
        pytest.param(
            network(listens=lambda protocol, port: False),
            to_service(),
            Verdict.REFUSED,
            "pod eth0",
            id="nobody listens",
        ),
        pytest.param(
            network(endpoints=("10.244.2.2",), cut=[("node-1", "node-2")]),
            to_service(),
            Verdict.TIMEOUT,
            "wire",
            id="cut wire",
        ),
        pytest.param(
            network(endpoints=("10.244.2.2",), down=["node-2"]), to_service(), Verdict.TIMEOUT, "wire", id="node down"
        ),
        pytest.param(
            network(endpoints=("10.244.2.77",)),
            to_service(),
            Verdict.UNREACHABLE,
            "cni0",
            id="endpoint is gone, rule is not",
        ),
        pytest.param(
            network(externalTrafficPolicy="Local"),
            to_service(OUTSIDE, "192.0.2.3", 30080),
            Verdict.TIMEOUT,
            "filter INPUT",
            id="local policy, no endpoint here",
        ),
        pytest.param(
            network(), to_service(destination="10.96.9.9"), Verdict.UNREACHABLE, "nat POSTROUTING", id="no service"
        ),
    ],
)
def test_walk_ends(world, packet, expected, last):
    start = "" if packet.source == CLIENT else "node-3"
    walk = send(world, packet, random.Random(1), start=start)
    assert (walk.verdict, walk.hops[-1].place) == (expected, last)


def test_node_itself_sends_through_output():
    walk = send(network(endpoints=("10.244.1.2",)), to_service("192.0.2.1"), random.Random(1), start="node-1")
    assert walk.verdict is Verdict.ANSWERED
    assert ("node-1", "nat OUTPUT") in places(walk)


def test_client_affinity_lasts_as_long_as_told():
    world = network(sessionAffinity="ClientIP", sessionAffinityConfig={"clientIP": {"timeoutSeconds": 60}})
    draw = random.Random(3)
    first = send(world, to_service(), draw).receiver
    assert {send(world, to_service(), draw).receiver for _ in range(30)} == {first}
    receivers = set()
    for _ in range(30):
        world.now += 61
        receivers.add(send(world, to_service(), draw).receiver)
    assert receivers == {"web-1", "web-2"}
