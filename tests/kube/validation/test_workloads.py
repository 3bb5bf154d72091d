"""Deployments, sets, Jobs, CronJobs, autoscalers: one row a rule, with what a real server says."""

from typing import Any

import pytest

from core.kube.objects import Obj
from core.kube.validation import workloads as messages
from tests.kube.validation.table import GONE, Table, changed, container, created, rows, updated, workload

AT_LEAST_0 = "must be greater than or equal to 0"
PERCENT = "a valid percent string must be a numeric string followed by an ending '%'"
ROLLING = "spec.strategy.rollingUpdate"
DEPLOYMENTS: Table = {
    "plain": ({},),
    "replicas": ({"spec.replicas": -1}, f"spec.replicas: Invalid value: -1: {AT_LEAST_0}"),
    "selector missing": (
        {"spec.selector": GONE},
        "spec.selector: Required value",
        'spec.template.metadata.labels: Invalid value: {"app":"web"}: `selector` does not match template `labels`',
    ),
    "selector empty": (
        {"spec.selector": {}},
        "spec.selector: Invalid value: {}: empty selector is invalid for deployment",
    ),
    "selector of others": (
        {"spec.selector.matchLabels": {"app": "b"}},
        'spec.template.metadata.labels: Invalid value: {"app":"web"}: `selector` does not match template `labels`',
    ),
    "strategy": (
        {"spec.strategy": {"type": "X"}},
        'spec.strategy: Unsupported value: {"Type":"X","RollingUpdate":null}: supported values: "Recreate",'
        ' "RollingUpdate"',
    ),
    "recreate and rolling": (
        {"spec.strategy": {"type": "Recreate", "rollingUpdate": {"maxSurge": 1}}},
        f"{ROLLING}: Forbidden: may not be specified when strategy `type` is 'Recreate'",
    ),
    "too much unavailable": (
        {ROLLING: {"maxUnavailable": "999999%"}},
        f'{ROLLING}.maxUnavailable: Invalid value: "999999%": must not be greater than 100%',
    ),
    "nothing rolls": (
        {ROLLING: {"maxUnavailable": 0, "maxSurge": 0}},
        f"{ROLLING}.maxUnavailable: Invalid value: 0: may not be 0 when `maxSurge` is 0",
    ),
    "a large surge": ({ROLLING: {"maxSurge": "200%"}},),
    "deadline": (
        {"spec.progressDeadlineSeconds": 5, "spec.minReadySeconds": 5},
        "spec.progressDeadlineSeconds: Invalid value: 5: must be greater than minReadySeconds",
    ),
    "history": ({"spec.revisionHistoryLimit": -1}, f"spec.revisionHistoryLimit: Invalid value: -1: {AT_LEAST_0}"),
    "restart policy": (
        {"spec.template.spec.restartPolicy": "Never"},
        'spec.template.spec.restartPolicy: Unsupported value: "Never": supported values: "Always"',
    ),
    "deadline of pods": (
        {"spec.template.spec.activeDeadlineSeconds": 5},
        "spec.template.spec.activeDeadlineSeconds: Forbidden: activeDeadlineSeconds in ReplicaSet is not Supported",
    ),
}
DAEMON = "spec.updateStrategy.rollingUpdate"
DAEMONSETS: Table = {
    "plain": ({},),
    "surge and unavailable": (
        {DAEMON: {"maxSurge": 1, "maxUnavailable": 1}},
        f"{DAEMON}.maxSurge: Invalid value: 1: may not be set when maxUnavailable is non-zero",
    ),
    "neither": (
        {DAEMON: {"maxSurge": 0, "maxUnavailable": 0}},
        f"{DAEMON}.maxUnavailable: Required value: cannot be 0 when maxSurge is 0",
    ),
}
CLAIM = {
    "metadata": {"name": "d"},
    "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
}
STATEFULSETS: Table = {
    "plain": ({},),
    "management": (
        {"spec.podManagementPolicy": "X"},
        "spec.podManagementPolicy: Invalid value: \"X\": must be 'OrderedReady' or 'Parallel'",
    ),
    "partition": (
        {"spec.updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": -1}}},
        f"spec.updateStrategy.rollingUpdate.partition: Invalid value: -1: {AT_LEAST_0}",
    ),
    "first ordinal": ({"spec.ordinals": {"start": -1}}, f"spec.ordinals.start: Invalid value: -1: {AT_LEAST_0}"),
    "retention": (
        {"spec.persistentVolumeClaimRetentionPolicy": {"whenDeleted": "X"}},
        'spec.persistentVolumeClaimRetentionPolicy.whenDeleted: Unsupported value: "X": supported values: "Retain",'
        ' "Delete"',
    ),
    "claims": (
        {
            "spec.volumeClaimTemplates": [CLAIM],
            "spec.template.spec.containers": [container(volumeMounts=[{"name": "d", "mountPath": "/d"}])],
        },
    ),
}
FIXED = f"spec: Forbidden: {messages.STATEFULSET_FIXED}"
STATEFULSET_CHANGES: Table = {
    "replicas": ({"spec.replicas": 3},),
    "service": ({"spec.serviceName": "x"}, FIXED),
    "claims": ({"spec.volumeClaimTemplates": [CLAIM]}, FIXED),
}
FIXED_SELECTOR = 'spec.selector: Invalid value: {"matchLabels":{"app":"b"}}: field is immutable'
DEPLOYMENT_CHANGES: Table = {
    "selector": (
        {"spec.selector.matchLabels": {"app": "b"}, "spec.template.metadata.labels": {"app": "b"}},
        FIXED_SELECTOR,
    ),
    "replicas": ({"spec.replicas": 9},),
}

