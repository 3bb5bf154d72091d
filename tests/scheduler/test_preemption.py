"""DefaultPreemption: who is evicted, and when nobody is."""

import pytest

from tests.builders import make_node, make_pod
from tests.scheduler.cluster import Cluster


def budget(allowed, **labels):
    return {
        "metadata": {"name": "budget", "namespace": "default"},
        "spec": {"selector": {"matchLabels": labels}},
        "status": {"disruptionsAllowed": allowed},
    }


def low(name, node, priority=0, cpu="4"):
    return make_pod(name).asks(cpu=cpu).priority(priority).on(node).label("name", name)


def nominated(cluster, pod):
    nomination = cluster.decide(pod).nomination
    return nomination and (nomination.node, [victim.key.removeprefix("default/") for victim in nomination.victims])


IMPORTANT = make_pod("important").asks(cpu="2").priority(1000)


@pytest.mark.parametrize(
    ("placed", "expected"),
    [
        pytest.param([low("a", "node-1")], ("node-1", ["a"]), id="one victim"),
        pytest.param(
            [low("a", "node-1", 5, "2"), low("b", "node-1", 1, "2")], ("node-1", ["b"]), id="only as many as needed"
        ),
        pytest.param([low("a", "node-1", 1000)], None, id="nobody of the same priority"),
    ],
)
def test_victims_of_one_node(placed, expected):
    assert nominated(Cluster(1, placed), IMPORTANT) == expected


@pytest.mark.parametrize(
    ("placed", "budgets", "expected"),
    [
        pytest.param([low("a", "node-1", 5), low("b", "node-2", 1)], [], "node-2", id="least important victim"),
        pytest.param(
            [low("a", "node-1", 1, "3"), low("b", "node-1", 1, "1"), low("c", "node-2", 1)],
            [],
            "node-1",
            id="same victims' priority: the one that leaves more pods running",
        ),
        pytest.param(
            [low("a", "node-1", 1), low("b", "node-2", 5)], [budget(0, name="a")], "node-2", id="no broken budget"
        ),
        pytest.param(
            [low("a", "node-1", 1), low("b", "node-2", 5)], [budget(1, name="a")], "node-1", id="budget allows it"
        ),
        pytest.param(
            [low("a", "node-1").created("2026-01-01T00:00:00Z"), low("b", "node-2").created("2026-01-02T00:00:00Z")],
            [],
            "node-2",
            id="the latest started",
        ),
    ],
)
def test_node_that_is_chosen(placed, budgets, expected):
    nomination = Cluster(2, placed, budgets=budgets).decide(IMPORTANT).nomination
    assert nomination is not None
    assert nomination.node == expected


def test_trying_leaves_the_cache_as_it_was():
    cluster = Cluster(2, [low("a", "node-1", 5, "2"), low("b", "node-1", 1, "2"), low("c", "node-2")])
    before = {name: dict(node.requested) for name, node in cluster.cache.nodes.items()}
    cluster.decide(IMPORTANT)
    assert {name: dict(node.requested) for name, node in cluster.cache.nodes.items()} == before
    assert {name: sorted(node.pods) for name, node in cluster.cache.nodes.items()} == {
        "node-1": ["uid-default-a", "uid-default-b"],
        "node-2": ["uid-default-c"],
    }


def test_victims_whose_anti_affinity_is_in_the_way_are_found():
    loner = make_pod("loner").apart("kubernetes.io/hostname", app="web").on("node-1")
    pod = make_pod().label("app", "web").priority(10)
    assert nominated(Cluster(1, [loner]), pod) == ("node-1", ["loner"])


def test_pod_that_never_preempts_says_so():
    pod = make_pod().asks(cpu="2").priority(1000)
    pod.spec["preemptionPolicy"] = "Never"
    decision = Cluster(1, [low("a", "node-1")]).decide(pod)
    assert decision.nomination is None
    assert decision.message.endswith("preemption: not eligible due to preemptionPolicy=Never.")


def test_pod_waits_for_victims_that_are_on_their_way_out():
    pod = make_pod().asks(cpu="2").priority(1000)
    pod.status["nominatedNodeName"] = "node-1"
    decision = Cluster(2, [low("a", "node-1").terminating(), low("b", "node-2")]).decide(pod)
    assert decision.nomination is None
    assert decision.message.endswith("preemption: not eligible due to a terminating pod on the nominated node.")


def test_promised_room_is_not_given_to_others():
    cluster = Cluster([make_node("node-1").offers(cpu="2")])
    promised = cluster.decide(IMPORTANT).pod
    cluster.cache.nominate(promised, "node-1")
    assert cluster.fits(make_pod("small").asks(cpu="1")) == []
    assert cluster.fits(make_pod("vital").asks(cpu="1").priority(2000)) == ["node-1"]
    cluster.cache.withdraw(promised.key)
    assert cluster.fits(make_pod("small").asks(cpu="1")) == ["node-1"]


@pytest.mark.parametrize(
    ("placed", "breaks"),
    [
        pytest.param([low("a", "node-1").terminating()], False, id="its victims are still leaving"),
        pytest.param([low("a", "node-1", 5000)], True, id="a more important pod came first"),
    ],
)
def test_promise_is_kept_while_it_can_be(placed, breaks):
    pod = make_pod().asks(cpu="2").priority(1000)
    pod.status["nominatedNodeName"] = "node-1"
    assert Cluster(1, placed).decide(pod).breaks_promise is breaks
