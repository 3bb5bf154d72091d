"""Watches as streams of lines."""

from collections.abc import Callable

import pytest

from core.engine import clusters
from core.engine.clock import ManualClock
from core.journal import announce
from core.models import Cluster
from tests.http.client import Client

MAPS = "/api/v1/namespaces/default/configmaps"


def config_map(name: str, labels: dict[str, str] | None = None) -> dict:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name, "labels": labels or {}},
        "data": {"a": "1"},
    }


@pytest.fixture
def change(api: Client, cluster: Cluster) -> Callable[..., None]:
    """Requests that go past the application, as another client's would."""
    from core.kube.requests import PatchType, Request

    entry = api.application.door.directory

    def run(*requests: tuple) -> None:
        server = entry.find("test").server
        for verb, name, body in requests:
            more = {"patch_type": PatchType.MERGE} if verb == "patch" else {}
            request = Request(verb, "configmaps", "default", name, body=body, user=clusters.ADMIN, **more)
            server.execute([request])

    return run


def start(api: Client) -> str:
    return str(api.get(MAPS).json["metadata"]["resourceVersion"])


def test_changes_arrive_as_lines(api: Client, change: Callable[..., None]) -> None:
    reply = api.request(
        "GET",
        f"{MAPS}?watch=1&resourceVersion={start(api)}&timeoutSeconds=1",
        meanwhile=lambda: change(
            ("create", "", config_map("w1")),
            ("patch", "w1", {"data": {"a": "2"}}),
            ("delete", "w1", None),
        ),
    )
    assert reply.code == 200
    assert reply.header("content-type") == "application/json"
    assert [(line["type"], line["object"]["data"]["a"]) for line in reply.lines] == [
        ("ADDED", "1"),
        ("MODIFIED", "2"),
        ("DELETED", "2"),
    ]
    revisions = [int(line["object"]["metadata"]["resourceVersion"]) for line in reply.lines]
    assert revisions == sorted(set(revisions))
    assert {line["object"]["kind"] for line in reply.lines} == {"ConfigMap"}


@pytest.mark.parametrize("query", ["watch=1", "watch=true&resourceVersion=0", "watch"])
def test_without_a_revision_it_begins_with_what_is_there(api: Client, query: str) -> None:
    api.post(MAPS, config_map("there"))
    lines = api.get(f"{MAPS}?{query}&timeoutSeconds=1&fieldSelector=metadata.name%3Dthere").lines
    assert [(line["type"], line["object"]["metadata"]["name"]) for line in lines] == [("ADDED", "there")]


def test_initial_events_end_with_a_bookmark(api: Client) -> None:
    api.post(MAPS, config_map("there"))
    query = "watch=1&sendInitialEvents=true&allowWatchBookmarks=true&resourceVersionMatch=NotOlderThan"
    lines = api.get(f"{MAPS}?{query}&timeoutSeconds=1").lines
    marks = [line for line in lines if line["type"] == "BOOKMARK"]
    assert marks[0]["object"]["metadata"]["annotations"] == {"k8s.io/initial-events-end": "true"}
    assert marks[0]["object"]["kind"] == "ConfigMap"


def test_bookmark_is_sent_before_the_end(api: Client) -> None:
    lines = api.get(f"{MAPS}?watch=1&resourceVersion={start(api)}&allowWatchBookmarks=1&timeoutSeconds=3").lines
    assert [line["type"] for line in lines] == ["BOOKMARK"]


def test_initial_events_without_a_match_are_invalid(api: Client) -> None:
    reply = api.get(f"{MAPS}?watch=1&sendInitialEvents=true")
    assert reply.code == 422
    assert "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan" in reply.json["message"]


def test_selection_is_entered_and_left(api: Client, change: Callable[..., None]) -> None:
    reply = api.request(
        "GET",
        f"{MAPS}?watch=1&resourceVersion={start(api)}&labelSelector=a%3D1&timeoutSeconds=1",
        meanwhile=lambda: change(
            ("create", "", config_map("w2")),
            ("patch", "w2", {"metadata": {"labels": {"a": "1"}}}),
            ("patch", "w2", {"metadata": {"labels": {"a": "2"}}}),
        ),
    )
    seen = [(line["type"], line["object"]["metadata"]["labels"]) for line in reply.lines]
    assert seen == [("ADDED", {"a": "1"}), ("DELETED", {"a": "1"})]


