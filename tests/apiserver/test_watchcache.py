"""The watch cache follows the log without gaps, whoever wrote."""

import pytest

from core.apiserver import batch, watchcache
from core.apiserver.server import ApiServer
from core.etcd.group import changes_since
from core.kube.errors import ApiError, Expired
from tests.world import World

MEGABYTE = 1_000_000

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


def test_changes_of_a_huge_object_leave_the_window_by_their_size(world):
    world.create("configmaps", config_map("huge"))
    cache = world.host.server.cache
    began = cache.revision
    for number in range(20):
        world.patch("configmaps", "default", "huge", {"data": {"text": str(number % 10) * MEGABYTE}})
    assert 1 < len(cache.window) < 20
    assert cache.window_bytes == sum(event.size for event in cache.window) <= cache.window_bytes_max
    with pytest.raises(Expired):
        cache.since(began)
    assert [event.revision for event in cache.since(cache.window_start)] == [event.revision for event in cache.window]


def test_an_object_counts_in_the_window_until_its_deletion_has_left_it(world):
    world.create("configmaps", config_map("huge") | {"data": {"text": "a" * MEGABYTE}})
    world.patch("configmaps", "default", "huge", {"data": None})
    world.patch("configmaps", "default", "huge", {"data": {"text": "a" * MEGABYTE}})
    world.api("delete", "configmaps", "default", "huge")
    assert all(event.size > MEGABYTE for event in list(world.host.server.cache.window)[-4:])


def test_a_change_that_is_larger_than_the_window_is_told_to_who_is_up_to_date(world):
    cache = ApiServer(world.cluster.pk, world.clock.now, window_bytes=1000).cache
    began = cache.revision
    world.create("configmaps", config_map("huge") | {"data": {"text": "a" * MEGABYTE}})
    cache.catch_up()
    assert [event.key.name for event in cache.since(began)] == ["huge"]


def test_a_process_that_slept_reads_what_it_missed_in_portions(world, other, monkeypatch):
    read = []

    def counted(*asked):
        found = changes_since(*asked)
        read.append(len(found))
        return found

    monkeypatch.setattr(watchcache, "PORTION", 4)
    monkeypatch.setattr(watchcache, "changes_since", counted)
    for number in range(10):
        world.create("configmaps", config_map(f"c{number}"))
    other.cache.catch_up()
    assert {f"c{number}" for number in range(10)} <= names(other)
    assert max(read) == 4


def test_a_full_store_takes_what_makes_it_smaller(world, monkeypatch):
    for name in "ab":
        world.create("configmaps", config_map(name) | {"data": {"text": "a" * 10_000}})
    cache = world.host.server.cache
    monkeypatch.setattr(batch, "STORED_MAX", cache.stored + 5_000)
    for ask in (
        lambda: world.create("configmaps", config_map("c") | {"data": {"text": "a" * 6_000}}),
        lambda: world.patch("configmaps", "default", "a", {"data": {"more": "a" * 6_000}}),
    ):
        with pytest.raises(ApiError) as caught:
            ask()
        assert (caught.value.code, caught.value.message) == (500, "etcdserver: mvcc: database space exceeded")
    world.patch("configmaps", "default", "a", {"data": {"text": "a"}})
    world.api("delete", "configmaps", "default", "b")
    world.create("configmaps", config_map("c") | {"data": {"text": "a" * 20_000}})


def test_what_is_stored_is_counted_as_it_is_when_read_anew(world):
    kept = {"data": {"text": "ä" * 10_000}}
    for name in "ab":
        world.create("configmaps", config_map(name) | kept)
    world.patch("configmaps", "default", "a", {"data": {"text": "a"}})
    world.api("delete", "configmaps", "default", "b")
    anew = ApiServer(world.cluster.pk, world.clock.now).cache
    assert anew.stored == world.host.server.cache.stored == sum(sum(table.values()) for table in anew.sizes.values())
