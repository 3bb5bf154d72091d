"""What `kubectl get` prints: columns and cells, by the recorded answers of a real server."""

from typing import Any

import pytest

from core.apiserver.tables import TABLES, columns_of, table
from core.apiserver.tables.durations import human, since
from core.apiserver.tables.pods import summarize
from core.kube.objects import Obj
from core.kube.resources import REGISTRY
from tests.http.client import Client

NOW = 1_767_225_600.0
CREATED = "2025-12-31T23:59:00Z"  # a minute before


def cells(resource: str, obj: Obj) -> dict[str, Any]:
    obj = {"metadata": {"name": "x", "creationTimestamp": CREATED, **obj.get("metadata", {})}, **_rest(obj)}
    shown = table(resource, [obj], NOW, {})
    names = [column["name"] for column in shown["columnDefinitions"]]
    return dict(zip(names, shown["rows"][0]["cells"], strict=True))


def _rest(obj: Obj) -> Obj:
    return {name: value for name, value in obj.items() if name != "metadata"}


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-5, "<invalid>"),
        (-1, "0s"),
        (0.9, "0s"),
        (119, "119s"),
        (120, "2m"),
        (132, "2m12s"),
        (599, "9m59s"),
        (600, "10m"),
        (3 * 3600 - 1, "179m"),
        (3 * 3600, "3h"),
        (3 * 3600 + 300, "3h5m"),
        (8 * 3600, "8h"),
        (47 * 3600 + 3599, "47h"),
        (48 * 3600, "2d"),
        (50 * 3600, "2d2h"),
        (8 * 86400, "8d"),
        (729 * 86400, "729d"),
        (2 * 365 * 86400, "2y"),
        (2 * 365 * 86400 + 86400, "2y1d"),
        (9 * 365 * 86400, "9y"),
    ],
)
def test_ages_are_written_as_kubectl_does(seconds: float, text: str) -> None:
    assert human(seconds) == text


def test_age_of_nothing_is_unknown() -> None:
    assert since(None, NOW) == since("yesterday", NOW) == "<unknown>"


RUNNING = {"name": "c", "ready": True, "restartCount": 0, "state": {"running": {}}}


def pod(status: Obj, spec: Obj | None = None, **meta: Any) -> Obj:
    return {"metadata": {"name": "p", **meta}, "spec": spec or {"containers": [{"name": "c"}]}, "status": status}


def waiting(reason: str) -> Obj:
    return {"name": "c", "ready": False, "restartCount": 0, "state": {"waiting": {"reason": reason}}}


def ended(code: int, reason: str = "", signal: int = 0) -> Obj:
    state = {"exitCode": code, "reason": reason, "signal": signal}
    return {"name": "c", "ready": False, "restartCount": 0, "state": {"terminated": state}}


TWO_INITS = {"containers": [{"name": "c"}], "initContainers": [{"name": "a"}, {"name": "b"}]}


