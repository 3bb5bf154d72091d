"""Doors into containers, which are not open yet: what is there is told first, and a WebSocket is answered like a request."""

import asyncio
from typing import Any

import orjson
import pytest

from core.apiserver.http.application import KubernetesApplication
from tests.http.client import Client

pytestmark = pytest.mark.django_db(transaction=True)

PODS = "/api/v1/namespaces/default/pods"
SERVICES = "/api/v1/namespaces/default/services"


def shake_hands(application: KubernetesApplication, client: Client, path: str) -> tuple[int, Any]:
    """The status and body that a WebSocket's handshake is answered with."""
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "websocket.connect"}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    raw, _, query = (client.base + path).partition("?")
    scope = {
        "type": "websocket",
        "path": raw,
        "raw_path": raw.encode(),
        "query_string": query.encode(),
        "headers": [(b"authorization", f"Bearer {client.token}".encode()), (b"upgrade", b"websocket")],
        "extensions": {"websocket.http.response": {}},
    }
    asyncio.run(application(scope, receive, send))
    assert [message["type"] for message in sent] == ["websocket.http.response.start", "websocket.http.response.body"]
    return sent[0]["status"], orjson.loads(sent[1]["body"])


@pytest.fixture
def pod(api: Client) -> None:
    body = {"metadata": {"name": "web"}, "spec": {"containers": [{"name": "c", "image": "i"}]}}
    assert api.post(PODS, body).code == 201
    assert (
        api.post(PODS, {**body, "metadata": {"name": "placed"}, "spec": body["spec"] | {"nodeName": "n1"}}).code == 201
    )


CASES = [
    pytest.param(f"{PODS}/nope/exec?command=ls", 404, 'pods "nope" not found', id="no such pod"),
    pytest.param(f"{PODS}/web/exec?command=ls", 400, "pod web does not have a host assigned", id="not scheduled"),
    pytest.param(
        f"{PODS}/web/exec?container=x&command=ls", 400, "container x is not valid for pod web", id="no such container"
    ),
    pytest.param(f"{PODS}/placed/exec?command=ls", 405, "the server does not serve pods/exec yet", id="exec"),
    pytest.param(
        f"{PODS}/placed/portforward", 405, "the server does not serve pods/portforward yet", id="port-forward"
    ),
    pytest.param(
        f"{SERVICES}/kubernetes:443/proxy//", 405, "the server does not serve services/proxy yet", id="proxy of a port"
    ),
    pytest.param(f"{SERVICES}/web:80/proxy//a//b", 404, 'services "web" not found', id="proxy of no service"),
]


@pytest.mark.parametrize(("path", "code", "message"), CASES)
def test_existence_is_told_before_what_is_not_served(
    api: Client, pod: None, path: str, code: int, message: str
) -> None:
    reply = api.get(path)
    assert (reply.code, reply.json["message"]) == (code, message)


@pytest.mark.parametrize(("path", "code", "message"), CASES)
def test_a_websocket_is_refused_in_the_same_words(
    api: Client, application: KubernetesApplication, pod: None, path: str, code: int, message: str
) -> None:
    status, body = shake_hands(application, api, path)
    assert (status, body["message"]) == (code, message)


def test_a_watch_over_a_websocket_says_that_it_is_not_served(api: Client, application: KubernetesApplication) -> None:
    status, body = shake_hands(application, api, f"{PODS}?watch=1")
    assert (status, body["message"]) == (405, "the server does not serve watches over WebSocket yet")
