"""Bodies in Kubernetes' protobuf: what kubectl sends when it uses typed clients (`create`, `auth can-i`).

Since 1.32 the Go clients prefer protobuf for bodies, and do not fall back to JSON when it is refused. So bodies are read,
into the very JSON that Go would write of the same object; answers stay JSON, which the same clients accept.

Names and types of fields are the schema's, numbers and the meaning of zeros those of Go's types (`kube.gotypes`).

A body is the four bytes `k8s\\0` and an `Unknown`: apiVersion and kind, and the message. Fields the table does not have are
skipped, as by the real server. Reference: apimachinery `pkg/runtime/serializer/protobuf`.
"""

import base64
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any, NamedTuple

from core.kube import gotypes, nesting
from core.kube.decode import check
from core.kube.definitions import REFERENCE, Definition, definitions
from core.kube.errors import BadRequest
from core.kube.schema import type_of
from core.kube.times import micro_timestamp, timestamp

MEDIA_TYPE = "application/vnd.kubernetes.protobuf"
MAGIC = b"k8s\0"
UNREADABLE = "unable to decode the body as protobuf: {why}"
DEPTH_MAX = 40
VARINT_BYTES_MAX = 10
YEAR_ONE = -62_135_596_800  # seconds: Go's zero time
LIST, MAP = "*", "%"
BYTES, TEXTS = "bytes", "texts"


class Field(NamedTuple):
    """One field on the wire. `many` is `*` for a list and `%` for a map; `type` is a scalar's, or a message's name."""

    sign: str
    name: str
    many: str
    type: str


class Malformed(ValueError):
    """Not the bytes of such a message."""


@lru_cache(maxsize=512)  # there are not many more messages than that, and none is made by a client
def table_of(message: str, within: str = "") -> dict[int, Field]:
    """The fields of `message` by number. An embedded one has no definition: the schema lists them where it is `within`."""
    properties = definition_of(within or message).get("properties", {})
    found = {}
    for number, sign, name in gotypes.fields_of(message):
        if sign == gotypes.EMBEDDED:
            found[number] = Field(sign, "", "", name)
        else:
            found[number] = Field(sign, name, *_type(properties[name]))
    return found


def definition_of(message: str) -> Definition:
    """The schema's definition of `apps.v1.Deployment`. Raises KeyError."""
    for package in gotypes.PACKAGES:
        if package + message in definitions():
            return definitions()[package + message]
    raise KeyError(message)


def _type(schema: Definition) -> tuple[str, str]:
    """(many, type) of a field, by its schema."""
    if "$ref" in schema:
        return "", gotypes.message_of(schema["$ref"].removeprefix(REFERENCE))
    kind = type_of(schema)
    if kind == "array":
        return LIST, _type(schema["items"])[1]
    if kind == "object":
        many, of = _type(schema["additionalProperties"])
        return MAP, TEXTS if many == LIST else of
    return "", BYTES if schema.get("format") == "byte" else kind


def decode(body: bytes) -> dict[str, Any]:
    """The object in `body`, as its JSON would be. Raises BadRequest."""
    try:
        if not body.startswith(MAGIC):
            raise Malformed("it does not begin with k8s")
        envelope = dict(_fields(body[len(MAGIC) :]))
        types = {number: _text(value) for number, value in _fields(_bytes(envelope.get(1, b"")))}
        api_version, kind = types.get(1, ""), types.get(2, "")
        message = gotypes.facts().kinds.get(f"{api_version}/{kind}")
        if kind == "DeleteOptions":  # every group version has its own, all alike
            message = gotypes.facts().kinds["v1/DeleteOptions"]
        if message is None:
            raise Malformed(f'no kind "{kind}" is known for version "{api_version}"')
        found = _message(_bytes(envelope.get(2, b"")), message, 0)
        fault = check(found)
        if fault:
            raise Malformed(fault)
        return {"kind": kind, "apiVersion": api_version, **found}
    except ValueError as error:
        raise BadRequest(UNREADABLE.format(why=error)) from None


