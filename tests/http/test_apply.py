"""Server-side apply as a client sees it: the situations of a recorded 1.36, in its words."""

import pytest

from tests.http.client import Client

MAPS = "/api/v1/namespaces/default/configmaps"
DEPLOYMENTS = "/apis/apps/v1/namespaces/default/deployments"
APPLY = "application/apply-patch+yaml"


def config_map(name: str = "ssa", **more: object) -> dict:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}} | more


def deployment(name: str, image: str = "registry.k8s.io/pause:3.10", replicas: int = 1) -> dict:
    labels = {"app": name}
    container = {"name": "c", "image": image, "ports": [{"containerPort": 80, "name": "http"}]}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}},
        },
    }


def managers(obj: dict) -> list[str]:
    return [entry["manager"] for entry in obj["metadata"].get("managedFields", [])]


def test_apply_creates_and_then_updates(api: Client) -> None:
    made = api.patch(f"{MAPS}/ssa?fieldManager=alpha", config_map(data={"k": "1"}), APPLY)
    assert made.code == 201
    assert made.json["metadata"]["managedFields"] == [
        {
            "manager": "alpha",
            "operation": "Apply",
            "apiVersion": "v1",
            "time": made.json["metadata"]["creationTimestamp"],
            "fieldsType": "FieldsV1",
            "fieldsV1": {"f:data": {"f:k": {}}},
        }
    ]
    again = api.patch(f"{MAPS}/ssa?fieldManager=alpha", config_map(data={"k": "1"}), APPLY)
    assert (again.code, again.json) == (200, made.json), "nothing changed, so nothing was written"
    changed = api.patch(f"{MAPS}/ssa?fieldManager=alpha", config_map(data={"k": "2", "l": None}), APPLY)
    assert (changed.code, changed.json["data"]) == (200, {"k": "2"})


def test_apply_in_yaml(api: Client) -> None:
    body = b"apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: ssa\n  labels: {team: a}\ndata:\n  k: '1'\n"
    assert api.patch(f"{MAPS}/ssa?fieldManager=alpha", body, APPLY).json["data"] == {"k": "1"}


def test_conflict_names_field_and_owner_and_force_resolves_it(api: Client) -> None:
    api.patch(f"{MAPS}/ssa?fieldManager=alpha", config_map(data={"k": "1"}), APPLY)
    refused = api.patch(f"{MAPS}/ssa?fieldManager=beta", config_map(data={"k": "2"}), APPLY)
    assert (refused.code, refused.json["reason"]) == (409, "Conflict")
    assert refused.json["message"] == 'Apply failed with 1 conflict: conflict with "alpha": .data.k'
    assert refused.json["details"] == {
        "causes": [{"reason": "FieldManagerConflict", "message": 'conflict with "alpha"', "field": ".data.k"}]
    }
    forced = api.patch(f"{MAPS}/ssa?fieldManager=beta&force=true", config_map(data={"k": "2"}), APPLY)
    assert (forced.json["data"], managers(forced.json)) == ({"k": "2"}, ["beta"])


def test_what_kubectl_wrote_is_its_own(api: Client) -> None:
    """The manager is the query's, else what the user agent calls itself; scale is told apart."""
    api.post(DEPLOYMENTS, deployment("web"), user_agent="curl/8.1")
    scale = {"spec": {"replicas": 3}}
    headers = {"user-agent": "curl/8.1", "content-type": "application/merge-patch+json"}
    assert api.request("PATCH", f"{DEPLOYMENTS}/web/scale", scale, headers).code == 200
    refused = api.patch(f"{DEPLOYMENTS}/web?fieldManager=gamma", deployment("web", image="other:1", replicas=9), APPLY)
    assert refused.json["message"] == (
        'Apply failed with 2 conflicts: conflicts with "curl" with subresource "scale" using apps/v1:\n- .spec.replicas\n'
        'conflicts with "curl" using apps/v1:\n- .spec.template.spec.containers[name="c"].image'
    )


def test_defaults_and_what_admission_adds_belong_to_nobody_who_applied(api: Client) -> None:
    made = api.patch(f"{DEPLOYMENTS}/web?fieldManager=alpha", deployment("web"), APPLY).json
    template = made["metadata"]["managedFields"][0]["fieldsV1"]["f:spec"]["f:template"]["f:spec"]
    assert template["f:containers"]['k:{"name":"c"}'] == {
        ".": {},
        "f:image": {},
        "f:name": {},
        "f:ports": {'k:{"containerPort":80,"protocol":"TCP"}': {".": {}, "f:containerPort": {}, "f:name": {}}},
    }
    assert made["spec"]["template"]["spec"]["restartPolicy"] == "Always"


def test_components_are_recorded_only_where_a_record_is(api: Client) -> None:
    untold = api.post(MAPS, config_map("untold", data={"k": "1"})).json
    assert "managedFields" not in untold["metadata"]
    told = api.post(MAPS, config_map("told", data={"k": "1"}), user_agent="kubectl/v1").json
    assert managers(told) == ["kubectl"]
    changed = api.patch(f"{MAPS}/told", {"data": {"k": "2"}}).json
    owner = {entry["manager"]: entry["fieldsV1"]["f:data"] for entry in changed["metadata"]["managedFields"]}
    assert owner == {"kubectl": {}, "kubernetes-admin": {"f:k": {}}}


