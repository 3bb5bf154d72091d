"""The Job controller: runs pods until enough of them have succeeded. Owns pods.

Watches Jobs and pods. Desired: at most `parallelism` pods at work until `completions` of them have succeeded (without
`completions`, until one has and the others have ended), or until more than `backoffLimit` have failed or
`activeDeadlineSeconds` are over; actual: the pods it controls, by phase. A failed pod is followed by a new one after
10 s, doubling to 6 minutes. A finished Job keeps its pods, so that their logs can be read. Behaves like the real one's
`pkg/controller/job/job_controller.go`. Simplified: pods are counted where they are and not through finalizers, so deleting
a finished pod of a running Job runs it anew; no Indexed completion, no podFailurePolicy, no successPolicy.
"""

from typing import Any, NamedTuple

from core.client import Reconciler, Result, again
from core.client.calls import creation, deletion
from core.client.reconciler import by_controller_uid
from core.controllers.podstate import is_active, phase_of
from core.controllers.replication import CREATED, DELETED, NOT_CREATED, pod_from_template
from core.kube.conditions import new_condition, with_condition
from core.kube.errors import ApiError, NotFound
from core.kube.objects import Obj, is_deleting, is_true
from core.kube.pods import is_ready
from core.kube.requests import service_account
from core.kube.times import parse_timestamp, timestamp

BACKOFF = 10.0  # seconds; DefaultJobPodFailureBackOff
BACKOFF_MAX = 360.0

COMPLETED = "Job completed"
COMPLETIONS_REACHED = ("CompletionsReached", "Reached expected number of succeeded pods")
BACKOFF_EXCEEDED = ("BackoffLimitExceeded", "Job has reached the specified backoff limit")
DEADLINE_EXCEEDED = ("DeadlineExceeded", "Job was active longer than specified deadline")
SUSPENDED = ("JobSuspended", "Job suspended")
RESUMED = ("JobResumed", "Job resumed")


class Pods(NamedTuple):
    """A Job's pods by what became of them."""

    active: list[Obj]
    succeeded: list[Obj]
    failed: list[Obj]
    terminating: int


class JobController(Reconciler):
    name = "job"
    user = service_account("kube-system", "job-controller")

    def start(self) -> None:
        self.jobs = self.watch("jobs.batch")
        self.pods = self.watch("pods", self.enqueue_owner("Job"), controller_uid=by_controller_uid)

    async def reconcile(self, key: str) -> Result | None:
        job: Obj | None = self.jobs.by_key(key)
        if job is None or is_deleting(job) or is_finished(job):
            return None
        pods = sort_pods(self.pods.indexed("controller_uid", job["metadata"]["uid"]))
        status = self._counts(job, pods)
        failure = self._failure(job, pods, status)
        if failure is not None:
            await self._finish(job, pods, status, "Failed", *failure)
            return None
        if _is_complete(job, pods):
            await self._finish(job, pods, status, "Complete", *COMPLETIONS_REACHED)
            return None
        wait = await self._work(job, pods, status)
        if status != job.get("status"):
            await self.client.update_status("jobs.batch", {**job, "status": status})
        return again(wait) if wait else None

    async def _work(self, job: Obj, pods: Pods, status: dict[str, Any]) -> float:
        """Create or delete pods; seconds after which there is something to look at again."""
        if job["spec"].get("suspend"):
            self._note_suspension(job, status, suspended=True)
            await self._delete(job, pods.active)
            return 0.0
        self._note_suspension(job, status, suspended=False)
        wanted = wanted_active(job, pods)
        missing = wanted - len(pods.active)
        deadline = self._deadline_in(job, status)
        waits = [deadline] if deadline is not None else []
        if missing < 0:
            await self._delete(job, pods.active[missing:])
        elif missing > 0:
            backoff = backoff_seconds(pods.failed, pods.succeeded, self.now)
            if backoff > 0:
                waits.append(backoff)
            else:
                await self._create(job, missing)
        return min(waits, default=0.0)

    async def _create(self, job: Obj, count: int) -> None:
        pod = pod_from_template(job)
        answers = await self.client.batch([creation("pods", pod) for _ in range(count)])
        failed = [answer for answer in answers if isinstance(answer, ApiError)]
        for answer in answers:
            if not isinstance(answer, ApiError):
                self.events.normal(job, "SuccessfulCreate", CREATED.format(name=answer["metadata"]["name"]))
        if failed:
            self.events.warning(job, "FailedCreate", NOT_CREATED.format(why=failed[0].message))
            raise failed[0]

    async def _delete(self, job: Obj, pods: list[Obj]) -> None:
        requests = []
        for pod in pods:
            meta = pod["metadata"]
            requests.append(deletion("pods", meta["namespace"], meta["name"], preconditions={"uid": meta["uid"]}))
        for pod, answer in zip(pods, await self.client.batch(requests) if requests else (), strict=True):
            if not isinstance(answer, ApiError):
                self.events.normal(job, "SuccessfulDelete", DELETED.format(name=pod["metadata"]["name"]))
            elif not isinstance(answer, NotFound):
                raise answer

    async def _finish(self, job: Obj, pods: Pods, status: dict[str, Any], kind: str, reason: str, message: str) -> None:
        """Write the end into the status, and stop what still runs."""
        await self._delete(job, pods.active)
        now = timestamp(self.now)
        status.pop("active", None)
        status["ready"] = 0
        forecast = {"Complete": "SuccessCriteriaMet", "Failed": "FailureTarget"}[kind]
        conditions = status.get("conditions") or []
        for each in (forecast, kind):
            entry = new_condition(each, "True", now, reason, message) | {"lastProbeTime": now}
            conditions = with_condition(conditions, entry)
        status["conditions"] = conditions
        if kind == "Complete":
            status["completionTime"] = now
            self.events.normal(job, "Completed", COMPLETED)
        else:
            self.events.warning(job, reason, message)
        await self.client.update_status("jobs.batch", {**job, "status": status})

    def _counts(self, job: Obj, pods: Pods) -> dict[str, Any]:
        """The numbers of the status; `active` and the like are left out while they are zero, as the real one does."""
        before = job.get("status") or {}
        status = {name: before[name] for name in ("conditions", "startTime", "completionTime") if name in before}
        if "startTime" not in status and not job["spec"].get("suspend"):
            status["startTime"] = timestamp(self.now)
        numbers = {"active": len(pods.active), "succeeded": len(pods.succeeded), "failed": len(pods.failed)}
        status |= {name: number for name, number in numbers.items() if number}
        status["ready"] = sum(map(is_ready, pods.active))
        status["terminating"] = pods.terminating
        status["uncountedTerminatedPods"] = {}
        return status

    def _failure(self, job: Obj, pods: Pods, status: dict[str, Any]) -> tuple[str, str] | None:
        limit = job["spec"].get("backoffLimit", 6)
        if len(pods.failed) > limit:
            return BACKOFF_EXCEEDED
        left = self._deadline_in(job, status)
        return DEADLINE_EXCEEDED if left is not None and left <= 0 else None

    def _deadline_in(self, job: Obj, status: dict[str, Any]) -> float | None:
        seconds, start = job["spec"].get("activeDeadlineSeconds"), status.get("startTime")
        if seconds is None or start is None or job["spec"].get("suspend"):
            return None
        return parse_timestamp(start) + float(seconds) - self.now

    def _note_suspension(self, job: Obj, status: dict[str, Any], *, suspended: bool) -> None:
        was = is_true({"status": status}, "Suspended")
        if suspended == was:
            return
        reason, message = SUSPENDED if suspended else RESUMED
        now = timestamp(self.now)
        entry = new_condition("Suspended", "True" if suspended else "False", now, reason, message)
        status["conditions"] = with_condition(status.get("conditions"), entry | {"lastProbeTime": now})
        if suspended:
            status.pop("startTime", None)
        else:
            status["startTime"] = now
        self.events.normal(job, "Suspended" if suspended else "Resumed", message)


