"""What the buttons send and get: commands by htmx, answered with the fragment that changed."""

import json
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client

from core.models import Cluster, Component, EtcdMember
from tests.world import World

pytestmark = pytest.mark.django_db(transaction=True)

HTMX = {"HX-Request": "true"}


@pytest.fixture
def lab() -> World:
    return World("lab")


def send(client: Client, path: str, **words: str) -> HttpResponse:
    return client.post(f"/clusters/lab/{path}", words, headers=HTMX)  # type: ignore[return-value]


def said(answer: HttpResponse) -> tuple[str, str]:
    event: dict[str, Any] = json.loads(answer.headers["HX-Trigger"])["said"]
    return event["message"], event["tone"]


def test_panel_comes_back_as_it_is_after_the_command(client: Client, lab: World) -> None:
    answer = send(client, "do/fault", verb="kill", target="scheduler", here="scheduler/")
    assert Component.objects.get(target="scheduler").state == "stopped"
    page = answer.content.decode()
    assert "Why do new pods stay Pending?" in page
    assert 'data-verb="restart"' in page
    assert "<html" not in page
    assert said(answer)[1] == "ok"


def test_text_twin_comes_back_as_it_is_after_the_command(client: Client, lab: World) -> None:
    answer = send(client, "do/clock/pause", here="twin")
    assert "paused" in answer.content.decode()
    assert "<html" not in answer.content.decode()
    assert said(answer) == ("the clock stands still; the API still answers", "ok")


@pytest.mark.parametrize(
    ("path", "words"),
    [
        pytest.param("do/clock/pause", {}, id="pause"),
        pytest.param("do/clock/speed", {"speed": "0.25"}, id="speed"),
        pytest.param("do/fault", {"verb": "kill", "target": "etcd-0"}, id="kill from the menu"),
    ],
)
def test_where_nothing_is_shown_nothing_comes_back_but_what_was_done(
    client: Client, lab: World, path: str, words: dict[str, str]
) -> None:
    answer = send(client, path, **words)
    assert (answer.status_code, answer.content) == (204, b"")
    assert said(answer)[1] == "ok"


@pytest.mark.parametrize(
    ("path", "words", "status", "tone", "sentence"),
    [
        pytest.param("do/fault", {"verb": "kill", "target": "etcd-9"}, 404, "bad", "etcd-9", id="no such target"),
        pytest.param(
            "do/fault", {"verb": "boil", "target": "etcd-0"}, 400, "bad", "there is no verb", id="no such verb"
        ),
        pytest.param("do/fault", {"verb": "kill"}, 404, "bad", "", id="no target"),
        pytest.param("do/fault", {"verb": "restart", "target": "etcd-0"}, 409, "wait", "", id="it is so already"),
        pytest.param("do/fault", {"verb": "partition", "target": "etcd-0"}, 400, "bad", "two ends", id="one end"),
        pytest.param("do/clock/step", {}, 409, "wait", "pause it first", id="step while it runs"),
        pytest.param("do/clock/boil", {}, 404, "bad", "the clock cannot boil", id="no such action"),
        pytest.param("do/clock/speed", {"speed": "fast"}, 400, "bad", "speed is a number", id="no number"),
        pytest.param("do/clock/speed", {"speed": "nan"}, 400, "bad", "speed is 0.05", id="not a number"),
        pytest.param("do/clock/speed", {"speed": "1e999"}, 400, "bad", "speed is 0.05", id="too fast"),
        pytest.param("do/clock/speed", {}, 400, "bad", "speed is a number", id="nothing"),
    ],
)
def test_refusal_is_said_and_leaves_the_page_as_it_was(
    client: Client, lab: World, path: str, words: dict[str, str], status: int, tone: str, sentence: str
) -> None:
    answer = send(client, path, here="apiserver/", **words)
    assert answer.status_code == status
    assert answer.headers["HX-Reswap"] == "none"
    assert said(answer)[1] == tone
    assert sentence in said(answer)[0]
    assert not EtcdMember.objects.exclude(state="running").exists()


def test_command_to_a_cluster_that_is_gone_says_so(client: Client) -> None:
    answer = send(client, "do/clock/pause")
    assert answer.status_code == 404
    assert "there is no cluster 'lab'" in said(answer)[0]


def test_commands_are_posts_with_a_token(client: Client, lab: World) -> None:
    for path in ("do/fault", "do/clock/pause", "delete"):
        assert client.get(f"/clusters/lab/{path}").status_code == 405
        assert Client(enforce_csrf_checks=True).post(f"/clusters/lab/{path}", headers=HTMX).status_code == 403
    assert not Cluster.objects.get(name="lab").paused


def test_what_is_said_fits_into_a_header_whatever_it_is(client: Client, lab: World) -> None:
    answer = send(client, "do/fault", verb="kill", target="pod/ö/\n☃")
    assert "\n" not in answer.headers["HX-Trigger"]
    assert "☃" in said(answer)[0]


def test_deleted_cluster_leaves_the_cards(client: Client, lab: World) -> None:
    World("other")
    answer = send(client, "delete")
    page = answer.content.decode()
    assert "<html" not in page
    assert "/clusters/other/" in page
    assert "/clusters/lab/" not in page
    assert said(answer) == ("cluster lab was deleted", "ok")


@pytest.mark.parametrize("path", ["/", "/clusters/lab/text/"], ids=["home", "text twin"])
def test_page_renews_itself_by_its_fragment_alone(client: Client, lab: World, path: str) -> None:
    assert "<html" in client.get(path).content.decode()
    assert "<html" in client.get(path, headers={"HX-Request": "false"}).content.decode()
    assert "<html" not in client.get(path, headers=HTMX).content.decode()


def test_unknown_thing_in_the_address_is_a_panel_not_a_page(client: Client, lab: World) -> None:
    assert client.get("/clusters/lab/inspect/nonsense/x").status_code == 404
    panel = client.get("/clusters/lab/inspect/nonsense/x", headers=HTMX).content.decode()
    assert "There is nothing called &#x27;nonsense&#x27; to look into" in panel
    assert "<html" not in panel


@pytest.mark.parametrize("path", ["text/", "inspect/apiserver/", "inspect/nonsense/x"])
def test_page_of_a_cluster_that_is_gone_gets_a_fragment_not_a_page_in_it(client: Client, path: str) -> None:
    answer = client.get(f"/clusters/lab/{path}", headers=HTMX)
    assert answer.status_code == 404
    assert "There is no cluster" in answer.content.decode()
    assert "<html" not in answer.content.decode()
