"""create, update and patch, as a real server answered them (the sentences are recorded ones)."""

import pytest

from core.kube.errors import Invalid
from core.kube.objects import clone
from core.kube.requests import PatchType
from tests.apiserver.objects import config_map, deployment, pod
from tests.kinds import STORED, examples, row_of

MODIFIED = "the object has been modified; please apply your changes to the latest version and try again"


def test_created_object_gets_what_the_server_decides(world):
    made = world.create("pods", pod("web"))
    meta = made["metadata"]
    assert meta["uid"]
    assert meta["resourceVersion"]
    assert meta["creationTimestamp"] == "2026-01-01T00:00:00Z"
    assert meta["generation"] == 1
    assert made["status"] == {"phase": "Pending", "qosClass": "BestEffort"}


def test_config_map_has_no_generation(world):
    assert "generation" not in world.create("configmaps", config_map("a"))["metadata"]


def test_name_taken_is_already_exists(world, refused):
    world.create("pods", pod("web"))
    error = refused("create", "pods", "default", body=pod("web"))
    assert (error.code, error.message) == (409, 'pods "web" already exists')
    assert error.details == {"name": "web", "kind": "pods"}


def test_generated_name_ends_in_five_characters(world):
    body = config_map("x")
    body["metadata"] = {"generateName": "gen-"}
    name = world.api("create", "configmaps", "default", body=body)["metadata"]["name"]
    assert name.startswith("gen-")
    assert len(name) == len("gen-") + 5


@pytest.mark.parametrize(
    ("change", "message"),
    [
        pytest.param(
            {"kind": "Secret"},
            'Secret in version "v1" cannot be handled as a ConfigMap: converting (v1.Secret) to (core.ConfigMap): unknown'
            " conversion",
            id="wrong kind",
        ),
        pytest.param(
            {"apiVersion": "apps/v1"},
            'ConfigMap in version "v1" cannot be handled as a ConfigMap: no kind "ConfigMap" is registered for version'
            ' "apps/v1" in scheme "pkg/api/legacyscheme/scheme.go:30"',
            id="wrong version",
        ),
        pytest.param(
            {"metadata": {"name": "x", "namespace": "other"}},
            "the namespace of the provided object does not match the namespace sent on the request",
            id="other namespace",
        ),
        pytest.param(
            {"metadata": {"name": "x", "resourceVersion": "5"}},
            "resourceVersion should not be set on objects to be created",
            id="with a version",
        ),
    ],
)
def test_object_that_does_not_fit_the_request_is_a_bad_request(refused, change, message):
    error = refused("create", "configmaps", "default", body=config_map("x") | change)
    assert (error.code, error.message) == (400, message)


def test_dry_run_stores_nothing(world, refused):
    made = world.api("create", "pods", "default", body=pod("dry"), options={"dryRun": ["All"]})
    assert made["metadata"]["uid"]
    assert "resourceVersion" not in made["metadata"]
    assert refused("get", "pods", "default", "dry").code == 404


def test_unknown_dry_run_is_invalid(refused):
    error = refused("create", "pods", "default", body=pod("dry"), options={"dryRun": ["Some"]})
    assert error.message == (
        'CreateOptions.meta.k8s.io "" is invalid: dryRun: Unsupported value: ["Some"]: supported values: "All"'
    )


def test_stale_update_conflicts(world, refused):
    old = world.create("configmaps", config_map("cm1", data={"a": "1"}))
    world.api("update", "configmaps", "default", "cm1", old | {"data": {"a": "2"}})
    error = refused("update", "configmaps", "default", "cm1", old | {"data": {"a": "3"}})
    assert (error.code, error.message) == (
        409,
        f'Operation cannot be fulfilled on configmaps "cm1": {MODIFIED}',
    )


def test_update_without_version_is_unconditional(world):
    world.create("configmaps", config_map("cm1", data={"a": "1"}))
    new = world.api("update", "configmaps", "default", "cm1", config_map("cm1", data={"a": "3"}))
    assert new["data"] == {"a": "3"}


NEEDS_VERSION = {
    # AllowUnconditionalUpdate is false in the strategies of pkg/registry
    "customresourcedefinitions.apiextensions.k8s.io",
    "csidrivers.storage.k8s.io",
    "csinodes.storage.k8s.io",
    "csistoragecapacities.storage.k8s.io",
    "leases.coordination.k8s.io",
    "mutatingwebhookconfigurations.admissionregistration.k8s.io",
    "poddisruptionbudgets.policy",
    "runtimeclasses.node.k8s.io",
    "validatingadmissionpolicies.admissionregistration.k8s.io",
    "validatingadmissionpolicybindings.admissionregistration.k8s.io",
    "validatingwebhookconfigurations.admissionregistration.k8s.io",
    "volumeattachments.storage.k8s.io",
}


