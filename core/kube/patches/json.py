"""JSON Patch (RFC 6902): a list of operations on places named by JSON Pointers, all or nothing.

A patch that cannot be read is the client's mistake (400); one whose operation fails on this object is 422, with the text of
the real server, which says no more than that.
"""

from collections.abc import Callable
from typing import Any

import orjson

from core.kube.errors import BadRequest, Invalid, TooLarge
from core.kube.nesting import DEPTH_MAX, TOO_DEEP, depth
from core.kube.objects import Obj, clone

OPERATIONS_MAX = 10_000
COPIED_MAX = 1_500_000  # bytes that copy operations may add: doubling copies grow without bound otherwise

REJECTED = "the server rejected our request due to an error in our request"
NOT_A_LIST = "error decoding patch: json: cannot unmarshal object into Go value of type jsonpatch.Patch"
TOO_MANY = "The allowed maximum operations in a JSON patch is {most}, got {count}"
BAD_DEPTH = f"error decoding patch: {TOO_DEEP}"
TOO_MUCH = "the copy operations of the patch add more than {most} bytes"


class _Failed(Exception):
    """An operation cannot be done on this object."""


def apply(current: Obj, patch: Any) -> Obj:
    """A new object with every operation done. Raises BadRequest, TooLarge, Invalid."""
    if not isinstance(patch, list):
        raise BadRequest(NOT_A_LIST)
    if len(patch) > OPERATIONS_MAX:
        raise TooLarge(TOO_MANY.format(most=OPERATIONS_MAX, count=len(patch)))
    document: Any = clone(current)
    copied = 0
    try:
        for operation in patch:
            name = operation.get("op") if isinstance(operation, dict) else None
            do = OPERATIONS.get(name) if isinstance(name, str) else None
            if do is None:
                raise _Failed
            if name == "copy":
                copied += len(orjson.dumps(_get(document, _pointer(operation, "from"))))
                if copied > COPIED_MAX:
                    raise TooLarge(TOO_MUCH.format(most=COPIED_MAX))
            document = do(document, operation)
    except _Failed:
        raise Invalid(REJECTED) from None
    if not isinstance(document, dict):
        raise Invalid(REJECTED)
    return document


def _pointer(operation: dict[str, Any], name: str = "path") -> list[str]:
    text = operation.get(name)
    if not isinstance(text, str) or (text and not text.startswith("/")):
        raise _Failed
    return [part.replace("~1", "/").replace("~0", "~") for part in text.split("/")[1:]]


def _value(operation: dict[str, Any]) -> Any:
    if "value" not in operation:
        raise _Failed
    return operation["value"]


def _position(items: list[Any], part: str, *, adding: bool) -> int:
    if part == "-" and adding:
        return len(items)
    if not (part.isascii() and part.isdigit()) or (part != "0" and part.startswith("0")) or len(part) > 9:
        raise _Failed
    if int(part) >= len(items) + adding:
        raise _Failed
    return int(part)


def _get(document: Any, parts: list[str]) -> Any:
    for part in parts:
        if isinstance(document, dict) and part in document:
            document = document[part]
        elif isinstance(document, list):
            document = document[_position(document, part, adding=False)]
        else:
            raise _Failed
    return document


def _put(document: Any, parts: list[str], value: Any, *, replace: bool) -> Any:
    if len(parts) + depth(value) > DEPTH_MAX:  # each copy into itself doubles the depth
        raise BadRequest(BAD_DEPTH)
    if not parts:
        return value
    parent, last = _get(document, parts[:-1]), parts[-1]
    if isinstance(parent, dict):
        if replace and last not in parent:
            raise _Failed
        parent[last] = value
    elif isinstance(parent, list):
        position = _position(parent, last, adding=not replace)
        parent[position : position + replace] = [value]
    else:
        raise _Failed
    return document


def _add(document: Any, operation: dict[str, Any]) -> Any:
    return _put(document, _pointer(operation), _copy(_value(operation)), replace=False)


def _replace(document: Any, operation: dict[str, Any]) -> Any:
    return _put(document, _pointer(operation), _copy(_value(operation)), replace=True)


def _remove(document: Any, operation: dict[str, Any]) -> Any:
    return _take(document, _pointer(operation))[0]


def _take(document: Any, parts: list[str]) -> tuple[Any, Any]:
    if not parts:
        raise _Failed
    parent, last = _get(document, parts[:-1]), parts[-1]
    if isinstance(parent, dict) and last in parent:
        return document, parent.pop(last)
    if isinstance(parent, list):
        return document, parent.pop(_position(parent, last, adding=False))
    raise _Failed


def _move(document: Any, operation: dict[str, Any]) -> Any:
    source, target = _pointer(operation, "from"), _pointer(operation)
    if target[: len(source)] == source and len(target) > len(source):
        raise _Failed  # nothing can move into itself
    document, value = _take(document, source)
    return _put(document, target, value, replace=False)


def _duplicate(document: Any, operation: dict[str, Any]) -> Any:
    value = _copy(_get(document, _pointer(operation, "from")))
    return _put(document, _pointer(operation), value, replace=False)


def _test(document: Any, operation: dict[str, Any]) -> Any:
    if not _same(_get(document, _pointer(operation)), _value(operation)):
        raise _Failed
    return document


def _same(one: Any, other: Any) -> bool:
    """Equality as JSON sees it: true is not 1."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_same(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_same, one, other))
    return bool(one == other)


def _copy(value: Any) -> Any:
    return orjson.loads(orjson.dumps(value))


OPERATIONS: dict[str, Callable[[Any, dict[str, Any]], Any]] = {
    "add": _add,
    "remove": _remove,
    "replace": _replace,
    "move": _move,
    "copy": _duplicate,
    "test": _test,
}
