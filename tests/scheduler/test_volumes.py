"""VolumeBinding: claims that are missing, unbound, bound somewhere, or waiting for the choice of a node."""

import pytest

from core.kube.storage import SELECTED_NODE
from tests.builders import make_node, make_pod
from tests.scheduler.cluster import Cluster
from tests.world import World

CLAIMS = "persistentvolumeclaims"


def pod_with_claim(name="web"):
    builder = make_pod(name)
    builder.spec["volumes"] = [{"name": "data", "persistentVolumeClaim": {"claimName": "data"}}]
    return builder


def claim(volume="", storage_class="", **annotations):
    spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    spec |= {"volumeName": volume} if volume else {}
    spec |= {"storageClassName": storage_class} if storage_class else {}
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": "data", "namespace": "default", "annotations": annotations},
        "spec": spec,
        "status": {"phase": "Bound" if volume else "Pending"},
    }


def volume(*zones):
    term = {"matchExpressions": [{"key": "topology.kubernetes.io/zone", "operator": "In", "values": list(zones)}]}
    affinity = {"nodeAffinity": {"required": {"nodeSelectorTerms": [term]}}} if zones else {}
    return {"metadata": {"name": "pv"}, "spec": affinity}


WAITING_CLASS = {
    "apiVersion": "storage.k8s.io/v1",
    "kind": "StorageClass",
    "metadata": {"name": "local"},
    "provisioner": "example.com/local",
    "volumeBindingMode": "WaitForFirstConsumer",
}


@pytest.mark.parametrize(
    ("objects", "expected"),
    [
        pytest.param({}, 'persistentvolumeclaim "data" not found', id="no claim"),
        pytest.param({"claim": claim()}, "pod has unbound immediate PersistentVolumeClaims", id="unbound"),
        pytest.param(
            {"claim": claim("pv")},
            'persistentvolumeclaim "data" bound to non-existent persistentvolume "pv"',
            id="lost",
        ),
        pytest.param({"claim": claim("pv"), "volume": volume()}, ["node-1", "node-2"], id="volume for all nodes"),
        pytest.param({"claim": claim("pv"), "volume": volume("b")}, ["node-2"], id="volume of one zone"),
        pytest.param(
            {"claim": claim(storage_class="local"), "class": WAITING_CLASS}, ["node-1", "node-2"], id="waits for a node"
        ),
        pytest.param(
            {"claim": claim(storage_class="local", **{SELECTED_NODE: "node-2"}), "class": WAITING_CLASS},
            ["node-2"],
            id="node was chosen before",
        ),
    ],
)
def test_claim(objects, expected):
    keys = {
        "claim": (CLAIMS, "default", "data"),
        "volume": ("persistentvolumes", "", "pv"),
        "class": ("storageclasses.storage.k8s.io", "", "local"),
    }
    nodes = [make_node("node-1").zone("a"), make_node("node-2").zone("b")]
    cluster = Cluster(nodes, objects={keys[name]: obj for name, obj in objects.items()})
    if isinstance(expected, list):
        assert cluster.fits(pod_with_claim()) == expected
    else:
        assert cluster.decide(pod_with_claim()).message.startswith(f"0/2 nodes are available: {expected}. ")


@pytest.mark.django_db(transaction=True)
def test_scheduler_chooses_the_node_and_waits_for_the_volume():
    world = World(workers=1)
    world.run(5)
    world.create("storageclasses.storage.k8s.io", WAITING_CLASS)
    world.create(CLAIMS, claim(storage_class="local"))
    world.create("pods", pod_with_claim().obj())
    world.run(1)
    chosen = world.get(CLAIMS, "default", "data")["metadata"]["annotations"][SELECTED_NODE]
    assert chosen == "worker-1"
    assert not world.get("pods", "default", "web")["spec"].get("nodeName")


@pytest.mark.django_db(transaction=True)
def test_pod_is_bound_once_its_claim_is():
    world = World(workers=1)
    world.run(5)
    world.create("storageclasses.storage.k8s.io", WAITING_CLASS)
    world.create(CLAIMS, claim(storage_class="local"))
    world.create("pods", pod_with_claim().obj())
    world.run(3)
    bound = {"apiVersion": "v1", "kind": "PersistentVolume", **volume()}
    bound["spec"] = {"capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteOnce"], "hostPath": {"path": "/data"}}
    world.create("persistentvolumes", bound)
    pending = world.get(CLAIMS, "default", "data")
    chosen = world.api("update", CLAIMS, "default", "data", pending | {"spec": pending["spec"] | {"volumeName": "pv"}})
    world.api("update", CLAIMS, "default", "data", chosen | {"status": {"phase": "Bound"}}, subresource="status")
    world.run(5)
    assert world.get("pods", "default", "web")["spec"]["nodeName"] == "worker-1"
