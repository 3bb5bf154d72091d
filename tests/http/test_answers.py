"""The answers of a real server to plain requests: status, reason and words."""

import pytest
import yaml

from tests.http.client import Client

POD = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "good"},
    "spec": {"containers": [{"name": "c", "image": "registry.k8s.io/pause:3.10"}]},
}
PODS = "/api/v1/namespaces/default/pods"
MAPS = "/api/v1/namespaces/default/configmaps"


def config_map(name: str, **data: str) -> dict:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data}


def test_create_answers_201_with_the_object(api: Client) -> None:
    reply = api.post(MAPS, config_map("one", a="1"))
    assert reply.code == 201
    assert reply.json["metadata"]["namespace"] == "default"
    assert reply.json["metadata"]["uid"]
    assert reply.header("content-type") == "application/json"
    assert reply.header("cache-control") == "no-cache, private"
    assert len(reply.header("audit-id")) == 36


def test_missing_object_is_named_in_a_404(api: Client) -> None:
    reply = api.get(f"{PODS}/missing")
    assert reply.code == 404
    assert reply.json == {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": 'pods "missing" not found',
        "reason": "NotFound",
        "details": {"name": "missing", "kind": "pods"},
        "code": 404,
    }


def test_duplicate_is_a_409(api: Client) -> None:
    api.post(MAPS, config_map("one"))
    reply = api.post(MAPS, config_map("one"))
    assert (reply.code, reply.json["reason"]) == (409, "AlreadyExists")


@pytest.mark.parametrize("path", ["/apis/nope.example.com/v1/things", "/nope", "/healthz/nope", "/openapi/v3/nope"])
def test_unknown_paths_are_plain_text(api: Client, path: str) -> None:
    reply = api.get(path)
    assert reply.code == 404
    assert reply.body == b"404 page not found\n"
    assert reply.header("content-type") == "text/plain; charset=utf-8"
    assert reply.header("x-content-type-options") == "nosniff"


def test_unknown_resource_of_a_known_version_is_a_status(api: Client) -> None:
    reply = api.get("/api/v1/namespaces/default/widgets")
    assert (reply.code, reply.json["reason"]) == (404, "NotFound")
    assert reply.json["message"] == "the server could not find the requested resource"
    assert reply.json["details"] == {}


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PUT", PODS),
        ("PATCH", PODS),
        ("POST", f"{PODS}/x"),
        ("OPTIONS", PODS),
        ("POST", "/api/v1/pods"),
        ("DELETE", "/api/v1/pods"),
        ("POST", "/version"),
    ],
)
def test_method_that_is_not_allowed_is_a_405(api: Client, method: str, path: str) -> None:
    reply = api.request(method, path, POD if method == "POST" else None)
    assert (reply.code, reply.json["reason"]) == (405, "MethodNotAllowed")
    assert reply.json["message"] == "the server does not allow this method on the requested resource"


@pytest.mark.parametrize("path", ["/api/v1/namespaces/default/nodes", "/api/v1/pods/x"])
def test_scope_has_to_fit_the_resource(api: Client, path: str) -> None:
    assert api.get(path).code == 404


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("limit=abc", 'strconv.ParseInt: parsing "abc": invalid syntax'),
        ("limit=²", 'strconv.ParseInt: parsing "²": invalid syntax'),
        ("limit=1_000", 'strconv.ParseInt: parsing "1_000": invalid syntax'),
        (f"limit={10**30}", f'strconv.ParseInt: parsing "{10**30}": value out of range'),
        (
            "resourceVersion=abc",
            'invalid resource version: resourceVersion: Invalid value: "abc": strconv.ParseUint: parsing "abc": invalid'
            " syntax",
        ),
        ("labelSelector=a%20b%20c", "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt"),
        ("fieldSelector=spec.bogus%3Dx", "field label not supported: spec.bogus"),
    ],
)
def test_bad_option_is_a_400_in_the_real_words(api: Client, query: str, message: str) -> None:
    reply = api.get(f"{PODS}?{query}")
    assert (reply.code, reply.json["reason"]) == (400, "BadRequest")
    assert reply.json["message"] == message


def test_unknown_options_are_ignored(api: Client) -> None:
    assert api.get(f"{PODS}?whatever=1&limit=5").code == 200


def test_empty_body_is_unrecognized(api: Client) -> None:
    reply = api.request("POST", PODS, b"", {"content-type": "application/json"})
    assert reply.code == 400
    assert reply.json["message"] == (
        "the object provided is unrecognized (must be of type Pod): couldn't get version/kind; json parse error:"
        " unexpected end of JSON input (<empty>)"
    )


def test_cut_off_body_is_shown_in_the_error(api: Client) -> None:
    reply = api.request("POST", PODS, b'{"apiVersion":"v1","kind":"Pod",', {"content-type": "application/json"})
    assert reply.json["message"] == (
        "the object provided is unrecognized (must be of type Pod): couldn't get version/kind; json parse error:"
        ' unexpected end of JSON input ({"apiVersion":"v1","kind":"Pod ...)'
    )


