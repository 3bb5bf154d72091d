"""The driver: batches, order, retries, time. With small loops of its own over the real API server."""

from typing import ClassVar

import pytest

from core.client import Reconciler, again
from core.engine import roles
from core.engine.clusters import ADMIN
from core.faults import act
from core.kube.errors import ApiError
from core.kube.objects import clone
from tests.world import START, World

pytestmark = pytest.mark.django_db(transaction=True)


class Copier(Reconciler):
    """Keeps a copy `<name>-copy` of every ConfigMap labelled copy=yes: the smallest honest controller."""

    name = "copier"
    user = ADMIN
    log: ClassVar[list] = []

    def start(self):
        self.maps = self.watch("configmaps")

    async def reconcile(self, key):
        self.log.append((round(self.now - START, 3), key))
        original = self.maps.by_key(key)
        if original is None or original["metadata"].get("labels", {}).get("copy") != "yes":
            return None
        namespace, name = key.split("/")
        if self.maps.get(namespace, f"{name}-copy") is None:
            copy = {
                "apiVersion": "v1",
                "kind": "ConfigMap",
                "metadata": {"name": f"{name}-copy", "namespace": namespace},
            }
            await self.client.create("configmaps", copy)
        return again(60) if original["metadata"]["labels"].get("again") else None


class Broken(Reconciler):
    name = "broken"
    user = ADMIN
    attempts: ClassVar[list] = []

    def start(self):
        self.watch("configmaps")

    async def reconcile(self, key):
        if key.endswith("/bad"):
            self.attempts.append(self.now)
            raise RuntimeError("on purpose")


@pytest.fixture
def world(monkeypatch):
    Copier.log.clear()
    Broken.attempts.clear()
    monkeypatch.setitem(roles.LOOPS, "controller-manager", (roles.CONTROL_PLANE, (Copier, Broken)))
    monkeypatch.setitem(roles.LOOPS, "scheduler", (roles.CONTROL_PLANE, ()))
    return World(workers=0)


def config_map(name, **labels):
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name, "namespace": "default", "labels": labels},
    }


def test_a_change_leads_to_a_reconcile_that_writes(world):
    world.create("configmaps", config_map("a", copy="yes"))
    world.run()
    assert world.get("configmaps", "default", "a-copy")


def test_what_was_written_is_known_at_the_next_reconcile(world):
    for number in range(30):
        world.create("configmaps", config_map(f"m{number}", copy="yes"))
    driven = world.run()
    assert driven.writes == 30
    assert len(world.all("configmaps", "default")) == 60


def test_again_comes_back_in_virtual_time(world):
    world.run()
    Copier.log.clear()
    world.create("configmaps", config_map("a", copy="yes", again="yes"))
    world.run(150)
    assert [entry for entry in Copier.log if entry[1] == "default/a"] == [
        (0, "default/a"),
        (60, "default/a"),
        (120, "default/a"),
    ]


def test_a_loop_that_raises_is_retried_with_backoff_and_disturbs_nobody(world, caplog):
    world.create("configmaps", config_map("bad"))
    world.create("configmaps", config_map("good", copy="yes"))
    world.run(0.1)
    assert world.get("configmaps", "default", "good-copy")
    delays = [round(later - earlier, 3) for earlier, later in zip(Broken.attempts, Broken.attempts[1:], strict=False)]
    assert delays == [0.005, 0.01, 0.02, 0.04]
    assert "on purpose" in caplog.text


def test_one_step_runs_up_to_one_write(world):
    for name in "ab":
        world.create("configmaps", config_map(name, copy="yes"))
    driven = world.driver.drive(until=world.now + 10, steps=1)
    assert driven.writes == 1
    assert driven.done == ["copier: create configmaps default"]


def test_the_same_seed_and_commands_give_the_same_revisions(world, monkeypatch):
    def history(name):
        other = World(name, workers=0, seed=7)
        for number in range(5):
            other.create("configmaps", config_map(f"m{number}", copy="yes"))
        other.run(10)
        return [
            (obj["metadata"]["name"], obj["metadata"]["uid"], obj["metadata"]["resourceVersion"])
            for obj in other.all("configmaps")
        ]

    assert history("one") == history("two")


def test_a_killed_component_rests_and_starts_over_with_a_list(world):
    component = world.cluster.components.get(target="controller-manager")
    component.state = "stopped"
    component.save()
    bump(world)
    world.create("configmaps", config_map("late", copy="yes"))
    world.run(10)
    with pytest.raises(ApiError):
        world.get("configmaps", "default", "late-copy")
    component.state, component.starts = "running", 2
    component.save()
    bump(world)
    world.run()
    assert world.get("configmaps", "default", "late-copy")


def test_a_killed_component_does_not_come_back_beside_its_successor(world):
    world.create("configmaps", config_map("a", copy="yes", again="yes"))
    world.run(1)
    for verb in ("kill", "restart"):
        act(world.cluster, verb, "controller-manager", by="test", now=world.clock.now)
        world.run(1)
    Copier.log.clear()
    world.run(121)
    assert [key for _, key in Copier.log if key == "default/a"] == ["default/a"] * 2


def test_read_objects_are_not_changed_by_reconciling(world):
    world.create("configmaps", config_map("a", copy="yes"))
    before = clone(world.get("configmaps", "default", "a"))
    world.run()
    assert world.get("configmaps", "default", "a") == before


def bump(world):
    world.cluster.refresh_from_db()
    world.cluster.topology += 1
    world.cluster.save(update_fields=["topology"])
