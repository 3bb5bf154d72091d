"""Workloads: a selector that matches the template, counts that make sense, what may never change again.

Reference: kubernetes `pkg/apis/apps/validation`, `pkg/apis/batch/validation`, `pkg/apis/autoscaling/validation`.
"""

from collections.abc import Iterator
from typing import Any

from core.kube.causes import Cause, forbidden, invalid_value, not_supported, required
from core.kube.objects import Obj
from core.kube.quantities import compare
from core.kube.selectors import object_selector
from core.kube.validation import pods
from core.kube.validation.common import (
    POSITIVE,
    at_least_zero,
    immutable,
    int_or_percent,
    is_zero,
    label_selector,
    one_of,
)

SELECTOR_MISMATCH = "`selector` does not match template `labels`"
EMPTY_SELECTOR = "empty selector is invalid for {kind}"
BOTH_ZERO = "may not be 0 when `maxSurge` is 0"
BOTH_SET = "may not be set when maxSurge is 0"
ROLLING_FORBIDDEN = "may not be specified when strategy `type` is 'Recreate'"
DEADLINE_TOO_SHORT = "must be greater than minReadySeconds"
DEADLINE_FORBIDDEN = "activeDeadlineSeconds in {kind} is not Supported"
JOB_POLICIES = 'valid values: "OnFailure", "Never"'
SCHEDULE_FIELDS = "expected exactly 5 fields, found {count}: [{text}]"
SCHEDULE_FIELD = 'failed to parse int from {text}: strconv.Atoi: parsing "{text}": invalid syntax'
SCHEDULE_NAMES = ("@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly")
SCHEDULE_LETTERS = frozenset("0123456789*/,-?abcdefghijklmnopqrstuvwxyz")
STATEFULSET_FIXED = (
    "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy',"
    " 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden"
)
STATEFULSET_MUTABLE = frozenset(
    (
        "replicas",
        "ordinals",
        "template",
        "updateStrategy",
        "revisionHistoryLimit",
        "persistentVolumeClaimRetentionPolicy",
        "minReadySeconds",
    )
)
BELOW_MINIMUM = "must be greater than or equal to `minReplicas`"


def deployment(obj: Obj) -> Iterator[Cause]:
    spec: Obj = obj.get("spec") or {}
    yield from at_least_zero("spec.replicas", spec.get("replicas"))
    yield from _selected_template(spec, "Deployment")
    strategy = spec.get("strategy") or {}
    yield from one_of("spec.strategy.type", strategy.get("type"), ("Recreate", "RollingUpdate"))
    rolling = strategy.get("rollingUpdate")
    if strategy.get("type") == "Recreate":
        if rolling is not None:
            yield forbidden("spec.strategy.rollingUpdate", ROLLING_FORBIDDEN)
    elif rolling is not None:
        yield from _rolling(rolling, "spec.strategy.rollingUpdate")
    for name in ("minReadySeconds", "revisionHistoryLimit", "progressDeadlineSeconds"):
        yield from at_least_zero(f"spec.{name}", spec.get(name))
    deadline = spec.get("progressDeadlineSeconds")
    if deadline is not None and deadline <= spec.get("minReadySeconds", 0):
        yield invalid_value("spec.progressDeadlineSeconds", deadline, DEADLINE_TOO_SHORT)


def replicaset(obj: Obj) -> Iterator[Cause]:
    spec: Obj = obj.get("spec") or {}
    yield from at_least_zero("spec.replicas", spec.get("replicas"))
    yield from at_least_zero("spec.minReadySeconds", spec.get("minReadySeconds"))
    yield from _selected_template(spec, "ReplicaSet")


def replicationcontroller(obj: Obj) -> Iterator[Cause]:
    spec: Obj = obj.get("spec") or {}
    yield from at_least_zero("spec.minReadySeconds", spec.get("minReadySeconds"))
    if not spec.get("selector"):
        yield required("spec.selector")
    yield from at_least_zero("spec.replicas", spec.get("replicas"))
    template = spec.get("template") or {}
    labels = (template.get("metadata") or {}).get("labels")
    if spec.get("selector") and not spec["selector"].items() <= (labels or {}).items():
        yield invalid_value("spec.template.metadata.labels", labels, SELECTOR_MISMATCH)
    yield from pods.template(template, "spec.template")
    yield from _always("spec.template.spec", template, "ReplicationController")


