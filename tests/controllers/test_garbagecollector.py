"""Cascades: background, foreground, orphan; dangling owners; many owners."""

import pytest

from core.kube.objects import controller_of, is_deleting
from tests.controllers.stage import deployment, pod

pytestmark = pytest.mark.django_db(transaction=True)

DEPLOYMENTS, SETS = "deployments.apps", "replicasets.apps"


def delete(stage, policy, resource=DEPLOYMENTS, name="web"):
    stage.api("delete", resource, "default", name, options={"propagationPolicy": policy})


def config_map(name, owners=(), **meta):
    references = [
        {"apiVersion": "v1", "kind": "ConfigMap", "name": owner["metadata"]["name"], "uid": owner["metadata"]["uid"]}
        for owner in owners
    ]
    metadata = {"name": name, "namespace": "default", "ownerReferences": references, **meta}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata}


def own_maps(stage):
    """The names of the ConfigMaps that the test made."""
    names = [each["metadata"]["name"] for each in stage.all("configmaps", "default")]
    return [name for name in names if name != "kube-root-ca.crt"]


def test_a_deleted_deployment_takes_its_sets_and_pods_with_it(stage):
    stage.create(DEPLOYMENTS, deployment(replicas=3))
    stage.settle()
    delete(stage, "Background")
    stage.settle()
    assert stage.all(DEPLOYMENTS) == stage.all(SETS) == stage.pods() == []


def test_foreground_deletion_waits_for_the_dependents(stage):
    stage.create(DEPLOYMENTS, deployment(replicas=2))
    stage.settle()
    stage.bind(stage.pods())
    delete(stage, "Foreground")
    stage.run(1)
    assert len(stage.pods()) == 2
    assert all(is_deleting(each) for each in stage.pods() + stage.all(SETS) + stage.all(DEPLOYMENTS))
    stage.bury(stage.pods())
    stage.run(1)
    assert stage.all(DEPLOYMENTS) == stage.all(SETS) == stage.pods() == []


def ring(stage, size):
    """Pods that own each other in a circle, as a conformance test of the real collector makes them."""
    made = [stage.create("pods", pod(f"ring-{number}")) for number in range(size)]
    for number, each in enumerate(made):
        owner = made[number - 1]["metadata"]
        reference = {"apiVersion": "v1", "kind": "Pod", "name": owner["name"], "uid": owner["uid"]}
        references = [reference | {"controller": True, "blockOwnerDeletion": True}]
        stage.patch("pods", "default", each["metadata"]["name"], {"metadata": {"ownerReferences": references}})
    stage.run()
    return made


@pytest.mark.parametrize("size", [2, 3, 7])
def test_a_circle_of_owners_deleted_in_the_foreground_goes(stage, size):
    ring(stage, size)
    delete(stage, "Foreground", "pods", "ring-0")
    stage.run(30)
    assert stage.pods() == []


def test_a_circle_that_leans_on_another_object_goes_with_it(stage):
    """The circle hangs on an owner of its own, which waits for all of it."""
    owner = stage.create("configmaps", config_map("owner"))["metadata"]
    members = ring(stage, 3)
    first = stage.get("pods", "default", members[0]["metadata"]["name"])["metadata"]
    leaning = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "name": "owner",
        "uid": owner["uid"],
        "blockOwnerDeletion": True,
    }
    references = [*first["ownerReferences"], leaning]
    stage.patch("pods", "default", first["name"], {"metadata": {"ownerReferences": references}})
    delete(stage, "Foreground", "pods", "ring-1")
    stage.run(30)
    assert [each["metadata"]["name"] for each in stage.pods()] == ["ring-0"]  # its other owner lives
    delete(stage, "Foreground", "configmaps", "owner")
    stage.run(30)
    assert stage.pods() == []


def test_orphaned_dependents_live_on_without_an_owner(stage):
    stage.create(DEPLOYMENTS, deployment(replicas=2))
    stage.settle()
    delete(stage, "Orphan")
    stage.settle()
    (replica_set,) = stage.all(SETS)
    assert stage.all(DEPLOYMENTS) == []
    assert controller_of(replica_set) is None
    assert len(stage.pods()) == 2


def test_orphans_are_adopted_again_by_a_new_deployment(stage):
    stage.create(DEPLOYMENTS, deployment(replicas=2))
    stage.settle()
    before = {each["metadata"]["uid"] for each in stage.pods()}
    delete(stage, "Orphan")
    stage.settle()
    stage.create(DEPLOYMENTS, deployment(replicas=2))
    stage.settle()
    assert len(stage.all(SETS)) == 1
    assert {each["metadata"]["uid"] for each in stage.pods()} == before


def test_an_object_stays_while_one_owner_lives(stage):
    first, second = (stage.create("configmaps", config_map(name)) for name in ("first", "second"))
    stage.create("configmaps", config_map("child", owners=(first, second)))
    delete(stage, "Background", "configmaps", "first")
    stage.run(1)
    child = stage.get("configmaps", "default", "child")
    assert [entry["name"] for entry in child["metadata"]["ownerReferences"]] == ["second"]
    delete(stage, "Background", "configmaps", "second")
    stage.run(1)
    assert own_maps(stage) == []


def test_an_owner_that_never_was_is_found_out(stage):
    ghost = {"metadata": {"name": "ghost", "uid": "00000000-0000-4000-8000-000000000000"}}
    stage.create("configmaps", config_map("child", owners=(ghost,)))
    stage.run(1)
    assert own_maps(stage) == []


def test_a_namesake_of_the_owner_is_not_the_owner(stage):
    owner = stage.create("configmaps", config_map("owner"))
    stage.create("configmaps", config_map("child", owners=(owner,)))
    delete(stage, "Background", "configmaps", "owner")
    stage.create("configmaps", config_map("owner"))
    stage.run(1)
    assert own_maps(stage) == ["owner"]


def test_an_owner_of_an_unknown_kind_protects(stage):
    child = config_map("child")
    reference = {"apiVersion": "example.com/v1", "kind": "Thing", "name": "x", "uid": "1"}
    child["metadata"]["ownerReferences"] = [reference]
    stage.create("configmaps", child)
    stage.run(60)
    assert stage.get("configmaps", "default", "child")


def test_pods_without_an_owner_are_left_alone(stage):
    stage.create("pods", pod())
    stage.run(60)
    assert len(stage.pods()) == 1


def test_five_hundred_pods_go_in_few_reconciles(stage):
    stage.create(DEPLOYMENTS, deployment(replicas=500))
    stage.run()
    delete(stage, "Background")
    driven = stage.run(1)
    assert stage.pods() == []
    assert driven.reconciles < 600
    assert driven.writes < 600
