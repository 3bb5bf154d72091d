"""The end of a namespace, and the account every namespace starts with."""

import logging

import pytest

from core.kube.errors import NotFound
from tests.controllers.stage import deployment, pod, service
from tests.world import World

pytestmark = pytest.mark.django_db(transaction=True)


def make_namespace(stage, name="room"):
    stage.create("namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    stage.run()


def within(obj, namespace="room", **meta):
    return {**obj, "metadata": {**obj["metadata"], "namespace": namespace, **meta}}


def test_every_namespace_has_a_default_account(stage):
    make_namespace(stage)
    assert stage.get("serviceaccounts", "room", "default")
    assert stage.get("serviceaccounts", "kube-system", "default")
    stage.api("delete", "serviceaccounts", "room", "default")
    stage.run()
    assert stage.get("serviceaccounts", "room", "default")


def test_a_deleted_namespace_goes_with_everything_in_it(stage):
    make_namespace(stage)
    stage.create("deployments.apps", within(deployment(replicas=3)))
    stage.settle()
    stage.api("delete", "namespaces", name="room")
    stage.settle()
    stage.run(5)
    with pytest.raises(NotFound):
        stage.get("namespaces", "", "room")
    for resource in ("pods", "replicasets.apps", "deployments.apps", "serviceaccounts", "events"):
        assert stage.all(resource, "room") == []


def test_events_of_an_ending_namespace_are_given_up_without_a_word(stage, caplog):
    make_namespace(stage)
    stage.create("pods", within(pod(), finalizers=["example.com/hold"]))
    stage.create("deployments.apps", within(deployment(replicas=3)))
    stage.api("delete", "namespaces", name="room")
    stage.run(30)
    assert "event not recorded" not in caplog.text


def test_a_namespace_waits_for_finalizers_and_says_so(stage):
    make_namespace(stage)
    stage.create("pods", within(pod(), finalizers=["example.com/hold"]))
    stage.api("delete", "namespaces", name="room")
    stage.run(60)
    conditions = {entry["type"]: entry for entry in stage.get("namespaces", "", "room")["status"]["conditions"]}
    remaining, held = conditions["NamespaceContentRemaining"], conditions["NamespaceFinalizersRemaining"]
    assert (remaining["status"], remaining["reason"]) == ("True", "SomeResourcesRemain")
    assert remaining["message"] == "Some resources are remaining: pods. has 1 resource instances"
    assert held["message"] == (
        "Some content in the namespace has finalizers remaining: example.com/hold in 1 resource instances"
    )
    assert conditions["NamespaceDeletionContentFailure"]["status"] == "False"
    stage.patch("pods", "room", "lone", {"metadata": {"finalizers": None}})
    stage.run(1)
    with pytest.raises(NotFound):
        stage.get("namespaces", "", "room")


def test_pods_go_before_everything_else(stage):
    make_namespace(stage)
    config = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings", "namespace": "room"}}
    stage.create("configmaps", config)
    stage.create("services", within(service()))
    stage.create("pods", within(pod(), finalizers=["example.com/hold"]))
    stage.create("pods", within(pod("second")))
    stage.api("delete", "namespaces", name="room")
    stage.run(60)
    assert [each["metadata"]["name"] for each in stage.all("pods", "room")] == ["lone"]
    assert stage.get("configmaps", "room", "settings")
    assert stage.get("services", "room", "web")
    stage.patch("pods", "room", "lone", {"metadata": {"finalizers": None}})
    stage.run(2)
    with pytest.raises(NotFound):
        stage.get("namespaces", "", "room")


def test_what_has_finalizers_besides_pods_is_told_when_the_pods_are_gone(stage):
    make_namespace(stage)
    config = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings", "namespace": "room"}}
    stage.create("configmaps", within(config, finalizers=["example.com/hold"]))
    stage.create("pods", within(pod()))
    stage.api("delete", "namespaces", name="room")
    stage.run(60)
    conditions = {
        entry["type"]: entry["message"] for entry in stage.get("namespaces", "", "room")["status"]["conditions"]
    }
    assert conditions["NamespaceContentRemaining"] == (
        "Some resources are remaining: configmaps. has 1 resource instances"
    )


def test_the_end_of_a_namespace_is_not_worth_a_warning(caplog):
    world = World(workers=2)
    world.create("namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "room"}})
    world.run(5)
    world.create("deployments.apps", within(deployment(replicas=4)))
    world.create("pods", within(pod("failing")) | {"spec": {"containers": [{"name": "c", "image": "no/such:1"}]}})
    world.run(30)
    world.api("delete", "namespaces", name="room")
    world.run(120)
    with pytest.raises(NotFound):
        world.get("namespaces", "", "room")
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING] == []


def test_other_namespaces_are_left_alone(stage):
    make_namespace(stage)
    stage.create("pods", pod())
    stage.api("delete", "namespaces", name="room")
    stage.run(60)
    assert stage.get("pods", "default", "lone")
