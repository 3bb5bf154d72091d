"""Deployments: rollout, limits, pause, rollback, history, deadline, proportional scaling."""

import pytest

from core.controllers.rollout import DESIRED, HASH_LABEL, MAXIMUM, REVISION
from core.kube.objects import annotations_of, labels_of
from core.kube.requests import PatchType
from tests.controllers.stage import deployment, template

pytestmark = pytest.mark.django_db(transaction=True)

DEPLOYMENTS, SETS = "deployments.apps", "replicasets.apps"


def sizes(stage):
    """Image → replicas wanted of each ReplicaSet."""
    return {
        entry["spec"]["template"]["spec"]["containers"][0]["image"]: entry["spec"]["replicas"]
        for entry in stage.all(SETS)
    }


def set_image(stage, image):
    patch = {"spec": {"template": template(image)}}
    stage.patch(DEPLOYMENTS, "default", "web", patch)


def test_a_deployment_makes_one_replica_set_with_the_hash_of_its_template(stage):
    stage.create(DEPLOYMENTS, deployment(replicas=3))
    stage.settle()
    (replica_set,) = stage.all(SETS)
    digest = labels_of(replica_set)[HASH_LABEL]
    assert replica_set["metadata"]["name"] == f"web-{digest}"
    assert replica_set["spec"]["selector"]["matchLabels"] == {"app": "web", HASH_LABEL: digest}
    assert annotations_of(replica_set) == {DESIRED: "3", MAXIMUM: "4", REVISION: "1"}
    assert annotations_of(stage.get(DEPLOYMENTS, "default", "web"))[REVISION] == "1"
    assert stage.events_of("Deployment") == [f"Scaled up replica set web-{digest} from 0 to 3"]


def test_a_finished_rollout_says_so(stage):
    stage.create(DEPLOYMENTS, deployment(replicas=3))
    stage.settle()
    status = stage.get(DEPLOYMENTS, "default", "web")["status"]
    numbers = {name: value for name, value in status.items() if name != "conditions"}
    assert numbers == {
        "observedGeneration": 1,
        "replicas": 3,
        "updatedReplicas": 3,
        "readyReplicas": 3,
        "availableReplicas": 3,
        "terminatingReplicas": 0,
    }
    name = stage.all(SETS)[0]["metadata"]["name"]
    assert [(entry["type"], entry["status"], entry["reason"], entry["message"]) for entry in status["conditions"]] == [
        ("Available", "True", "MinimumReplicasAvailable", "Deployment has minimum availability."),
        ("Progressing", "True", "NewReplicaSetAvailable", f'ReplicaSet "{name}" has successfully progressed.'),
    ]


def test_a_deployment_without_ready_pods_is_not_available(stage):
    stage.create(DEPLOYMENTS, deployment(replicas=3))
    stage.run()
    status = stage.get(DEPLOYMENTS, "default", "web")["status"]
    assert status["unavailableReplicas"] == 3
    assert stage.condition(DEPLOYMENTS, "web", "Available")["reason"] == "MinimumReplicasUnavailable"
    assert stage.condition(DEPLOYMENTS, "web", "Progressing")["reason"] == "ReplicaSetUpdated"


@pytest.mark.parametrize(
    ("surge", "unavailable", "most", "least"),
    [(1, 0, 5, 4), (0, 1, 4, 3), ("25%", "25%", 5, 3), ("100%", 0, 8, 4), (0, "1%", 4, 3)],
    ids=["surge", "unavailable", "percent", "double", "nearly nothing rounds up"],
)
def test_a_rolling_update_stays_within_its_limits(stage, surge, unavailable, most, least):
    rolling = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": surge, "maxUnavailable": unavailable}}
    stage.create(DEPLOYMENTS, deployment(replicas=4, strategy=rolling))
    stage.settle()
    set_image(stage, "nginx:1.28")
    for _ in range(40):
        stage.run(1)
        active = stage.active(app="web")
        ready = [each for each in active if each["status"].get("conditions")]
        assert len(active) <= most
        assert len(ready) >= least
        unready = [each for each in active if each not in ready]
        stage.make_ready(unready[:1])
        stage.bury([each for each in stage.pods() if "deletionTimestamp" in each["metadata"]])
    assert sizes(stage) == {"nginx:1.27": 0, "nginx:1.28": 4}


def test_recreate_starts_new_pods_only_when_the_last_old_one_is_gone(stage):
    stage.create(DEPLOYMENTS, deployment(replicas=2, strategy={"type": "Recreate"}))
    stage.settle()
    stage.bind(stage.pods())
    set_image(stage, "nginx:1.28")
    stage.run(1)
    assert sizes(stage) == {"nginx:1.27": 0}
    going = stage.pods()
    assert len(going) == 2
    stage.bury(going[:1])
    stage.run(1)
    assert sizes(stage) == {"nginx:1.27": 0}
    stage.bury(going[1:])
    stage.settle()
    assert sizes(stage) == {"nginx:1.27": 0, "nginx:1.28": 2}


