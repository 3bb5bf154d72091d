"""Nodes that fall silent: conditions, taints, evictions, and what is left on nodes that are gone."""

import pytest

from core.controllers.nodelifecycle import ZoneState, eviction_rate, zone_state
from core.controllers.tainteviction import stay_seconds
from core.kube.errors import NotFound
from core.kube.objects import clone, condition, is_deleting, is_true
from core.kube.times import micro_timestamp, timestamp
from tests.controllers.stage import LABELS, make_stage, pod, replica_set, service

pytestmark = pytest.mark.django_db(transaction=True)

UNREACHABLE = "node.kubernetes.io/unreachable"
FIVE_MINUTES = [
    {"key": f"node.kubernetes.io/{what}", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300}
    for what in ("not-ready", "unreachable")
]
HEARTBEAT = ("Ready", "MemoryPressure", "DiskPressure", "PIDPressure")


class Nodes:
    """Plays the heartbeats of some nodes."""

    def __init__(self, stage, names):
        self.stage = stage
        self.alive = list(names)
        for name in names:
            conditions = [
                {
                    "type": kind,
                    "status": "True" if kind == "Ready" else "False",
                    "lastHeartbeatTime": timestamp(stage.now),
                    "lastTransitionTime": timestamp(stage.now),
                    "reason": "KubeletReady",
                    "message": "kubelet is posting ready status",
                }
                for kind in HEARTBEAT
            ]
            node = stage.create("nodes", {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name}})
            stage.api(
                "update",
                "nodes",
                name=name,
                body={**clone(node), "status": {"conditions": conditions}},
                subresource="status",
            )
            lease = {
                "apiVersion": "coordination.k8s.io/v1",
                "kind": "Lease",
                "metadata": {"name": name, "namespace": "kube-node-lease"},
                "spec": {"holderIdentity": name, "leaseDurationSeconds": 40},
            }
            stage.create("leases.coordination.k8s.io", lease)

    def run(self, seconds):
        """Let time pass; those alive renew their leases every ten seconds."""
        end = self.stage.now + seconds
        while self.stage.now < end:
            for name in self.alive:
                patch = {"spec": {"renewTime": micro_timestamp(self.stage.now)}}
                self.stage.patch("leases.coordination.k8s.io", "kube-node-lease", name, patch)
            self.stage.run(min(10, end - self.stage.now))

    def come_back(self, name):
        self.alive.append(name)
        node = clone(self.stage.get("nodes", "", name))
        for entry in node["status"]["conditions"]:
            entry |= {
                "status": "True" if entry["type"] == "Ready" else "False",
                "lastHeartbeatTime": timestamp(self.stage.now),
            }
        self.stage.api("update", "nodes", name=name, body=node, subresource="status")

    def taints(self, name):
        spec = self.stage.get("nodes", "", name).get("spec", {})
        return [(entry["key"], entry["effect"]) for entry in spec.get("taints", ())]


@pytest.fixture
def nodes(stage):
    made = Nodes(stage, ["a", "b", "c"])
    made.run(1)
    return made


def bound_pod(stage, name="lone", node="a", tolerations=FIVE_MINUTES, ready=True):
    stage.create("pods", pod(name, nodeName=node, tolerations=tolerations))
    if ready:
        stage.make_ready([stage.get("pods", "default", name)])


def test_a_new_node_is_registered(stage, nodes):
    assert "Node a event: Registered Node a in Controller" in stage.events_of("Node", "RegisteredNode")
    assert nodes.taints("a") == []


def test_a_node_that_is_heard_stays_ready(stage, nodes):
    nodes.run(600)
    assert is_true(stage.get("nodes", "", "a"), "Ready")


def test_a_silent_node_becomes_unknown_after_forty_seconds(stage, nodes):
    nodes.alive.remove("a")
    nodes.run(35)
    assert is_true(stage.get("nodes", "", "a"), "Ready")
    nodes.run(10)
    for kind in HEARTBEAT:
        found = condition(stage.get("nodes", "", "a"), kind)
        assert (found["status"], found["reason"]) == ("Unknown", "NodeStatusUnknown")
        assert found["message"] == "Kubelet stopped posting node status."
    assert nodes.taints("a") == [(UNREACHABLE, "NoSchedule"), (UNREACHABLE, "NoExecute")]
    assert stage.events_of("Node", "NodeNotReady") == ["Node a status is now: NodeNotReady"]


def test_pods_of_a_silent_node_leave_their_service_at_once_and_are_evicted_after_five_minutes(stage, nodes):
    stage.create("services", service())
    bound_pod(stage)
    nodes.run(10)
    assert stage.get("endpoints", "default", "web")["subsets"][0]["addresses"]
    nodes.alive.remove("a")
    nodes.run(45)
    assert not is_true(stage.get("pods", "default", "lone"), "Ready")
    assert "addresses" not in stage.get("endpoints", "default", "web")["subsets"][0]
    assert stage.events_of("Pod", "NodeNotReady") == ["Node is not ready"]
    nodes.run(280)
    assert not is_deleting(stage.get("pods", "default", "lone"))
    nodes.run(20)
    doomed = stage.get("pods", "default", "lone")
    assert is_deleting(doomed)
    assert condition(doomed, "DisruptionTarget")["reason"] == "DeletionByTaintManager"
    assert stage.events_of("Pod", "TaintManagerEviction") == ["Marking for deletion Pod default/lone"]


