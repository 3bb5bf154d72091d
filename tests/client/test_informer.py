"""Informers: a copy that follows, indexes that agree with it, handlers that miss nothing."""

from dataclasses import dataclass, field
from typing import Any

import pytest

from core.client import Informers
from core.kube.errors import Expired
from core.kube.objects import Key


@dataclass
class Happened:
    type: str
    key: Key
    object: dict[str, Any]
    old: dict[str, Any] | None = None
    revision: int = 0
    resource: str = "pods"
    actor: str = ""
    cause: int = 0
    time: float = 0.0


@dataclass
class Script:
    """A transport that answers what the test wrote."""

    listed: list[dict[str, Any]] = field(default_factory=list)
    revision: int = 1
    events: list[Happened] = field(default_factory=list)
    compacted: bool = False

    def execute(self, requests):
        raise AssertionError("informers only read")

    def list_all(self, resource):
        return self.listed, self.revision

    def events_since(self, revision):
        if self.compacted:
            raise Expired("too old resource version")
        return [event for event in self.events if event.revision > revision]


def pod(name: str, node: str = "", revision: int = 1) -> dict[str, Any]:
    return {
        "metadata": {"name": name, "namespace": "default", "resourceVersion": str(revision)},
        "spec": {"nodeName": node},
    }


def by_node(obj):
    return [obj["spec"]["nodeName"]]


@pytest.fixture
def script() -> Script:
    return Script([pod("a", "n1"), pod("b", "n2")])


def test_existing_objects_reach_a_new_handler_at_once(script):
    seen = []
    Informers(script)("pods").on_event(lambda event: seen.append((event.type, event.key.name)))
    assert seen == [("ADDED", "a"), ("ADDED", "b")]


def test_changes_arrive_in_order_and_once(script):
    informers, seen = Informers(script), []
    informers("pods").on_event(lambda event: seen.append((event.type, event.key.name)))
    script.events = [
        Happened("MODIFIED", Key("default", "a"), pod("a", "n2", 2), revision=2),
        Happened("DELETED", Key("default", "b"), pod("b", "n2", 3), revision=3),
    ]
    assert informers.catch_up() == 2
    assert informers.catch_up() == 0
    assert seen[2:] == [("MODIFIED", "a"), ("DELETED", "b")]


def test_indexes_follow_the_objects(script):
    informers = Informers(script)
    pods = informers("pods", node=by_node)
    script.events = [Happened("MODIFIED", Key("default", "a"), pod("a", "n2", 2), revision=2)]
    informers.catch_up()
    assert [obj["metadata"]["name"] for obj in pods.indexed("node", "n2")] == ["b", "a"]
    assert pods.indexed("node", "n1") == []


def test_a_gap_is_closed_by_listing_again(script):
    informers, seen = Informers(script), []
    informers("pods").on_event(lambda event: seen.append((event.type, event.key.name)))
    script.listed, script.revision, script.compacted = [pod("a", "n1", 1), pod("c", "n1", 9)], 9, True
    informers.catch_up()
    assert seen[2:] == [("DELETED", "b"), ("ADDED", "c")]
    assert informers.revision == 9


def test_a_handler_taken_away_hears_no_more(script):
    informers, seen = Informers(script), []
    remove = informers("pods").on_event(lambda event: seen.append(event.key.name))
    remove()
    script.events = [Happened("DELETED", Key("default", "b"), pod("b"), revision=3)]
    informers.catch_up()
    assert seen == ["a", "b"]


def test_resync_tells_of_every_object_again(script):
    informers, seen = Informers(script), []
    pods = informers("pods")
    pods.on_event(lambda event: seen.append(event.type))
    pods.resync()
    assert seen == ["ADDED", "ADDED", "MODIFIED", "MODIFIED"]
