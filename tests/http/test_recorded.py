"""Answers as a real server was recorded to give them: headers, records of ownership, pages about the server itself."""

import pytest

from core.apiserver.http.openapi import parameters
from core.apiserver.http.openapi.enums import API, ENUMS, EXPLAINED
from core.kube.definitions import definitions
from tests.http.client import Client

pytestmark = pytest.mark.django_db(transaction=True)

NAMESPACES = "/api/v1/namespaces"


def owned(reply):
    (entry,) = reply.json["metadata"]["managedFields"]
    return entry["fieldsV1"]


@pytest.mark.parametrize(
    ("path", "body", "fields"),
    [
        pytest.param(
            "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
            {"spec": {"resourceAttributes": {"verb": "get", "resource": "pods"}}},
            {"f:spec": {"f:resourceAttributes": {".": {}, "f:resource": {}, "f:verb": {}}}},
            id="may I",
        ),
        pytest.param(
            "/apis/authentication.k8s.io/v1/tokenreviews",
            {"spec": {"token": "abc"}},
            {"f:spec": {"f:token": {}}},
            id="whose token",
        ),
        pytest.param(
            f"{NAMESPACES}/default/serviceaccounts/default/token",
            {"spec": {"expirationSeconds": 600}},
            {"f:spec": {"f:expirationSeconds": {}}},
            id="a token",
        ),
        pytest.param(
            NAMESPACES,
            {"metadata": {"name": "room"}},
            {"f:metadata": {"f:labels": {".": {}, "f:kubernetes.io/metadata.name": {}}}},
            id="a namespace owns nothing that the server adds",
        ),
    ],
)
def test_what_a_client_asks_is_recorded_as_its_own(api: Client, path: str, body: dict, fields: dict) -> None:
    assert owned(api.post(path, body, user_agent="curl/8")) == fields


def test_a_deployment_owns_its_strategy_as_go_writes_it(api: Client) -> None:
    container = {"name": "c", "image": "i", "resources": {"requests": {"cpu": "1"}}}
    labels = {"app": "web"}
    spec = {
        "selector": {"matchLabels": labels},
        "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}},
    }
    reply = api.post(
        "/apis/apps/v1/namespaces/default/deployments", {"metadata": {"name": "web"}, "spec": spec}, user_agent="curl/8"
    )
    assert reply.json["status"] == {}
    fields = owned(reply)
    assert "f:status" not in fields
    assert fields["f:spec"]["f:strategy"] == {
        "f:rollingUpdate": {".": {}, "f:maxSurge": {}, "f:maxUnavailable": {}},
        "f:type": {},
    }
    assert fields["f:spec"]["f:template"]["f:spec"]["f:containers"]['k:{"name":"c"}']["f:resources"] == {
        ".": {},
        "f:requests": {".": {}, "f:cpu": {}},
    }


def test_only_the_authorizer_says_nosniff(api: Client, alice: Client) -> None:
    refused = alice.get(f"{NAMESPACES}/default/pods")
    kept = api.delete(f"{NAMESPACES}/default")
    assert (refused.code, kept.code) == (403, 403)
    assert (refused.header("x-content-type-options"), kept.header("x-content-type-options")) == ("nosniff", "")
    assert api.get("/livez").header("x-content-type-options") == "nosniff"
    assert api.get("/livez/ping").header("x-content-type-options") == ""


def test_a_strategic_patch_looks_at_no_kind(api: Client) -> None:
    path = f"{NAMESPACES}/default/configmaps"
    api.post(path, {"metadata": {"name": "m"}})
    strategic = api.patch(f"{path}/m", {"kind": "Secret", "data": {"a": "1"}}, "application/strategic-merge-patch+json")
    assert (strategic.code, strategic.json["kind"], strategic.json["data"]) == (200, "ConfigMap", {"a": "1"})
    merge = api.patch(f"{path}/m", {"kind": "Secret"})
    assert merge.code == 400
    assert "unknown conversion" in merge.json["message"]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        pytest.param(
            {"data": {"a": "x" * (2**20 + 1)}},
            'ConfigMap "m" is invalid: []: Too long: may not be more than 1048576 bytes',
            id="data",
        ),
        pytest.param(
            {"data": {"a": "x" * 900_000}, "annotations": {"b": "x" * 900_000}},
            'ConfigMap "m" is invalid: metadata.annotations: Too long: may not be more than 262144 bytes',
            id="annotations of what the store could not take either",
        ),
    ],
)
def test_what_is_too_long_is_told_before_the_store_refuses_it(api: Client, body: dict, message: str) -> None:
    annotations = body.pop("annotations", {})
    reply = api.post(
        f"{NAMESPACES}/default/configmaps", {"metadata": {"name": "m", "annotations": annotations}, **body}
    )
    assert (reply.code, reply.json["message"]) == (422, message)


