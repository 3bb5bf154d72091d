"""One loop that fails takes nothing else down: it rests, is shown as failed, and runs again."""

import logging
from typing import ClassVar

import pytest

from core.client import Reconciler
from core.engine import roles, tasks
from core.engine.clock import ManualClock
from core.engine.clusters import ADMIN
from core.engine.drive import Driver
from core.engine.host import Host
from core.engine.rests import Rests
from core.engine.roles import CONTROL_PLANE, LOOPS, ROLES
from core.engine.status import as_text, cluster_status
from core.faults import act
from core.models import Failure, JournalEntry
from tests.world import START, World

pytestmark = pytest.mark.django_db(transaction=True)


class Halves(Reconciler):
    """Declares one watch whose handler reads what only the second one sets."""

    name = "halves"
    user = ADMIN

    def start(self):
        self.first = self.watch("configmaps", lambda event: self.enqueue(f"{len(self.second.objects)}"))
        self.second = self.watch("secrets", lambda event: self.enqueue(f"{len(self.first.objects)}"))

    async def reconcile(self, key):
        return None


class Fragile(Reconciler):
    """Breaks where the test says: in `init`, `start`, a `handler`, or in `reconcile` of keys that begin with `bad`."""

    name = "fragile"
    user = ADMIN
    breaks: ClassVar[set] = set()
    starts: ClassVar[list] = []

    def __init__(self, context):
        self._break("init")
        super().__init__(context)

    def start(self):
        self.starts.append(round(self.now - START, 3))
        self.maps = self.watch("configmaps", self.on_map)
        self._break("start")

    def on_map(self, event):
        if event.key.name == "poison":
            self._break("handler")
        self.enqueue(event.key)

    async def reconcile(self, key):
        if key.startswith("default/bad") and self.maps.by_key(key):
            self._break("reconcile")

    def _break(self, where):
        if where in self.breaks:
            raise LookupError(f"broken in {where}")


class Sound(Reconciler):
    """Copies every ConfigMap: whether it works is seen in the store."""

    name = "sound"
    user = ADMIN

    def start(self):
        self.maps = self.watch("configmaps")

    async def reconcile(self, key):
        namespace, name = key.split("/")
        if not name.startswith("copy-") and self.maps.get(namespace, f"copy-{name}") is None:
            await self.client.create("configmaps", config_map(f"copy-{name}"))


def config_map(name):
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": "default"}}


@pytest.fixture
def world(monkeypatch):
    Fragile.breaks.clear()
    Fragile.starts.clear()
    monkeypatch.setitem(roles.LOOPS, "controller-manager", (CONTROL_PLANE, (Fragile, Halves, Sound)))
    return World(workers=0)


def restarted(world):
    """Another process takes all roles over."""
    world.host = Host(world.cluster.pk, ROLES, ManualClock(world.now), "another process")
    world.clock = world.host.clock
    world.driver = Driver(world.host)
    return world


def failures(world):
    world.run()
    return cluster_status(world.cluster)["failures"]


def test_no_handler_meets_a_loop_with_half_of_its_watches(world):
    world.create("configmaps", config_map("there"))
    assert failures(restarted(world)) == []


def test_every_loop_has_an_id_of_its_own():
    for kind, (_, loops) in LOOPS.items():
        names = [loop.name for loop in loops]
        assert len(names) == len(set(names)), kind


@pytest.mark.parametrize("where", ["init", "start", "handler"])
def test_a_loop_that_cannot_start_disturbs_no_other(world, where):
    world.create("configmaps", config_map("poison"))
    Fragile.breaks.add(where)
    restarted(world).create("configmaps", config_map("a"))
    world.run(1)
    assert world.get("configmaps", "default", "copy-a")
    (failure,) = failures(world)
    assert (failure["component"], failure["loop"], failure["key"]) == ("controller-manager", "fragile", "")
    assert f"broken in {where}" in failure["error"]


def test_a_handler_that_raises_later_takes_only_its_own_loop_out(world):
    world.run()
    Fragile.breaks.add("handler")
    world.create("configmaps", config_map("poison"))
    world.run(1)
    assert world.get("configmaps", "default", "copy-poison")
    assert [failure["loop"] for failure in failures(world)] == ["fragile"]


def test_a_timer_that_raises_takes_only_its_own_loop_out(world):
    world.run()
    loop = next(loop for loop in world.host.units.loops.values() if loop.name == "fragile")

    def ring():
        raise LookupError("broken in a timer")

    world.host.agenda.at(world.now + 1, ring, loop)
    world.run(1)
    (failure,) = failures(world)
    assert "broken in a timer" in failure["error"]


def test_a_loop_that_failed_is_started_again_after_longer_and_longer_rests(world):
    Fragile.breaks.add("start")
    restarted(world).run(40)
    gaps = [round(later - earlier) for earlier, later in zip(Fragile.starts[1:], Fragile.starts[2:], strict=False)]
    assert gaps == [1, 2, 4, 8, 16]


