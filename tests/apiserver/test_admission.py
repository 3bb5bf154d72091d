"""What each admission plugin adds and refuses, and that it says so in the trace."""

import pytest

from core.apiserver.admission.runtimeclass import merged
from core.models import Cluster
from tests.apiserver.objects import config_map, namespace, pod, service

SCHEDULING = "scheduling.k8s.io"


def switch(world, **plugins):
    Cluster.objects.filter(pk=world.cluster.pk).update(admission=plugins)


def said(world, plugin):
    """What a plugin said about the last request."""
    return [line.verdict for line in world.host.server.traces[-1].lines if line.who == plugin]


def test_namespace_must_be_there(refused):
    error = refused("create", "pods", "nope", body=pod("web", "nope"))
    assert (error.code, error.message) == (404, 'namespaces "nope" not found')


def test_nothing_new_in_a_namespace_that_goes(world, refused):
    world.create("namespaces", namespace("ref2"))
    world.api("delete", "namespaces", "", "ref2")
    error = refused("create", "configmaps", "ref2", body={"metadata": {"name": "late"}})
    assert error.message == (
        'configmaps "late" is forbidden: unable to create new content in namespace ref2 because it is being terminated'
    )
    assert error.details["causes"] == [
        {
            "reason": "NamespaceTerminating",
            "message": "namespace ref2 is being terminated",
            "field": "metadata.namespace",
        }
    ]


