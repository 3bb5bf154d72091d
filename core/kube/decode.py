"""Bytes from a stranger to a JSON value: the one place that knows the limits on what a client may send.

Size, depth, the range of numbers, what text may contain, the danger of YAML. Everything that is refused becomes an
`ApiError` with a 4xx code whose text is the real server's where clients read it; nothing else is ever raised. The walk
over the value (`check`) runs also on a patched object, since a patch can build what no client could send.

Reference: apimachinery `serializer/json`, apiserver `limitedReadBody`.
"""

import json
import math
from dataclasses import dataclass
from typing import Any

import orjson

from core.kube import plainyaml
from core.kube.errors import ApiError, BadRequest, TooLarge, UnsupportedMediaType
from core.kube.nesting import DEPTH_MAX, TOO_DEEP, is_too_deep

BODY_BYTES_MAX = 3 * 1024 * 1024
YAML_BYTES_MAX = 256 * 1024
"""The real server takes 3 MiB of YAML too. A Python reader needs seconds for a megabyte, and clients send JSON."""
INT_MIN, INT_MAX = -(2**63), 2**63 - 1
SHOWN_BYTES = 30

JSON_TYPES = frozenset(
    (
        "",
        "application/json",
        "application/json-patch+json",
        "application/merge-patch+json",
        "application/strategic-merge-patch+json",
    )
)
YAML_TYPES = frozenset(("application/yaml", "application/x-yaml", "text/yaml", "application/apply-patch+yaml"))

TOO_LARGE = "Request entity too large: limit is {limit}"
UNKNOWN_TYPE = (
    "the body of the request was in an unknown format - accepted media types include:"
    " application/json, application/yaml"
)
UNRECOGNIZED = (
    "the object provided is unrecognized (must be of type {kind}): couldn't get version/kind; {why} ({shown})"
)
BAD_PATCH = "error decoding patch: {why}"
BAD_BODY = "couldn't get version/kind; {why} ({shown})"
PATCHES = "-patch+"

END = "unexpected end of JSON input"
NUL = "text must not contain NUL characters"
SURROGATE = "text must be valid Unicode"
RANGE = "a number is out of the range of 64-bit integers"
FINITE = "a number is not finite"
DUPLICATE = 'duplicate field "{path}"'

# What Go says where Python's parser stops, by what Python says.
GO_TEXTS = (
    ("Expecting value", "looking for beginning of value"),
    ("Expecting property name", "looking for beginning of object key string"),
    ("Illegal trailing comma", "looking for beginning of object key string"),
    ("Expecting ':'", "after object key"),
    ("Expecting ','", "after object key:value pair"),
    ("Extra data", "after top-level value"),
    ("Invalid control character", "in string literal"),
    ("Invalid \\", "in string escape code"),
)


@dataclass(frozen=True, slots=True)
class Decoded:
    """A value, and what was wrong with its text though it could be read: duplicate fields, last one taken."""

    value: Any
    warnings: tuple[str, ...] = ()


def decode_body(raw: bytes, content_type: str, *, kind: str = "", find_duplicates: bool = False) -> Decoded:
    """The value in a request's body. `kind` is what the texts of errors call the object wanted.

    Duplicate fields are only looked for when asked (`fieldValidation` Warn or Strict): that needs a slower parser.
    Raises BadRequest, TooLarge or UnsupportedMediaType.
    """
    if len(raw) > BODY_BYTES_MAX:
        raise TooLarge(TOO_LARGE.format(limit=BODY_BYTES_MAX))
    media_type = content_type.partition(";")[0].strip().lower()
    if media_type not in JSON_TYPES and media_type not in YAML_TYPES:
        raise UnsupportedMediaType(UNKNOWN_TYPE)
    try:
        decoded = _json(raw, find_duplicates)
    except _Unreadable as error:
        if media_type in JSON_TYPES:
            raise unreadable(raw, media_type, kind, error.why) from None
        decoded = _yaml(raw, media_type, kind)
    fault = check(decoded.value)
    if fault:
        raise unreadable(raw, media_type, kind, f"json parse error: {fault}")
    return decoded


