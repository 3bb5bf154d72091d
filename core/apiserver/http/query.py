"""The query of a URL as options: one parser for all, with the real server's idea of numbers and booleans.

Only ASCII digits are numbers. A boolean is true unless it is missing, `0` or `false`; so `?watch` alone is true. Options
nobody knows are ignored, as the real server does. Reference: apimachinery `pkg/runtime/converter.go`, `conversion.go`.
"""

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl

from core.kube.errors import BadRequest

FIELDS_MAX = 200
INT64 = range(-(2**63), 2**63)
INTEGER = re.compile(r"[+-]?[0-9]+\Z", re.ASCII)

BAD_SYNTAX = 'strconv.ParseInt: parsing "{text}": invalid syntax'
OUT_OF_RANGE = 'strconv.ParseInt: parsing "{text}": value out of range'
NOT_TEXT = "the query is not valid: {why}"


def _text(values: list[str]) -> str:
    return values[0]


def _texts(values: list[str]) -> list[str]:
    return values


def _boolean(values: list[str]) -> bool:
    return values[0].lower() not in ("false", "0")


def _integer(values: list[str]) -> int:
    text = values[0]
    if not INTEGER.match(text):
        raise BadRequest(BAD_SYNTAX.format(text=text))
    # Longer than any int64: not even converted, since Python takes quadratic time for it.
    number = int(text) if len(text) <= 20 else 2**63
    if number not in INT64:
        raise BadRequest(OUT_OF_RANGE.format(text=text))
    return number


OPTIONS: dict[str, Callable[[list[str]], Any]] = {
    "allowWatchBookmarks": _boolean,
    "command": _texts,
    "container": _text,
    "continue": _text,
    "dryRun": _texts,
    "fieldManager": _text,
    "fieldSelector": _text,
    "fieldValidation": _text,
    "follow": _boolean,
    "force": _boolean,
    "gracePeriodSeconds": _integer,
    "ignoreStoreReadErrorWithClusterBreakingPotential": _boolean,
    "includeObject": _text,
    "labelSelector": _text,
    "limit": _integer,
    "limitBytes": _integer,
    "orphanDependents": _boolean,
    "pretty": _text,
    "previous": _boolean,
    "propagationPolicy": _text,
    "resourceVersion": _text,
    "resourceVersionMatch": _text,
    "sendInitialEvents": _boolean,
    "sinceSeconds": _integer,
    "sinceTime": _text,
    "tailLines": _integer,
    "timeout": _text,
    "timeoutSeconds": _integer,
    "timestamps": _boolean,
    "verbose": _boolean,
    "watch": _boolean,
}


def fields(query_string: bytes) -> dict[str, list[str]]:
    """Every field of the query with its values, in order. Raises BadRequest."""
    if not query_string:
        return {}
    found: dict[str, list[str]] = {}
    try:
        pairs = parse_qsl(
            query_string.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=FIELDS_MAX
        )
    except ValueError as error:
        raise BadRequest(NOT_TEXT.format(why=error)) from None
    for name, value in pairs:
        if "\0" in value:
            raise BadRequest(NOT_TEXT.format(why="it contains a NUL character"))
        found.setdefault(name, []).append(value)
    return found


def options(query_string: bytes) -> dict[str, Any]:
    """The options a query sets, parsed. Raises BadRequest."""
    return {name: OPTIONS[name](values) for name, values in fields(query_string).items() if name in OPTIONS}
