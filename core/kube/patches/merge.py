"""JSON merge patch (RFC 7386): null deletes, objects merge, everything else replaces."""

from typing import Any

from core.kube.objects import Obj


def apply(current: Obj, patch: Obj) -> Obj:
    merged: Obj = _merge(current, patch)
    return merged


def _merge(target: Any, patch: Any) -> Any:
    if not isinstance(patch, dict):
        return patch
    result = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = _merge(result.get(key), value)
    return result