def test_a_replacement_is_made_while_the_evicted_pod_cannot_be_stopped(stage, nodes):
    bound_pod(stage)
    stage.create("replicasets.apps", replica_set(replicas=1, template=_tolerant_template()))
    nodes.run(5)
    nodes.alive.remove("a")
    nodes.run(360)
    assert [is_deleting(each) for each in stage.pods()] == [True, False]


def test_a_node_that_comes_back_loses_its_taints_and_keeps_its_pods(stage, nodes):
    bound_pod(stage)
    nodes.alive.remove("a")
    nodes.run(100)
    nodes.come_back("a")
    nodes.run(600)
    assert nodes.taints("a") == []
    assert not is_deleting(stage.get("pods", "default", "lone"))
    assert stage.events_of("Pod", "TaintManagerEviction") == ["Cancelling deletion of Pod default/lone"]


def test_when_no_node_is_heard_nobody_is_evicted(stage, nodes):
    bound_pod(stage)
    nodes.alive.clear()
    nodes.run(1000)
    assert nodes.taints("a") == [(UNREACHABLE, "NoSchedule")]
    assert not is_deleting(stage.get("pods", "default", "lone"))


def test_nodes_of_a_zone_are_tainted_one_in_ten_seconds(stage):
    nodes = Nodes(stage, ["a", "b", "c", "d", "e"])
    nodes.alive = ["c", "d", "e"]
    nodes.run(45)
    executing = [(UNREACHABLE, "NoExecute") in nodes.taints(name) for name in ("a", "b")]
    assert sorted(executing) == [False, True]
    nodes.run(10)
    assert all((UNREACHABLE, "NoExecute") in nodes.taints(name) for name in ("a", "b"))


def test_a_cordoned_node_is_tainted_unschedulable(stage, nodes):
    stage.patch("nodes", "", "b", {"spec": {"unschedulable": True}})
    nodes.run(1)
    assert nodes.taints("b") == [("node.kubernetes.io/unschedulable", "NoSchedule")]
    stage.patch("nodes", "", "b", {"spec": {"unschedulable": None}})
    nodes.run(1)
    assert nodes.taints("b") == []


def test_pods_of_a_vanished_node_are_removed_after_quarantine(stage, nodes):
    bound_pod(stage, node="b")
    nodes.alive.remove("b")
    stage.api("delete", "nodes", name="b")
    nodes.run(30)
    assert stage.get("pods", "default", "lone")
    nodes.run(40)
    with pytest.raises(NotFound):
        stage.get("pods", "default", "lone")


def test_a_restarted_controller_gives_every_node_its_grace_again(monkeypatch):
    stage = make_stage(monkeypatch)
    Nodes(stage, ["a"])
    stage.run(30)
    from core.engine.drive import Driver
    from core.engine.host import Host
    from core.engine.roles import ROLES

    stage.host = Host(stage.cluster.pk, ROLES, stage.clock, "another process")
    stage.driver = Driver(stage.host)
    stage.run(30)
    assert is_true(stage.get("nodes", "", "a"), "Ready")
    stage.run(15)
    assert not is_true(stage.get("nodes", "", "a"), "Ready")


@pytest.mark.parametrize(
    ("ready", "silent", "state", "rate"),
    [
        (3, 0, ZoneState.NORMAL, 0.1),
        (1, 2, ZoneState.NORMAL, 0.1),
        (0, 3, ZoneState.FULL, 0.1),
        (2, 3, ZoneState.PARTIAL, 0.0),
        (40, 60, ZoneState.PARTIAL, 0.01),
    ],
    ids=["well", "two silent are too few to tell", "all silent", "mostly silent", "mostly silent, large"],
)
def test_the_rate_of_eviction_follows_the_state_of_the_zone(ready, silent, state, rate):
    zone = {str(number): number < ready for number in range(ready + silent)}
    assert zone_state(zone) is state
    assert eviction_rate(state, len(zone)) == rate


TAINT = {"key": "k", "value": "v", "effect": "NoExecute", "timeAdded": timestamp(1000)}


@pytest.mark.parametrize(
    ("tolerations", "stays"),
    [
        ([], 0.0),
        ([{"key": "k", "operator": "Exists"}], None),
        ([{"operator": "Exists"}], None),
        ([{"key": "k", "value": "other"}], 0.0),
        ([{"key": "k", "value": "v", "effect": "NoSchedule"}], 0.0),
        ([{"key": "k", "value": "v", "tolerationSeconds": 30}], 20.0),
        ([{"key": "k", "value": "v", "tolerationSeconds": 5}], 0.0),
        ([{"key": "k", "value": "v", "tolerationSeconds": 30}, {"operator": "Exists"}], 20.0),
    ],
    ids=["none", "exists", "everything", "other value", "other effect", "limited", "run out", "the shortest counts"],
)
def test_a_pod_stays_as_long_as_it_tolerates(tolerations, stays):
    meta = {"name": "p", "namespace": "default", "creationTimestamp": timestamp(500), "labels": LABELS}
    assert stay_seconds({"metadata": meta, "spec": {"tolerations": tolerations}}, [TAINT], 1010) == stays


def _tolerant_template():
    return {
        "metadata": {"labels": LABELS},
        "spec": {"containers": [{"name": "nginx", "image": "nginx:1.27"}], "tolerations": FIVE_MINUTES},
    }
