"""Why an object is invalid: one cause a field, and the answer that lists them all.

Reference: apimachinery `pkg/util/validation/field/errors.go` and `apierrors.NewInvalid`. kubectl prints these texts as they
are, so they are the real ones, down to how a value is quoted.
"""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import orjson

from core.kube.errors import Invalid
from core.kube.resources import Resource


class Cause(NamedTuple):
    """What is wrong with one field. `field` is its path, `spec.containers[0].image`."""

    field: str
    reason: str
    message: str

    def __str__(self) -> str:
        return f"{self.field}: {self.message}"


class Rendered(str):
    """A value that is written as it is: how Go prints one of its structs."""

    __slots__ = ()


OMITTED = Rendered()
"""The value is not told, since its field says enough."""
NULL = "null"
"""What a missing pointer prints as: Go quotes it."""


def shown(value: Any) -> str:
    """A value as the texts show it: text quoted, objects as JSON."""
    if isinstance(value, Rendered):
        return str(value)
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()


def required(field: str, detail: str = "") -> Cause:
    return Cause(field, "FieldValueRequired", _with("Required value", detail))


def invalid_value(field: str, value: Any, detail: str) -> Cause:
    told = "Invalid value" if value is OMITTED else f"Invalid value: {shown(value)}"
    return Cause(field, "FieldValueInvalid", _with(told, detail))


def wrong_type(field: str, value: Any, detail: str) -> Cause:
    return Cause(field, "FieldValueTypeInvalid", _with(f"Invalid value: {shown(value)}", detail))


def not_supported(field: str, value: Any, supported: Iterable[str]) -> Cause:
    listed = ", ".join(map(shown, supported))
    return Cause(field, "FieldValueNotSupported", f"Unsupported value: {shown(value)}: supported values: {listed}")


def duplicate(field: str, value: Any, detail: str = "") -> Cause:
    return Cause(field, "FieldValueDuplicate", _with(f"Duplicate value: {shown(value)}", detail))


def missing(field: str, value: Any, detail: str = "") -> Cause:
    """The field names something that is not there."""
    return Cause(field, "FieldValueNotFound", _with(f"Not found: {shown(value)}", detail))


def forbidden(field: str, detail: str) -> Cause:
    return Cause(field, "FieldValueForbidden", _with("Forbidden", detail))


def too_long(field: str, most: int) -> Cause:
    return Cause(field, "FieldValueTooLong", f"Too long: may not be more than {most} bytes")


def too_many(field: str, count: int, most: int) -> Cause:
    return Cause(field, "FieldValueTooMany", f"Too many: {count}: must have at most {most} items")


def _with(text: str, detail: str) -> str:
    return f"{text}: {detail}" if detail else text


def invalid(resource: Resource | str, name: str, causes: Sequence[Cause]) -> Invalid:
    """The answer to an object with `causes`. `resource` is its row, or kind and group (`Scale.autoscaling`)."""
    kind, _, group = resource.partition(".") if isinstance(resource, str) else (resource.kind, "", resource.group)
    texts = list(dict.fromkeys(map(str, causes)))
    told = texts[0] if len(texts) == 1 else f"[{', '.join(texts)}]"
    details: dict[str, Any] = {"name": name} if name else {}
    if group:
        details["group"] = group
    details["kind"] = kind
    details["causes"] = [{"reason": c.reason, "message": c.message, "field": c.field} for c in causes]
    return Invalid(f'{kind}{"." if group else ""}{group} "{name}" is invalid: {told}', details=details)
