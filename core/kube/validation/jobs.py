"""Jobs: how many pods, of which kind, when they have failed or succeeded, and what may change while they run.

Reference: kubernetes `pkg/apis/batch/validation`, `pkg/registry/batch/job/strategy.go`.
"""

import re
from collections.abc import Iterator
from typing import Any

from core.kube import formats
from core.kube.causes import (
    OMITTED,
    Cause,
    duplicate,
    invalid_value,
    not_supported,
    required,
    too_long,
    too_many,
)
from core.kube.objects import Obj, condition, is_true
from core.kube.selectors import object_selector
from core.kube.times import parse_timestamp
from core.kube.validation import pods
from core.kube.validation.common import at_least_zero, checked, immutable, label_selector
from core.kube.validation.golang import selector as shown_selector
from core.kube.validation.golang import struct
from core.kube.validation.workloads import SELECTOR_MISMATCH

COMPLETION_MODES = ("NonIndexed", "Indexed")
REPLACEMENT_POLICIES = ("Failed", "TerminatingOrFailed")
FAILURE_ACTIONS = ("Count", "FailIndex", "FailJob", "Ignore")
EXIT_OPERATORS = ("In", "NotIn")
CONDITION_STATES = ("False", "True", "Unknown")
UID_LABELS = ("batch.kubernetes.io/controller-uid", "controller-uid")
NAME_LABELS = ("batch.kubernetes.io/job-name", "job-name")
COUNTS = (
    "parallelism",
    "completions",
    "activeDeadlineSeconds",
    "backoffLimit",
    "ttlSecondsAfterFinished",
    "backoffLimitPerIndex",
)
PARALLELISM_MAX = 100_000
FAILED_INDEXES_MAX = 100_000
MANY_COMPLETIONS = 100_000
MANY_PARALLELISM_MAX = MANY_FAILED_MAX = 10_000
FAILURE_RULES_MAX, PATTERNS_MAX, EXIT_CODES_MAX, SUCCESS_RULES_MAX = 20, 20, 255, 20
INDEXES_LETTERS_MAX, MANAGED_BY_MAX = 64 * 1024, 63

RESTART_POLICIES = 'valid values: "OnFailure", "Never"'
ONLY_NEVER = 'only "Never" is supported when podFailurePolicy is specified'
BUDGET_NEEDED = "when maxFailedIndexes is specified"
COMPLETIONS_NEEDED = "when completion mode is Indexed"
INDEXED_ONLY = "requires indexed completion mode"
PARALLELISM_BOUND = f"must be less than or equal to {PARALLELISM_MAX} when completion mode is Indexed"
OVER_COMPLETIONS = "must be less than or equal to completions"
OVER_MAX = f"must be less than or equal to {FAILED_INDEXES_MAX}"
BOUND_NEEDED = f"must be specified when completions is above {MANY_COMPLETIONS}"
HIGH_COMPLETIONS = (
    "must be less than or equal to {most} when completions are above 100000 and used with backoff limit per index"
)
NEEDS_BUDGET = "requires the backoffLimitPerIndex to be set"
VALID = "valid values: [{values}]"
TWO_CONDITIONS = "specifying both OnExitCodes and OnPodConditions is not supported"
NO_CONDITION = "specifying one of OnExitCodes and OnPodConditions is required"
NO_CONTAINER = "must be one of the container or initContainer names in the pod template"
NO_CODES = "at least one value is required"
ZERO_CODE = "must not be 0 for the In operator"
UNORDERED = "must be ordered"
NO_SUCCESS_RULES = "at least one rules must be specified when the successPolicy is specified"
NO_SUCCESS = "at least one of succeededCount or succeededIndexes must be specified"
BAD_INDEXES = "error parsing succeededIndexes: {why}"
OVER_SPECIFIED = "must be less than or equal to {count} (the number of specified completions)"
OVER_INDEXES = "must be less than or equal to {count} (the number of indexes in the specified succeededIndexes field)"
MUST_BE = "must be '{value}'"
NOT_GENERATED = "`selector` not auto-generated"
WILL_BE_GENERATED = "`selector` will be auto-generated"
LONG_HOSTNAME = "will not able to create pod with invalid DNS label: {name}"
IN_TANDEM = "can only be modified in tandem with spec.parallelism"


