"""Discovery, OpenAPI, health, and the other paths that are not resources."""

import pytest

from core.kube.resources import TABLE
from tests.http.client import Client

PROTOBUF = "application/com.github.proto-openapi.spec.v2@v1.0+protobuf"
AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"


def test_core_versions(api: Client) -> None:
    assert api.get("/api", host="127.0.0.1:6443").json == {
        "kind": "APIVersions",
        "versions": ["v1"],
        "serverAddressByClientCIDRs": [{"clientCIDR": "0.0.0.0/0", "serverAddress": "127.0.0.1:6443"}],
    }


def test_groups_with_their_preferred_versions(api: Client) -> None:
    reply = api.get("/apis").json
    assert reply["kind"] == "APIGroupList"
    apps = next(group for group in reply["groups"] if group["name"] == "apps")
    assert apps["preferredVersion"] == {"groupVersion": "apps/v1", "version": "v1"}
    assert api.get("/apis/apps").json == {"kind": "APIGroup", "apiVersion": "v1", **apps}


def test_resources_of_a_version(api: Client) -> None:
    reply = api.get("/apis/apps/v1").json
    assert (reply["kind"], reply["apiVersion"], reply["groupVersion"]) == ("APIResourceList", "v1", "apps/v1")
    by_name = {entry["name"]: entry for entry in reply["resources"]}
    assert by_name["deployments"]["shortNames"] == ["deploy"]
    assert by_name["deployments"]["categories"] == ["all"]
    assert by_name["deployments/scale"] == {
        "name": "deployments/scale",
        "singularName": "",
        "namespaced": True,
        "group": "autoscaling",
        "version": "v1",
        "kind": "Scale",
        "verbs": ["get", "patch", "update"],
    }
    assert list(by_name) == sorted(by_name)


def test_core_list_has_no_api_version(api: Client) -> None:
    reply = api.get("/api/v1").json
    assert "apiVersion" not in reply
    assert reply["groupVersion"] == "v1"


@pytest.mark.parametrize("path", ["/api", "/apis"])
def test_aggregated_discovery_has_an_etag(api: Client, path: str) -> None:
    reply = api.get(path, accept=f"{AGGREGATED},application/json")
    assert reply.header("content-type") == AGGREGATED
    assert reply.header("cache-control") == "public"
    assert reply.json["kind"] == "APIGroupDiscoveryList"
    again = api.get(path, accept=AGGREGATED, if_none_match=reply.header("etag"))
    assert (again.code, again.body) == (304, b"")


def test_aggregated_discovery_lists_every_resource(api: Client) -> None:
    found = set()
    for path in ("/api", "/apis"):
        for group in api.get(path, accept=AGGREGATED).json["items"]:
            for version in group["versions"]:
                found |= {
                    (group["metadata"].get("name", ""), version["version"], entry["resource"])
                    for entry in version["resources"]
                }
    assert found == {(row.group, row.version, row.plural) for row in TABLE}


def test_subresource_says_the_kind_it_answers(api: Client) -> None:
    (core,) = api.get("/api", accept=AGGREGATED).json["items"]
    pods = next(entry for entry in core["versions"][0]["resources"] if entry["resource"] == "pods")
    by_name = {entry["subresource"]: entry for entry in pods["subresources"]}
    assert by_name["eviction"]["responseKind"] == {"group": "policy", "version": "v1", "kind": "Eviction"}
    assert by_name["status"]["responseKind"] == {"group": "", "version": "", "kind": "Pod"}


def test_version(api: Client) -> None:
    assert api.get("/version").json["gitVersion"] == "v1.37.0"
    assert api.get("/version/").code == 200


def test_root_lists_paths(api: Client) -> None:
    paths = api.get("/").json["paths"]
    assert {"/api", "/apis/apps/v1", "/healthz/etcd", "/openapi/v3", "/metrics/slis", "/version"} <= set(paths)


@pytest.mark.parametrize("endpoint", ["healthz", "livez", "readyz"])
def test_health_is_one_word(api: Client, endpoint: str) -> None:
    reply = api.get(f"/{endpoint}")
    assert (reply.code, reply.body) == (200, b"ok")
    assert reply.header("content-type") == "text/plain; charset=utf-8"
    assert api.get(f"/{endpoint}/etcd").body == b"ok"


