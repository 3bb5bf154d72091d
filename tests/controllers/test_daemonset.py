"""DaemonSets on a whole cluster: a pod a node, where it may be, and from one template to the next."""

import pytest

from core.kube.objects import is_deleting, is_true
from tests.controllers.stage import template
from tests.world import World

pytestmark = pytest.mark.django_db(transaction=True)

SETS = "daemonsets.apps"


def daemon_set(**spec):
    return {
        "apiVersion": "apps/v1",
        "kind": "DaemonSet",
        "metadata": {"name": "agent", "namespace": "default"},
        "spec": {"selector": {"matchLabels": {"app": "web"}}, "template": template(), **spec},
    }


def rolling(**limits):
    return {"type": "RollingUpdate", "rollingUpdate": limits}


@pytest.fixture
def world():
    world = World(workers=3)
    world.run(2)
    return world


def pods(world):
    return [pod for pod in world.all("pods") if not is_deleting(pod)]


def where(world):
    return sorted(pod["spec"].get("nodeName", "") for pod in pods(world))


def images(world):
    return {pod["spec"]["containers"][0]["image"] for pod in pods(world)}


def status(world):
    return world.get(SETS, "default", "agent")["status"]


def taint(world, node, effect):
    world.patch("nodes", "", node, {"spec": {"taints": [{"key": "gpu", "value": "yes", "effect": effect}]}})


ALL = ["worker-1", "worker-2", "worker-3"]


def test_every_node_has_one_pod(world):
    world.create(SETS, daemon_set())
    world.run(10)
    assert where(world) == ALL
    assert status(world) == {
        "currentNumberScheduled": 3,
        "desiredNumberScheduled": 3,
        "numberAvailable": 3,
        "numberMisscheduled": 0,
        "numberReady": 3,
        "observedGeneration": 1,
        "updatedNumberScheduled": 3,
    }


def test_a_lost_pod_is_replaced_on_its_node(world):
    world.create(SETS, daemon_set())
    world.run(10)
    world.api("delete", "pods", "default", pods(world)[0]["metadata"]["name"])
    world.run(40)
    assert where(world) == ALL


def test_a_node_selector_chooses_and_a_lost_label_takes_the_pod_away(world):
    world.patch("nodes", "", "worker-2", {"metadata": {"labels": {"disk": "ssd"}}})
    world.create(SETS, daemon_set(template=template(nodeSelector={"disk": "ssd"})))
    world.run(10)
    assert where(world) == ["worker-2"]
    world.patch("nodes", "", "worker-2", {"metadata": {"labels": {"disk": None}}})
    world.patch("nodes", "", "worker-3", {"metadata": {"labels": {"disk": "ssd"}}})
    world.run(40)
    assert where(world) == ["worker-3"]


def test_a_cordoned_node_keeps_its_daemons(world):
    world.patch("nodes", "", "worker-1", {"spec": {"unschedulable": True}})
    world.create(SETS, daemon_set())
    world.run(10)
    assert where(world) == ALL


def test_a_taint_keeps_new_pods_away_and_only_noexecute_removes_old_ones(world):
    taint(world, "worker-1", "NoSchedule")
    world.create(SETS, daemon_set())
    world.run(10)
    assert where(world) == ["worker-2", "worker-3"]
    taint(world, "worker-2", "NoSchedule")
    taint(world, "worker-3", "NoExecute")
    world.run(40)
    assert where(world) == ["worker-2"]
    assert status(world)["numberMisscheduled"] == 1
    assert status(world)["desiredNumberScheduled"] == 0


def test_a_new_template_is_rolled_out_one_node_at_a_time():
    world = World(workers=3, profile="classroom")
    world.create(SETS, daemon_set())
    world.run(30)
    world.patch(SETS, "default", "agent", {"spec": {"template": template("nginx:1.28")}})
    least = 3
    for _ in range(400):
        world.run(0.5)
        least = min(least, sum(is_true(pod, "Ready") for pod in pods(world)))
        if status(world).get("updatedNumberScheduled") == status(world).get("numberAvailable") == 3:
            break
    assert where(world) == ALL
    assert images(world) == {"nginx:1.28"}
    assert least == 2
    assert [each["revision"] for each in world.all("controllerrevisions.apps")] == [1, 2]


def test_a_surge_never_leaves_a_node_without_its_pod():
    world = World(workers=3, profile="classroom")
    world.create(SETS, daemon_set(updateStrategy=rolling(maxSurge=1, maxUnavailable=0)))
    world.run(30)
    world.patch(SETS, "default", "agent", {"spec": {"template": template("nginx:1.28")}})
    least, most = 3, 3
    for _ in range(200):
        world.run(0.5)
        ready = [pod for pod in pods(world) if is_true(pod, "Ready")]
        least, most = min(least, len({pod["spec"]["nodeName"] for pod in ready})), max(most, len(pods(world)))
        if images(world) == {"nginx:1.28"} and len(pods(world)) == 3:
            break
    assert (where(world), images(world)) == (ALL, {"nginx:1.28"})
    assert (least, most) == (3, 4)


def test_on_delete_waits_for_somebody_to_delete(world):
    world.create(SETS, daemon_set(updateStrategy={"type": "OnDelete"}))
    world.run(10)
    world.patch(SETS, "default", "agent", {"spec": {"template": template("nginx:1.28")}})
    world.run(20)
    assert images(world) == {"nginx:1.27"}
    world.api("delete", "pods", "default", pods(world)[0]["metadata"]["name"])
    world.run(40)
    assert images(world) == {"nginx:1.27", "nginx:1.28"}
    assert status(world)["updatedNumberScheduled"] == 1


def test_a_template_that_comes_back_gets_its_revision_back(world):
    world.create(SETS, daemon_set())
    world.run(10)
    for image in ("nginx:1.28", "nginx:1.27"):
        world.patch(SETS, "default", "agent", {"spec": {"template": template(image)}})
        world.run(200)
    assert sorted(each["revision"] for each in world.all("controllerrevisions.apps")) == [2, 3]
    assert images(world) == {"nginx:1.27"}


def test_deleting_the_set_leaves_nothing(world):
    world.create(SETS, daemon_set())
    world.run(10)
    world.api("delete", SETS, "default", "agent")
    world.run(60)
    assert world.all("pods") == world.all("controllerrevisions.apps") == []
