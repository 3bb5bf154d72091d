"""kube-proxies in a whole cluster: when they write, and that each writes its own node's table."""

import pytest

from core.proxy.rulebook import rulebook_of
from tests.builders import make_service, make_slice
from tests.world import World

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def world():
    world = World(workers=3)
    world.run(5)
    return world


def tables(world):
    return {node: disk.get("kernel", "iptables") for node, disk in sorted(world.host.disks.items())}


def service(world, name="web", **spec):
    world.create("services", make_service(name).at("10.96.7.7").port(80).with_spec(**spec).obj())


def test_each_node_gets_the_same_rules(world):
    service(world)
    world.create("endpointslices.discovery.k8s.io", make_slice().port(80).endpoint("10.244.1.2").obj())
    world.run(5)
    texts = {table["text"] for table in tables(world).values()}
    assert len(tables(world)) == 3
    assert len(texts) == 1
    assert "--to-destination 10.244.1.2:80" in texts.pop()


def test_local_policy_makes_nodes_differ(world):
    service(world, internalTrafficPolicy="Local")
    slices = make_slice().port(80).endpoint("10.244.1.2", "worker-1").endpoint("10.244.2.2", "worker-2")
    world.create("endpointslices.discovery.k8s.io", slices.obj())
    world.run(5)
    targets = {node: table["text"].count("DNAT") for node, table in tables(world).items()}
    texts = {node: table["text"] for node, table in tables(world).items()}
    assert "--to-destination 10.244.1.2:80" in texts["worker-1"]
    assert "--to-destination 10.244.2.2:80" in texts["worker-2"]
    assert targets["worker-1"] == targets["worker-3"] + 1


def test_changes_in_quick_succession_are_written_once(world):
    service(world)
    world.run(0.2)
    first = tables(world)["worker-1"]["synced"]
    world.create("endpointslices.discovery.k8s.io", make_slice().port(80).endpoint("10.244.1.2").obj())
    world.run(0.2)
    assert tables(world)["worker-1"]["synced"] == first
    world.run(1)
    assert tables(world)["worker-1"]["synced"] == pytest.approx(first + 1)


def test_nothing_is_written_when_nothing_changed(world):
    before = tables(world)
    world.run(400)
    assert tables(world) == before


def test_proxies_of_a_process_share_one_rulebook(world):
    book = rulebook_of(world.host.informers)
    assert book is rulebook_of(world.host.informers)
    assert book.table("worker-1").text is book.table("worker-2").text