def daemonset(obj: Obj) -> Iterator[Cause]:
    spec: Obj = obj.get("spec") or {}
    yield from _selected_template(spec, "DaemonSet")
    strategy = spec.get("updateStrategy") or {}
    yield from one_of("spec.updateStrategy.type", strategy.get("type"), ("OnDelete", "RollingUpdate"))
    if strategy.get("type") == "RollingUpdate":
        yield from _rolling(strategy.get("rollingUpdate") or {}, "spec.updateStrategy.rollingUpdate")
    for name in ("minReadySeconds", "revisionHistoryLimit"):
        yield from at_least_zero(f"spec.{name}", spec.get(name))


def statefulset(obj: Obj) -> Iterator[Cause]:
    spec: Obj = obj.get("spec") or {}
    yield from one_of("spec.podManagementPolicy", spec.get("podManagementPolicy"), ("OrderedReady", "Parallel"))
    strategy = spec.get("updateStrategy") or {}
    yield from one_of("spec.updateStrategy.type", strategy.get("type"), ("OnDelete", "RollingUpdate"))
    rolling = strategy.get("rollingUpdate") or {}
    yield from at_least_zero("spec.updateStrategy.rollingUpdate.partition", rolling.get("partition"))
    for name in ("replicas", "minReadySeconds", "revisionHistoryLimit"):
        yield from at_least_zero(f"spec.{name}", spec.get(name))
    yield from _selected_template(spec, "StatefulSet", known_volumes=spec.get("volumeClaimTemplates") or [])


def job(obj: Obj) -> Iterator[Cause]:
    yield from _job_spec(obj.get("spec") or {}, "spec")


def _job_spec(spec: Obj, field: str) -> Iterator[Cause]:
    for name in (
        "parallelism",
        "completions",
        "activeDeadlineSeconds",
        "backoffLimit",
        "ttlSecondsAfterFinished",
        "backoffLimitPerIndex",
        "maxFailedIndexes",
    ):
        yield from at_least_zero(f"{field}.{name}", spec.get(name))
    if spec.get("completionMode") == "Indexed" and "completions" not in spec:
        yield required(f"{field}.completions", "when completion mode is Indexed")
    template = spec.get("template") or {}
    yield from pods.template(template, f"{field}.template")
    policy = (template.get("spec") or {}).get("restartPolicy")
    if policy == "Always":
        yield required(f"{field}.template.spec.restartPolicy", JOB_POLICIES)
    elif policy == "OnFailure" and "podFailurePolicy" in spec:
        yield invalid_value(
            f"{field}.template.spec.restartPolicy",
            policy,
            'only "Never" is supported when podFailurePolicy is specified',
        )


def cronjob(obj: Obj) -> Iterator[Cause]:
    spec: Obj = obj.get("spec") or {}
    schedule = spec.get("schedule", "")
    if not schedule:
        yield required("spec.schedule")
    else:
        yield from _schedule("spec.schedule", schedule)
    for name in ("startingDeadlineSeconds", "successfulJobsHistoryLimit", "failedJobsHistoryLimit"):
        yield from at_least_zero(f"spec.{name}", spec.get(name))
    yield from one_of("spec.concurrencyPolicy", spec.get("concurrencyPolicy"), ("Allow", "Forbid", "Replace"))
    yield from _job_spec((spec.get("jobTemplate") or {}).get("spec") or {}, "spec.jobTemplate.spec")
    if len(obj["metadata"].get("name", "")) > 52:
        yield invalid_value("metadata.name", obj["metadata"]["name"], "must be no more than 52 characters")


def _schedule(field: str, schedule: str) -> Iterator[Cause]:
    """Five fields or a name; what they mean is the controller's affair."""
    if "TZ" in schedule:
        yield invalid_value(field, schedule, "cannot use TZ or CRON_TZ in schedule, use timeZone field instead")
    elif schedule.startswith("@"):
        if schedule not in SCHEDULE_NAMES and not schedule.startswith("@every "):
            yield invalid_value(field, schedule, f"unrecognized descriptor: {schedule}")
    elif len(schedule.split()) != 5:
        yield invalid_value(field, schedule, SCHEDULE_FIELDS.format(count=len(schedule.split()), text=schedule))
    else:
        for part in schedule.split():
            if not set(part.lower()) <= SCHEDULE_LETTERS:
                yield invalid_value(field, schedule, SCHEDULE_FIELD.format(text=part))


