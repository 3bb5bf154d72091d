"""Rules that many kinds share: numbers, percentages, label selectors, metadata.

Reference: apimachinery `pkg/api/validation/objectmeta.go`, `pkg/apis/meta/v1/validation`, `pkg/util/validation`.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from core.kube import formats
from core.kube.causes import NULL, Cause, duplicate, forbidden, invalid_value, not_supported, required, too_long
from core.kube.objects import Obj

Check = Callable[[str], str | None]

NOT_NEGATIVE = "must be greater than or equal to 0"
POSITIVE = "must be greater than 0"
ABOVE_ZERO = "must be greater than zero"
IMMUTABLE = "field is immutable"
NAME_REQUIRED = "name or generateName is required"
ONE_CONTROLLER = 'Only one reference can have Controller set to true. Found "true" in references for {one} and {other}'
NO_OWNER = "/v1, Kind=Event is disallowed from being an owner"
BOTH_PROPAGATIONS = "finalizer orphan and foregroundDeletion cannot be both set"
LEGACY_FINALIZER = "name is neither a standard finalizer name nor is it fully qualified"
NO_NEW_FINALIZERS = "no new finalizers can be added if the object is being deleted, found new finalizers {found}"
STANDARD_FINALIZERS = ("kubernetes", "orphan", "foregroundDeletion")
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


def optional_one_of(field: str, value: Any, supported: Iterable[str]) -> Iterator[Cause]:
    """An enum that may be absent."""
    if value is not None and value not in supported:
        yield not_supported(field, value, supported)


def formatted(field: str, value: str | None, check: Check) -> Iterator[Cause]:
    """A required text in a format."""
    if not value:
        yield required(field)
    else:
        yield from checked(field, value, check)


def checked(field: str, value: Any, check: Callable[[Any], str | None]) -> Iterator[Cause]:
    """A value in a format; none is needed where the format allows the empty one."""
    fault = check(value)
    if fault:
        yield invalid_value(field, value, fault)


def required_names(field: str, holder: Obj, names: Iterable[str]) -> Iterator[Cause]:
    """Texts and lists that must not be empty."""
    for name in names:
        if not holder.get(name):
            yield required(f"{field}.{name}")


def int_or_percent(field: str, value: Any, *, most: int | None = None) -> Iterator[Cause]:
    """A count, or a percentage of replicas."""
    if isinstance(value, str):
        if not re.fullmatch(r"[0-9]{1,18}%", value):  # more digits than Go's integers hold are no number to anybody
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
                yield forbidden(f"{path}.values", VALUES_FORBIDDEN)
        else:
            yield invalid_value(f"{path}.operator", operator, BAD_OPERATOR)
        yield from checked(f"{path}.key", entry.get("key", ""), formats.qualified_name)
        for number, value in enumerate(values or ()):
            yield from checked(f"{path}.values[{number}]", value, formats.label_value)


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


def decorations(meta: Obj) -> Iterator[Cause]:
    """What may change of an object's metadata."""
    if "labels" in meta:
        yield from labels("metadata.labels", meta["labels"])
    if "annotations" in meta:
        yield from annotations("metadata.annotations", meta["annotations"])
    if "ownerReferences" in meta:
        yield from _owners("metadata.ownerReferences", meta["ownerReferences"])
    if "finalizers" in meta:
        yield from finalizers("metadata.finalizers", meta["finalizers"])


def finalizers(field: str, names: list[str], *, is_indexed: bool = False) -> Iterator[Cause]:
    """Qualified names; the few without a domain are those that Kubernetes itself has."""
    for index, name in enumerate(names):
        yield from checked(f"{field}[{index}]" if is_indexed else field, name, formats.qualified_name)
    if "orphan" in names and "foregroundDeletion" in names:
        yield invalid_value(field, names, BOTH_PROPAGATIONS)
    for index, name in enumerate(names):
        if "/" not in name and name not in STANDARD_FINALIZERS:
            yield invalid_value(f"{field}[{index}]", name, LEGACY_FINALIZER)


def no_new_finalizers(meta: Obj, before: Obj) -> Iterator[Cause]:
    """What is being deleted gets no more reasons to stay."""
    if "deletionTimestamp" not in before:
        return
    had = before.get("finalizers") or ()
    new = sorted(name for name in meta.get("finalizers") or () if name not in had)
    if new:
        listed = ", ".join(f'"{name}"' for name in new)
        yield forbidden("metadata.finalizers", NO_NEW_FINALIZERS.format(found=f"[]string{{{listed}}}"))


OWNER_TEXTS = (("apiVersion", "version"), ("kind", "kind"), ("name", "name"), ("uid", "uid"))


def _owners(field: str, references: list[Obj]) -> Iterator[Cause]:
    controller = ""
    for reference in references:
        for name, word in OWNER_TEXTS:
            if not reference.get(name):
                yield invalid_value(f"{field}.{name}", "", f"{word} must not be empty")
        if (reference.get("apiVersion"), reference.get("kind")) == ("v1", "Event"):
            yield invalid_value(field, reference, NO_OWNER)
        if reference.get("controller"):
            this = f"{reference.get('kind', '')}/{reference.get('name', '')}"
            if controller:
                yield invalid_value(field, references, ONE_CONTROLLER.format(one=controller, other=this))
            controller = this


def unique(values: Iterable[tuple[str, Any]]) -> Iterator[Cause]:
    """(field, value) pairs, of which no two values may be the same."""
    seen: set[Any] = set()
    for field, value in values:
        if value in seen:
            yield duplicate(field, value)
        seen.add(value)


def immutable(field: str, new: Any, old: Any, *, show: Callable[[Any], Any] | None = None) -> Iterator[Cause]:
    """`show` renders the new value; a value that is gone prints as Go prints a pointer to nothing."""
    if new != old:
        yield invalid_value(field, NULL if new is None else show(new) if show else new, IMMUTABLE)
