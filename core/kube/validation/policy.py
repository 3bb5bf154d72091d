"""Disruption budgets. Reference: kubernetes `pkg/apis/policy/validation`."""

from collections.abc import Iterator

from core.kube.causes import Cause, invalid_value
from core.kube.objects import Obj
from core.kube.validation.common import at_least_zero, int_or_percent, label_selector, optional_one_of
from core.kube.validation.golang import struct

EVICTION_POLICIES = ("AlwaysAllow", "IfHealthyBudget")
BOTH_BUDGETS = "minAvailable and maxUnavailable cannot be both set"


def disruptionbudget(obj: Obj) -> Iterator[Cause]:
    spec: Obj = obj.get("spec") or {}
    if "minAvailable" in spec and "maxUnavailable" in spec:
        yield invalid_value("spec", struct("DisruptionBudget", spec), BOTH_BUDGETS)
    for name in ("minAvailable", "maxUnavailable"):
        if name in spec:
            yield from int_or_percent(f"spec.{name}", spec[name], most=100)
    if "selector" in spec:
        yield from label_selector("spec.selector", spec["selector"])
    policy = spec.get("unhealthyPodEvictionPolicy")
    yield from optional_one_of("spec.unhealthyPodEvictionPolicy", policy, EVICTION_POLICIES)


def disruptionbudget_status(new: Obj, old: Obj) -> Iterator[Cause]:
    status = new.get("status") or {}
    for name in ("disruptionsAllowed", "currentHealthy", "desiredHealthy", "expectedPods"):
        yield from at_least_zero(f"status.{name}", status.get(name))
