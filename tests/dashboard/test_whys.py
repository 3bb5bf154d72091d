"""What a panel says is true also when something is broken, and when what was clicked is out of the ordinary."""

import html
import re
from typing import Any

import pytest
from django.test import Client

from core.dashboard.feed.compact import workload
from core.dashboard.inspect.control import LOOPS, alike, purpose
from core.dashboard.inspect.objects import why_workload
from core.dashboard.inspect.view import View
from core.engine.clock import WallClock
from core.faults import act
from core.kube.objects import Obj
from core.models import Failure
from tests.builders import make_node, make_pod, make_service
from tests.dashboard.demo import working_world
from tests.world import World

pytestmark = pytest.mark.django_db(transaction=True)


def fault(world: World, verb: str, target: str, peer: str = "") -> None:
    act(world.cluster, verb, target, peer, now=lambda cluster: world.now)


def panel(client: Client, subject: str) -> str:
    answer = client.get(f"/clusters/lab/inspect/{subject}")
    assert answer.status_code == 200
    return " ".join(answer.content.decode().split())


def failure(world: World, component: str, node: str = "", loop: str = "", key: str = "") -> None:
    now = WallClock().now(world.cluster)
    Failure.objects.create(
        cluster=world.cluster, role="", component=component, node=node, loop=loop, key=key, keys=bool(key),
        error="KeyError: 'spec' (job.py:7)", since=now - 95, tries=7, next_try=now + 33,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("row", "subject", "words"),
    [
        pytest.param(
            ("controller-manager", "", "deployment"), "controller/deployment",
            "The loop deployment has not run for 1 min 35 s", id="a controller",
        ),
        pytest.param(
            ("controller-manager", "", "deployment", "default/web"), "controller/deployment",
            "The loop deployment has failed on default/web for 1 min 35 s", id="a controller on one object",
        ),
        pytest.param(
            ("controller-manager", "", "deployment"), "controllers/",
            "failed: KeyError", id="a controller, in the list of all",
        ),
        pytest.param(("scheduler", "", "scheduler"), "scheduler/", "The loop scheduler has not run", id="the scheduler"),
        pytest.param(
            ("kubelet", "worker-1", "heartbeat"), "component/kubelet/worker-1",
            "The loop heartbeat has not run", id="one loop of a kubelet",
        ),
        pytest.param(
            ("nodes", "", ""), "component/kube-proxy/worker-2",
            "Nothing of the nodes has been driven for 1 min 35 s", id="a whole role",
        ),
    ],
)  # fmt: skip
def test_what_fails_of_the_simulator_itself_is_said(client: Client, row: Any, subject: str, words: str) -> None:
    world = working_world("lab")
    failure(world, *row)
    said = html.unescape(panel(client, subject))
    assert words in said
    assert "KeyError: 'spec' (job.py:7)" in said
    assert "tried again in 3" in said or subject == "controllers/"


def test_a_loop_that_works_beside_a_failed_one_says_what_it_does(client: Client) -> None:
    failure(working_world("lab"), "controller-manager", "", "deployment")
    assert "Why does it fail?" not in panel(client, "controller/replicaset")


def test_the_text_twin_names_the_failed_loop(client: Client) -> None:
    world = working_world("lab")
    failure(world, "controller-manager", "", "deployment")
    failure(world, "kubelet", "worker-1", "heartbeat")
    text = client.get("/clusters/lab/text/").content.decode()
    assert "deployment (controller-manager) does not run since" in text
    assert "heartbeat (kubelet/worker-1) does not run since" in text


def test_the_picture_is_told_of_the_failed_loop(client: Client) -> None:
    failure(working_world("lab"), "kubelet", "worker-1", "heartbeat")
    (told,) = client.get("/clusters/lab/snapshot.json").json()["status"]["failures"]
    assert (told["component"], told["node"], told["loop"], told["key"]) == ("kubelet", "worker-1", "heartbeat", "")


def pod_on(world: World, node: str) -> str:
    return next(pod["metadata"]["name"] for pod in world.all("pods") if pod["spec"].get("nodeName") == node)


def wanted(kind: str, group: str, **spec: Any) -> Obj:
    labels = {"app": kind.lower()}
    selector = labels if kind == "ReplicationController" else {"matchLabels": labels}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "c", "image": "nginx:1.27"}]}}
    meta = {"name": kind.lower(), "namespace": "default"}
    return {
        "apiVersion": group,
        "kind": kind,
        "metadata": meta,
        "spec": {"selector": selector, "template": template, **spec},
    }


def test_pod_on_a_dead_machine_is_not_said_to_run(client: Client) -> None:
    world = working_world("lab")
    fault(world, "kill", "node/worker-1")
    page = panel(client, f"pod/default/{pod_on(world, 'worker-1')}")
    assert "Running is the last that was heard of it: the machine worker-1 has been stopped" in page
    assert "Kill its containers" not in page