def unreadable(raw: bytes, media_type: str, kind: str, why: str) -> ApiError:
    """The error for a body that is no JSON (or YAML)."""
    if PATCHES in media_type:
        return BadRequest(BAD_PATCH.format(why=why.removeprefix("json parse error: ")))
    shown = raw[:SHOWN_BYTES].decode("utf-8", "replace").replace("\0", "\ufffd") + " ..." if raw else "<empty>"
    text = UNRECOGNIZED if kind else BAD_BODY
    return BadRequest(text.format(kind=kind, why=why, shown=shown))


def check(value: Any) -> str | None:
    """Why `value` cannot be taken: too deep, a number out of range, text that no database stores. None when it can."""
    level: list[Any] = [value]
    for number in range(1, DEPTH_MAX + 2):
        below: list[Any] = []
        for node in level:
            kind = type(node)
            if kind is str:
                fault = _text_fault(node)
                if fault:
                    return fault
            elif kind is dict:
                for key in node:
                    fault = _text_fault(key)
                    if fault:
                        return fault
                below.extend(node.values())
            elif kind is list:
                below.extend(node)
            elif kind is int:
                if not INT_MIN <= node <= INT_MAX:
                    return RANGE
            elif kind is float:
                if not math.isfinite(node):
                    return FINITE
                if not INT_MIN < node < INT_MAX:  # orjson reads whole numbers that are too large as floats
                    return RANGE
        if not below:
            break
        if number == DEPTH_MAX and any(isinstance(node, (dict, list)) for node in below):
            return TOO_DEEP
        level = below
    return None


def _text_fault(text: str) -> str | None:
    if text.isascii():
        return NUL if "\0" in text else None
    if "\0" in text:
        return NUL
    try:
        text.encode()
    except UnicodeEncodeError:
        return SURROGATE
    return None


class _Unreadable(Exception):
    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


def _json(raw: bytes, find_duplicates: bool) -> Decoded:
    try:
        value = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise _Unreadable(f"json parse error: {_why_not_json(raw, error)}") from None
    # The parser that sees duplicates recurses, and what is too deep is refused anyway.
    return Decoded(value, tuple(_duplicates(raw)) if find_duplicates and not is_too_deep(value) else ())


def _yaml(raw: bytes, media_type: str, kind: str) -> Decoded:
    if len(raw) > YAML_BYTES_MAX:
        raise TooLarge(TOO_LARGE.format(limit=YAML_BYTES_MAX))
    try:
        value, warnings = plainyaml.load(raw, DEPTH_MAX)
    except plainyaml.YamlError as error:
        raise unreadable(raw, media_type, kind, f"error converting YAML to JSON: {error}") from None
    return Decoded(value, tuple(warnings))


def _why_not_json(raw: bytes, error: orjson.JSONDecodeError) -> str:
    """What Go's parser says of `raw`, which orjson refused. Cold path: Python's parser finds the place."""
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        return "invalid UTF-8"
    if error.msg.startswith("depth limit"):
        return TOO_DEEP
    try:
        json.loads(text)
    except json.JSONDecodeError as found:
        if found.pos >= len(text.rstrip()) or found.msg.startswith("Unterminated string"):
            return END
        where = next((go for python, go in GO_TEXTS if found.msg.startswith(python)), "in JSON")
        return f"invalid character '{text[found.pos]}' {where}"
    except (ValueError, RecursionError):
        return RANGE
    return error.msg.partition(":")[0]  # read by Python, refused by orjson: NaN, lone surrogates, 1e999


def _duplicates(raw: bytes) -> list[str]:
    """A line for each field that stands twice in one object, in the order of the text."""
    doubled: dict[int, list[str]] = {}

    def build(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        built = dict(pairs)
        if len(built) != len(pairs):
            seen: set[str] = set()
            doubled[id(built)] = [key for key, _ in pairs if key in seen or seen.add(key)]  # type: ignore[func-returns-value]
        return built

    value = json.loads(raw, object_pairs_hook=build)
    return [DUPLICATE.format(path=path) for path in _paths(value, "", doubled)] if doubled else []


def _paths(value: Any, path: str, doubled: dict[int, list[str]]) -> list[str]:
    """Paths of the doubled keys below `value`; its depth was looked at before."""
    if isinstance(value, dict):
        prefix = f"{path}." if path else ""
        found = [prefix + key for key in doubled.get(id(value), ())]
        for key, child in value.items():
            found += _paths(child, prefix + key, doubled)
        return found
    if isinstance(value, list):
        return [line for index, child in enumerate(value) for line in _paths(child, f"{path}[{index}]", doubled)]
    return []