@pytest.mark.parametrize(
    ("obj", "word"),
    [
        pytest.param(pod({"phase": "Pending"}), "Pending", id="pending"),
        pytest.param(pod({"phase": "Running", "containerStatuses": [RUNNING]}), "Running", id="running"),
        pytest.param(
            pod({"phase": "Pending", "containerStatuses": [waiting("ContainerCreating")]}),
            "ContainerCreating",
            id="creating",
        ),
        pytest.param(
            pod({"phase": "Running", "containerStatuses": [waiting("CrashLoopBackOff")]}),
            "CrashLoopBackOff",
            id="crash loop",
        ),
        pytest.param(
            pod({"phase": "Succeeded", "containerStatuses": [ended(0, "Completed")]}), "Completed", id="completed"
        ),
        pytest.param(pod({"phase": "Failed", "containerStatuses": [ended(1, "Error")]}), "Error", id="error"),
        pytest.param(pod({"phase": "Failed", "containerStatuses": [ended(3)]}), "ExitCode:3", id="exit code"),
        pytest.param(pod({"phase": "Failed", "containerStatuses": [ended(0, "", 9)]}), "Signal:9", id="signal"),
        pytest.param(pod({"phase": "Failed", "reason": "Evicted"}), "Evicted", id="evicted"),
        pytest.param(
            pod({"phase": "Running", "containerStatuses": [RUNNING]}, deletionTimestamp=CREATED),
            "Terminating",
            id="terminating",
        ),
        pytest.param(
            pod({"phase": "Succeeded", "containerStatuses": [ended(0, "Completed")]}, deletionTimestamp=CREATED),
            "Completed",
            id="ended before it was deleted",
        ),
        pytest.param(
            pod({"phase": "Running", "reason": "NodeLost"}, deletionTimestamp=CREATED), "Unknown", id="node lost"
        ),
        pytest.param(
            pod({"phase": "Pending", "initContainerStatuses": [{**waiting(""), "name": "a"}]}, TWO_INITS),
            "Init:0/2",
            id="first init container",
        ),
        pytest.param(
            pod(
                {
                    "phase": "Pending",
                    "initContainerStatuses": [{**ended(0), "name": "a"}, {**waiting(""), "name": "b"}],
                },
                TWO_INITS,
            ),
            "Init:1/2",
            id="second init container",
        ),
        pytest.param(
            pod({"phase": "Pending", "initContainerStatuses": [{**ended(1, "Error"), "name": "a"}]}, TWO_INITS),
            "Init:Error",
            id="init container failed",
        ),
        pytest.param(
            pod(
                {"phase": "Pending", "initContainerStatuses": [{**waiting("ImagePullBackOff"), "name": "a"}]}, TWO_INITS
            ),
            "Init:ImagePullBackOff",
            id="init container cannot be pulled",
        ),
        pytest.param(
            pod(
                {
                    "phase": "Pending",
                    "conditions": [{"type": "PodScheduled", "status": "False", "reason": "SchedulingGated"}],
                }
            ),
            "SchedulingGated",
            id="gated",
        ),
    ],
)
def test_status_of_a_pod_in_one_word(obj: Obj, word: str) -> None:
    assert summarize(obj).reason == word


def test_restarts_say_when_the_last_was() -> None:
    status = {**RUNNING, "restartCount": 3, "lastState": {"terminated": {"finishedAt": "2025-12-31T23:55:00Z"}}}
    shown = cells("pods", pod({"phase": "Running", "podIP": "10.0.0.1", "containerStatuses": [status]}))
    assert (shown["Ready"], shown["Restarts"], shown["IP"], shown["Node"]) == (
        "1/1",
        "3 (5m ago)",
        "10.0.0.1",
        "<none>",
    )


def test_sidecars_count_as_containers() -> None:
    spec = {"containers": [{"name": "c"}], "initContainers": [{"name": "s", "restartPolicy": "Always"}]}
    status = {
        "phase": "Running",
        "initContainerStatuses": [{**RUNNING, "name": "s", "started": True}],
        "containerStatuses": [RUNNING],
    }
    assert cells("pods", pod(status, spec))["Ready"] == "2/2"