def test_a_rest_is_never_longer_than_five_minutes(world):
    Fragile.breaks.add("start")
    restarted(world).run(4000)
    assert Fragile.starts[-1] - Fragile.starts[-2] == pytest.approx(300)


def test_a_loop_that_runs_again_is_no_longer_shown(world):
    Fragile.breaks.add("start")
    assert failures(restarted(world))
    Fragile.breaks.clear()
    world.run(2)
    assert failures(world) == []
    told = (
        JournalEntry.objects.filter(cluster=world.cluster, kind="loop").order_by("seq").values_list("data", flat=True)
    )
    assert [(entry["loop"], entry["fails"]) for entry in told] == [("fragile", True), ("fragile", False)]


def test_a_process_that_takes_over_knows_since_when_a_loop_fails(world):
    Fragile.breaks.add("start")
    (before,) = failures(restarted(world))
    world.run(10)
    (after,) = failures(restarted(world))
    assert after["since"] == before["since"]
    assert after["tries"] > before["tries"]


def test_what_another_process_saw_fail_is_cleared_by_one_in_which_it_runs(world):
    Fragile.breaks.add("start")
    assert failures(restarted(world))
    Fragile.breaks.clear()
    assert failures(restarted(world)) == []


def test_a_loop_whose_process_is_killed_is_dead_not_failed(world):
    Fragile.breaks.add("start")
    assert failures(restarted(world))
    act(world.cluster, "kill", "controller-manager", by="test", now=world.clock.now)
    assert failures(world) == []


def test_an_object_a_loop_fails_on_is_shown_until_it_is_handled(world):
    Fragile.breaks.add("reconcile")
    for name in ("bad", "bad-too", "good"):
        world.create("configmaps", config_map(name))
    world.run(10)
    (failure,) = failures(world)
    assert (failure["key"], failure["keys"]) == ("default/bad", 2)
    assert failure["since"] == pytest.approx(START, abs=1)
    assert failure["next_try"] > world.now
    world.api("delete", "configmaps", "default", "bad")
    assert [failure["key"] for failure in failures(world)] == ["default/bad-too"]
    Fragile.breaks.clear()
    world.run(60)
    assert failures(world) == []


def test_an_hour_of_failing_is_one_line_of_the_log(world, caplog):
    Fragile.breaks |= {"reconcile"}
    world.create("configmaps", config_map("bad"))
    world.run(3600)
    said = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert len(said) == 1
    assert "\n" not in said[0].getMessage()
    assert said[0].exc_info is None


def test_the_terminal_says_what_fails_at_what_since_when_and_when_next(world):
    Fragile.breaks.add("reconcile")
    world.create("configmaps", config_map("bad"))
    world.run(10)
    (line,) = [line for line in as_text(cluster_status(world.cluster)).splitlines() if line.startswith("failed:")]
    for word in (
        "fragile",
        "controller-manager",
        "default/bad",
        "since 2026-01-01T00:00:00Z",
        "LookupError",
        "next at",
    ):
        assert word in line


class TestRole:
    """What one worker drives of one cluster."""

    def test_a_role_that_cannot_be_driven_rests_and_is_shown(self, world):
        cluster, rests = world.cluster, Rests()
        delays = [rests.begin(cluster.pk, CONTROL_PLANE, LookupError("no way")) for _ in range(4)]
        assert [round(delay) for delay in delays] == [1, 2, 4, 8]
        assert 7 < rests.left(cluster.pk, CONTROL_PLANE) <= 8
        (failure,) = cluster_status(cluster)["failures"]
        assert (failure["component"], failure["loop"], failure["tries"]) == (CONTROL_PLANE, "", 4)
        assert "nothing of the control-plane runs" in as_text(cluster_status(cluster))

    def test_a_role_that_is_driven_again_is_no_longer_shown(self, world):
        Rests().begin(world.cluster.pk, CONTROL_PLANE, LookupError("no way"))
        Rests().end(world.cluster.pk, CONTROL_PLANE)  # by another process
        assert not Failure.objects.exists()
        assert JournalEntry.objects.filter(cluster=world.cluster, kind="loop").count() == 2

    def test_a_drive_that_raises_is_put_off_and_made_good(self, world, monkeypatch, caplog):
        rests = Rests()
        monkeypatch.setattr(tasks, "rests", rests)
        monkeypatch.setattr(tasks, "line", lambda: Silence)
        with monkeypatch.context() as broken:
            broken.setattr(Host, "refresh", lambda self: 1 / 0)
            tasks.drive(world.cluster.pk, CONTROL_PLANE)
            tasks.drive(world.cluster.pk, CONTROL_PLANE)  # it rests: nothing is tried
        assert "ZeroDivisionError" in Failure.objects.get().error
        assert len([record for record in caplog.records if record.levelno == logging.ERROR]) == 1
        rests._rests.clear()
        tasks.drive(world.cluster.pk, CONTROL_PLANE)
        assert not Failure.objects.exists()


class Silence:
    """A line of wake-ups on which nothing is heard."""

    begin = end = try_wake = staticmethod(lambda *subject: None)
