"""Jobs: parallelism, completions, failures, deadline, suspension, time to live."""

import pytest

from core.controllers.jobindexes import format_indexes, parse_indexes
from core.controllers.jobpods import INDEX, TRACKING
from core.kube.objects import clone, is_true
from core.kube.times import timestamp
from tests.controllers.stage import template

pytestmark = pytest.mark.django_db(transaction=True)

JOBS = "jobs.batch"


def make_job(stage, **spec):
    """A Job as the API server stores it."""
    body = {"template": template(labels={"job-name": "work"}, restartPolicy="Never"), **spec}
    stage.create(
        JOBS,
        {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "work", "namespace": "default"}, "spec": body},
    )
    stage.run()


def working(stage):
    return [each for each in stage.pods() if each["status"]["phase"] in ("Pending", "Running")]


def end(stage, pods, phase="Succeeded"):
    stage.make_ready(pods, ready=False, phase=phase)
    stage.run(1)


def status(stage):
    return stage.get(JOBS, "default", "work")["status"]


def container_status(restarts, exit_code=None):
    ended = {"exitCode": exit_code, "reason": "Error", "finishedAt": timestamp(1_767_225_600)}
    state = {"running": {"startedAt": ended["finishedAt"]}} if exit_code is None else {"terminated": ended}
    facts = {"name": "nginx", "image": "nginx", "imageID": "", "ready": False, "started": False}
    return facts | {"restartCount": restarts, "state": state, "lastState": {}}


def test_a_job_runs_until_enough_pods_succeeded(stage):
    make_job(stage, completions=3, parallelism=2)
    assert len(working(stage)) == 2
    assert status(stage)["active"] == 2
    end(stage, working(stage))
    assert len(working(stage)) == 1
    end(stage, working(stage))
    assert is_true(stage.get(JOBS, "default", "work"), "Complete")
    assert status(stage)["succeeded"] == 3
    assert "active" not in status(stage)
    assert stage.condition(JOBS, "work", "Complete")["reason"] == "CompletionsReached"
    assert stage.events_of("Job", "Completed") == ["Job completed"]
    assert len(stage.pods()) == 3


def test_a_failed_pod_is_followed_by_another_after_a_pause(stage):
    make_job(stage, completions=1, parallelism=1)
    end(stage, working(stage), "Failed")
    assert working(stage) == []
    stage.run(15)
    assert len(working(stage)) == 1


def test_a_job_fails_beyond_its_backoff_limit(stage):
    make_job(stage, completions=1, parallelism=1, backoffLimit=1)
    for _ in range(2):
        end(stage, working(stage), "Failed")
        stage.run(60)
    assert working(stage) == []
    found = stage.condition(JOBS, "work", "Failed")
    assert (found["reason"], found["message"]) == (
        "BackoffLimitExceeded",
        "Job has reached the specified backoff limit",
    )


def test_a_job_fails_at_its_deadline(stage):
    make_job(stage, completions=1, parallelism=1, activeDeadlineSeconds=100)
    stage.run(90)
    assert stage.condition(JOBS, "work", "Failed") is None
    stage.run(20)
    assert stage.condition(JOBS, "work", "Failed")["reason"] == "DeadlineExceeded"
    assert working(stage) == []


def test_a_suspended_job_has_no_pods(stage):
    make_job(stage, completions=1, parallelism=1, suspend=True)
    assert working(stage) == []
    assert stage.condition(JOBS, "work", "Suspended")["status"] == "True"
    stage.patch(JOBS, "default", "work", {"spec": {"suspend": False}})
    stage.run(1)
    assert len(working(stage)) == 1


def test_a_work_queue_is_done_when_one_succeeded_and_the_others_ended(stage):
    make_job(stage, parallelism=2, completions=None)
    first, second = working(stage)
    end(stage, [first])
    assert stage.condition(JOBS, "work", "Complete") is None
    assert len(working(stage)) == 1
    end(stage, [second])
    assert stage.condition(JOBS, "work", "Complete")["status"] == "True"


def test_a_finished_job_goes_when_its_time_to_live_is_over(stage):
    make_job(stage, completions=1, parallelism=1, ttlSecondsAfterFinished=60)
    end(stage, working(stage))
    stage.run(50)
    assert stage.all(JOBS)
    stage.run(20)
    assert stage.all(JOBS) == stage.pods() == []


def test_a_pod_is_counted_once_and_for_good(stage):
    make_job(stage, completions=2, parallelism=1)
    (first,) = working(stage)
    assert TRACKING in first["metadata"]["finalizers"]
    end(stage, [first])
    assert status(stage)["succeeded"] == 1
    assert status(stage)["uncountedTerminatedPods"] == {}
    assert "finalizers" not in stage.get("pods", "default", first["metadata"]["name"])["metadata"]
    stage.bury([first])
    end(stage, working(stage))
    assert status(stage)["succeeded"] == 2
    assert is_true(stage.get(JOBS, "default", "work"), "Complete")


def test_a_pod_that_is_deleted_at_work_counts_as_failed(stage):
    make_job(stage, completions=1, parallelism=1)
    (first,) = working(stage)
    stage.bind([first])
    stage.api("delete", "pods", "default", first["metadata"]["name"])
    stage.run(1)
    assert status(stage)["failed"] == 1


def test_a_job_ends_only_when_its_last_pod_has(stage):
    make_job(stage, completions=1, parallelism=2, activeDeadlineSeconds=10)
    stage.bind(working(stage))
    stage.run(11)
    assert stage.condition(JOBS, "work", "FailureTarget")["reason"] == "DeadlineExceeded"
    assert stage.condition(JOBS, "work", "Failed") is None
    assert status(stage)["terminating"] == 1
    stage.bury(stage.pods())
    stage.run(1)
    assert stage.condition(JOBS, "work", "Failed")["reason"] == "DeadlineExceeded"
    assert status(stage)["failed"] == 1
    assert stage.events_of("Job", "DeadlineExceeded") == ["Job was active longer than specified deadline"]


