"""What the panel says of the workers, as tables: facts in, words out."""

import time

import pytest
from django.test import Client

from core.dashboard.inspect.view import View
from core.dashboard.inspect.workers import PROCESSES, due_words, process_rows, queue_rows, why, worker_words
from core.engine.crew import Broker, Post
from core.models import RoleState
from tests.world import World

POST = Post("lab", "nodes", "h1", 7, 2, 10.0, 11.0, 3.0)
BROKER = Broker(5, "6.2.9", 60, {"nodes": 0, "nodes.h1": 2}, {"nodes": "nodes.h1"}, frozenset({"nodes"}), 100.0)


@pytest.mark.parametrize(
    ("pid", "host", "running", "words"),
    [
        pytest.param(7, "h1", True, "nodes@h1:7", id="runs"),
        pytest.param(7, "h1", False, "process 7 is not there any more", id="gone"),
        pytest.param(None, "stepper", None, "stepped by hand", id="stepped"),
        pytest.param(None, "", None, "nobody yet", id="never driven"),
    ],
)
def test_worker_in_words(pid: int | None, host: str, running: bool | None, words: str) -> None:
    assert worker_words(Post("lab", "nodes", host, pid, 2, 0, 0, None), running) == words


def test_worker_of_another_machine_is_said_to_be_elsewhere() -> None:
    assert worker_words(POST, None).startswith("nodes@h1:7 (on h1, not seen from ")


@pytest.mark.parametrize(
    ("due", "words"),
    [
        (None, "when something changes"),
        (float("inf"), "when the clock runs"),
        (0.0, "now"),
        (0.9, "now"),
        (3.2, "in 3 s"),
        (4000, "in 1 h 6 min"),
    ],
)
def test_due_in_words(due: float | None, words: str) -> None:
    assert due_words(due) == words


def test_queue_says_what_waits_and_whose_it_is() -> None:
    shared, own = queue_rows(BROKER)
    assert (shared["name"], shared["waiting"], shared["note"]) == ("nodes", "0 tasks", "")
    assert (own["waiting"], own["note"]) == ("2 tasks", "nodes of this cluster goes here, woken just now")


def test_only_what_is_seen_to_run_can_be_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.dashboard.inspect.workers.crew", lambda: {"beat": 12, "redis": 5, "web": 13})
    rows = [{"role": "nodes", "own": True, "pid": 7}, {"role": "control-plane", "own": True, "pid": None}]
    found = {row["name"]: row for row in process_rows(rows, BROKER)}
    assert found.keys() == PROCESSES.keys()
    assert {name: row["command"] for name, row in found.items()} == {
        "nodes": "kill -9 7",
        "control-plane": "",
        "web": "kill -9 13",
        "beat": "kill -9 12",
        "redis": "kill -9 5",
    }
    assert "The supervisor starts it again after 0.2 s" in found["beat"]["killed"]
    assert "It has no supervisor here" in found["nodes"]["killed"]
    assert found["control-plane"]["killed"] == ""


@pytest.mark.django_db(transaction=True)
class TestOfACluster:
    def test_missing_process_is_the_first_thing_said(self) -> None:
        view = View(World("lab").cluster)
        gone = {"role": "nodes", "worker": "process 7 is not there any more", "wrong": True}
        assert "Nobody drives the nodes: process 7 is not there any more" in why(view, [gone], BROKER)
        assert "Redis does not answer" in why(view, [gone], None)

    def test_panel_and_text_twin_answer_whatever_the_rows_say(self, client: Client) -> None:
        world = World("lab")
        for owner in ("", "h:1:2", "stepper:1", "a:b:c:d:e", "<b>:7:1"):
            RoleState.objects.filter(cluster=world.cluster).update(
                owner=owner, due_at=1e300, driven_at=-1e300, claimed_at=time.time()
            )
            for path in ("inspect/workers/", "text/"):
                answer = client.get(f"/clusters/lab/{path}")
                assert answer.status_code == 200
                assert "<b>:7" not in answer.content.decode()
