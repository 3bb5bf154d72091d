"""What Go never leaves out. The values follow from the Go types of k8s.io/api, and recorded answers of a 1.36 agree."""

import pytest

from core.kube import structs
from core.kube.definitions import definitions
from core.kube.resources import REGISTRY
from core.kube.structs import completed

NODE_INFO = dict.fromkeys(
    (
        *("machineID", "systemUUID", "bootID", "kernelVersion", "osImage", "containerRuntimeVersion"),
        *("kubeletVersion", "kubeProxyVersion", "operatingSystem", "architecture"),
    ),
    "",
)


@pytest.mark.parametrize(
    ("resource", "status"),
    [
        ("deployments.apps", {}),
        ("replicasets.apps", {"replicas": 0}),
        ("statefulsets.apps", {"replicas": 0, "availableReplicas": 0}),
        (
            "daemonsets.apps",
            {"currentNumberScheduled": 0, "numberMisscheduled": 0, "desiredNumberScheduled": 0, "numberReady": 0},
        ),
        ("replicationcontrollers", {"replicas": 0}),
        ("jobs.batch", {}),
        ("cronjobs.batch", {}),
        ("resourcequotas", {}),
        ("certificatesigningrequests.certificates.k8s.io", {}),
        ("validatingadmissionpolicies.admissionregistration.k8s.io", {}),
        ("servicecidrs.networking.k8s.io", {}),
        (
            "poddisruptionbudgets.policy",
            {"disruptionsAllowed": 0, "currentHealthy": 0, "desiredHealthy": 0, "expectedPods": 0},
        ),
        ("horizontalpodautoscalers.autoscaling", {"desiredReplicas": 0, "currentMetrics": None}),
        ("horizontalpodautoscalers.v1.autoscaling", {"currentReplicas": 0, "desiredReplicas": 0}),
        ("ingresses.networking.k8s.io", {"loadBalancer": {}}),
        ("services", {"loadBalancer": {}}),
        ("volumeattachments.storage.k8s.io", {"attached": False}),
        ("nodes", {"daemonEndpoints": {"kubeletEndpoint": {"Port": 0}}, "nodeInfo": NODE_INFO}),
        ("pods", {}),
        ("namespaces", {}),
        ("persistentvolumes", {}),
        ("persistentvolumeclaims", {}),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_status_is_there_with_its_zero_values(resource, status):
    assert completed(REGISTRY[resource], {"metadata": {}})["status"] == status


@pytest.mark.parametrize(
    ("resource", "given", "made"),
    [
        pytest.param("leases.coordination.k8s.io", {}, {"spec": {}}, id="lease"),
        pytest.param("csinodes.storage.k8s.io", {}, {"spec": {"drivers": None}}, id="list without omitempty"),
        pytest.param("roles.rbac.authorization.k8s.io", {}, {"rules": None}, id="role"),
        pytest.param("configmaps", {"data": {}}, {"data": {}}, id="nothing to add"),
        pytest.param(
            "networkpolicies.networking.k8s.io", {"spec": {}}, {"spec": {"podSelector": {}}}, id="struct in a struct"
        ),
        pytest.param(
            "deployments.apps",
            {"spec": {"template": {"spec": {"containers": [{"name": "c"}]}}}, "status": {}},
            {
                "spec": {
                    "selector": None,
                    "strategy": {},
                    "template": {"metadata": {}, "spec": {"containers": [{"name": "c", "resources": {}}]}},
                },
                "status": {},
            },
            id="struct in a list",
        ),
        pytest.param(
            "pods",
            {"spec": {"containers": []}, "status": {"conditions": [{"type": "Ready", "status": "True"}]}},
            {
                "spec": {"containers": []},
                "status": {
                    "conditions": [
                        {"type": "Ready", "status": "True"} | {"lastProbeTime": None, "lastTransitionTime": None}
                    ]
                },
            },
            id="times",
        ),
        pytest.param(
            "events",
            {"involvedObject": {}},
            {
                "involvedObject": {},
                "source": {},
                "reportingComponent": "",
                "reportingInstance": "",
                "eventTime": None,
                "firstTimestamp": None,
                "lastTimestamp": None,
            },
            id="event",
        ),
    ],
)
def test_what_is_missing_is_added(resource, given, made):
    assert completed(REGISTRY[resource], {"metadata": {}, **given}) == {"metadata": {}, **made}


def test_an_object_that_has_all_is_itself_and_nothing_is_changed_in_place():
    once = completed(REGISTRY["pods"], given := {"metadata": {}, "spec": {"containers": [{"name": "c"}]}})
    assert given["spec"]["containers"] == [{"name": "c"}]
    assert completed(REGISTRY["pods"], once) is once


@pytest.mark.parametrize("table", ["STRUCTS", "POINTERS", "TIMES", "WRITTEN"])
def test_tables_name_fields_that_there_are(table):
    """And of the fitting kind, so that a change of the schema is noticed."""
    for name, fields in getattr(structs, table).items():
        definition = definitions()[structs.API + name]
        for field in fields.split() if isinstance(fields, str) else fields:
            target = structs._target(definition["properties"][field])
            if table in ("STRUCTS", "POINTERS"):
                assert "properties" in definitions()[target], (name, field)
            if table == "TIMES":
                assert target.endswith(("v1.Time", "v1.MicroTime")), (name, field)
            if table == "WRITTEN":
                assert field not in definition.get("required", ()), f"{name}.{field} needs no row"


def test_every_kind_that_is_served_has_a_shape():
    for row in REGISTRY.values():
        assert completed(row, {"metadata": {}})["metadata"] == {}