def test_pod_whose_kubelet_is_dead_runs_on_unwatched(client: Client) -> None:
    world = working_world("lab")
    fault(world, "kill", "kubelet/worker-1")
    page = panel(client, f"pod/default/{pod_on(world, 'worker-1')}")
    assert "the kubelet of worker-1 has been stopped" in page
    assert "its containers go on, unwatched" in page


def test_component_of_a_dead_machine_is_stopped_with_it(client: Client) -> None:
    world = working_world("lab")
    fault(world, "kill", "node/worker-1")
    page = panel(client, "component/kubelet/worker-1")
    assert "stopped with its machine" in page
    assert 'data-verb="kill"' not in page


def test_node_that_is_cut_off_says_so_and_can_be_joined_again(client: Client) -> None:
    world = working_world("lab")
    assert 'data-verb="partition"' in panel(client, "node/worker-1")
    fault(world, "partition", "node/worker-1", "apiserver")
    page = panel(client, "node/worker-1")
    assert "Its wire to the API server has been cut" in page
    assert "Join wire to apiserver" in page


def test_node_that_is_only_written_down_has_no_machine(client: Client) -> None:
    world = World("lab", workers=1)
    world.create("nodes", make_node("ghost").obj())
    page = panel(client, "node/ghost")
    assert "no machine has this name" in page
    assert 'data-verb="kill"' not in page


def test_scheduler_speaks_of_the_pod_that_waits(client: Client) -> None:
    world = working_world("lab")
    world.create("pods", make_pod("giant").asks(cpu="64").obj())
    world.run(1)
    world.create("pods", make_pod("small").obj())
    world.run(1)
    page = panel(client, "scheduler/")
    assert "Why does a pod wait? No node fits default/giant: 0/3 nodes are available" in page


def test_only_node_that_fits_is_not_said_to_be_unfit(client: Client) -> None:
    world = World("lab", workers=1)
    world.run(1)
    world.create("pods", make_pod("one").obj())
    world.run(1)
    assert "only one that fits" in panel(client, "scheduler/")


@pytest.mark.parametrize("name", LOOPS)
def test_every_controller_says_what_it_is_for(name: str) -> None:
    assert re.match(r"The [\w -]+(controller|manager|collector)\b.*: \w", purpose(name))


def test_headless_service_has_no_address_to_send_to(client: Client) -> None:
    world = working_world("lab")
    world.create("services", make_service("bare").selects(app="web").port(80).headless().obj())
    world.run(5)
    page = panel(client, "service/default/bare")
    assert "It is headless" in page
    assert "Send a packet" not in page
    assert "has no virtual address" in panel(client, "packet/default/bare/1")


def test_member_that_is_behind_shows_its_own_revision(client: Client) -> None:
    world = World("lab", workers=1)
    fault(world, "kill", "etcd-2")
    before = world.cluster.revision
    world.create("pods", make_pod("late").obj())
    page = panel(client, "member/etcd-2")
    assert f"<dt>revision</dt><dd>{before}</dd>" in page
    assert f"<dt>revision</dt><dd>{world.all('pods')[0]['metadata']['resourceVersion']}</dd>" in panel(
        client, "member/etcd-1"
    )


def test_wiped_member_does_not_claim_its_disk(client: Client) -> None:
    world = World("lab", workers=1)
    fault(world, "kill", "etcd-2")
    assert "Its disk is kept" in panel(client, "member/etcd-2")
    fault(world, "wipe", "etcd-2")
    assert "its disk was wiped" in panel(client, "member/etcd-2")


def test_crashing_container_is_told_with_its_exit_code(client: Client) -> None:
    world = World("lab", workers=1)
    world.run(1)
    crasher = make_pod("crasher").obj()
    crasher["spec"]["containers"][0] |= {"image": "busybox", "command": ["sh", "-c", "exit 3"]}
    world.create("pods", crasher)
    world.run(30)
    page = panel(client, "pod/default/crasher")
    assert "ended with exit code 3 (Error)" in page
    assert "waits longer each time" in page


def test_every_kind_of_workload_is_listed_and_says_what_it_lacks(client: Client) -> None:
    world = working_world("lab")
    world.create("daemonsets.apps", wanted("DaemonSet", "apps/v1"))
    world.create("replicationcontrollers", wanted("ReplicationController", "v1", replicas=2))
    job = {"template": wanted("Job", "batch/v1")["spec"]["template"]}
    job["template"]["spec"]["restartPolicy"] = "Never"
    cron = {"schedule": "0 3 * * *", "jobTemplate": {"spec": job}}
    meta = {"name": "nightly", "namespace": "default"}
    world.create("cronjobs.batch", {"apiVersion": "batch/v1", "kind": "CronJob", "metadata": meta, "spec": cron})
    assert "1 of 4 lack something" in panel(client, "workloads/")
    lacking = panel(client, "object/replicationcontrollers/default/replicationcontroller")
    assert "What is missing? 2 of 2 pods are missing: 2 not even made yet" in lacking
    world.run(60)
    page = panel(client, "workloads/")
    assert "All that was asked for is there" in page
    for words in ("DaemonSet", "ReplicationController", "0 3 * * *", "3 of 3 ready", "2 of 2 ready"):
        assert words in page