def job(obj: Obj) -> Iterator[Cause]:
    spec, meta = obj.get("spec") or {}, obj["metadata"]
    if not spec.get("manualSelector"):
        yield from _generated(spec, meta)
    yield from _spec(spec, "spec")
    selector = spec.get("selector")
    labels = ((spec.get("template") or {}).get("metadata") or {}).get("labels")
    if selector is None:
        yield required("spec.selector")
    else:
        faults = list(label_selector("spec.selector", selector))
        yield from faults
        if not faults and not object_selector(selector)(labels or {}):
            yield invalid_value("spec.template.metadata.labels", labels, SELECTOR_MISMATCH)
    if spec.get("completionMode") == "Indexed" and spec.get("completions", 0) > 0:
        last = f"{meta.get('name', '')}-{spec['completions'] - 1}"
        if formats.dns_label(last):
            yield invalid_value("metadata.name", meta.get("name", ""), LONG_HOSTNAME.format(name=last))


def _generated(spec: Obj, meta: Obj) -> Iterator[Cause]:
    """The selector is the server's own. Somebody else's could take the pods of other Jobs."""
    selector = spec.get("selector")
    if selector is None:
        return
    labels = ((spec.get("template") or {}).get("metadata") or {}).get("labels") or {}
    uid, name = str(meta.get("uid", "")), str(meta.get("name", ""))
    own = dict.fromkeys(UID_LABELS, uid) | dict.fromkeys(NAME_LABELS, name)
    for label in (UID_LABELS[0], NAME_LABELS[0]):
        path = f"spec.template.metadata.labels[{label}]"
        if label not in labels:
            yield required(path, MUST_BE.format(value=own[label]))
        elif labels[label] != own[label]:
            yield invalid_value(path, labels, MUST_BE.format(value=own[label]))
    if not any(label_selector("", selector)) and not object_selector(selector)(own):
        yield invalid_value("spec.selector", shown_selector(selector), NOT_GENERATED)


def template(holder: Obj, field: str) -> Iterator[Cause]:
    """A CronJob's template of its Jobs: their selectors come with them."""
    spec = holder.get("spec") or {}
    yield from _spec(spec, f"{field}.spec")
    if "selector" in spec:
        yield invalid_value(f"{field}.spec.selector", shown_selector(spec["selector"]), WILL_BE_GENERATED)
    if spec.get("manualSelector"):
        yield not_supported(f"{field}.spec.manualSelector", True, ("nil", "false"))