def _message(raw: bytes, name: str, depth: int, within: str = "") -> dict[str, Any]:
    if depth > DEPTH_MAX:
        raise Malformed("exceeded max depth")
    table = table_of(name, within)
    found: dict[str, Any] = {}
    for number, value in _fields(raw):
        field = table.get(number)
        if field is None:
            continue
        if field.sign == gotypes.EMBEDDED:
            found |= _message(_bytes(value), field.type, depth + 1, within=within or name)
        elif field.many == MAP:
            entry = dict(_fields(_bytes(value)))
            key = _text(entry.get(1, b""))
            found.setdefault(field.name, {})[key] = _value(entry.get(2, _zero(field.type)), field.type, depth)
        elif field.many == LIST:
            found.setdefault(field.name, []).append(_value(value, field.type, depth))
        else:
            decoded = _value(value, field.type, depth)
            if decoded or (decoded is not None and field.sign != gotypes.OMITTED):
                found[field.name] = decoded
    return found


def _value(value: int | bytes, kind: str, depth: int) -> Any:
    if kind in SCALARS:
        return SCALARS[kind](value)
    if kind in SPECIAL:
        return SPECIAL[kind](_bytes(value))
    return _message(_bytes(value), kind, depth + 1)


def _zero(kind: str) -> int | bytes:
    return 0 if kind in ("integer", "boolean") else b""


def _fields(raw: bytes) -> Iterator[tuple[int, int | bytes]]:
    """(number, value) of each field on the wire. Raises Malformed."""
    at = 0
    while at < len(raw):
        key, at = _varint(raw, at)
        number, wire = key >> 3, key & 7
        if wire == 0:
            value, at = _varint(raw, at)
            yield number, value
            continue
        if wire == 2:
            size, at = _varint(raw, at)
        elif wire in (1, 5):
            size = 8 if wire == 1 else 4
        else:
            raise Malformed(f"wire type {wire} is not used")
        if at + size > len(raw):
            raise Malformed("unexpected end")
        yield number, raw[at : at + size]
        at += size


def _varint(raw: bytes, at: int) -> tuple[int, int]:
    value = 0
    for position in range(VARINT_BYTES_MAX):
        if at >= len(raw):
            raise Malformed("unexpected end")
        byte = raw[at]
        at += 1
        value |= (byte & 0x7F) << (7 * position)
        if byte < 0x80:
            return value, at
    raise Malformed("a number is too long")


def _bytes(value: int | bytes) -> bytes:
    if isinstance(value, int):
        raise Malformed("a number stands where a message should")
    return value


def _text(value: int | bytes) -> str:
    return _bytes(value).decode()


def _integer(value: int | bytes) -> int:
    if not isinstance(value, int):
        raise Malformed("a message stands where a number should")
    value &= 2**64 - 1
    return value - 2**64 if value >= 2**63 else value


SCALARS: dict[str, Callable[[int | bytes], Any]] = {
    "string": _text,
    BYTES: lambda value: base64.b64encode(_bytes(value)).decode(),
    "integer": _integer,
    "boolean": lambda value: bool(_integer(value)),
}


def _time(format: Callable[[float], str]) -> Callable[[bytes], str | None]:
    def decoded(raw: bytes) -> str | None:
        fields = dict(_fields(raw))
        if not fields:
            return None
        seconds = _integer(fields.get(1, 0))
        if seconds == YEAR_ONE:
            return None
        if not 0 <= seconds < 2**34:
            raise Malformed("a time is out of range")
        return format(seconds + _integer(fields.get(2, 0)) / 1e9)

    return decoded


def _quantity(raw: bytes) -> str:
    return _text(dict(_fields(raw)).get(1, b"")) or "0"


def _int_or_string(raw: bytes) -> int | str:
    fields = dict(_fields(raw))
    return _text(fields.get(3, b"")) if fields.get(1) == 1 else _integer(fields.get(2, 0))


def _json(raw: bytes) -> Any:
    text = _bytes(dict(_fields(raw)).get(1, b""))
    return nesting.loads(text) if text else None


def _items(raw: bytes) -> list[str]:
    return [_text(value) for number, value in _fields(raw) if number == 1]


SPECIAL: dict[str, Callable[[bytes], Any]] = {
    "api.resource.Quantity": _quantity,
    "apis.meta.v1.FieldsV1": _json,
    "apis.meta.v1.MicroTime": _time(micro_timestamp),
    "apis.meta.v1.Time": _time(timestamp),
    TEXTS: _items,
    "runtime.RawExtension": _json,
    "util.intstr.IntOrString": _int_or_string,
}
