"""What containers and pods ask for: which names there are, how much of each, and that a request fits its limit.

Names without a domain are Kubernetes' own; a container may ask for few of them. Names with a domain are extended
resources: whole numbers, and no more promised than there is, so that request and limit are the same.
Reference: kubernetes `pkg/apis/core/validation` (validateResourceRequirements), `pkg/apis/core/helper/helpers.go`.
"""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from core.kube import formats
from core.kube.causes import Cause, duplicate, forbidden, invalid_value, missing, not_supported, required
from core.kube.objects import Obj
from core.kube.pods import resources_of
from core.kube.quantities import BadQuantity, compare, parse, write
from core.kube.remembering import remembered
from core.kube.validation.common import NOT_NEGATIVE, checked

HUGE_PAGES = "hugepages-"
STANDARD_CONTAINER = frozenset(("cpu", "memory", "ephemeral-storage"))
COUNTED = frozenset(
    (
        "pods",
        "resourcequotas",
        "services",
        "replicationcontrollers",
        "secrets",
        "configmaps",
        "persistentvolumeclaims",
        "services.nodeports",
        "services.loadbalancers",
    )
)
STANDARD_QUOTA = (
    STANDARD_CONTAINER
    | COUNTED
    | {
        *(f"{side}.{name}" for side in ("requests", "limits") for name in STANDARD_CONTAINER),
        "requests.storage",
    }
)
STANDARD = STANDARD_QUOTA | {"storage"}
POD_LEVEL = ("cpu", HUGE_PAGES, "memory")

NOT_STANDARD = "must be a standard resource type or fully qualified"
NOT_OF_CONTAINERS = "must be a standard resource for containers"
NOT_EXTENDED = "doesn't follow extended resource name standard"
NOT_INTEGER = "must be an integer"
OVER_LIMIT = "must be less than or equal to {name} limit of {limit}"
NOT_THE_LIMIT = "must be equal to {name} limit of {limit}"
NO_LIMIT = "Limit must be set for non overcommitable resources"
NOT_PAGES = "{quantity} is not positive integer multiple of {name}"
PAGES_ALONE = "HugePages require cpu or memory"
CLAIM_UNKNOWN = "must be one of the names in pod.spec.resourceClaims"
NO_POD_CLAIMS = "claims cannot be set for Resources at pod-level"
UNDER_CONTAINERS = "must be greater than or equal to aggregate container requests of {amount}"
OVER_POD = "must be less than or equal to pod limits of {limit}"


def is_native(name: str) -> bool:
    """Kubernetes' own: without a domain, or in its."""
    return "/" not in name or "kubernetes.io/" in name


def is_extended(name: str) -> bool:
    """Somebody else's, like `nvidia.com/gpu`; `requests.` before it would make a quota's name of it."""
    return not is_native(name) and not name.startswith("requests.") and not formats.qualified_name(f"requests.{name}")


def is_integer(name: str) -> bool:
    return name in COUNTED or is_extended(name)


def may_overcommit(name: str) -> bool:
    return is_native(name) and not name.startswith(HUGE_PAGES)


def _is_huge_quota(name: str) -> bool:
    return name.startswith((HUGE_PAGES, f"requests.{HUGE_PAGES}"))


@remembered(1024)
def resource_name(name: str) -> tuple[str, ...]:
    """What is wrong with the name of any resource."""
    fault = formats.qualified_name(name)
    if fault:
        return (fault,)
    known = "/" in name or name in STANDARD or _is_huge_quota(name)
    return () if known else (NOT_STANDARD,)


@remembered(1024)
def container_resource(name: str) -> tuple[str, ...]:
    """What is wrong with a name that a container asks by."""
    faults = resource_name(name)
    if "/" not in name:
        if name not in STANDARD_CONTAINER and not name.startswith(HUGE_PAGES):
            faults += (NOT_OF_CONTAINERS,)
    elif not is_native(name) and not is_extended(name):
        faults += (NOT_EXTENDED,)
    return faults


def amount(field: str, name: str, quantity: Any) -> Iterator[Cause]:
    """A quantity of `name`: not negative, whole where only whole ones exist."""
    value = parse(quantity)
    if value < 0:
        yield invalid_value(field, str(quantity), NOT_NEGATIVE)
    if value != value.to_integral_value() and is_integer(name):
        yield invalid_value(field, str(quantity), NOT_INTEGER)


def _pages(field: str, name: str, quantity: Any) -> Iterator[Cause]:
    try:
        size = parse(name.removeprefix(HUGE_PAGES))
    except BadQuantity:
        size = Decimal(0)
    value = parse(quantity)
    if size <= 0 or size != size.to_integral_value() or value % size:
        yield invalid_value(field, str(quantity), NOT_PAGES.format(quantity=quantity, name=name))


