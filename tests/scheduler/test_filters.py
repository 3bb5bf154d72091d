"""Each filter plugin: which nodes it rules out, and in which words."""

import pytest

from core.scheduler.framework import Code
from tests.builders import make_node, make_pod
from tests.scheduler.cluster import Cluster

HOST, ZONE = "kubernetes.io/hostname", "topology.kubernetes.io/zone"


def requirement(key, operator, *values):
    return {"key": key, "operator": operator} | ({"values": list(values)} if values else {})


@pytest.mark.parametrize(
    ("node", "pod", "reason"),
    [
        pytest.param(make_node().cordoned(), make_pod(), "node(s) were unschedulable", id="cordoned"),
        pytest.param(make_node().cordoned(), make_pod().tolerates(), "", id="cordoned, everything tolerated"),
        pytest.param(
            make_node(),
            make_pod().on("node-2"),
            "node(s) didn't match the requested node name",
            id="another node asked for",
        ),
        pytest.param(
            make_node().taint("a", "b"), make_pod(), "node(s) had untolerated taint {a: b}", id="taint with a value"
        ),
        pytest.param(
            make_node().taint("a"), make_pod(), "node(s) had untolerated taint {a: }", id="taint without a value"
        ),
        pytest.param(make_node().taint("a", "b"), make_pod().tolerates("a", "Equal", "b"), "", id="tolerated by value"),
        pytest.param(
            make_node().taint("a", "b"),
            make_pod().tolerates("a", "Equal", "c"),
            "node(s) had untolerated taint {a: b}",
            id="another value tolerated",
        ),
        pytest.param(make_node().taint("a", "b"), make_pod().tolerates("a"), "", id="tolerated by key"),
        pytest.param(
            make_node().taint("a", effect="NoExecute"),
            make_pod().tolerates("a", effect="NoSchedule"),
            "node(s) had untolerated taint {a: }",
            id="another effect tolerated",
        ),
        pytest.param(make_node().taint("a", effect="PreferNoSchedule"), make_pod(), "", id="soft taint"),
        pytest.param(
            make_node().taint("node.kubernetes.io/memory-pressure"),
            make_pod(),
            "node(s) had untolerated taint {node.kubernetes.io/memory-pressure: }",
            id="pressure is a taint",
        ),
    ],
)
def test_nodes_that_keep_pods_away(node, pod, reason):
    assert Cluster([node]).why(pod) == ({"node-1": reason} if reason else {})


@pytest.mark.parametrize(
    ("pod", "matches"),
    [
        pytest.param(make_pod().selects(disk="ssd"), True, id="nodeSelector"),
        pytest.param(make_pod().selects(disk="hdd"), False, id="nodeSelector, another value"),
        pytest.param(make_pod().requires_node([requirement("disk", "In", "hdd", "ssd")]), True, id="In"),
        pytest.param(make_pod().requires_node([requirement("disk", "NotIn", "ssd")]), False, id="NotIn"),
        pytest.param(make_pod().requires_node([requirement("gpu", "NotIn", "a")]), True, id="NotIn, no such label"),
        pytest.param(make_pod().requires_node([requirement("disk", "Exists")]), True, id="Exists"),
        pytest.param(make_pod().requires_node([requirement("disk", "DoesNotExist")]), False, id="DoesNotExist"),
        pytest.param(make_pod().requires_node([requirement("cores", "Gt", "7")]), True, id="Gt"),
        pytest.param(make_pod().requires_node([requirement("cores", "Lt", "8")]), False, id="Lt is strict"),
        pytest.param(make_pod().requires_node([requirement("disk", "Gt", "1")]), False, id="Gt of what is no number"),
        pytest.param(
            make_pod().requires_node([requirement("disk", "In", "ssd"), requirement("gpu", "Exists")]),
            False,
            id="all of a term",
        ),
        pytest.param(
            make_pod().requires_node([requirement("gpu", "Exists")], [requirement("disk", "In", "ssd")]),
            True,
            id="one term",
        ),
        pytest.param(make_pod().requires_node([]), False, id="an empty term matches nothing"),
        pytest.param(make_pod().requires_node([requirement("metadata.name", "In", "node-1")]), True, id="field"),
    ],
)
def test_node_affinity(pod, matches):
    node = make_node().labels({"disk": "ssd", "cores": "8"})
    reasons = {} if matches else {"node-1": "node(s) didn't match Pod's node affinity/selector"}
    assert Cluster([node]).why(pod) == reasons


