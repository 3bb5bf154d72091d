"""The shape of objects: fields that exist, with values of the right type. The first look at what a client wrote.

`conform` makes a body into what Go's decoder would have made of it: a field of the wrong type is a BadRequest in its words,
fields nobody knows are taken away and named, nulls count as absent, and so do zeros that Go would not write. What the
values mean is `validation`'s affair. What is reported, under `status`, no rule looks at; there Go's structs are never
without their required fields, so these are filled with their zero values, and whoever reads a condition may count on its
type.

The common case must cost microseconds: jsonschema-rs compiles one self-contained schema a kind, at its first use, that
answers only yes or no (`_validator`). On no, a slower walk through the definitions finds out what is wrong and puts it in
words. The compiled schema knows types, formats and required fields; that a spec lacks one, and ranges and enums, are left to
`validate` for kinds that have no rules of their own.
"""

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

import jsonschema_rs
import orjson

from core.kube import quantities
from core.kube.causes import Cause, not_supported, required
from core.kube.definitions import REFERENCE, Definition, definition_name, definitions
from core.kube.errors import BadRequest
from core.kube.gotypes import left_out_when_zero
from core.kube.objects import Obj
from core.kube.resources import Resource
from core.kube.structs import times_of
from core.kube.times import is_timestamp

CANNOT_HANDLE = '{kind} in version "{version}" cannot be handled as a {kind}: {why}'
CANNOT_UNMARSHAL = "json: cannot unmarshal {found} into Go struct field {struct}.{path} of type {wanted}"
BAD_TIME = 'parsing time "{text}" as "2006-01-02T15:04:05Z07:00": cannot parse "{text}" as "2006"'
BAD_BASE64 = "illegal base64 data at input byte 0"

META = "io.k8s.apimachinery.pkg.apis.meta.v1."
QUANTITY = "io.k8s.apimachinery.pkg.api.resource.Quantity"
INT_OR_STRING = "io.k8s.apimachinery.pkg.util.intstr.IntOrString"
RAW = "io.k8s.apimachinery.pkg.runtime.RawExtension"
TIMES = (f"{META}Time", f"{META}MicroTime")
QUANTITY_PATTERN = r"^[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([numkMGTPE]|[KMGTPE]i|[eE][-+]?[0-9]{1,3})?$"
MAY_BE_NULL = frozenset({("io.k8s.api.storage.v1.CSINodeSpec", "drivers")})
"""Lists that the schema requires and the real validation does not: a null one is an empty one."""
NOT_ZERO: dict[str, Definition] = {
    "string": {"minLength": 1},
    "integer": {"not": {"enum": [0]}},
    "number": {"not": {"enum": [0]}},
    "boolean": {"enum": [True]},
    "array": {"minItems": 1},
    "object": {"minProperties": 1},
}
"""How a compiled schema says that a value is no zero: so those that mean absence cost a look only where they are."""
RANGES = {"int32": (-(2**31), 2**31 - 1), "int64": (-(2**63), 2**63 - 1)}
PLAIN_TYPES = {"string": str, "boolean": bool, "object": dict, "array": list}


def conform(resource: Resource, obj: Obj) -> list[str]:
    """Make `obj` a well-formed object of `resource`, in place. Answers the paths of unknown fields, which are gone then.

    Raises BadRequest when a field has the wrong type. A kind without a definition (a custom resource) is left alone.
    """
    checker = _validator(resource)
    if checker is None:
        return []
    if checker.is_valid(obj):
        return []
    _normalize(obj)
    if checker.is_valid(obj):
        return []
    unknown: list[str] = []
    try:
        _walk(obj, {"$ref": REFERENCE + definition_name(resource)}, "", "", unknown)
    except _Mismatch as error:
        raise BadRequest(CANNOT_HANDLE.format(kind=resource.kind, version=resource.version, why=error.why)) from None
    return unknown


def unknown_fields(resource: Resource, obj: Obj) -> list[str]:
    """The paths of fields that the kind does not have; `obj` stays as it is."""
    copy: Obj = orjson.loads(orjson.dumps(obj))
    return conform(resource, copy)


