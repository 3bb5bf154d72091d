"""The hand on the clock."""

import pytest

from core.engine import clusters, control
from core.engine.clock import WallClock
from core.engine.host import Host
from core.engine.roles import CONTROL_PLANE
from core.faults import act
from core.kube.objects import is_true
from core.models import Cluster, JournalEntry
from tests.world import START, World

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def cluster():
    cluster = World(workers=1).cluster
    control.pause(cluster)
    return cluster


def deployment(replicas):
    labels = {"app": "web"}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "c", "image": "nginx"}]}}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web", "namespace": "default"},
        "spec": {"replicas": replicas, "selector": {"matchLabels": labels}, "template": template},
    }


def test_paused_time_stands_still(cluster):
    assert cluster.virtual_time(WallClock().wall() + 100) == cluster.clock_base


def test_speed_changes_pace_without_a_jump(cluster):
    control.resume(cluster)
    before = cluster.virtual_time(WallClock().wall())
    control.set_speed(cluster, 20)
    wall = WallClock().wall()
    assert cluster.virtual_time(wall) - before < 5
    assert cluster.virtual_time(wall + 10) - cluster.virtual_time(wall) == pytest.approx(200)


@pytest.mark.parametrize("speed", [0, -1, 0.01, 1000, float("nan"), float("inf")])
def test_impossible_speeds_are_refused_in_a_sentence(cluster, speed):
    with pytest.raises(ValueError, match=r"speed is 0\.05 to 100"):
        control.set_speed(cluster, speed)


def test_a_running_cluster_cannot_be_stepped(cluster):
    control.resume(cluster)
    with pytest.raises(ValueError, match="pause it first"):
        control.step(cluster)


def test_steps_unfold_a_deployment_one_change_at_a_time(cluster):
    world = World("stepped", workers=1)
    world.run(5)
    control.pause(world.cluster)
    world.create("deployments.apps", deployment(1))
    told = [control.step(world.cluster) for _ in range(12)]
    story = " ".join(told)
    assert story.index("create replicasets.apps") < story.index("create pods") < story.index("create pods/binding")


def test_what_a_step_did_is_told_with_that_step(cluster):
    world = World("told", workers=1)
    control.pause(world.cluster)
    Cluster.objects.filter(pk=world.cluster.pk).update(watched_until=1e12)
    world.create("deployments.apps", deployment(2))
    notes = []
    for _ in range(12):
        said = control.step(world.cluster)
        told = JournalEntry.objects.filter(cluster=world.cluster, kind="reconcile").order_by("-seq").first()
        notes.append((said, told and told.data["note"]))
    assert next(note for said, note in notes if said.startswith("replicaset: create pods")) == "created 2 pods"


def test_stepping_moves_the_clock_to_the_next_timer(cluster):
    before = cluster.clock_base
    for _ in range(12):
        control.step(cluster)
    assert cluster.clock_base > before
    assert cluster.paused


def test_what_is_done_to_the_clock_is_journaled(cluster):
    control.resume(cluster)
    kinds = JournalEntry.objects.filter(cluster=cluster, kind="clock").order_by("seq").values_list("data", flat=True)
    assert [entry["paused"] for entry in kinds] == [True, False]


def test_taking_a_cluster_over_to_step_it_restarts_nothing_in_it():
    world = World("taken-over", workers=2, profile="realistic")
    world.run(60)
    before = {event["metadata"]["name"] for event in world.all("events")}
    control.pause(world.cluster)
    world.cluster.clock_base = world.now  # the test's own clock was ahead of the row's
    world.cluster.save(update_fields=["clock_base"])
    for _ in range(8):
        control.step(world.cluster)
    told = [event["reason"] for event in world.all("events") if event["metadata"]["name"] not in before]
    assert "Starting" not in told
    assert "NodeNotReady" not in told
    assert all(is_true(node, "Ready") for node in world.all("nodes"))


def rest(world):
    """Pause as a worker's clock would have it: the test's own clock was ahead of the row's."""
    control.pause(world.cluster)
    world.cluster.clock_base = world.now
    world.cluster.save(update_fields=["clock_base"])


def test_first_step_after_a_worker_drove_is_the_first_thing_to_do():
    world = World("idle", workers=3)
    world.run(64)
    told_before = {event["metadata"]["name"] for event in world.all("events")}
    rest(world)
    world.create("deployments.apps", deployment(1))
    assert control.step(world.cluster).startswith("deployment: create replicasets.apps")
    told = [event["reason"] for event in world.all("events") if event["metadata"]["name"] not in told_before]
    assert "RegisteredNode" not in told


def test_leases_are_renewed_on_time_by_whoever_takes_over():
    world = World("renewed", workers=2)
    world.run(64)
    rest(world)
    told = [control.step(world.cluster) for _ in range(2)]
    assert all("update leases.coordination.k8s.io" in each for each in told)
    assert world.cluster.clock_base == pytest.approx(START + 70, abs=0.1)


def test_a_restarted_controller_manager_registers_the_nodes_anew():
    world = World("anew", workers=2)
    world.run(5)
    for verb in ("kill", "restart"):
        act(world.cluster, verb, "controller-manager", by="test", now=world.clock.now)
        world.run(5)
    assert [event["reason"] for event in world.all("events")].count("RegisteredNode") == 4


@pytest.mark.parametrize("ahead", [-30 * 86_400.0, 0.0, 86_400.0], ids=["behind", "alike", "ahead"])
def test_a_step_is_told_in_detail_whatever_the_cluster_s_time_is(ahead):
    world = World("watched", workers=1)
    world.run(5)
    control.pause(world.cluster)
    wall = WallClock().wall()
    world.cluster.clock_base, world.cluster.watched_until = wall + ahead, wall + 60
    world.cluster.save(update_fields=["clock_base", "watched_until"])
    world.create("deployments.apps", deployment(1))
    for _ in range(6):
        control.step(world.cluster)
    kinds = set(JournalEntry.objects.filter(cluster=world.cluster).values_list("kind", flat=True))
    assert {"request", "reconcile"} <= kinds


@pytest.mark.parametrize(("speed", "hours"), [(1, 10_000), (10, 79), (60, 12), (100, 7)])
def test_a_new_cluster_stays_behind_its_clients_for_long(speed, hours):
    cluster = clusters.create("new", members=1, workers=0, profile="instant")
    control.set_speed(cluster, speed)
    later = WallClock().wall() + hours * 3600
    assert cluster.virtual_time(later) < later


def test_a_step_takes_the_roles_back_from_a_worker_that_just_finishes():
    world = World("contended", workers=1)
    world.run(5)
    control.pause(world.cluster)
    control.step(world.cluster)
    Host(world.cluster.pk, (CONTROL_PLANE,), world.clock, "a worker that saw no pause")
    world.create("deployments.apps", deployment(1))
    assert "deployment" in " ".join(control.step(world.cluster) for _ in range(4))