def test_pod_that_names_its_node_looks_at_no_other():
    decision = Cluster(3).decide(
        make_pod().requires_node([requirement("metadata.name", "In", "node-2")]).asks(cpu="64")
    )
    assert decision.message.startswith(
        "0/3 nodes are available: 1 Insufficient cpu, 2 node(s) didn't satisfy plugin(s) [NodeAffinity]."
    )


@pytest.mark.parametrize(
    ("taken", "wanted", "fits"),
    [
        pytest.param(make_pod("a").host_port(80), make_pod().host_port(80), False, id="same port"),
        pytest.param(make_pod("a").host_port(80), make_pod().host_port(81), True, id="another port"),
        pytest.param(make_pod("a").host_port(80), make_pod().host_port(80, "UDP"), True, id="another protocol"),
        pytest.param(
            make_pod("a").host_port(80, ip="10.0.0.1"),
            make_pod().host_port(80, ip="10.0.0.2"),
            True,
            id="another address",
        ),
        pytest.param(
            make_pod("a").host_port(80), make_pod().host_port(80, ip="10.0.0.2"), False, id="all addresses taken"
        ),
        pytest.param(
            make_pod("a").host_port(80, ip="10.0.0.2"), make_pod().host_port(80), False, id="all addresses wanted"
        ),
        pytest.param(make_pod("a").port(80), make_pod().port(80), True, id="no host port"),
    ],
)
def test_host_ports(taken, wanted, fits):
    reasons = {} if fits else {"node-1": "node(s) didn't have free ports for the requested pod ports"}
    assert Cluster(1, [taken.on("node-1")]).why(wanted) == reasons


@pytest.mark.parametrize(
    ("pod", "reason", "code"),
    [
        pytest.param(make_pod(), "", None, id="asks for nothing"),
        pytest.param(make_pod().asks(cpu="3"), "", None, id="exactly what is left"),
        pytest.param(make_pod().asks(cpu="3001m"), "Insufficient cpu", Code.UNSCHEDULABLE, id="a little more"),
        pytest.param(make_pod().asks(cpu="5"), "Insufficient cpu", Code.UNRESOLVABLE, id="more than the node has"),
        pytest.param(make_pod().asks(memory="9Gi"), "Insufficient memory", Code.UNRESOLVABLE, id="memory"),
        pytest.param(
            make_pod().asks(cpu="3500m", memory="7.5Gi"),
            "Insufficient cpu, Insufficient memory",
            Code.UNSCHEDULABLE,
            id="both",
        ),
        pytest.param(
            make_pod().asks(ephemeral_storage="60Gi"), "Insufficient ephemeral-storage", Code.UNRESOLVABLE, id="disk"
        ),
        pytest.param(
            make_pod().asks(**{"example.com/gpu": "1"}),
            "Insufficient example.com/gpu",
            Code.UNRESOLVABLE,
            id="extended",
        ),
        pytest.param(
            make_pod().asks(cpu="2").asks(cpu="2"), "Insufficient cpu", Code.UNSCHEDULABLE, id="containers add up"
        ),
        pytest.param(make_pod().asks(cpu="1").init(cpu="3"), "", None, id="init containers run alone"),
        pytest.param(
            make_pod().asks(cpu="1").init(cpu="3500m"), "Insufficient cpu", Code.UNSCHEDULABLE, id="init peak"
        ),
        pytest.param(
            make_pod().asks(cpu="2").init(sidecar=True, cpu="1500m"),
            "Insufficient cpu",
            Code.UNSCHEDULABLE,
            id="sidecars stay",
        ),
    ],
)
def test_resources(pod, reason, code):
    cluster = Cluster(1, [make_pod("a").asks(cpu="1", memory="1Gi").on("node-1")])
    verdicts = cluster.decide(pod).verdicts
    assert {name: (", ".join(each.reasons), each.code) for name, each in verdicts.items()} == (
        {"node-1": (reason, code)} if reason else {}
    )


def test_too_many_pods():
    cluster = Cluster([make_node().offers(pods="1")], [make_pod("a").on("node-1")])
    assert cluster.why(make_pod()) == {"node-1": "Too many pods"}


def test_terminated_room_is_given_back():
    cluster = Cluster(1)
    first = cluster.place(make_pod("a").asks(cpu="4").on("node-1"))
    assert cluster.fits(make_pod().asks(cpu="4")) == []
    cluster.cache.remove_pod(first.uid)
    assert cluster.fits(make_pod().asks(cpu="4")) == ["node-1"]


