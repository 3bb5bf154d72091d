"""The CronJob controller: a Job whenever the schedule says so. Owns Jobs.

Watches CronJobs and Jobs. Desired: for the latest time of the schedule that has come there is, or was, a Job, named after
that time so that it is never made twice; actual: `status.lastScheduleTime` and the Jobs it controls. Times that were
missed are not made up for, but for the latest. `concurrencyPolicy` says what happens while a Job still runs; finished
Jobs beyond the history limits go. Behaves like the real one's `pkg/controller/cronjob/cronjob_controllerv2.go`.
Simplified: the real one also warns of more than a hundred missed times.
"""

from typing import Any

from core.client import Reconciler, Result, again
from core.client.reconciler import by_controller_uid
from core.controllers.job import is_finished
from core.kube.cron import Schedule, parse_schedule, time_zone
from core.kube.errors import AlreadyExists, ApiError, NotFound
from core.kube.objects import Obj, is_deleting, is_true, owner_reference
from core.kube.requests import service_account
from core.kube.times import parse_timestamp, timestamp

JOBS = "jobs.batch"
SCHEDULED_FOR = "batch.kubernetes.io/cronjob-scheduled-timestamp"
LATE = 0.1  # seconds after its time at which a Job is made

UNPARSEABLE = 'unparseable schedule: "{schedule}" : {why}'
UNKNOWN_ZONE = 'invalid timeZone: "{zone}": unknown time zone {zone}'
MISSED = "Missed scheduled time to start a job: {time}"
ALREADY_ACTIVE = "Not starting job because prior execution is running and concurrency policy is Forbid"
CREATED, DELETED = "Created job {name}", "Deleted job {name}"
COMPLETED = "Saw completed job: {name}, condition: {condition}"
MISSING = "Active job went missing: {name}"


