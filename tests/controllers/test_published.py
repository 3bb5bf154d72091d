"""What a control plane keeps beside the workloads: the root CA in every namespace, the kubelets' TTL, its own Leases."""

import pytest

from core.controllers.nodettl import ANNOTATION, STEPS, next_step
from core.controllers.rootca import DESCRIBED, DESCRIPTION, NAME
from core.kube.objects import clone
from tests.world import World

pytestmark = pytest.mark.django_db(transaction=True)

LEASES = "leases.coordination.k8s.io"


def published(stage, namespace="default"):
    return stage.get("configmaps", namespace, NAME)


def test_every_namespace_has_the_certificate_of_the_api_server(stage):
    stage.create("namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "room"}})
    stage.run()
    for namespace in ("default", "kube-system", "kube-public", "kube-node-lease", "room"):
        found = published(stage, namespace)
        assert found["metadata"]["annotations"] == {DESCRIPTION: DESCRIBED}
        assert list(found["data"]) == ["ca.crt"]
        assert found["data"]["ca.crt"].startswith("-----BEGIN CERTIFICATE-----\n")


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"data": {"ca.crt": "mine"}}, id="another certificate"),
        pytest.param({"data": None}, id="no data"),
        pytest.param({"data": {"more": "x"}}, id="a key more"),
        pytest.param({"metadata": {"annotations": None}}, id="no note"),
    ],
)
def test_a_changed_certificate_is_put_back(stage, change):
    before = published(stage)
    stage.patch("configmaps", "default", NAME, change)
    stage.run()
    after = published(stage)
    assert (after["data"], after["metadata"]["annotations"]) == (before["data"], before["metadata"]["annotations"])


def test_a_deleted_certificate_comes_back_and_other_maps_do_not(stage):
    stage.api("delete", "configmaps", "default", NAME)
    stage.run()
    assert published(stage)["data"]


def test_notes_of_others_stay_on_the_certificate(stage):
    stage.patch("configmaps", "default", NAME, {"metadata": {"annotations": {"mine": "1"}}, "data": {"ca.crt": "x"}})
    stage.run()
    assert published(stage)["metadata"]["annotations"] == {"mine": "1", DESCRIPTION: DESCRIBED}


@pytest.mark.parametrize(
    ("step", "nodes", "ttl"),
    [
        pytest.param(0, 1, 0, id="few"),
        pytest.param(0, 100, 0, id="at the edge"),
        pytest.param(0, 101, 15, id="over the edge"),
        pytest.param(1, 95, 15, id="back a little"),
        pytest.param(1, 89, 0, id="back far enough"),
        pytest.param(0, 5000, 300, id="all the way up"),
        pytest.param(4, 1, 0, id="all the way down"),
    ],
)
def test_the_ttl_grows_with_the_nodes_and_does_not_waver(step, nodes, ttl):
    assert STEPS[next_step(step, nodes)].ttl == ttl


def test_nodes_are_told_the_ttl_again_when_it_is_taken_away(stage):
    stage.create("nodes", {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n1"}})
    stage.run()
    assert stage.get("nodes", "", "n1")["metadata"]["annotations"][ANNOTATION] == "0"
    stage.patch("nodes", "", "n1", {"metadata": {"annotations": {ANNOTATION: None}}})
    stage.run()
    assert stage.get("nodes", "", "n1")["metadata"]["annotations"][ANNOTATION] == "0"


@pytest.mark.parametrize("name", ["kube-controller-manager", "kube-scheduler"])
def test_a_component_holds_its_lease(name):
    world = World(workers=0)
    world.run()
    spec = world.get(LEASES, "kube-system", name)["spec"]
    assert spec["holderIdentity"].startswith("control-plane_")
    assert (spec["leaseDurationSeconds"], spec["leaseTransitions"]) == (15, 0)
    assert spec["acquireTime"] == spec["renewTime"] == "2026-01-01T00:00:00.000000Z"
    world.run(31)
    renewed = world.get(LEASES, "kube-system", name)["spec"]
    assert renewed == spec | {"renewTime": "2026-01-01T00:00:30.000000Z"}


def test_a_lease_that_another_took_is_taken_back_as_a_transition():
    world = World(workers=0)
    world.run()
    lease = clone(world.get(LEASES, "kube-system", "kube-scheduler"))
    mine = lease["spec"]["holderIdentity"]
    lease["spec"]["holderIdentity"] = "another"
    world.api("update", LEASES, "kube-system", "kube-scheduler", lease)
    world.run(21)
    after = world.get(LEASES, "kube-system", "kube-scheduler")["spec"]
    assert (after["holderIdentity"], after["leaseTransitions"]) == (mine, 1)


def test_a_deleted_lease_is_made_again():
    world = World(workers=0)
    world.run()
    world.api("delete", LEASES, "kube-system", "kube-controller-manager")
    world.run(21)
    assert world.get(LEASES, "kube-system", "kube-controller-manager")


def test_every_node_says_which_storage_drivers_it_has():
    world = World(workers=2)
    world.run(5)
    for name in ("worker-1", "worker-2"):
        found = world.get("csinodes.storage.k8s.io", "", name)
        assert found["spec"] == {"drivers": None}
        assert found["metadata"]["ownerReferences"][0] | {"uid": ""} == {
            "apiVersion": "v1",
            "kind": "Node",
            "name": name,
            "uid": "",
        }
