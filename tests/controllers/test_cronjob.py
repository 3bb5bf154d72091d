"""CronJobs: a Job at its time, once, and what happens while one still runs."""

import pytest

from core.kube.errors import Invalid
from core.kube.objects import is_deleting
from tests.world import World

pytestmark = pytest.mark.django_db(transaction=True)

CRONS, JOBS = "cronjobs.batch", "jobs.batch"


def cron_job(seconds=5, **spec):
    container = {"name": "c", "image": "busybox:1.36", "command": ["sleep", str(seconds)]}
    pod = {"restartPolicy": "Never", "containers": [container]}
    return {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "metadata": {"name": "tick", "namespace": "default"},
        "spec": {"schedule": "* * * * *", "jobTemplate": {"spec": {"template": {"spec": pod}}}, **spec},
    }


@pytest.fixture
def world():
    world = World(workers=1)
    world.run(10)
    return world


def jobs(world):
    return sorted(job["metadata"]["name"] for job in world.all(JOBS) if not is_deleting(job))


def reasons(world):
    return [each["reason"] for each in world.all("events") if each["involvedObject"]["kind"] == "CronJob"]


def status(world):
    return world.get(CRONS, "default", "tick").get("status") or {}


def test_a_job_comes_every_minute_and_is_followed_to_its_end(world):
    world.create(CRONS, cron_job())
    world.run(49)
    assert jobs(world) == []
    world.run(3)
    assert jobs(world) == ["tick-29453761"]
    assert status(world)["lastScheduleTime"] == "2026-01-01T00:01:00Z"
    assert [entry["name"] for entry in status(world)["active"]] == jobs(world)
    world.run(20)
    assert "active" not in status(world)
    assert status(world)["lastSuccessfulTime"] >= "2026-01-01T00:01:05Z"
    assert reasons(world) == ["SuccessfulCreate", "SawCompletedJob"]
    assert world.get(JOBS, "default", "tick-29453761")["metadata"]["annotations"] == {
        "batch.kubernetes.io/cronjob-scheduled-timestamp": "2026-01-01T00:01:00Z"
    }


def test_only_so_many_finished_jobs_are_kept(world):
    world.create(CRONS, cron_job(successfulJobsHistoryLimit=2))
    world.run(600)
    assert len(jobs(world)) in (2, 3)
    assert "SuccessfulDelete" in reasons(world)


@pytest.mark.parametrize(
    ("policy", "running"),
    [
        pytest.param("Allow", 3, id="allow"),
        pytest.param("Forbid", 1, id="forbid"),
        pytest.param("Replace", 1, id="replace"),
    ],
)
def test_the_policy_says_what_happens_while_a_job_still_runs(world, policy, running):
    world.create(CRONS, cron_job(3600, concurrencyPolicy=policy))
    world.run(180)
    assert len(jobs(world)) == running
    assert (jobs(world)[-1] == "tick-29453761") is (policy == "Forbid")
    assert ("JobAlreadyActive" in reasons(world)) is (policy == "Forbid")


def test_a_suspended_one_makes_no_jobs(world):
    world.create(CRONS, cron_job(suspend=True))
    world.run(200)
    assert jobs(world) == []


def test_of_missed_times_only_the_latest_is_made_up_for(world):
    world.create(CRONS, cron_job(suspend=True))
    world.run(600)
    world.patch(CRONS, "default", "tick", {"spec": {"suspend": False}})
    world.run(1)
    assert jobs(world) == ["tick-29453770"]


def test_a_time_too_long_ago_is_missed(world):
    world.create(CRONS, cron_job(suspend=True, schedule="0 * * * *", startingDeadlineSeconds=10))
    world.run(3700)
    world.patch(CRONS, "default", "tick", {"spec": {"suspend": False}})
    world.run(1)
    assert jobs(world) == []


@pytest.mark.parametrize(
    "spec", [{"timeZone": "Mars/Base"}, {"timeZone": "Local"}, {"schedule": "77 * * * *"}, {"schedule": "*/0 * * * *"}]
)
def test_what_cannot_be_followed_is_not_taken(world, spec):
    with pytest.raises(Invalid):
        world.create(CRONS, cron_job(**spec))


def test_hours_are_those_of_the_zone(world):
    """It is one in Vienna when the world begins, at midnight UTC."""
    world.create(CRONS, cron_job(schedule="2 1 * * *", timeZone="Europe/Vienna"))
    world.run(180)
    assert status(world)["lastScheduleTime"] == "2026-01-01T00:02:00Z"


def test_deleting_it_takes_its_jobs_along(world):
    world.create(CRONS, cron_job())
    world.run(130)
    world.api("delete", CRONS, "default", "tick")
    world.run(60)
    assert world.all(JOBS) == world.all("pods") == []