JOB: Obj = {
    "metadata": {"name": "j", "uid": "u"},
    "spec": {
        "selector": {"matchLabels": {"batch.kubernetes.io/controller-uid": "u"}},
        "template": {
            "metadata": {
                "labels": {
                    "batch.kubernetes.io/controller-uid": "u",
                    "controller-uid": "u",
                    "batch.kubernetes.io/job-name": "j",
                    "job-name": "j",
                }
            },
            "spec": {"restartPolicy": "Never", "containers": [container()]},
        },
    },
}
FAILS = "spec.podFailurePolicy.rules[0]"
JOBS: Table = {
    "plain": ({},),
    "negative": (
        {"spec.parallelism": -1, "spec.backoffLimit": -1},
        f"spec.parallelism: Invalid value: -1: {AT_LEAST_0}",
        f"spec.backoffLimit: Invalid value: -1: {AT_LEAST_0}",
    ),
    "always": (
        {"spec.template.spec.restartPolicy": "Always"},
        'spec.template.spec.restartPolicy: Required value: valid values: "OnFailure", "Never"',
    ),
    "indexed without completions": (
        {"spec.completionMode": "Indexed", "spec.parallelism": 2},
        "spec.completions: Required value: when completion mode is Indexed",
    ),
    "indexed": ({"spec.completionMode": "Indexed", "spec.completions": 3},),
    "completion mode": (
        {"spec.completionMode": "X"},
        'spec.completionMode: Unsupported value: "X": supported values: "NonIndexed", "Indexed"',
    ),
    "limit per index": (
        {"spec.backoffLimitPerIndex": 1},
        "spec.backoffLimitPerIndex: Invalid value: 1: requires indexed completion mode",
    ),
    "failure rule": (
        {"spec.podFailurePolicy": {"rules": [{"action": "FailJob", "onExitCodes": {"operator": "In", "values": [3]}}]}},
    ),
    "failure by zero": (
        {"spec.podFailurePolicy": {"rules": [{"action": "FailJob", "onExitCodes": {"operator": "In", "values": [0]}}]}},
        f"{FAILS}.onExitCodes.values[0]: Invalid value: 0: must not be 0 for the In operator",
    ),
    "managed by": (
        {"spec.managedBy": "mine"},
        'spec.managedBy: Invalid value: "mine": must be a domain-prefixed path (such as "acme.io/foo")',
    ),
}
INDEXED = changed(JOB, {"spec.completionMode": "Indexed", "spec.completions": 3, "spec.parallelism": 3})
JOB_CHANGES: Table = {
    "parallelism": ({"spec.parallelism": 2},),
    "completions alone": (
        {"spec.completions": 4},
        "spec.completions: Invalid value: 4: can only be modified in tandem with spec.parallelism",
    ),
    "both": ({"spec.completions": 4, "spec.parallelism": 4},),
    "mode": (
        {"spec.completionMode": "NonIndexed"},
        'spec.completionMode: Invalid value: "NonIndexed": field is immutable',
    ),
    "suspended": ({"spec.suspend": True},),
}
CRON: Obj = {
    "metadata": {"name": "c"},
    "spec": {
        "schedule": "*/5 * * * *",
        "jobTemplate": {"spec": {"template": {"spec": {"restartPolicy": "Never", "containers": [container()]}}}},
    },
}
CRONJOBS: Table = {
    "plain": ({},),
    "by name": ({"spec.schedule": "@hourly"},),
    "every nothing": (
        {"spec.schedule": "*/0 * * * *"},
        'spec.schedule: Invalid value: "*/0 * * * *": step of range should be a positive number: */0',
    ),
    "beyond the hour": (
        {"spec.schedule": "1-99999 * * * *"},
        'spec.schedule: Invalid value: "1-99999 * * * *": end of range (99999) above maximum (59): 1-99999',
    ),
    "eighth day": (
        {"spec.schedule": "* * * * 8"},
        'spec.schedule: Invalid value: "* * * * 8": end of range (8) above maximum (6): 8',
    ),
    "fields": (
        {"spec.schedule": "* *"},
        'spec.schedule: Invalid value: "* *": expected exactly 5 fields, found 2: [* *]',
    ),
    "zone in the schedule": (
        {"spec.schedule": "TZ=UTC * * * * *"},
        'spec.schedule: Invalid value: "TZ=UTC * * * * *": cannot use TZ or CRON_TZ in schedule, use timeZone field'
        " instead",
    ),
    "zone": ({"spec.timeZone": "Europe/Berlin"},),
    "unknown zone": (
        {"spec.timeZone": "Mars/Base"},
        'spec.timeZone: Invalid value: "Mars/Base": unknown time zone Mars/Base',
    ),
    "local zone": (
        {"spec.timeZone": "Local"},
        'spec.timeZone: Invalid value: "Local": timeZone must be an explicit time zone as defined in'
        " https://www.iana.org/time-zones",
    ),
    "concurrency": (
        {"spec.concurrencyPolicy": "X"},
        'spec.concurrencyPolicy: Unsupported value: "X": supported values: "Allow", "Forbid", "Replace"',
    ),
    "history": (
        {"spec.failedJobsHistoryLimit": -1},
        f"spec.failedJobsHistoryLimit: Invalid value: -1: {AT_LEAST_0}",
    ),
    "starting deadline": (
        {"spec.startingDeadlineSeconds": -1},
        f"spec.startingDeadlineSeconds: Invalid value: -1: {AT_LEAST_0}",
    ),
    "long name": (
        {"metadata.name": "c" * 53},
        f'metadata.name: Invalid value: "{"c" * 53}": must be no more than 52 characters',
    ),
}
HPA: Obj = {
    "metadata": {"name": "h"},
    "spec": {"maxReplicas": 3, "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}},
}
CPU = {"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 50}}}
AUTOSCALERS: Table = {
    "plain": ({},),
    "none at all": ({"spec.minReplicas": 0}, "spec.minReplicas: Invalid value: 0: must be greater than or equal to 1"),
    "most below least": (
        {"spec.minReplicas": 5},
        "spec.maxReplicas: Invalid value: 3: must be greater than or equal to `minReplicas`",
    ),
    "no most": (
        {"spec.maxReplicas": 0},
        "spec.maxReplicas: Invalid value: 0: must be greater than 0",
        "spec.maxReplicas: Invalid value: 0: must be greater than or equal to `minReplicas`",
    ),
    "nothing scaled": ({"spec.scaleTargetRef.name": ""}, "spec.scaleTargetRef.name: Required value"),
    "metric": ({"spec.metrics": [CPU]},),
    "metric without source": (
        {"spec.metrics": [{"type": "Resource"}]},
        "spec.metrics[0].resource: Required value: must populate information for the given metric source",
    ),
    "two sources": (
        {"spec.metrics": [CPU | {"external": {"metric": {"name": "x"}, "target": {"type": "Value", "value": "1"}}}]},
        "spec.metrics[0].external: Forbidden: must populate the given metric source only",
    ),
    "no target": (
        {"spec.metrics": [{"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization"}}}]},
        "spec.metrics[0].resource.target.averageUtilization: Required value: must set either a target raw value or a"
        " target utilization",
    ),
    "window": (
        {"spec.behavior": {"scaleDown": {"stabilizationWindowSeconds": 4000}}},
        "spec.behavior.scaleDown.stabilizationWindowSeconds: Invalid value: 4000: must be less than or equal to 3600",
    ),
    "policy": (
        {"spec.behavior": {"scaleUp": {"policies": [{"type": "X", "value": 0, "periodSeconds": 2000}]}}},
        'spec.behavior.scaleUp.policies[0].type: Unsupported value: "X": supported values: "Percent", "Pods"',
        "spec.behavior.scaleUp.policies[0].value: Invalid value: 0: must be greater than zero",
        "spec.behavior.scaleUp.policies[0].periodSeconds: Invalid value: 2000: must be less than or equal to 1800",
    ),
}
REVISIONS: Table = {
    "no data": ({"data": GONE}, "data: Required value: data is mandatory"),
    "negative": ({"revision": -1}, f"revision: Invalid value: -1: {AT_LEAST_0}"),
    "plain": ({},),
}
REVISION: Obj = {"metadata": {"name": "r"}, "revision": 1, "data": {"a": "b"}}


