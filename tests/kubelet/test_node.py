"""The node itself: registration, heartbeats, reboots, and kubelets that die in the middle of something."""

import pytest

from core.kube.requests import PatchType
from core.kubelet.node import internal_ip, pod_range
from core.models import Cluster, Component
from tests.kubelet.pods import container, make_pod, ready, sh, status
from tests.world import START, World

pytestmark = pytest.mark.django_db(transaction=True)


def restart(world: World, *targets: str, apart: float = 0.0) -> None:
    """Stop components, let time pass, start them again as new processes."""
    rows = Component.objects.filter(cluster=world.cluster, target__in=targets)
    for state in (Component.State.STOPPED, Component.State.RUNNING):
        for row in rows:
            row.refresh_from_db()
            row.state = state
            row.starts += state == Component.State.RUNNING
            row.save()
        cluster = Cluster.objects.get(pk=world.cluster.pk)
        cluster.topology += 1
        cluster.save(update_fields=["topology"])
        world.run(apart if state == Component.State.STOPPED else 0.0)


def node_condition(world: World, kind: str) -> dict:
    node = world.get("nodes", "", "worker-1")
    return next(c for c in node["status"]["conditions"] if c["type"] == kind)


def test_kubelet_registers_its_node() -> None:
    world = World(workers=2)
    world.run(1)
    node = world.get("nodes", "", "worker-2")
    assert node["metadata"]["labels"]["kubernetes.io/hostname"] == "worker-2"
    assert node["spec"]["podCIDR"] == "10.244.2.0/24"
    assert node["status"]["capacity"]["cpu"] == "4"
    assert node["status"]["nodeInfo"]["kubeletVersion"] == "v1.37.0"
    assert node_condition(world, "Ready")["reason"] == "KubeletReady"
    reasons = {event["reason"] for event in world.all("events") if event["involvedObject"]["name"] == "worker-2"}
    assert {
        "Starting",
        "NodeHasSufficientMemory",
        "NodeHasNoDiskPressure",
        "NodeHasSufficientPID",
        "NodeReady",
    } <= reasons


def test_events_of_a_kubelet_name_its_node_only() -> None:
    world = World(workers=1)
    world.run(5)
    told = [event for event in world.all("events") if event["source"].get("component") == "kubelet"]
    assert len(told) >= 5
    assert all(event["involvedObject"] == {"apiVersion": "v1", "kind": "Node", "name": "worker-1"} for event in told)


def test_node_is_not_ready_until_its_runtime_is() -> None:
    world = World(workers=1, profile="realistic")
    world.run(1)
    assert node_condition(world, "Ready")["reason"] == "KubeletNotReady"
    world.run(2)
    assert node_condition(world, "Ready")["status"] == "True"


def test_lease_is_renewed_every_ten_seconds() -> None:
    world = World(workers=1)
    renewals = []
    for _ in range(50):
        world.run(1)
        (lease,) = [each for each in world.all("leases.coordination.k8s.io") if each["metadata"]["name"] == "worker-1"]
        if lease["spec"]["renewTime"] not in renewals:
            renewals.append(lease["spec"]["renewTime"])
    assert [moment[14:19] for moment in renewals] == ["00:00", "00:10", "00:20", "00:30", "00:40", "00:50"]
    assert lease["metadata"]["ownerReferences"][0]["kind"] == "Node"
    assert lease["spec"]["leaseDurationSeconds"] == 40


def test_status_is_reported_every_five_minutes_though_nothing_changes() -> None:
    world = World(workers=1)
    world.run(1)
    first = node_condition(world, "Ready")
    world.run(200)
    assert node_condition(world, "Ready") == first
    world.run(110)
    later = node_condition(world, "Ready")
    assert later["lastHeartbeatTime"] > first["lastHeartbeatTime"]
    assert later["lastTransitionTime"] == first["lastTransitionTime"]


def dongles(world: World) -> tuple[str | None, str | None]:
    status = world.get("nodes", "", "worker-1")["status"]
    return status["capacity"].get("example.com/dongle"), status["allocatable"].get("example.com/dongle")


def advertise(world: World, amount: str) -> None:
    patch = {"status": {"capacity": {"example.com/dongle": amount, "cpu": "64"}}}
    world.api("patch", "nodes", "", "worker-1", patch, subresource="status", patch_type=PatchType.MERGE)