def test_table_says_its_columns_once(api: Client, change: Callable[..., None]) -> None:
    reply = api.request(
        "GET",
        f"{MAPS}?watch=1&resourceVersion={start(api)}&timeoutSeconds=1",
        headers={"accept": "application/json;as=Table;v=v1;g=meta.k8s.io"},
        meanwhile=lambda: change(("create", "", config_map("w3")), ("delete", "w3", None)),
    )
    first, second = (line["object"] for line in reply.lines)
    assert [column["name"] for column in first["columnDefinitions"]] == ["Name", "Data", "Age"]
    assert second["columnDefinitions"] is None
    assert first["rows"][0]["cells"][:2] == ["w3", 1]
    assert first["rows"][0]["object"]["kind"] == "PartialObjectMetadata"
    assert first["metadata"] == {"resourceVersion": first["rows"][0]["object"]["metadata"]["resourceVersion"]}


def test_age_in_a_table_is_that_of_the_change(api: Client, change: Callable[..., None], clock: ManualClock) -> None:
    api.post(MAPS, config_map("aged"))

    def later() -> None:
        for seconds, label in ((6, "a"), (7, "b")):
            clock.time += seconds
            change(("patch", "aged", {"metadata": {"labels": {"x": label}}}))

    reply = api.request(
        "GET",
        f"{MAPS}?watch=1&resourceVersion={start(api)}&timeoutSeconds=1",
        headers={"accept": "application/json;as=Table;v=v1;g=meta.k8s.io"},
        meanwhile=later,
    )
    assert [line["object"]["rows"][0]["cells"][2] for line in reply.lines] == ["6s", "13s"]


def test_metadata_only_is_sent_when_asked_for(api: Client, change: Callable[..., None]) -> None:
    reply = api.request(
        "GET",
        f"{MAPS}?watch=1&resourceVersion={start(api)}&timeoutSeconds=1",
        headers={"accept": "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io"},
        meanwhile=lambda: change(("create", "", config_map("w4"))),
    )
    (line,) = reply.lines
    assert sorted(line["object"]) == ["apiVersion", "kind", "metadata"]
    assert line["object"]["apiVersion"] == "meta.k8s.io/v1"


def test_revision_that_is_not_remembered_is_one_error_event(api: Client) -> None:
    api.post(MAPS, config_map("there"))
    server = api.application.door.directory.find("test").server
    server.cache.window_start = server.cache.revision
    lines = api.get(f"{MAPS}?watch=1&resourceVersion=1&timeoutSeconds=5").lines
    assert [line["type"] for line in lines] == ["ERROR"]
    assert lines[0]["object"]["code"] == 410


@pytest.mark.parametrize("revision", ["zzz", "-1", "²", "1" * 30])
def test_bad_revision_is_a_400(api: Client, revision: str) -> None:
    assert api.get(f"{MAPS}?watch=1&resourceVersion={revision}&timeoutSeconds=1").code == 400


def test_watch_ends_when_its_cluster_is_deleted(api: Client, cluster: Cluster) -> None:
    reply = api.request(
        "GET",
        f"{MAPS}?watch=1&resourceVersion={start(api)}&timeoutSeconds=30",
        meanwhile=lambda: clusters.delete(cluster),
    )
    assert reply.lines == []
    assert api.application.hub.tails == {}


def test_too_many_watches_are_told_to_come_back(api: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.apiserver.http.hub.WATCHES_MAX", 1)
    answers = []

    def second() -> None:
        incoming = api.application.door
        from core.apiserver.http.incoming import Incoming

        header = (b"authorization", f"Bearer {api.token}".encode())
        answers.append(incoming.answer(Incoming("GET", f"/clusters/test{MAPS}".encode(), b"watch=1", [header])))

    api.request("GET", f"{MAPS}?watch=1&timeoutSeconds=1", meanwhile=second)
    assert answers[0].code == 429
    assert dict(answers[0].headers)[b"retry-after"] == b"5"


def test_announcement_of_another_cluster_wakes_nobody(api: Client, cluster: Cluster) -> None:
    from core.journal import Announcement

    reply = api.request(
        "GET",
        f"{MAPS}?watch=1&resourceVersion={start(api)}&timeoutSeconds=1",
        meanwhile=lambda: announce(Announcement(cluster.pk + 1, 99, 0, frozenset({"configmaps"}))),
    )
    assert reply.lines == []