@pytest.mark.parametrize(
    ("resource", "obj", "expected"),
    [
        pytest.param(
            "deployments.apps",
            {"spec": {"replicas": 3}, "status": {"readyReplicas": 2, "updatedReplicas": 3, "availableReplicas": 1}},
            {"Ready": "2/3", "Up-to-date": 3, "Available": 1, "Age": "60s"},
            id="deployment",
        ),
        pytest.param(
            "services",
            {
                "spec": {
                    "type": "NodePort",
                    "clusterIP": "10.96.0.9",
                    "ports": [{"port": 80, "nodePort": 31481, "protocol": "TCP"}],
                }
            },
            {"Type": "NodePort", "Cluster-IP": "10.96.0.9", "External-IP": "<none>", "Port(s)": "80:31481/TCP"},
            id="service",
        ),
        pytest.param(
            "services",
            {"spec": {"type": "LoadBalancer", "clusterIP": "10.96.0.9"}},
            {"External-IP": "<pending>", "Port(s)": "<none>"},
            id="load balancer without an address",
        ),
        pytest.param(
            "nodes",
            {
                "metadata": {"labels": {"node-role.kubernetes.io/control-plane": ""}},
                "spec": {"unschedulable": True},
                "status": {"conditions": [{"type": "Ready", "status": "Unknown"}]},
            },
            {"Status": "NotReady,SchedulingDisabled", "Roles": "control-plane", "Internal-IP": "<none>"},
            id="node",
        ),
        pytest.param("nodes", {}, {"Status": "Unknown", "Roles": "<none>"}, id="node that never reported"),
        pytest.param(
            "endpoints",
            {"subsets": [{"addresses": [{"ip": f"10.0.0.{n}"} for n in range(1, 6)], "ports": [{"port": 80}]}]},
            {"Endpoints": "10.0.0.1:80,10.0.0.2:80,10.0.0.3:80 + 2 more..."},
            id="endpoints",
        ),
        pytest.param(
            "jobs.batch",
            {"spec": {"completions": 1}, "status": {"startTime": "2025-12-31T23:59:40Z"}},
            {"Status": "Running", "Completions": "0/1", "Duration": "20s"},
            id="job",
        ),
        pytest.param(
            "horizontalpodautoscalers.autoscaling",
            {
                "spec": {
                    "scaleTargetRef": {"kind": "Deployment", "name": "web"},
                    "maxReplicas": 5,
                    "metrics": [
                        {
                            "type": "Resource",
                            "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 80}},
                        }
                    ],
                }
            },
            {"Reference": "Deployment/web", "Targets": "cpu: <unknown>/80%", "MinPods": "<unset>", "MaxPods": 5},
            id="autoscaler",
        ),
        pytest.param(
            "poddisruptionbudgets.policy",
            {"spec": {"minAvailable": 2}, "status": {"disruptionsAllowed": 1}},
            {"Min Available": "2", "Max Unavailable": "N/A", "Allowed Disruptions": 1},
            id="budget",
        ),
        pytest.param(
            "resourcequotas",
            {"status": {"hard": {"pods": "50", "limits.cpu": "2"}, "used": {"pods": "13"}}},
            {"Request": "pods: 13/50", "Limit": "limits.cpu: 0/2"},
            id="quota",
        ),
        pytest.param(
            "persistentvolumeclaims",
            {"spec": {"storageClassName": "standard"}, "status": {"phase": "Pending"}},
            {"Status": "Pending", "Volume": "", "Capacity": "", "VolumeAttributesClass": "<unset>"},
            id="claim",
        ),
        pytest.param(
            "events",
            {
                "involvedObject": {"kind": "Pod", "name": "a"},
                "source": {"component": "kubelet", "host": "n1"},
                "lastTimestamp": "2025-12-31T23:59:30Z",
                "message": "Started\n",
                "count": 6,
            },
            {"Last Seen": "30s", "Object": "pod/a", "Source": "kubelet, n1", "Message": "Started", "Count": 6},
            id="event",
        ),
        pytest.param(
            "storageclasses.storage.k8s.io",
            {"metadata": {"annotations": {"storageclass.kubernetes.io/is-default-class": "true"}}, "provisioner": "p"},
            {"Name": "x (default)", "ReclaimPolicy": "Delete", "AllowVolumeExpansion": False},
            id="storage class",
        ),
        pytest.param(
            "networkpolicies.networking.k8s.io",
            {
                "spec": {
                    "podSelector": {
                        "matchLabels": {"a": "1"},
                        "matchExpressions": [{"key": "b", "operator": "In", "values": ["y", "x"]}],
                    }
                }
            },
            {"Pod-Selector": "a=1,b in (x,y)"},
            id="network policy",
        ),
    ],
)
def test_cells(resource: str, obj: Obj, expected: dict[str, Any]) -> None:
    shown = cells(resource, obj)
    assert {name: shown[name] for name in expected} == expected