def requirements(resources: Obj, field: str, claims: frozenset[str] = frozenset()) -> Iterator[Cause]:
    """`resources` of a container, or an overhead given as its limits."""
    limits: Mapping[str, Any] = resources.get("limits") or {}
    requests: Mapping[str, Any] = resources.get("requests") or {}
    for name, quantity in limits.items():
        yield from _listed(f"{field}.limits[{name}]", name, quantity)
    for name, quantity in requests.items():
        path = f"{field}.requests[{name}]"
        for fault in container_resource(name):
            yield invalid_value(path, name, fault)
        yield from amount(path, name, quantity)
        yield from _request(field, name, quantity, limits.get(name))
        if name.startswith(HUGE_PAGES):
            yield from _pages(path, name, quantity)
    asked = limits.keys() | requests.keys()
    if not asked & {"cpu", "memory"} and any(name.startswith(HUGE_PAGES) for name in asked):
        yield forbidden(field, PAGES_ALONE)
    if "claims" in resources:
        yield from _claims(resources["claims"], f"{field}.claims", claims)


def _listed(field: str, name: str, quantity: Any) -> Iterator[Cause]:
    for fault in container_resource(name):
        yield invalid_value(field, name, fault)
    yield from amount(field, name, quantity)
    if name.startswith(HUGE_PAGES):
        yield from _pages(field, name, quantity)


def _request(field: str, name: str, quantity: Any, limit: Any) -> Iterator[Cause]:
    if limit is None:
        if not may_overcommit(name):
            yield required(f"{field}.limits", NO_LIMIT)
    elif limit != quantity and (difference := compare(quantity, limit)):
        if not may_overcommit(name):
            yield invalid_value(f"{field}.requests", quantity, NOT_THE_LIMIT.format(name=name, limit=limit))
        elif difference > 0:
            yield invalid_value(f"{field}.requests", quantity, OVER_LIMIT.format(name=name, limit=limit))


def _claims(entries: list[Obj], field: str, known: frozenset[str]) -> Iterator[Cause]:
    seen: set[str] = set()
    for index, entry in enumerate(entries):
        name, path, request = entry.get("name", ""), f"{field}[{index}]", entry.get("request", "")
        if not name:
            yield required(path)
            continue
        key = f"{name}/{request}" if request else name
        if request:
            yield from checked(f"{path}.request", request, formats.dns_label)
        if name in seen or key in seen or (not request and any(other.startswith(f"{name}/") for other in seen)):
            yield duplicate(path, name if name in seen else key)
        seen.add(key)
        if name not in known:
            listed = f": {', '.join(sorted(known))}" if known else " which is empty"
            yield missing(path, name, CLAIM_UNKNOWN + listed)


def pod_level(spec: Obj, field: str) -> Iterator[Cause]:
    """`spec.resources`: what the pod asks for as a whole, which holds all that its containers ask."""
    resources: Obj = spec["resources"]
    if "claims" in resources:
        yield forbidden(f"{field}.claims", NO_POD_CLAIMS)
    limits = resources.get("limits") or {}
    for side in ("limits", "requests"):
        for name, quantity in (resources.get(side) or {}).items():
            path = f"{field}.{side}[{name}]"
            faults = resource_name(name)
            for fault in faults:
                yield invalid_value(path, name, fault)
            if not faults and name not in ("cpu", "memory") and not name.startswith(HUGE_PAGES):
                yield not_supported(path, name, POD_LEVEL)
            yield from amount(path, name, quantity)
            if side == "requests":
                yield from _request(field, name, quantity, limits.get(name))
    yield from _pod_holds_containers(spec, resources, field)


def _pod_holds_containers(spec: Obj, resources: Obj, field: str) -> Iterator[Cause]:
    given = resources.get("requests") or {}
    inner = {name: value for name, value in spec.items() if name not in ("overhead", "resources")}
    for name, value in resources_of(inner).items():
        if value > parse(given.get(name, 0)):
            why = UNDER_CONTAINERS.format(amount=_written(spec, name, value))
            yield invalid_value(f"{field}.requests[{name}]", str(given.get(name, 0)), why)
    limits = resources.get("limits") or {}
    for index, container in enumerate(spec.get("containers") or ()):
        for name, quantity in ((container.get("resources") or {}).get("limits") or {}).items():
            if name in limits and compare(quantity, limits[name]) > 0:
                path = f"{field}.containers[{index}][{name}].limits"
                yield invalid_value(path, quantity, OVER_POD.format(limit=limits[name]))


def _written(spec: Obj, name: str, value: Decimal) -> str:
    """The amount in the family of suffixes that the containers use."""
    texts = ((each.get("resources") or {}).get("requests", {}).get(name) for each in spec.get("containers") or ())
    return write(value, "binary" if any(str(text).endswith("i") for text in texts if text) else "decimal")
