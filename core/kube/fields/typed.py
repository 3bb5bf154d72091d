"""Objects as trees of paths, along the schema: which fields there are, what differs, what comes of a merge.

What is one value to its owners the schema says: a scalar, a map or list marked atomic, and a list without merge keys. All
else has parts that may belong to different managers.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import orjson

from core.kube.definitions import Definition, resolve
from core.kube.fields.paths import FIELD, KEYS, VALUE, Path, text, write

LIST_TYPE, LIST_KEYS, MAP_TYPE = "x-kubernetes-list-type", "x-kubernetes-list-map-keys", "x-kubernetes-map-type"
STRATEGY, MERGE_KEY = "x-kubernetes-patch-strategy", "x-kubernetes-patch-merge-key"
KEY_DEFAULTS = {"protocol": "TCP"}
"""Keys of list items that may be left out: ports, of containers and services."""

UNDECLARED = "{path}: field not declared in schema"
NO_KEY = (
    "{path}: element {index}: associative list with keys has an element that omits key field {key}"
    " (and doesn't have default value)"
)
DUPLICATE = "{path}: duplicate entries for key {key}"


class Malformed(ValueError):
    """What is applied cannot be split into fields; the messages say where and why."""

    def __init__(self, errors: list[str]) -> None:
        super().__init__(errors[0] if len(errors) == 1 else "errors:\n" + "\n".join(f"  {error}" for error in errors))


class Child(NamedTuple):
    """A part of a value. `declared` when the schema has a field of that name, as a struct does and a map does not."""

    element: str
    value: Any
    schema: Definition
    declared: bool


def children(value: Any, schema: Definition) -> list[Child] | None:
    """The parts of a value; None if it is one value as a whole."""
    if isinstance(value, dict):
        return _fields(value, schema)
    if isinstance(value, list):
        return _items(value, schema)
    return None


def _fields(value: dict[str, Any], schema: Definition) -> list[Child] | None:
    known = resolve(schema)
    if "atomic" in (schema.get(MAP_TYPE), known.get(MAP_TYPE)):
        return None
    properties, others = known.get("properties", {}), known.get("additionalProperties")
    if not properties and not isinstance(others, dict):
        return None
    below = others if isinstance(others, dict) else {}
    return [Child(FIELD + name, part, properties.get(name, below), name in properties) for name, part in value.items()]


def _items(value: list[Any], schema: Definition) -> list[Child] | None:
    keys = _keys(schema)
    if keys is None:
        return None
    below = schema.get("items", {})
    if not keys:
        return [Child(VALUE + orjson.dumps(item).decode(), item, below, False) for item in value]
    return [Child(_key(item, keys), item, below, False) for item in value if isinstance(item, dict)]


def _keys(schema: Definition) -> list[str] | None:
    """The keys that tell the items of a list apart; none at all in a set of values; None if the list is one value."""
    kind = schema.get(LIST_TYPE)
    if kind is None:
        if "merge" not in schema.get(STRATEGY, "").split(","):
            return None
        return [schema[MERGE_KEY]] if MERGE_KEY in schema else []
    if kind == "map":
        return list(schema.get(LIST_KEYS, ()))
    return [] if kind == "set" else None


def _key(item: dict[str, Any], keys: list[str]) -> str:
    named = {name: item.get(name, KEY_DEFAULTS.get(name)) for name in keys}
    return KEYS + orjson.dumps(named, option=orjson.OPT_SORT_KEYS).decode()


def _is_item(element: str) -> bool:
    return not element.startswith(FIELD)


def check(value: Any, schema: Definition) -> None:
    """Raises Malformed when what is applied has unknown fields, items without their keys, or the same item twice."""
    errors = list(_errors(value, schema, ()))
    if errors:
        raise Malformed(errors)


def _errors(value: Any, schema: Definition, path: Path) -> Iterator[str]:
    if isinstance(value, list) and (keys := _keys(schema)):
        for index, item in enumerate(value):
            for name in keys:
                if not isinstance(item, dict) or (name not in item and name not in KEY_DEFAULTS):
                    key = orjson.dumps(name).decode()
                    yield NO_KEY.format(path=text(path), index=index, key=key)
                    return
    seen = set()
    known = resolve(schema).get("properties")
    for child in children(value, schema) or ():
        below = (*path, child.element)
        if known and not child.declared and not _is_item(child.element):
            yield UNDECLARED.format(path=text(below))
        elif child.element in seen:
            yield DUPLICATE.format(path=text(path), key=text((child.element,)))
        else:
            yield from _errors(child.value, child.schema, below)
        seen.add(child.element)


def members(value: Any, schema: Definition, path: Path = ()) -> Iterator[Path]:
    """The paths of what an applied value says."""
    for child in children(value, schema) or ():
        below = (*path, child.element)
        if not child.declared or child.value == {} or children(child.value, child.schema) is None:
            yield below
        yield from members(child.value, child.schema, below)


@dataclass(slots=True)
class Difference:
    """Paths that a change added, gave another value, and removed."""

    added: set[Path] = field(default_factory=set)
    modified: set[Path] = field(default_factory=set)
    removed: set[Path] = field(default_factory=set)


def compare(old: Any, new: Any, schema: Definition) -> Difference:
    difference = Difference()
    _compare(old, new, schema, (), difference)
    return difference


def _compare(old: Any, new: Any, schema: Definition, path: Path, difference: Difference) -> None:
    if old == new:
        return
    before, after = _children_beside(old, new, schema), _children_beside(new, old, schema)
    if before is None or after is None or (type(old) is not type(new) and None not in (old, new)):
        difference.modified.add(path)
        return
    gone = {child.element: child for child in before}
    for child in after:
        below = (*path, child.element)
        other = gone.pop(child.element, None)
        if other is None:
            difference.added.update(_nodes(child, below))
        else:
            _compare(other.value, child.value, child.schema, below, difference)
    for child in gone.values():
        difference.removed.update(_nodes(child, (*path, child.element)))


def _children_beside(value: Any, other: Any, schema: Definition) -> list[Child] | None:
    """The parts of a value; null has none, where what it stands beside has parts."""
    if value is None and children(other, schema) is not None:
        return []
    return children(value, schema)


def _nodes(child: Child, path: Path) -> Iterator[Path]:
    """The paths of a part that came or went, and of all below it. A struct that Go always writes neither comes nor goes:
    both sides are complete (`kube.structs`).
    """
    yield path
    for part in children(child.value, child.schema) or ():
        yield from _nodes(part, (*path, part.element))


def merge(live: Any, wanted: Any, schema: Definition) -> Any:
    """`live` with everything that `wanted` says; what it leaves out stays."""
    if isinstance(live, dict) and isinstance(wanted, dict) and (parts := _fields(wanted, schema)) is not None:
        merged = dict(live)
        for part in parts:
            name = part.element.removeprefix(FIELD)
            merged[name] = merge(live.get(name), part.value, part.schema)
        return merged
    if isinstance(live, list) and isinstance(wanted, list) and (before := _items(live, schema)) is not None:
        return _merge_items(before, _items(wanted, schema) or [])
    return wanted


def _merge_items(before: list[Child], after: list[Child]) -> list[Any]:
    """Items in the order of `after`; those only in `before` stay in front of what they stood in front of."""
    wanted = {child.element for child in after}
    places: dict[str, int] = {}
    for place, child in enumerate(before):
        places.setdefault(child.element, place)
    merged: list[Any] = []
    at = 0
    for child in after:
        found = places.get(child.element)
        if found is None:
            merged.append(child.value)
            continue
        if found >= at:  # else it moves here from further in front
            merged += [other.value for other in before[at:found] if other.element not in wanted]
            at = found + 1
        merged.append(merge(before[found].value, child.value, child.schema))
    return merged + [other.value for other in before[at:] if other.element not in wanted]


def remove(value: Any, paths: set[Path], schema: Definition) -> Any:
    """`value` without the parts at `paths`, and without the maps and lists that are left empty by that."""
    return _remove(value, write(paths), paths, schema, ())


def _remove(value: Any, tree: dict[str, Any], paths: set[Path], schema: Definition, path: Path) -> Any:
    kept: list[tuple[str, Any]] = []
    for child in children(value, schema) or ():
        below = (*path, child.element)
        if below in paths:
            continue
        part = child.value
        if child.element in tree:
            part = _remove(part, tree[child.element], paths, child.schema, below)
            if part in ({}, []):
                continue
        kept.append((child.element.removeprefix(FIELD), part))
    return dict(kept) if isinstance(value, dict) else [part for _, part in kept]
