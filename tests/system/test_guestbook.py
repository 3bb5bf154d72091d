"""The first promise: one `kubectl apply` through every system, then failures, and nothing acknowledged is lost."""

import pytest

from tests.machine import ClusterClient, Machine, eventually
from tests.system import guestbook

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


@pytest.fixture
def cluster(machine: Machine):
    machine.manage("cluster", "create", "guest", "--workers", "3")
    yield machine.cluster("guest")
    machine.manage("cluster", "delete", "guest")


def test_guestbook_runs_and_leaves_nothing_behind(cluster: ClusterClient):
    guestbook.apply(cluster)
    eventually(lambda: guestbook.is_running(cluster), 60)
    guestbook.delete(cluster)


def test_guestbook_survives_a_killed_member_and_a_killed_node(cluster: ClusterClient, machine: Machine):
    guestbook.apply(cluster)
    eventually(lambda: guestbook.is_running(cluster), 60)
    leader = cluster.status()["etcd"]["leader"]
    machine.manage("fault", "guest", "kill", leader)
    cluster.kubectl("create", "configmap", "after-election", "--from-literal=a=b")
    assert cluster.status()["etcd"]["leader"] not in (leader, None)
    machine.manage("fault", "guest", "kill", "node/worker-1")
    machine.manage("cluster", "speed", "guest", "40")
    moved = eventually(lambda: [pod for pod in cluster.ready_pods() if pod["spec"]["nodeName"] != "worker-1"][5:], 60)
    assert moved
    assert "NotReady" in cluster.kubectl("get", "nodes")


def test_lost_quorum_stops_writes_and_one_restart_resumes_them(cluster: ClusterClient, machine: Machine):
    cluster.kubectl("create", "configmap", "acknowledged", "--from-literal=a=b")
    for member in ("etcd-0", "etcd-1"):
        machine.manage("fault", "guest", "kill", member)
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "refused"}}
    answer = cluster.post("/api/v1/namespaces/default/configmaps", body)
    assert (answer.status_code, answer.json()["message"]) == (500, "etcdserver: request timed out")
    assert answer.elapsed.total_seconds() < 10
    machine.manage("fault", "guest", "restart", "etcd-0")
    eventually(
        lambda: (
            cluster.post("/api/v1/namespaces/default/configmaps", {**body, "metadata": {"name": "back"}}).status_code
            in (201, 409)
        ),
        30,
    )
    names = [item["metadata"]["name"] for item in cluster.get("/api/v1/namespaces/default/configmaps")["items"]]
    assert "acknowledged" in names
    assert "back" in names
