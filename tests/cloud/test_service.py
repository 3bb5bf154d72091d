"""Load balancers: given, kept apart, taken away before the Service is gone."""

import pytest

from core.cloud.service import FINALIZER, addresses_of
from core.kube.errors import NotFound
from core.models import Component
from tests.world import World

pytestmark = pytest.mark.django_db(transaction=True)


def service(name="web", kind="LoadBalancer", **spec):
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name, "namespace": "default"},
        "spec": {"type": kind, "selector": {"app": "web"}, "ports": [{"port": 80}], **spec},
    }


def reasons(world, name="web"):
    return [each["reason"] for each in world.all("events") if each["involvedObject"]["name"] == name]


def addresses(world, name="web"):
    return addresses_of(world.get("services", "default", name))


@pytest.fixture
def world():
    return World(workers=0)


def test_a_service_gets_an_address_after_the_clouds_delay():
    world = World(workers=0, profile="classroom")
    world.create("services", service())
    world.run(1)
    assert addresses(world) == []
    assert world.get("services", "default", "web")["metadata"]["finalizers"] == [FINALIZER]
    world.run(1.5)
    assert addresses(world) == ["203.0.113.1"]
    assert reasons(world) == ["EnsuringLoadBalancer", "EnsuredLoadBalancer"]


def test_services_ordered_at_once_get_different_addresses(world):
    for number in range(5):
        world.create("services", service(f"web-{number}"))
    world.run(1)
    assert {addresses(world, f"web-{number}")[0] for number in range(5)} == {f"203.0.113.{n}" for n in range(1, 6)}


def test_a_service_goes_only_after_its_load_balancer():
    world = World(workers=0, profile="classroom")
    world.create("services", service())
    world.run(5)
    world.api("delete", "services", "default", "web")
    world.run(0.5)
    assert world.get("services", "default", "web")["metadata"]["deletionTimestamp"]
    world.run(1)
    with pytest.raises(NotFound):
        world.get("services", "default", "web")
    assert reasons(world)[2:] == ["DeletingLoadBalancer", "DeletedLoadBalancer"]
    world.create("services", service("next"))
    world.run(5)
    assert addresses(world, "next") == ["203.0.113.1"]


def test_another_type_gives_the_load_balancer_back(world):
    world.create("services", service())
    world.run(1)
    world.patch("services", "default", "web", {"spec": {"type": "ClusterIP"}})
    world.run(1)
    found = world.get("services", "default", "web")
    assert addresses_of(found) == []
    assert "finalizers" not in found["metadata"]
    world.patch("services", "default", "web", {"spec": {"type": "LoadBalancer"}})
    world.run(1)
    assert addresses(world) == ["203.0.113.1"]


@pytest.mark.parametrize(
    "spec",
    [
        pytest.param({"kind": "ClusterIP"}, id="no load balancer"),
        pytest.param({"loadBalancerClass": "example.com/other"}, id="somebody else's"),
    ],
)
def test_other_services_are_left_alone(world, spec):
    world.create("services", service(**spec))
    world.run(5)
    assert addresses(world) == reasons(world) == []
    assert "finalizers" not in world.get("services", "default", "web")["metadata"]


def test_a_wish_that_the_cloud_refuses_is_told_and_tried_again(world):
    world.create("services", service(loadBalancerIP="8.8.8.8"))
    world.run(12)
    assert addresses(world) == []
    assert set(reasons(world)) == {"EnsuringLoadBalancer", "SyncLoadBalancerFailed"}
    world.patch("services", "default", "web", {"spec": {"loadBalancerIP": "203.0.113.80"}})
    world.run(1)
    assert addresses(world) == ["203.0.113.80"]


def test_a_controller_that_starts_later_finds_its_work():
    world = World(workers=0)
    components = Component.objects.filter(cluster=world.cluster, target="cloud-controller-manager")
    components.update(state=Component.State.STOPPED)
    world.host.topology = -1
    world.create("services", service())
    world.run(5)
    assert addresses(world) == []
    components.update(state=Component.State.RUNNING)
    world.host.topology = -1
    world.run(1)
    assert addresses(world) == ["203.0.113.1"]


def test_every_node_takes_what_arrives_for_the_address():
    world = World(workers=2)
    world.create(
        "pods",
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": "web", "namespace": "default", "labels": {"app": "web"}},
            "spec": {"containers": [{"name": "web", "image": "nginx:1.27", "ports": [{"containerPort": 80}]}]},
        },
    )
    world.create("services", service())
    world.run(30)
    for node in ("worker-1", "worker-2"):
        rules = world.host.disks[node].get("kernel", "iptables")["text"]
        assert '-d 203.0.113.1/32 -p tcp -m comment --comment "default/web loadbalancer IP"' in rules
