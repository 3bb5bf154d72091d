"""Containers that end, and images that cannot be had: policies, back-offs, kills."""

import pytest

from core.client import LoopId
from core.client.transport import WatchEvent
from core.faults import act
from core.runtime.cri import kill_pod
from tests.kubelet.pods import container, events, make_pod, messages, ready, sh, status
from tests.world import World

pytestmark = pytest.mark.django_db(transaction=True)


def starts(world: World, seconds: float) -> list[float]:
    """The moments of the next seconds, from now, at which the container's restart count grew."""
    began, counts, moments = world.now, [container(world)["restartCount"]], []

    def hear(event: WatchEvent) -> None:
        counts.append(event.object["status"]["containerStatuses"][0]["restartCount"])
        if counts[-1] > counts[-2]:
            moments.append(event.time - began)

    unsubscribe = world.host.informers("pods").on_event(lambda event: hear(event) if event.time else None)
    world.run(seconds)
    unsubscribe()
    return moments


def test_crash_loop_waits_10_20_40_and_so_on_up_to_300_seconds() -> None:
    world = World(workers=1)
    world.run()  # until there is all that a pod mounts
    world.create("pods", make_pod(image="busybox", command=sh("exit 1")))
    world.run()
    assert container(world)["restartCount"] == 1, "the first restart is at once"
    moments = starts(world, 1300)
    gaps = [round(b - a) for a, b in zip([0.0, *moments], moments, strict=False)]
    assert gaps == [10, 20, 40, 80, 160, 300, 300, 300]


def test_crash_looping_container_says_why_it_waits() -> None:
    world = World(workers=1)
    world.create("pods", make_pod(image="busybox", command=sh("exit 1")))
    world.run(1)
    now = container(world)
    uid = world.get("pods", "default", "web")["metadata"]["uid"]
    assert now["state"]["waiting"] == {
        "reason": "CrashLoopBackOff",
        "message": f"back-off 10s restarting failed container=c pod=web_default({uid})",
    }
    assert now["lastState"]["terminated"]["exitCode"] == 1
    assert status(world)["phase"] == "Running"
    assert f"Back-off restarting failed container c in pod web_default({uid})" in messages(world)


def test_back_off_is_forgiven_after_ten_minutes_of_running() -> None:
    world = World(workers=1)
    world.create("pods", make_pod(image="busybox", command=["sleep", "700"]))
    world.run(1)
    first, second, third = starts(world, 2200)
    assert round(second - first) == 700
    assert round(third - second) == 700


def test_on_failure_restarts_a_failure_and_leaves_a_success() -> None:
    world = World(workers=1)
    never_twice = sh("if [ -f /tmp/x ]; then exit 0; fi; sleep 3; exit 0")
    world.create("pods", make_pod("good", image="busybox", command=never_twice, spec={"restartPolicy": "OnFailure"}))
    world.create(
        "pods", make_pod("bad", image="busybox", command=sh("sleep 3; exit 1"), spec={"restartPolicy": "OnFailure"})
    )
    world.run(5)
    assert status(world, "good")["phase"] == "Succeeded"
    assert container(world, "bad")["restartCount"] == 1
    assert status(world, "bad")["phase"] == "Running"


def test_failing_init_container_is_tried_again() -> None:
    world = World(workers=1)
    inits = [{"name": "wait", "image": "busybox", "command": sh("sleep 1; exit 1")}]
    world.create("pods", make_pod(inits=inits))
    world.run(20)
    init = status(world)["initContainerStatuses"][0]
    assert init["restartCount"] == 2
    assert status(world)["phase"] == "Pending"


@pytest.mark.parametrize(
    ("image", "message"),
    [
        pytest.param("ngnix", "pull access denied, repository does not exist or may require authorization", id="typo"),
        pytest.param("nginx:9.99", "docker.io/library/nginx:9.99: not found", id="no-such-tag"),
    ],
)
def test_image_that_does_not_exist_cannot_be_pulled(image: str, message: str) -> None:
    world = World(workers=1)
    world.create("pods", make_pod(image=image))
    world.run(0.5)
    waiting = container(world)["state"]["waiting"]
    assert waiting["reason"] == "ErrImagePull"
    assert message in waiting["message"]
    world.run(1)
    waiting = container(world)["state"]["waiting"]
    assert waiting["reason"] == "ImagePullBackOff"
    assert waiting["message"].startswith(f'Back-off pulling image "{image}": ErrImagePull: ')
    assert "Error: ErrImagePull" in messages(world)


def test_pull_is_tried_again_after_10_20_40_seconds() -> None:
    world = World(workers=1)
    world.create("pods", make_pod(image="ngnix"))
    moments, seen = [], 0
    for second in range(75):
        pulls = events(world).count("Pulling")
        if pulls > seen:
            seen = pulls
            moments.append(second)
        world.run(1)
    assert moments == [1, 10, 30, 70] or moments == [1, 11, 31, 71]


@pytest.mark.parametrize(
    ("image", "policy", "reason"),
    [
        pytest.param("nginx", "Never", "ErrImageNeverPull", id="never"),
        pytest.param("Not A Name", "IfNotPresent", "InvalidImageName", id="invalid"),
    ],
)
def test_image_that_is_not_even_asked_for(image: str, policy: str, reason: str) -> None:
    world = World(workers=1)
    world.create("pods", make_pod(image=image, imagePullPolicy=policy))
    world.run(1)
    assert container(world)["state"]["waiting"]["reason"] == reason


def test_killed_process_is_restarted_by_its_kubelet() -> None:
    world = World(workers=1)
    pod = world.create("pods", make_pod())
    world.run(1)
    disk = world.host.disks["worker-1"]
    assert kill_pod(disk, pod["metadata"]["uid"], world.now) == ["c"]
    world.host.units.loops[LoopId("kubelet", "worker-1", "pod-workers")].enqueue("default/web")
    world.run(1)
    now = container(world)
    assert now["restartCount"] == 1
    assert now["lastState"]["terminated"]["exitCode"] == 137
    assert ready(world)


def test_a_killed_pod_wakes_its_pod_worker_and_not_the_heartbeat() -> None:
    world = World(workers=1)
    world.create("pods", make_pod())
    world.run(1)
    act(world.cluster, "kill", "pod/default/web", by="test", now=world.clock.now)
    world.run(60)
    assert container(world)["restartCount"] == 1
    heartbeat = world.host.units.loops[LoopId("kubelet", "worker-1", "heartbeat")]
    assert set(heartbeat.queue._delayed) == {"worker-1"}


def test_container_over_its_memory_limit_is_oom_killed() -> None:
    world = World(workers=1)
    grows = {"cluster-viz.dev/memory-growth": "10"}
    limits = {"limits": {"memory": "109Mi"}}
    world.create("pods", make_pod(annotations=grows, resources=limits))
    world.run(11)
    ended = container(world)["lastState"]["terminated"]
    assert (ended["reason"], ended["exitCode"]) == ("OOMKilled", 137)


def test_annotation_says_when_a_process_ends() -> None:
    world = World(workers=1)
    world.create("pods", make_pod(annotations={"cluster-viz.dev/exit-after": "30", "cluster-viz.dev/exit-code": "7"}))
    world.run(29)
    assert container(world)["restartCount"] == 0
    world.run(2)
    assert container(world)["lastState"]["terminated"]["exitCode"] == 7
