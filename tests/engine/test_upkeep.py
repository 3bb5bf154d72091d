"""What is deleted by itself, and what is not."""

import pytest

from core.engine import upkeep
from core.models import JournalEntry, Revision
from tests.world import START, World

pytestmark = pytest.mark.django_db(transaction=True)


def event(name: str) -> dict:
    involved = {"kind": "Pod", "namespace": "default", "name": "web"}
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": name, "namespace": "default"},
        "involvedObject": involved,
    }


def test_events_die_after_an_hour():
    world = World(workers=0)
    world.create("events", event("old"))
    world.run(3000)
    world.create("events", event("young"))
    world.run(1000)
    assert [item["metadata"]["name"] for item in world.all("events", "default")] == ["young"]


def test_an_event_that_a_client_dates_by_its_own_clock_dies_as_others_do():
    event = {"metadata": {"creationTimestamp": "2026-01-01T00:00:00Z"}, "lastTimestamp": "2026-01-31T00:00:00Z"}
    assert upkeep.age(event, START + 3700) == 3700


def test_old_revisions_and_journal_entries_go_and_current_objects_stay(monkeypatch):
    monkeypatch.setattr(upkeep, "REVISIONS_KEPT", 20)
    monkeypatch.setattr(upkeep, "JOURNAL_KEPT", 5)
    world = World(workers=0)
    kept = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "kept", "namespace": "default"}}
    world.create("configmaps", kept)
    for number in range(60):
        world.patch("configmaps", "default", "kept", {"data": {"n": str(number)}})
    world.run(upkeep.EVERY + 1)
    cluster = world.cluster
    cluster.refresh_from_db()
    assert cluster.revision - cluster.compacted <= 20 * upkeep.SLACK
    assert Revision.objects.filter(cluster=cluster, key__endswith="/kept").count() <= 22
    assert JournalEntry.objects.filter(cluster=cluster).count() <= 5
    assert world.get("configmaps", "default", "kept")["data"]["n"] == "59"
