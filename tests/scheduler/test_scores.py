"""Each score plugin: what it gives to which node."""

import pytest

from core.scheduler.plugins.imagelocality import MB
from tests.builders import make_node, make_pod
from tests.scheduler.cluster import Cluster

HOST, ZONE = "kubernetes.io/hostname", "topology.kubernetes.io/zone"


@pytest.mark.parametrize(
    ("placed", "pod", "expected"),
    [
        # Of 4 cores and 8 GiB: 100m and 200Mi are taken for granted, so 97 and 97 of 100 are left.
        pytest.param([], make_pod(), {"node-1": 97, "node-2": 97}, id="asks for nothing"),
        pytest.param([], make_pod().asks(cpu="2", memory="4Gi"), {"node-1": 50, "node-2": 50}, id="half of everything"),
        pytest.param(
            [make_pod("a").asks(cpu="2", memory="4Gi").on("node-1")],
            make_pod().asks(cpu="1", memory="2Gi"),
            {"node-1": 25, "node-2": 75},
            id="the emptier node",
        ),
    ],
)
def test_least_allocated(placed, pod, expected):
    assert Cluster(2, placed).scores(pod, "NodeResourcesFit") == expected


@pytest.mark.parametrize(
    ("pod", "expected"),
    [
        pytest.param(make_pod().asks(cpu="2", memory="4Gi"), 100, id="the same share of both"),
        pytest.param(make_pod().asks(cpu="4"), 50, id="all of one, none of the other"),
        pytest.param(make_pod().asks(cpu="3", memory="2Gi"), 75, id="three quarters and one quarter"),
    ],
)
def test_balanced_allocation(pod, expected):
    assert Cluster(2).scores(pod, "NodeResourcesBalancedAllocation") == {"node-1": expected, "node-2": expected}


def test_soft_taints_count_against_a_node():
    nodes = [
        make_node("node-1").taint("a", effect="PreferNoSchedule").taint("b", effect="PreferNoSchedule"),
        make_node("node-2").taint("a", effect="PreferNoSchedule"),
        make_node("node-3"),
    ]
    assert Cluster(nodes).scores(make_pod(), "TaintToleration") == {"node-1": 0, "node-2": 50, "node-3": 100}


def test_preferred_node_affinity_counts_by_weight():
    ssd = {"key": "disk", "operator": "In", "values": ["ssd"]}
    new = {"key": "new", "operator": "Exists"}
    nodes = [
        make_node("node-1").labels({"disk": "ssd", "new": ""}),
        make_node("node-2").label("disk", "ssd"),
        make_node("node-3"),
    ]
    pod = make_pod().prefers_node(30, ssd).prefers_node(10, new)
    assert Cluster(nodes).scores(pod, "NodeAffinity") == {"node-1": 100, "node-2": 75, "node-3": 0}


@pytest.mark.parametrize(
    ("pod", "expected"),
    [
        pytest.param(make_pod().near(HOST, 10, app="db"), {"node-1": 100, "node-2": 0, "node-3": 0}, id="near"),
        pytest.param(make_pod().apart(HOST, 10, app="db"), {"node-1": 0, "node-2": 100, "node-3": 100}, id="apart"),
        pytest.param(
            make_pod().near(ZONE, 10, app="db").apart(HOST, 5, app="db"),
            {"node-1": 50, "node-2": 100, "node-3": 0},
            id="same zone, another host",
        ),
    ],
)
def test_preferred_pod_affinity(pod, expected):
    nodes = [make_node(f"node-{n}").zone("a" if n < 3 else "b") for n in (1, 2, 3)]
    cluster = Cluster(nodes, [make_pod("db").label("app", "db").on("node-1")])
    assert cluster.scores(pod, "InterPodAffinity") == expected


def test_running_pods_draw_those_they_want_near():
    friend = make_pod("friend").near(HOST, app="web").on("node-2")
    assert Cluster(2, [friend]).scores(make_pod().label("app", "web"), "InterPodAffinity") == {
        "node-1": 0,
        "node-2": 100,
    }


def test_siblings_are_spread_without_being_asked():
    placed = [make_pod(f"web-{n}").label("app", "web").on("node-1") for n in range(2)]
    cluster = Cluster(2, placed, siblings={"app": "web"})
    scores = cluster.scores(make_pod().label("app", "web"), "PodTopologySpread")
    assert scores["node-1"] < scores["node-2"] == 100


def test_soft_spread_prefers_the_emptier_zone():
    nodes = [make_node(f"node-{n}").zone("a" if n < 3 else "b") for n in (1, 2, 3)]
    placed = [make_pod(f"p{n}").label("app", "web").on(f"node-{n}") for n in (1, 2)]
    pod = make_pod().label("app", "web").spread(ZONE, when="ScheduleAnyway")
    assert Cluster(nodes, placed).scores(pod, "PodTopologySpread") == {"node-1": 0, "node-2": 0, "node-3": 100}


def test_images_that_are_there_count_by_size_and_how_many_have_them():
    nodes = [make_node("node-1").has_image("db:1", 1000 * MB), make_node("node-2")]
    # 1000 MB on half of the nodes count as 500 MB: (500 - 23) / (1000 - 23).
    assert Cluster(nodes).scores(make_pod().image("db:1"), "ImageLocality") == {"node-1": 48, "node-2": 0}


def test_image_without_a_tag_is_the_latest():
    nodes = [make_node("node-1").has_image("nginx:latest", 1000 * MB), make_node("node-2")]
    assert Cluster(nodes).scores(make_pod().image("nginx"), "ImageLocality")["node-1"] > 0


def test_weights_are_the_default_ones():
    weights = Cluster(1).profile.weights
    assert {name: weight for name, weight in weights.items() if weight} == {
        "TaintToleration": 3,
        "NodeAffinity": 2,
        "PodTopologySpread": 2,
        "InterPodAffinity": 2,
        "NodeResourcesFit": 1,
        "NodeResourcesBalancedAllocation": 1,
        "ImageLocality": 1,
    }
