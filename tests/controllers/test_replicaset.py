"""ReplicaSets and ReplicationControllers: number, adoption, victims, status."""

import pytest

from core.kube.objects import controller_of
from tests.controllers.stage import LABELS, pod, replica_set, template

pytestmark = pytest.mark.django_db(transaction=True)

SETS = "replicasets.apps"


def test_it_creates_as_many_pods_as_it_wants(stage):
    stage.create(SETS, replica_set(replicas=3))
    stage.run()
    assert len(stage.pods()) == 3
    owner = controller_of(stage.pods()[0])
    assert (owner["kind"], owner["name"], owner["blockOwnerDeletion"]) == ("ReplicaSet", "web", True)
    assert sorted(stage.events_of("ReplicaSet", "SuccessfulCreate")) == sorted(
        f"Created pod: {each['metadata']['name']}" for each in stage.pods()
    )


def test_status_counts_ready_and_available_pods(stage):
    stage.create(SETS, replica_set(replicas=3))
    stage.run()
    stage.make_ready(stage.pods()[:2])
    stage.run()
    assert stage.get(SETS, "default", "web")["status"] == {
        "replicas": 3,
        "fullyLabeledReplicas": 3,
        "readyReplicas": 2,
        "availableReplicas": 2,
        "terminatingReplicas": 0,
        "observedGeneration": 1,
    }


def test_a_lost_pod_is_replaced(stage):
    stage.create(SETS, replica_set(replicas=2))
    stage.run()
    stage.bury(stage.pods()[:1])
    stage.run()
    assert len(stage.pods()) == 2


def test_a_failed_pod_is_replaced(stage):
    stage.create(SETS, replica_set(replicas=2))
    stage.run()
    stage.make_ready(stage.pods()[:1], ready=False, phase="Failed")
    stage.run()
    assert [each["status"]["phase"] for each in stage.pods()].count("Pending") == 2


def test_scaling_down_takes_unready_pods_first(stage):
    stage.create(SETS, replica_set(replicas=4))
    stage.run()
    ready = stage.pods()[1:3]
    stage.make_ready(ready)
    stage.patch(SETS, "default", "web", {"spec": {"replicas": 2}})
    stage.run()
    assert {each["metadata"]["name"] for each in stage.pods()} == {each["metadata"]["name"] for each in ready}
    assert len(stage.events_of("ReplicaSet", "SuccessfulDelete")) == 2


def test_an_orphan_that_matches_is_adopted(stage):
    stage.create("pods", pod())
    stage.create(SETS, replica_set(replicas=2))
    stage.run()
    assert len(stage.pods()) == 2
    assert controller_of(stage.get("pods", "default", "lone"))["name"] == "web"


def test_a_pod_whose_labels_no_longer_match_is_released_and_replaced(stage):
    stage.create(SETS, replica_set(replicas=2))
    stage.run()
    name = stage.pods()[0]["metadata"]["name"]
    stage.patch("pods", "default", name, {"metadata": {"labels": {"app": "debug"}}})
    stage.run()
    assert controller_of(stage.get("pods", "default", name)) is None
    assert len(stage.pods(**LABELS)) == 2


def test_a_pod_counts_as_available_only_after_min_ready_seconds(stage):
    stage.create(SETS, replica_set(replicas=1, minReadySeconds=30))
    stage.run()
    stage.make_ready(stage.pods())
    stage.run(29)
    assert "availableReplicas" not in stage.get(SETS, "default", "web")["status"]
    stage.run(2)
    assert stage.get(SETS, "default", "web")["status"]["availableReplicas"] == 1


def test_five_hundred_replicas_come_in_few_reconciles(stage):
    stage.create(SETS, replica_set(replicas=500))
    driven = stage.run()
    assert len(stage.pods()) == 500
    assert driven.reconciles < 40
    assert driven.writes < 520


def test_nothing_is_written_when_nothing_changed(stage):
    stage.create(SETS, replica_set(replicas=3))
    stage.settle()
    assert stage.run(3600).writes == 0


def test_a_replication_controller_does_the_same(stage):
    controller = {
        "apiVersion": "v1",
        "kind": "ReplicationController",
        "metadata": {"name": "old", "namespace": "default"},
        "spec": {"replicas": 2, "selector": LABELS, "template": template()},
    }
    stage.create("replicationcontrollers", controller)
    stage.settle()
    status = stage.get("replicationcontrollers", "default", "old")["status"]
    assert status == {
        "replicas": 2,
        "fullyLabeledReplicas": 2,
        "readyReplicas": 2,
        "availableReplicas": 2,
        "observedGeneration": 1,
    }
    sources = {event["source"]["component"] for event in stage.all("events")}
    assert sources == {"replication-controller"}
