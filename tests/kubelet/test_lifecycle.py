"""A pod's life on a node, from binding to running, as the API server sees it."""

import pytest

from core.kube.errors import NotFound
from tests.kubelet.pods import container, events, make_pod, messages, ready, sh, status
from tests.world import World

pytestmark = pytest.mark.django_db(transaction=True)


def test_instant_pod_is_running_and_ready_after_one_status_write() -> None:
    world = World(workers=1)
    world.run(1)
    created = int(world.create("pods", make_pod())["metadata"]["resourceVersion"])
    world.run()
    assert status(world)["phase"] == "Running"
    assert ready(world)
    assert [change.type for change in world.host.server.cache.since(created) if change.resource == "pods"] == [
        "MODIFIED"
    ]
    assert events(world) == ["Pulling", "Pulled", "Created", "Started"]


def test_second_pod_finds_the_image_on_the_node() -> None:
    world = World(workers=1)
    world.create("pods", make_pod("one"))
    world.create("pods", make_pod("two"))
    world.run(1)
    texts = messages(world, "one") + messages(world, "two")
    assert sum(text.startswith("Successfully pulled image") for text in texts) == 1
    assert 'Container image "nginx:1.27" already present on machine and can be accessed by the pod' in texts


def test_status_is_written_as_the_real_kubelet_writes_it() -> None:
    world = World(workers=1)
    world.create("pods", make_pod(resources={"requests": {"cpu": "50m", "memory": "32Mi"}}))
    world.run(1)
    pod = status(world)
    assert [condition["type"] for condition in pod["conditions"]] == [
        "PodReadyToStartContainers",
        "Initialized",
        "Ready",
        "ContainersReady",
        "PodScheduled",
    ]
    assert {condition["status"] for condition in pod["conditions"]} == {"True"}
    assert all(condition["lastProbeTime"] is None for condition in pod["conditions"])
    assert pod["hostIP"] == "172.18.0.2"
    assert pod["podIPs"] == [{"ip": "10.244.1.2"}]
    assert pod["qosClass"] == "Burstable"
    one = pod["containerStatuses"][0]
    assert one["state"] == {"running": {"startedAt": "2026-01-01T00:00:00Z"}}
    assert one["lastState"] == {}
    assert (one["ready"], one["started"], one["restartCount"]) == (True, True, 0)
    assert one["image"] == "docker.io/library/nginx:1.27"
    assert one["imageID"].startswith("docker.io/library/nginx@sha256:")
    assert one["containerID"].startswith("containerd://")
    assert one["allocatedResources"] == {"cpu": "50m", "memory": "32Mi"}


def test_classroom_pod_is_seen_creating_before_it_runs() -> None:
    world = World(workers=1, profile="classroom")
    world.run(2)
    world.create("pods", make_pod())
    world.run(0.2)
    assert status(world)["phase"] == "Pending"
    assert container(world)["state"] == {"waiting": {"reason": "ContainerCreating"}}
    assert "podIP" not in status(world)
    world.run(1)
    assert status(world)["podIP"] == "10.244.1.2"
    assert not ready(world)
    world.run(4)
    assert ready(world)
    assert any("in 2.5" in text for text in messages(world))


def test_pod_that_ends_is_succeeded_and_gives_its_share_back() -> None:
    world = World(workers=1)
    big = {"requests": {"cpu": "3"}}
    world.create(
        "pods", make_pod("job", image="busybox", command=sh("sleep 20"), resources=big, spec={"restartPolicy": "Never"})
    )
    world.run(10)
    assert status(world, "job")["phase"] == "Running"
    world.run(15)
    job = status(world, "job")
    assert job["phase"] == "Succeeded"
    ended = job["containerStatuses"][0]["state"]["terminated"]
    assert (ended["exitCode"], ended["reason"]) == (0, "Completed")
    assert {c["type"]: c.get("reason") for c in job["conditions"]}["Ready"] == "PodCompleted"
    world.create("pods", make_pod("next", resources=big))
    world.run(1)
    assert ready(world, "next")