def _spec(spec: Obj, field: str) -> Iterator[Cause]:
    for name in COUNTS:
        yield from at_least_zero(f"{field}.{name}", spec.get(name))
    if "maxFailedIndexes" in spec:
        yield from at_least_zero(f"{field}.maxFailedIndexes", spec["maxFailedIndexes"])
        if "backoffLimitPerIndex" not in spec:
            yield required(f"{field}.backoffLimitPerIndex", BUDGET_NEEDED)
    if "managedBy" in spec:
        yield from domain_path(f"{field}.managedBy", spec["managedBy"])
        if len(spec["managedBy"]) > MANAGED_BY_MAX:
            yield too_long(f"{field}.managedBy", MANAGED_BY_MAX)
    mode = spec.get("completionMode", "NonIndexed")
    if mode not in COMPLETION_MODES:
        yield not_supported(f"{field}.completionMode", mode, COMPLETION_MODES)
    elif mode == "Indexed":
        yield from _indexed(spec, field)
    else:
        for name in ("backoffLimitPerIndex", "maxFailedIndexes"):
            if name in spec:
                yield invalid_value(f"{field}.{name}", spec[name], INDEXED_ONLY)
    if "podFailurePolicy" in spec:
        yield from _failure_policy(spec, f"{field}.podFailurePolicy")
    if "successPolicy" in spec:
        if mode != "Indexed":
            yield invalid_value(f"{field}.successPolicy", struct("SuccessPolicy", spec["successPolicy"]), INDEXED_ONLY)
        else:
            yield from _success_policy(spec, f"{field}.successPolicy")
    replacement = spec.get("podReplacementPolicy")
    if replacement is not None:
        supported = ("Failed",) if "podFailurePolicy" in spec else REPLACEMENT_POLICIES
        if replacement not in supported:
            yield not_supported(f"{field}.podReplacementPolicy", replacement, supported)
    pod_template = spec.get("template") or {}
    yield from pods.template(pod_template, f"{field}.template")
    yield from _restart_policy(pod_template, spec, f"{field}.template.spec.restartPolicy")


def _restart_policy(pod_template: Obj, spec: Obj, field: str) -> Iterator[Cause]:
    policy = (pod_template.get("spec") or {}).get("restartPolicy", "")
    if policy in ("", "Always"):
        yield required(field, RESTART_POLICIES)
    elif policy not in ("OnFailure", "Never"):
        yield not_supported(field, policy, ("OnFailure", "Never"))
    elif policy == "OnFailure" and "podFailurePolicy" in spec:
        yield invalid_value(field, policy, ONLY_NEVER)


def _indexed(spec: Obj, field: str) -> Iterator[Cause]:
    completions, parallelism = spec.get("completions"), spec.get("parallelism", 0)
    failed = spec.get("maxFailedIndexes")
    if completions is None:
        yield required(f"{field}.completions", COMPLETIONS_NEEDED)
    if parallelism > PARALLELISM_MAX:
        yield invalid_value(f"{field}.parallelism", parallelism, PARALLELISM_BOUND)
    if completions is not None and failed is not None and failed > completions:
        yield invalid_value(f"{field}.maxFailedIndexes", failed, OVER_COMPLETIONS)
    if failed is not None and failed > FAILED_INDEXES_MAX:
        yield invalid_value(f"{field}.maxFailedIndexes", failed, OVER_MAX)
    if (completions or 0) > MANY_COMPLETIONS and "backoffLimitPerIndex" in spec:
        if failed is None:
            yield required(f"{field}.maxFailedIndexes", BOUND_NEEDED)
        if parallelism > MANY_PARALLELISM_MAX:
            yield invalid_value(f"{field}.parallelism", parallelism, HIGH_COMPLETIONS.format(most=MANY_PARALLELISM_MAX))
        if (failed or 0) > MANY_FAILED_MAX:
            yield invalid_value(f"{field}.maxFailedIndexes", failed, HIGH_COMPLETIONS.format(most=MANY_FAILED_MAX))


def domain_path(field: str, value: str) -> Iterator[Cause]:
    """`example.com/controller`."""
    domain, _, path = value.partition("/")
    if not value:
        yield required(field)
    elif not domain or not path:
        yield invalid_value(field, value, formats.DOMAIN_PATH)
    else:
        yield from checked(field, domain, formats.dns_subdomain)
        if not re.fullmatch(r"[A-Za-z0-9/\-._~%!$&'()*+,;=:]+", path):
            yield invalid_value(field, path, formats.HTTP_PATH)


def _failure_policy(spec: Obj, field: str) -> Iterator[Cause]:
    rules = spec["podFailurePolicy"].get("rules") or []
    if len(rules) > FAILURE_RULES_MAX:
        yield too_many(f"{field}.rules", len(rules), FAILURE_RULES_MAX)
    pod = (spec.get("template") or {}).get("spec") or {}
    names = {each.get("name") for kind in ("containers", "initContainers") for each in pod.get(kind) or ()}
    for index, rule in enumerate(rules):
        yield from _failure_rule(rule, f"{field}.rules[{index}]", names, has_budget="backoffLimitPerIndex" in spec)