def test_yaml_is_understood_and_spoken(api: Client) -> None:
    body = b'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: yamlcm\ndata:\n  a: "1"\n'
    reply = api.request("POST", MAPS, body, {"content-type": "application/yaml", "accept": "application/yaml"})
    assert reply.code == 201
    assert reply.header("content-type") == "application/yaml"
    assert yaml.safe_load(reply.body)["data"] == {"a": "1"}
    assert reply.body.index(b"apiVersion") < reply.body.index(b"data")


def test_duplicate_field_is_refused_when_strict_and_warned_of_otherwise(api: Client) -> None:
    body = b'{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"df","name":"df2"}}'
    strict = api.request("POST", f"{MAPS}?fieldValidation=Strict&dryRun=All", body)
    assert strict.code == 400
    assert strict.json["message"] == (
        'ConfigMap in version "v1" cannot be handled as a ConfigMap: strict decoding error:'
        ' duplicate field "metadata.name"'
    )
    lenient = api.request("POST", f"{MAPS}?dryRun=All", body)
    assert lenient.code == 201
    assert lenient.all_headers("warning") == ['299 - "duplicate field \\"metadata.name\\""']
    assert api.request("POST", f"{MAPS}?dryRun=All&fieldValidation=Ignore", body).all_headers("warning") == []


def test_duplicate_and_unknown_fields_are_told_together(api: Client) -> None:
    body = b'{"metadata":{"name":"a","name":"b"},"data":{},"colour":"blue"}'
    strict = api.request("POST", f"{MAPS}?fieldValidation=Strict&dryRun=All", body)
    assert strict.json["message"].endswith('duplicate field "metadata.name", unknown field "colour"')
    lenient = api.request("POST", f"{MAPS}?dryRun=All", body)
    assert [text.split('"')[1] for text in lenient.all_headers("warning")] == [
        "duplicate field \\",
        "unknown field \\",
    ]


TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io"
REVIEW = {"spec": {"resourceAttributes": {"verb": "get", "resource": "pods"}}}


def test_review_is_no_table(api: Client) -> None:
    path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
    reply = api.post(path, REVIEW, accept=TABLE)
    assert reply.code == 406
    assert api.post(path, REVIEW, accept=f"{TABLE},application/json").json["kind"] == "SelfSubjectAccessReview"


@pytest.mark.parametrize("accept", ["text/html", "application/vnd.kubernetes.protobuf", "application/json;as=Foo"])
def test_form_that_cannot_be_had_is_a_406(api: Client, accept: str) -> None:
    reply = api.get(PODS, accept=accept)
    assert (reply.code, reply.json["reason"]) == (406, "NotAcceptable")
    assert reply.json["message"].startswith("406: Not Acceptable\n\nAvailable representations: application/json")


def test_client_that_prefers_protobuf_gets_json(api: Client) -> None:
    reply = api.get(PODS, accept="application/vnd.kubernetes.protobuf,application/json")
    assert (reply.code, reply.header("content-type")) == (200, "application/json")


@pytest.mark.parametrize("kind", ["application/json", "text/plain", ""])
def test_patch_needs_a_patch_type(api: Client, kind: str) -> None:
    api.post(MAPS, config_map("one"))
    reply = api.patch(f"{MAPS}/one", {}, kind)
    assert (reply.code, reply.json["message"]) == (415, "415: Unsupported Media Type")


def test_body_of_an_unknown_type_is_a_415(api: Client) -> None:
    reply = api.request("POST", MAPS, b"x", {"content-type": "text/plain"})
    assert (reply.code, reply.json["reason"]) == (415, "UnsupportedMediaType")


def test_compressed_body_is_a_415(api: Client) -> None:
    headers = {"content-type": "application/json", "content-encoding": "gzip"}
    assert api.request("POST", MAPS, b"\x1f\x8b", headers).code == 415


def test_body_over_the_limit_is_refused_by_its_length(api: Client) -> None:
    reply = api.request("POST", MAPS, b"{}", {"content-length": str(3 * 1024 * 1024 + 1)})
    assert (reply.code, reply.json["reason"]) == (413, "RequestEntityTooLarge")
    assert reply.json["message"] == "Request entity too large: limit is 3145728"


def test_body_over_the_limit_is_refused_while_it_comes(api: Client) -> None:
    reply = api.request("POST", MAPS, b" " * (3 * 1024 * 1024 + 1), {"content-length": "5"})
    assert reply.code == 413


def test_list_says_once_what_its_items_are(api: Client) -> None:
    api.post(MAPS, {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "one"}})
    listed = api.get(f"{MAPS}?fieldSelector=metadata.name%3Done").json
    assert (listed["kind"], listed["apiVersion"]) == ("ConfigMapList", "v1")
    assert [sorted(item) for item in listed["items"]] == [["metadata"]]


