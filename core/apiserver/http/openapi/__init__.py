"""OpenAPI: what every kind looks like, for `kubectl explain`, for clients that generate code, and for fuzzers.

`schemas` are those of the package `kubernetes-validate`, with the defaults and enums that the published ones leave out;
`operations` are read off the registry, `about` describes discovery, `parameters` what may stand in a query. A document
is built when it is first asked for, out of the 1.8 MB file which is then let go again, and only the newest few are
kept, as bytes: nobody needs all of them. kubectl fetches one per group version and keeps it on disk.
"""

import hashlib
from dataclasses import dataclass
from email.utils import formatdate
from functools import lru_cache

import orjson

from core.apiserver.http import discovery
from core.apiserver.http.openapi import parameters
from core.apiserver.http.openapi.about import abouts, path_of
from core.apiserver.http.openapi.operations import DELETE_OPTIONS_KIND, PATCH_DEFINITION, paths_of
from core.apiserver.http.openapi.schemas import (
    FILE,
    V2,
    V3,
    VERSION,
    Schema,
    closure,
    kinds,
    load,
    references,
    schema_of,
)
from core.kube.resources import TABLE

__all__ = ["PROTOBUF", "PROTOBUF_ANSWERED", "V2", "V3", "Document", "documents", "index", "references", "v2", "v3"]

KEPT = 6  # documents in memory
PROTOBUF = "application/com.github.proto-openapi.spec.v2@v1.0+protobuf"
PROTOBUF_ANSWERED = PROTOBUF.replace("@", ".")  # the name that clients ask for is no valid media type to Go
BEARER = {
    "BearerToken": {
        "description": "Bearer Token authentication",
        "type": "apiKey",
        "name": "authorization",
        "in": "header",
    }
}


@dataclass(frozen=True, slots=True)
class Document:
    """`modified`: when it was built, as an HTTP date."""

    body: bytes
    etag: str
    modified: str

    @classmethod
    def of(cls, content: Schema) -> "Document":
        return cls.of_bytes(orjson.dumps(content))

    @classmethod
    def of_bytes(cls, body: bytes) -> "Document":
        return cls(body, f'"{hashlib.sha512(body).hexdigest().upper()}"', formatdate(usegmt=True))


def documents() -> list[str]:
    """The documents of version 3, as paths below `/openapi/v3`."""
    return sorted(abouts())


@lru_cache(maxsize=1)
def index() -> Document:
    """Where the documents are. The hash in each URL changes with the schemas, so clients may keep what they fetched."""
    entries = {}
    for path in documents():
        rows = discovery.rows_of(*_group_version(path))
        state = f"{FILE.name}:{FILE.stat().st_size}:{VERSION}:{path}:{rows}"
        digest = hashlib.sha512(state.encode()).hexdigest().upper()
        entries[path] = {"serverRelativeURL": f"/openapi/v3/{path}?hash={digest}"}
    return Document.of({"paths": entries})


def _group_version(path: str) -> tuple[str, str]:
    """Whose resources a document describes; those of nobody in a document of something else."""
    match path.split("/"):
        case ("api", version):
            return "", version
        case ("apis", group, version):
            return group, version
        case _:
            return "", ""


@lru_cache(maxsize=KEPT)
def v3(path: str) -> Document | None:
    """The document at a path below `/openapi/v3`, or None."""
    about = abouts().get(path)
    if about is None:
        return None
    definitions = load()
    by_kind = kinds(definitions)
    rows = discovery.rows_of(*_group_version(path))
    paths = {about.path: path_of(about, definitions, V3)}
    paths |= {url: operations for row in rows for url, operations in paths_of(row, by_kind, V3)}
    names = closure(definitions, references({"paths": paths}, V3))
    components: Schema = {"schemas": {name: schema_of(definitions, name, V3) for name in sorted(names)}}
    components["securitySchemes"] = BEARER
    return Document.of({**head("openapi", "3.0.0"), "paths": paths, "components": components})


@lru_cache(maxsize=1)
def v2() -> Document:
    definitions = load()
    by_kind = kinds(definitions)
    paths = {about.path: path_of(about, definitions, V2) for about in abouts().values()}
    paths |= {url: operations for row in TABLE for url, operations in paths_of(row, by_kind, V2)}
    bodies = (
        parameters.body(by_kind[DELETE_OPTIONS_KIND], required=False),
        parameters.body(PATCH_DEFINITION),
    )
    return Document.of(
        {
            **head("swagger", "2.0"),
            "paths": dict(sorted(paths.items())),
            "definitions": {name: schema_of(definitions, name, V2) for name in definitions},
            "parameters": parameters.shared(bodies),
            "securityDefinitions": BEARER,
            "security": [{"BearerToken": []}],
        }
    )


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