def test_suspending_a_job_is_no_failure_of_its_pods(stage):
    make_job(stage, completions=1, parallelism=1)
    stage.bind(working(stage))
    stage.patch(JOBS, "default", "work", {"spec": {"suspend": True}})
    stage.run(1)
    stage.bury(stage.pods())
    stage.run(1)
    assert stage.pods() == []
    assert "failed" not in status(stage)


def test_nothing_of_a_deleted_job_is_left_behind(stage):
    make_job(stage, completions=3, parallelism=2)
    end(stage, working(stage)[:1])
    stage.api("delete", JOBS, "default", "work", options={"propagationPolicy": "Background"})
    stage.run(1)
    assert stage.pods() == stage.all(JOBS) == []


def test_pods_that_are_orphaned_are_tracked_no_longer(stage):
    make_job(stage, completions=1, parallelism=1)
    stage.api("delete", JOBS, "default", "work", options={"propagationPolicy": "Orphan"})
    stage.run(1)
    (pod,) = stage.pods()
    assert "finalizers" not in pod["metadata"]


def test_restarts_within_a_pod_count_towards_the_limit(stage):
    make_job(stage, template=template(labels={}, restartPolicy="OnFailure"), completions=1, backoffLimit=2)
    (pod,) = working(stage)
    for restarts, reason in ((1, None), (2, "BackoffLimitExceeded")):
        fresh = clone(stage.get("pods", "default", pod["metadata"]["name"]))
        fresh["status"] |= {"phase": "Running", "containerStatuses": [container_status(restarts)]}
        stage.api("update", "pods", "default", pod["metadata"]["name"], fresh, subresource="status")
        stage.run(1)
        failed = stage.condition(JOBS, "work", "Failed")
        assert (failed and failed["reason"]) == reason


def test_an_indexed_job_has_one_pod_for_each_index(stage):
    make_job(stage, completionMode="Indexed", completions=3, parallelism=2)
    first, second = sorted(working(stage), key=lambda pod: pod["metadata"]["labels"][INDEX])
    assert first["metadata"]["generateName"] == "work-0-"
    assert second["metadata"]["annotations"][INDEX] == "1"
    assert second["spec"]["hostname"] == "work-1"
    assert second["spec"]["containers"][0]["env"] == [
        {
            "name": "JOB_COMPLETION_INDEX",
            "valueFrom": {"fieldRef": {"apiVersion": "v1", "fieldPath": f"metadata.labels['{INDEX}']"}},
        }
    ]
    end(stage, [second])
    assert status(stage)["completedIndexes"] == "1"
    assert sorted(pod["metadata"]["labels"][INDEX] for pod in working(stage)) == ["0", "2"]
    end(stage, working(stage))
    assert status(stage)["completedIndexes"] == "0-2"
    assert status(stage)["succeeded"] == 3
    assert is_true(stage.get(JOBS, "default", "work"), "Complete")


def test_an_index_fails_by_itself_beyond_its_own_limit(stage):
    make_job(stage, completionMode="Indexed", completions=2, parallelism=2, backoffLimitPerIndex=1)
    for _ in range(2):
        end(stage, [pod for pod in working(stage) if pod["metadata"]["labels"][INDEX] == "0"], "Failed")
        stage.run(30)
    assert status(stage)["failedIndexes"] == "0"
    assert [pod["metadata"]["labels"][INDEX] for pod in working(stage)] == ["1"]
    end(stage, working(stage))
    assert stage.condition(JOBS, "work", "Failed")["reason"] == "FailedIndexes"


def test_a_success_policy_ends_a_job_early(stage):
    rules = {"rules": [{"succeededIndexes": "0"}]}
    make_job(stage, completionMode="Indexed", completions=3, parallelism=3, successPolicy=rules)
    end(stage, [pod for pod in working(stage) if pod["metadata"]["labels"][INDEX] == "0"])
    stage.run(1)
    found = stage.condition(JOBS, "work", "Complete")
    assert (found["reason"], found["message"]) == ("SuccessPolicy", "Matched rules at index 0")
    assert working(stage) == []


@pytest.mark.parametrize(
    ("action", "failed", "reason"), [("FailJob", 1, "PodFailurePolicy"), ("Ignore", 0, None), ("Count", 1, None)]
)
def test_a_failure_policy_says_what_an_exit_code_means(stage, action, failed, reason):
    rule = {"action": action, "onExitCodes": {"containerName": "nginx", "operator": "In", "values": [42]}}
    make_job(stage, completions=1, podFailurePolicy={"rules": [rule]})
    (pod,) = working(stage)
    fresh = clone(pod)
    fresh["status"] |= {"phase": "Failed", "containerStatuses": [container_status(0, exit_code=42)]}
    stage.api("update", "pods", "default", pod["metadata"]["name"], fresh, subresource="status")
    stage.run(1)
    assert status(stage).get("failed", 0) == failed
    found = stage.condition(JOBS, "work", "Failed")
    assert (found and found["reason"]) == reason
    if found:
        assert found["message"] == (
            f"Container nginx for pod default/{pod['metadata']['name']} failed with exit code 42 "
            "matching FailJob rule at index 0"
        )


@pytest.mark.parametrize(
    ("indexes", "text"), [(set(), ""), ({3}, "3"), ({0, 1}, "0,1"), ({0, 2, 3, 4, 7, 8}, "0,2-4,7,8")]
)
def test_indexes_are_written_as_the_status_has_them(indexes, text):
    assert format_indexes(indexes) == text
    assert parse_indexes(text, 100) == indexes
