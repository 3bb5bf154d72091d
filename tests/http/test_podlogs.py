"""`kubectl logs` as the HTTP door answers it, from a cluster that is at work."""

import pytest

from core.apiserver.http.application import KubernetesApplication
from core.apiserver.kubeconfig import issue_token
from core.apiserver.server import ApiServer
from core.engine.kubelets import Kubelets
from core.models import Component
from tests.http.client import Client
from tests.http.conftest import WALL
from tests.world import World

LOG = "/api/v1/namespaces/default/pods/{}/log"


def talker(name="talker", script="echo one; echo two; echo three; sleep 3600", **spec):
    container = {"name": "c", "image": "busybox:1.36", "command": ["sh", "-c", script]}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": "default"},
        "spec": {"containers": [container], **spec},
    }


@pytest.fixture
def world(transactional_db):
    world = World(workers=1, members=1)
    world.run(1)
    world.create("pods", talker())
    world.run(10)
    return world


@pytest.fixture
def door(world, threads):
    """(administrator, somebody without rights)"""
    cluster, clock = world.cluster, world.clock
    server = ApiServer(cluster.pk, clock.now, kubelets=Kubelets(cluster.pk, clock.now))
    application = KubernetesApplication(lambda name: server, lambda: WALL, readers=threads, writers=threads)
    admin = issue_token(cluster, "kubernetes-admin", ["system:masters"], WALL)
    alice = issue_token(cluster, "alice", [], WALL)
    return Client(application, "/clusters/test", admin), Client(application, "/clusters/test", alice)


@pytest.fixture
def api(door):
    return door[0]


@pytest.fixture
def get(api):
    return lambda name, query="": api.request("GET", LOG.format(name) + query)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        pytest.param("", b"one\ntwo\nthree\n", id="all"),
        pytest.param("?tailLines=1", b"three\n", id="tail"),
        pytest.param("?container=c&limitBytes=5", b"one\nt", id="bytes"),
        pytest.param("?sinceSeconds=1", b"", id="nothing since"),
    ],
)
def test_a_log_is_plain_text(get, query, expected):
    reply = get("talker", query)
    assert (reply.code, reply.body) == (200, expected)
    assert reply.header("content-type") == "text/plain"


def test_lines_carry_their_time_when_asked(get):
    first = get("talker", "?timestamps=true").body.splitlines()[0]
    assert first.startswith(b"2026-01-01T00:00:0")
    assert first.endswith(b"Z one")


def test_following_ends_with_the_container(world, get):
    world.create("pods", talker("short", "echo hello", restartPolicy="Never"))
    world.run(10)
    assert get("short", "?follow=true").body == b"hello\n"


def test_the_log_of_the_attempt_before_is_kept(world, get):
    world.create("pods", talker("crasher", "echo so long; exit 1"))
    world.run(15)
    assert get("crasher", "?previous=true").body == b"so long\n"


@pytest.mark.parametrize(
    ("name", "query", "code", "message"),
    [
        ("nobody", "", 404, 'pods "nobody" not found'),
        ("talker", "?container=zz", 400, "container zz is not valid for pod talker"),
        ("talker", "?previous=true", 400, 'previous terminated container "c" in pod "talker" not found'),
        (
            "talker",
            "?tailLines=-1",
            422,
            'PodLogOptions "talker" is invalid: tailLines: Invalid value: -1: must be greater than or equal to 0',
        ),
    ],
)
def test_a_question_without_an_answer_is_refused_in_words(get, name, query, code, message):
    reply = get(name, query)
    assert (reply.code, reply.json["message"]) == (code, message)


def test_a_pod_without_a_node_has_no_log_yet(world, get):
    world.create("pods", talker("waiting", nodeSelector={"disk": "ssd"}))
    world.run(1)
    assert (get("waiting").code, get("waiting").body) == (204, b"")


@pytest.mark.parametrize(
    ("target", "why"),
    [
        ("kubelet/worker-1", "connect: connection refused"),
        ("node/worker-1", "connect: no route to host"),
    ],
)
def test_a_kubelet_that_does_not_run_cannot_be_asked(world, get, target, why):
    Component.objects.filter(cluster=world.cluster, target=target).update(state=Component.State.STOPPED)
    reply = get("talker")
    assert reply.code == 500
    assert reply.json["message"] == (
        f'Get "https://172.18.0.2:10250/containerLogs/default/talker/c": dial tcp 172.18.0.2:10250: {why}'
    )


def test_reading_logs_is_a_right_of_its_own(door):
    reply = door[1].request("GET", LOG.format("talker"))
    assert reply.code == 403
    assert 'cannot get resource "pods/log"' in reply.json["message"]


def test_a_log_cannot_be_written(api):
    assert api.request("POST", LOG.format("talker"), {}).code == 405
