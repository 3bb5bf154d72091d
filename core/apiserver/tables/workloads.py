"""The tables of what makes pods: apps, batch, autoscaling and policy."""

from typing import Any

from core.apiserver.tables.columns import (
    AGE,
    NAME,
    NONE,
    SELECTOR,
    TEMPLATE,
    UNSET,
    WIDE,
    Cell,
    Column,
    at,
    containers_of,
    count,
    field,
    first_of,
    labels_text,
    number,
    text,
    yes_no,
)
from core.apiserver.tables.durations import human, since
from core.kube.objects import Obj, controller_of, is_true
from core.kube.times import parse_timestamp


def of_replicas(*path: str) -> Cell:
    """`ready/desired`."""
    return lambda obj, now: f"{at(obj, *path, default=0)}/{at(obj, 'spec', 'replicas', default=0)}"


DEPLOYMENTS = (
    NAME,
    Column("Ready", of_replicas("status", "readyReplicas"), description="Number of the pod with ready state"),
    Column(
        "Up-to-date",
        field("status", "updatedReplicas", default=0),
        description="Number of pods that have the desired template.",
    ),
    Column(
        "Available",
        field("status", "availableReplicas", default=0),
        description="Number of pods that were ready for at least minReadySeconds.",
    ),
    AGE,
    *TEMPLATE,
    SELECTOR,
)
REPLICA_SETS = (
    NAME,
    number("Desired", "spec", "replicas", description="Number of desired pods."),
    number("Current", "status", "replicas", description="Number of pods there are."),
    number("Ready", "status", "readyReplicas", description="Number of pods that are ready."),
    AGE,
    *TEMPLATE,
    SELECTOR,
)
# A replication controller's selector is a plain map, from before label selectors had expressions.
REPLICATION_CONTROLLERS = (
    *REPLICA_SETS[:-1],
    Column("Selector", lambda obj, now: labels_text(at(obj, "spec", "selector")), priority=WIDE),
)
STATEFUL_SETS = (
    NAME,
    Column("Ready", of_replicas("status", "readyReplicas"), description="Number of the pod with ready state"),
    AGE,
    *TEMPLATE,
)
DAEMON_SETS = (
    NAME,
    number("Desired", "status", "desiredNumberScheduled"),
    number("Current", "status", "currentNumberScheduled"),
    number("Ready", "status", "numberReady"),
    number("Up-to-date", "status", "updatedNumberScheduled"),
    number("Available", "status", "numberAvailable"),
    Column("Node Selector", lambda obj, now: labels_text(at(obj, "spec", "template", "spec", "nodeSelector"))),
    AGE,
    *TEMPLATE,
    SELECTOR,
)
POD_TEMPLATES = (
    NAME,
    *(
        Column(column.name, column.cell, description=column.description)
        for column in containers_of("template", "spec", "containers")
    ),
    Column("Pod Labels", lambda obj, now: labels_text(at(obj, "template", "metadata", "labels"))),
)


def _controller(obj: Obj, now: float) -> str:
    owner = controller_of(obj)
    if owner is None:
        return NONE
    group = owner["apiVersion"].partition("/")[0] if "/" in owner["apiVersion"] else ""
    return f"{owner['kind'].lower()}{'.' + group if group else ''}/{owner['name']}"


CONTROLLER_REVISIONS = (
    NAME,
    Column("Controller", _controller),
    text("Revision", "revision", default=0),
    AGE,
)


JOB_STATES = (
    ("Complete", "Complete"),
    ("Failed", "Failed"),
    ("Suspended", "Suspended"),
    ("FailureTarget", "FailureTarget"),
)


def _job_status(job: Obj, now: float) -> str:
    for kind, word in JOB_STATES:
        if is_true(job, kind):
            return word
    if "deletionTimestamp" in job["metadata"]:
        return "Terminating"
    return "SuccessCriteriaMet" if is_true(job, "SuccessCriteriaMet") else "Running"


def _completions(job: Obj, now: float) -> str:
    succeeded, wanted = at(job, "status", "succeeded", default=0), at(job, "spec", "completions")
    if wanted is not None:
        return f"{succeeded}/{wanted}"
    parallel = at(job, "spec", "parallelism", default=0)
    return f"{succeeded}/1 of {parallel}" if parallel > 1 else f"{succeeded}/1"


def _duration(job: Obj, now: float) -> str:
    start, end = at(job, "status", "startTime"), at(job, "status", "completionTime")
    if not start:
        return ""
    return human((parse_timestamp(end) if end else now) - parse_timestamp(start))


JOBS = (
    NAME,
    Column("Status", _job_status, description="Status of the job."),
    Column("Completions", _completions, description="Pods that succeeded, of those wanted."),
    Column("Duration", _duration, description="Time required to complete the job."),
    AGE,
    *TEMPLATE,
    SELECTOR,
)


def _last_schedule(obj: Obj, now: float) -> str:
    last = at(obj, "status", "lastScheduleTime")
    return since(last, now) if last else NONE


CRON_JOBS = (
    NAME,
    text("Schedule", "spec", "schedule"),
    text("Timezone", "spec", "timeZone", default=NONE),
    yes_no("Suspend", "spec", "suspend", type="boolean"),
    count("Active", ("status", "active"), type="integer"),
    Column("Last Schedule", _last_schedule),
    AGE,
    *containers_of("spec", "jobTemplate", "spec", "template", "spec", "containers"),
    Column("Selector", lambda obj, now: NONE, priority=WIDE),
)


def _current(hpa: Obj, name: str) -> Obj:
    for metric in at(hpa, "status", "currentMetrics", default=()):
        if at(metric, "resource", "name") == name:
            found: Obj = at(metric, "resource", "current", default={})
            return found
    return {}


def _target(hpa: Obj, metric: Obj) -> str:
    """One metric of an autoscaler: `cpu: 12%/80%`. Kinds of metric other than Resource show their target only."""
    source: Any = next((value for key, value in metric.items() if key != "type" and isinstance(value, dict)), {})
    name, target = source.get("name") or at(source, "metric", "name", default=""), source.get("target") or {}
    current = _current(hpa, name)
    for key, unit in (("averageUtilization", "%"), ("averageValue", ""), ("value", "")):
        if key in target:
            seen = f"{current[key]}{unit}" if key in current else "<unknown>"
            average = " (avg)" if key == "averageValue" and metric.get("type") != "Resource" else ""
            return f"{name}: {seen}/{target[key]}{unit}{average}"
    return f"{name}: <unknown>/<auto>"


def _targets(hpa: Obj, now: float) -> str:
    return first_of([_target(hpa, metric) for metric in at(hpa, "spec", "metrics", default=())], 2, ", ")


def _reference(hpa: Obj, now: float) -> str:
    target = at(hpa, "spec", "scaleTargetRef", default={})
    return f"{target.get('kind', '')}/{target.get('name', '')}"


AUTOSCALERS = (
    NAME,
    Column("Reference", _reference),
    Column("Targets", _targets),
    text("MinPods", "spec", "minReplicas", default=UNSET),
    text("MaxPods", "spec", "maxReplicas"),
    text("Replicas", "status", "currentReplicas", default=0),
    AGE,
)
BUDGETS = (
    NAME,
    Column("Min Available", lambda obj, now: str(at(obj, "spec", "minAvailable", default="N/A"))),
    Column("Max Unavailable", lambda obj, now: str(at(obj, "spec", "maxUnavailable", default="N/A"))),
    number("Allowed Disruptions", "status", "disruptionsAllowed"),
    AGE,
)
