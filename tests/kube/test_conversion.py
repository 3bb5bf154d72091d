"""One stored object, two views."""

from core.kube import schema
from core.kube.conversion import CONVERSIONS, from_stored, to_stored
from core.kube.resources import REGISTRY, TABLE

VIEW = REGISTRY["events.events.k8s.io"]
STORED = {
    "apiVersion": "v1",
    "kind": "Event",
    "metadata": {"name": "web.1", "namespace": "default"},
    "involvedObject": {"kind": "Pod", "name": "web"},
    "reason": "Scheduled",
    "message": "assigned",
    "source": {"component": "scheduler"},
    "firstTimestamp": "2026-11-24T01:11:35Z",
    "lastTimestamp": "2026-11-24T01:11:35Z",
    "count": 2,
    "type": "Normal",
    "reportingComponent": "default-scheduler",
}


def test_a_view_is_well_formed_and_goes_back_to_what_is_stored() -> None:
    shown = from_stored(VIEW, STORED)
    assert (shown["apiVersion"], shown["regarding"], shown["note"]) == (
        "events.k8s.io/v1",
        STORED["involvedObject"],
        "assigned",
    )
    assert schema.conform(VIEW, dict(shown)) == []
    assert to_stored(VIEW, shown) == STORED


def test_other_resources_are_what_is_stored() -> None:
    assert from_stored(REGISTRY["events"], STORED) is STORED
    assert to_stored(REGISTRY["events"], STORED) is STORED


def test_every_view_has_its_names() -> None:
    assert {row.name for row in TABLE if row.stored_as} == set(CONVERSIONS)
