"""A packet through a whole cluster: Deployment, scheduler, kubelets, endpoints, kube-proxies, then the wire."""

import random

import pytest

from core.network.packet import Verdict, send
from core.network.rules import Packet
from core.network.snapshot import network_of, record_of
from tests.builders import make_service
from tests.world import World

pytestmark = pytest.mark.django_db(transaction=True)


def deployment(name, replicas):
    labels = {"app": name}
    container = {"name": "web", "image": "nginx:1.27", "ports": [{"containerPort": 80}]}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": "default"},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}},
        },
    }


@pytest.fixture
def world():
    world = World(workers=3)
    world.run(10)
    world.create("services", make_service().selects(app="web").at("10.96.7.7").port(80).obj())
    for name, replicas in (("web", 3), ("client", 1)):
        world.create("deployments.apps", deployment(name, replicas))
    world.run(30)
    return world


def network(world, **more):
    texts = {node: disk.get("kernel", "iptables")["text"] for node, disk in world.host.disks.items()}
    return network_of(
        world.all("nodes"), world.all("pods"), texts, listens=lambda pod, protocol, port: port == 80, **more
    )


def client_packet(world):
    (client,) = [pod for pod in world.all("pods") if pod["metadata"]["labels"]["app"] == "client"]
    return Packet(client["status"]["podIP"], "10.96.7.7", "tcp", 40000, 80)


def test_packets_reach_every_replica_of_a_deployment(world):
    draw, here, packet = random.Random(1), network(world), client_packet(world)
    walks = [send(here, packet, draw) for _ in range(60)]
    assert {walk.verdict for walk in walks} == {Verdict.ANSWERED}
    replicas = {
        f"default/{pod['metadata']['name']}" for pod in world.all("pods") if pod["metadata"]["labels"]["app"] == "web"
    }
    assert {walk.receiver for walk in walks} == replicas
    assert {walk.seen.source for walk in walks} == {packet.source}


def test_cut_wires_lose_packets_to_other_nodes_only(world):
    draw, packet = random.Random(1), client_packet(world)
    here = network(world, is_cut=lambda a, b: True)
    verdicts = {send(here, packet, draw).verdict for _ in range(60)}
    assert verdicts == {Verdict.ANSWERED, Verdict.TIMEOUT}


def test_record_of_a_walk_is_json(world):
    record = record_of(send(network(world), client_packet(world), random.Random(1)), "client", "web")
    assert record["verdict"] == "answered"
    assert record["hops"][0]["place"] == "pod eth0"
    assert any("DNAT" in rule for hop in record["hops"] for rule in hop["rules"])