def test_failed_command_that_is_never_restarted_fails_the_pod() -> None:
    world = World(workers=1)
    world.create("pods", make_pod(image="busybox", command=sh("echo no; exit 3"), spec={"restartPolicy": "Never"}))
    world.run(1)
    assert status(world)["phase"] == "Failed"
    ended = container(world)["state"]["terminated"]
    assert (ended["exitCode"], ended["reason"]) == (3, "Error")


def test_init_containers_run_in_order_before_the_others() -> None:
    world = World(workers=1)
    inits = [
        {"name": "first", "image": "busybox", "command": sh("sleep 5")},
        {"name": "second", "image": "busybox", "command": sh("sleep 5")},
    ]
    world.create("pods", make_pod(inits=inits))
    world.run(7)
    pod = status(world)
    assert pod["phase"] == "Pending"
    first, second = pod["initContainerStatuses"]
    assert first["state"]["terminated"]["reason"] == "Completed"
    assert "running" in second["state"]
    assert pod["containerStatuses"][0]["state"] == {"waiting": {"reason": "PodInitializing"}}
    initialized = next(c for c in pod["conditions"] if c["type"] == "Initialized")
    assert initialized["message"] == "containers with incomplete status: [second]"
    world.run(5)
    assert ready(world)


def test_script_that_is_not_simulated_is_told_of() -> None:
    world = World(workers=1)
    inits = [{"name": "wait", "image": "busybox", "command": sh("until nslookup db; do sleep 2; done")}]
    world.create("pods", make_pod(inits=inits))
    world.run(1)
    told = [text for text in messages(world) if "simulated" in text]
    assert told == [
        "The script is beyond the simulated shell (nslookup): it is taken to do its job, ending well after 5 s"
    ]
    assert events(world).count("NotSimulated") == 1


def test_sidecar_runs_beside_the_containers_and_ends_after_them() -> None:
    world = World(workers=1)
    inits = [{"name": "proxy", "image": "registry.k8s.io/pause:3.10", "restartPolicy": "Always"}]
    world.create("pods", make_pod(image="busybox", command=sh("sleep 5"), inits=inits, spec={"restartPolicy": "Never"}))
    world.run(2)
    assert status(world)["phase"] == "Running"
    assert "running" in status(world)["initContainerStatuses"][0]["state"]
    world.run(10)
    assert status(world)["phase"] == "Succeeded"
    assert "terminated" in status(world)["initContainerStatuses"][0]["state"]


def test_sidecars_have_what_their_containers_left_of_the_grace_period() -> None:
    world = World(workers=1)
    deaf = {"image": "busybox", "command": ["sleep", "3600"], "restartPolicy": "Always"}
    inits = [deaf | {"name": "first"}, deaf | {"name": "second"}]
    world.create("pods", make_pod(image="busybox", command=["sleep", "3600"], inits=inits))
    world.run(1)
    world.api("delete", "pods", "default", "web")
    world.run(1)
    assert events(world).count("Killing") == 3
    world.run(30)  # the container was killed after 30 s, the sidecars have two more each, the last one first
    states = [each["state"] for each in status(world)["initContainerStatuses"]]
    assert "terminated" in status(world)["containerStatuses"][0]["state"]
    assert [next(iter(state)) for state in states] == ["running", "running"]
    world.run(2)
    states = [each["state"] for each in status(world)["initContainerStatuses"]]
    assert [next(iter(state)) for state in states] == ["running", "terminated"]
    world.run(2)
    assert not world.all("pods")


def test_sidecar_of_a_pod_that_is_done_is_told_to_stop() -> None:
    world = World(workers=1)
    inits = [{"name": "proxy", "image": "registry.k8s.io/pause:3.10", "restartPolicy": "Always"}]
    world.create("pods", make_pod(image="busybox", command=sh("sleep 5"), inits=inits, spec={"restartPolicy": "Never"}))
    world.run(10)
    assert events(world).count("Killing") == 1


