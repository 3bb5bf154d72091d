"""What the server writes into objects that leave fields out: the recorded objects of a real server."""

from typing import Any

import pytest

from core.kube.defaults import DEFAULTERS, apply_defaults
from core.kube.objects import Obj, clone
from core.kube.resources import REGISTRY


def defaulted(name: str, obj: Obj) -> Obj:
    result = clone(obj)
    result.setdefault("metadata", {"name": "x"})
    apply_defaults(REGISTRY[name], result)
    once = clone(result)
    apply_defaults(REGISTRY[name], result)
    assert result == once, "defaulting again changed something"
    return result


CONTAINER = {"name": "c", "image": "registry.k8s.io/pause:3.10", "resources": {"requests": {"cpu": "10m"}}}
CONTAINER_OUT = CONTAINER | {
    "terminationMessagePath": "/dev/termination-log",
    "terminationMessagePolicy": "File",
    "imagePullPolicy": "IfNotPresent",
}
SPEC_OUT = {
    "containers": [CONTAINER_OUT],
    "restartPolicy": "Always",
    "terminationGracePeriodSeconds": 30,
    "dnsPolicy": "ClusterFirst",
    "securityContext": {},
    "schedulerName": "default-scheduler",
}


def test_pod() -> None:
    assert defaulted("pods", {"spec": {"containers": [CONTAINER]}})["spec"] == SPEC_OUT | {"enableServiceLinks": True}


def test_deployment() -> None:
    labels = {"metadata": {"labels": {"app": "web"}}}
    selector = {"matchLabels": {"app": "web"}}
    obj = {"spec": {"replicas": 3, "selector": selector, "template": labels | {"spec": {"containers": [CONTAINER]}}}}
    assert defaulted("deployments.apps", obj)["spec"] == {
        "replicas": 3,
        "selector": selector,
        "template": labels | {"spec": SPEC_OUT},
        "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": "25%", "maxSurge": "25%"}},
        "revisionHistoryLimit": 10,
        "progressDeadlineSeconds": 600,
    }


def test_service() -> None:
    obj = {"spec": {"selector": {"app": "web"}, "ports": [{"port": 80}, {"port": 81, "targetPort": "http"}]}}
    assert defaulted("services", obj)["spec"] == {
        "ports": [
            {"protocol": "TCP", "port": 80, "targetPort": 80},
            {"protocol": "TCP", "port": 81, "targetPort": "http"},
        ],
        "selector": {"app": "web"},
        "type": "ClusterIP",
        "sessionAffinity": "None",
        "internalTrafficPolicy": "Cluster",
    }


@pytest.mark.parametrize(
    ("image", "policy"),
    [
        ("nginx", "Always"),
        ("nginx:latest", "Always"),
        ("nginx:1.27", "IfNotPresent"),
        ("registry:5000/nginx", "Always"),
        ("registry:5000/nginx:1", "IfNotPresent"),
        ("nginx@sha256:0123", "IfNotPresent"),
        ("nginx:latest@sha256:0123", "IfNotPresent"),
    ],
)
def test_images_without_a_fixed_tag_are_always_pulled(image: str, policy: str) -> None:
    pod = defaulted("pods", {"spec": {"containers": [{"name": "c", "image": image}]}})
    assert pod["spec"]["containers"][0]["imagePullPolicy"] == policy


def test_limits_are_requested_when_nothing_else_is_and_all_become_canonical() -> None:
    resources = {"limits": {"cpu": "0.5", "memory": "1024Mi"}, "requests": {"cpu": 0.25}}
    pod = defaulted("pods", {"spec": {"containers": [{"name": "c", "image": "i", "resources": resources}]}})
    assert pod["spec"]["containers"][0]["resources"] == {
        "limits": {"cpu": "500m", "memory": "1Gi"},
        "requests": {"cpu": "250m", "memory": "1Gi"},
    }
    template = {"template": {"spec": {"containers": [{"name": "c", "image": "i", "resources": resources}]}}}
    spec = defaulted("replicasets.apps", {"spec": template})["spec"]["template"]["spec"]
    assert "memory" not in spec["containers"][0]["resources"]["requests"], "templates only describe"