def test_verbose_health_names_its_checks(api: Client) -> None:
    lines = api.get("/readyz?verbose").body.decode().splitlines()
    assert lines[0] == "[+]ping ok"
    assert "[+]etcd ok" in lines
    assert lines[-1] == "readyz check passed"
    assert "[+]etcd excluded: ok" in api.get("/readyz?verbose&exclude=etcd").body.decode()


def test_openapi_index_points_to_documents(api: Client) -> None:
    entry = api.get("/openapi/v3").json["paths"]["apis/batch/v1"]["serverRelativeURL"]
    path, _, digest = entry.partition("?hash=")
    assert path == "/openapi/v3/apis/batch/v1"
    assert len(digest) == 128


def test_openapi_document_has_what_kubectl_looks_for(api: Client) -> None:
    reply = api.get("/openapi/v3/apis/apps/v1")
    document = reply.json
    patch = document["paths"]["/apis/apps/v1/namespaces/{namespace}/deployments/{name}"]["patch"]
    assert patch["x-kubernetes-group-version-kind"] == {"group": "apps", "version": "v1", "kind": "Deployment"}
    assert "fieldValidation" in [parameter["name"] for parameter in patch["parameters"]]
    schemas = document["components"]["schemas"]
    spec = schemas["io.k8s.api.apps.v1.DeploymentSpec"]
    assert spec["properties"]["replicas"]["type"] == "integer"
    assert spec["properties"]["strategy"]["allOf"] == [
        {"$ref": "#/components/schemas/io.k8s.api.apps.v1.DeploymentStrategy"}
    ]
    assert schemas["io.k8s.api.core.v1.PodSpec"]["properties"]["containers"]["x-kubernetes-patch-merge-key"] == "name"
    assert "enum" not in schemas["io.k8s.api.apps.v1.Deployment"]["properties"]["kind"]
    assert api.get("/openapi/v3/apis/apps/v1", if_none_match=reply.header("etag")).code == 304


def test_openapi_references_lead_somewhere(api: Client) -> None:
    from core.apiserver.http.openapi import V3, documents, references

    for path in documents():
        document = api.get(f"/openapi/v3/{path}").json
        assert references(document, V3) <= set(document["components"]["schemas"]), path


def test_openapi_operation_ids_are_unique(api: Client) -> None:
    paths = api.get("/openapi/v2").json["paths"]
    ids = [entry["operationId"] for path in paths.values() for entry in path.values() if isinstance(entry, dict)]
    assert len(ids) == len(set(ids))


def test_openapi_speaks_json(api: Client) -> None:
    assert api.get("/openapi/v2", accept="application/xml").code == 406
    assert api.get("/openapi/v3", accept=PROTOBUF).code == 406
    assert api.get("/openapi/v2", accept="application/xml,application/json").json["swagger"] == "2.0"


def test_openapi_in_protobuf_is_the_head_of_a_document(api: Client) -> None:
    """Enough for kubectl to see that a kind it does not know is unknown here too."""
    reply = api.get("/openapi/v2", accept=PROTOBUF)
    assert (reply.code, reply.header("content-type")) == (200, PROTOBUF.replace("@", "."))
    assert reply.body == b"\n\x032.0\x12\x12\n\nKubernetes\x12\x041.37B\0"


def test_metrics_are_prometheus_text(api: Client) -> None:
    api.get("/api/v1/namespaces/default")
    text = api.get("/metrics").body.decode()
    assert 'apiserver_storage_objects{resource="namespaces"} 4' in text


def test_keys_of_service_accounts_are_published(api: Client) -> None:
    config = api.get("/.well-known/openid-configuration", host="127.0.0.1:6443").json
    assert config["jwks_uri"] == "https://127.0.0.1:6443/clusters/test/openid/v1/jwks"
    keys = api.get("/openid/v1/jwks")
    assert keys.header("content-type") == "application/jwk-set+json"
    assert keys.json["keys"][0]["alg"] == "RS256"