def test_pod_runs_as_its_service_account(world):
    made = world.create("pods", pod("web"))
    assert made["spec"]["serviceAccountName"] == made["spec"]["serviceAccount"] == "default"
    (volume,) = made["spec"]["volumes"]
    assert volume["name"].startswith("kube-api-access-")
    assert volume["projected"]["sources"][0] == {"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}}
    (mount,) = made["spec"]["containers"][0]["volumeMounts"]
    assert mount == {
        "name": volume["name"],
        "readOnly": True,
        "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount",
    }
    assert said(world, "ServiceAccount") == ["runs as service account default"]


def test_pod_may_do_without_a_token(world):
    assert "volumes" not in world.create("pods", pod("web", automountServiceAccountToken=False))["spec"]


def test_unknown_service_account_is_refused(refused):
    error = refused("create", "pods", "default", body=pod("web", serviceAccountName="zz"))
    assert error.message == (
        'pods "web" is forbidden: error looking up service account default/zz: serviceaccount "zz" not found'
    )


def test_pod_tolerates_a_lost_node_for_five_minutes(world):
    tolerations = world.create("pods", pod("web"))["spec"]["tolerations"]
    assert [(entry["key"], entry["tolerationSeconds"]) for entry in tolerations] == [
        ("node.kubernetes.io/not-ready", 300),
        ("node.kubernetes.io/unreachable", 300),
    ]
    always = [{"operator": "Exists"}]
    assert world.create("pods", pod("stays", tolerations=always))["spec"]["tolerations"] == always


def test_update_that_leaves_out_the_default_tolerations_gets_them_back(world):
    made = world.create("pods", pod("web"))
    body = made | {"spec": made["spec"] | {"tolerations": [{"key": "a", "operator": "Exists"}]}}
    changed = world.api("update", "pods", "default", "web", body)
    assert [entry["key"] for entry in changed["spec"]["tolerations"]] == [
        "a",
        "node.kubernetes.io/not-ready",
        "node.kubernetes.io/unreachable",
    ]


def test_priority_comes_from_the_class(world, refused):
    made = world.create("pods", pod("web", priorityClassName="system-node-critical"))
    assert made["spec"]["priority"] == 2_000_001_000
    assert world.create("pods", pod("plain"))["spec"]["priority"] == 0
    error = refused("create", "pods", "default", body=pod("x", priorityClassName="nope"))
    assert error.message == 'pods "x" is forbidden: no PriorityClass with name nope was found'
    error = refused("create", "pods", "default", body=pod("x", priority=5))
    assert error.code == 403


RUNTIMES = "runtimeclasses.node.k8s.io"


def runtime(**more):
    return {"metadata": {"name": "gvisor"}, "handler": "runsc"} | more


def test_unknown_runtime_class_is_refused(refused):
    error = refused("create", "pods", "default", body=pod("web", runtimeClassName="zz"))
    assert (error.code, error.message) == (
        403,
        'pods "web" is forbidden: pod rejected: RuntimeClass "zz" not found',
    )


def test_runtime_class_costs_its_overhead(world, refused):
    world.create(RUNTIMES, runtime(overhead={"podFixed": {"cpu": "250m"}}))
    assert world.create("pods", pod("web", runtimeClassName="gvisor"))["spec"]["overhead"] == {"cpu": "250m"}
    error = refused("create", "pods", "default", body=pod("b", runtimeClassName="gvisor", overhead={"cpu": "1"}))
    assert error.message.endswith("pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead")
    error = refused("create", "pods", "default", body=pod("b", overhead={"cpu": "1"}))
    assert error.message.endswith("Pod Overhead set without corresponding RuntimeClass defined Overhead")


def test_runtime_class_says_where_its_pods_go(world, refused):
    taint = {"key": "sandbox", "operator": "Exists", "effect": "NoSchedule"}
    world.create(RUNTIMES, runtime(scheduling={"nodeSelector": {"sandbox": "yes"}, "tolerations": [taint]}))
    spec = world.create("pods", pod("web", runtimeClassName="gvisor", nodeSelector={"disk": "ssd"}))["spec"]
    assert spec["nodeSelector"] == {"sandbox": "yes", "disk": "ssd"}
    assert taint in spec["tolerations"]
    error = refused(
        "create", "pods", "default", body=pod("b", runtimeClassName="gvisor", nodeSelector={"sandbox": "no"})
    )
    assert error.message == (
        'pods "b" is forbidden: conflict: runtimeClass.scheduling.nodeSelector[sandbox] = yes;'
        " pod.spec.nodeSelector[sandbox] = no"
    )


def test_a_toleration_that_another_covers_is_not_needed():
    wide = {"operator": "Exists"}
    narrow = {"key": "a", "operator": "Equal", "value": "b", "effect": "NoSchedule"}
    assert merged([narrow, wide]) == [wide]
    assert merged([narrow, narrow | {"value": "c"}]) == [narrow, narrow | {"value": "c"}]


def test_images_are_always_pulled_only_where_switched_on(world):
    assert world.create("pods", pod("a"))["spec"]["containers"][0].get("imagePullPolicy") != "Always"
    switch(world, AlwaysPullImages=True)
    assert world.create("pods", pod("b"))["spec"]["containers"][0]["imagePullPolicy"] == "Always"


def test_plugin_can_be_switched_off(world):
    switch(world, ServiceAccount=False)
    assert "serviceAccountName" not in world.create("pods", pod("a"))["spec"]
    assert said(world, "ServiceAccount") == []


def test_claim_gets_the_default_class(world):
    name = f"storageclasses.storage.{'k8s.io'}"
    annotations = {"storageclass.kubernetes.io/is-default-class": "true"}
    meta = {"name": "fast", "annotations": annotations}
    world.create(
        name,
        {"apiVersion": "storage.k8s.io/v1", "kind": "StorageClass", "metadata": meta, "provisioner": "example.com/p"},
    )
    claim = {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": "data", "namespace": "default"},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
    }
    assert world.create("persistentvolumeclaims", claim)["spec"]["storageClassName"] == "fast"


# LimitRanger


@pytest.fixture
def limited(world):
    limits = [
        {
            "type": "Container",
            "max": {"cpu": "500m"},
            "min": {"cpu": "20m"},
            "default": {"cpu": "200m", "memory": "64Mi"},
            "defaultRequest": {"cpu": "100m", "memory": "64Mi"},
            "maxLimitRequestRatio": {"cpu": "4"},
        },
        {"type": "Pod", "max": {"cpu": "800m"}},
    ]
    meta = {"name": "lr", "namespace": "default"}
    world.create(
        "limitranges", {"apiVersion": "v1", "kind": "LimitRange", "metadata": meta, "spec": {"limits": limits}}
    )
    return world


def test_limits_are_filled_in(limited):
    made = limited.create("pods", pod("l3"))
    assert made["spec"]["containers"][0]["resources"] == {
        "limits": {"cpu": "200m", "memory": "64Mi"},
        "requests": {"cpu": "100m", "memory": "64Mi"},
    }
    assert made["metadata"]["annotations"] == {
        "kubernetes.io/limit-ranger": "LimitRanger plugin set: cpu, memory request for container c; cpu, memory limit for"
        " container c"
    }


@pytest.mark.parametrize(
    ("resources", "message"),
    [
        pytest.param(
            {"requests": {"cpu": "1"}, "limits": {"cpu": "1"}},
            "[maximum cpu usage per Container is 500m, but limit is 1, maximum cpu usage per Pod is 800m, but limit is 1]",
            id="too much",
        ),
        pytest.param(
            {"requests": {"cpu": "10m"}, "limits": {"cpu": "100m"}},
            "[minimum cpu usage per Container is 20m, but request is 10m, cpu max limit to request ratio per Container is"
            " 4, but provided ratio is 10.000000]",
            id="too little and too far apart",
        ),
    ],
)
def test_pod_outside_the_limits_is_refused(limited, refused, resources, message):
    error = refused("create", "pods", "default", body=pod("l1", resources=resources))
    assert error.message == f'pods "l1" is forbidden: {message}'


# ResourceQuota


def quota(**hard):
    hard = {name.replace("_", "."): value for name, value in hard.items()}
    meta = {"name": "q", "namespace": "default"}
    return {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": meta, "spec": {"hard": hard}}


def test_quota_is_charged_with_the_object(world):
    world.create("configmaps", config_map("before"))
    world.create("resourcequotas", quota(configmaps="20", pods="5"))
    world.create("configmaps", config_map("after"))
    assert world.get("resourcequotas", "default", "q")["status"]["used"] == {"configmaps": "2", "pods": "0"}


def test_exceeded_quota_says_by_how_much(world, refused):
    asks = {"requests": {"cpu": "300m"}}
    world.create("resourcequotas", quota(pods="5", requests_cpu="400m"))
    world.create("pods", pod("a", resources=asks))
    error = refused("create", "pods", "default", body=pod("q1", resources={"requests": {"cpu": "390m"}}))
    assert error.message == (
        'pods "q1" is forbidden: exceeded quota: q, requested: requests.cpu=390m, used: requests.cpu=300m, limited:'
        " requests.cpu=400m"
    )


def test_two_in_one_batch_cannot_both_take_the_last(world):
    from core.engine.clusters import ADMIN
    from core.kube.requests import Request

    world.create("resourcequotas", quota(services="2"))  # the service kubernetes is one of them
    first, second = world.host.server.execute(
        [Request("create", "services", "default", body=service(name), user=ADMIN) for name in ("a", "b")]
    )
    assert first["metadata"]["name"] == "a"
    assert second.code == 403
    assert world.get("resourcequotas", "default", "q")["status"]["used"] == {"services": "2"}


def test_refused_object_costs_no_quota(world, refused):
    world.create("resourcequotas", quota(configmaps="5"))
    world.create("configmaps", config_map("a"))
    assert refused("create", "configmaps", "default", body=config_map("a")).code == 409
    assert world.get("resourcequotas", "default", "q")["status"]["used"] == {"configmaps": "1"}


def test_quota_on_cpu_makes_asking_a_duty(world, refused):
    world.create("resourcequotas", quota(requests_cpu="1"))
    error = refused("create", "pods", "default", body=pod("a"))
    assert error.message == 'pods "a" is forbidden: failed quota: q: must specify requests.cpu for: c'
