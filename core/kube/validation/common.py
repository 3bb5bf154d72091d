"""Rules that many kinds share: numbers, percentages, label selectors, metadata."""

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from core.kube import formats
from core.kube.causes import Cause, duplicate, invalid_value, not_supported, required, too_long
from core.kube.objects import Obj

Check = Callable[[str], str | None]

NOT_NEGATIVE = "must be greater than or equal to 0"
POSITIVE = "must be greater than 0"
IMMUTABLE = "field is immutable"
NAME_REQUIRED = "name or generateName is required"
ONE_CONTROLLER = 'Only one reference can have Controller set to true. Found "true" in references for {one} and {other}'
PERCENT = (
    "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for"
    " validation is '[0-9]+%')"
)
OVER_100_PERCENT = "must not be greater than 100%"
VALUES_NEEDED = "must be specified when `operator` is 'In' or 'NotIn'"
VALUES_FORBIDDEN = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"
BAD_OPERATOR = "not a valid selector operator"
ANNOTATIONS_BYTES_MAX = 256 * 1024


def at_least_zero(field: str, value: Any) -> Iterator[Cause]:
    if value is not None and value < 0:
        yield invalid_value(field, value, NOT_NEGATIVE)


def one_of(field: str, value: Any, supported: Iterable[str]) -> Iterator[Cause]:
    """An enum: required, and one of `supported`."""
    if not value:
        yield required(field)
    elif value not in supported:
        yield not_supported(field, value, supported)


def formatted(field: str, value: str | None, check: Check) -> Iterator[Cause]:
    """A required text in a format."""
    if not value:
        yield required(field)
    else:
        fault = check(value)
        if fault:
            yield invalid_value(field, value, fault)


def int_or_percent(field: str, value: Any, *, most: int | None = None) -> Iterator[Cause]:
    """A count, or a percentage of replicas."""
    if isinstance(value, str):
        if not re.fullmatch(r"[0-9]{1,6}%", value):
            yield invalid_value(field, value, PERCENT)
        elif most is not None and int(value[:-1]) > most:
            yield invalid_value(field, value, OVER_100_PERCENT)
    elif value is not None:
        yield from at_least_zero(field, value)


def is_zero(value: Any) -> bool:
    """Whether a count or a percentage is none at all."""
    return value in (None, 0) or (isinstance(value, str) and value.rstrip("%").strip("0") == "")


def label_selector(field: str, selector: Obj) -> Iterator[Cause]:
    """A LabelSelector object."""
    yield from labels(f"{field}.matchLabels", selector.get("matchLabels"))
    for index, entry in enumerate(selector.get("matchExpressions") or ()):
        path = f"{field}.matchExpressions[{index}]"
        operator, values = entry.get("operator", ""), entry.get("values")
        if operator in ("In", "NotIn"):
            if not values:
                yield required(f"{path}.values", VALUES_NEEDED)
        elif operator in ("Exists", "DoesNotExist"):
            if values:
                yield Cause(f"{path}.values", "FieldValueForbidden", f"Forbidden: {VALUES_FORBIDDEN}")
        else:
            yield invalid_value(f"{path}.operator", operator, BAD_OPERATOR)
        fault = formats.qualified_name(entry.get("key", ""))
        if fault:
            yield invalid_value(f"{path}.key", entry.get("key", ""), fault)


def labels(field: str, pairs: dict[str, str] | None) -> Iterator[Cause]:
    for key, value in (pairs or {}).items():
        fault = formats.qualified_name(key)
        if fault:
            yield invalid_value(field, key, fault)
        fault = formats.label_value(value)
        if fault:
            yield invalid_value(field, value, fault)


def annotations(field: str, pairs: dict[str, str] | None) -> Iterator[Cause]:
    size = 0
    for key, value in (pairs or {}).items():
        fault = formats.qualified_name(key.lower())
        if fault:
            yield invalid_value(field, key, fault)
        size += len(key) + len(value)
    if size > ANNOTATIONS_BYTES_MAX:
        yield too_long(field, ANNOTATIONS_BYTES_MAX)


def metadata(meta: Obj, name_check: Check) -> Iterator[Cause]:
    """What every object's metadata must be."""
    prefix, name = meta.get("generateName"), meta.get("name")
    if prefix:
        # A prefix may end with a hyphen since five characters follow.
        fault = name_check(prefix[:-1] + "a" if prefix.endswith("-") else prefix)
        if fault:
            yield invalid_value("metadata.generateName", prefix, fault)
    if not name:
        yield required("metadata.name", NAME_REQUIRED)
    else:
        fault = name_check(name)
        if fault:
            yield invalid_value("metadata.name", name, fault)
    yield from decorations(meta)


def decorations(meta: Obj, field: str = "metadata") -> Iterator[Cause]:
    """What may change of an object's metadata."""
    if "labels" in meta:
        yield from labels(f"{field}.labels", meta["labels"])
    if "annotations" in meta:
        yield from annotations(f"{field}.annotations", meta["annotations"])
    for index, finalizer in enumerate(meta.get("finalizers") or ()):
        fault = formats.qualified_name(finalizer)
        if fault:
            yield invalid_value(f"{field}.finalizers[{index}]", finalizer, fault)
    if "ownerReferences" in meta:
        yield from _owners(f"{field}.ownerReferences", meta["ownerReferences"])


def _owners(field: str, references: list[Obj]) -> Iterator[Cause]:
    controller = ""
    for index, reference in enumerate(references):
        for name in ("apiVersion", "kind", "name", "uid"):
            if not reference.get(name):
                yield invalid_value(
                    f"{field}[{index}].{name}", "", f"{name.removeprefix('api').lower()} must not be empty"
                )
        if reference.get("controller"):
            if controller:
                why = ONE_CONTROLLER.format(one=controller, other=reference.get("name", ""))
                yield invalid_value(field, references, why)
            controller = reference.get("name", "")


def unique(values: Iterable[tuple[str, Any]]) -> Iterator[Cause]:
    """(field, value) pairs, of which no two values may be the same."""
    seen: set[Any] = set()
    for field, value in values:
        if value in seen:
            yield duplicate(field, value)
        seen.add(value)


def immutable(field: str, new: Any, old: Any) -> Iterator[Cause]:
    if new != old:
        yield invalid_value(field, new, IMMUTABLE)