class CronJobController(Reconciler):
    name = "cronjob"
    user = service_account("kube-system", "cronjob-controller")

    def start(self) -> None:
        self.crons = self.watch("cronjobs.batch")
        self.jobs = self.watch(JOBS, self.enqueue_owner("CronJob"), controller_uid=by_controller_uid)

    async def reconcile(self, key: str) -> Result | None:
        cron: Obj | None = self.crons.by_key(key)
        if cron is None:
            return None
        jobs: list[Obj] = self.jobs.indexed("controller_uid", cron["metadata"]["uid"])
        status = dict(cron.get("status") or {})
        self._follow(cron, status, jobs)
        wait = 0.0 if is_deleting(cron) else await self._run(cron, status)
        await self._forget(cron, jobs)
        if status != (cron.get("status") or {}):
            await self.client.update_status("cronjobs.batch", {**cron, "status": status})
        return again(wait) if wait else None

    def _follow(self, cron: Obj, status: dict[str, Any], jobs: list[Obj]) -> None:
        """Which of the Jobs that were active still are."""
        by_uid = {job["metadata"]["uid"]: job for job in jobs}
        active = []
        for reference in status.pop("active", ()):
            job = by_uid.get(reference.get("uid", ""))
            if job is None:
                self.events.normal(cron, "MissingJob", MISSING.format(name=reference.get("name", "")))
            elif is_finished(job):
                kind = "Complete" if is_true(job, "Complete") else "Failed"
                text = COMPLETED.format(name=reference.get("name", ""), condition=kind)
                self.events.normal(cron, "SawCompletedJob", text)
            else:
                active.append(reference)
        if active:
            status["active"] = active
        ends = [job["status"]["completionTime"] for job in jobs if (job.get("status") or {}).get("completionTime")]
        if ends:
            status["lastSuccessfulTime"] = max(ends)

    async def _run(self, cron: Obj, status: dict[str, Any]) -> float:
        """Make the Job of the latest time that has come; the seconds until the next one (0: there is none)."""
        spec = cron["spec"]
        schedule = self._schedule(cron)
        if spec.get("suspend") or schedule is None:
            return 0.0
        earliest = self._earliest(cron)
        moment = schedule.latest(earliest, self.now)
        upcoming = schedule.next(earliest if moment is None else moment)
        wait = max(0.0, upcoming - self.now) + LATE if upcoming is not None else 0.0
        if moment is None:
            return wait
        deadline = spec.get("startingDeadlineSeconds")
        if deadline is not None and moment + deadline < self.now:
            self.events.warning(cron, "MissSchedule", MISSED.format(time=timestamp(moment)))
            return wait
        policy = spec.get("concurrencyPolicy", "Allow")
        if policy == "Forbid" and status.get("active"):
            self.events.normal(cron, "JobAlreadyActive", ALREADY_ACTIVE)
            return wait
        if policy == "Replace":
            for reference in status.pop("active", ()):
                await self._delete(cron, reference["name"])
        await self._create(cron, status, moment)
        return wait

    def _schedule(self, cron: Obj) -> Schedule | None:
        spec = cron["spec"]
        zone = time_zone(spec.get("timeZone") or "")
        if zone is None:
            self.events.warning(cron, "UnknownTimeZone", UNKNOWN_ZONE.format(zone=spec["timeZone"]))
            return None
        try:
            return parse_schedule(spec["schedule"], zone)
        except ValueError as error:
            text = UNPARSEABLE.format(schedule=spec["schedule"], why=error)
            self.events.warning(cron, "UnparseableSchedule", text)
            return None

    def _earliest(self, cron: Obj) -> float:
        """Times after this one count."""
        last = (cron.get("status") or {}).get("lastScheduleTime")
        earliest = parse_timestamp(last or cron["metadata"]["creationTimestamp"])
        deadline = cron["spec"].get("startingDeadlineSeconds")
        return earliest if deadline is None else max(earliest, self.now - deadline)

    async def _create(self, cron: Obj, status: dict[str, Any], moment: float) -> None:
        job = job_for(cron, moment)
        try:
            made = await self.client.create(JOBS, job)
        except AlreadyExists:
            return  # this time's Job is there: the status that would say so was not written, or is not seen yet
        except ApiError as error:
            self.events.warning(cron, "FailedCreate", f"Error creating job: {error.message}")
            raise
        meta = made["metadata"]
        self.events.normal(cron, "SuccessfulCreate", CREATED.format(name=meta["name"]))
        reference = {"apiVersion": "batch/v1", "kind": "Job", "name": meta["name"], "namespace": meta["namespace"]}
        reference |= {"uid": meta["uid"], "resourceVersion": meta["resourceVersion"]}
        status["active"] = [*status.get("active", ()), reference]
        status["lastScheduleTime"] = timestamp(moment)

    async def _forget(self, cron: Obj, jobs: list[Obj]) -> None:
        """Delete the oldest finished Jobs beyond the limits."""
        for kind, limit in (("Complete", "successfulJobsHistoryLimit"), ("Failed", "failedJobsHistoryLimit")):
            most = cron["spec"].get(limit)
            ended = sorted((job for job in jobs if is_true(job, kind) and not is_deleting(job)), key=_started)
            if most is not None:
                for job in ended[: max(0, len(ended) - most)]:
                    await self._delete(cron, job["metadata"]["name"])

    async def _delete(self, cron: Obj, name: str) -> None:
        try:
            await self.client.delete(JOBS, cron["metadata"]["namespace"], name, propagationPolicy="Background")
        except NotFound:
            return
        self.events.normal(cron, "SuccessfulDelete", DELETED.format(name=name))


def job_for(cron: Obj, moment: float) -> Obj:
    """The Job of one time: its name says which, in minutes."""
    template, meta = cron["spec"]["jobTemplate"], cron["metadata"]
    wishes = template.get("metadata") or {}
    metadata = {
        "name": f"{meta['name']}-{int(moment) // 60}",
        "namespace": meta["namespace"],
        "annotations": (wishes.get("annotations") or {}) | {SCHEDULED_FOR: timestamp(moment)},
        "ownerReferences": [owner_reference(cron)],
    }
    if wishes.get("labels"):
        metadata["labels"] = wishes["labels"]
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata, "spec": template["spec"]}


def _started(job: Obj) -> tuple[str, str]:
    return (job.get("status") or {}).get("startTime", ""), job["metadata"]["name"]
