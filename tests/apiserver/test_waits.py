"""A request that waits is one request: told when it begins to wait, and when it is answered."""

import time
from typing import Any

import pytest

from core.apiserver.batcher import Batcher
from core.engine.clusters import ADMIN
from core.faults import act
from core.kube.errors import ApiError, StoreTimeout
from core.kube.requests import Request
from core.models import Cluster, JournalEntry
from tests.apiserver.objects import config_map
from tests.world import World

pytestmark = pytest.mark.django_db(transaction=True)

PATIENCE = 0.6  # wall seconds: three tries


@pytest.fixture
def lost() -> World:
    """A watched cluster without a quorum."""
    world = World(workers=0)
    Cluster.objects.filter(pk=world.cluster.pk).update(watched_until=1e12)
    for name in ("etcd-1", "etcd-2"):
        fault(world, "kill", name)
    world.run(5)
    return world


def fault(world: World, verb: str, target: str) -> None:
    act(world.cluster, verb, target, now=lambda cluster: world.now)


def create(name: str) -> Request:
    return Request("create", "configmaps", "default", body=config_map(name), user=ADMIN)


def told() -> list[dict[str, Any]]:
    """What the journal says of the administrator's requests."""
    found = JournalEntry.objects.filter(kind="request", actor=ADMIN.name).order_by("seq")
    return [{"seq": entry.seq, **entry.data} for entry in found]


def test_a_write_without_a_quorum_is_told_as_one_request_and_answered_once(lost: World) -> None:
    batcher = Batcher(lost.host.server, time.monotonic, patience=PATIENCE)
    answer = batcher.submit(create("a"))
    batcher.close()
    assert isinstance(answer, StoreTimeout)
    waits, answered = told()
    assert (waits["waits"], waits["patience"], waits["code"]) == ("etcd", PATIENCE, 0)
    assert (answered["of"], answered["code"], answered["message"]) == (waits["seq"], 500, answer.message)
    assert [trace.code for trace in lost.host.server.traces if trace.request.user == ADMIN].count(500) == 1


def test_a_write_that_waited_and_succeeded_says_how_long(lost: World) -> None:
    server = lost.host.server
    for _ in range(3):  # a component tries again every second
        assert isinstance(server.execute([create("a")])[0], StoreTimeout)
        lost.run(1)
    fault(lost, "restart", "etcd-1")
    lost.run(5)
    assert not isinstance(server.execute([create("a")])[0], ApiError)
    waits, answered = told()
    assert (answered["of"], answered["code"]) == (waits["seq"], 201)
    assert answered["waited"] == pytest.approx(8, abs=0.01)


def test_a_request_told_to_wait_is_told_its_answer_though_nobody_watches_any_more(lost: World) -> None:
    server = lost.host.server
    server.execute([create("a")])
    Cluster.objects.filter(pk=lost.cluster.pk).update(watched_until=0)
    fault(lost, "restart", "etcd-1")
    lost.run(5)
    server.execute([create("a")])
    assert [entry.get("of") for entry in told()] == [None, told()[0]["seq"]]


def test_a_request_that_is_answered_at_once_says_nothing_of_waiting() -> None:
    world = World(workers=0)
    Cluster.objects.filter(pk=world.cluster.pk).update(watched_until=1e12)
    world.create("configmaps", config_map("a"))
    (entry,) = told()
    assert "waits" not in entry
    assert "of" not in entry
