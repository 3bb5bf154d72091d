"""The alarm: rings once, for the earliest time set last. Real time, milliseconds."""

import threading

from core.engine.alarm import Alarm


class Bell:
    def __init__(self):
        self.rung = []
        self.heard = threading.Semaphore(0)

    def __call__(self, cluster_id, role):
        self.rung.append((cluster_id, role))
        self.heard.release()


def test_subjects_ring_in_order_of_time():
    bell = Bell()
    alarm = Alarm(bell)
    alarm.set((1, "nodes"), 0.06)
    alarm.set((2, "nodes"), 0.01)
    assert bell.heard.acquire(timeout=5)
    assert bell.heard.acquire(timeout=5)
    assert bell.rung == [(2, "nodes"), (1, "nodes")]


def test_setting_again_replaces_the_time():
    bell = Bell()
    alarm = Alarm(bell)
    alarm.set((1, "nodes"), 0.02)
    alarm.set((1, "nodes"), 0.05)
    assert bell.heard.acquire(timeout=5)
    assert not bell.heard.acquire(timeout=0.1)


def test_cancelled_does_not_ring():
    bell = Bell()
    alarm = Alarm(bell)
    alarm.set((1, "nodes"), 0.02)
    alarm.cancel((1, "nodes"))
    assert not bell.heard.acquire(timeout=0.1)
