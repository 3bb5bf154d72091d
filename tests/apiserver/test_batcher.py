"""Writers in threads share critical sections, and each gets its own answer."""

import threading
import time

import pytest

from core.apiserver.batcher import Batcher
from core.engine.clusters import ADMIN
from core.journal import Announcement, announce
from core.kube.errors import ApiError, Forbidden, StoreTimeout
from core.kube.requests import Request
from core.models import Cluster
from tests.apiserver.objects import config_map

pytestmark = pytest.mark.django_db(transaction=True)


def create(name):
    return Request("create", "configmaps", "default", body=config_map(name), user=ADMIN)


class Server:
    """Stands for a server whose answers and timing the test decides."""

    cluster_id = 7

    def __init__(self, answers=None):
        self.batches = []
        self.answers = answers
        self.gate = threading.Event()
        self.entered = threading.Event()

    def execute(self, requests):
        self.batches.append([request.name for request in requests])
        self.entered.set()
        self.gate.wait(5)
        if self.answers:
            return [self.answers.pop(0) for _ in requests]
        return [{"name": request.name} for request in requests]


def submitted(batcher, names):
    answers = {}
    threads = [
        threading.Thread(
            target=lambda name=name: answers.update({name: batcher.submit(Request("get", "pods", name=name))})
        )
        for name in names
    ]
    for thread in threads:
        thread.start()
    return threads, answers


def test_single_request_is_executed(world):
    batcher = Batcher(world.host.server, time.monotonic)
    assert batcher.submit(create("a"))["metadata"]["name"] == "a"
    assert isinstance(batcher.submit(create("a")), ApiError)
    batcher.close()


def test_requests_that_come_meanwhile_go_together():
    server = Server()
    batcher = Batcher(server, time.monotonic)
    first, answers = submitted(batcher, ["a"])
    assert server.entered.wait(5)
    others, more = submitted(batcher, [f"b{number}" for number in range(20)])
    while len(batcher._list) < 20:
        time.sleep(0.001)
    server.gate.set()
    for thread in first + others:
        thread.join(5)
    assert [len(batch) for batch in server.batches] == [1, 20]
    assert answers | more == {name: {"name": name} for name in ["a", *(f"b{number}" for number in range(20))]}
    batcher.close()


def test_untouched_store_is_tried_again_when_the_cluster_moves_on():
    server = Server([StoreTimeout(is_untouched=True), {"kind": "Pod"}])
    server.gate.set()
    batcher = Batcher(server, time.monotonic, patience=5)
    threading.Timer(0.05, lambda: announce(Announcement(7, 1, 1, frozenset()))).start()
    assert batcher.submit(create("a")) == {"kind": "Pod"}
    batcher.close()


def test_write_that_may_have_landed_is_not_tried_again_but_waits_as_long():
    server = Server([StoreTimeout()])
    server.gate.set()
    clock = iter(range(0, 100, 3))
    batcher = Batcher(server, lambda: next(clock), patience=7)
    assert isinstance(batcher.submit(create("a")), StoreTimeout)
    assert len(server.batches) == 1
    assert next(clock) == 12, "it looked at the clock until seven seconds had passed"
    batcher.close()


def premature():
    error = Forbidden("no service account yet")
    error.premature = True
    return error


def test_what_a_controller_is_about_to_make_is_waited_for():
    server = Server([premature(), {"kind": "Pod"}])
    server.gate.set()
    batcher = Batcher(server, time.monotonic)
    threading.Timer(0.05, lambda: announce(Announcement(7, 1, 1, frozenset()))).start()
    assert batcher.submit(create("a")) == {"kind": "Pod"}
    batcher.close()


def test_what_nobody_makes_is_not_waited_for_long():
    server = Server([premature() for _ in range(9)])
    server.gate.set()
    clock = iter(number / 2 for number in range(100))
    batcher = Batcher(server, lambda: next(clock))
    assert isinstance(batcher.submit(create("a")), Forbidden)
    assert len(server.batches) == 2
    batcher.close()


def test_patience_ends():
    server = Server([StoreTimeout(is_untouched=True) for _ in range(9)])
    server.gate.set()
    clock = iter(range(0, 100, 3))
    batcher = Batcher(server, lambda: next(clock), patience=7)
    assert isinstance(batcher.submit(create("a")), StoreTimeout)
    assert len(server.batches) == 3
    batcher.close()


def test_failure_of_a_batch_reaches_everybody_in_it(world):
    batcher = Batcher(world.host.server, time.monotonic)
    Cluster.objects.all().delete()
    with pytest.raises(Cluster.DoesNotExist):
        batcher.submit(create("a"))
    batcher.close()