def sort_pods(pods: list[Obj]) -> Pods:
    found = Pods(
        [pod for pod in pods if is_active(pod)],
        [pod for pod in pods if phase_of(pod) == "Succeeded"],
        [pod for pod in pods if phase_of(pod) == "Failed"],
        sum(is_deleting(pod) and phase_of(pod) not in ("Succeeded", "Failed") for pod in pods),
    )
    return found


def wanted_active(job: Obj, pods: Pods) -> int:
    """How many pods should be at work."""
    parallelism = int(job["spec"].get("parallelism", 1))
    completions = job["spec"].get("completions")
    if completions is None:
        # A work queue: the first success means that the work is done, so nobody new comes.
        return len(pods.active) if pods.succeeded else parallelism
    return min(parallelism, max(0, int(completions) - len(pods.succeeded)))


def backoff_seconds(failed: list[Obj], succeeded: list[Obj], now: float) -> float:
    """Seconds until the next pod may follow those that failed since the last success."""
    last_success = max((ended_at(pod) for pod in succeeded), default=0.0)
    ends = [end for end in map(ended_at, failed) if end > last_success]
    if not ends:
        return 0.0
    return max(ends) + min(BACKOFF * 2.0 ** (len(ends) - 1), BACKOFF_MAX) - now


def ended_at(pod: Obj) -> float:
    """When the last of its containers ended; its creation if that is all there is to go by."""
    ends = [
        ended["finishedAt"]
        for entry in (pod.get("status") or {}).get("containerStatuses") or ()
        if (ended := (entry.get("state") or {}).get("terminated")) and ended.get("finishedAt")
    ]
    return parse_timestamp(max(ends) if ends else pod["metadata"]["creationTimestamp"])


def is_finished(job: Obj) -> bool:
    return is_true(job, "Complete") or is_true(job, "Failed")


def finished_at(job: Obj) -> float:
    ends = [
        entry["lastTransitionTime"]
        for entry in job["status"]["conditions"]
        if entry["type"] in ("Complete", "Failed") and entry["status"] == "True"
    ]
    return parse_timestamp(max(ends))


def _is_complete(job: Obj, pods: Pods) -> bool:
    completions = job["spec"].get("completions")
    if completions is None:
        return bool(pods.succeeded) and not pods.active
    return len(pods.succeeded) >= int(completions)
