"""Everything that can be clicked answers: what it does, why, and what a real cluster would show."""

from urllib.parse import quote

import pytest
from django.test import Client

from core.dashboard.inspect.registry import KINDS
from tests.dashboard.demo import working_world
from tests.world import World

pytestmark = pytest.mark.django_db(transaction=True)

ASKS = {
    "member": ("member/etcd-0", "etcdctl"),
    "apiserver": ("apiserver/", "kubectl get --raw /readyz"),
    "controllers": ("controllers/", "kube-controller-manager"),
    "controller": ("controller/replicaset", "replicaset controller"),
    "scheduler": ("scheduler/", "→ worker-"),
    "node": ("node/worker-1", "kubectl describe node worker-1"),
    "component": ("component/runtime/worker-1", "crictl"),
    "service": ("service/default/web", "4 of 4"),
    "packet": ("packet/default/web/1", "answered"),
    "object": ("object/deployments.apps/default/web", "What it made"),
    "workloads": ("workloads/", "4 of 4 ready"),
    "services": ("services/", "4 of 4 endpoints"),
    "workers": ("workers/", "Who drives which role"),
}


@pytest.mark.parametrize(("subject", "words"), ASKS.values(), ids=ASKS)
def test_panel_answers(client: Client, subject: str, words: str) -> None:
    working_world("lab")
    answer = client.get(f"/clusters/lab/inspect/{subject}")
    assert answer.status_code == 200
    assert words in answer.content.decode()


def test_pod_tells_its_story_and_its_owners(client: Client) -> None:
    world = working_world("lab")
    name = world.all("pods")[0]["metadata"]["name"]
    page = client.get(f"/clusters/lab/inspect/pod/default/{name}").content.decode()
    assert "Deployment web" in page
    assert "a node was chosen" in page
    assert "kubectl -n default describe pod" in page


def test_container_shows_what_only_its_node_knows(client: Client) -> None:
    world = working_world("lab")
    name = world.all("pods")[0]["metadata"]["name"]
    assert (
        f'data-inspect="container/default/{name}/nginx"'
        in client.get(f"/clusters/lab/inspect/pod/default/{name}").content.decode()
    )
    page = client.get(f"/clusters/lab/inspect/container/default/{name}/nginx").content.decode()
    for words in (
        "it runs for",
        "docker-entrypoint",
        "mount -t overlay",
        "memory.max",
        "clone3(",
        "joined at",
        "ociVersion",
    ):
        assert words in page
    assert (
        "not made yet, or no such name"
        in client.get(f"/clusters/lab/inspect/container/default/{name}/x").content.decode()
    )


def test_runtime_lists_its_containers_with_their_state(client: Client) -> None:
    world = working_world("lab")
    node = world.all("pods")[0]["spec"]["nodeName"]
    page = client.get(f"/clusters/lab/inspect/component/runtime/{node}").content.decode()
    assert "<td>running</td>" in page


def test_every_kind_is_asked_here() -> None:
    assert set(KINDS) == {*ASKS, "pod", "container"}


def test_unknown_kind_names_those_there_are(client: Client) -> None:
    working_world("lab")
    answer = client.get("/clusters/lab/inspect/nonsense/x")
    assert answer.status_code == 404
    assert "member" in answer.content.decode()


def test_what_is_gone_is_said_in_a_panel(client: Client) -> None:
    working_world("lab")
    answer = client.get("/clusters/lab/inspect/pod/default/gone")
    assert answer.status_code == 200
    assert "is not there (any more)" in answer.content.decode()


@pytest.mark.parametrize(
    "subject",
    [
        "member/etcd-9",
        "controller/nonsense",
        "component/nonsense",
        "node/nope",
        "pod/nope",
        "service/a/b/c",
        "packet/default/nope/1",
        "object/nonsense/a/b",
        "object/pods",
        "pod/\x00/\ud7ff",
        "controller/",
    ],
)
def test_whatever_is_asked_for_is_answered_in_a_panel(client: Client, subject: str) -> None:
    World("lab")
    answer = client.get(f"/clusters/lab/inspect/{quote(subject)}")
    assert answer.status_code == 200
    assert "gone" in answer.content.decode()


@pytest.mark.parametrize(
    "path", ["lab/inspect/nonsense/x", "lab/inspect//x", "lab/inspect/", "nope/inspect/member/etcd-0"]
)
def test_an_address_that_names_nothing_is_answered_with_a_fragment(client: Client, path: str) -> None:
    World("lab")
    answer = client.get(f"/clusters/{path}")
    assert answer.status_code == 404
    page = answer.content.decode()
    assert "gone" in page
    assert "<html" not in page
    assert "<header" not in page


@pytest.mark.parametrize("draw", ["²", "9" * 5000, "-1", "x", ""])
def test_packet_takes_any_number(client: Client, draw: str) -> None:
    working_world("lab")
    assert client.get(f"/clusters/lab/inspect/packet/default/web/{quote(draw)}").status_code == 200


def test_yaml_is_escaped(client: Client) -> None:
    world = working_world("lab")
    world.create(
        "configmaps",
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": "c", "namespace": "default"},
            "data": {"k": "<script>alert(1)</script>"},
        },
    )
    page = client.get("/clusters/lab/inspect/object/configmaps/default/c").content.decode()
    assert "<script>alert" not in page
    assert "&lt;script&gt;" in page


HOSTILE = "<img src=x onerror=alert(1)>\"'><script>alert(2)</script>"


def test_texts_of_objects_are_never_markup(client: Client) -> None:
    world = working_world("lab")
    pod = world.all("pods")[0]["metadata"]["name"]
    world.patch("pods", "default", pod, {"metadata": {"annotations": {"note": HOSTILE}}})
    about = {"kind": "Pod", "namespace": "default", "name": pod}
    event = {"apiVersion": "v1", "kind": "Event", "metadata": {"name": "e", "namespace": "default"}}
    world.create("events", {**event, "involvedObject": about, "reason": HOSTILE, "message": HOSTILE, "type": "Warning"})
    for path in (f"inspect/pod/default/{pod}", "inspect/object/events/default/e", "text/"):
        page = client.get(f"/clusters/lab/{path}").content.decode()
        assert "alert(2)" in page
        assert "<img" not in page
        assert "<script>alert" not in page
