"""Defaults of what makes pods: deployments, sets, jobs, autoscalers."""

from core.kube.defaults.filling import fill, section
from core.kube.defaults.pods import claim as default_claim
from core.kube.defaults.pods import template
from core.kube.objects import Obj

JOB_BACKOFF = 6
HPA_POLICY_DOWN = [{"type": "Percent", "value": 100, "periodSeconds": 15}]
HPA_POLICY_UP = [
    {"type": "Pods", "value": 4, "periodSeconds": 15},
    {"type": "Percent", "value": 100, "periodSeconds": 15},
]


def deployment(obj: Obj) -> None:
    spec = section(obj, "spec")
    fill(spec, replicas=1, revisionHistoryLimit=10, progressDeadlineSeconds=600)
    strategy = section(spec, "strategy")
    strategy.setdefault("type", "RollingUpdate")
    if strategy["type"] == "RollingUpdate":
        fill(section(strategy, "rollingUpdate"), maxUnavailable="25%", maxSurge="25%")
    template(spec)


def replicaset(obj: Obj) -> None:
    spec = section(obj, "spec")
    spec.setdefault("replicas", 1)
    template(spec)


def replicationcontroller(obj: Obj) -> None:
    spec = section(obj, "spec")
    spec.setdefault("replicas", 1)
    template(spec)
    labels = (spec["template"].get("metadata") or {}).get("labels")
    if labels:
        if not spec.get("selector"):
            spec["selector"] = dict(labels)
        if not obj["metadata"].get("labels"):
            obj["metadata"]["labels"] = dict(labels)


def daemonset(obj: Obj) -> None:
    spec = section(obj, "spec")
    spec.setdefault("revisionHistoryLimit", 10)
    strategy = section(spec, "updateStrategy")
    strategy.setdefault("type", "RollingUpdate")
    if strategy["type"] == "RollingUpdate":
        fill(section(strategy, "rollingUpdate"), maxUnavailable=1, maxSurge=0)
    template(spec)


def statefulset(obj: Obj) -> None:
    spec = section(obj, "spec")
    fill(spec, podManagementPolicy="OrderedReady", replicas=1, revisionHistoryLimit=10)
    strategy = section(spec, "updateStrategy")
    strategy.setdefault("type", "RollingUpdate")
    if strategy["type"] == "RollingUpdate":
        section(strategy, "rollingUpdate").setdefault("partition", 0)
    fill(section(spec, "persistentVolumeClaimRetentionPolicy"), whenDeleted="Retain", whenScaled="Retain")
    template(spec)
    for claim in spec.get("volumeClaimTemplates") or ():
        fill(claim, kind="PersistentVolumeClaim", apiVersion="v1")
        default_claim(claim)
        claim.setdefault("status", {"phase": "Pending"})


def job(obj: Obj) -> None:
    _job_spec(section(obj, "spec"))
    labels = (obj["spec"]["template"].get("metadata") or {}).get("labels")
    if labels and not obj["metadata"].get("labels"):
        obj["metadata"]["labels"] = dict(labels)


def _job_spec(spec: Obj) -> None:
    if "completions" not in spec and "parallelism" not in spec:
        spec["completions"] = 1
    is_indexed_budget = "backoffLimitPerIndex" in spec
    fill(
        spec,
        parallelism=1,
        backoffLimit=2**31 - 1 if is_indexed_budget else JOB_BACKOFF,
        completionMode="NonIndexed",
        suspend=False,
        manualSelector=False,
    )
    spec.setdefault("podReplacementPolicy", "Failed" if "podFailurePolicy" in spec else "TerminatingOrFailed")
    for rule in (spec.get("podFailurePolicy") or {}).get("rules") or ():
        for pattern in rule.get("onPodConditions") or ():
            pattern.setdefault("status", "True")
    template(spec)


def cronjob(obj: Obj) -> None:
    spec = section(obj, "spec")
    fill(spec, concurrencyPolicy="Allow", suspend=False, successfulJobsHistoryLimit=3, failedJobsHistoryLimit=1)
    job = section(spec, "jobTemplate")
    section(job, "metadata")
    template(section(job, "spec"))  # the rest of the job's defaults come when the job is made


def podtemplate(obj: Obj) -> None:
    template(obj)


def hpa(obj: Obj) -> None:
    spec = section(obj, "spec")
    spec.setdefault("minReplicas", 1)
    if not spec.get("metrics"):
        target = {"type": "Utilization", "averageUtilization": 80}
        spec["metrics"] = [{"type": "Resource", "resource": {"name": "cpu", "target": target}}]
    behavior = spec.get("behavior")
    if behavior is not None:
        fill(section(behavior, "scaleDown"), selectPolicy="Max", policies=[dict(rule) for rule in HPA_POLICY_DOWN])
        up = section(behavior, "scaleUp")
        fill(up, stabilizationWindowSeconds=0, selectPolicy="Max", policies=[dict(rule) for rule in HPA_POLICY_UP])