@pytest.mark.parametrize(
    ("name", "obj", "changes", "causes"),
    list(
        rows(
            deployments=("deployments.apps", workload(), DEPLOYMENTS),
            daemonsets=("daemonsets.apps", workload(), DAEMONSETS),
            statefulsets=("statefulsets.apps", workload(serviceName="s"), STATEFULSETS),
            jobs=("jobs.batch", JOB, JOBS),
            cronjobs=("cronjobs.batch", CRON, CRONJOBS),
            autoscalers=("horizontalpodautoscalers.autoscaling", HPA, AUTOSCALERS),
            revisions=("controllerrevisions.apps", REVISION, REVISIONS),
        )
    ),
)
def test_a_new_workload(name: str, obj: Obj, changes: dict[str, Any], causes: list[str]) -> None:
    assert created(name, changed(obj, changes)) == causes


@pytest.mark.parametrize(
    ("name", "obj", "changes", "causes"),
    list(
        rows(
            deployments=("deployments.apps", workload(), DEPLOYMENT_CHANGES),
            replicasets=("replicasets.apps", workload(), DEPLOYMENT_CHANGES),
            daemonsets=("daemonsets.apps", workload(), {"selector": DEPLOYMENT_CHANGES["selector"]}),
            statefulsets=("statefulsets.apps", workload(serviceName="s"), STATEFULSET_CHANGES),
            jobs=("jobs.batch", INDEXED, JOB_CHANGES),
        )
    ),
)
def test_a_workload_changes(name: str, obj: Obj, changes: dict[str, Any], causes: list[str]) -> None:
    assert updated(name, obj, changes) == causes


@pytest.mark.parametrize("name", ["deployments.apps", "replicasets.apps", "statefulsets.apps"])
def test_counts_of_a_status_fit_together(name: str) -> None:
    ready = {"status.replicas": 2, "status.readyReplicas": 2, "status.availableReplicas": 1}
    assert updated(name, workload(), ready, "status") == []
    ready["status.readyReplicas"] = 3
    assert updated(name, workload(), ready, "status") == [
        "status.readyReplicas: Invalid value: 3: cannot be greater than status.replicas"
    ]


def test_what_was_wrong_before_may_stay() -> None:
    """An object from the time before a rule: changing something else must be possible."""
    old = changed(workload(), {"spec.strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": "999%"}}})
    assert created("deployments.apps", old)
    assert updated("deployments.apps", old, {"spec.replicas": 3}) == []
    assert updated("deployments.apps", old, {"spec.replicas": -3}) == [
        f"spec.replicas: Invalid value: -3: {AT_LEAST_0}"
    ]
