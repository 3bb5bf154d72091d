"""Discovery: which groups, versions and resources there are, in the two forms clients ask for.

Plain: `/api`, `/apis`, `/apis/GROUP`, `/apis/GROUP/VERSION`. Aggregated (`apidiscovery.k8s.io/v2`): everything in one answer
with an ETag, so that a client that has it gets a 304. All of it is read off the registry: a new row shows up by itself.
"""

import base64
import hashlib
from collections.abc import Iterable
from functools import lru_cache

import orjson

from core.kube.conversion import stored_row
from core.kube.objects import Obj
from core.kube.resources import TABLE, Resource, Subresource, subresource

PREFERRED = (
    *("apps", "events.k8s.io", "authentication.k8s.io", "authorization.k8s.io", "autoscaling", "batch"),
    *("certificates.k8s.io", "networking.k8s.io", "policy", "rbac.authorization.k8s.io", "storage.k8s.io"),
    *(
        "admissionregistration.k8s.io",
        "apiextensions.k8s.io",
        "scheduling.k8s.io",
        "coordination.k8s.io",
        "node.k8s.io",
    ),
    *("discovery.k8s.io", "resource.k8s.io", "flowcontrol.apiserver.k8s.io"),
)
"""The order in which clients prefer groups: `kubectl get events` and the like take the first that knows the name."""


def groups() -> list[str]:
    """The named groups, most preferred first."""
    found = {row.group for row in TABLE} - {""}
    return [group for group in PREFERRED if group in found] + sorted(found - set(PREFERRED))


def versions(group: str) -> list[str]:
    """The versions of a group, newest first; the first is preferred."""
    return sorted({row.version for row in TABLE if row.group == group}, reverse=True)


def group_versions() -> list[tuple[str, str]]:
    """Every group with its versions, the group without a name first."""
    return [(group, version) for group in ["", *groups()] for version in versions(group)]


def rows_of(group: str, version: str) -> list[Resource]:
    return sorted((row for row in TABLE if (row.group, row.version) == (group, version)), key=lambda row: row.plural)


def api_versions(address: str) -> Obj:
    return {
        "kind": "APIVersions",
        "versions": ["v1"],
        "serverAddressByClientCIDRs": [{"clientCIDR": "0.0.0.0/0", "serverAddress": address}],
    }


def group_list() -> Obj:
    return {"kind": "APIGroupList", "apiVersion": "v1", "groups": [_group(group) for group in groups()]}


def group(name: str) -> Obj | None:
    if name not in groups():
        return None
    return {"kind": "APIGroup", "apiVersion": "v1", **_group(name)}


def _group(name: str) -> Obj:
    found = [{"groupVersion": f"{name}/{version}", "version": version} for version in versions(name)]
    return {"name": name, "versions": found, "preferredVersion": found[0]}


def resource_list(group: str, version: str) -> Obj | None:
    """The resources of one version, or None if there is no such version."""
    rows = rows_of(group, version)
    if not rows:
        return None
    named = f"{group}/{version}" if group else version
    listed = [entry for row in rows for entry in _resources(row)]
    api_version = {"apiVersion": "v1"} if group else {}
    return {"kind": "APIResourceList", **api_version, "groupVersion": named, "resources": listed}


def _resources(row: Resource) -> Iterable[Obj]:
    entry: Obj = {
        "name": row.plural,
        "singularName": row.singular,
        "namespaced": row.namespaced,
        "kind": row.kind,
        "verbs": list(row.verbs),
    }
    if row.short_names:
        entry["shortNames"] = list(row.short_names)
    if row.categories:
        entry["categories"] = list(row.categories)
    if "list" in row.verbs:
        entry["storageVersionHash"] = storage_version_hash(row)
    yield entry
    for name in sorted(row.subresources):
        below = subresource(row, name)
        yield {
            "name": f"{row.plural}/{name}",
            "singularName": "",
            "namespaced": row.namespaced,
            **_foreign(row, below),
            "kind": below.kind,
            "verbs": list(below.verbs),
        }


def _foreign(row: Resource, below: Subresource) -> Obj:
    """Group and version of a subresource whose kind is of another group."""
    if (below.group, below.version) == (row.group, row.version):
        return {}
    return {"group": below.group, "version": below.version}


def storage_version_hash(row: Resource) -> str:
    """Changes when objects are stored in another version."""
    row = stored_row(row)
    digest = hashlib.sha256(f"{row.group}/{row.version}/{row.kind}".encode()).digest()
    return base64.b64encode(digest[:8]).decode()


@lru_cache(maxsize=2)
def aggregated(core: bool) -> tuple[bytes, str]:
    """The aggregated discovery document of `/api` or `/apis`, and its ETag."""
    items: list[Obj] = []
    for name in [""] if core else groups():
        found = [_version(name, version) for version in (["v1"] if core else versions(name))]
        items.append({"metadata": {"name": name} if name else {}, "versions": found})
    document = {"kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2", "metadata": {}, "items": items}
    body = orjson.dumps(document) + b"\n"
    return body, f'"{hashlib.sha512(body).hexdigest().upper()}"'


def _version(group: str, version: str) -> Obj:
    return {
        "version": version,
        "resources": [_discovered(row) for row in rows_of(group, version)],
        "freshness": "Current",
    }


def _discovered(row: Resource) -> Obj:
    entry: Obj = {
        "resource": row.plural,
        "responseKind": {"group": "", "version": "", "kind": row.kind},
        "scope": "Namespaced" if row.namespaced else "Cluster",
        "singularResource": row.singular,
        "verbs": list(row.verbs),
    }
    if row.short_names:
        entry["shortNames"] = list(row.short_names)
    if row.categories:
        entry["categories"] = list(row.categories)
    if row.subresources:
        entry["subresources"] = [_subresource(row, name) for name in sorted(row.subresources)]
    return entry


def _subresource(row: Resource, name: str) -> Obj:
    below = subresource(row, name)
    foreign = _foreign(row, below) or {"group": "", "version": ""}
    return {
        "subresource": name,
        "responseKind": {**foreign, "kind": below.kind},
        "verbs": list(below.verbs),
    }
