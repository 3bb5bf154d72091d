"""The cycle: what is decided, in which words, and what is written down about it."""

import pytest

from core.scheduler.scheduling import worth_scoring
from tests.builders import make_node, make_pod
from tests.scheduler.cluster import Cluster

HELPLESS = (
    "no new claims to deallocate, preemption: 0/{n} nodes are available: {n} Preemption is not helpful for scheduling."
)


@pytest.mark.parametrize(
    ("nodes", "pod", "message"),
    [
        pytest.param([], make_pod(), "no nodes available to schedule pods", id="no nodes"),
        pytest.param(
            4,
            make_pod().selects(false="such"),
            "0/4 nodes are available: 4 node(s) didn't match Pod's node affinity/selector. " + HELPLESS.format(n=4),
            id="selector, as recorded from a real cluster",
        ),
        pytest.param(
            4,
            make_pod().asks(cpu="1k"),
            "0/4 nodes are available: 4 Insufficient cpu. " + HELPLESS.format(n=4),
            id="cpu, as recorded from a real cluster",
        ),
        pytest.param(
            [make_node("cp").taint("node-role.kubernetes.io/control-plane"), *(make_node(f"n{i}") for i in range(4))],
            make_pod().asks(cpu="100"),
            "0/5 nodes are available: 1 node(s) had untolerated taint {node-role.kubernetes.io/control-plane: }, "
            "4 Insufficient cpu. " + HELPLESS.format(n=5),
            id="different reasons",
        ),
    ],
)
def test_message_is_the_real_one(nodes, pod, message):
    assert Cluster(nodes).decide(pod).message == message


def test_node_where_eviction_could_help_is_told_apart():
    nodes = [make_node("node-1"), make_node("node-2").taint("a")]
    cluster = Cluster(nodes, [make_pod("a").asks(cpu="3").on("node-1")])
    assert cluster.decide(make_pod().asks(cpu="2")).message == (
        "0/2 nodes are available: 1 Insufficient cpu, 1 node(s) had untolerated taint {a: }. "
        "no new claims to deallocate, preemption: 0/2 nodes are available: "
        "1 No preemption victims found for incoming pod, 1 Preemption is not helpful for scheduling."
    )


def test_equals_take_turns():
    cluster = Cluster(3)
    assert [cluster.decide(make_pod()).winner for _ in range(4)] == ["node-1", "node-2", "node-3", "node-1"]


def test_pods_of_one_kind_fill_nodes_evenly():
    cluster = Cluster(4, siblings={"app": "web"})
    winners = [cluster.schedule(make_pod(f"p{n}").label("app", "web").asks(cpu="100m")) for n in range(40)]
    assert {winners.count(f"node-{n}") for n in (1, 2, 3, 4)} == {10}


def test_same_inputs_give_the_same_decisions():
    def run():
        cluster = Cluster(5, siblings={"app": "web"})
        return [cluster.schedule(make_pod(f"p{n}").label("app", "web").asks(cpu=f"{n * 10}m")) for n in range(50)]

    assert run() == run()


@pytest.mark.parametrize(
    ("nodes", "enough"), [(1, 1), (99, 99), (100, 100), (125, 100), (1000, 420), (5000, 500), (10000, 500)]
)
def test_large_clusters_are_looked_at_in_part(nodes, enough):
    assert worth_scoring(nodes) == enough


def test_next_cycle_starts_where_the_last_one_ended():
    cluster = Cluster(300)
    first, second = ({node.name for node in cluster.decide(make_pod()).feasible} for _ in range(2))
    assert len(first) == worth_scoring(300)
    assert len(first | second) == min(2 * len(first), 300)


def test_zones_are_looked_at_in_turn():
    nodes = [make_node(f"a{n}").zone("a") for n in range(3)] + [make_node("b0").zone("b"), make_node("c0").zone("c")]
    assert [node.name for node in Cluster(nodes).cache.order] == ["a0", "b0", "c0", "a1", "a2"]


def test_record_says_why_for_each_node():
    cluster = Cluster([make_node("node-1"), make_node("node-2"), make_node("node-3").cordoned()])
    record = cluster.decide(make_pod("web").asks(cpu="2", memory="4Gi")).record()
    assert record["pod"] == "default/web"
    assert record["filters"] == {
        "node-1": "fits",
        "node-2": "fits",
        "node-3": "NodeUnschedulable: node(s) were unschedulable",
    }
    assert record["winner"] == "node-1"
    assert record["scores"]["node-1"] == {
        "NodeResourcesFit": [50, 50, 50],
        "NodeResourcesBalancedAllocation": [100, 100, 100],
    }
    assert record["totals"] == {"node-1": 150, "node-2": 150}


def test_record_of_a_large_cluster_is_bounded():
    record = Cluster(200).decide(make_pod()).record()
    assert len(record["filters"]) == len(record["scores"]) == 20
    assert record["nodes"] == worth_scoring(200)


def test_incremental_totals_equal_totals_from_scratch():
    cluster = Cluster(3)
    infos = [
        cluster.place(make_pod(f"p{n}").asks(cpu=f"{n}m", memory="1Mi").host_port(8000 + n).on(f"node-{n % 3 + 1}"))
        for n in range(30)
    ]
    for info in infos[::2]:
        cluster.cache.remove_pod(info.uid)
    fresh = Cluster(
        3,
        [
            make_pod(f"p{n}").asks(cpu=f"{n}m", memory="1Mi").host_port(8000 + n).on(f"node-{n % 3 + 1}")
            for n in range(1, 30, 2)
        ],
    )
    for name, node in cluster.cache.nodes.items():
        other = fresh.cache.nodes[name]
        assert (node.requested, node.scored_cpu, node.scored_memory, node.ports) == (
            other.requested,
            other.scored_cpu,
            other.scored_memory,
            other.ports,
        )


def test_failed_binding_leaves_no_trace():
    cluster = Cluster(1)
    before = dict(cluster.cache.nodes["node-1"].requested)
    decision = cluster.decide(make_pod().asks(cpu="1"))
    cluster.cache.assume(decision.pod, "node-1")
    assert cluster.cache.nodes["node-1"].requested != before
    cluster.cache.forget(decision.pod.uid)
    assert cluster.cache.nodes["node-1"].requested == before
    assert not cluster.cache.pods


def test_confirmed_pod_is_not_forgotten():
    cluster = Cluster(1)
    decision = cluster.decide(make_pod().asks(cpu="1"))
    cluster.cache.assume(decision.pod, "node-1")
    assert cluster.cache.confirm(make_pod().asks(cpu="1").on("node-1").obj())
    cluster.cache.forget(decision.pod.uid)
    assert len(cluster.cache.pods) == 1
