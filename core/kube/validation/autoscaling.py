"""HorizontalPodAutoscalers: bounds, what is scaled, by which metrics, how fast.

Reference: kubernetes `pkg/apis/autoscaling/validation`.
"""

from collections.abc import Iterator
from typing import Any

from core.kube import formats
from core.kube.causes import Cause, forbidden, invalid_value, not_supported, required
from core.kube.objects import Obj
from core.kube.quantities import parse
from core.kube.validation.common import ABOVE_ZERO, POSITIVE, at_least_zero, checked, label_selector

SOURCES = {
    # the type of a metric → the field that describes it
    "ContainerResource": "containerResource",
    "External": "external",
    "Object": "object",
    "Pods": "pods",
    "Resource": "resource",
}
TARGET_TYPES = ("Utilization", "Value", "AverageValue")
SELECT_POLICIES = ("Disabled", "Max", "Min")
POLICY_TYPES = ("Percent", "Pods")
WINDOW_MAX, PERIOD_MAX = 3600, 1800

MIN_REPLICAS = "must be greater than or equal to 1"
MAX_UNDER_MIN = "must be greater than or equal to `minReplicas`"
TYPE_NEEDED = "must specify a metric source type"
SOURCE_NEEDED = "must populate information for the given metric source"
SOURCE_ONLY = "must populate the given metric source only"
TARGET_NEEDED = "must specify a metric target"
TARGET_TYPE_NEEDED = "must specify a metric target type"
TARGET_TYPE = "must be either Utilization, Value, or AverageValue"
NOT_POSITIVE = "must be positive"
RAW_OR_USE = "must set either a target raw value or a target utilization"
RAW_AND_USE = "may not set both a target raw value and a target utilization"
AVERAGE_NEEDED = "must specify a positive target averageValue"
VALUE_OR_AVERAGE = "must set either a target value for metric or a per-pod target"
VALUE_OR_EACH = "must set either a target value or averageValue"
VALUE_AND_EACH = "may not set both a target value for metric and a per-pod target"
RESOURCE_NAME, METRIC_NAME, CONTAINER = (
    "must specify a resource name",
    "must specify a metric name",
    "must specify a container",
)
WINDOW_NEGATIVE = "must be greater than or equal to zero"
AT_MOST = "must be less than or equal to {most}"
POLICY_NEEDED = "must specify at least one Policy"


def autoscaler(obj: Obj) -> Iterator[Cause]:
    spec: Obj = obj.get("spec") or {}
    least, most = spec.get("minReplicas"), spec.get("maxReplicas", 0)
    if least is not None and least < 1:
        yield invalid_value("spec.minReplicas", least, MIN_REPLICAS)
    if most < 1:
        yield invalid_value("spec.maxReplicas", most, POSITIVE)
    if least is not None and most < least:
        yield invalid_value("spec.maxReplicas", most, MAX_UNDER_MIN)
    yield from _scaled(spec.get("scaleTargetRef") or {}, "spec.scaleTargetRef")
    for index, metric in enumerate(spec.get("metrics") or ()):
        yield from _metric(metric, f"spec.metrics[{index}]")
    for name in ("scaleUp", "scaleDown"):
        rules = (spec.get("behavior") or {}).get(name)
        if rules is not None:
            yield from _speed(rules, f"spec.behavior.{name}")


def _scaled(reference: Obj, field: str) -> Iterator[Cause]:
    for name in ("kind", "name"):
        if not reference.get(name):
            yield required(f"{field}.{name}")
        else:
            yield from checked(f"{field}.{name}", reference[name], formats.path_segment)


def _metric(metric: Obj, field: str) -> Iterator[Cause]:
    kind = metric.get("type", "")
    if not kind:
        yield required(f"{field}.type", TYPE_NEEDED)
    if kind not in SOURCES:
        yield not_supported(f"{field}.type", kind, SOURCES)
    for name, rule in METRICS.items():
        if name in metric:
            yield from rule(metric[name], f"{field}.{name}")
    named = SOURCES.get(kind)
    if named is None:
        return
    if named not in metric:
        yield required(f"{field}.{named}", SOURCE_NEEDED)
    for name in sorted(SOURCES.values()):
        if name != named and name in metric:
            yield forbidden(f"{field}.{name}", SOURCE_ONLY)


def _object(source: Obj, field: str) -> Iterator[Cause]:
    yield from _scaled(source.get("describedObject") or {}, f"{field}.describedObject")
    yield from _identifier(source.get("metric") or {}, f"{field}.metric")
    target = source.get("target") or {}
    yield from _target(target, f"{field}.target")
    if "value" not in target and "averageValue" not in target:
        yield required(f"{field}.target.averageValue", VALUE_OR_EACH)


