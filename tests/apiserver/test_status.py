"""What a write of the subresource `status` takes along: the status, and of the metadata what the strategy lets pass."""

from typing import Any

import pytest

from core.apiserver.strategies import strategy_of
from core.kube.objects import Obj
from core.kube.requests import PatchType
from tests.world import World

pytestmark = pytest.mark.django_db(transaction=True)

LABELS = {"a": "b"}
TEMPLATE: Obj = {"metadata": {"labels": LABELS}, "spec": {"containers": [{"name": "c", "image": "nginx:1.28"}]}}
ONCE = {"spec": TEMPLATE["spec"] | {"restartPolicy": "Never"}}
WORKLOAD: Obj = {"spec": {"selector": {"matchLabels": LABELS}, "template": TEMPLATE}}
KINDS: dict[str, tuple[str, str, Obj]] = {
    "pods": ("v1", "Pod", {"spec": TEMPLATE["spec"]}),
    "services": ("v1", "Service", {"spec": {"ports": [{"port": 80}]}}),
    "replicationcontrollers": ("v1", "ReplicationController", {"spec": {"template": TEMPLATE}}),
    "resourcequotas": ("v1", "ResourceQuota", {"spec": {"hard": {"pods": "5"}}}),
    "persistentvolumeclaims": (
        "v1",
        "PersistentVolumeClaim",
        {"spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}},
    ),
    "deployments.apps": ("apps/v1", "Deployment", WORKLOAD),
    "replicasets.apps": ("apps/v1", "ReplicaSet", WORKLOAD),
    "daemonsets.apps": ("apps/v1", "DaemonSet", WORKLOAD),
    "statefulsets.apps": ("apps/v1", "StatefulSet", {"spec": WORKLOAD["spec"] | {"serviceName": "s"}}),
    "jobs.batch": ("batch/v1", "Job", {"spec": {"template": ONCE}}),
    "cronjobs.batch": (
        "batch/v1",
        "CronJob",
        {"spec": {"schedule": "@daily", "jobTemplate": {"spec": {"template": ONCE}}}},
    ),
    "poddisruptionbudgets.policy": ("policy/v1", "PodDisruptionBudget", {"spec": {"minAvailable": 1}}),
    "ingresses.networking.k8s.io": (
        "networking.k8s.io/v1",
        "Ingress",
        {"spec": {"defaultBackend": {"service": {"name": "s", "port": {"number": 80}}}}},
    ),
}
CLUSTER_WIDE = {"namespaces": ("v1", "Namespace", {}), "nodes": ("v1", "Node", {})}
ALL = [pytest.param(resource, *row, "default", id=row[1]) for resource, row in KINDS.items()]
ALL += [pytest.param(resource, *row, "", id=row[1]) for resource, row in CLUSTER_WIDE.items()]


@pytest.mark.parametrize(("resource", "version", "kind", "parts", "namespace"), ALL)
def test_annotations_are_written_with_the_status(
    world: World, resource: str, version: str, kind: str, parts: Obj, namespace: str
) -> None:
    meta: Obj = {"name": "x"} | ({"namespace": namespace} if namespace else {})
    made = world.create(resource, {"apiVersion": version, "kind": kind, "metadata": meta} | parts)
    patch: Any = {"metadata": {"annotations": {"seen": "yes"}, "labels": {"l": "v"}}, "spec": {"paused": True}}
    found = world.api("patch", resource, namespace, "x", patch, subresource="status", patch_type=PatchType.MERGE)
    assert found["metadata"]["annotations"]["seen"] == "yes"
    kept = strategy_of(resource).kept_by_status
    assert ("l" in found["metadata"].get("labels", {})) == ("labels" not in kept)
    assert found.get("spec") == made.get("spec")


def test_status_of_an_attachment_takes_no_metadata_along(world: World) -> None:
    spec = {"attacher": "a.b", "nodeName": "node-1", "source": {"persistentVolumeName": "pv"}}
    api = "storage.k8s.io/v1"
    world.create(
        "volumeattachments.storage.k8s.io",
        {"apiVersion": api, "kind": "VolumeAttachment", "metadata": {"name": "x"}, "spec": spec},
    )
    patch = {"metadata": {"annotations": {"seen": "yes"}}, "status": {"attached": True}}
    found = world.api(
        "patch", "volumeattachments.storage.k8s.io", "", "x", patch, subresource="status", patch_type=PatchType.MERGE
    )
    assert found["status"]["attached"] is True
    assert "annotations" not in found["metadata"]


def test_status_of_a_pod_leaves_its_owners(world: World) -> None:
    meta = {"name": "x", "namespace": "default"}
    world.create("pods", {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": TEMPLATE["spec"]})
    owner = {"apiVersion": "v1", "kind": "Node", "name": "n", "uid": "u"}
    patch = {"metadata": {"ownerReferences": [owner]}}
    found = world.api("patch", "pods", "default", "x", patch, subresource="status", patch_type=PatchType.MERGE)
    assert "ownerReferences" not in found["metadata"]
