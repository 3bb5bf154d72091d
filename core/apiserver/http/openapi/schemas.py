"""The schemas of OpenAPI documents: those of the package `kubernetes-validate`, rewritten from JSON schema to OpenAPI.

Version 3 tells defaults too: `{}` of a struct, zero values of what is always written (`kube.structs` knows both).
`enums` adds the values that a field may have, as `kubectl explain` shows them.
"""

from pathlib import Path
from typing import Any

import kubernetes_validate
import orjson

from core.apiserver.http.openapi.enums import with_enum
from core.kube import structs

VERSION = "1.37"
FILE = Path(kubernetes_validate.__file__).parent / f"kubernetes-json-schema/v{VERSION}.0-local/_definitions.json"

V2, V3 = "#/definitions/", "#/components/schemas/"
SOURCE = "#/$defs/"
GVK = "x-kubernetes-group-version-kind"

Schema = dict[str, Any]


def load() -> Schema:
    definitions: Schema = orjson.loads(FILE.read_bytes())["$defs"]
    return definitions


def kinds(definitions: Schema) -> dict[tuple[str, str, str], str]:
    """(group, version, kind) → the name of its definition."""
    return {
        (entry["group"], entry["version"], entry["kind"]): name
        for name, schema in definitions.items()
        for entry in schema.get(GVK, ())
    }


def closure(definitions: Schema, wanted: set[str]) -> set[str]:
    """Those definitions and all they refer to."""
    found: set[str] = set()
    waiting = set(wanted)
    while waiting:
        name = waiting.pop()
        if name in definitions and name not in found:
            found.add(name)
            waiting |= references(definitions[name], SOURCE) - found
    return found


def references(value: Any, prefix: str) -> set[str]:
    found: set[str] = set()
    stack = [value]
    while stack:
        value = stack.pop()
        if isinstance(value, dict):
            target = value.get("$ref")
            if isinstance(target, str):
                found.add(target.removeprefix(prefix))
            stack.extend(value.values())
        elif isinstance(value, list):
            stack.extend(value)
    return found


def schema_of(definitions: Schema, name: str, prefix: str) -> Schema:
    """The schema called `name` as a document has it."""
    source = definitions[name]
    result: Schema = rewritten(source, prefix, GVK in source)
    for field, shown in result.get("properties", {}).items():
        told = with_enum(name, field, shown)
        result["properties"][field] = _with_default(name, field, told) if prefix == V3 else told
    return result


def _with_default(name: str, field: str, shown: Schema) -> Schema:
    """Version 3 tells what a field is when nobody says: `{}` of a struct, zero of what is always written."""
    for inner in ("items", "additionalProperties"):
        part = shown.get(inner)
        if isinstance(part, dict):
            if part.get("type") in structs.ZEROS:
                shown = shown | {inner: part | {"default": structs.ZEROS[part["type"]]}}
            elif structs.is_struct(_target(part)):
                shown = shown | {inner: {"allOf": [{"$ref": V3 + _target(part)}], "default": {}}}
    always = structs.shape(name)
    if field in always.structs and (target := _target(shown)):
        return {key: value for key, value in shown.items() if key != "$ref"} | {
            "allOf": [{"$ref": V3 + target}],
            "default": {},
        }
    if shown.get("type") in structs.ZEROS and field in always.zeros:
        return shown | {"default": always.zeros[field]}
    return shown


def _target(schema: Schema) -> str:
    reference = schema.get("$ref") or next((entry.get("$ref", "") for entry in schema.get("allOf", ())), "")
    return str(reference).removeprefix(V3)


def rewritten(schema: Any, prefix: str, is_kind: bool = False) -> Any:
    """A JSON schema as OpenAPI has it: one type each, references in an `allOf` where something stands beside them."""
    if isinstance(schema, list):
        return [rewritten(entry, prefix) for entry in schema]
    if not isinstance(schema, dict):
        return schema
    result: Schema = {}
    for name, value in schema.items():
        match name, value:
            case "type", [first, "null"]:
                result["type"] = first
            case "$ref", str(target):
                reference = {"$ref": prefix + target.removeprefix(SOURCE)}
                if len(schema) == 1 or prefix == V2:
                    result |= reference
                else:
                    result["allOf"] = [reference]
            case "properties", dict(properties):
                result["properties"] = {
                    key: _property(key, entry, prefix, is_kind) for key, entry in properties.items()
                }
            case (("oneOf" | "anyOf"), _) if prefix == V2:
                result["type"] = "string"  # version 2 knows no alternatives; quantities are sent as text
            case _:
                result[name] = rewritten(value, prefix)
    return result


def _property(name: str, schema: Any, prefix: str, is_kind: bool) -> Any:
    result = rewritten(schema, prefix)
    if is_kind and name in ("apiVersion", "kind"):
        result.pop("enum", None)  # put there for validation; the real documents leave it open
    return result