def test_a_paused_deployment_does_not_roll_but_scales(stage):
    stage.create(DEPLOYMENTS, deployment(replicas=2))
    stage.settle()
    stage.patch(
        DEPLOYMENTS, "default", "web", {"spec": {"paused": True, "replicas": 3, "template": template("nginx:1.28")}}
    )
    stage.settle()
    assert sizes(stage) == {"nginx:1.27": 3}
    assert stage.condition(DEPLOYMENTS, "web", "Progressing")["reason"] == "DeploymentPaused"
    stage.patch(DEPLOYMENTS, "default", "web", {"spec": {"paused": None}})
    stage.settle()
    assert sizes(stage) == {"nginx:1.27": 0, "nginx:1.28": 3}
    assert stage.condition(DEPLOYMENTS, "web", "Progressing")["reason"] == "NewReplicaSetAvailable"


def test_going_back_reuses_the_old_replica_set_under_a_new_revision(stage):
    stage.create(DEPLOYMENTS, deployment(replicas=2))
    stage.settle()
    set_image(stage, "nginx:1.28")
    stage.settle()
    set_image(stage, "nginx:1.27")
    stage.settle()
    assert sizes(stage) == {"nginx:1.27": 2, "nginx:1.28": 0}
    revisions = {
        entry["spec"]["template"]["spec"]["containers"][0]["image"]: annotations_of(entry)[REVISION]
        for entry in stage.all(SETS)
    }
    assert revisions == {"nginx:1.27": "3", "nginx:1.28": "2"}
    assert annotations_of(stage.get(DEPLOYMENTS, "default", "web"))[REVISION] == "3"


def test_history_beyond_its_limit_is_deleted(stage):
    stage.create(DEPLOYMENTS, deployment(replicas=1, revisionHistoryLimit=2))
    for minor in range(27, 33):
        set_image(stage, f"nginx:1.{minor}")
        stage.settle()
    assert sorted(sizes(stage)) == ["nginx:1.30", "nginx:1.31", "nginx:1.32"]


def test_a_rollout_that_does_not_move_misses_its_deadline(stage):
    stage.create(DEPLOYMENTS, deployment(replicas=2, progressDeadlineSeconds=60))
    stage.run(59)
    assert stage.condition(DEPLOYMENTS, "web", "Progressing")["status"] == "True"
    stage.run(10)
    found = stage.condition(DEPLOYMENTS, "web", "Progressing")
    assert (found["status"], found["reason"]) == ("False", "ProgressDeadlineExceeded")
    assert found["message"].endswith("has timed out progressing.")


def test_scaling_in_the_middle_of_a_rollout_is_shared_in_proportion(stage):
    rolling = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 3, "maxUnavailable": 2}}
    stage.create(DEPLOYMENTS, deployment(replicas=10, strategy=rolling))
    stage.settle()
    set_image(stage, "nginx:broken")
    stage.settle(ready=False)
    assert sizes(stage) == {"nginx:1.27": 8, "nginx:broken": 5}
    stage.patch(DEPLOYMENTS, "default", "web", {"spec": {"replicas": 15}})
    stage.settle(ready=False)
    assert sizes(stage) == {"nginx:1.27": 11, "nginx:broken": 7}


def test_a_scaled_deployment_scales_its_one_set(stage):
    stage.create(DEPLOYMENTS, deployment(replicas=2))
    stage.settle()
    stage.patch(DEPLOYMENTS, "default", "web", {"spec": {"replicas": 5}})
    stage.settle()
    assert len(stage.active(app="web")) == 5
    stage.patch(DEPLOYMENTS, "default", "web", {"spec": {"replicas": 0}})
    stage.settle()
    assert stage.pods() == []
    assert len(stage.all(SETS)) == 1


def test_an_annotated_change_cause_travels_with_the_revision(stage):
    stage.create(DEPLOYMENTS, deployment(replicas=1))
    stage.settle()
    patch = {"metadata": {"annotations": {"kubernetes.io/change-cause": "first"}}}
    stage.patch(DEPLOYMENTS, "default", "web", patch)
    stage.settle()
    assert annotations_of(stage.all(SETS)[0])["kubernetes.io/change-cause"] == "first"


def test_a_set_of_another_owner_with_the_same_name_counts_as_a_collision(stage):
    stage.create(DEPLOYMENTS, deployment(replicas=1))
    stage.settle()
    (replica_set,) = stage.all(SETS)
    stage.api("delete", DEPLOYMENTS, "default", "web", options={"propagationPolicy": "Orphan"})
    name = replica_set["metadata"]["name"]
    stage.settle()
    stage.patch(SETS, "default", name, {"metadata": {"labels": {"app": "else"}}}, PatchType.MERGE)
    stage.create(DEPLOYMENTS, deployment(replicas=1))
    stage.settle()
    assert stage.get(DEPLOYMENTS, "default", "web")["status"]["collisionCount"] == 1
    assert len(stage.all(SETS)) == 2
