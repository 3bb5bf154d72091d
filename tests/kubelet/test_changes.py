"""What a kubelet does when the spec or the annotations of a pod it already runs are changed."""

import pytest

from core.faults import act
from core.kube.objects import Obj
from core.kube.requests import PatchType
from tests.kubelet.pods import container, events, make_pod, messages, ready, sh, status
from tests.world import World

pytestmark = pytest.mark.django_db(transaction=True)

CHANGED = "Container c definition changed, will be restarted"


def set_image(world: World, image: str, *, name: str = "c", group: str = "containers") -> None:
    patch = {"spec": {group: [{"name": name, "image": image}]}}
    world.patch("pods", "default", "web", patch, PatchType.STRATEGIC)


@pytest.mark.parametrize("policy", ["Always", "OnFailure", "Never"])
def test_changed_image_restarts_the_container_whatever_the_policy(policy: str) -> None:
    world = World(workers=1)
    world.create("pods", make_pod(spec={"restartPolicy": policy}))
    world.run(5)
    set_image(world, "nginx:1.28")
    world.run(5)
    now = container(world)
    assert (now["image"], now["restartCount"]) == ("docker.io/library/nginx:1.28", 1)
    assert now["lastState"]["terminated"]["exitCode"] == 0
    assert ready(world)
    assert status(world)["phase"] == "Running"
    assert messages(world).count(CHANGED) == 1
    assert "Stopping container c" not in messages(world)


def test_only_the_changed_one_of_two_containers_is_restarted() -> None:
    world = World(workers=1)
    two = [{"name": "c", "image": "nginx:1.27"}, {"name": "d", "image": "redis:7"}]
    world.create("pods", make_pod(spec={"containers": two}))
    world.run(5)
    set_image(world, "nginx:1.28")
    world.run(5)
    assert [each["restartCount"] for each in status(world)["containerStatuses"]] == [1, 0]


@pytest.mark.parametrize(
    ("image", "reason"), [("nginx:9.99", "ErrImagePull"), ("ngnix", "ErrImagePull"), ("Bad Name", "InvalidImageName")]
)
def test_changed_image_that_cannot_be_had_is_waited_for(image: str, reason: str) -> None:
    world = World(workers=1, profile="classroom")
    world.create("pods", make_pod(spec={"restartPolicy": "Never"}))
    world.run(8)
    set_image(world, image)
    world.run(1.5)
    now = container(world)
    assert now["state"]["waiting"]["reason"] == reason
    assert now["lastState"]["terminated"]["exitCode"] == 0
    set_image(world, "nginx:1.28")
    world.run(6)
    assert ready(world), "the back-off of the other image is not this one's"


def test_image_changed_while_the_kubelet_was_away_is_seen_when_it_comes_back() -> None:
    world = World(workers=1)
    world.create("pods", make_pod())
    world.run(5)
    act(world.cluster, "kill", "kubelet/worker-1", by="test", now=world.clock.now)
    world.run(1)
    set_image(world, "nginx:1.28")
    world.run(1)
    assert container(world)["restartCount"] == 0
    act(world.cluster, "restart", "kubelet/worker-1", by="test", now=world.clock.now)
    world.run(5)
    assert (container(world)["image"], container(world)["restartCount"]) == ("docker.io/library/nginx:1.28", 1)


def test_process_deaf_to_sigterm_is_replaced_after_the_grace_period() -> None:
    world = World(workers=1)
    world.create("pods", make_pod(image="busybox:1.36", command=["sleep", "3600"]))
    world.run(1)
    set_image(world, "busybox:1.37")
    world.run(29)
    assert container(world)["restartCount"] == 0
    world.run(2)
    assert container(world)["lastState"]["terminated"]["exitCode"] == 137
    assert (container(world)["image"], ready(world)) == ("docker.io/library/busybox:1.37", True)


def test_changed_image_ends_a_crash_loop_without_its_back_off() -> None:
    world = World(workers=1)
    world.create("pods", make_pod(image="nginx:1.27", annotations={"cluster-viz.dev/exit-after": "1"}))
    world.run(60)
    assert container(world)["state"]["waiting"]["reason"] == "CrashLoopBackOff"
    world.patch("pods", "default", "web", {"metadata": {"annotations": {"cluster-viz.dev/exit-after": None}}})
    set_image(world, "nginx:1.28")
    world.run(1)
    assert ready(world)