def test_scale_and_status_have_paths_of_their_own(api: Client) -> None:
    template = {"metadata": {"labels": {"a": "b"}}, "spec": POD["spec"]}
    spec = {"replicas": 2, "selector": {"matchLabels": {"a": "b"}}, "template": template}
    body = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": spec}
    deployments = "/apis/apps/v1/namespaces/default/deployments"
    assert api.post(deployments, body).code == 201
    scale = api.get(f"{deployments}/web/scale").json
    assert (scale["kind"], scale["spec"]["replicas"]) == ("Scale", 2)
    patched = api.patch(f"{deployments}/web/scale", {"spec": {"replicas": 5}})
    assert (patched.code, patched.json["spec"]["replicas"]) == (200, 5)
    assert api.get(f"{deployments}/web/status").json["kind"] == "Deployment"


def test_collection_can_be_deleted_by_label(api: Client) -> None:
    for name, label in (("one", "x"), ("two", "x"), ("three", "y")):
        api.post(MAPS, {**config_map(name), "metadata": {"name": name, "labels": {"l": label}}})
    assert api.delete(f"{MAPS}?labelSelector=l%3Dx").code == 200
    left = [item["metadata"]["name"] for item in api.get(f"{MAPS}?labelSelector=l").json["items"]]
    assert left == ["three"]


@pytest.mark.parametrize("subresource", ["exec", "attach", "portforward"])
def test_what_is_not_served_is_said(api: Client, subresource: str) -> None:
    api.post(PODS, {**POD, "spec": {**POD["spec"], "nodeName": "n1"}})
    reply = api.get(f"{PODS}/good/{subresource}")
    assert (reply.code, reply.json["reason"]) == (405, "MethodNotAllowed")
    assert reply.json["message"] == f"the server does not serve pods/{subresource} yet"


def test_deprecated_kinds_come_with_a_warning(api: Client) -> None:
    reply = api.get("/api/v1/namespaces/default/endpoints")
    assert reply.all_headers("warning") == [
        '299 - "v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice"'
    ]


def test_json_is_indented_for_those_who_read_it(api: Client) -> None:
    assert b"\n  " not in api.get(PODS).body
    assert b"\n  " in api.get(f"{PODS}?pretty=true").body
    assert b"\n  " in api.get(PODS, user_agent="curl/8.0").body
    assert b"\n  " not in api.get(f"{PODS}?pretty=0", user_agent="curl/8.0").body


def test_unknown_field_is_warned_of_ignored_or_refused(api: Client) -> None:
    body = {**POD, "metadata": {"name": "uf", "foo": "bar"}, "spec": {**POD["spec"], "bogus": 1}}
    warned = api.post(f"{PODS}?dryRun=All", body)
    assert warned.code == 201
    assert warned.all_headers("warning") == [
        '299 - "unknown field \\"metadata.foo\\""',
        '299 - "unknown field \\"spec.bogus\\""',
    ]
    assert api.post(f"{PODS}?dryRun=All&fieldValidation=Ignore", body).all_headers("warning") == []
    strict = api.post(f"{PODS}?dryRun=All&fieldValidation=Strict", body)
    assert (strict.code, strict.json["message"]) == (
        400,
        'Pod in version "v1" cannot be handled as a Pod: strict decoding error: unknown field "metadata.foo",'
        ' unknown field "spec.bogus"',
    )


def test_refused_eviction_is_heard_of_at_once(api: Client) -> None:
    """With a Retry-After `kubectl drain` would try ten times in silence; only a budget not yet looked at says when."""
    labels = {"metadata": {"name": "good", "labels": {"app": "ok"}}}
    api.post(PODS, POD | labels)
    api.patch(
        f"{PODS}/good/status", {"status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}}
    )
    budgets = "/apis/policy/v1/namespaces/default/poddisruptionbudgets"
    spec = {"minAvailable": 1, "selector": {"matchLabels": {"app": "ok"}}}
    api.post(budgets, {"metadata": {"name": "pdb"}, "spec": spec})
    eviction = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": "good"}}
    unseen = api.post(f"{PODS}/good/eviction", eviction)
    assert (unseen.code, unseen.header("retry-after")) == (429, "10")
    status = {
        "observedGeneration": 1,
        "desiredHealthy": 1,
        "currentHealthy": 1,
        "expectedPods": 1,
        "disruptionsAllowed": 0,
    }
    api.patch(f"{budgets}/pdb/status", {"status": status})
    refused = api.post(f"{PODS}/good/eviction", eviction)
    assert (refused.code, refused.header("retry-after")) == (429, "")
    assert refused.json["message"] == "Cannot evict pod as it would violate the pod's disruption budget."
    assert refused.json["details"]["causes"] == [
        {
            "reason": "DisruptionBudget",
            "message": "The disruption budget pdb needs 1 healthy pods and has 1 currently",
        }
    ]


def test_json_patch_that_cannot_be_done_says_no_details(api: Client) -> None:
    api.post(MAPS, config_map("one", a="1"))
    failing = [{"op": "test", "path": "/data/a", "value": "2"}]
    reply = api.patch(f"{MAPS}/one", failing, "application/json-patch+json")
    assert (reply.code, reply.json["reason"], reply.json["details"]) == (422, "Invalid", {})
