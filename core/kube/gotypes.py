"""What Go's types say of a field and the schema does not: its number on the wire, and what becomes of a zero.

`gofields.json` has these facts of Kubernetes 1.37 for every message that a body may hold; names and types are the schema's.
A message's entries are a number, a sign and a name:

    1=name   a plain value, always written: a zero is one that was meant
    2~image  a plain value, left out when it is zero, since Go cannot tell that from absence
    3-args   a list or map, left out when it is empty
    8:resources  a pointer, a message, or a list or map that is always written
    2<core.v1.VolumeSource   an embedded message: its fields belong to the surrounding object

A message is named as in Go and protobuf, `core.v1.Container`; its definition in the schema has a longer name.
Reference: the struct tags of k8s.io/api and apimachinery; encoding/json's `omitempty`.
"""

import re
from collections.abc import Iterator
from functools import cache, lru_cache
from importlib.resources import files
from typing import NamedTuple

import orjson

PACKAGES = ("io.k8s.api.", "io.k8s.apimachinery.pkg.")
ALWAYS, OMITTED, OMITTED_EMPTY, PRESENT, EMBEDDED = "=", "~", "-", ":", "<"
ENTRY = re.compile(r"(\d+)([=~:<-])(.+)")


class GoField(NamedTuple):
    number: int
    sign: str
    name: str  # of an embedded message: the message


class Facts(NamedTuple):
    kinds: dict[str, str]  # apiVersion/kind → message
    messages: dict[str, str]


@lru_cache(maxsize=1)
def facts() -> Facts:
    found = orjson.loads((files("core.kube") / "gofields.json").read_bytes())
    return Facts(found["kinds"], found["messages"])


def fields_of(message: str) -> Iterator[GoField]:
    """The fields of `message` as Go declares them. Raises KeyError."""
    for entry in facts().messages[message].split():
        number, sign, name = ENTRY.fullmatch(entry).groups()  # type: ignore[union-attr]  # our own file
        yield GoField(int(number), sign, name)


def message_of(definition: str) -> str:
    """`core.v1.Container` of `io.k8s.api.core.v1.Container`."""
    for package in PACKAGES:
        if definition.startswith(package):
            return definition.removeprefix(package)
    return definition


@cache
def left_out_when_zero(definition: str) -> frozenset[str]:
    """The fields of a definition of which a zero (`""`, 0, false, [], {}) is the same as their absence."""
    message = message_of(definition)
    return frozenset(_left_out(message)) if message in facts().messages else frozenset()


def _left_out(message: str) -> Iterator[str]:
    for field in fields_of(message):
        if field.sign == EMBEDDED:
            yield from _left_out(field.name)
        elif field.sign in (OMITTED, OMITTED_EMPTY):
            yield field.name