def test_changed_image_of_a_container_that_is_through_starts_nothing() -> None:
    world = World(workers=1)
    spec = {
        "restartPolicy": "Never",
        "containers": [
            {"name": "c", "image": "busybox:1.36", "command": sh("exit 0")},
            {"name": "d", "image": "redis:7"},
        ],
    }
    world.create("pods", make_pod(spec=spec))
    world.run(2)
    set_image(world, "busybox:1.37")
    world.run(5)
    assert status(world)["containerStatuses"][0]["restartCount"] == 0


def test_sidecar_is_replaced_and_an_init_container_is_left_alone() -> None:
    world = World(workers=1)
    inits = [
        {"name": "side", "image": "nginx:1.27", "restartPolicy": "Always"},
        {"name": "first", "image": "busybox:1.36", "command": sh("sleep 20")},
    ]
    world.create("pods", make_pod(inits=inits))
    world.run(3)
    set_image(world, "nginx:1.28", name="side", group="initContainers")
    set_image(world, "busybox:1.37", name="first", group="initContainers")
    world.run(5)
    side, first = status(world)["initContainerStatuses"]
    assert (side["restartCount"], side["image"]) == (1, "docker.io/library/nginx:1.28")
    assert (first["restartCount"], first["image"]) == (0, "docker.io/library/busybox:1.36")
    assert "Init container side definition changed" in messages(world)


def test_deadline_that_is_set_later_counts_from_the_start() -> None:
    world = World(workers=1)
    world.create("pods", make_pod())
    world.run(20)
    world.patch("pods", "default", "web", {"spec": {"activeDeadlineSeconds": 30}})
    world.run(9)
    assert ready(world)
    world.run(3)
    assert status(world)["reason"] == "DeadlineExceeded"


@pytest.mark.parametrize(
    ("annotation", "outcome"),
    [
        pytest.param({"cluster-viz.dev/exit-after": "20"}, 1, id="ends-when-told"),
        pytest.param({"cluster-viz.dev/exit-after": "1"}, 1, id="ends-at-once-when-told-late"),
        pytest.param({"cluster-viz.dev/exit-after": "3600"}, 0, id="stays-until-then"),
        pytest.param({"cluster-viz.dev/exit-after": "nan", "cluster-viz.dev/exit-code": "inf"}, 0, id="no-number"),
        pytest.param({"cluster-viz.dev/exit-after": "-5", "cluster-viz.dev/exit-code": "1e9"}, 0, id="out-of-bounds"),
    ],
)
def test_annotation_on_a_running_pod_is_followed(annotation: dict[str, str], outcome: int) -> None:
    world = World(workers=1)
    world.create("pods", make_pod())
    world.run(10)
    world.patch("pods", "default", "web", {"metadata": {"annotations": annotation}})
    world.run(15)
    assert container(world)["restartCount"] >= outcome
    assert bool(container(world)["restartCount"]) is bool(outcome)


def debug(world: World, **more: object) -> Obj:
    pod = world.get("pods", "default", "web")
    added = {"name": "dbg", "image": "busybox:1.36", **more}
    spec = {**pod["spec"], "ephemeralContainers": [added]}
    world.api("update", "pods", "default", "web", subresource="ephemeralcontainers", body={**pod, "spec": spec})
    world.run(3)
    (found,) = status(world)["ephemeralContainerStatuses"]
    return found


def test_ephemeral_container_runs_beside_the_others() -> None:
    world = World(workers=1)
    world.create("pods", make_pod())
    world.run(2)
    before = events(world)
    found = debug(world, command=["sh"], stdin=True, tty=True)
    assert "running" in found["state"]
    assert (found["ready"], found["restartCount"], ready(world)) == (False, 0, True)
    assert events(world)[len(before) :] == ["Pulling", "Pulled", "Created", "Started"]
    paths = [event["involvedObject"].get("fieldPath") for event in world.all("events")]
    assert paths.count("spec.ephemeralContainers{dbg}") == 4


def test_ephemeral_container_that_ends_is_not_started_again() -> None:
    world = World(workers=1)
    world.create("pods", make_pod())
    world.run(2)
    found = debug(world, command=sh("echo here; exit 3"))
    assert found["state"]["terminated"]["exitCode"] == 3
    world.run(30)
    assert status(world)["ephemeralContainerStatuses"][0]["restartCount"] == 0
    assert (status(world)["phase"], ready(world)) == ("Running", True)
    world.api("delete", "pods", "default", "web")
    world.run(2)
    assert not world.all("pods")


def test_pod_does_not_wait_for_its_ephemeral_containers() -> None:
    world = World(workers=1)
    world.create("pods", make_pod(image="busybox", command=["sleep", "10"], spec={"restartPolicy": "Never"}))
    world.run(2)
    debug(world, command=["sleep", "3600"])
    world.run(45)
    assert status(world)["phase"] == "Succeeded"