def test_kinds_that_need_a_version_are_those_of_the_real_server(world):
    refused = set()
    for obj in examples():
        row, meta = row_of(obj), obj["metadata"]
        fresh = clone(world.create(row.name, obj))
        fresh["metadata"] = fresh["metadata"] | {"resourceVersion": None, "labels": {"a": "b"}}
        try:
            world.api("update", row.name, meta.get("namespace", ""), meta["name"], fresh)
        except Invalid as error:
            assert "must be specified for an update" in error.message
            refused.add(row.name)
    assert refused == NEEDS_VERSION & {row.name for row in STORED.values()}


@pytest.mark.parametrize("version", [None, "", "0"])
def test_lease_without_version_is_refused_in_the_servers_words(world, refused, version):
    lease = {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {"name": "x", "namespace": "default"}}
    world.create("leases.coordination.k8s.io", clone(lease))
    lease["metadata"]["resourceVersion"] = version
    lease["spec"] = {"holderIdentity": "me"}
    error = refused("update", "leases.coordination.k8s.io", "default", "x", lease)
    assert (error.code, error.reason) == (422, "Invalid")
    assert error.message == (
        'leases.coordination.k8s.io "x" is invalid: metadata.resourceVersion: Invalid value: 0: must be specified for an'
        " update"
    )
    assert error.details["kind"] == "leases"


def test_patch_needs_no_version(world):
    lease = {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {"name": "x", "namespace": "default"}}
    world.create("leases.coordination.k8s.io", lease)
    patched = world.patch("leases.coordination.k8s.io", "default", "x", {"spec": {"holderIdentity": "me"}})
    assert patched["spec"]["holderIdentity"] == "me"


def test_update_under_another_name_is_refused(world, refused):
    world.create("configmaps", config_map("cm1"))
    error = refused("update", "configmaps", "default", "cm1", config_map("other"))
    assert error.message == "the name of the object (other) does not match the name on the URL (cm1)"


def test_update_of_another_incarnation_conflicts(world, refused):
    old = world.create("configmaps", config_map("cm1"))
    wrong = "00000000-0000-0000-0000-000000000000"
    error = refused("update", "configmaps", "default", "cm1", config_map("cm1", meta={"uid": wrong}))
    assert error.message == (
        'Operation cannot be fulfilled on configmaps "cm1": StorageError: invalid object, Code: 4, Key:'
        " /registry/configmaps/default/cm1, ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: UID in"
        f" precondition: {wrong}, UID in object meta: {old['metadata']['uid']}"
    )


def test_update_that_changes_nothing_makes_no_revision(world):
    old = world.create("configmaps", config_map("cm1", data={"a": "1"}))
    new = world.api("update", "configmaps", "default", "cm1", config_map("cm1", data={"a": "1"}))
    assert new["metadata"]["resourceVersion"] == old["metadata"]["resourceVersion"]


def test_change_of_spec_is_a_new_generation(world):
    world.create("deployments.apps", deployment("web"))
    labelled = world.patch("deployments.apps", "default", "web", {"metadata": {"labels": {"a": "b"}}})
    scaled = world.patch("deployments.apps", "default", "web", {"spec": {"replicas": 2}})
    assert [labelled["metadata"]["generation"], scaled["metadata"]["generation"]] == [1, 2]


def test_status_and_spec_are_written_apart(world):
    world.create("deployments.apps", deployment("web"))
    body = deployment("web", replicas=7) | {"status": {"replicas": 3}}
    world.api("update", "deployments.apps", "default", "web", body, subresource="status")
    found = world.get("deployments.apps", "default", "web")
    assert (found["spec"]["replicas"], found["status"]["replicas"]) == (1, 3)
    world.api("update", "deployments.apps", "default", "web", deployment("web", replicas=7) | {"status": {}})
    found = world.get("deployments.apps", "default", "web")
    assert (found["spec"]["replicas"], found["status"]["replicas"]) == (7, 3)


def test_merge_patch_removes_with_null(world):
    world.create("configmaps", config_map("cm1", data={"a": "1"}))
    assert world.patch("configmaps", "default", "cm1", {"data": {"b": "x", "a": None}})["data"] == {"b": "x"}


def test_patch_of_a_missing_object_creates_nothing(refused):
    error = refused("patch", "configmaps", "default", "nocm", {"data": {}}, patch_type=PatchType.MERGE)
    assert (error.code, error.message) == (404, 'configmaps "nocm" not found')


def test_status_patch_keeps_other_conditions(world):
    world.create("pods", pod("web"))
    for kind in ("Ready", "example.com/x"):
        patch = {"status": {"conditions": [{"type": kind, "status": "True"}]}}
        found = world.api(
            "patch", "pods", "default", "web", patch, subresource="status", patch_type=PatchType.STRATEGIC
        )
    assert {entry["type"] for entry in found["status"]["conditions"]} == {"Ready", "example.com/x"}


