"""The schema of Kubernetes 1.37, as the package `kubernetes-validate` carries it, without its prose.

A definition is a dict of JSON Schema under its OpenAPI name (`io.k8s.api.core.v1.Pod`). The file is read once, at first use,
and kept without descriptions and packed: a process uses some fifty of its thousand definitions, and all of them as dicts are
10 MiB in each. OpenAPI documents, which want the prose, read the file again for themselves.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from importlib.resources import files
from json import JSONDecoder
from typing import Any

import orjson

from core.kube.resources import Resource

Definition = dict[str, Any]

VERSION = "v1.37.0"
REFERENCE = "#/$defs/"
SAID_BESIDE: dict[str, Definition] = {
    # the conditions of `apps` are the only ones whose definitions leave out what Go's structs always write
    f"io.k8s.api.apps.v1.{kind}Condition": {"required": ["type", "status"]}
    for kind in ("DaemonSet", "Deployment", "ReplicaSet", "StatefulSet")
}
BETWEEN = re.compile(r"[\s,:]*")


def _text() -> str:
    path = files("kubernetes_validate") / "kubernetes-json-schema" / f"{VERSION}-local" / "_definitions.json"
    return path.read_text()


def read_definitions() -> dict[str, Definition]:
    """The whole schema with its prose, freshly read."""
    found: dict[str, Definition] = orjson.loads(_text())["$defs"]
    return found


def one_by_one() -> Iterator[tuple[str, Definition]]:
    """As `read_definitions`, never holding more than one: memory that was needed once is rarely given back."""
    text, decode = _text(), JSONDecoder().raw_decode
    at = text.index("{", text.index('"$defs"')) + 1
    while not text.startswith("}", at := _skip(text, at)):
        name, at = decode(text, at)
        definition, at = decode(text, _skip(text, at))
        yield name, definition


def _skip(text: str, at: int) -> int:
    """Past what stands between two JSON values."""
    found = BETWEEN.match(text, at)
    return found.end() if found else at


class Definitions(Mapping[str, Definition]):
    """Definitions by name, each unpacked at its first use. Shared: read-only."""

    def __init__(self, found: Iterable[tuple[str, Definition]]) -> None:
        self._packed: dict[str, bytes] = {}
        self._unpacked: dict[str, Definition] = {}
        self.kinds: dict[tuple[str, str, str], str] = {}
        for name, definition in found:
            self._packed[name] = orjson.dumps(_without_prose(definition))
            for kind in definition.get("x-kubernetes-group-version-kind", ()):
                self.kinds.setdefault((kind["group"], kind["version"], kind["kind"]), name)

    def __getitem__(self, name: str) -> Definition:
        definition = self._unpacked.get(name)
        if definition is None:
            definition = self._unpacked[name] = orjson.loads(self._packed[name]) | SAID_BESIDE.get(name, {})
        return definition

    def __iter__(self) -> Iterator[str]:
        return iter(self._packed)

    def __len__(self) -> int:
        return len(self._packed)


@cache
def definitions() -> Definitions:
    """Every definition by name, without prose."""
    return Definitions(one_by_one())


def _without_prose(node: Any) -> Any:
    if isinstance(node, dict):
        # A property may itself be called "description": then its value is a schema, not a text.
        return {
            key: _without_prose(value)
            for key, value in node.items()
            if key != "description" or not isinstance(value, str)
        }
    if isinstance(node, list):
        return [_without_prose(value) for value in node]
    return node


def definition_name(resource: Resource) -> str:
    """The definition of a resource's kind. KeyError if the schema has none."""
    return definitions().kinds[resource.group, resource.version, resource.kind]


def definition_of(resource: Resource) -> Definition:
    return definitions()[definition_name(resource)]


def resolve(schema: Definition) -> Definition:
    """The definition a schema refers to, or the schema itself."""
    reference = schema.get("$ref")
    if reference is None and len(schema.get("allOf", ())) == 1:
        reference = schema["allOf"][0].get("$ref")
    return definitions()[reference.removeprefix(REFERENCE)] if reference else schema