def _external(source: Obj, field: str) -> Iterator[Cause]:
    yield from _identifier(source.get("metric") or {}, f"{field}.metric")
    target = source.get("target") or {}
    yield from _target(target, f"{field}.target")
    if "value" not in target and "averageValue" not in target:
        yield required(f"{field}.target.averageValue", VALUE_OR_AVERAGE)
    if "value" in target and "averageValue" in target:
        yield forbidden(f"{field}.target.value", VALUE_AND_EACH)


def _pods(source: Obj, field: str) -> Iterator[Cause]:
    yield from _identifier(source.get("metric") or {}, f"{field}.metric")
    target = source.get("target") or {}
    yield from _target(target, f"{field}.target")
    if "averageValue" not in target or parse(target["averageValue"]) <= 0:
        yield required(f"{field}.target.averageValue", AVERAGE_NEEDED)


def _resource(source: Obj, field: str) -> Iterator[Cause]:
    if not source.get("name"):
        yield required(f"{field}.name", RESOURCE_NAME)
    yield from _use(source.get("target") or {}, f"{field}.target")


def _container_resource(source: Obj, field: str) -> Iterator[Cause]:
    if not source.get("name"):
        yield required(f"{field}.name", RESOURCE_NAME)
    if not source.get("container"):
        yield required(f"{field}.container", CONTAINER)
    yield from _use(source.get("target") or {}, f"{field}.target")


def _use(target: Obj, field: str) -> Iterator[Cause]:
    yield from _target(target, field)
    if "averageUtilization" not in target and "averageValue" not in target:
        yield required(f"{field}.averageUtilization", RAW_OR_USE)
    if "averageUtilization" in target and "averageValue" in target:
        yield forbidden(f"{field}.averageValue", RAW_AND_USE)


METRICS = {
    "object": _object,
    "external": _external,
    "pods": _pods,
    "resource": _resource,
    "containerResource": _container_resource,
}


def _identifier(metric: Obj, field: str) -> Iterator[Cause]:
    name = metric.get("name", "")
    if not name:
        yield required(f"{field}.name", METRIC_NAME)
    else:
        yield from checked(f"{field}.name", name, formats.path_segment)
    if "selector" in metric:
        yield from label_selector(f"{field}.selector", metric["selector"])


def _target(target: Obj, field: str) -> Iterator[Cause]:
    kind = target.get("type", "")
    if not kind:
        yield required(f"{field}.type", TARGET_TYPE_NEEDED)
    if kind not in TARGET_TYPES:
        yield invalid_value(f"{field}.type", kind, TARGET_TYPE)
    for name in ("value", "averageValue"):
        if name in target and parse(target[name]) <= 0:
            yield invalid_value(f"{field}.{name}", str(target[name]), NOT_POSITIVE)
    if target.get("averageUtilization", 1) < 1:
        yield invalid_value(f"{field}.averageUtilization", target["averageUtilization"], POSITIVE)


def _speed(rules: Obj, field: str) -> Iterator[Cause]:
    window: Any = rules.get("stabilizationWindowSeconds")
    if window is not None and window < 0:
        yield invalid_value(f"{field}.stabilizationWindowSeconds", window, WINDOW_NEGATIVE)
    if window is not None and window > WINDOW_MAX:
        yield invalid_value(f"{field}.stabilizationWindowSeconds", window, AT_MOST.format(most=WINDOW_MAX))
    choice = rules.get("selectPolicy")
    if choice is not None and choice not in SELECT_POLICIES:
        yield not_supported(f"{field}.selectPolicy", choice, SELECT_POLICIES)
    if not rules.get("policies"):
        yield required(f"{field}.policies", POLICY_NEEDED)
    for index, policy in enumerate(rules.get("policies") or ()):
        yield from _policy(policy, f"{field}.policies[{index}]")


def _policy(policy: Obj, field: str) -> Iterator[Cause]:
    kind, period = policy.get("type", ""), policy.get("periodSeconds", 0)
    if kind not in POLICY_TYPES:
        yield not_supported(f"{field}.type", kind, POLICY_TYPES)
    if policy.get("value", 0) <= 0:
        yield invalid_value(f"{field}.value", policy.get("value", 0), ABOVE_ZERO)
    if period <= 0:
        yield invalid_value(f"{field}.periodSeconds", period, ABOVE_ZERO)
    if period > PERIOD_MAX:
        yield invalid_value(f"{field}.periodSeconds", period, AT_MOST.format(most=PERIOD_MAX))


def autoscaler_status(new: Obj, old: Obj) -> Iterator[Cause]:
    for name in ("currentReplicas", "desiredReplicas"):
        yield from at_least_zero(f"status.{name}", (new.get("status") or {}).get(name))