def _failure_rule(rule: Obj, field: str, names: set[Any], *, has_budget: bool) -> Iterator[Cause]:
    action = rule.get("action", "")
    if not action:
        yield required(f"{field}.action", _valid(FAILURE_ACTIONS))
    elif action == "FailIndex":
        if not has_budget:
            yield invalid_value(f"{field}.action", action, NEEDS_BUDGET)
    elif action not in FAILURE_ACTIONS:
        yield not_supported(f"{field}.action", action, FAILURE_ACTIONS)
    codes, patterns = rule.get("onExitCodes"), rule.get("onPodConditions") or []
    if codes is not None:
        yield from _exit_codes(codes, f"{field}.onExitCodes", names)
    if len(patterns) > PATTERNS_MAX:
        yield too_many(f"{field}.onPodConditions", len(patterns), PATTERNS_MAX)
    for index, pattern in enumerate(patterns):
        path = f"{field}.onPodConditions[{index}]"
        yield from checked(f"{path}.type", pattern.get("type", ""), formats.qualified_name)
        if not pattern.get("status"):
            yield required(f"{path}.status", _valid(CONDITION_STATES))
        elif pattern["status"] not in CONDITION_STATES:
            yield not_supported(f"{path}.status", pattern["status"], CONDITION_STATES)
    if codes is not None and patterns:
        yield invalid_value(field, OMITTED, TWO_CONDITIONS)
    if codes is None and not patterns:
        yield invalid_value(field, OMITTED, NO_CONDITION)


def _exit_codes(codes: Obj, field: str, names: set[Any]) -> Iterator[Cause]:
    operator, values = codes.get("operator", ""), codes.get("values") or []
    if not operator:
        yield required(f"{field}.operator", _valid(EXIT_OPERATORS))
    elif operator not in EXIT_OPERATORS:
        yield not_supported(f"{field}.operator", operator, EXIT_OPERATORS)
    if "containerName" in codes and codes["containerName"] not in names:
        yield invalid_value(f"{field}.containerName", codes["containerName"], NO_CONTAINER)
    if not values:
        yield invalid_value(f"{field}.values", codes.get("values"), NO_CODES)
    elif len(values) > EXIT_CODES_MAX:
        yield too_many(f"{field}.values", len(values), EXIT_CODES_MAX)
    seen: set[int] = set()
    for index, value in enumerate(values):
        if operator == "In" and value == 0:
            yield invalid_value(f"{field}.values[{index}]", value, ZERO_CODE)
        if value in seen:
            yield duplicate(f"{field}.values[{index}]", value)
        seen.add(value)
    if values != sorted(values):
        yield invalid_value(f"{field}.values", values, UNORDERED)


def _valid(values: tuple[str, ...]) -> str:
    return VALID.format(values=" ".join(f'"{value}"' for value in values))


def _success_policy(spec: Obj, field: str) -> Iterator[Cause]:
    rules, completions = spec["successPolicy"].get("rules") or [], spec.get("completions", 0)
    if not rules:
        yield required(f"{field}.rules", NO_SUCCESS_RULES)
    if len(rules) > SUCCESS_RULES_MAX:
        yield too_many(f"{field}.rules", len(rules), SUCCESS_RULES_MAX)
    for index, rule in enumerate(rules):
        path, total = f"{field}.rules[{index}]", 0
        count, indexes = rule.get("succeededCount"), rule.get("succeededIndexes")
        if count is None and indexes is None:
            yield required(path, NO_SUCCESS)
        if indexes is not None:
            if len(indexes) > INDEXES_LETTERS_MAX:
                yield too_long(f"{path}.succeededIndexes", INDEXES_LETTERS_MAX)
            try:
                total = count_indexes(indexes, completions)
            except ValueError as error:
                yield invalid_value(f"{path}.succeededIndexes", indexes, BAD_INDEXES.format(why=error))
        if count is not None:
            yield from at_least_zero(f"{path}.succeededCount", count)
            if count > completions:
                yield invalid_value(f"{path}.succeededCount", count, OVER_SPECIFIED.format(count=completions))
            if indexes is not None and count > total:
                yield invalid_value(f"{path}.succeededCount", count, OVER_INDEXES.format(count=total))


