"""delete and deletecollection: grace, finalizers, propagation, preconditions."""

import pytest

from tests.apiserver.objects import config_map, deployment, namespace, pod, service


def bound(world, name="web", **spec):
    world.create("pods", pod(name, **spec))
    target = {"metadata": {"name": name}, "target": {"name": "node-1"}}
    world.api("create", "pods", "default", name, target, subresource="binding")


def names(world, resource="configmaps"):
    return [obj["metadata"]["name"] for obj in world.all(resource, "default")]


def test_deletion_answers_what_was_deleted(world):
    uid = world.create("configmaps", config_map("cm"))["metadata"]["uid"]
    answer = world.api("delete", "configmaps", "default", "cm")
    assert answer == {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Success",
        "details": {"name": "cm", "kind": "configmaps", "uid": uid},
    }


def test_pod_on_a_node_dies_gracefully(world):
    bound(world)
    answer = world.api("delete", "pods", "default", "web")
    assert answer["metadata"]["deletionTimestamp"] == "2026-01-01T00:00:30Z"
    assert answer["metadata"]["deletionGracePeriodSeconds"] == 30
    assert answer["metadata"]["generation"] == 2
    world.api("delete", "pods", "default", "web", options={"gracePeriodSeconds": 0})
    assert world.all("pods") == []


def test_pod_on_no_node_goes_at_once(world):
    world.create("pods", pod("web"))
    assert world.api("delete", "pods", "default", "web")["kind"] == "Pod"
    assert world.all("pods") == []


def test_grace_can_only_be_shortened(world):
    bound(world)
    world.api("delete", "pods", "default", "web")
    same = world.api("delete", "pods", "default", "web", options={"gracePeriodSeconds": 60})
    assert same["metadata"]["deletionGracePeriodSeconds"] == 30
    less = world.api("delete", "pods", "default", "web", options={"gracePeriodSeconds": 5})
    assert less["metadata"]["deletionTimestamp"] == "2026-01-01T00:00:05Z"


def test_finalizer_keeps_the_object_until_it_is_taken_off(world):
    world.create("configmaps", config_map("cm", meta={"finalizers": ["example.com/f"]}))
    marked = world.api("delete", "configmaps", "default", "cm")
    assert marked["metadata"]["deletionTimestamp"]
    assert names(world) == ["cm"]
    world.patch("configmaps", "default", "cm", {"metadata": {"finalizers": None}})
    assert names(world) == []


@pytest.mark.parametrize(("policy", "finalizers"), [("Foreground", ["foregroundDeletion"]), ("Orphan", ["orphan"])])
def test_propagation_is_a_finalizer(world, policy, finalizers):
    world.create("deployments.apps", deployment("web"))
    answer = world.api("delete", "deployments.apps", "default", "web", options={"propagationPolicy": policy})
    assert answer["metadata"]["finalizers"] == finalizers
    assert answer["metadata"]["deletionGracePeriodSeconds"] == 0
    assert answer["metadata"]["generation"] == 2


def test_background_deletion_leaves_at_once(world):
    world.create("deployments.apps", deployment("web"))
    answer = world.api("delete", "deployments.apps", "default", "web", options={"propagationPolicy": "Background"})
    assert answer["details"]["group"] == "apps"
    assert names(world, "deployments.apps") == []


def test_wrong_uid_precondition_conflicts(world, refused):
    uid = world.create("pods", pod("good"))["metadata"]["uid"]
    wrong = "00000000-0000-0000-0000-000000000000"
    error = refused("delete", "pods", "default", "good", {"preconditions": {"uid": wrong}})
    assert error.message == (
        f'Operation cannot be fulfilled on Pod "good": the UID in the precondition ({wrong}) does not match the UID in'
        f" record ({uid}). The object might have been deleted and then recreated"
    )
    assert error.details == {"name": "good", "kind": "Pod"}


def test_both_ways_to_orphan_are_invalid(world, refused):
    world.create("pods", pod("good"))
    options = {"propagationPolicy": "Orphan", "orphanDependents": True}
    error = refused("delete", "pods", "default", "good", options)
    assert error.message == (
        'DeleteOptions.meta.k8s.io "" is invalid: propagationPolicy: Invalid value: "Orphan": orphanDependents and'
        " deletionPropagation cannot be both set"
    )


def test_dry_run_of_a_deletion_deletes_nothing(world):
    bound(world)
    answer = world.api("delete", "pods", "default", "web", options={"dryRun": ["All"]})
    assert answer["metadata"]["deletionTimestamp"]
    assert "deletionTimestamp" not in world.get("pods", "default", "web")["metadata"]


def test_collection_is_deleted_by_selector(world):
    for name in ("a", "b"):
        world.create("configmaps", config_map(name, meta={"labels": {"l": name}}))
    answer = world.api("deletecollection", "configmaps", "default", options={"labelSelector": "l=a"})
    assert answer["kind"] == "ConfigMapList"
    assert [item["metadata"]["name"] for item in answer["items"]] == ["a"]
    assert names(world) == ["b"]


def test_namespace_waits_for_its_finalizer(world):
    world.create("namespaces", namespace("team"))
    marked = world.api("delete", "namespaces", "", "team")
    assert marked["status"] == {"phase": "Terminating"}
    assert "deletionGracePeriodSeconds" not in marked["metadata"]
    world.api(
        "update", "namespaces", "", "team", namespace("team") | {"spec": {"finalizers": []}}, subresource="finalize"
    )
    assert "team" not in [obj["metadata"]["name"] for obj in world.all("namespaces")]


def test_default_namespace_stays(refused):
    error = refused("delete", "namespaces", "", "default")
    assert (error.code, error.message) == (403, 'namespaces "default" is forbidden: this namespace may not be deleted')


def test_address_of_a_deleted_service_is_free_again(world):
    world.create("services", service("a", clusterIP="10.96.7.7"))
    world.api("delete", "services", "default", "a")
    assert world.create("services", service("b", clusterIP="10.96.7.7"))["spec"]["clusterIP"] == "10.96.7.7"
