"""ResourceQuotas and LimitRanges: which resources may be counted, in which scopes, within which limits.

Reference: kubernetes `pkg/apis/core/validation` (ValidateResourceQuotaSpec, ValidateLimitRange).
"""

from collections.abc import Iterator
from typing import Any

from core.kube import formats
from core.kube.causes import Cause, duplicate, forbidden, invalid_value, required
from core.kube.objects import Obj
from core.kube.quantities import compare, parse
from core.kube.validation.common import checked, immutable
from core.kube.validation.pods.resources import (
    HUGE_PAGES,
    STANDARD_QUOTA,
    amount,
    container_resource,
    may_overcommit,
    resource_name,
)

SCOPES = frozenset(
    (
        "Terminating",
        "NotTerminating",
        "BestEffort",
        "NotBestEffort",
        "PriorityClass",
        "CrossNamespacePodAffinity",
        "VolumeAttributesClass",
    )
)
OPPOSED = (("BestEffort", "NotBestEffort"), ("Terminating", "NotTerminating"))
OF_BEST_EFFORT = frozenset(("pods",))
OF_PODS = frozenset(("pods", "cpu", "memory", "limits.cpu", "limits.memory", "requests.cpu", "requests.memory"))
LIMIT_TYPES = ("Pod", "Container", "PersistentVolumeClaim")

NOT_QUOTA = "must be a standard resource for quota"
BAD_SCOPE = "unsupported scope"
OTHER_SCOPE = "unsupported scope applied to resource"
OPPOSED_SCOPES = "conflicting scopes"
MUST_EXIST = (
    "must be 'Exists' when scope is any of ResourceQuotaScopeTerminating, ResourceQuotaScopeNotTerminating,"
    " ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort or ResourceQuotaScopeCrossNamespacePodAffinity"
)
VALUE_NEEDED = "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector"
VALUE_UNUSED = "must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector"
BAD_OPERATOR = "not a valid selector operator"
NOT_A_TYPE = "must be a standard limit type or fully qualified"
NOT_OF_PODS = "may not be specified when `type` is 'Pod'"
STORAGE_LIMIT = "either minimum or maximum storage value is required, but neither was provided"
MIN_OVER = "min value {least} is greater than {kind} value {other}"
MAX_UNDER = "{kind} value {other} is greater than max value {most}"
REQUEST_OVER = "default request value {request} is greater than default limit value {default}"
RATIO_UNDER_ONE = "ratio {ratio} is less than 1"
RATIO_OVER = "ratio {ratio} is greater than max/min = {bound:f}"
DEFAULTS_DIFFER = "default value {default} must equal to defaultRequest value {request} in {name}"


def resourcequota(obj: Obj) -> Iterator[Cause]:
    spec: Obj = obj.get("spec") or {}
    yield from _counts("spec.hard", spec.get("hard"))
    yield from _scopes(spec)
    yield from _scope_selector(spec)


def _counts(field: str, amounts: Any) -> Iterator[Cause]:
    for name, quantity in (amounts or {}).items():
        path = f"{field}[{name}]"
        for fault in resource_name(name):
            yield invalid_value(path, name, fault)
        is_standard = name in STANDARD_QUOTA or name.startswith((HUGE_PAGES, f"requests.{HUGE_PAGES}"))
        if "/" not in name and not is_standard:
            yield invalid_value(path, name, NOT_QUOTA)
        yield from amount(path, name, quantity)


def _scopes(spec: Obj) -> Iterator[Cause]:
    scopes: list[str] = spec.get("scopes") or []
    for scope in scopes:
        if scope not in SCOPES:
            yield invalid_value("spec.scopes", scopes, BAD_SCOPE)
            continue
        counted = OF_BEST_EFFORT if scope == "BestEffort" else OF_PODS
        for name in sorted(spec.get("hard") or ()):
            if name in STANDARD_QUOTA and scope != "VolumeAttributesClass" and name not in counted:
                yield invalid_value("spec.scopes", scopes, OTHER_SCOPE)
    for one, other in OPPOSED:
        if one in scopes and other in scopes:
            yield invalid_value("spec.scopes", scopes, OPPOSED_SCOPES)


def _scope_selector(spec: Obj) -> Iterator[Cause]:
    field = "spec.scopeSelector.matchExpressions"
    for entry in (spec.get("scopeSelector") or {}).get("matchExpressions") or ():
        scope, operator, values = entry.get("scopeName", ""), entry.get("operator", ""), entry.get("values")
        if scope not in SCOPES:
            yield invalid_value(f"{field}.scopeName", scope, BAD_SCOPE)
        elif scope not in ("PriorityClass", "VolumeAttributesClass") and operator != "Exists":
            yield invalid_value(f"{field}.operator", operator, MUST_EXIST)
        if operator in ("In", "NotIn"):
            if not values:
                yield required(f"{field}.values", VALUE_NEEDED)
        elif operator in ("Exists", "DoesNotExist"):
            if values:
                yield invalid_value(f"{field}.values", values, VALUE_UNUSED)
        else:
            yield invalid_value(f"{field}.operator", operator, BAD_OPERATOR)


