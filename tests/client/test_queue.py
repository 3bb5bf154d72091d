"""The work queue's contract, claim by claim."""

import pytest

from core.client import Agenda, WorkQueue


@pytest.fixture
def queue() -> WorkQueue:
    return WorkQueue(Agenda(100.0))


def drain(queue: WorkQueue) -> list[str]:
    keys = []
    while item := queue.get():
        keys.append(item[0])
        queue.done(item[0])
    return keys


def test_keys_come_out_in_the_order_they_went_in(queue):
    for key in "cab":
        queue.add(key)
    assert drain(queue) == ["c", "a", "b"]


def test_a_key_added_many_times_is_handled_once(queue):
    for _ in range(5):
        queue.add("a")
    assert drain(queue) == ["a"]


def test_a_key_is_never_handled_by_two_at_a_time(queue):
    queue.add("a")
    assert queue.get() == ("a", 0)
    queue.add("a")
    assert queue.get() is None
    queue.done("a")
    assert queue.get() == ("a", 0)


def test_the_newest_cause_counts(queue):
    queue.add("a", cause=7)
    queue.add("a", cause=3)
    assert queue.get() == ("a", 7)


def test_a_delayed_key_comes_when_it_is_due(queue):
    queue.add_after("a", 5)
    queue.agenda.advance(104.9)
    assert queue.get() is None
    queue.agenda.advance(105)
    assert queue.get() == ("a", 0)


def test_of_several_delays_the_shortest_counts(queue):
    queue.add_after("a", 9)
    queue.add_after("a", 2)
    queue.add_after("a", 5)
    queue.agenda.advance(102)
    assert drain(queue) == ["a"]
    queue.agenda.advance(120)
    assert drain(queue) == []


@pytest.mark.parametrize(("failures", "delay"), [(0, 0.005), (1, 0.01), (10, 5.12), (18, 1000), (500, 1000)])
def test_backoff_doubles_from_5_ms_to_1000_s(queue, failures, delay):
    for _ in range(failures):
        queue.add_rate_limited("a")
    assert queue.add_rate_limited("a") == pytest.approx(delay)


def test_forget_ends_the_bad_record(queue):
    queue.add_rate_limited("a")
    queue.add_rate_limited("a")
    queue.forget("a")
    assert queue.add_rate_limited("a") == 0.005


def test_a_queue_stands_once_on_the_agenda(queue):
    queue.add("a")
    queue.add("b")
    assert list(queue.agenda.ready) == [queue]


def test_timers_of_one_moment_fire_in_the_order_they_were_made():
    agenda, fired = Agenda(0.0), []
    for name in "bac":
        agenda.at(1.0, lambda name=name: fired.append(name))
    agenda.advance(1.0)
    assert fired == ["b", "a", "c"]
