"""Two views of one stored object: an Event of events.k8s.io is a core Event under other field names.

Rows with `stored_as` are such views. What a client writes through the view becomes the stored object with `to_stored`, what
it reads is made from the stored one with `from_stored`. Neither changes its argument; unknown fields pass through.

An autoscaler of autoscaling/v1 knows one metric, the use of cpu. What else one of v2 says rides along in annotations, so
that a client of v1 that reads, changes and writes loses nothing. Simplified: the annotations hold v2's own form.
Reference: kubernetes `pkg/apis/autoscaling/v1/conversion.go`.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import orjson

from core.kube import nesting
from core.kube.objects import Obj
from core.kube.requests import Request
from core.kube.resources import REGISTRY, Resource

# Field of an Event of events.k8s.io → field of the core one.
EVENT = {
    "regarding": "involvedObject",
    "note": "message",
    "reportingController": "reportingComponent",
    "deprecatedSource": "source",
    "deprecatedFirstTimestamp": "firstTimestamp",
    "deprecatedLastTimestamp": "lastTimestamp",
    "deprecatedCount": "count",
}
EVENT_OF_STORED = {stored: shown for shown, stored in EVENT.items()}

# Part of an autoscaler, its field → the annotation that carries it through v1.
CARRIED = {
    ("spec", "metrics"): "autoscaling.alpha.kubernetes.io/metrics",
    ("spec", "behavior"): "autoscaling.alpha.kubernetes.io/behavior",
    ("status", "currentMetrics"): "autoscaling.alpha.kubernetes.io/current-metrics",
    ("status", "conditions"): "autoscaling.alpha.kubernetes.io/conditions",
}


class Conversion(NamedTuple):
    to_stored: Callable[[Obj], Obj]
    from_stored: Callable[[Obj], Obj]


def stored_row(row: Resource) -> Resource:
    """The row that owns the objects: the row itself, or the one it is a view of."""
    return REGISTRY[row.stored_as] if row.stored_as else row


def spoken_row(row: Resource, request: Request) -> Resource:
    """The row whose kind the client of a request for `row`'s objects speaks."""
    asked = REGISTRY.get(request.resource)
    return asked if asked is not None and asked.stored_as and asked.stored_as == row.name else row


def to_stored(view: Resource, obj: Obj) -> Obj:
    """The object as the row that stores it has it."""
    if not view.stored_as:
        return obj
    return CONVERSIONS[view.name].to_stored(obj) | {"apiVersion": REGISTRY[view.stored_as].api_version}


def from_stored(view: Resource, obj: Obj) -> Obj:
    """A stored object as the view shows it."""
    if not view.stored_as:
        return obj
    return CONVERSIONS[view.name].from_stored(obj) | {"apiVersion": view.api_version}


def answered(view: Resource, answer: Obj) -> Obj:
    """What was answered about stored objects - one, a list of them, or a Status - as the view shows it."""
    if not view.stored_as or answer.get("kind") == "Status":
        return answer
    if "items" not in answer:
        return from_stored(view, answer)
    return answer | {"apiVersion": view.api_version, "items": [from_stored(view, item) for item in answer["items"]]}


def _renamed(names: dict[str, str]) -> Callable[[Obj], Obj]:
    return lambda obj: {names.get(name, name): value for name, value in obj.items()}


def _autoscaler_to_v2(obj: Obj) -> Obj:
    annotations = dict(_part(_part(obj, "metadata"), "annotations"))
    parts = {name: dict(_part(obj, name)) for name in ("spec", "status")}
    for (part, field), annotation in CARRIED.items():
        value = _parsed(annotations.get(annotation))
        if isinstance(value, dict if field == "behavior" else list):
            parts[part][field] = value
            del annotations[annotation]
    target = parts["spec"].pop("targetCPUUtilizationPercentage", None)
    if target is not None:
        metric = {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": target}}
        parts["spec"]["metrics"] = [{"type": "Resource", "resource": metric}, *parts["spec"].get("metrics", ())]
    current = parts["status"].pop("currentCPUUtilizationPercentage", None)
    if current is not None:
        metric = {"name": "cpu", "current": {"averageUtilization": current}}
        before = parts["status"].get("currentMetrics", ())
        parts["status"]["currentMetrics"] = [{"type": "Resource", "resource": metric}, *before]
    return _rebuilt(obj, parts, annotations)


def _autoscaler_to_v1(obj: Obj) -> Obj:
    annotations = dict(_part(_part(obj, "metadata"), "annotations"))
    parts = {name: dict(_part(obj, name)) for name in ("spec", "status")}
    target, others = _cpu(parts["spec"].get("metrics"), "target")
    if target is not None:
        parts["spec"] |= {"metrics": others, "targetCPUUtilizationPercentage": target}
    current, others = _cpu(parts["status"].get("currentMetrics"), "current")
    if current is not None:
        parts["status"] |= {"currentMetrics": others, "currentCPUUtilizationPercentage": current}
    for (part, field), annotation in CARRIED.items():
        value = parts[part].pop(field, None)
        if value:
            annotations[annotation] = orjson.dumps(value).decode()
    return _rebuilt(obj, parts, annotations)


def _cpu(metrics: Any, side: str) -> tuple[int | None, list[Any]]:
    """The use of cpu that the first metric of its kind speaks of, and the other metrics."""
    entries = metrics if isinstance(metrics, list) else []
    for at, metric in enumerate(entries):
        resource = _part(metric, "resource")
        use = _part(resource, side).get("averageUtilization")
        if resource.get("name") == "cpu" and use is not None:
            return use, entries[:at] + entries[at + 1 :]
    return None, entries


def _part(value: Any, name: str) -> Obj:
    part = value.get(name) if isinstance(value, dict) else None
    return part if isinstance(part, dict) else {}


def _parsed(text: Any) -> Any:
    try:
        return nesting.loads(text)
    except (ValueError, TypeError):
        return None


def _rebuilt(obj: Obj, parts: dict[str, Obj], annotations: Obj) -> Obj:
    meta = {name: value for name, value in _part(obj, "metadata").items() if name != "annotations"}
    rebuilt = {name: value for name, value in obj.items() if name not in parts}
    rebuilt["metadata"] = meta | ({"annotations": annotations} if annotations else {})
    return rebuilt | {name: part for name, part in parts.items() if part or name in obj}


CONVERSIONS: dict[str, Conversion] = {
    "events.events.k8s.io": Conversion(_renamed(EVENT), _renamed(EVENT_OF_STORED)),
    "horizontalpodautoscalers.v1.autoscaling": Conversion(_autoscaler_to_v2, _autoscaler_to_v1),
}
