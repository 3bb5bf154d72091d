"""The subresource scale: one small object that reads and sets the replicas of any workload.

It lets `kubectl scale` and the horizontal autoscaler work on kinds they do not know.
"""

from typing import Any

from core.apiserver import decoding
from core.apiserver.batch import Batch
from core.apiserver.verbs.reading import find
from core.apiserver.verbs.writing import check_preconditions, patched, replace
from core.kube.errors import Invalid
from core.kube.objects import Obj, clone
from core.kube.requests import Request
from core.kube.resources import Resource

SCALE = Resource("autoscaling", "v1", "Scale", "scales")
REPLICAS_MAX = 2**31 - 1
NEGATIVE = "must be greater than or equal to 0"
META = ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")


def get_scale(row: Resource, request: Request, batch: Batch) -> Obj:
    return scale_of(find(row, request, batch))


def update_scale(row: Resource, request: Request, batch: Batch) -> Obj:
    old = find(row, request, batch)
    return _set(row, request, batch, old, decoding.decode(SCALE, request))


def patch_scale(row: Resource, request: Request, batch: Batch) -> Obj:
    old = find(row, request, batch)
    return _set(row, request, batch, old, patched(SCALE, request, _unowned(scale_of(old)), batch))


def _unowned(scale: Obj) -> Obj:
    """A Scale is made anew for each request: what is applied to it conflicts with nobody (an empty entry is a reset)."""
    return scale | {"metadata": scale["metadata"] | {"managedFields": [{}]}}


def scale_of(obj: Obj) -> Obj:
    """The Scale that stands for a workload."""
    spec, status = obj.get("spec") or {}, obj.get("status") or {}
    shown: dict[str, Any] = {"replicas": status.get("replicas", 0)}
    selector = _selector_text(spec.get("selector") or {})
    if selector:
        shown["selector"] = selector
    replicas = spec.get("replicas", 1)
    return {
        "kind": "Scale",
        "apiVersion": "autoscaling/v1",
        "metadata": {name: obj["metadata"][name] for name in META if name in obj["metadata"]},
        "spec": {"replicas": replicas} if replicas else {},
        "status": shown,
    }


def _set(row: Resource, request: Request, batch: Batch, old: Obj, scale: Obj) -> Obj:
    check_preconditions(row, request, scale, old)
    replicas = (scale.get("spec") or {}).get("replicas", 0) if isinstance(scale.get("spec") or {}, dict) else None
    if type(replicas) is not int or not 0 <= replicas <= REPLICAS_MAX:
        message = f"Invalid value: {replicas}: {NEGATIVE}"
        raise Invalid(
            f'Scale.autoscaling "{request.name}" is invalid: spec.replicas: {message}',
            details={
                "name": request.name,
                "group": "autoscaling",
                "kind": "Scale",
                "causes": [{"reason": "FieldValueInvalid", "message": message, "field": "spec.replicas"}],
            },
        )
    new = clone(old)
    new["spec"]["replicas"] = replicas
    return scale_of(replace(row, request, batch, old, new))


def _selector_text(selector: dict[str, Any]) -> str:
    """A label selector as text; the plain map of a ReplicationController too."""
    if "matchLabels" not in selector and "matchExpressions" not in selector:
        return ",".join(f"{name}={value}" for name, value in sorted(selector.items()))
    parts = [f"{name}={value}" for name, value in (selector.get("matchLabels") or {}).items()]
    for entry in selector.get("matchExpressions") or ():
        values, operator = ",".join(sorted(entry.get("values") or ())), entry["operator"]
        parts.append(
            {
                "In": f"{entry['key']} in ({values})",
                "NotIn": f"{entry['key']} notin ({values})",
                "Exists": entry["key"],
                "DoesNotExist": f"!{entry['key']}",
            }[operator]
        )
    return ",".join(sorted(parts))
