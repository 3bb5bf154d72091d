"""Sets of field paths, and `fieldsV1`, in which they travel.

A path is a tuple of elements as `fieldsV1` writes them: `f:NAME` is a field, `k:{…}` an item of a list by its keys, `v:…` an
item of a set by its value. On the wire a set is a tree in which an inner node that is itself a member holds `"."`.
"""

from collections.abc import Iterable
from typing import Any

import orjson

from core.kube import nesting

Path = tuple[str, ...]
Paths = frozenset[Path]

SELF = "."
FIELD, KEYS, VALUE = "f:", "k:", "v:"


def read(tree: Any, above: Path = ()) -> Paths:
    """The set that a `fieldsV1` stands for. ValueError if it is none."""
    if not isinstance(tree, dict):
        raise ValueError("fieldsV1 is not an object")
    found: set[Path] = set()
    for element, below in tree.items():
        if element == SELF:
            found.add(above)
            continue
        if element[:2] not in (FIELD, KEYS, VALUE, "i:"):
            raise ValueError(f"{element!r} is no path element")
        if element[:2] == KEYS and not isinstance(nesting.loads(element[2:]), dict):
            raise ValueError(f"{element!r} names no keys")
        path = (*above, element)
        if below:
            found |= read(below, path)
        else:
            found.add(path)
    return frozenset(found)


def write(paths: Iterable[Path]) -> dict[str, Any]:
    """The `fieldsV1` of a set."""
    tree: dict[str, Any] = {}
    for path in sorted(paths):  # a node comes before what is below it
        node = tree
        for element in path[:-1]:
            below = node.setdefault(element, {})
            if not below:
                node[element] = below
            node = below
        node.setdefault(path[-1], {})
    members = frozenset(paths)
    _mark(tree, (), members)
    return tree


def _mark(tree: dict[str, Any], above: Path, members: Paths) -> None:
    """Put "." into the inner nodes that are members themselves."""
    for element, below in tree.items():
        path = (*above, element)
        if below:
            _mark(below, path, members)
            if path in members:
                tree[element] = {SELF: {}} | below


def text(path: Path) -> str:
    """A path as messages name it: `.spec.template.spec.containers[name="c"].image`."""
    return "".join(map(_element, path))


def _element(element: str) -> str:
    kind, value = element[:2], element[2:]
    if kind == FIELD:
        return f".{value}"
    if kind == KEYS:
        keys = orjson.loads(value)
        return "[" + ",".join(f"{name}={orjson.dumps(key).decode()}" for name, key in sorted(keys.items())) + "]"
    return f"[={value}]" if kind == VALUE else f"[{value}]"


def with_ancestors(paths: Iterable[Path]) -> Paths:
    """The paths and everything they lie in."""
    return frozenset(path[:length] for path in paths for length in range(1, len(path) + 1))
