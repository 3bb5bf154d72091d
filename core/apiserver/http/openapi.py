"""OpenAPI: what every kind looks like, for `kubectl explain`, for clients that generate code, and for fuzzers.

The schemas are those of the package `kubernetes-validate`, rewritten from JSON schema to OpenAPI; the paths are read off the
registry. A document is built when it is first asked for, out of the 1.8 MB file which is then let go again, and only the
newest few are kept, as bytes: nobody needs all of them. kubectl fetches one per group version and keeps it on disk.

Simplified: paths carry what clients look for (the kind, the parameters of patches, the body and the answer), without
prose; `/openapi/v2` holds the same in the older form.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import kubernetes_validate
import orjson

from core.apiserver.http import discovery
from core.kube.requests import PatchType
from core.kube.resources import TABLE, Resource, subresource

VERSION = "1.37"
FILE = Path(kubernetes_validate.__file__).parent / f"kubernetes-json-schema/v{VERSION}.0-local/_definitions.json"
KEPT = 6  # documents in memory

V2, V3 = "#/definitions/", "#/components/schemas/"
SOURCE = "#/$defs/"
GVK = "x-kubernetes-group-version-kind"
ALL_BODIES = ("application/json", "application/yaml")

PROTOBUF = "application/com.github.proto-openapi.spec.v2@v1.0+protobuf"
PROTOBUF_ANSWERED = PROTOBUF.replace("@", ".")  # the name that clients ask for is no valid media type to Go

Schema = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Document:
    body: bytes
    etag: str

    @classmethod
    def of(cls, content: Schema) -> "Document":
        return cls.of_bytes(orjson.dumps(content))

    @classmethod
    def of_bytes(cls, body: bytes) -> "Document":
        return cls(body, f'"{hashlib.sha512(body).hexdigest().upper()}"')


def documents() -> dict[str, tuple[str, str]]:
    """The documents of version 3: path below `/openapi/v3` → (group, version)."""
    found = {(row.group, row.version) for row in TABLE}
    return {f"apis/{group}/{version}" if group else f"api/{version}": (group, version) for group, version in found}


@lru_cache(maxsize=1)
def index() -> bytes:
    """Where the documents are. The hash in each URL changes with the schemas, so clients may keep what they fetched."""
    entries = {}
    for path, (group, version) in sorted(documents().items()):
        state = f"{FILE.name}:{FILE.stat().st_size}:{VERSION}:{discovery.resource_list(group, version)}"
        digest = hashlib.sha512(state.encode()).hexdigest().upper()
        entries[path] = {"serverRelativeURL": f"/openapi/v3/{path}?hash={digest}"}
    return orjson.dumps({"paths": entries})


@lru_cache(maxsize=KEPT)
def v3(path: str) -> Document | None:
    """The document at a path below `/openapi/v3`, or None."""
    wanted = documents().get(path)
    if wanted is None:
        return None
    definitions = load()
    by_kind = kinds(definitions)
    rows = discovery.rows_of(*wanted)
    paths = {url: operations for row in rows for url, operations in paths_of(row, by_kind, V3)}
    names = closure(definitions, references({"paths": paths}, V3))
    schemas = {name: rewritten(definitions[name], V3, GVK in definitions[name]) for name in sorted(names)}
    return Document.of({**head("openapi", "3.0.0"), "paths": paths, "components": {"schemas": schemas}})


@lru_cache(maxsize=1)
def v2() -> Document:
    definitions = load()
    by_kind = kinds(definitions)
    paths = {url: operations for row in TABLE for url, operations in paths_of(row, by_kind, V2)}
    schemas = {name: rewritten(schema, V2, GVK in schema) for name, schema in definitions.items()}
    return Document.of({**head("swagger", "2.0"), "paths": paths, "definitions": schemas})


@lru_cache(maxsize=1)
def v2_protobuf() -> Document:
    """The same document in protobuf, with nothing in it but its head: `swagger`, `info` and no `paths`.

    kubectl asks for it only when it meets a kind that no document of version 3 has, to see whether it might be a custom
    one. From the empty one it concludes what is true here, and names the unknown kind; from a refusal it concludes that
    the server is broken. The message is `openapi.v2.Document` of github.com/google/gnostic.
    """
    title, version = b"Kubernetes", VERSION.encode()
    info = bytes([0x0A, len(title)]) + title + bytes([0x12, len(version)]) + version
    return Document.of_bytes(b"\x0a\x032.0" + bytes([0x12, len(info)]) + info + b"\x42\x00")


def head(name: str, version: str) -> Schema:
    return {name: version, "info": {"title": "Kubernetes", "version": VERSION}}


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


def parameter(name: str, kind: str, where: str, prefix: str) -> Schema:
    schema = {"type": kind, "uniqueItems": True}
    shared = {"name": name, "in": where} | ({"required": True} if where == "path" else {})
    return shared | (schema if prefix == V2 else {"schema": schema})


WRITE_OPTIONS = (("dryRun", "string"), ("fieldManager", "string"), ("fieldValidation", "string"))
READ_OPTIONS = (
    ("allowWatchBookmarks", "boolean"),
    ("continue", "string"),
    ("fieldSelector", "string"),
    ("labelSelector", "string"),
    ("limit", "integer"),
    ("resourceVersion", "string"),
    ("resourceVersionMatch", "string"),
    ("sendInitialEvents", "boolean"),
    ("timeoutSeconds", "integer"),
    ("watch", "boolean"),
)
DELETE_OPTIONS = (
    ("dryRun", "string"),
    ("gracePeriodSeconds", "integer"),
    ("orphanDependents", "boolean"),
    ("propagationPolicy", "string"),
)

# verb → (method, the action clients know it by, options, whether the path names one object, what the body is)
OPERATIONS: dict[str, tuple[str, str, tuple[tuple[str, str], ...], bool, str]] = {
    "get": ("get", "get", (), True, ""),
    "list": ("get", "list", READ_OPTIONS, False, ""),
    "create": ("post", "post", WRITE_OPTIONS, False, "object"),
    "update": ("put", "put", WRITE_OPTIONS, True, "object"),
    "patch": ("patch", "patch", (*WRITE_OPTIONS, ("force", "boolean")), True, "patch"),
    "delete": ("delete", "delete", DELETE_OPTIONS, True, "options"),
    "deletecollection": ("delete", "deletecollection", (*READ_OPTIONS, *DELETE_OPTIONS), False, "options"),
}
DELETE_OPTIONS_KIND = ("", "v1", "DeleteOptions")
PATCH_DEFINITION = "io.k8s.apimachinery.pkg.apis.meta.v1.Patch"


def paths_of(row: Resource, by_kind: dict[tuple[str, str, str], str], prefix: str) -> Iterator[tuple[str, Schema]]:
    """The URLs of a resource, each with its operations."""
    root = f"/apis/{row.group}/{row.version}" if row.group else f"/api/{row.version}"
    home = f"{root}/namespaces/{{namespace}}" if row.namespaced else root
    collection, single = f"{home}/{row.plural}", f"{home}/{row.plural}/{{name}}"
    yield collection, operations(row, row.verbs, False, by_kind, prefix)
    if any(verb in row.verbs and OPERATIONS[verb][3] for verb in OPERATIONS):
        yield single, operations(row, row.verbs, True, by_kind, prefix)
    if row.namespaced and "list" in row.verbs:
        yield f"{root}/{row.plural}", operations(row, ("list",), False, by_kind, prefix, across=True)
    for name in row.subresources:
        below = subresource(row, name)
        kind = (below.group, below.version, below.kind)
        if kind in by_kind:
            yield f"{single}/{name}", operations(row, below.verbs, True, by_kind, prefix, kind=kind, subresource=name)


def operations(
    row: Resource,
    verbs: tuple[str, ...],
    named: bool,
    by_kind: dict[tuple[str, str, str], str],
    prefix: str,
    *,
    kind: tuple[str, str, str] | None = None,
    subresource: str = "",
    across: bool = False,
) -> Schema:
    kind = kind or (row.group, row.version, row.kind)
    found: Schema = {}
    for verb, (method, action, options, of_one, body) in OPERATIONS.items():
        if verb not in verbs or (of_one is not named and not (bool(subresource) and verb == "create")):
            continue
        answered = (kind[0], kind[1], f"{kind[2]}List") if verb in ("list", "deletecollection") else kind
        operation: Schema = {
            "operationId": _operation_id(row, verb, subresource, across),
            "parameters": [parameter(name, type, "query", prefix) for name, type in options],
            "responses": _responses(by_kind.get(answered), verb, prefix),
            "x-kubernetes-action": action,
            GVK: {"group": kind[0], "version": kind[1], "kind": kind[2]},
        }
        wanted = by_kind.get(DELETE_OPTIONS_KIND) if body == "options" else by_kind.get(kind)
        _add_body(operation, body, PATCH_DEFINITION if body == "patch" else wanted, prefix)
        found[method] = operation
    shared = [parameter("name", "string", "path", prefix)] if named else []
    if row.namespaced and not across:
        shared.append(parameter("namespace", "string", "path", prefix))
    return found | ({"parameters": shared} if shared else {})


def _operation_id(row: Resource, verb: str, subresource: str, across: bool) -> str:
    home = "".join(part.capitalize() for part in (row.group.split(".")[0] or "core", row.version))
    scope = "ForAllNamespaces" if across else "Namespaced" if row.namespaced else ""
    return f"{verb}{home}{scope}{row.kind}{subresource.capitalize()}"


def _responses(definition: str | None, verb: str, prefix: str) -> Schema:
    ok: Schema = {"description": "OK"}
    if definition is not None:
        reference = {"$ref": prefix + definition}
        if prefix == V2:
            ok["schema"] = reference
        else:
            ok["content"] = {media_type: {"schema": reference} for media_type in ALL_BODIES}
    codes = ("200", "201") if verb in ("create", "update", "patch") else ("200",)
    return dict.fromkeys(codes, ok) | {"401": {"description": "Unauthorized"}}


def _add_body(operation: Schema, body: str, definition: str | None, prefix: str) -> None:
    if not body or definition is None:
        return
    schema = {"$ref": prefix + definition}
    if prefix == V2:
        operation["parameters"].append({"name": "body", "in": "body", "required": body != "options", "schema": schema})
        return
    types = tuple(PatchType) if body == "patch" else ALL_BODIES
    content = {str(media_type): {"schema": schema} for media_type in types}
    operation["requestBody"] = {"content": content} | ({"required": True} if body != "options" else {})