def validate(resource: Resource, obj: Obj) -> list[Cause]:
    """Required fields and enums as the schema has them, for kinds without rules of their own. `obj` conforms already."""
    if _validator(resource) is None:
        return []
    return list(_missing(obj, {"$ref": REFERENCE + definition_name(resource)}, ""))


@cache
def _validator(resource: Resource) -> Any:
    """The compiled yes-or-no schema of a kind; None if the kind has no definition."""
    try:
        name = definition_name(resource)
    except KeyError:
        return None
    wanted: dict[str, Definition] = {}
    pending = [name]
    while pending:
        current = pending.pop()
        if current not in wanted:
            wanted[current] = _compact(current)
            pending += _references(wanted[current])
    schema = {"allOf": [{"$ref": REFERENCE + name}], "$defs": wanted}
    # Draft 4 is the one in which 1.0 is no integer: Python code that counts with it would fail.
    return jsonschema_rs.Draft4Validator(
        schema, formats={"byte": _is_base64, "time": is_timestamp}, validate_formats=True
    )


def _compact(name: str) -> Definition:
    """A definition with types, formats and names of fields only."""
    if name == QUANTITY:
        return {"anyOf": [{"type": "string", "pattern": QUANTITY_PATTERN}, {"type": "number"}]}
    if name == INT_OR_STRING:
        return {"type": ["string", "integer"]}
    if name in TIMES:
        return {"type": "string", "format": "time"}
    compact = _compact_field(definitions()[name])
    for field in times_of(name):  # Go writes null where they are zero: a null there is nothing to mend
        compact["properties"][field] = {"anyOf": [compact["properties"][field], {"type": "null"}]}
    for zero in left_out_when_zero(name):
        compact["properties"][zero] |= NOT_ZERO[compact["properties"][zero]["type"]]
    return compact


def _compact_field(schema: Definition) -> Definition:
    if "$ref" in schema:
        return {"$ref": schema["$ref"]}
    kind = type_of(schema)
    compact: Definition = {"type": kind} if kind else {}
    if kind == "integer":
        compact["minimum"], compact["maximum"] = RANGES.get(schema.get("format", ""), RANGES["int64"])
    elif schema.get("format") == "byte":
        compact["format"] = "byte"
    if "properties" in schema:
        compact["properties"] = {name: _compact_field(field) for name, field in schema["properties"].items()}
        compact["additionalProperties"] = False
    elif isinstance(schema.get("additionalProperties"), dict):
        compact["additionalProperties"] = _compact_field(schema["additionalProperties"])
    if isinstance(schema.get("items"), dict):
        compact["items"] = _compact_field(schema["items"])
    return compact


