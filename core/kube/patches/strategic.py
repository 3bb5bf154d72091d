"""Strategic merge patch: a merge patch that knows from the schema which lists are merged by which key.

Without it, changing one container's image would replace the list of containers. Beside values, a patch may carry directives:
`$patch: replace|delete|merge`, `$retainKeys: […]`, `$deleteFromPrimitiveList/field: […]`, `$setElementOrder/field: […]`.
Reference: apimachinery `pkg/util/strategicpatch` and the community's strategic-merge-patch document.
"""

from typing import Any

from core.kube.definitions import Definition, definition_of, resolve
from core.kube.errors import BadRequest, UnsupportedMediaType
from core.kube.objects import Obj
from core.kube.resources import Resource

DIRECTIVE = "$patch"
RETAIN = "$retainKeys"
DELETE_PREFIX = "$deleteFromPrimitiveList/"
ORDER_PREFIX = "$setElementOrder/"

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
            gone = _list(patch, key)
            if isinstance(merged.get(field), list):
                merged[field] = [item for item in merged[field] if item not in gone]
    for key in patch:
        if key.startswith(ORDER_PREFIX):
            field = key.removeprefix(ORDER_PREFIX)
            merge_key = _merge_key(_field(schema, properties, field))
            if isinstance(merged.get(field), list):
                merged[field] = _ordered(merged[field], _list(patch, key), merge_key, current.get(field))
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
        return current + [item for item in patch if item not in current]
    return _keyed(current, patch, key, schema.get("items", {}))


def _keyed(current: list[Any], patch: list[Any], key: str, schema: Definition) -> list[Any]:
    """Merge lists of objects by `key`; what is new goes to the end."""
    merged = list(current)
    for item in patch:
        if not isinstance(item, dict) or key not in item:
            raise BadRequest(NO_KEY.format(key=key))
        at = next((n for n, old in enumerate(merged) if isinstance(old, dict) and old.get(key) == item[key]), None)
        if item.get(DIRECTIVE) == "delete":
            merged = [old for old in merged if not (isinstance(old, dict) and old.get(key) == item[key])]
        elif at is None:
            merged.append(_object({}, item, schema))
        else:
            merged[at] = _object(merged[at], item, schema)
    return merged


def _ordered(items: list[Any], order: list[Any], key: str | None, before: Any) -> list[Any]:
    """Items named in `order` take that order; others, which the client did not know, stay after what they followed."""

    def name(item: Any) -> Any:
        return item.get(key) if key and isinstance(item, dict) else item

    wanted = [entry.get(key) if key and isinstance(entry, dict) else entry for entry in order]
    known = sorted((item for item in items if name(item) in wanted), key=lambda item: wanted.index(name(item)))
    names_before = [name(item) for item in before] if isinstance(before, list) else []
    result = list(known)
    for item in items:
        if name(item) in wanted:
            continue
        place = names_before.index(name(item)) if name(item) in names_before else len(names_before)
        followed = set(map(repr, names_before[:place]))
        at = max((n + 1 for n, kept in enumerate(result) if repr(name(kept)) in followed), default=0)
        result.insert(at if place < len(names_before) else len(result), item)
    return result


def _list(patch: Obj, key: str) -> list[Any]:
    value = patch[key]
    if not isinstance(value, list):
        raise BadRequest(NOT_A_LIST.format(field=key))
    return value
