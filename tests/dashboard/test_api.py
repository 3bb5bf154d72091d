"""The control API: the verbs of the command line, and errors that say what there is instead."""

from typing import Any

import pytest
from django.test import Client

from core.models import Cluster
from tests.world import World

pytestmark = pytest.mark.django_db(transaction=True)


def post(client: Client, path: str, body: Any = None, **more: Any) -> Any:
    return client.post(path, {} if body is None else body, content_type="application/json", **more)


def test_clusters_are_listed_made_and_deleted(client: Client) -> None:
    assert client.get("/api/clusters").json() == {"clusters": []}
    made = post(client, "/api/clusters", {"name": "lab", "members": 1, "workers": 1, "profile": "instant"})
    assert (made.status_code, made.json()["name"]) == (201, "lab")
    assert client.get("/api/clusters/lab").json()["paused"] is False
    assert client.delete("/api/clusters/lab").status_code == 200
    assert client.get("/api/clusters").json() == {"clusters": []}


BAD_WISHES = {
    "no name": ({}, "name"),
    "bad name": ({"name": "a b"}, "letters, digits and dashes"),
    "too many members": ({"name": "a", "members": 8}, "1 to 7 members"),
    "unknown profile": ({"name": "a", "profile": "warp"}, "warp"),
    "unknown field": ({"name": "a", "colour": "red"}, "colour"),
    "words for numbers": ({"name": "a", "workers": "many"}, "whole numbers"),
}


@pytest.mark.parametrize(("body", "words"), BAD_WISHES.values(), ids=BAD_WISHES)
def test_wish_that_cannot_be_is_refused_in_one_sentence(client: Client, body: Any, words: str) -> None:
    answer = post(client, "/api/clusters", body)
    assert answer.status_code == 400
    assert words in answer.json()["error"]
    assert not Cluster.objects.exists()


def test_status_has_the_shape_tools_count_on(client: Client) -> None:
    World("lab")
    status = client.get("/api/clusters/lab/status").json()
    assert {"name", "revision", "clock", "etcd", "components", "nodes"} <= set(status)
    assert {"name", "role", "term", "commit", "applied", "state", "client_url"} <= set(status["etcd"]["members"][0])


@pytest.mark.parametrize("path", ["", "/status", "/faults"])
def test_unknown_cluster_is_404_and_names_those_there_are(client: Client, path: str) -> None:
    World("lab")
    answer = client.get(f"/api/clusters/nope{path}")
    assert (answer.status_code, answer.json()["clusters"]) == (404, ["lab"])


def test_unknown_target_is_404_and_names_the_valid_ones(client: Client) -> None:
    World("lab")
    answer = post(client, "/api/clusters/lab/faults", {"verb": "kill", "target": "etcd-9"})
    assert answer.status_code == 404
    assert {"etcd-0", "node/worker-1", "scheduler"} <= set(answer.json()["targets"])


def test_killing_what_is_dead_is_said_and_changes_nothing(client: Client) -> None:
    World("lab")
    first = post(client, "/api/clusters/lab/faults", {"verb": "kill", "target": "etcd-2"})
    assert (first.status_code, first.json()["changed"]) == (200, True)
    topology = Cluster.objects.get(name="lab").topology
    again = post(client, "/api/clusters/lab/faults", {"verb": "kill", "target": "etcd-2"})
    assert (again.status_code, again.json()["changed"]) == (409, False)
    assert Cluster.objects.get(name="lab").topology == topology


def test_heal_without_a_peer_joins_all_wires_of_its_target(client: Client) -> None:
    World("lab")
    for peer in ("etcd-1", "etcd-2"):
        post(client, "/api/clusters/lab/faults", {"verb": "partition", "target": "etcd-0", "peer": peer})
    answer = post(client, "/api/clusters/lab/faults", {"verb": "heal", "target": "etcd-0"})
    assert answer.status_code == 200
    assert client.get("/api/clusters/lab/faults").json()["broken"] == []


BAD_FAULTS = {
    "unknown verb": ({"verb": "tickle", "target": "etcd-0"}, 400, "kill, restart"),
    "no peer": ({"verb": "partition", "target": "etcd-0"}, 400, "two ends"),
    "no target": ({"verb": "kill"}, 404, "there are"),
    "not names": ({"verb": "kill", "target": 7}, 400, "names"),
}


