"""From the page into kubectl: the line to copy, and the file to take along."""

import html
from typing import Any

import pytest
import yaml
from django.test import Client

from core.engine.kubeconfigs import export_line, path_of
from tests.world import World

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize("page", ["/", "/clusters/lab/"])
def test_pages_have_the_line_to_copy_and_the_file(client: Client, page: str) -> None:
    World("lab")
    text = client.get(page).content.decode()
    assert f'data-copy="{html.escape(export_line("lab"))}"' in text
    assert 'href="/clusters/lab/kubeconfig"' in text


def test_made_over_the_control_api_the_answer_says_the_line(client: Client) -> None:
    wish = {"name": "lab", "members": 1, "workers": 0, "profile": "instant"}
    made = client.post("/api/clusters", wish, content_type="application/json").json()
    assert made["kubectl"] == export_line("lab")
    assert client.get(made["links"]["kubeconfig"]).status_code == 200


def test_download_is_the_file_and_nobody_keeps_a_copy(client: Client) -> None:
    World("lab")
    answer = client.get("/clusters/lab/kubeconfig")
    assert yaml.safe_load(answer.content)["current-context"] == "admin@lab"
    assert answer.content == path_of("lab").read_bytes()
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="lab.yaml"'


@pytest.mark.parametrize(
    "where",
    [
        pytest.param({"REMOTE_ADDR": "192.0.2.7"}, id="another machine"),
        pytest.param({"REMOTE_ADDR": ""}, id="unknown"),
        pytest.param({"HTTP_SEC_FETCH_SITE": "cross-site"}, id="page of another site"),
        pytest.param({"HTTP_SEC_FETCH_SITE": "same-site"}, id="page of another port"),
    ],
)
def test_download_is_for_this_machine_and_our_own_pages(client: Client, where: dict[str, Any]) -> None:
    World("lab")
    answer = client.get("/clusters/lab/kubeconfig", **where)
    assert answer.status_code == 403
    assert b"token:" not in answer.content
    assert "on this machine only" in answer.content.decode()


def test_unknown_cluster_names_those_there_are(client: Client) -> None:
    World("lab")
    assert "there are: lab" in client.get("/clusters/nope/kubeconfig").content.decode()
