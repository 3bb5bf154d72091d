"""What a process holds in memory of a cluster is let go of when the cluster is, and then given back."""

import gc
import weakref

import pytest

from core.apiserver.http.directory import Directory
from core.engine import clusters, control, memory, servers, tasks
from core.models import Cluster, RoleState

pytestmark = pytest.mark.django_db(transaction=True)


class Node:
    """Something that the counting of references does not free: it knows itself."""

    def __init__(self) -> None:
        self.itself = self


@pytest.fixture
def cluster():
    return clusters.create("first", members=1, workers=0, profile="instant", seed=1)


@pytest.fixture
def another():
    return clusters.create("second", members=1, workers=0, profile="instant", seed=1)


@pytest.fixture(autouse=True)
def nothing_kept(monkeypatch):
    for module, name in ((servers, "_servers"), (control, "_steppers")):
        monkeypatch.setattr(module, name, {})
    tasks.drivers.clear()
    yield
    tasks.drivers.clear()


def test_what_was_dropped_is_collected_once_it_was_said():
    memory.give_back()  # whatever an earlier test has dropped
    gc.disable()  # the collector would look when it likes
    try:
        gone = weakref.ref(Node())
        memory.give_back()
        assert gone() is not None
    finally:
        gc.enable()
    memory.dropped()
    memory.give_back()
    assert gone() is None


def test_the_server_of_a_deleted_cluster_is_let_go_of_with_its_door(cluster):
    directory = Directory(servers.server_by_name)
    server = weakref.ref(directory.find("first").server)
    clusters.delete(cluster)
    memory.give_back()
    assert server() is None


def test_a_deletion_that_nobody_heard_of_is_noticed_with_the_next_server(cluster, another):
    servers.server_of(cluster.pk)
    Cluster.objects.filter(pk=cluster.pk).delete()
    servers.server_of(another.pk)
    assert set(servers._servers) == {another.pk}


def test_a_deleted_cluster_is_not_stepped_any_more(cluster):
    control.pause(cluster)
    control.step(cluster)
    assert set(control._steppers) == {cluster.pk}
    clusters.delete(cluster)
    assert not control._steppers


def test_of_clusters_that_are_stepped_the_newest_stay_warm(cluster, another, monkeypatch):
    monkeypatch.setattr(control, "STEPPERS_MAX", 1)
    for each in (cluster, another):
        control.pause(each)
        control.step(each)
    assert set(control._steppers) == {another.pk}


def test_a_worker_lets_go_of_what_another_drives(cluster, another):
    tasks.driver_of(cluster.pk, "nodes")
    RoleState.objects.filter(cluster=cluster).update(owner="another worker")
    tasks.driver_of(another.pk, "nodes")
    assert set(tasks.drivers) == {(another.pk, "nodes")}