def test_extended_resource_somebody_advertised_stays_and_can_be_allocated() -> None:
    world = World(workers=1)
    world.run(5)
    advertise(world, "4")
    world.run(400)
    assert dongles(world) == ("4", "4")
    assert world.get("nodes", "", "worker-1")["status"]["capacity"]["cpu"] == "4"  # the machine's own are the kubelet's
    advertise(world, "3")
    world.run(15)
    assert dongles(world) == ("3", "3")


def test_pods_use_extended_resources_as_far_as_they_go() -> None:
    world = World(workers=1)
    world.run(5)
    advertise(world, "3")
    world.run(15)
    limits = {"limits": {"example.com/dongle": "2"}}
    for name in ("first", "second"):
        world.create("pods", make_pod(name, node="", resources=limits))
    world.run(30)
    phases = {name: world.get("pods", "default", name)["status"]["phase"] for name in ("first", "second")}
    assert phases == {"first": "Running", "second": "Pending"}


def test_kubelet_rejects_what_its_node_has_too_little_of() -> None:
    world = World(workers=1)
    world.run(5)
    advertise(world, "1")
    world.run(15)
    world.create("pods", make_pod("bound", resources={"limits": {"example.com/dongle": "2"}}))
    world.run(10)
    assert world.get("pods", "default", "bound")["status"]["reason"] == "OutOfexample.com/dongle"


def test_images_on_the_node_are_reported_with_the_next_heartbeat() -> None:
    world = World(workers=1)
    world.create("pods", make_pod())
    world.run(12)
    (image,) = world.get("nodes", "", "worker-1")["status"]["images"]
    assert image["names"][1] == "docker.io/library/nginx:1.27"


def test_restarted_kubelet_leaves_running_containers_alone() -> None:
    world = World(workers=1)
    world.create("pods", make_pod())
    world.run(1)
    before = container(world)
    restart(world, "kubelet/worker-1", apart=5)
    world.run(5)
    assert container(world) == before
    world.create("pods", make_pod("next"))
    world.run(1)
    assert status(world, "next")["podIP"] == "10.244.1.3"


def test_restarted_kubelet_goes_on_in_the_middle_of_a_pull() -> None:
    world = World(workers=1, profile="classroom")
    world.run(1)
    world.create("pods", make_pod())
    world.run(1.5)
    image = dict(world.host.disks["worker-1"].get("image", "docker.io/library/nginx:1.27"))
    restart(world, "kubelet/worker-1", apart=0.5)
    world.run(4)
    assert ready(world)
    assert world.host.disks["worker-1"].get("image", "docker.io/library/nginx:1.27") == image


def test_node_goes_on_while_the_api_server_is_down_and_tells_later() -> None:
    world = World(workers=1)
    world.create("pods", make_pod(image="busybox", command=["sleep", "7"]))
    world.run(1)
    restart(world, "apiserver", apart=7)
    world.run(4)
    assert container(world)["restartCount"] == 1
    assert container(world)["lastState"]["terminated"]["finishedAt"] == "2026-01-01T00:00:07Z"


def test_pod_that_completed_while_the_api_server_was_down_is_not_admitted_anew() -> None:
    world = World(workers=1)
    big = {"requests": {"cpu": "3"}}
    job = make_pod("job", image="busybox", command=["sleep", "5"], resources=big, spec={"restartPolicy": "Never"})
    world.create("pods", job)
    world.run(1)
    restart(world, "apiserver", apart=10)
    world.run(3)
    assert status(world, "job")["phase"] == "Succeeded"
    assert container(world, "job")["state"]["terminated"]["finishedAt"] == "2026-01-01T00:00:05Z"


def test_dead_container_runtime_makes_the_node_not_ready_and_starts_nothing() -> None:
    world = World(workers=1)
    world.create("pods", make_pod())
    world.run(1)
    restart_at = world.now + 30
    Component.objects.filter(cluster=world.cluster, target="runtime/worker-1").update(state=Component.State.STOPPED)
    Cluster.objects.filter(pk=world.cluster.pk).update(topology=world.host.topology + 1)
    world.run(1)
    world.create("pods", make_pod("late"))
    world.run(restart_at - world.now)
    assert node_condition(world, "Ready")["message"] == "container runtime is down"
    assert "running" in container(world)["state"], "containers go on without the daemon"
    assert status(world, "late").get("containerStatuses") is None
    Component.objects.filter(cluster=world.cluster, target="runtime/worker-1").update(state=Component.State.RUNNING)
    Cluster.objects.filter(pk=world.cluster.pk).update(topology=world.host.topology + 1)
    world.run(12)
    assert node_condition(world, "Ready")["status"] == "True"
    assert ready(world, "late")