# As the real server lists them: name, type and priority of each column.
RECORDED = {
    "statefulsets.apps": "Name Ready Age Containers+ Images+",
    "daemonsets.apps": (
        "Name Desired# Current# Ready# Up-to-date# Available# Node_Selector Age Containers+ Images+ Selector+"
    ),
    "jobs.batch": "Name Status Completions Duration Age Containers+ Images+ Selector+",
    "cronjobs.batch": "Name Schedule Timezone Suspend? Active# Last_Schedule Age Containers+ Images+ Selector+",
    "configmaps": "Name Data Age",
    "secrets": "Name Type Data Age",
    "serviceaccounts": "Name Age",
    "endpointslices.discovery.k8s.io": "Name AddressType Ports Endpoints Age",
    "persistentvolumeclaims": "Name Status Volume Capacity Access_Modes StorageClass VolumeAttributesClass Age VolumeMode+",
    "ingresses.networking.k8s.io": "Name Class Hosts Address Ports Age",
    "replicationcontrollers": "Name Desired# Current# Ready# Age Containers+ Images+ Selector+",
    "controllerrevisions.apps": "Name Controller Revision Age",
    "rolebindings.rbac.authorization.k8s.io": "Name Role Age Users+ Groups+ ServiceAccounts+",
    "leases.coordination.k8s.io": "Name Holder Age",
    "namespaces": "Name Status Age",
    "persistentvolumes": (
        "Name Capacity Access_Modes Reclaim_Policy Status Claim StorageClass VolumeAttributesClass Reason Age VolumeMode+"
    ),
    "priorityclasses.scheduling.k8s.io": "Name Value# Global-Default? Age PreemptionPolicy",
    "pods": "Name Ready Status Restarts Age IP+ Node+ Nominated_Node+ Readiness_Gates+",
    "events": "Last_Seen Type Reason Object Subobject+ Source+ Message First_Seen+ Count+ Name+",
}
MARKS = {"integer": "#", "boolean": "?", "string": ""}


@pytest.mark.parametrize("resource", RECORDED)
def test_columns_are_the_real_ones(resource: str) -> None:
    shown = [
        column.name.replace(" ", "_") + MARKS[column.type] + ("+" if column.priority else "")
        for column in columns_of(resource)
    ]
    assert " ".join(shown) == RECORDED[resource]


def test_tables_are_of_resources_there_are() -> None:
    assert set(TABLES) <= set(REGISTRY)


@pytest.mark.parametrize("resource", sorted(TABLES))
@pytest.mark.parametrize("junk", [None, 1, "x", [], [1], {"a": 1}], ids=repr)
def test_no_object_is_too_odd_to_be_listed(resource: str, junk: Any) -> None:
    odd = {
        "metadata": {"name": "x", "creationTimestamp": junk},
        "spec": junk,
        "status": junk,
        "data": junk,
        "subsets": junk,
    }
    shown = table(resource, [odd], NOW, {})
    assert len(shown["rows"][0]["cells"]) == len(columns_of(resource))


def test_list_is_a_table_with_the_list_s_metadata(api: Client) -> None:
    reply = api.table("/api/v1/namespaces").json
    assert (reply["kind"], reply["apiVersion"]) == ("Table", "meta.k8s.io/v1")
    assert reply["metadata"]["resourceVersion"]
    row = next(row for row in reply["rows"] if row["cells"][0] == "default")
    assert row["cells"] == ["default", "Active", "0s"]
    assert sorted(row["object"]) == ["apiVersion", "kind", "metadata"]


@pytest.mark.parametrize(
    ("include", "kind"), [("None", None), ("Metadata", "PartialObjectMetadata"), ("Object", "Namespace")]
)
def test_rows_carry_what_was_asked_for(api: Client, include: str, kind: str | None) -> None:
    row = api.table(f"/api/v1/namespaces/default?includeObject={include}").json["rows"][0]
    assert row["object"] is None if kind is None else row["object"]["kind"] == kind


def test_missing_object_is_a_status_and_no_table(api: Client) -> None:
    assert api.table("/api/v1/namespaces/default/pods/none").json["kind"] == "Status"


def test_metadata_only_of_one_and_of_many(api: Client) -> None:
    accept = "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io"
    one = api.get("/api/v1/namespaces/default", accept=accept).json
    assert sorted(one) == ["apiVersion", "kind", "metadata"]
    many = api.get("/api/v1/namespaces", accept=accept.replace("Metadata;", "MetadataList;")).json
    assert many["kind"] == "PartialObjectMetadataList"
    assert {item["kind"] for item in many["items"]} == {"PartialObjectMetadata"}
