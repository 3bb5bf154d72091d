"""LimitRanger: the defaults and bounds that a namespace's LimitRanges set for containers, pods and claims.

Reference: plugin/pkg/admission/limitranger/admission.go, whose sentences these are.
"""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from core.apiserver.admission.base import Attempt, Plugin
from core.kube.objects import Obj
from core.kube.pods import containers_of, resources_of
from core.kube.quantities import amounts, parse, write

if TYPE_CHECKING:
    from core.apiserver.batch import Batch

ANNOTATION = "kubernetes.io/limit-ranger"
SET = "LimitRanger plugin set: "

ABOVE_MAX = "maximum {name} usage per {type} is {bound}, but limit is {given}"
NO_LIMIT = "maximum {name} usage per {type} is {bound}. No limit is specified"
BELOW_MIN = "minimum {name} usage per {type} is {bound}, but request is {given}"
NO_REQUEST = "minimum {name} usage per {type} is {bound}. No request is specified"
RATIO = "{name} max limit to request ratio per {type} is {bound}, but provided ratio is {given:.6f}"
NO_RATIO = "{name} max limit to request ratio per {type} is {bound}, but no request is specified or request is 0"


class LimitRanger(Plugin):
    name = "LimitRanger"
    resources = frozenset({"pods", "persistentvolumeclaims"})

    def mutate(self, attempt: Attempt, batch: "Batch") -> str | None:
        said = []
        for limit_range in batch.all("limitranges", attempt.namespace):
            if attempt.row.name == "pods" and attempt.obj is not None:
                said += _set_defaults(attempt.obj["spec"], limit_range)
        if not said or attempt.obj is None:
            return None
        text = SET + "; ".join(said)
        meta = attempt.obj["metadata"]
        meta["annotations"] = (meta.get("annotations") or {}) | {ANNOTATION: text}
        return text.removeprefix("LimitRanger plugin ")

    def validate(self, attempt: Attempt, batch: "Batch") -> str | None:
        wrong: list[str] = []
        asked = False
        for limit_range in batch.all("limitranges", attempt.namespace):
            asked = True
            wrong += _violations(attempt, limit_range)
        if wrong:
            raise attempt.forbidden(wrong[0] if len(wrong) == 1 else f"[{', '.join(wrong)}]")
        return "within limits" if asked else None


def _items(limit_range: Obj, kind: str) -> Iterator[Mapping[str, Any]]:
    for item in (limit_range.get("spec") or {}).get("limits") or ():
        if item.get("type") == kind:
            yield item


def _set_defaults(spec: dict[str, Any], limit_range: Obj) -> list[str]:
    """Fill what the containers leave open; answers what was set, for the annotation."""
    limits: dict[str, str] = {}
    requests: dict[str, str] = {}
    for item in _items(limit_range, "Container"):
        limits |= (item.get("max") or {}) | (item.get("default") or {})
        requests |= (item.get("min") or {}) | (item.get("default") or item.get("max") or {})
        requests |= item.get("defaultRequest") or {}
    said = []
    for container in containers_of(spec):
        resources = container.get("resources") or {}
        own_limits, own_requests = dict(resources.get("limits") or {}), dict(resources.get("requests") or {})
        own_requests = own_limits | own_requests
        new_requests = [name for name in sorted(requests) if name not in own_requests]
        new_limits = [name for name in sorted(limits) if name not in own_limits]
        own_requests |= {name: requests[name] for name in new_requests}
        own_limits |= {name: limits[name] for name in new_limits}
        container["resources"] = resources | {
            side: given for side, given in (("limits", own_limits), ("requests", own_requests)) if given
        }
        for side, names in (("request", new_requests), ("limit", new_limits)):
            if names:
                said.append(f"{', '.join(names)} {side} for container {container.get('name')}")
    return said


def _violations(attempt: Attempt, limit_range: Obj) -> list[str]:
    assert attempt.obj is not None
    spec = attempt.obj.get("spec") or {}
    wrong: list[str] = []
    if attempt.row.name == "persistentvolumeclaims":
        asked = amounts((spec.get("resources") or {}).get("requests"))
        for item in _items(limit_range, "PersistentVolumeClaim"):
            wrong += _check(item, "PersistentVolumeClaim", asked, asked)
        return wrong
    for item in _items(limit_range, "Container"):
        for container in containers_of(spec):
            alone = {"containers": [container]}
            wrong += _check(item, "Container", resources_of(alone, "requests"), resources_of(alone, "limits"))
    for item in _items(limit_range, "Pod"):
        wrong += _check(item, "Pod", resources_of(spec, "requests"), resources_of(spec, "limits"))
    return wrong


def _check(
    item: Mapping[str, Any], kind: str, requests: Mapping[str, Decimal], limits: Mapping[str, Decimal]
) -> Iterator[str]:
    for name, bound in sorted((item.get("min") or {}).items()):
        given = requests.get(name)
        if given is None:
            yield NO_REQUEST.format(name=name, type=kind, bound=bound)
        elif given < parse(bound):
            yield BELOW_MIN.format(name=name, type=kind, bound=bound, given=write(given))
    for name, bound in sorted((item.get("max") or {}).items()):
        given = limits.get(name)
        if given is None:
            yield NO_LIMIT.format(name=name, type=kind, bound=bound)
        elif given > parse(bound):
            yield ABOVE_MAX.format(name=name, type=kind, bound=bound, given=write(given))
    for name, bound in sorted((item.get("maxLimitRequestRatio") or {}).items()):
        request, limit = requests.get(name), limits.get(name)
        if not request:
            yield NO_RATIO.format(name=name, type=kind, bound=bound)
        elif limit is not None and limit / request > parse(bound):
            yield RATIO.format(name=name, type=kind, bound=bound, given=limit / request)