# (faults, panel, what it says, what would be false): "{pod}" is a pod on worker-1
BESIDE = [
    pytest.param(
        [("partition", "node/worker-1", "apiserver")], "pod/default/{pod}",
        "Running is the last report, but the wire of worker-1 to the API server has been cut", "Why does it run here?",
        id="a pod nobody hears of",
    ),
    pytest.param(
        [("kill", "controller-manager"), ("kill", "node/worker-1")], "node/worker-1",
        "the controller manager is stopped", "waits 40 s", id="a dead machine that nobody will miss",
    ),
    pytest.param(
        [("kill", "controller-manager"), ("partition", "node/worker-1", "apiserver")], "node/worker-1",
        "so nobody notices", "replaced elsewhere", id="a wire that nobody will miss",
    ),
    pytest.param(
        [("kill", "kubelet/worker-1")], "node/worker-1",
        "Its kubelet has been stopped", "Why is it ready?", id="ready, but its kubelet is dead",
    ),
    pytest.param(
        [("kill", "controller-manager")], "object/deployments.apps/default/web",
        "4 of 4 ready was counted last", "nothing to do", id="a workload that nobody looks after",
    ),
    pytest.param(
        [("kill", "controller-manager")], "controller/replicaset",
        "The controller manager is stopped", "What does it do?", id="a loop of a dead process",
    ),
    pytest.param(
        [("kill", "kube-proxy/worker-1")], "service/default/web",
        "On worker-1 kube-proxy does not run: the rule there may be old", "no ready pod", id="old rules",
    ),
    pytest.param(
        [], "component/kubelet/worker-1", "nothing was noted", "did last", id="what a kubelet did while nobody looked",
    ),
    pytest.param(
        [], "controller/replicaset", "nothing was noted", "what is wanted is there", id="what a loop did unseen",
    ),
    pytest.param([], "apiserver/", "none was noted", "no request", id="requests while nobody looked"),
]  # fmt: skip


@pytest.mark.parametrize(("faults", "subject", "says", "never"), BESIDE)
def test_a_panel_knows_what_else_is_broken(
    client: Client, faults: list[tuple[str, ...]], subject: str, says: str, never: str
) -> None:
    world = working_world("lab")
    for line in faults:
        fault(world, *line)
    page = panel(client, subject.format(pod=pod_on(world, "worker-1")))
    assert says in page
    assert never not in page


def test_no_packet_is_sent_from_a_machine_that_is_off(client: Client) -> None:
    world = working_world("lab")
    fault(world, "kill", "node/worker-1")
    for number in range(8):
        assert "on worker-1 connected" not in panel(client, f"packet/default/web/{number}")


def test_a_waiting_pod_blames_the_scheduler_that_is_dead(client: Client) -> None:
    world = World("lab", workers=1)
    fault(world, "kill", "scheduler")
    world.create("pods", make_pod("web").obj())
    world.run(5)
    assert "The scheduler is stopped: nobody chooses a node for it" in panel(client, "pod/default/web")


DONE = [
    pytest.param({"updatedReplicas": 1}, "2 of 3 still have the old template", True, id="in the middle of a rollout"),
    pytest.param({"replicas": 5, "updatedReplicas": 3}, "2 more than wanted are there", True, id="too many"),
    pytest.param({"observedGeneration": 1, "updatedReplicas": 3}, "not seen yet what is wanted now", True, id="unseen"),
    pytest.param({"updatedReplicas": 3}, "what is wanted is there", False, id="as wanted"),
]


@pytest.mark.parametrize(("status", "says", "lacking"), DONE)
def test_as_many_as_wanted_are_not_always_the_ones_wanted(status: dict[str, int], says: str, lacking: bool) -> None:
    world = World("lab", workers=0)
    obj = {
        "metadata": {"name": "web", "generation": 2},
        "spec": {"replicas": 3},
        "status": {"replicas": 3, "readyReplicas": 3, "observedGeneration": 2, **status},
    }
    said, is_lacking = why_workload(View(world.cluster), "deployments.apps", obj, workload(obj))
    assert says in said
    assert is_lacking is lacking


def test_rows_alike_are_not_counted_beyond_what_was_looked_at() -> None:
    rows = [{"key": "default/web", "note": "created 1 pods"}] * 40
    assert alike(rows, most=40)[0]["times"] == "×40 or more"
    assert alike(rows, most=50)[0]["times"] == "×40"
    assert alike(rows[:1], most=50)[0]["times"] == ""
