"""Jobs: parallelism, completions, failures, deadline, suspension, time to live."""

import pytest

from core.kube.objects import is_true
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
