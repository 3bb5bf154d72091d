"""The paths of OpenAPI documents: what can be asked of a resource, and of the server about itself, read off the registry."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from core.apiserver.http.openapi import parameters
from core.apiserver.http.openapi.schemas import GVK, V2
from core.kube.requests import PatchType
from core.kube.resources import Resource, subresource

Schema = dict[str, Any]
Kind = tuple[str, str, str]

JSON, YAML, PROTOBUF = "application/json", "application/yaml", "application/vnd.kubernetes.protobuf"
ALL_BODIES = (JSON, PROTOBUF, YAML)
"""The document is that of the Kubernetes API: that answers come in JSON and YAML only is said in docs/kubernetes-api.md."""


class Verb(NamedTuple):
    """How OpenAPI shows a verb. `of_one`: its path names one object; `body`: `object`, `patch`, `options` or none."""

    method: str
    action: str
    word: str  # in the operation's id
    options: tuple[str, ...]
    of_one: bool
    body: str
    says: str


VERBS: dict[str, Verb] = {
    "get": Verb("get", "get", "read", (), True, "", "read {of}the specified {kind}"),
    "list": Verb("get", "list", "list", parameters.LIST, False, "", "list or watch objects of kind {kind}"),
    "create": Verb("post", "post", "create", parameters.WRITE, False, "object", "create {of}{a} {kind}"),
    "update": Verb("put", "put", "replace", parameters.WRITE, True, "object", "replace {of}the specified {kind}"),
    "patch": Verb(
        "patch", "patch", "patch", parameters.PATCH, True, "patch", "partially update {of}the specified {kind}"
    ),
    "delete": Verb("delete", "delete", "delete", parameters.DELETE, True, "options", "delete {a} {kind}"),
    "deletecollection": Verb(
        *("delete", "deletecollection", "delete", (*parameters.LIST, *parameters.DELETE), False, "options"),
        "delete collection of {kind}",
    ),
}
DELETE_OPTIONS_KIND = ("", "v1", "DeleteOptions")
PATCH_DEFINITION = "io.k8s.apimachinery.pkg.apis.meta.v1.Patch"


def paths_of(row: Resource, by_kind: dict[Kind, str], prefix: str) -> Iterator[tuple[str, Schema]]:
    """The URLs of a resource, each with its operations."""
    root = f"/apis/{row.group}/{row.version}" if row.group else f"/api/{row.version}"
    home = f"{root}/namespaces/{{namespace}}" if row.namespaced else root
    collection, single = f"{home}/{row.plural}", f"{home}/{row.plural}/{{name}}"
    yield collection, operations(row, row.verbs, False, by_kind, prefix)
    if any(name in row.verbs and verb.of_one for name, verb in VERBS.items()):
        yield single, operations(row, row.verbs, True, by_kind, prefix)
    if row.namespaced and "list" in row.verbs:
        yield f"{root}/{row.plural}", operations(row, ("list",), False, by_kind, prefix, across=True)
    for name in row.subresources:
        below = subresource(row, name)
        kind = (below.group, below.version, below.kind)
        yield f"{single}/{name}", operations(row, below.verbs, True, by_kind, prefix, kind=kind, subresource=name)


def operations(
    row: Resource,
    verbs: tuple[str, ...],
    named: bool,
    by_kind: dict[Kind, str],
    prefix: str,
    *,
    kind: Kind | None = None,
    subresource: str = "",
    across: bool = False,
) -> Schema:
    """The operations of one URL by method, and what stands in its path."""
    kind = kind or (row.group, row.version, row.kind)
    connects = f"{row.plural}/{subresource}" in parameters.CONNECT
    found: Schema = {}
    for name, verb in VERBS.items():
        if name not in verbs or (verb.of_one is not named and not (bool(subresource) and name == "create")):
            continue
        answered = (kind[0], kind[1], f"{kind[2]}List") if name == "list" else kind
        if name == "delete":
            answered = ("", "v1", "Status")
        if name == "deletecollection":
            answered = ("", "v1", "Status")
        keys = parameters.CONNECT.get(f"{row.plural}/{subresource}", verb.options)
        keys = parameters.LOG if subresource == "log" else keys
        operation: Schema = {
            "description": _description(row, verb, subresource),
            "tags": [tag(row.group, row.version)],
            "operationId": _operation_id(
                row, "connect" + verb.method.capitalize() if connects else verb.word, name, subresource, across
            ),
            "parameters": parameters.described(keys, of_v2=prefix == V2),
            "responses": _responses(by_kind.get(answered), name, prefix),
            "x-kubernetes-action": "connect" if connects else verb.action,
            GVK: {"group": kind[0], "version": kind[1], "kind": kind[2]},
        }
        if prefix == V2:
            operation |= {"consumes": ["*/*"], "produces": list(ALL_BODIES), "schemes": ["https"]}
        if not connects:
            wanted = by_kind.get(DELETE_OPTIONS_KIND) if verb.body == "options" else by_kind.get(kind)
            _add_body(operation, verb.body, PATCH_DEFINITION if verb.body == "patch" else wanted, prefix)
        found[verb.method] = operation
    shared = [_name(row, prefix)] if named else []
    if row.namespaced and not across:
        namespace = parameters.table()["namespace"]
        shared.append(parameters.refer(namespace.v2) if prefix == V2 else namespace.v3)
    return found | ({"parameters": shared} if shared else {})


def _name(row: Resource, prefix: str) -> Schema:
    """The name of an object in a path: described by its kind, and so never shared."""
    parameter = parameters.Parameter("name", "string", "path", f"name of the {row.kind}")
    return parameter.v2 if prefix == V2 else parameter.v3


def _description(row: Resource, verb: Verb, subresource: str) -> str:
    article = "an" if row.kind[0] in "AEIOU" else "a"
    return verb.says.format(of=f"{subresource} of " if subresource else "", kind=row.kind, a=article)


def tag(group: str, version: str = "") -> str:
    """`rbacAuthorization_v1`: under which generated clients put what they generate."""
    name = group_word(group)
    return (name[0].lower() + name[1:]) + (f"_{version}" if version else "")


def group_word(group: str) -> str:
    """`RbacAuthorization` for rbac.authorization.k8s.io, `Core` for the group without a name."""
    return "".join(part.capitalize() for part in (group.removesuffix(".k8s.io") or "core").split("."))


def _operation_id(row: Resource, word: str, verb: str, subresource: str, across: bool) -> str:
    collection = "Collection" if verb == "deletecollection" else ""
    scope = "Namespaced" if row.namespaced and not across else ""
    below = subresource.capitalize()
    suffix = "ForAllNamespaces" if across else ""
    return f"{word}{group_word(row.group)}{row.version.capitalize()}{collection}{scope}{row.kind}{below}{suffix}"


def _responses(definition: str | None, verb: str, prefix: str) -> Schema:
    codes = {
        "create": (("200", "OK"), ("201", "Created"), ("202", "Accepted")),
        "update": (("200", "OK"), ("201", "Created")),
        "patch": (("200", "OK"), ("201", "Created")),
        "delete": (("200", "OK"), ("202", "Accepted")),
    }.get(verb, (("200", "OK"),))
    shape = answer_of({"$ref": prefix + definition}, prefix) if definition is not None else {}
    return {code: {"description": text, **shape} for code, text in codes} | {"401": {"description": "Unauthorized"}}


def answer_of(schema: Schema, prefix: str, types: tuple[str, ...] = ALL_BODIES) -> Schema:
    """What is answered, in the form of the version."""
    return {"schema": schema} if prefix == V2 else {"content": {media_type: {"schema": schema} for media_type in types}}


def _add_body(operation: Schema, body: str, definition: str | None, prefix: str) -> None:
    if not body or definition is None:
        return
    schema = {"$ref": prefix + definition}
    if prefix == V2:
        given = parameters.body(definition, required=body != "options")
        shared = body in ("options", "patch")
        operation["parameters"].append(parameters.refer(given) if shared else given)
        if body == "patch":
            operation["consumes"] = [str(media_type) for media_type in PatchType]
        return
    types = tuple(PatchType) if body == "patch" else ("*/*",)
    content = {str(media_type): {"schema": schema} for media_type in types}
    operation["requestBody"] = {"content": content} | ({"required": True} if body != "options" else {})
