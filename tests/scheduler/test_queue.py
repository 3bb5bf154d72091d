"""The scheduling queue: order, backoff, and who is woken by what."""

import pytest

from core.client import Agenda
from core.scheduler.events import ASSIGNED_POD, NODE, THIS_POD, Action, ClusterEvent
from core.scheduler.podinfo import pod_info
from core.scheduler.queue import SchedulingQueue, Where
from tests.builders import make_node, make_pod
from tests.scheduler.cluster import Cluster


@pytest.fixture
def queue():
    profile = Cluster(0).profile
    return SchedulingQueue(Agenda(0.0), profile.queue_sort.sort_key, profile.pre_enqueue, profile.interests)


def drain(queue):
    keys = []
    while item := queue.get():
        keys.append(item[0].removeprefix("default/"))
        queue.done(item[0])
    return keys


def reject(queue, builder, plugin="NodeResourcesFit"):
    """Put a pod through a cycle in which `plugin` rejected every node."""
    queue.add(pod_info(builder.obj()), 1)
    key, _ = queue.get()
    queue.add_unschedulable(queue.pods[key], frozenset((plugin,)))
    queue.done(key)
    return key


def test_higher_priority_comes_first_then_age(queue):
    queue.add(pod_info(make_pod("old").obj()), 1)
    queue.agenda.advance(1)
    queue.add(pod_info(make_pod("young").obj()), 2)
    queue.add(pod_info(make_pod("vital").priority(1000).obj()), 3)
    assert drain(queue) == ["vital", "old", "young"]


def test_queue_stands_once_for_all_its_pods(queue):
    for number in range(3):
        queue.add(pod_info(make_pod(f"p{number}").obj()), 1)
    assert list(queue.agenda.ready) == [queue]
    assert len(queue) == 3


def test_pod_is_not_handed_out_twice(queue):
    queue.add(pod_info(make_pod("web").obj()), 1)
    key, _ = queue.get()
    queue.add_unschedulable(queue.pods[key], frozenset())
    queue.agenda.advance(60)
    queue.move(ClusterEvent(NODE, Action.ADD, None, make_node().obj()))
    assert queue.get() is None  # its last cycle is still writing
    queue.done(key)
    assert drain(queue) == ["web"]


@pytest.mark.parametrize(("attempts", "delay"), [(1, 1), (2, 2), (3, 4), (4, 8), (5, 10), (50, 10)])
def test_backoff_doubles_from_one_second_to_ten(queue, attempts, delay):
    queue.add(pod_info(make_pod("web").obj()), 1)
    for _ in range(attempts - 1):
        key, _ = queue.get()
        queue.agenda.advance(queue.agenda.now + queue.add_rate_limited(key))
        queue.done(key)
    key, _ = queue.get()
    assert queue.add_rate_limited(key) == delay


def test_pod_in_backoff_comes_back_when_it_is_due(queue):
    queue.add(pod_info(make_pod("web").obj()), 1)
    key, _ = queue.get()
    queue.add_rate_limited(key)
    queue.done(key)
    queue.agenda.advance(0.9)
    assert drain(queue) == []
    queue.agenda.advance(1.0)
    assert drain(queue) == ["web"]


def test_unschedulable_pod_is_tried_again_after_five_minutes(queue):
    reject(queue, make_pod("web"))
    queue.agenda.advance(299)
    assert drain(queue) == []
    queue.agenda.advance(300)
    assert drain(queue) == ["web"]


def test_woken_pod_still_waits_out_its_backoff(queue):
    reject(queue, make_pod("web"))
    queue.move(ClusterEvent(ASSIGNED_POD, Action.DELETE, make_pod("gone").obj()))
    assert drain(queue) == []
    queue.agenda.advance(1.0)
    assert drain(queue) == ["web"]


BIG, SMALL = make_node().obj(), make_node().offers(cpu="1").obj()


@pytest.mark.parametrize(
    ("plugin", "event", "is_woken"),
    [
        pytest.param("NodeResourcesFit", ClusterEvent(NODE, Action.ADD, None, BIG), True, id="fit: a node it fits on"),
        pytest.param(
            "NodeResourcesFit", ClusterEvent(NODE, Action.ADD, None, SMALL), False, id="fit: a node too small"
        ),
        pytest.param("NodeResourcesFit", ClusterEvent(NODE, Action.TAINTS, BIG, BIG), False, id="fit: a taint"),
        pytest.param("NodeResourcesFit", ClusterEvent(ASSIGNED_POD, Action.DELETE), True, id="fit: a pod left"),
        pytest.param("NodeResourcesFit", ClusterEvent(ASSIGNED_POD, Action.ADD), False, id="fit: a pod came"),
        pytest.param("TaintToleration", ClusterEvent(NODE, Action.TAINTS, BIG, BIG), True, id="taints: tolerable now"),
        pytest.param(
            "TaintToleration",
            ClusterEvent(NODE, Action.TAINTS, BIG, make_node().taint("a").obj()),
            False,
            id="taints: another one",
        ),
        pytest.param("NodeAffinity", ClusterEvent(NODE, Action.LABELS, BIG, BIG), False, id="affinity: still no match"),
        pytest.param(
            "NodeAffinity",
            ClusterEvent(NODE, Action.LABELS, BIG, make_node().label("disk", "ssd").obj()),
            True,
            id="affinity: a match",
        ),
        pytest.param("InterPodAffinity", ClusterEvent(ASSIGNED_POD, Action.ADD), True, id="pod affinity: a pod came"),
        pytest.param("NodeName", ClusterEvent(ASSIGNED_POD, Action.DELETE), False, id="name: a pod left"),
    ],
)
def test_event_wakes_only_pods_it_may_help(queue, plugin, event, is_woken):
    reject(queue, make_pod("web").asks(cpu="2").selects(disk="ssd"), plugin)
    queue.agenda.advance(60)
    assert queue.move(event) == (["default/web"] if is_woken else [])


def test_gated_pod_enters_when_its_gate_is_gone(queue):
    queue.add(pod_info(make_pod("web").gated("quota").obj()), 1)
    assert drain(queue) == []
    assert queue.pods["default/web"].where is Where.GATED
    queue.update(pod_info(make_pod("web").obj()), ClusterEvent(THIS_POD, Action.GATES), 2)
    assert drain(queue) == ["web"]


def test_deleted_pod_leaves_every_queue(queue):
    for name in ("active", "waiting"):
        queue.add(pod_info(make_pod(name).obj()), 1)
    queue.remove("default/active")
    assert drain(queue) == ["waiting"]
    assert len(queue) == 0


def test_pod_recreated_under_its_name_is_not_woken_by_old_timers(queue):
    reject(queue, make_pod("web"))
    queue.remove("default/web")
    queue.agenda.advance(200)
    reject(queue, make_pod("web"))
    queue.agenda.advance(300)
    assert drain(queue) == []
    queue.agenda.advance(500)
    assert drain(queue) == ["web"]
