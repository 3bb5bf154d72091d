"""The controllers with real kubelets and a real scheduler: what a visitor does on the first day."""

import pytest

from core.kube.objects import is_deleting, is_true
from core.models import Component
from tests.controllers.stage import deployment, service, template
from tests.world import World

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def world():
    world = World(workers=3)
    world.run(30)
    world.create("services", service())
    world.create("deployments.apps", deployment(replicas=4))
    world.run(60)
    return world


def active(world):
    return [pod for pod in world.all("pods", "default") if not is_deleting(pod)]


def test_a_deployment_becomes_available_behind_its_service(world):
    assert world.get("deployments.apps", "default", "web")["status"]["availableReplicas"] == 4
    (subset,) = world.get("endpoints", "default", "web")["subsets"]
    assert len(subset["addresses"]) == 4


def test_a_new_image_replaces_every_pod(world):
    world.patch("deployments.apps", "default", "web", {"spec": {"template": template("nginx:1.28")}})
    world.run(120)
    assert [pod["spec"]["containers"][0]["image"] for pod in world.all("pods", "default")] == ["nginx:1.28"] * 4


def test_the_pods_of_a_dead_node_move_after_its_grace_and_their_toleration(world):
    node = active(world)[0]["spec"]["nodeName"]
    Component.objects.filter(cluster=world.cluster, target=f"node/{node}").update(state=Component.State.STOPPED)
    world.cluster.refresh_from_db()
    world.cluster.topology += 1
    world.cluster.save(update_fields=["topology"])
    world.run(60)
    assert not is_true(world.get("nodes", "", node), "Ready")
    world.run(320)
    pods = active(world)
    assert len(pods) == 4
    assert node not in {pod["spec"]["nodeName"] for pod in pods}
    assert all(is_true(pod, "Ready") for pod in pods)


def test_a_deleted_deployment_leaves_nothing(world):
    world.api("delete", "deployments.apps", "default", "web", options={"propagationPolicy": "Background"})
    world.run(60)
    assert world.all("pods", "default") == world.all("replicasets.apps") == []