@pytest.mark.parametrize(
    ("more", "reason", "message"),
    [
        pytest.param(
            {"resources": {"requests": {"cpu": "5"}}},
            "OutOfcpu",
            "Pod was rejected: Node didn't have enough resource: cpu, requested: 5000, used: 0, capacity: 4000",
            id="too-much-cpu",
        ),
        pytest.param(
            {"spec": {"nodeSelector": {"disk": "ssd"}}},
            "NodeAffinity",
            "Pod was rejected: Predicate NodeAffinity failed: node(s) didn't match Pod's node affinity/selector",
            id="wrong-node",
        ),
    ],
)
def test_pod_that_does_not_fit_is_rejected(more: dict, reason: str, message: str) -> None:
    world = World(workers=1)
    world.run(1)
    world.create("pods", make_pod(**more))
    world.run(1)
    assert (status(world)["phase"], status(world)["reason"], status(world)["message"]) == ("Failed", reason, message)
    assert reason in events(world)


def test_two_pods_cannot_have_the_same_host_port() -> None:
    world = World(workers=1)
    ports = [{"containerPort": 80, "hostPort": 8080}]
    world.create("pods", make_pod("one", ports=ports))
    world.run(1)
    world.create("pods", make_pod("two", ports=ports))
    world.run(1)
    assert ready(world, "one")
    assert status(world, "two")["reason"] == "NodePorts"


def test_pod_waits_for_its_config_map() -> None:
    world = World(workers=1)
    volumes = {"volumes": [{"name": "v", "configMap": {"name": "settings"}}]}
    env = [{"name": "LEVEL", "valueFrom": {"configMapKeyRef": {"name": "levels", "key": "x"}}}]
    world.create("pods", make_pod(spec=volumes, env=env))
    world.run(3)
    assert container(world)["state"]["waiting"]["reason"] == "ContainerCreating"
    assert 'MountVolume.SetUp failed for volume "v" : configmap "settings" not found' in messages(world)
    world.create(
        "configmaps",
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings", "namespace": "default"}},
    )
    world.run(3)
    waiting = container(world)["state"]["waiting"]
    assert waiting == {"reason": "CreateContainerConfigError", "message": 'configmap "levels" not found'}
    levels = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "levels", "namespace": "default"},
        "data": {"x": "1"},
    }
    world.create("configmaps", levels)
    world.run(12)
    assert ready(world)


CONFIG = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "levels", "namespace": "default"}}
LEVELS = {"name": "levels", "configMap": {"name": "levels", "items": [{"key": "x", "path": "x"}]}}


def test_pod_waits_for_the_volumes_it_mounts() -> None:
    world = World(workers=1)
    world.create("pods", make_pod(spec={"volumes": [LEVELS]}))
    world.run(20)
    assert container(world)["state"] == {"waiting": {"reason": "ContainerCreating"}}
    assert events(world).count("FailedMount") == 6  # at 0, 0.5, 1.5, 3.5, 7.5 and 15.5 s
    assert 'MountVolume.SetUp failed for volume "levels" : configmap "levels" not found' in messages(world)
    world.create("configmaps", CONFIG)
    world.run(15)
    why = "configmap references non-existent config key: x"
    assert f'MountVolume.SetUp failed for volume "levels" : {why}' in messages(world)
    world.patch("configmaps", "default", "levels", {"data": {"x": "1"}})
    world.run(40)
    assert ready(world)


@pytest.mark.parametrize("grace", [30, 0], ids=["graceful", "forced"])
def test_pod_that_never_started_gives_its_share_back(grace: int) -> None:
    world = World(workers=1)
    resources = {"requests": {"cpu": "3"}}
    world.create("pods", make_pod(spec={"volumes": [LEVELS]}, resources=resources))
    world.run(1)
    world.api("delete", "pods", "default", "web", options={"gracePeriodSeconds": grace})
    world.run()
    world.create("pods", make_pod("next", resources=resources))
    world.run()
    assert ready(world, "next")


def test_set_that_asks_for_an_impossible_node_does_not_stop_time() -> None:
    world = World(workers=1)
    template = make_pod(resources={"requests": {"cpu": "9"}})
    template["metadata"] = {"labels": {"app": "web"}}
    spec = {"replicas": 1, "selector": {"matchLabels": {"app": "web"}}, "template": template}
    meta = {"name": "web", "namespace": "default"}
    world.create("replicasets.apps", {"apiVersion": "apps/v1", "kind": "ReplicaSet", "metadata": meta, "spec": spec})
    world.run(10)
    reasons = [pod["status"].get("reason") for pod in world.all("pods")]
    assert 8 <= reasons.count("OutOfcpu") <= 11