def _references(schema: Any) -> Iterator[str]:
    if isinstance(schema, dict):
        for key, value in schema.items():
            if key == "$ref" and isinstance(value, str):
                yield value.removeprefix(REFERENCE)
            else:
                yield from _references(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from _references(value)


def type_of(schema: Definition) -> str:
    """`string` out of `["string", "null"]`: nulls are gone before anybody looks."""
    kind = schema.get("type", "")
    return kind if isinstance(kind, str) else next(name for name in kind if name != "null")


def _is_base64(text: str) -> bool:
    return bool(
        re.fullmatch(r"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?", re.sub(r"[\r\n]", "", text))
    )


def _normalize(value: Any) -> Any:
    """Take nulls out of objects and make whole floats integers, in place: so Go reads them into its fields."""
    if isinstance(value, dict):
        for key in [key for key, child in value.items() if child is None]:
            del value[key]
        for key, child in value.items():
            value[key] = _normalize(child)
    elif isinstance(value, list):
        value[:] = [_normalize(child) for child in value if child is not None]
    elif isinstance(value, float) and value.is_integer() and abs(value) < 2**63:
        return int(value)
    return value


class _Mismatch(Exception):
    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


def _walk(value: Any, schema: Definition, path: str, struct: str, unknown: list[str]) -> None:
    """Raise _Mismatch at the first value of a wrong type; take unknown fields away and note their paths; take zeros away."""
    name = schema["$ref"].removeprefix(REFERENCE) if "$ref" in schema else ""
    if name == QUANTITY:
        return _check_quantity(value)
    if name in TIMES and isinstance(value, str):
        if not is_timestamp(value):
            raise _Mismatch(BAD_TIME.format(text=value))
        return None
    definition = definitions()[name] if name else schema
    if not _fits(value, definition, name):
        plain = re.sub(r"\[\d+\]", "", path)
        found = _found(value)
        raise _Mismatch(
            CANNOT_UNMARSHAL.format(
                found=found, struct=struct or name.rpartition(".")[2], path=plain, wanted=_go(schema)
            )
        )
    if isinstance(value, str):
        if definition.get("format") == "byte" and not _is_base64(value):
            raise _Mismatch(BAD_BASE64)
    elif isinstance(value, list) and isinstance(definition.get("items"), dict):
        for index, child in enumerate(value):
            _walk(child, definition["items"], f"{path}[{index}]", struct, unknown)
    elif isinstance(value, dict):
        _walk_fields(value, definition, path, name.rpartition(".")[2] or struct, unknown)
        for zero in left_out_when_zero(name) & value.keys():
            if not value[zero]:
                del value[zero]
    return None


def _walk_fields(value: Obj, definition: Definition, path: str, struct: str, unknown: list[str]) -> None:
    properties, others = definition.get("properties"), definition.get("additionalProperties")
    for key in list(value):
        below = f"{path}.{key}" if path else key
        if properties is not None and key in properties:
            _walk(value[key], properties[key], below, struct, unknown)
        elif properties is not None:
            unknown.append(below)
            del value[key]
        elif isinstance(others, dict):
            _walk(value[key], others, below, struct, unknown)


def _check_quantity(value: Any) -> None:
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise _Mismatch(quantities.BAD)
    try:
        quantities.parse(value)
    except quantities.BadQuantity as error:
        raise _Mismatch(str(error)) from None


def _fits(value: Any, definition: Definition, name: str) -> bool:
    if name == INT_OR_STRING:
        return isinstance(value, (str, int)) and not isinstance(value, bool)
    kind = type_of(definition)
    if kind == "integer":
        low, high = RANGES.get(definition.get("format", ""), RANGES["int64"])
        return isinstance(value, int) and not isinstance(value, bool) and low <= value <= high
    if kind == "number":
        return isinstance(value, (int, float)) and not isinstance(value, bool)
    return not kind or isinstance(value, PLAIN_TYPES[kind])


def _found(value: Any) -> str:
    """What Go calls a JSON value that does not fit."""
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, (int, float)):
        return f"number {value}" if isinstance(value, float) or abs(value) >= 2**31 else "number"
    return "string" if isinstance(value, str) else "object" if isinstance(value, dict) else "array"


def _go(schema: Definition) -> str:
    """The Go type of a field: `[]v1.Container`, `map[string]string`."""
    if "$ref" in schema:
        name = schema["$ref"].removeprefix(REFERENCE)
        return ".".join(name.split(".")[-2:]) if name != INT_OR_STRING else "intstr.IntOrString"
    kind = type_of(schema)
    if kind == "array":
        return f"[]{_go(schema.get('items', {}))}"
    if kind == "object":
        others = schema.get("additionalProperties")
        return f"map[string]{_go(others) if isinstance(others, dict) else 'interface {}'}"
    if kind == "integer":
        return str(schema.get("format", "int64"))
    return {"boolean": "bool", "number": "float64"}.get(kind, kind)


def _missing(value: Any, schema: Definition, path: str) -> Iterator[Cause]:
    definition = definitions()[schema["$ref"].removeprefix(REFERENCE)] if "$ref" in schema else schema
    if isinstance(value, dict):
        properties, others = definition.get("properties", {}), definition.get("additionalProperties")
        name = schema.get("$ref", "").removeprefix(REFERENCE)
        for key in definition.get("required", ()):
            if key not in value and (name, key) not in MAY_BE_NULL:
                yield required(f"{path}.{key}" if path else key)
        for key, child in value.items():
            field = properties.get(key, others)
            if isinstance(field, dict) and (path or key not in ("apiVersion", "kind", "metadata", "status")):
                yield from _missing(child, field, f"{path}.{key}" if path else key)
    elif isinstance(value, list) and isinstance(definition.get("items"), dict):
        for index, child in enumerate(value):
            yield from _missing(child, definition["items"], f"{path}[{index}]")
    elif "enum" in definition and value not in definition["enum"]:
        yield not_supported(path, value, sorted(filter(None, definition["enum"])))