def test_probes_and_volumes() -> None:
    container = {"name": "c", "image": "i", "livenessProbe": {"httpGet": {"port": 80}}}
    volumes = [{"name": "a"}, {"name": "b", "configMap": {"name": "x"}}, {"name": "h", "hostPath": {"path": "/x"}}]
    spec = defaulted("pods", {"spec": {"containers": [container], "volumes": volumes}})["spec"]
    assert spec["containers"][0]["livenessProbe"] == {
        "httpGet": {"port": 80, "path": "/", "scheme": "HTTP"},
        "timeoutSeconds": 1,
        "periodSeconds": 10,
        "successThreshold": 1,
        "failureThreshold": 3,
    }
    assert spec["volumes"] == [
        {"name": "a", "emptyDir": {}},
        {"name": "b", "configMap": {"name": "x", "defaultMode": 420}},
        {"name": "h", "hostPath": {"path": "/x", "type": ""}},
    ]


def test_limit_range_fills_defaults_from_its_bounds() -> None:
    limit = {"type": "Container", "max": {"cpu": "1"}, "min": {"cpu": "200m", "memory": "1Mi"}}
    assert defaulted("limitranges", {"spec": {"limits": [limit]}})["spec"]["limits"] == [
        limit | {"default": {"cpu": "1"}, "defaultRequest": {"cpu": "1", "memory": "1Mi"}}
    ]


@pytest.mark.parametrize(
    ("name", "path", "value"),
    [
        ("statefulsets.apps", ("updateStrategy", "rollingUpdate", "partition"), 0),
        ("statefulsets.apps", ("podManagementPolicy",), "OrderedReady"),
        ("daemonsets.apps", ("updateStrategy", "rollingUpdate", "maxUnavailable"), 1),
        ("jobs.batch", ("backoffLimit",), 6),
        ("jobs.batch", ("completions",), 1),
        ("cronjobs.batch", ("concurrencyPolicy",), "Allow"),
        ("horizontalpodautoscalers.autoscaling", ("minReplicas",), 1),
        ("persistentvolumeclaims", ("volumeMode",), "Filesystem"),
        ("persistentvolumes", ("persistentVolumeReclaimPolicy",), "Retain"),
        ("networkpolicies.networking.k8s.io", ("policyTypes",), ["Ingress"]),
    ],
)
def test_kinds_have_their_defaults(name: str, path: tuple[str, ...], value: Any) -> None:
    found: Any = defaulted(name, {})["spec"]
    for step in path:
        found = found[step]
    assert found == value


@pytest.mark.parametrize("name", DEFAULTERS)
def test_empty_objects_can_be_defaulted(name: str) -> None:
    defaulted(name, {})


def test_job_with_parallelism_waits_for_no_count() -> None:
    assert "completions" not in defaulted("jobs.batch", {"spec": {"parallelism": 2}})["spec"]


def test_namespace_labels_itself() -> None:
    assert defaulted("namespaces", {"metadata": {"name": "team"}})["metadata"]["labels"] == {
        "kubernetes.io/metadata.name": "team"
    }


def test_role_binding_subjects_get_their_group() -> None:
    subjects = [{"kind": "User", "name": "bob"}, {"kind": "ServiceAccount", "name": "bot", "namespace": "x"}]
    obj = {"roleRef": {"kind": "Role", "name": "r"}, "subjects": subjects}
    bound = defaulted("rolebindings.rbac.authorization.k8s.io", obj)
    assert bound["roleRef"]["apiGroup"] == "rbac.authorization.k8s.io"
    assert [subject.get("apiGroup") for subject in bound["subjects"]] == ["rbac.authorization.k8s.io", None]


def test_string_data_of_a_secret_becomes_data() -> None:
    secret = defaulted("secrets", {"data": {"a": "eA=="}, "stringData": {"b": "hi"}})
    assert (secret["type"], secret["data"]) == ("Opaque", {"a": "eA==", "b": "aGk="})
    assert "stringData" not in secret
