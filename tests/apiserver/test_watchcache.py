"""The watch cache follows the log without gaps, whoever wrote."""

import pytest

from core.apiserver.server import ApiServer
from core.etcd.group import changes_since
from core.kube.errors import Expired
from tests.world import World

pytestmark = pytest.mark.django_db(transaction=True)


def config_map(name):
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": "default"}}


@pytest.fixture
def world():
    return World(workers=0)


@pytest.fixture
def other(world):
    """Another process's API server of the same cluster."""
    return ApiServer(world.cluster.pk, world.clock.now)


def names(server):
    return {obj["metadata"]["name"] for obj in server.cache.all("configmaps", "default")}


def test_what_another_process_wrote_is_there_after_catching_up(world, other):
    world.create("configmaps", config_map("a"))
    assert "a" not in names(other)
    other.cache.catch_up()
    assert "a" in names(other)


def test_changes_that_begin_beyond_a_gap_bring_what_lies_between(world, other):
    world.create("configmaps", config_map("between"))
    seen = world.host.server.cache.revision
    world.create("configmaps", config_map("newest"))
    later = changes_since(world.cluster.pk, seen)
    other.cache.apply(later)
    assert {"between", "newest"} <= names(other)


def test_a_cache_left_behind_by_compaction_reads_everything_anew(world, other):
    world.create("configmaps", config_map("kept"))
    behind = other.cache.revision
    for number in range(5):
        world.patch("configmaps", "default", "kept", {"data": {"n": str(number)}})
    with world.host.server.group.transaction() as section:
        section.compact(section.revision)
    other.cache.catch_up()
    assert other.cache.get("configmaps", "default", "kept")["data"]["n"] == "4"
    with pytest.raises(Expired):
        other.cache.since(behind)
