"""The documents of what the server says of itself: discovery, its version, the keys of service accounts."""

from typing import Any, NamedTuple

from core.apiserver.http import discovery
from core.apiserver.http.openapi.operations import ALL_BODIES, JSON, answer_of, group_word, tag
from core.apiserver.http.openapi.schemas import V2

Schema = dict[str, Any]
META = "io.k8s.apimachinery.pkg.apis.meta.v1."


class About(NamedTuple):
    """One path that is no resource's."""

    path: str
    operation: str
    tag: str
    description: str
    answer: str  # a definition; a plain text if empty
    types: tuple[str, ...] = ALL_BODIES


def abouts() -> dict[str, About]:
    """The document in which a path is described → the path."""
    found = {
        ".well-known/openid-configuration": About(
            "/.well-known/openid-configuration/",
            "getServiceAccountIssuerOpenIDConfiguration",
            "WellKnown",
            "get service account issuer OpenID configuration, also known as the 'OIDC discovery doc'",
            "",
            (JSON,),
        ),
        "openid/v1/jwks": About(
            "/openid/v1/jwks/",
            "getServiceAccountIssuerOpenIDKeyset",
            "openid",
            "get service account issuer OpenID JSON Web Key Set (contains public token verification keys)",
            "",
            ("application/jwk-set+json",),
        ),
        "version": About(
            "/version/",
            "getCodeVersion",
            "version",
            "get the version information for this server",
            "io.k8s.apimachinery.pkg.version.Info",
            (JSON,),
        ),
        "api": About("/api/", "getCoreAPIVersions", "core", "get available API versions", f"{META}APIVersions"),
        "apis": About("/apis/", "getAPIVersions", "apis", "get available API versions", f"{META}APIGroupList"),
    }
    for group in discovery.groups():
        found[f"apis/{group}"] = About(
            f"/apis/{group}/",
            f"get{group_word(group)}APIGroup",
            tag(group),
            "get information of a group",
            f"{META}APIGroup",
        )
    for group, version in discovery.group_versions():
        root = f"apis/{group}/{version}" if group else f"api/{version}"
        found[root] = About(
            f"/{root}/",
            f"get{group_word(group)}{version.capitalize()}APIResources",
            tag(group, version),
            "get available resources",
            f"{META}APIResourceList",
        )
    return found


def path_of(about: About, definitions: Schema, prefix: str) -> Schema:
    """The operations of such a path."""
    schema: Schema = {"type": "string"}
    if about.answer in definitions:
        schema = {"$ref": prefix + about.answer}
    operation: Schema = {
        "tags": [about.tag],
        "description": about.description,
        "operationId": about.operation,
        "responses": {
            "200": {"description": "OK", **answer_of(schema, prefix, about.types)},
            "401": {"description": "Unauthorized"},
        },
    }
    if prefix == V2:
        operation |= {"produces": list(about.types), "schemes": ["https"]}
        if len(about.types) > 1:
            operation["consumes"] = list(about.types)
    return {"get": operation}
