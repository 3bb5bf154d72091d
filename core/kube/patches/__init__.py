"""The three ways to patch an object, as `application/…-patch+json` names them. Start with `apply_patch`.

JSON Patch is RFC 6902 (`json.py`), merge patch RFC 7386 (`merge.py`); strategic merge patch knows from the schema which
lists are merged by which key (`strategic.py`). None of them changes the object it is given.
"""

from collections.abc import Callable
from typing import Any

from core.kube.errors import BadRequest, UnsupportedMediaType
from core.kube.objects import Obj
from core.kube.patches import json, merge, strategic
from core.kube.requests import PatchType
from core.kube.resources import Resource

NOT_AN_OBJECT = "error decoding patch: json: cannot unmarshal {kind} into Go value of type map[string]interface {{}}"


def apply_patch(resource: Resource, patch_type: PatchType, current: Obj, patch: Any) -> Obj:
    """A new object: `current` with `patch` applied. Raises BadRequest, Invalid, UnsupportedMediaType."""
    apply = PATCHES.get(patch_type)
    if apply is None:
        raise UnsupportedMediaType(f"patch type {patch_type.value} is not supported")
    return apply(resource, current, patch)


def _json(resource: Resource, current: Obj, patch: Any) -> Obj:
    return json.apply(current, patch)


def _merge(resource: Resource, current: Obj, patch: Any) -> Obj:
    return merge.apply(current, _object(patch))


def _strategic(resource: Resource, current: Obj, patch: Any) -> Obj:
    return strategic.apply(resource, current, _object(patch))


def _object(patch: Any) -> Obj:
    if not isinstance(patch, dict):
        raise BadRequest(NOT_AN_OBJECT.format(kind="array" if isinstance(patch, list) else type(patch).__name__))
    return patch


PATCHES: dict[PatchType, Callable[[Resource, Obj, Any], Obj]] = {
    PatchType.JSON: _json,
    PatchType.MERGE: _merge,
    PatchType.STRATEGIC: _strategic,
}
