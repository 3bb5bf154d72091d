"""A watch shows the changes of a selection, in order, from a revision on."""

import pytest

from core.engine.clusters import ADMIN
from core.kube.errors import ApiError
from core.kube.requests import Request
from tests.apiserver.conftest import ALICE
from tests.apiserver.objects import config_map


def opened(world, name="", **options):
    return world.host.server.watch(Request("watch", "configmaps", "default", name, options=options, user=ADMIN))


def seen(watch):
    return [(event["type"], event["object"]["metadata"].get("name")) for event in watch.poll()]


def now(world):
    return str(world.host.server.cache.revision)


def test_changes_arrive_in_order(world):
    watch = opened(world, resourceVersion=now(world))
    world.create("configmaps", config_map("w1"))
    world.patch("configmaps", "default", "w1", {"data": {"a": "2"}})
    world.api("delete", "configmaps", "default", "w1")
    world.create("configmaps", config_map("elsewhere", "kube-system"))
    events = watch.poll()
    assert [event["type"] for event in events] == ["ADDED", "MODIFIED", "DELETED"]
    assert events[2]["object"]["data"] == {"a": "2"}
    versions = [int(event["object"]["metadata"]["resourceVersion"]) for event in events]
    assert versions == sorted(set(versions))
    assert watch.poll() == []


@pytest.mark.parametrize("options", [{}, {"resourceVersion": "0"}], ids=["no version", "version 0"])
def test_without_a_version_it_begins_with_what_is_there(world, options):
    world.create("configmaps", config_map("old"))
    watch = opened(world, **options)
    assert seen(watch) == [("ADDED", "old")]
    world.create("configmaps", config_map("new"))
    assert seen(watch) == [("ADDED", "new")]


def test_initial_events_end_with_a_bookmark(world):
    world.create("configmaps", config_map("old"))
    watch = opened(world, sendInitialEvents=True, allowWatchBookmarks=True, resourceVersionMatch="NotOlderThan")
    added, bookmark = watch.poll()
    assert added["type"] == "ADDED"
    assert bookmark == {
        "type": "BOOKMARK",
        "object": {
            "kind": "ConfigMap",
            "apiVersion": "v1",
            "metadata": {"resourceVersion": now(world), "annotations": {"k8s.io/initial-events-end": "true"}},
        },
    }


def test_initial_events_need_a_version_match(world):
    with pytest.raises(ApiError) as caught:
        opened(world, sendInitialEvents=True)
    assert caught.value.message == (
        'ListOptions.meta.k8s.io "" is invalid: resourceVersionMatch: Forbidden: sendInitialEvents requires setting'
        " resourceVersionMatch to NotOlderThan"
    )


def test_objects_enter_and_leave_a_selection(world):
    watch = opened(world, resourceVersion=now(world), labelSelector="a=1")
    world.create("configmaps", config_map("w2"))
    world.patch("configmaps", "default", "w2", {"metadata": {"labels": {"a": "1"}}})
    left = world.patch("configmaps", "default", "w2", {"metadata": {"labels": {"a": "2"}}})
    added, deleted = watch.poll()
    assert (added["type"], deleted["type"]) == ("ADDED", "DELETED")
    # The last state that matched, at the revision at which it stopped to.
    assert deleted["object"]["metadata"]["labels"] == {"a": "1"}
    assert deleted["object"]["metadata"]["resourceVersion"] == left["metadata"]["resourceVersion"]


def test_one_object_is_watched_by_name(world):
    watch = opened(world, resourceVersion=now(world), fieldSelector="metadata.name=b")
    for name in ("a", "b"):
        world.create("configmaps", config_map(name))
    assert seen(watch) == [("ADDED", "b")]


def test_a_slow_client_is_told_in_portions_of_so_many_bytes(world):
    watch = opened(world, resourceVersion=now(world))
    for name in "abc":
        world.create("configmaps", config_map(name, data={"text": "a" * 1000}))
    told = []
    while events := watch.poll(room=1500):
        told.append([event["object"]["metadata"]["name"] for event in events])
    assert told == [["a", "b"], ["c"]]
    assert not watch.has_more


def test_version_that_is_forgotten_ends_the_watch(world):
    watch = opened(world, resourceVersion="1")
    (event,) = watch.poll()
    assert event["type"] == "ERROR"
    assert (event["object"]["code"], event["object"]["reason"]) == (410, "Expired")
    assert event["object"]["message"].startswith("too old resource version: 1 (")
    assert watch.closed
    assert watch.poll() == []


def test_version_from_the_future_waits(world):
    watch = opened(world, resourceVersion="99999999")
    world.create("configmaps", config_map("a"))
    assert watch.poll() == []


def test_bookmark_says_how_far_the_watch_has_come(world):
    watch = opened(world, resourceVersion=now(world))
    world.create("configmaps", config_map("a"))
    watch.poll()
    assert watch.bookmark()["object"]["metadata"] == {"resourceVersion": now(world)}


def test_watching_must_be_allowed(world):
    with pytest.raises(ApiError) as caught:
        world.host.server.watch(Request("watch", "configmaps", "default", user=ALICE))
    assert caught.value.message == (
        'configmaps is forbidden: User "alice" cannot watch resource "configmaps" in API group "" in the namespace'
        ' "default"'
    )
