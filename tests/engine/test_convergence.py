"""After any faults heal, desired and actual meet again, and nothing acknowledged is lost: whole clusters, by seed."""

import random
from collections import Counter

import pytest

from core.engine.drive import Driver
from core.engine.host import Host
from core.engine.roles import ROLES
from core.faults import VERBS, NothingToDo, act, targets
from core.kube.errors import ApiError
from core.kube.objects import is_true
from core.models import Fault, Revision
from tests.engine.test_determinism import deployment
from tests.world import World

pytestmark = [pytest.mark.search, pytest.mark.django_db(transaction=True)]

REPLICAS = 12
ROUNDS = 25


def break_something(world: World, draw: random.Random) -> str:
    """One random fault, or a crash of the process that drives: everything in its memory is gone."""
    kind = draw.choice(["fault", "fault", "fault", "crash", "write"])
    if kind == "crash":
        world.host = Host(world.cluster.pk, ROLES, world.clock, f"owner-{draw.random()}")
        world.driver = Driver(world.host)
        return "crash"
    if kind == "write":
        try:
            replicas = draw.randrange(1, 20)
            world.patch("deployments.apps", "default", "web", {"spec": {"replicas": replicas}})
        except ApiError as error:
            return f"write refused: {error.message}"
        return f"scale to {replicas}"
    target, verb = draw.choice(targets(world.cluster)), draw.choice(VERBS)
    peer = ""
    if verb in ("partition", "heal"):
        peer = "apiserver" if target.startswith("node/") else draw.choice(["etcd-0", "etcd-1", "etcd-2"])
    try:
        act(world.cluster, verb, target, peer, by="test", now=world.clock.now)
    except NothingToDo:
        return ""
    return f"{verb} {target} {peer}".strip()


def write_note(world: World, name: str) -> bool:
    """Whether the write of a ConfigMap was acknowledged; then it must never be lost."""
    try:
        world.create(
            "configmaps", {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": "default"}}
        )
    except ApiError:
        return False
    return True


def heal_everything(world: World) -> None:
    for target in targets(world.cluster):
        for verb in ("resume", "restart"):
            try:
                act(world.cluster, verb, target, by="test", now=world.clock.now)
            except NothingToDo:
                continue
    for fault in Fault.objects.filter(cluster=world.cluster, kind="partition", healed=None):
        act(world.cluster, "heal", fault.target, fault.peer, by="test", now=world.clock.now)


def writes_since(world: World, revision: int) -> Counter[str]:
    """How often each key was written since, but for Leases and for Events that are said again."""
    rows = Revision.objects.filter(cluster=world.cluster, revision__gt=revision).exclude(key="")
    return Counter(
        key
        for key in rows.values_list("key", flat=True)
        if not key.startswith(("/registry/leases", "/registry/events"))
    )


@pytest.mark.parametrize("seed", range(6))
def test_a_broken_and_healed_cluster_converges(seed: int):
    world, draw = World(f"seed-{seed}", workers=4, profile="realistic", seed=seed), random.Random(seed)
    world.run(20)
    body = deployment()
    body["spec"]["replicas"] = REPLICAS
    world.create("deployments.apps", body)
    story, acknowledged = [], set()
    for number in range(ROUNDS):
        story.append(break_something(world, draw))
        if write_note(world, f"note-{number}"):
            acknowledged.add(f"note-{number}")
        world.run(draw.uniform(0.05, 30))
    heal_everything(world)
    world.run(30)
    world.patch("deployments.apps", "default", "web", {"spec": {"replicas": REPLICAS}})
    world.run(700)
    pods = world.all("pods", "default")
    told = f"seed {seed}: {[step for step in story if step]}"
    assert acknowledged <= {item["metadata"]["name"] for item in world.all("configmaps", "default")}, told
    assert len(pods) == REPLICAS, told
    assert all(is_true(pod, "Ready") for pod in pods), told
    assert all(is_true(node, "Ready") for node in world.all("nodes")), told
    assert all(pod["spec"].get("nodeName") for pod in pods), told
    before = world.host.cluster.revision
    world.run(250)
    assert set(writes_since(world, before).values()) <= {1}, told  # each node's report every five minutes, and no more