def test_status_is_applied_apart(api: Client) -> None:
    api.patch(f"{DEPLOYMENTS}/web?fieldManager=alpha", deployment("web"), APPLY)
    status = deployment("web", replicas=7) | {"status": {"replicas": 4}}
    reply = api.patch(f"{DEPLOYMENTS}/web/status?fieldManager=beta", status, APPLY)
    assert reply.code == 200
    assert (reply.json["spec"]["replicas"], reply.json["status"]) == (1, {"replicas": 4})
    shares = {entry["manager"]: entry for entry in reply.json["metadata"]["managedFields"]}
    assert shares["beta"]["subresource"] == "status"
    assert shares["beta"]["fieldsV1"] == {"f:status": {"f:replicas": {}}}


def test_dry_run_applies_nothing(api: Client) -> None:
    reply = api.patch(f"{MAPS}/ssa?fieldManager=alpha&dryRun=All", config_map(data={"k": "1"}), APPLY)
    assert reply.code == 201
    assert api.get(f"{MAPS}/ssa").code == 404


def test_to_apply_what_is_not_there_needs_the_right_to_create(api: Client, alice: Client) -> None:
    rbac = "/apis/rbac.authorization.k8s.io/v1/namespaces/default"
    rules = [{"apiGroups": [""], "resources": ["configmaps"], "verbs": ["patch"]}]
    api.post(f"{rbac}/roles", {"metadata": {"name": "patcher"}, "rules": rules})
    subject = {"kind": "User", "apiGroup": "rbac.authorization.k8s.io", "name": "alice"}
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "patcher"}
    api.post(f"{rbac}/rolebindings", {"metadata": {"name": "patcher"}, "roleRef": role, "subjects": [subject]})
    refused = alice.patch(f"{MAPS}/ssa?fieldManager=alpha", config_map(), APPLY)
    assert (refused.code, "cannot create resource" in refused.json["message"]) == (403, True)
    api.post(MAPS, config_map())
    assert alice.patch(f"{MAPS}/ssa?fieldManager=alpha", config_map(data={"k": "1"}), APPLY).code == 200


@pytest.mark.parametrize(
    ("query", "body", "code", "message"),
    [
        pytest.param(
            "",
            config_map(),
            422,
            'PatchOptions.meta.k8s.io "" is invalid: fieldManager: Required value: is required for apply patch',
            id="no manager",
        ),
        pytest.param(
            f"fieldManager={'x' * 129}",
            config_map(),
            422,
            'PatchOptions.meta.k8s.io "" is invalid: fieldManager: Too long: may not be more than 128 bytes',
            id="long manager",
        ),
        pytest.param(
            "fieldManager=a%07b",
            config_map(),
            422,
            'PatchOptions.meta.k8s.io "" is invalid: fieldManager: Invalid value: "a\\u0007b": should only contain printable'
            " characters",
            id="manager with a bell",
        ),
        pytest.param(
            "fieldManager=alpha",
            config_map("ssb"),
            400,
            "the name of the object (ssb) does not match the name on the URL (ssa)",
            id="other name",
        ),
        # The real server answers these two with 500.
        pytest.param(
            "fieldManager=alpha",
            config_map(bogus=1),
            400,
            "failed to create typed patch object (/ssa; /v1, Kind=ConfigMap): .bogus: field not declared in schema",
            id="unknown field",
        ),
        pytest.param("fieldManager=alpha", config_map(data="x"), 400, "json: cannot unmarshal string", id="wrong type"),
        pytest.param(
            "fieldManager=alpha",
            {"metadata": {"managedFields": []}},
            400,
            "metadata.managedFields must be nil",
            id="a record sent along",
        ),
        pytest.param("fieldManager=alpha", config_map() | {"apiVersion": "v2"}, 400, "no kind", id="other version"),
        pytest.param("fieldManager=alpha", [], 400, "the object provided is unrecognized", id="a list"),
        pytest.param(
            "fieldManager=alpha", {"metadata": 1}, 400, "the object provided is unrecognized", id="no metadata"
        ),
        pytest.param(
            "fieldManager=alpha",
            {"metadata": {"uid": "x"}},
            409,
            "uid mismatch: the provided object specified uid x, and no existing object was found",
            id="a uid of nothing",
        ),
    ],
)
def test_what_cannot_be_applied_is_said(api: Client, query: str, body: object, code: int, message: str) -> None:
    reply = api.patch(f"{MAPS}/ssa?{query}", body, APPLY)
    assert reply.code == code
    assert message in reply.json["message"]


def test_force_is_for_apply_only(api: Client) -> None:
    reply = api.patch(f"{MAPS}/ssa?force=true", {})
    assert (reply.code, reply.json["message"]) == (
        422,
        'PatchOptions.meta.k8s.io "" is invalid: force: Forbidden: may not be specified for non-apply patch',
    )