def test_groups_come_in_the_order_of_preference(api: Client) -> None:
    names = [group["name"] for group in api.get("/apis").json["groups"]]
    assert names[5:11] == [
        *("batch", "certificates.k8s.io", "networking.k8s.io", "policy", "rbac.authorization.k8s.io", "storage.k8s.io")
    ]


def test_the_root_goes_to_the_cluster_of_the_token(api: Client, application) -> None:
    assert "/api/v1" in Client(application, "", api.token).get("/").json["paths"]
    assert Client(application).get("/").json["message"].endswith("there are: test")


@pytest.mark.parametrize(
    ("path", "kind"),
    [("/statusz", "Statusz"), ("/flagz", "Flagz")],
)
def test_pages_about_the_server(api: Client, path: str, kind: str) -> None:
    text = api.get(path)
    assert text.header("content-type") == "text/plain; charset=utf-8"
    assert text.body.startswith(f"\nkube-apiserver {path[1:]}\nWarning: This endpoint is not meant".encode())
    told = api.get(path, accept=f"application/json;v=v1beta1;g=config.k8s.io;as={kind}").json
    assert (told["kind"], told["apiVersion"]) == (kind, "config.k8s.io/v1beta1")
    assert api.get(path, accept="application/json").code == 406


def test_health_is_a_metric_too(api: Client) -> None:
    assert b'kubernetes_healthcheck{name="etcd",type="livez"} 1' in api.get("/metrics/slis").body


def test_openapi_is_served_as_a_file(api: Client) -> None:
    index = api.get("/openapi/v3")
    assert index.header("content-type") == "text/plain; charset=utf-8"
    assert (index.header("accept-ranges"), bool(index.header("last-modified"))) == ("bytes", True)
    part = api.get("/openapi/v3", range="bytes=2-6")
    assert (part.code, part.body) == (206, index.body[2:7])
    assert part.header("content-range") == f"bytes 2-6/{len(index.body)}"
    assert api.get("/openapi/v3", range="bytes=-3").body == index.body[-3:]
    assert api.get("/openapi/v3", range="bytes=99999999-").code == 416
    assert api.get("/openapi/v3", if_modified_since=index.header("last-modified")).code == 304
    assert sorted(api.get("/openapi/v2").all_headers("vary")) == ["Accept", "Accept-Encoding"]


def test_openapi_describes_discovery(api: Client) -> None:
    index = api.get("/openapi/v3").json["paths"]
    assert {".well-known/openid-configuration", "api", "apis", "apis/batch", "apis/batch/v1", "version"} <= set(index)
    operation = api.get("/openapi/v3/apis/rbac.authorization.k8s.io/v1").json["paths"][
        "/apis/rbac.authorization.k8s.io/v1/"
    ]["get"]
    assert operation["operationId"] == "getRbacAuthorizationV1APIResources"
    assert operation["tags"] == ["rbacAuthorization_v1"]


def test_openapi_tells_defaults_and_values(api: Client) -> None:
    schemas = api.get("/openapi/v3/api/v1").json["components"]["schemas"]
    container = schemas["io.k8s.api.core.v1.Container"]["properties"]
    assert container["resources"]["default"] == {}
    assert container["name"]["default"] == ""
    assert container["args"]["items"] == {"type": "string", "default": ""}
    assert container["env"]["items"]["default"] == {}
    assert container["imagePullPolicy"]["enum"] == ["Always", "IfNotPresent", "Never"]
    assert "Possible enum values:" in container["imagePullPolicy"]["description"]
    assert "default" not in container["livenessProbe"]


def test_openapi_v2_shares_its_parameters(api: Client) -> None:
    document = api.get("/openapi/v2").json
    shared = document["parameters"]
    assert {"pretty-tJGM1-ng", "namespace-vgWSWtn3", "body-78PwaGsr", "watch-XNNPZGbK"} <= set(shared)
    used = document["paths"]["/api/v1/namespaces/{namespace}/pods"]["get"]["parameters"]
    assert all(entry["$ref"].removeprefix(parameters.V2) in shared for entry in used)


@pytest.mark.parametrize("name", ENUMS)
def test_enums_are_of_fields_that_there_are(name: str) -> None:
    properties = definitions()[API + name]["properties"]
    for field, values in ENUMS[name].items():
        assert "string" in properties[field]["type"], field
        assert values.split() == sorted(values.split()), field


def test_explained_values_are_values() -> None:
    assert all(value in ENUMS[name][field].split() for name, field, value in EXPLAINED)