def test_back_off_survives_the_kubelet() -> None:
    world = World(workers=1)
    world.create("pods", make_pod(image="busybox", command=sh("exit 1")))
    world.run(12)
    assert container(world)["restartCount"] == 2
    restart(world, "kubelet/worker-1", apart=1)
    world.run(10)
    assert container(world)["restartCount"] == 2
    world.run(10)
    assert container(world)["restartCount"] == 3


def test_container_that_ended_while_its_kubelet_was_dead_is_noticed() -> None:
    world = World(workers=1)
    world.create("pods", make_pod(image="busybox", command=["sleep", "10"]))
    world.run(5)
    restart(world, "kubelet/worker-1", apart=10)
    world.run(1)
    assert container(world)["restartCount"] == 1


def test_rebooted_node_runs_its_pods_again_with_new_addresses() -> None:
    world = World(workers=1)
    world.create("pods", make_pod())
    world.create("pods", make_pod("job", image="busybox", command=["sleep", "5"], spec={"restartPolicy": "Never"}))
    world.run(1)
    restart(world, "node/worker-1", "kubelet/worker-1", apart=20)
    world.run(2)
    now = container(world)
    assert now["restartCount"] == 1
    assert ready(world)
    assert (now["lastState"]["terminated"]["exitCode"], now["lastState"]["terminated"]["reason"]) == (255, "Unknown")
    assert status(world)["podIP"] not in ("10.244.1.2", "10.244.1.3")
    assert status(world, "job")["phase"] == "Failed", "nobody saw it end well"
    events = [
        event["reason"] for event in world.all("events") if event["involvedObject"]["name"] in ("web", "worker-1")
    ]
    assert "SandboxChanged" in events
    assert "Rebooted" in events


def test_rebooted_node_does_not_give_up_pods_while_their_sandboxes_start() -> None:
    world = World(workers=1, profile="realistic")
    world.create("pods", make_pod())
    world.run(60)
    restart(world, "node/worker-1", "kubelet/worker-1", apart=1)
    phases = set()
    for _ in range(100):
        world.run(0.1)
        phases.add(status(world)["phase"])
    assert "Failed" not in phases
    assert ready(world)


def test_pods_deleted_while_the_kubelet_was_dead_are_swept_at_its_start() -> None:
    world = World(workers=1)
    world.create("pods", make_pod())
    world.run(1)
    row = Component.objects.get(cluster=world.cluster, target="kubelet/worker-1")
    row.state = Component.State.STOPPED
    row.save()
    Cluster.objects.filter(pk=world.cluster.pk).update(topology=world.host.topology + 1)
    world.run(1)
    world.api("delete", "pods", "default", "web", options={"gracePeriodSeconds": 0})
    world.run(1)
    assert list(world.host.disks["worker-1"].all("container"))
    restart(world, "kubelet/worker-1")
    world.run(1)
    assert not list(world.host.disks["worker-1"].all("container"))


@pytest.mark.parametrize(
    ("name", "address", "pods"),
    [
        pytest.param("worker-1", "172.18.0.2", "10.244.1.0/24", id="first"),
        pytest.param("worker-255", "172.18.1.0", "10.244.255.0/24", id="last-of-the-first-256"),
        pytest.param("worker-256", "172.18.1.1", "10.245.0.0/24", id="next-block"),
        pytest.param("worker-3072", "172.18.12.1", "10.128.0.0/24", id="round-the-end"),
    ],
)
def test_addresses_follow_from_the_node_s_number(name: str, address: str, pods: str) -> None:
    assert (internal_ip(name), pod_range(name)) == (address, pods)


def test_no_two_of_five_thousand_nodes_share_addresses() -> None:
    names = [f"worker-{number}" for number in range(1, 5001)]
    assert len({internal_ip(name) for name in names}) == len({pod_range(name) for name in names}) == 5000


assert START % 60 == 0, "the tests read minutes and seconds off the clock"