def zones():
    return [make_node(f"node-{n}").zone("a" if n < 3 else "b") for n in (1, 2, 3)]


@pytest.mark.parametrize(
    ("placed", "pod", "fits"),
    [
        pytest.param([("db", 1)], make_pod().near(ZONE, app="db"), [1, 2], id="near, by zone"),
        pytest.param([("db", 1)], make_pod().near(HOST, app="db"), [1], id="near, by host"),
        pytest.param([], make_pod().near(HOST, app="db"), [], id="near, nobody there"),
        pytest.param(
            [], make_pod().label("app", "db").near(HOST, app="db"), [1, 2, 3], id="near, the first of its own kind"
        ),
        pytest.param([("db", 1)], make_pod().apart(ZONE, app="db"), [3], id="apart, by zone"),
        pytest.param([("db", 1)], make_pod().apart(HOST, app="db"), [2, 3], id="apart, by host"),
        pytest.param([("db", 1), ("db", 3)], make_pod().apart(ZONE, app="db"), [], id="apart, no zone left"),
    ],
)
def test_inter_pod_affinity(placed, pod, fits):
    running = [make_pod(f"p{n}").label("app", app).on(f"node-{n}") for app, n in placed]
    assert Cluster(zones(), running).fits(pod) == [f"node-{n}" for n in fits]


def test_anti_affinity_holds_in_both_directions():
    loner = make_pod("loner").label("app", "db").apart(ZONE, app="web").on("node-1")
    cluster = Cluster(zones(), [loner])
    text = "node(s) didn't satisfy existing pods anti-affinity rules"
    assert cluster.why(make_pod().label("app", "web")) == {"node-1": text, "node-2": text}
    assert cluster.why(make_pod().label("app", "other")) == {}


@pytest.mark.parametrize(
    ("term", "fits"),
    [
        pytest.param({}, [1, 2, 3], id="own namespace only"),
        pytest.param({"namespaces": ["other"]}, [2, 3], id="named"),
        pytest.param({"namespaceSelector": {"matchLabels": {"team": "x"}}}, [2, 3], id="selected"),
        pytest.param({"namespaceSelector": {}}, [2, 3], id="all"),
    ],
)
def test_affinity_terms_reach_other_namespaces(term, fits):
    pod = make_pod().apart(HOST, app="db")
    terms = pod.obj()["spec"]["affinity"]["podAntiAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
    terms[0].update(term)
    cluster = Cluster(
        3,
        [make_pod("db", "other").label("app", "db").on("node-1")],
        namespaces={"default": {}, "other": {"team": "x"}},
    )
    assert cluster.fits(pod) == [f"node-{n}" for n in fits]


@pytest.mark.parametrize(
    ("placed", "constraint", "fits"),
    [
        pytest.param([1], {}, [2, 3], id="the emptier hosts"),
        pytest.param([1, 2], {}, [3], id="the last empty host"),
        pytest.param([1, 2, 3], {}, [1, 2, 3], id="a new round"),
        pytest.param([1], {"max_skew": 2}, [1, 2, 3], id="a skew of two"),
        pytest.param([1, 2, 3], {"minDomains": 4}, [], id="fewer domains than wanted"),
        pytest.param([1], {"topology": ZONE}, [3], id="by zone"),
    ],
)
def test_topology_spread(placed, constraint, fits):
    running = [make_pod(f"p{n}").label("app", "web").on(f"node-{n}") for n in placed]
    pod = make_pod().label("app", "web").spread(constraint.pop("topology", HOST), **constraint)
    assert Cluster(zones(), running).fits(pod) == [f"node-{n}" for n in fits]


def test_spread_counts_only_nodes_the_pod_may_use():
    running = [make_pod(f"p{n}").label("app", "web").on(f"node-{n}") for n in (1, 2)]
    pod = make_pod().label("app", "web").spread(HOST).selects(**{ZONE: "a"})
    assert Cluster(zones(), running).fits(pod) == ["node-1", "node-2"]


def test_spread_leaves_out_terminating_pods():
    running = [make_pod("p1").label("app", "web").terminating().on("node-1")]
    assert Cluster(2, running).fits(make_pod().label("app", "web").spread(HOST)) == ["node-1", "node-2"]


def test_node_without_the_label_cannot_be_spread_over():
    pod = make_pod().label("app", "web").spread(ZONE)
    assert Cluster([make_node("node-1"), make_node("node-2").zone("a")]).why(pod) == {
        "node-1": "node(s) didn't match pod topology spread constraints (missing required label)"
    }