def autoscaler(obj: Obj) -> Iterator[Cause]:
    spec: Obj = obj.get("spec") or {}
    least, most = spec.get("minReplicas", 1), spec.get("maxReplicas", 0)
    if least < 1:
        yield invalid_value("spec.minReplicas", least, "must be greater than or equal to 1")
    if most < 1:
        yield invalid_value("spec.maxReplicas", most, POSITIVE)
    elif most < least:
        yield invalid_value("spec.maxReplicas", most, BELOW_MINIMUM)
    target = spec.get("scaleTargetRef") or {}
    for name in ("kind", "name"):
        if not target.get(name):
            yield required(f"spec.scaleTargetRef.{name}")
    for index, metric in enumerate(spec.get("metrics") or ()):
        kinds = ("ContainerResource", "External", "Object", "Pods", "Resource")
        yield from one_of(f"spec.metrics[{index}].type", metric.get("type"), kinds)


def _rolling(rolling: Obj, field: str) -> Iterator[Cause]:
    unavailable, surge = rolling.get("maxUnavailable"), rolling.get("maxSurge")
    yield from int_or_percent(f"{field}.maxUnavailable", unavailable, most=100)
    yield from int_or_percent(f"{field}.maxSurge", surge)
    if is_zero(unavailable) and is_zero(surge):
        yield invalid_value(f"{field}.maxUnavailable", unavailable, BOTH_ZERO)


def _selected_template(spec: Obj, kind: str, *, known_volumes: list[Obj] | None = None) -> Iterator[Cause]:
    """The selector and the template it must match."""
    selector = spec.get("selector")
    template = spec.get("template") or {}
    labels = (template.get("metadata") or {}).get("labels")
    faults: list[Cause] = []
    if selector is None:
        yield required("spec.selector")
    else:
        faults = list(label_selector("spec.selector", selector))
        yield from faults
        if not selector.get("matchLabels") and not selector.get("matchExpressions"):
            yield invalid_value("spec.selector", selector, EMPTY_SELECTOR.format(kind=kind.lower()))
    if not faults and not object_selector(selector)(labels or {}):
        yield invalid_value("spec.template.metadata.labels", labels, SELECTOR_MISMATCH)
    yield from pods.template(_with_claims(template, known_volumes or []), "spec.template")
    yield from _always("spec.template.spec", template, kind)


def _with_claims(template: Obj, claims: list[Obj]) -> Obj:
    """The template as if the volumes that a StatefulSet will add for its claims were there already."""
    if not claims:
        return template
    spec = template.get("spec") or {}
    present = {volume.get("name") for volume in spec.get("volumes") or ()}
    names = [(claim.get("metadata") or {}).get("name", "") for claim in claims]
    more = [{"name": name, "persistentVolumeClaim": {"claimName": name}} for name in names if name not in present]
    return template | {"spec": spec | {"volumes": [*(spec.get("volumes") or ()), *more]}}


def _always(field: str, template: Obj, kind: str) -> Iterator[Cause]:
    spec = template.get("spec") or {}
    policy = spec.get("restartPolicy")
    if policy in ("OnFailure", "Never"):
        yield not_supported(f"{field}.restartPolicy", policy, ("Always",))
    if "activeDeadlineSeconds" in spec:
        yield forbidden(f"{field}.activeDeadlineSeconds", DEADLINE_FORBIDDEN.format(kind=kind))


def same_selector(new: Obj, old: Obj) -> Iterator[Cause]:
    yield from immutable("spec.selector", new["spec"].get("selector"), old["spec"].get("selector"))


def statefulset_update(new: Obj, old: Obj) -> Iterator[Cause]:
    def fixed(obj: Obj) -> dict[str, Any]:
        return {name: value for name, value in obj["spec"].items() if name not in STATEFULSET_MUTABLE}

    after, before = fixed(new), fixed(old)
    for entry in (after, before):  # a claim's amounts may be written in two ways
        entry["volumeClaimTemplates"] = [claim.get("spec") for claim in entry.get("volumeClaimTemplates") or ()]
    if after != before:
        yield forbidden("spec", STATEFULSET_FIXED)


def job_update(new: Obj, old: Obj) -> Iterator[Cause]:
    after, before = new["spec"], old["spec"]
    if before.get("completionMode") != "Indexed":
        yield from immutable("spec.completions", after.get("completions"), before.get("completions"))
    yield from same_selector(new, old)
    if not before.get("suspend"):
        yield from immutable("spec.template", after.get("template"), before.get("template"))
    yield from immutable("spec.completionMode", after.get("completionMode"), before.get("completionMode"))


def grows(field: str, new: Any, old: Any) -> Iterator[Cause]:
    """A quantity that may become more, never less."""
    if new is not None and old is not None and compare(new, old) < 0:
        yield forbidden(field, "field can not be less than status.capacity")