@pytest.mark.parametrize(("body", "code", "words"), BAD_FAULTS.values(), ids=BAD_FAULTS)
def test_fault_that_makes_no_sense_is_refused(client: Client, body: Any, code: int, words: str) -> None:
    World("lab")
    answer = post(client, "/api/clusters/lab/faults", body)
    assert (answer.status_code, words in answer.json()["error"]) == (code, True)


def test_clock_is_paused_stepped_and_set(client: Client) -> None:
    World("lab")
    assert post(client, "/api/clusters/lab/clock/step").status_code == 409
    assert post(client, "/api/clusters/lab/clock/pause").json()["paused"] is True
    assert post(client, "/api/clusters/lab/clock/step").status_code == 200
    assert post(client, "/api/clusters/lab/clock/resume").json()["paused"] is False
    assert post(client, "/api/clusters/lab/clock/speed", {"speed": 0.25}).json()["speed"] == 0.25


@pytest.mark.parametrize("speed", [0, 1000, "fast", None, True])
def test_speed_that_cannot_be_is_refused(client: Client, speed: Any) -> None:
    World("lab")
    assert post(client, "/api/clusters/lab/clock/speed", {"speed": speed}).status_code == 400
    assert Cluster.objects.get(name="lab").speed == 1.0


def test_body_that_is_no_json_is_refused(client: Client) -> None:
    World("lab")
    assert client.post("/api/clusters/lab/faults", "{", content_type="application/json").status_code == 400
    assert client.post("/api/clusters/lab/faults", "[]", content_type="application/json").status_code == 400
    assert client.post("/api/clusters/lab/faults", "verb=kill", content_type="text/plain").status_code == 415


@pytest.mark.parametrize("levels", [65, 300, 700, 1024, 5000])
def test_deep_body_is_refused_by_every_command(client: Client, levels: int) -> None:
    World("lab", members=1, workers=0)
    deep = "[" * levels + "]" * levels
    for name, path in {"name": "", "verb": "/lab/faults", "target": "/lab/faults", "speed": "/lab/clock/speed"}.items():
        for body in (deep, f'{{"{name}":{deep}}}', f'{{"verb":"kill","target":"x","{name}":{deep}}}'):
            answer = client.post(f"/api/clusters{path}", body, content_type="application/json")
            assert 400 <= answer.status_code < 500, (path, answer.content[:200])


@pytest.mark.parametrize("number", [2**63, 2**64 - 1, 1e300, -1e308])
@pytest.mark.parametrize("field", ["members", "workers", "seed"])
def test_number_out_of_range_is_refused_in_one_sentence(client: Client, field: str, number: Any) -> None:
    answer = post(client, "/api/clusters", {"name": "lab", field: number})
    assert (answer.status_code, len(answer.json()["error"]) < 400) == (400, True)
    assert not Cluster.objects.exists()


def test_command_of_a_browser_needs_the_token_and_one_of_a_tool_does_not() -> None:
    World("lab")
    browser = Client(enforce_csrf_checks=True)
    browser.get("/clusters/lab/")
    assert post(browser, "/api/clusters/lab/clock/pause").status_code == 403
    token = browser.cookies["csrftoken"].value
    assert post(browser, "/api/clusters/lab/clock/pause", headers={"X-CSRFToken": token}).status_code == 200
    assert post(Client(enforce_csrf_checks=True), "/api/clusters/lab/clock/resume").status_code == 200


def test_command_from_a_page_of_another_site_is_refused(client: Client) -> None:
    World("lab")
    answer = post(client, "/api/clusters/lab/clock/pause", headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 403


def test_what_is_not_there_is_said_in_json(client: Client) -> None:
    assert client.get("/api/nonsense").json()["error"].startswith("there is nothing at /api/nonsense")
    assert client.put("/api/clusters").status_code == 405


def test_every_path_of_the_document_exists(client: Client) -> None:
    paths = client.get("/api/openapi.json").json()["paths"]
    World("lab")
    for path, methods in paths.items():
        address = path.replace("{name}", "lab").replace("{action}", "pause")
        for method in methods:
            assert (
                method == "delete"
                or getattr(client, method)(address, content_type="application/json").status_code != 405
            )
    page = client.get("/api/docs").content.decode()
    assert all(path in page for path in paths)
