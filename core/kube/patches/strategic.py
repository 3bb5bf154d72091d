"""Strategic merge patch: a merge patch that knows from the schema which lists are merged by which key.

Without it, changing one container's image would replace the list of containers. Beside values, a patch may carry directives:
`$patch: replace|delete|merge`, `$retainKeys: […]`, `$deleteFromPrimitiveList/field: […]`, `$setElementOrder/field: […]`.
Reference: apimachinery `pkg/util/strategicpatch` and the community's strategic-merge-patch document.
"""

from collections import deque
from typing import Any

import orjson

from core.kube.definitions import Definition, definition_of, resolve
from core.kube.errors import BadRequest, UnsupportedMediaType
from core.kube.objects import Obj
from core.kube.resources import Resource

DIRECTIVE = "$patch"
RETAIN = "$retainKeys"
DELETE_PREFIX = "$deleteFromPrimitiveList/"
ORDER_PREFIX = "$setElementOrder/"

GONE = object()

NO_SCHEMA = "strategic merge patch is not supported for {kind}: its lists' merge keys are not known"
NO_KEY = "map: map[] does not contain declared merge key: {key}"
BAD_DIRECTIVE = 'error decoding patch: unknown "$patch" directive: {value}'
NOT_A_LIST = "error decoding patch: {field} must be a list"


def apply(resource: Resource, current: Obj, patch: Obj) -> Obj:
    """A new object. Raises BadRequest; UnsupportedMediaType for kinds without a schema."""
    try:
        schema = definition_of(resource)
    except KeyError:
        raise UnsupportedMediaType(NO_SCHEMA.format(kind=resource.kind)) from None
    return _object(current, patch, schema)


def _object(current: Obj, patch: Obj, schema: Definition) -> Obj:
    directive = patch.get(DIRECTIVE)
    if directive == "replace":
        return {key: value for key, value in patch.items() if key != DIRECTIVE}
    if directive == "delete":
        return {}
    if directive not in (None, "merge"):
        raise BadRequest(BAD_DIRECTIVE.format(value=directive))
    merged = dict(current)
    if RETAIN in patch:
        retained = _list(patch, RETAIN)
        merged = {key: value for key, value in merged.items() if key in retained}
    properties = resolve(schema).get("properties", {})
    for key, value in patch.items():
        if key in (DIRECTIVE, RETAIN) or key.startswith((DELETE_PREFIX, ORDER_PREFIX)):
            continue
        if value is None:
            merged.pop(key, None)
            continue
        merged[key] = _value(merged.get(key), value, _field(schema, properties, key))
    for key in patch:
        if key.startswith(DELETE_PREFIX):
            field = key.removeprefix(DELETE_PREFIX)
            gone = {_name(item, None) for item in _list(patch, key)}
            if isinstance(merged.get(field), list):
                merged[field] = [item for item in merged[field] if _name(item, None) not in gone]
                if not merged[field]:
                    del merged[field]  # an empty list of Go's is not written
    for key in patch:
        if key.startswith(ORDER_PREFIX):
            field = key.removeprefix(ORDER_PREFIX)
            merge_key = _merge_key(_field(schema, properties, field))
            order = _list(patch, key)
            if isinstance(merged.get(field), list):
                merged[field] = _ordered(merged[field], order, merge_key, current.get(field))
    return merged


def _field(schema: Definition, properties: Definition, key: str) -> Definition:
    """The schema of one field: a named property, or what all values of a map have in common."""
    found = properties.get(key)
    if found is None:
        found = resolve(schema).get("additionalProperties")
    return found if isinstance(found, dict) else {}


def _value(current: Any, patch: Any, schema: Definition) -> Any:
    if isinstance(patch, dict):
        replaces = "replace" in schema.get("x-kubernetes-patch-strategy", "").split(",")
        return _object(current if isinstance(current, dict) and not replaces else {}, patch, schema)
    if isinstance(patch, list):
        return _items(current if isinstance(current, list) else [], patch, schema)
    return patch


def _merges(schema: Definition) -> bool:
    return "merge" in schema.get("x-kubernetes-patch-strategy", "").split(",")


def _merge_key(schema: Definition) -> str | None:
    return schema.get("x-kubernetes-patch-merge-key")


def _items(current: list[Any], patch: list[Any], schema: Definition) -> list[Any]:
    directives = [
        item for item in patch if isinstance(item, dict) and item.get(DIRECTIVE) == "replace" and len(item) == 1
    ]
    if directives:
        return [item for item in patch if item not in directives]
    if not _merges(schema):
        return patch
    key = _merge_key(schema)
    if key is None:
        known = {_name(item, None) for item in current}
        merged = current + [item for item in patch if _name(item, None) not in known]
    else:
        merged = _keyed(current, patch, key, schema.get("items", {}))
    return _ordered(merged, patch, key, current)


def _name(item: Any, key: str | None) -> bytes:
    """What tells a list's items apart: the value of their merge key, or they themselves. Written out, so that it hashes."""
    return orjson.dumps(item.get(key) if key and isinstance(item, dict) else item, option=orjson.OPT_SORT_KEYS)


def _keyed(current: list[Any], patch: list[Any], key: str, schema: Definition) -> list[Any]:
    """Merge lists of objects by `key`."""
    merged: list[Any] = list(current)
    places: dict[bytes, list[int]] = {}
    for place, old in enumerate(current):
        places.setdefault(_name(old, key), []).append(place)
    for item in patch:
        if not isinstance(item, dict) or key not in item:
            raise BadRequest(NO_KEY.format(key=key))
        found = places.setdefault(_name(item, key), [])
        if item.get(DIRECTIVE) == "delete":
            for place in found:
                merged[place] = GONE
            found.clear()
        elif found:
            merged[found[0]] = _object(merged[found[0]], item, schema)
        else:
            found.append(len(merged))
            merged.append(_object({}, item, schema))
    return [item for item in merged if item is not GONE]


def _ordered(items: list[Any], order: list[Any], key: str | None, before: Any) -> list[Any]:
    """`items` in the order of those the client named; the others go in front of the first that followed them `before`.

    So what is new comes first where the client says nothing else, which surprises people but is what the real server
    does (`mergeSortedSlice`).
    """
    wanted, known = _ranks(order, key), _ranks(before if isinstance(before, list) else [], key)
    named = deque(
        sorted((item for item in items if _name(item, key) in wanted), key=lambda item: wanted[_name(item, key)])
    )
    others = deque(
        sorted(
            (item for item in items if _name(item, key) not in wanted),
            key=lambda item: known.get(_name(item, key), len(known)),
        )
    )
    merged: list[Any] = []
    while named and others:
        left, right = known.get(_name(others[0], key)), known.get(_name(named[0], key))
        is_before = left is not None and right is not None and left < right
        merged.append((others if is_before else named).popleft())
    return [*merged, *named, *others]


def _ranks(items: list[Any], key: str | None) -> dict[bytes, int]:
    ranks: dict[bytes, int] = {}
    for item in items:
        ranks.setdefault(_name(item, key), len(ranks))
    return ranks


def _list(patch: Obj, key: str) -> list[Any]:
    value = patch[key]
    if not isinstance(value, list):
        raise BadRequest(NOT_A_LIST.format(field=key))
    return value