def count_indexes(text: str, completions: int) -> int:
    """How many indexes `1,3-5` names. Raises ValueError, whose message says what is wrong with it."""
    total, last = 0, -1
    for part in text.split(",") if text else ():
        limits = part.split("-")
        if len(limits) > 2:
            why = "violates the requirement that an index interval can have at most two parts separated by '-'"
            raise ValueError(f'the fragment "{part}" {why}')
        numbers = [_index(limit, completions) for limit in limits]
        if len(numbers) == 2 and numbers[0] >= numbers[1]:
            raise ValueError(f"non-increasing order, previous: {numbers[0]}, current: {numbers[1]}")
        if last >= numbers[0]:
            raise ValueError(f"non-increasing order, previous: {last}, current: {numbers[0]}")
        total += numbers[-1] - numbers[0] + 1
        last = numbers[-1]
    return total


def _index(text: str, completions: int) -> int:
    if not re.fullmatch(r"[0-9]{1,10}", text):
        raise ValueError(f'cannot convert string to integer for index: "{text}"')
    if int(text) >= completions:
        raise ValueError(f'too large index: "{text}"')
    return int(text)


def job_update(new: Obj, old: Obj) -> Iterator[Cause]:
    after, before = new["spec"], old["spec"]
    yield from _completions(after, before)
    yield from immutable("spec.selector", after.get("selector"), before.get("selector"), show=shown_selector)
    was = before.get("template") or {}
    if _may_be_rescheduled(old):
        was = _rescheduled(was, after.get("template") or {})
    yield from immutable("spec.template", after.get("template"), was or None)
    for name, shape in (
        ("completionMode", ""),
        ("podFailurePolicy", "FailurePolicy"),
        ("backoffLimitPerIndex", ""),
        ("managedBy", ""),
        ("successPolicy", "SuccessPolicy"),
    ):
        show = (lambda value, shape=shape: struct(shape, value)) if shape else None
        yield from immutable(f"spec.{name}", after.get(name), before.get(name), show=show)


def _completions(after: Obj, before: Obj) -> Iterator[Cause]:
    """Of an indexed Job they may change together with the parallelism: it is elastic then."""
    wanted, had = after.get("completions"), before.get("completions")
    if after.get("completionMode") != "Indexed":
        yield from immutable("spec.completions", wanted, had)
    elif wanted not in (None, had) and wanted != after.get("parallelism"):
        yield invalid_value("spec.completions", wanted, IN_TANDEM)


def _may_be_rescheduled(job: Obj) -> bool:
    """A Job that was suspended and has no pods may be sent elsewhere: so queueing systems work."""
    status = job.get("status") or {}
    has_begun = "startTime" in status and not is_true(job, "Suspended")
    return bool(job["spec"].get("suspend")) and not has_begun and not status.get("active")


