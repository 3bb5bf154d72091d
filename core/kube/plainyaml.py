"""YAML to JSON values, one event at a time: the part of YAML that manifests use, and nothing that can explode.

A server reads YAML from strangers. Aliases make 300 bytes grow to gigabytes, tags can name constructors, and the loaders
at hand recurse in C, where a few ten thousand opening brackets end the whole process. So values are built here from
libyaml's events (its parser keeps its own stack) in a loop with a depth limit: aliases, anchors, merge keys and tags are
refused, scalars resolve as the real server's YAML 1.1 reader resolves them, keys become text as JSON needs. As there,
only the first document counts.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

import yaml

ALIASES = "anchors, aliases and merge keys are not supported"
TAGS = "tags are not supported"
KEYS = "a mapping key must be a scalar"
NUMBER = "a number is out of range"
DEPTH = "exceeded max depth"
DUPLICATE = 'line {line}: key "{key}" already set in map'
TEXT_TAG = "tag:yaml.org,2002:str"

NULLS = frozenset(("", "~", "null", "Null", "NULL"))
BOOLEANS: dict[str, bool] = {
    text: value
    for value, words in ((True, "y yes true on"), (False, "n no false off"))
    for word in words.split()
    for text in (word, word.capitalize(), word.upper())
}
INTEGER: Final = re.compile(r"[-+]?(0b[01_]+|0o?[0-7_]+|0x[0-9a-fA-F_]+|[1-9][0-9_]*|0)$")
FLOAT: Final = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$")
NOT_FINITE: Final = re.compile(r"[-+]?\.(inf|Inf|INF)$|\.(nan|NaN|NAN)$")
DIGITS_MAX = 40  # more than any number a field can hold; Python refuses to read thousands of digits

LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class YamlError(ValueError):
    """The text is not YAML, or uses what is refused here."""


@dataclass(slots=True)
class _Open:
    """A collection whose end was not reached yet. A mapping waits for a key or, when `key` is set, for its value."""

    value: Any
    key: str | None = None
    seen: set[str] = field(default_factory=set)


def load(raw: bytes, depth_max: int) -> tuple[Any, list[str]]:
    """The first document of `raw` and what is wrong with it though it can be read. Raises YamlError."""
    try:
        return _build(yaml.parse(raw, Loader=LOADER), depth_max)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise YamlError(f"yaml: line {line}: {error.problem}") from None
    except (yaml.YAMLError, UnicodeError) as error:
        raise YamlError(f"yaml: {str(error).splitlines()[0]}") from None


def _build(events: Iterable[Any], depth_max: int) -> tuple[Any, list[str]]:
    stack: list[_Open] = []
    warnings: list[str] = []
    result: Any = None
    for event in events:
        if isinstance(event, yaml.ScalarEvent):
            _refuse(event)
            value = _scalar(event)
        elif isinstance(event, (yaml.MappingStartEvent, yaml.SequenceStartEvent)):
            _refuse(event)
            if event.tag is not None:
                raise _fault(event, TAGS)
            if len(stack) >= depth_max:
                raise YamlError(DEPTH)
            if stack and isinstance(stack[-1].value, dict) and stack[-1].key is None:
                raise _fault(event, KEYS)
            stack.append(_Open({} if isinstance(event, yaml.MappingStartEvent) else []))
            continue
        elif isinstance(event, (yaml.MappingEndEvent, yaml.SequenceEndEvent)):
            value = stack.pop().value
        elif isinstance(event, yaml.AliasEvent):
            raise _fault(event, ALIASES)
        elif isinstance(event, yaml.DocumentEndEvent):
            break
        else:
            continue
        if not stack:
            result = value
        else:
            _put(stack[-1], value, event, warnings)
    return result, warnings


def _put(parent: _Open, value: Any, event: Any, warnings: list[str]) -> None:
    if isinstance(parent.value, list):
        parent.value.append(value)
    elif parent.key is None:
        if value == "<<" and isinstance(event, yaml.ScalarEvent) and not event.style:
            raise _fault(event, ALIASES)
        parent.key = _key(value)
        if parent.key in parent.seen:
            warnings.append(DUPLICATE.format(line=_line(event), key=parent.key))
        parent.seen.add(parent.key)
    else:
        parent.value[parent.key] = value
        parent.key = None


def _line(event: Any) -> int:
    return int(event.start_mark.line) + 1


def _fault(event: Any, why: str) -> YamlError:
    return YamlError(f"yaml: line {_line(event)}: {why}")


def _refuse(event: Any) -> None:
    if event.anchor is not None:
        raise _fault(event, ALIASES)


def _scalar(event: Any) -> Any:
    if event.tag is not None and event.tag != TEXT_TAG and event.tag != "!":
        raise _fault(event, TAGS)
    text: str = event.value
    if event.style or event.tag is not None:  # quoted, a block, or said to be text
        return text
    return resolve(text)


def resolve(text: str) -> Any:
    """What a plain scalar means: nothing, a truth value, a number, else text. Raises YamlError."""
    if text in NULLS:
        return None
    if text in BOOLEANS:
        return BOOLEANS[text]
    if text[0] not in "0123456789+-.":
        return text
    if INTEGER.match(text):
        return _integer(text)
    if FLOAT.match(text):
        number = float(text) if len(text) <= DIGITS_MAX else float("inf")
        if number in (float("inf"), float("-inf")):
            raise YamlError(f"yaml: {NUMBER}")
        return number
    if NOT_FINITE.match(text):
        raise YamlError(f"yaml: {NUMBER}")
    return text


def _integer(text: str) -> int:
    if len(text) > DIGITS_MAX:
        raise YamlError(f"yaml: {NUMBER}")
    plain = text.replace("_", "")
    body = plain.lstrip("+-")
    if len(body) > 1 and body[0] == "0" and body[1].isdigit():  # YAML 1.1: a leading zero means octal
        plain = plain.replace("0", "0o", 1)
    try:
        return int(plain, 0)
    except ValueError:
        raise YamlError(f"yaml: {NUMBER}") from None


def _key(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    return "null" if value is None else str(value)
