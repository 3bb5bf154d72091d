"""What happened, as batches and sentences."""

from typing import Any

import pytest

from core.dashboard.feed.batches import EVENTS_MAX, Changed, Position, batch
from core.dashboard.feed.happenings import MOVING_MAX, Entry, decision_rows, happening
from core.dashboard.feed.sentences import event_gist, sentence
from core.kube.objects import Key


def changed(name: str, revision: int, node: str = "", kind: str = "MODIFIED") -> Changed:
    obj = {
        "metadata": {"name": name, "namespace": "default"},
        "spec": {"nodeName": node, "containers": []},
        "status": {},
    }
    return Changed(kind, "pods", Key("default", name), obj, revision, "tester", 100.4)


def test_last_write_of_an_object_wins() -> None:
    made = batch([changed("a", 1), changed("b", 2), changed("a", 3, "worker-1")], [], Position(3, 0))
    assert [(row[1], row[2]["node"]) for row in made["objects"]] == [("default/b", ""), ("default/a", "worker-1")]
    assert made["counts"] == [(100, 3)]


def test_deleted_object_travels_as_null() -> None:
    made = batch([changed("a", 1), changed("a", 2, kind="DELETED")], [], Position(2, 0))
    assert made["objects"] == [["pods", "default/a", None, "tester", 2]]


def test_flood_of_messages_is_thinned_and_counted() -> None:
    entries = [Entry(i, 1.0, "raft.message", "", {"from": "etcd-0", "to": "etcd-1"}) for i in range(MOVING_MAX + 7)]
    fault = Entry(99, 1.0, "fault", "", {"verb": "kill", "target": "etcd-0"})
    made = batch([], [*entries, fault], Position(0, 99))
    assert made["more"] == {"raft.message": 7}
    assert made["journal"][-1]["say"] == "etcd-0 was killed"


def test_message_carries_how_many_entries_not_which() -> None:
    told = happening(Entry(1, 1.0, "raft.message", "", {"from": "etcd-0", "to": "etcd-1", "entries": [[1, 2], [1, 3]]}))
    assert told["entries"] == 2


def test_winner_among_many_equals_is_always_among_the_rows() -> None:
    nodes = [f"worker-{number}" for number in range(100)]
    rows = decision_rows(dict.fromkeys(nodes, "fits"), dict.fromkeys(nodes, 282.0), "worker-77")
    assert rows[0][0] == "worker-77"
    assert len(rows) < 20


def test_decision_shows_the_best_node_first_and_says_why_not() -> None:
    rows = decision_rows({"a": "fits", "b": "fits", "c": "NodeResourcesFit: Insufficient cpu"}, {"a": 10, "b": 30})
    assert rows == [["b", 30, ""], ["a", 10, ""], ["c", None, "NodeResourcesFit: Insufficient cpu"]]


POSITIONS = {
    "good": ("12.7", Position(12, 7)),
    "no dot": ("12", None),
    "empty": ("", None),
    "words": ("a.b", None),
    "negative": ("-1.2", None),
}


@pytest.mark.parametrize(("text", "position"), POSITIONS.values(), ids=POSITIONS)
def test_position_is_read_or_refused(text: str, position: Position | None) -> None:
    assert Position.parse(text) == position


SENTENCES: dict[str, tuple[str, dict[str, Any], str]] = {
    "leader": ("raft.role", {"member": "etcd-1", "role": "leader", "term": 5}, "etcd-1 became leader of term 5"),
    "vote": (
        "raft.vote",
        {"member": "etcd-2", "candidate": "etcd-1", "term": 5, "granted": True},
        "etcd-2 voted for etcd-1 in term 5",
    ),
    "quorum lost": (
        "etcd.quorum",
        {"has": False, "alive": 1, "needed": 2},
        "etcd lost its quorum: 1 member alive, 2 needed; writes stop",
    ),
    "bound": ("schedule", {"pod": "default/a", "winner": "worker-1"}, "the scheduler bound default/a to worker-1"),
    "cut": ("fault", {"verb": "partition", "target": "etcd-0", "peer": "etcd-1"}, "etcd-0 was cut off from etcd-1"),
    "paused": ("clock", {"paused": True}, "the clock was paused"),
    "quorum lost, though enough run": (
        "etcd.quorum",
        {"has": False, "alive": 2, "but": ", 1 without a vote", "needed": 2},
        "etcd lost its quorum: 2 members alive, 1 without a vote, 2 needed; writes stop",
    ),
    "all joined": ("fault", {"verb": "heal", "target": "etcd-0", "peer": ""}, "all wires of etcd-0 were joined again"),
    "containers killed": (
        "fault",
        {"verb": "kill", "target": "pod/default/web", "by": "root"},
        "the processes of default/web were killed by root",
    ),
    "not told": ("request", {"verb": "get"}, ""),
}


@pytest.mark.parametrize(("kind", "data", "said"), SENTENCES.values(), ids=SENTENCES)
def test_journal_entry_is_told_in_one_sentence(kind: str, data: dict[str, Any], said: str) -> None:
    assert sentence(kind, "", data) == said


GISTS = {
    "evicted": ("TaintManagerEviction", "Marking for deletion Pod default/web", "is evicted"),
    "not evicted after all": (
        "TaintManagerEviction",
        "Cancelling deletion of Pod default/web",
        "may stay: its eviction is called off",
    ),
    "stopped": ("Killing", "Stopping container nginx", "container is stopped"),
    "killed for its probe": (
        "Killing",
        "Container nginx failed liveness probe, will be restarted",
        "container failed its liveness probe and is stopped",
    ),
    "a node": ("NodeNotReady", "Node worker-1 status is now: NodeNotReady", "is not ready"),
    "a pod of such a node": ("NodeNotReady", "Node is not ready", "its node is not ready"),
    "known again after a restart": (
        "RegisteredNode",
        "Node worker-1 event: Registered Node worker-1 in Controller",
        "is known to the node controller",
    ),
    "pulls": ("Pulling", 'Pulling image "nginx:1.27"', "pulls nginx:1.27"),
    "failed again": (
        "BackOff",
        "Back-off restarting failed container nginx in pod web_default(1)",
        "container nginx failed again: its restart is put off",
    ),
    "an image that does not come": ("BackOff", 'Back-off pulling image "x"', 'Back-off pulling image "x"'),
    "somebody's own Event": ("Started", "the backup started", "the backup started"),
    "no message": ("Odd", "", "Odd"),
    "told by its own entry": ("Scheduled", "Successfully assigned default/web to worker-1", ""),
}


@pytest.mark.parametrize(("reason", "message", "gist"), GISTS.values(), ids=GISTS)
def test_an_event_comes_to_what_its_message_says(reason: str, message: str, gist: str) -> None:
    assert event_gist({"reason": reason, "message": message}) == gist


def test_events_that_find_no_room_are_counted() -> None:
    def event(number: int) -> Changed:
        obj = {"metadata": {"name": f"e{number}", "namespace": "default"}, "reason": "Started", "message": "x"}
        return Changed("ADDED", "events", Key("default", f"e{number}"), obj, number, "tester", 100.0)

    made = batch([event(number) for number in range(EVENTS_MAX + 3)], [], Position(99, 0))
    assert made["more"] == {"event": 3}
    assert len(made["journal"]) == EVENTS_MAX
