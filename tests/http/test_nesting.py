"""Deep JSON, whatever carries it, is refused as a client's mistake: nothing recurses before its depth was counted."""

import base64

import pytest

from core.kube.nesting import DEPTH_MAX
from tests.http.client import Client

MAPS = "/api/v1/namespaces/default/configmaps"
REVISIONS = "/apis/apps/v1/namespaces/default/controllerrevisions"
LEVELS = (DEPTH_MAX + 1, 130, 254, 500, 512, 900, 1023, 1024, 1025, 9_999, 10_001)
TYPES = (
    "application/json",
    "application/yaml",
    "application/json-patch+json",
    "application/merge-patch+json",
    "application/strategic-merge-patch+json",
    "application/apply-patch+yaml",
    "application/vnd.kubernetes.protobuf",
    "application/cbor",
)


def objects(levels: int) -> bytes:
    return b'{"a":' * levels + b"1" + b"}" * levels


def lists(levels: int) -> bytes:
    return b"[" * levels + b"]" * levels


@pytest.mark.parametrize("kind", TYPES)
def test_deep_body_is_a_4xx_for_every_verb_and_type(api: Client, kind: str) -> None:
    api.post(MAPS, {"metadata": {"name": "x"}})
    verbs = (("POST", MAPS), ("PUT", f"{MAPS}/x"), ("PATCH", f"{MAPS}/x"), ("DELETE", f"{MAPS}/x"), ("DELETE", MAPS))
    for levels in LEVELS:
        for deep in (objects(levels), lists(levels), b'{"metadata":{"name":"x","a":' + lists(levels) + b"}}"):
            for method, path in verbs:
                reply = api.request(method, f"{path}?fieldManager=me", deep, {"content-type": kind})
                assert 400 <= reply.code < 500, (method, levels, reply.body[:300])


@pytest.mark.parametrize("levels", [DEPTH_MAX - 4, DEPTH_MAX, 700])
@pytest.mark.parametrize("kind", ["json-patch", "merge-patch", "strategic-merge-patch", "apply-patch"])
def test_free_form_parts_are_taken_or_refused_whole(api: Client, kind: str, levels: int) -> None:
    """A ControllerRevision's data is any JSON; what a patch makes of it is measured as what is sent."""
    api.post(REVISIONS, {"metadata": {"name": "x"}, "revision": 1, "data": {"a": {}}})
    value = objects(levels).decode()
    body = (
        f'{{"apiVersion":"apps/v1","kind":"ControllerRevision","metadata":{{"name":"x"}},"revision":1,"data":{value}}}'
    )
    suffix = "+json"
    if kind == "json-patch":
        body = f'[{{"op":"add","path":"/data/a","value":{value}}}]'
    elif kind == "apply-patch":
        suffix = "+yaml"
    reply = api.request(
        "PATCH",
        f"{REVISIONS}/x?fieldManager=me&force=true",
        body.encode(),
        {"content-type": f"application/{kind}{suffix}"},
    )
    assert reply.code < 500, reply.body[:300]
    assert api.get(f"{REVISIONS}/x").code == 200


def test_patches_that_deepen_what_is_stored_end_at_the_bound(api: Client) -> None:
    api.post(REVISIONS, {"metadata": {"name": "x"}, "revision": 1, "data": {"a": {}}})
    codes = set()
    for _ in range(80):
        patch = [{"op": "copy", "from": "/data", "path": "/data/a"}]
        codes.add(api.patch(f"{REVISIONS}/x", patch, "application/json-patch+json").code)
    assert max(codes) < 500
    for form in ("application/json", "application/yaml", "application/json;as=Table;v=v1;g=meta.k8s.io"):
        assert api.get(REVISIONS, accept=form).code == 200


@pytest.mark.parametrize("levels", [DEPTH_MAX + 1, 1000, 3000])
def test_deep_tokens_name_nothing(api: Client, levels: int) -> None:
    text = base64.urlsafe_b64encode(lists(levels)).decode().rstrip("=")
    deep = (
        base64.urlsafe_b64encode(b'{"v":"meta.k8s.io/v1","rv":1,"start":' + lists(levels) + b"}").decode().rstrip("=")
    )
    assert api.get(f"{MAPS}?limit=1&continue={text}").code == 400
    assert api.get(f"{MAPS}?limit=1&continue={deep}").code == 400
    for token in (f"{text}.{text}.a", f"{deep}.{deep}.{deep}"):
        assert api.get(MAPS, authorization=f"Bearer {token}").code == 401
        review = {"spec": {"token": token}}
        assert api.post("/apis/authentication.k8s.io/v1/tokenreviews", review).json["status"].get("error")


@pytest.mark.parametrize("levels", [DEPTH_MAX + 1, 300, 1000])
def test_deep_json_in_annotations_and_owners_is_only_text(api: Client, levels: int) -> None:
    text = objects(levels).decode()
    scaler = {
        "metadata": {
            "name": "h",
            "annotations": {
                f"autoscaling.alpha.kubernetes.io/{name}": text for name in ("metrics", "behavior", "conditions")
            },
        },
        "spec": {"scaleTargetRef": {"kind": "Deployment", "name": "web"}, "maxReplicas": 2},
    }
    path = "/apis/autoscaling/v1/namespaces/default/horizontalpodautoscalers"
    assert api.post(path, scaler).code < 500
    assert api.get(path).code == 200
    owned = {"manager": "me", "operation": "Apply", "apiVersion": "v1", "fieldsType": "FieldsV1"}
    fields = {"f:data": {f"k:{text}": {}, f"v:{text}": {}}}
    body = {"metadata": {"name": "m", "managedFields": [owned | {"fieldsV1": fields}]}, "data": {"a": "b"}}
    assert api.post(MAPS, body).code < 500
    applied = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "m"}, "data": {"a": "c"}}
    reply = api.patch(f"{MAPS}/m?fieldManager=other", applied, "application/apply-patch+yaml")
    assert reply.code < 500, reply.body