def test_pod_over_its_active_deadline_has_failed() -> None:
    world = World(workers=1)
    world.create("pods", make_pod(spec={"activeDeadlineSeconds": 20}))
    world.run(19)
    assert ready(world)
    world.run(2)
    assert (status(world)["phase"], status(world)["reason"]) == ("Failed", "DeadlineExceeded")
    reasons = {each["type"]: each.get("reason") for each in status(world)["conditions"]}
    assert (reasons["Ready"], reasons["ContainersReady"]) == ("PodFailed", "PodFailed")


def test_deleted_pod_is_told_to_stop_and_removed() -> None:
    world = World(workers=1)
    world.create("pods", make_pod())
    world.run(1)
    world.api("delete", "pods", "default", "web")
    world.run(1)
    assert "Killing" in events(world)
    with pytest.raises(NotFound):
        world.get("pods", "default", "web")
    disk = world.host.disks["worker-1"]
    assert not list(disk.all("sandbox"))
    assert not list(disk.all("container"))


def test_process_deaf_to_sigterm_is_killed_after_the_grace_period() -> None:
    world = World(workers=1)
    world.create("pods", make_pod(image="busybox", command=["sleep", "3600"]))
    world.run(1)
    world.api("delete", "pods", "default", "web")
    world.run(29)
    assert "running" in container(world)["state"]
    world.run(2)
    assert not world.all("pods")


def test_shorter_grace_brings_the_end_forward() -> None:
    world = World(workers=1)
    world.create("pods", make_pod(image="busybox", command=["sleep", "3600"]))
    world.run(1)
    world.api("delete", "pods", "default", "web")
    world.run(5)
    world.api("delete", "pods", "default", "web", options={"gracePeriodSeconds": 3})
    world.run(4)
    assert not world.all("pods")


def test_pre_stop_hook_takes_its_time_out_of_the_grace_period() -> None:
    world = World(workers=1)
    hook = {"preStop": {"exec": {"command": sh("sleep 10")}}}
    world.create("pods", make_pod(lifecycle=hook))
    world.run(1)
    world.api("delete", "pods", "default", "web")
    world.run(9)
    assert world.all("pods")
    world.run(2)
    assert not world.all("pods")


def test_force_deleted_pod_leaves_nothing_on_its_node() -> None:
    world = World(workers=1)
    world.create("pods", make_pod(image="busybox", command=["sleep", "3600"]))
    world.run(1)
    world.api("delete", "pods", "default", "web", options={"gracePeriodSeconds": 0})
    world.run(1)
    assert not list(world.host.disks["worker-1"].all("container"))


def test_namesake_gets_a_sandbox_of_its_own() -> None:
    world = World(workers=1)
    first = world.create("pods", make_pod())
    world.run(1)
    world.api("delete", "pods", "default", "web", options={"gracePeriodSeconds": 0})
    second = world.create("pods", make_pod())
    world.run(1)
    assert ready(world)
    (sandbox,) = world.host.disks["worker-1"].all("sandbox")
    assert sandbox["pod_uid"] == second["metadata"]["uid"] != first["metadata"]["uid"]
    assert status(world)["podIP"] == "10.244.1.3"


def test_pod_on_the_host_network_has_its_node_s_address() -> None:
    world = World(workers=1)
    world.create("pods", make_pod(spec={"hostNetwork": True}))
    world.run(1)
    assert status(world)["podIP"] == status(world)["hostIP"] == "172.18.0.2"


def test_same_seed_gives_the_same_records() -> None:
    seen = []
    for name in ("a", "b"):
        world = World(name, workers=2, profile="classroom")
        world.create("pods", make_pod(node="worker-2"))
        world.create("pods", make_pod("crash", image="busybox", command=sh("exit 1")))
        world.run(60)
        seen.append((status(world), status(world, "crash"), world.host.disks["worker-1"].records["container"]))
    assert seen[0] == seen[1]