def test_requests_of_one_batch_see_each_other(world):
    from core.engine.clusters import ADMIN
    from core.kube.requests import Request

    made, changed, gone, missing = world.host.server.execute(
        [
            Request("create", "configmaps", "default", body=config_map("a"), user=ADMIN),
            Request("update", "configmaps", "default", "a", body=config_map("a", data={"k": "v"}), user=ADMIN),
            Request("delete", "configmaps", "default", "a", user=ADMIN),
            Request("get", "configmaps", "default", "a", user=ADMIN),
        ]
    )
    assert int(changed["metadata"]["resourceVersion"]) == int(made["metadata"]["resourceVersion"]) + 1
    assert gone["status"] == "Success"
    assert missing.code == 404


def test_scale_reads_and_sets_replicas(world, refused):
    world.create("deployments.apps", deployment("web", replicas=3))
    scale = world.api("get", "deployments.apps", "default", "web", subresource="scale")
    assert scale["spec"] == {"replicas": 3}
    assert scale["status"] == {"replicas": 0, "selector": "app=web"}
    world.api("update", "deployments.apps", "default", "web", scale | {"spec": {"replicas": 4}}, subresource="scale")
    assert world.get("deployments.apps", "default", "web")["spec"]["replicas"] == 4
    scale["metadata"].pop("resourceVersion")
    error = refused(
        "update", "deployments.apps", "default", "web", scale | {"spec": {"replicas": -1}}, subresource="scale"
    )
    assert error.message == (
        'Scale.autoscaling "web" is invalid: spec.replicas: Invalid value: -1: must be greater than or equal to 0'
    )


def test_pod_is_bound_once(world, refused):
    world.create("pods", pod("web"))
    binding = {"metadata": {"name": "web"}, "target": {"kind": "Node", "name": "node-1"}}
    assert world.api("create", "pods", "default", "web", binding, subresource="binding")["status"] == "Success"
    bound = world.get("pods", "default", "web")
    assert bound["spec"]["nodeName"] == "node-1"
    assert bound["status"]["conditions"][0]["type"] == "PodScheduled"
    error = refused("create", "pods", "default", "web", binding, subresource="binding")
    assert error.message == (
        'Operation cannot be fulfilled on pods/binding "web": pod web is already assigned to node "node-1"'
    )


def test_label_keys_become_part_of_the_selectors(world):
    """Which pods are meant is settled when a pod is made, by its own labels."""
    wish = {"topologyKey": "zone", "labelSelector": {}, "matchLabelKeys": ["app", "none"], "mismatchLabelKeys": ["app"]}
    required = "requiredDuringSchedulingIgnoredDuringExecution"
    near = {
        "podAffinity": {required: [wish | {"mismatchLabelKeys": []}]},
        "podAntiAffinity": {required: [wish | {"matchLabelKeys": []}]},
    }
    spread = {
        "maxSkew": 1,
        "topologyKey": "zone",
        "whenUnsatisfiable": "DoNotSchedule",
        "labelSelector": {},
        "matchLabelKeys": ["app"],
    }
    spec = world.create("pods", pod("web", affinity=near, topologySpreadConstraints=[spread]))["spec"]
    inside = {"matchExpressions": [{"key": "app", "operator": "In", "values": ["web"]}]}
    outside = {"matchExpressions": [{"key": "app", "operator": "NotIn", "values": ["web"]}]}
    assert spec["affinity"]["podAffinity"][required][0]["labelSelector"] == inside
    assert spec["affinity"]["podAntiAffinity"][required][0]["labelSelector"] == outside
    assert spec["topologySpreadConstraints"][0]["labelSelector"] == inside


def test_a_resize_keeps_the_quality_of_service(world, refused):
    amounts = {"cpu": "1", "memory": "64Mi"}
    made = clone(world.create("pods", pod("web", resources={"requests": amounts, "limits": amounts})))
    made["spec"]["containers"][0]["resources"].pop("limits")
    error = refused("update", "pods", "default", "web", subresource="resize", body=made)
    assert error.code == 422
    assert [cause["message"] for cause in error.details["causes"]] == [
        'Invalid value: "Guaranteed": Pod QOS Class may not change as a result of resizing',
        "Forbidden: resource limits cannot be removed",
    ]
    more = {"cpu": "2", "memory": "64Mi"}
    made["spec"]["containers"][0]["resources"] = {"requests": more, "limits": more}
    made = world.api("update", "pods", "default", "web", subresource="resize", body=made)
    assert made["spec"]["containers"][0]["resources"]["limits"]["cpu"] == "2"


def test_only_nodes_take_pods_and_only_those_without_gates(world, refused):
    world.create("pods", pod("web"))
    target = {"target": {"kind": "Pod", "name": "n"}}
    error = refused("create", "pods", "default", "web", subresource="binding", body=target)
    assert error.message == 'target.kind: Unsupported value: "Pod": supported values: "Node", "<empty>"'
    world.create("pods", pod("gated", schedulingGates=[{"name": "wait"}]))
    target = {"target": {"kind": "Node", "name": "n"}}
    error = refused("create", "pods", "default", "gated", subresource="binding", body=target)
    assert (error.code, "pod gated has non-empty .spec.schedulingGates" in error.message) == (409, True)
