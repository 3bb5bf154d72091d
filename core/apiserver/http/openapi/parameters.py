"""What may stand in a query, as OpenAPI describes it: one table for both versions of the documents.

`parameters.json` has type, place and description of each, in the words of the Kubernetes API (Apache License 2.0). Where two
endpoints mean different things by one name, the key says which: `container/log`. Version 2 keeps those that many endpoints
share in one place and refers to them by a name with a digest, computed as k8s.io/kube-openapi `builder/parameters.go` does.
"""

import base64
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import orjson

Schema = dict[str, Any]

V2 = "#/parameters/"
NOT_SHARED = ("dryRun", "fieldValidation")
"""Version 2 writes these at each endpoint, as the real document does."""

WRITE = ("dryRun", "fieldManager", "fieldValidation")
PATCH = ("dryRun", "fieldManager/patch", "fieldValidation", "force")
LIST = (
    *("allowWatchBookmarks", "continue", "fieldSelector", "labelSelector", "limit", "resourceVersion"),
    *("resourceVersionMatch", "sendInitialEvents", "timeoutSeconds", "watch"),
)
DELETE = ("dryRun", "gracePeriodSeconds", "orphanDependents", "propagationPolicy")
CONNECT: dict[str, tuple[str, ...]] = {
    # subresource of a kind → its options
    "pods/attach": tuple(f"{name}/attach" for name in ("container", "stderr", "stdin", "stdout", "tty")),
    "pods/exec": ("command", *(f"{name}/exec" for name in ("container", "stderr", "stdin", "stdout", "tty"))),
    "pods/portforward": ("ports",),
    "pods/proxy": ("path/pod proxy",),
    "services/proxy": ("path/service proxy",),
    "nodes/proxy": ("path/node proxy",),
}
LOG = (
    *("container/log", "follow", "insecureSkipTLSVerifyBackend", "limitBytes", "previous", "sinceSeconds", "stream"),
    *("tailLines", "timestamps"),
)


class Parameter(NamedTuple):
    name: str
    type: str
    place: str  # `query` or `path`
    description: str

    @property
    def v2(self) -> Schema:
        shown: Schema = {"uniqueItems": True, "type": self.type, "description": self.description, "name": self.name}
        shown["in"] = self.place
        return shown | self._required

    @property
    def v3(self) -> Schema:
        shown: Schema = {"name": self.name, "in": self.place, "description": self.description}
        return shown | self._required | {"schema": {"type": self.type, "uniqueItems": True}}

    @property
    def _required(self) -> Schema:
        return {"required": True} if self.place == "path" else {}


@cache
def table() -> dict[str, Parameter]:
    """Key → parameter."""
    found = orjson.loads((Path(__file__).parent / "parameters.json").read_bytes())
    return {
        key: Parameter(key.partition("/")[0], entry["type"], entry["in"], entry["description"])
        for key, entry in found.items()
    }


def body(definition: str, *, required: bool = True) -> Schema:
    """A body, as version 2 has it among its parameters."""
    shown: Schema = {"name": "body", "in": "body"}
    return shown | ({"required": True} if required else {}) | {"schema": {"$ref": f"#/definitions/{definition}"}}


def shared_name(parameter: Schema) -> str:
    """The name that version 2 shares a parameter under: its own, and a digest of it (FNV-64)."""
    digest = 14695981039346656037
    for byte in orjson.dumps(parameter).replace(b"<", b"\\u003c").replace(b">", b"\\u003e").replace(b"&", b"\\u0026"):
        digest = (digest * 1099511628211 % 2**64) ^ byte
    return f"{parameter['name']}-{base64.urlsafe_b64encode(digest.to_bytes(8, 'big')).decode()[:8]}"


def shared(bodies: tuple[Schema, ...]) -> dict[str, Schema]:
    """All that version 2 keeps in one place, by those names."""
    all_of_them = [entry.v2 for key, entry in table().items() if key not in NOT_SHARED] + list(bodies)
    return dict(sorted((shared_name(entry), entry) for entry in all_of_them))


def refer(parameter: Schema) -> Schema:
    return {"$ref": V2 + shared_name(parameter)}


def described(keys: tuple[str, ...], *, of_v2: bool) -> list[Schema]:
    """The parameters of an endpoint; `pretty` is understood everywhere."""
    entries = [(key, table()[key]) for key in (*keys, "pretty")]
    if not of_v2:
        return [entry.v3 for _, entry in entries]
    return [entry.v2 if key in NOT_SHARED else refer(entry.v2) for key, entry in entries]