def _rescheduled(was: Obj, wanted: Obj) -> Obj:
    """The old template with all the new one may say otherwise: where the pods go, and how much they ask."""
    spec, wish = dict(was.get("spec") or {}), wanted.get("spec") or {}
    for name in ("nodeSelector", "tolerations", "schedulingGates"):
        _take(spec, wish, name)
    affinity = dict(spec.get("affinity") or {})
    _take(affinity, wish.get("affinity") or {}, "nodeAffinity")
    if affinity or "affinity" in wish:
        spec["affinity"] = affinity
    else:
        spec.pop("affinity", None)
    for kind in ("containers", "initContainers"):
        if len(spec.get(kind) or ()) == len(wish.get(kind) or ()) and kind in spec:
            pairs = zip(spec[kind], wish[kind], strict=True)
            spec[kind] = [had | {"resources": want.get("resources") or {}} for had, want in pairs]
    meta = dict(was.get("metadata") or {})
    for name in ("labels", "annotations"):
        _take(meta, wanted.get("metadata") or {}, name)
    return was | {"spec": spec, "metadata": meta}


def _take(target: Obj, source: Obj, name: str) -> None:
    if name in source:
        target[name] = source[name]
    else:
        target.pop(name, None)


BOTH = "cannot set {one}=True and {other}=true conditions"
NO_REASON = "cannot set {one}=True condition without the {other}=true condition"
TERMINAL = "cannot disable the terminal {kind}=True condition"
NO_COMPLETION = "cannot set completionTime when there is no Complete=True condition"
TIME_NEEDED = "completionTime is required for Complete jobs"
TIME_BEFORE = "completionTime cannot be set before startTime"
TIME_FIXED = "completionTime cannot be mutated"
START_NEEDED = "startTime is required for finished job"
FEWER = "cannot decrease the {name} counter"
MORE_READY = "cannot set more ready pods than active"
STILL = "{name}>0 is invalid for finished job"


def job_status(new: Obj, old: Obj) -> Iterator[Cause]:
    """A Job ends once, for one reason, and what it has counted stays counted."""
    status, before = new.get("status") or {}, old.get("status") or {}
    for name in ("active", "succeeded", "failed", "ready", "terminating"):
        yield from at_least_zero(f"status.{name}", status.get(name))
    yield from _ends(new, status)
    if (status.get("ready") or 0) > (status.get("active") or 0):
        yield invalid_value("status.ready", status.get("ready") or 0, MORE_READY)
    for kind in ("Failed", "Complete", "FailureTarget", "SuccessCriteriaMet"):
        if is_true(old, kind) and not is_true(new, kind):
            yield invalid_value("status.conditions", OMITTED, TERMINAL.format(kind=kind))
    for name in ("failed", "succeeded"):
        if status.get(name, 0) < before.get(name, 0):
            yield invalid_value(f"status.{name}", status.get(name, 0), FEWER.format(name=name))
    end, was = status.get("completionTime"), before.get("completionTime")
    if end and was and end != was:
        yield invalid_value("status.completionTime", end, TIME_FIXED)


def _ends(job: Obj, status: Obj) -> Iterator[Cause]:
    is_complete, is_failed = is_true(job, "Complete"), is_true(job, "Failed")
    for one, other in (("Complete", "Failed"), ("Complete", "FailureTarget"), ("SuccessCriteriaMet", "Failed")):
        if is_true(job, one) and is_true(job, other):
            yield invalid_value("status.conditions", OMITTED, BOTH.format(one=one, other=other))
    end, start = status.get("completionTime"), status.get("startTime")
    if end and not is_complete:
        yield invalid_value("status.completionTime", end, NO_COMPLETION)
    if is_complete and not end:
        yield required("status.completionTime", TIME_NEEDED)
    if end and start and parse_timestamp(end) < parse_timestamp(start):
        yield invalid_value("status.completionTime", end, TIME_BEFORE)
    for one, other in (("Failed", "FailureTarget"), ("Complete", "SuccessCriteriaMet")):
        if is_true(job, one) and condition(job, other) is None:
            yield invalid_value("status.conditions", OMITTED, NO_REASON.format(one=one, other=other))
    if is_complete or is_failed:
        if not start:
            yield required("status.startTime", START_NEEDED)
        for name in ("active", "terminating"):
            if status.get(name, 0) > 0:
                yield invalid_value(f"status.{name}", status[name], STILL.format(name=name))
