"""Quotas: what was charged is given back."""

import pytest

from core.kube.errors import ApiError
from tests.controllers.stage import pod, replica_set

pytestmark = pytest.mark.django_db(transaction=True)


def make_quota(stage, **hard):
    meta = {"name": "q", "namespace": "default"}
    stage.create(
        "resourcequotas", {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": meta, "spec": {"hard": hard}}
    )
    stage.run()


def used(stage):
    return stage.get("resourcequotas", "default", "q")["status"]["used"]


def test_a_new_quota_is_counted(stage):
    stage.create("pods", pod("a"))
    make_quota(stage, pods="5", configmaps="20")
    assert used(stage) == {"configmaps": "1", "pods": "1"}  # kube-root-ca.crt
    assert stage.get("resourcequotas", "default", "q")["status"]["hard"] == {"pods": "5", "configmaps": "20"}


def test_a_deleted_object_is_given_back(stage):
    make_quota(stage, pods="1")
    stage.create("pods", pod("a"))
    assert used(stage) == {"pods": "1"}
    with pytest.raises(ApiError, match="exceeded quota"):
        stage.create("pods", pod("b"))
    stage.api("delete", "pods", "default", "a")
    stage.run(1)
    assert used(stage) == {"pods": "0"}
    stage.create("pods", pod("b"))


def test_an_ended_pod_is_given_back(stage):
    make_quota(stage, pods="2")
    stage.create("pods", pod("a"))
    stage.make_ready(stage.pods(), ready=False, phase="Succeeded")
    stage.run(1)
    assert used(stage) == {"pods": "0"}


def test_a_replica_set_beyond_the_quota_says_why_and_goes_on_when_there_is_room(stage):
    make_quota(stage, pods="2")
    stage.create("replicasets.apps", replica_set(replicas=4))
    stage.run(5)
    assert len(stage.pods()) == 2
    found = stage.condition("replicasets.apps", "web", "ReplicaFailure")
    assert (found["status"], found["reason"]) == ("True", "FailedCreate")
    assert "exceeded quota: q, requested: pods=1, used: pods=2, limited: pods=2" in found["message"]
    assert all(text.startswith("Error creating: ") for text in stage.events_of("ReplicaSet", "FailedCreate"))
    stage.patch("resourcequotas", "default", "q", {"spec": {"hard": {"pods": "10"}}})
    stage.run(1000)
    assert len(stage.pods()) == 4
    assert stage.condition("replicasets.apps", "web", "ReplicaFailure") is None
