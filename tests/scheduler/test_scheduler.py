"""The scheduler in a whole cluster without kubelets: what it writes and when it tries again."""

import pytest

from core.kube.objects import condition
from tests.builders import make_node, make_pod
from tests.world import World

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def world():
    return World(workers=0)


def add_node(world, builder):
    """As a kubelet does: register, then report the status."""
    wanted = builder.obj()
    node = world.create("nodes", wanted)
    world.api(
        "update", "nodes", "", wanted["metadata"]["name"], node | {"status": wanted["status"]}, subresource="status"
    )


def placed(world):
    return {pod["metadata"]["name"]: pod["spec"].get("nodeName", "") for pod in world.all("pods")}


def messages(world, reason):
    return [event["message"] for event in world.all("events") if event["reason"] == reason]


def test_pod_is_bound_and_told_so(world):
    add_node(world, make_node("node-1"))
    world.create("pods", make_pod("web").obj())
    world.run()
    assert placed(world) == {"web": "node-1"}
    assert messages(world, "Scheduled") == ["Successfully assigned default/web to node-1"]


def test_pods_spread_over_nodes(world):
    for number in (1, 2, 3):
        add_node(world, make_node(f"node-{number}"))
    for number in range(6):
        world.create("pods", make_pod(f"web-{number}").obj())
    world.run()
    assert sorted(placed(world).values()) == ["node-1", "node-1", "node-2", "node-2", "node-3", "node-3"]


def test_unschedulable_pod_says_why(world):
    add_node(world, make_node("node-1").taint("dedicated", "db"))
    add_node(world, make_node("node-2"))
    world.create("pods", make_pod("big").asks(cpu="64").obj())
    world.run()
    text = (
        "0/2 nodes are available: 1 Insufficient cpu, 1 node(s) had untolerated taint {dedicated: db}. "
        "no new claims to deallocate, preemption: 0/2 nodes are available: 2 Preemption is not helpful for scheduling."
    )
    assert messages(world, "FailedScheduling") == [text]
    scheduled = condition(world.get("pods", "default", "big"), "PodScheduled")
    assert scheduled["status"] == "False"
    assert scheduled["reason"] == "Unschedulable"
    assert scheduled["message"] == text


def test_no_nodes_at_all(world):
    world.create("pods", make_pod("web").obj())
    world.run()
    assert messages(world, "FailedScheduling") == ["no nodes available to schedule pods"]


def test_new_node_wakes_waiting_pod(world):
    world.create("pods", make_pod("web").obj())
    world.run(30)
    add_node(world, make_node("node-1"))
    world.run()
    assert placed(world) == {"web": "node-1"}


def test_deleted_pod_makes_room(world):
    add_node(world, make_node("node-1").offers(cpu="1"))
    world.create("pods", make_pod("first").asks(cpu="1").obj())
    world.run()
    world.create("pods", make_pod("second").asks(cpu="1").obj())
    world.run(30)
    assert placed(world) == {"first": "node-1", "second": ""}
    world.api("delete", "pods", "default", "first", options={"gracePeriodSeconds": 0})
    world.run()
    assert placed(world) == {"second": "node-1"}


def test_pod_of_another_scheduler_is_left_alone(world):
    add_node(world, make_node("node-1"))
    pod = make_pod("web").obj()
    pod["spec"]["schedulerName"] = "mine"
    world.create("pods", pod)
    world.run()
    assert placed(world) == {"web": ""}


def test_gated_pod_waits_for_its_gate(world):
    add_node(world, make_node("node-1"))
    pod = world.create("pods", make_pod("web").gated("example.com/quota").obj())
    world.run(20)
    assert placed(world) == {"web": ""}
    why = condition(world.get("pods", "default", "web"), "PodScheduled")
    assert (why["reason"], why["message"]) == (
        "SchedulingGated",
        "Scheduling is blocked due to non-empty scheduling gates",
    )
    spec = {name: value for name, value in pod["spec"].items() if name != "schedulingGates"}
    world.api("update", "pods", "default", "web", world.get("pods", "default", "web") | {"spec": spec})
    world.run()
    assert placed(world) == {"web": "node-1"}


def test_higher_priority_evicts_lower(world):
    add_node(world, make_node("node-1").offers(cpu="1"))
    for name, value in (("low", 1), ("high", 1000)):
        world.create(
            "priorityclasses.scheduling.k8s.io",
            {
                "apiVersion": "scheduling.k8s.io/v1",
                "kind": "PriorityClass",
                "metadata": {"name": name},
                "value": value,
            },
        )
    victim, important = make_pod("victim").asks(cpu="1").obj(), make_pod("important").asks(cpu="1").obj()
    victim["spec"] |= {"priorityClassName": "low", "terminationGracePeriodSeconds": 0}
    important["spec"]["priorityClassName"] = "high"
    world.create("pods", victim)
    world.run()
    world.create("pods", important)
    world.run(15)
    assert placed(world) == {"important": "node-1"}
    assert "nominatedNodeName" not in world.get("pods", "default", "important")["status"]
    (text,) = messages(world, "Preempted")
    assert text.startswith("Preempted by pod ")
    assert text.endswith(" on node node-1")


def test_same_seed_gives_the_same_placement():
    def run(name):
        world = World(name, workers=0)
        for number in range(5):
            add_node(world, make_node(f"node-{number}"))
        for number in range(20):
            world.create("pods", make_pod(f"web-{number}").asks(cpu="50m").obj())
        world.run()
        return placed(world)

    assert run("one") == run("two")


def test_pod_made_anew_between_two_lists_is_counted_once(world):
    add_node(world, make_node("node-1").offers(cpu="1"))
    world.create("pods", make_pod("web").asks(cpu="1").obj())
    world.run()
    world.api("delete", "pods", "default", "web", options={"gracePeriodSeconds": 0})
    world.create("pods", make_pod("web").asks(cpu="1").obj())
    world.host.informers.relist()
    world.run()
    assert placed(world) == {"web": "node-1"}
