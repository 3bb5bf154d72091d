"""`kill -9` of any of our processes in the middle of a rollout: the supervisor starts it again and the rollout ends."""

import pytest

from bench.figures import config_map
from tests.machine import Machine, eventually

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


def deployment(replicas: int) -> dict:
    labels = {"app": "rollout"}
    container = {"name": "c", "image": "registry.k8s.io/pause:3.10"}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "rollout"},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}},
        },
    }


@pytest.mark.parametrize("victim", ["control-plane", "nodes", "redis", "beat", "web"])
def test_rollout_finishes_after_kill_of(victim: str, machine: Machine):
    name = f"kill-{victim}"
    machine.manage("cluster", "create", name, "--workers", "4", "--profile", "instant")
    cluster = machine.cluster(name)
    eventually(lambda: len(cluster.get("/api/v1/nodes")["items"]) == 4, 60)
    acknowledged = cluster.post("/apis/apps/v1/namespaces/default/deployments", deployment(120))
    assert acknowledged.status_code == 201
    eventually(lambda: cluster.pods(), 30, 0.02)
    machine.kill(victim)
    eventually(machine.answers, 30)
    eventually(lambda: len(cluster.ready_pods()) == 120, 60, 0.3)
    assert len(cluster.pods()) == 120, "no duplicate pods"
    machine.manage("cluster", "delete", name)


def test_acknowledged_writes_survive_killing_everything():
    with Machine("--no-demo") as machine:
        machine.manage("cluster", "create", "all", "--workers", "1", "--profile", "instant")
        cluster = machine.cluster("all")
        for number in range(50):
            assert (
                cluster.post("/api/v1/namespaces/default/configmaps", config_map(f"kept-{number}")).status_code == 201
            )
        for role in ("web", "control-plane", "nodes", "beat", "redis"):
            machine.kill(role)
        eventually(machine.answers, 30)
        machine.process.kill()
        machine.process.wait(10)
        machine.start()  # at once: what the parent leaves behind ends with it, ports, lock and all
        items = cluster.get("/api/v1/namespaces/default/configmaps")["items"]
        assert {f"kept-{number}" for number in range(50)} <= {item["metadata"]["name"] for item in items}
