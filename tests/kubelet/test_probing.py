"""Probes as tutorials use them, through a whole cluster."""

import pytest

from core.client import LoopId
from tests.kubelet.pods import container, events, make_pod, messages, ready, sh, status
from tests.world import World

pytestmark = pytest.mark.django_db(transaction=True)


def test_readiness_waits_for_its_initial_delay() -> None:
    world = World(workers=1)
    world.create(
        "pods",
        make_pod(readinessProbe={"httpGet": {"path": "/", "port": 80}, "initialDelaySeconds": 5, "periodSeconds": 5}),
    )
    world.run(4)
    assert not ready(world)
    world.run(2)
    assert ready(world)


def test_probe_of_a_port_nobody_listens_on_fails() -> None:
    world = World(workers=1)
    world.create("pods", make_pod(readinessProbe={"httpGet": {"path": "/ok", "port": 8080}, "periodSeconds": 10}))
    world.run(35)
    assert not ready(world)
    expected = (
        'Readiness probe failed: Get "http://10.244.1.2:8080/ok": dial tcp 10.244.1.2:8080: connect: connection refused'
    )
    assert expected in messages(world)
    assert events(world).count("Unhealthy") == 4


def test_liveness_of_the_tutorial_restarts_after_its_file_is_gone() -> None:
    world = World(workers=1)
    script = "touch /tmp/healthy; sleep 30; rm -f /tmp/healthy; sleep 600"
    probe = {"exec": {"command": ["cat", "/tmp/healthy"]}, "initialDelaySeconds": 5, "periodSeconds": 5}
    world.create("pods", make_pod(image="busybox", command=sh(script), livenessProbe=probe))
    world.run(39)
    assert "Killing" not in events(world)
    world.run(2)
    assert "Container c failed liveness probe, will be restarted" in messages(world)
    assert "Liveness probe failed: cat: can't open '/tmp/healthy': No such file or directory" in messages(world)
    world.run(31)  # sleep is deaf to SIGTERM: the grace period passes
    assert container(world)["restartCount"] == 1
    assert container(world)["lastState"]["terminated"]["exitCode"] == 137


def test_liveness_of_the_other_tutorial_answers_500_after_ten_seconds() -> None:
    world = World(workers=1)
    probe = {"httpGet": {"path": "/healthz", "port": 8080}, "initialDelaySeconds": 3, "periodSeconds": 3}
    image = "registry.k8s.io/e2e-test-images/agnhost:2.40"
    world.create("pods", make_pod(image=image, args=["liveness"], livenessProbe=probe))
    world.run(10)
    assert "Unhealthy" not in events(world)
    world.run(20)
    assert "Liveness probe failed: HTTP probe failed with statuscode: 500" in messages(world)
    assert container(world)["restartCount"] == 1


def test_startup_probe_holds_the_others_back() -> None:
    world = World(workers=1)
    probe = {"httpGet": {"port": 80}, "periodSeconds": 10}
    world.create(
        "pods",
        make_pod(
            annotations={"cluster-viz.dev/start-seconds": "25"},
            startupProbe=probe | {"failureThreshold": 30},
            livenessProbe=probe | {"failureThreshold": 1},
        ),
    )
    world.run(24)
    assert container(world)["started"] is False
    world.run(10)
    assert container(world)["started"] is True
    assert ready(world)
    assert container(world)["restartCount"] == 0


def test_process_that_stops_answering_is_taken_out_of_service() -> None:
    world = World(workers=1)
    probe = {"tcpSocket": {"port": 80}, "periodSeconds": 5}
    world.create("pods", make_pod(annotations={"cluster-viz.dev/unhealthy-after": "60"}, readinessProbe=probe))
    world.run(60)
    assert ready(world)
    world.run(15)
    assert not ready(world)
    assert container(world)["restartCount"] == 0
    ip = status(world)["podIP"]
    assert f"Readiness probe failed: dial tcp {ip}:80: i/o timeout" in messages(world)


def test_healthy_pod_wakes_nobody() -> None:
    world = World(workers=1)
    world.create("pods", make_pod(livenessProbe={"httpGet": {"port": 80}}, readinessProbe={"httpGet": {"port": 80}}))
    world.run(1)
    workers = world.host.units.loops[LoopId("kubelet", "worker-1", "pod-workers")]
    assert not workers.queue._delayed