def resourcequota_update(new: Obj, old: Obj) -> Iterator[Cause]:
    scopes, had = (sorted(set(obj["spec"].get("scopes") or ())) for obj in (new, old))
    if scopes != had:
        yield from immutable("spec.scopes", new["spec"].get("scopes"), old["spec"].get("scopes"))


def resourcequota_status(new: Obj, old: Obj) -> Iterator[Cause]:
    for part in ("hard", "used"):
        yield from _counts(f"status.{part}", (new.get("status") or {}).get(part))


PARTS = ("max", "min", "default", "defaultRequest", "maxLimitRequestRatio")


def limitrange(obj: Obj) -> Iterator[Cause]:
    types: set[str] = set()
    for index, limit in enumerate((obj.get("spec") or {}).get("limits") or ()):
        path, kind = f"spec.limits[{index}]", limit.get("type", "")
        yield from checked(f"{path}.type", kind, formats.qualified_name)
        if "/" not in kind and kind not in LIMIT_TYPES:
            yield invalid_value(f"{path}.type", kind, NOT_A_TYPE)
        if kind in types:
            yield duplicate(f"{path}.type", kind)
        types.add(kind)
        yield from _limit(path, kind, {part: limit.get(part) or {} for part in PARTS})


def _limit(path: str, kind: str, parts: dict[str, dict[str, str]]) -> Iterator[Cause]:
    check = container_resource if kind in ("Pod", "Container") else resource_name
    for part in ("max", "min"):
        for name in parts[part]:
            for fault in check(name):
                yield invalid_value(f"{path}.{part}[{name}]", name, fault)
    for part in ("default", "defaultRequest"):
        if kind == "Pod" and parts[part]:
            yield forbidden(f"{path}.{part}", NOT_OF_PODS)
            continue
        for name in parts[part]:
            for fault in check(name):
                yield invalid_value(f"{path}.{part}[{name}]", name, fault)
    if kind == "PersistentVolumeClaim" and "storage" not in {**parts["min"], **parts["max"]}:
        yield required(f"{path}.limits", STORAGE_LIMIT)
    for name in parts["maxLimitRequestRatio"]:
        for fault in check(name):
            yield invalid_value(f"{path}.maxLimitRequestRatio[{name}]", name, fault)
    for name in dict.fromkeys(name for amounts in parts.values() for name in amounts):
        yield from _amounts(path, name, {part: amounts.get(name) for part, amounts in parts.items()})


def _amounts(path: str, name: str, at: dict[str, str | None]) -> Iterator[Cause]:
    least, most, request, default = at["min"], at["max"], at["defaultRequest"], at["default"]

    def bad(part: str, value: Any, why: str) -> Cause:
        return invalid_value(f"{path}.{part}[{name}]", str(value), why)

    if _above(least, most):
        yield bad("min", least, MIN_OVER.format(least=least, kind="max", other=most))
    if _above(least, request):
        yield bad("defaultRequest", request, MIN_OVER.format(least=least, kind="default request", other=request))
    if _above(request, most):
        yield bad("defaultRequest", request, MAX_UNDER.format(kind="default request", other=request, most=most))
    if _above(request, default):
        yield bad("defaultRequest", request, REQUEST_OVER.format(request=request, default=default))
    if _above(least, default):
        yield bad("default", least, MIN_OVER.format(least=least, kind="default", other=default))
    if _above(default, most):
        yield bad("default", most, MAX_UNDER.format(kind="default", other=default, most=most))
    ratio = at["maxLimitRequestRatio"]
    if ratio is not None:
        if compare(ratio, 1) < 0:
            yield bad("maxLimitRequestRatio", ratio, RATIO_UNDER_ONE.format(ratio=ratio))
        if least is not None and most is not None and parse(least):
            bound = parse(most) / parse(least)
            if parse(ratio) > bound:
                yield bad("maxLimitRequestRatio", ratio, RATIO_OVER.format(ratio=ratio, bound=float(bound)))
    if default is not None and request is not None and not may_overcommit(name) and compare(default, request):
        why = DEFAULTS_DIFFER.format(default=default, request=request, name=name)
        yield bad("defaultRequest", default, why)


def _above(one: str | None, other: str | None) -> bool:
    return one is not None and other is not None and compare(one, other) > 0
