"""The Job controller: runs pods until enough of them have succeeded. Owns pods.

Watches Jobs and pods. Desired: at most `parallelism` pods at work until `completions` of them have succeeded (without
`completions`, until one has and the others have ended; Indexed, until one has for each index), or until too many have
failed or `activeDeadlineSeconds` are over; actual: the pods it controls and the counts of its status (`jobpods`). A failed
pod is followed by a new one after 10 s, doubling to 10 minutes. A Job comes to its end in two steps: the condition
SuccessCriteriaMet or FailureTarget says that it will, and why, and Complete or Failed follow when the last pod has ended. A
finished Job keeps its pods, so that their logs can be read. Behaves like the real one's
`pkg/controller/job/job_controller.go`. Simplified: it adopts no orphans; the failures of an index are read off its pods, so
deleting them forgives.
"""

from typing import Any

from core.client import Reconciler, Result, again
from core.client.calls import creation
from core.client.reconciler import by_controller_uid
from core.client.transport import WatchEvent
from core.controllers.jobindexes import met_policy, pending_indexes
from core.controllers.jobpods import INDEX, INDEX_FAILURES, TRACKING, Books, is_tracked
from core.controllers.poddeletion import pod_deletion
from core.controllers.replication import CREATED, DELETED, NOT_CREATED, pod_from_template
from core.kube.conditions import new_condition, with_condition
from core.kube.errors import ApiError, NotFound
from core.kube.objects import Key, Obj, condition, controller_of, is_deleting, is_true
from core.kube.pods import is_ready
from core.kube.requests import PatchType, Request, service_account
from core.kube.times import parse_timestamp, timestamp

JOBS = "jobs.batch"
BURST = 500  # pods created or deleted in one go
OURS = ("", "kubernetes.io/job-controller")  # `managedBy`
ORPHAN = "orphan "  # before the key of a pod that no Job controls any longer

COMPLETED = "Job completed"
COMPLETIONS_REACHED = ("CompletionsReached", "Reached expected number of succeeded pods")
BACKOFF_EXCEEDED = ("BackoffLimitExceeded", "Job has reached the specified backoff limit")
DEADLINE_EXCEEDED = ("DeadlineExceeded", "Job was active longer than specified deadline")
FAILED_INDEXES = ("FailedIndexes", "Job has failed indexes")
TOO_MANY_INDEXES = ("MaxFailedIndexesExceeded", "Job has exceeded the specified maximal number of failed indexes")
FAILURE_POLICY = "PodFailurePolicy"
SUSPENDED = ("JobSuspended", "Job suspended")
RESUMED = ("JobResumed", "Job resumed")

ENDS = {"SuccessCriteriaMet": "Complete", "FailureTarget": "Failed"}
"""The condition that foretells the end, and the one that is it."""

Status = dict[str, Any]


class JobController(Reconciler):
    name = "job"
    user = service_account("kube-system", "job-controller")

    def start(self) -> None:
        self.jobs = self.watch(JOBS)
        self.pods = self.watch("pods", self.on_pod, controller_uid=by_controller_uid, job=by_job)

    def on_pod(self, event: WatchEvent) -> None:
        self.enqueue_owner("Job")(event)
        if event.type != "DELETED" and is_tracked(event.object) and controller_of(event.object) is None:
            self.enqueue(f"{ORPHAN}{event.key}", event.revision)

    async def reconcile(self, key: str) -> Result | None:
        if key.startswith(ORPHAN):
            pod = self.pods.by_key(key.removeprefix(ORPHAN))
            await self._untrack([pod] if pod is not None and controller_of(pod) is None else [])
            return None
        job: Obj | None = self.jobs.by_key(key)
        uid = job["metadata"]["uid"] if job is not None else ""
        await self._release(key, uid)
        if job is None or is_finished(job) or job["spec"].get("managedBy", "") not in OURS:
            return None
        books = Books(job, self.pods.indexed("controller_uid", uid))
        if is_deleting(job):
            await self._untrack(books.tracked)
            return None
        status = self._counts(books)
        end = self._end_of(books, status)
        wait = 0.0
        if end is None:
            wait = await self._work(books, status)
        else:
            await self._delete(job, books.active)
            status["terminating"] += status.pop("active", 0)
            status["ready"] = 0
            self._set_condition(status, *end)
        await self._account(books, status, end[0] if end else "")
        return again(wait) if wait else None

    # Pods.

    async def _work(self, books: Books, status: Status) -> float:
        """Create or delete pods; seconds after which there is something to look at again."""
        job = books.job
        if books.spec.get("suspend"):
            self._note_suspension(job, status, suspended=True)
            await self._dismiss(books, status, books.active)
            return 0.0
        self._note_suspension(job, status, suspended=False)
        deadline = self._deadline_in(job, status)
        waits = [deadline] if deadline is not None else []
        missing = books.wanted() - len(books.active)
        if missing < 0:
            await self._dismiss(books, status, books.active[missing:][:BURST])
            return min(waits, default=0.0)
        if books.replaces_failed_only:
            missing -= len(books.terminating)
        if missing > 0 and books.limit_per_index is None and (backoff := books.backoff(self.now)) > 0:
            waits.append(backoff)
        elif missing > 0:
            pods, backoff = self._new_pods(books, min(missing, BURST))
            waits += [backoff] if backoff else []
            if pods:
                await self._create(job, pods)
                status["active"] = status.get("active", 0) + len(pods)
        return min(waits, default=0.0)

    def _new_pods(self, books: Books, count: int) -> tuple[list[Obj], float]:
        """The pods to create, at most `count`; and the seconds until an index that failed may have its next."""
        pod = pod_from_template(books.job)
        pod["metadata"]["finalizers"] = [*pod["metadata"].get("finalizers", ()), TRACKING]
        if not books.is_indexed:
            return [pod] * count, 0.0
        at_work = [*books.active, *(books.terminating if books.replaces_failed_only else ())]
        busy = {index for each in at_work if (index := books.index_of(each)) is not None}
        settled = books.done | books.failed_indexes | busy
        pods: list[Obj] = []
        waits: list[float] = []
        for index in pending_indexes(books.completions or 0, settled):
            failures = books.failures_at(index) if books.limit_per_index is not None else None
            if failures and (backoff := books.backoff(self.now, index)) > 0:
                waits.append(backoff)
            elif len(pods) < count:
                pods.append(pod_of_index(books.job, pod, index, failures))
        return pods, min(waits, default=0.0)

    async def _create(self, job: Obj, pods: list[Obj]) -> None:
        """Slowly at first, as ReplicaSets do. Raises the first error."""
        done, size = 0, 1
        while done < len(pods):
            for answer in await self.client.batch([creation("pods", pod) for pod in pods[done : done + size]]):
                if isinstance(answer, ApiError):
                    self.events.warning(job, "FailedCreate", NOT_CREATED.format(why=answer.message))
                    raise answer
                self.events.normal(job, "SuccessfulCreate", CREATED.format(name=answer["metadata"]["name"]))
            done, size = done + size, size * 2

    async def _dismiss(self, books: Books, status: Status, pods: list[Obj]) -> None:
        """Delete pods that have done nothing wrong: they are not counted as failed."""
        await self._untrack(pods)
        await self._delete(books.job, pods)
        status["active"] = status.get("active", 0) - len(pods)
        status["terminating"] += len(pods)
        status["ready"] -= sum(map(is_ready, pods))
        if not status["active"]:
            del status["active"]

    async def _delete(self, job: Obj, pods: list[Obj]) -> None:
        requests = [pod_deletion(pod) for pod in pods]
        for pod, answer in zip(pods, await self.client.batch(requests) if requests else (), strict=True):
            if not isinstance(answer, ApiError):
                self.events.normal(job, "SuccessfulDelete", DELETED.format(name=pod["metadata"]["name"]))
            elif not isinstance(answer, NotFound):
                raise answer

    async def _untrack(self, pods: list[Obj]) -> None:
        """Take the finalizer off. Raises the first error; a pod that is gone needs nothing."""
        requests = [untracked(pod) for pod in pods if is_tracked(pod)]
        for answer in await self.client.batch(requests) if requests else ():
            if isinstance(answer, ApiError) and not isinstance(answer, NotFound):
                raise answer

    async def _release(self, key: str, uid: str) -> None:
        """Let go the pods of a Job that is gone, or of an earlier one of this name: nobody counts them any more."""
        left = [pod for pod in self.pods.indexed("job", key) if is_tracked(pod)]
        left = [pod for pod in left if (controller_of(pod) or {}).get("uid") != uid]
        if not left:
            return
        if not uid:
            try:  # the informer may only be listing anew
                namespace, _, name = key.partition("/")
                uid = (await self.client.get(JOBS, namespace, name))["metadata"]["uid"]
            except NotFound:
                pass
        await self._untrack([pod for pod in left if (controller_of(pod) or {}).get("uid") != uid])

    # What is written.

    async def _account(self, books: Books, status: Status, end: str) -> None:
        """Count the pods that ended, and end the Job when it is to and the last of them has."""
        job = books.job
        ended = books.ended(is_over=bool(end))
        books.note(status, has_failed=end == "FailureTarget")
        if status != job.get("status") and (ended or status["uncountedTerminatedPods"] or end):
            job = await self.client.update_status(JOBS, {**job, "status": dict(status)})
        await self._untrack(ended)
        books.count(status)
        if end and not status["terminating"]:
            self._finish(job, status, end)
        if status != job.get("status"):
            await self.client.update_status(JOBS, {**job, "status": status})

    def _finish(self, job: Obj, status: Status, end: str) -> None:
        foretold = condition({"status": status}, end)
        assert foretold is not None
        reason, message = foretold["reason"], foretold["message"]
        self._set_condition(status, ENDS[end], reason, message)
        if end == "SuccessCriteriaMet":
            status["completionTime"] = timestamp(self.now)
            self.events.normal(job, "Completed", COMPLETED)
        else:
            self.events.warning(job, reason, message)

    def _counts(self, books: Books) -> Status:
        """The numbers of the status; `active` and the like are left out while they are zero, as the real one does."""
        status = {name: value for name, value in books.status.items() if name != "active"}
        if "startTime" not in status and not books.spec.get("suspend"):
            status["startTime"] = timestamp(self.now)
        if books.active:
            status["active"] = len(books.active)
        status["ready"] = sum(map(is_ready, books.active))
        status["terminating"] = len(books.terminating)
        return status

    def _end_of(self, books: Books, status: Status) -> tuple[str, str, str] | None:
        """Whether the Job is to end now: the condition that foretells it, its reason and message."""
        for foretelling in ENDS:
            known = condition(books.job, foretelling)
            if known is not None and known["status"] == "True":
                return foretelling, known["reason"], known["message"]
        failure = self._failure(books, status)
        if failure is not None:
            return ("FailureTarget", *failure)
        success = met_policy(books.spec, books.done) if books.is_indexed else None
        if success is None and books.is_complete():
            success = COMPLETIONS_REACHED
        return ("SuccessCriteriaMet", *success) if success else None

    def _failure(self, books: Books, status: Status) -> tuple[str, str] | None:
        spec = books.spec
        rule = books.failure_rule()
        if rule is not None:
            return FAILURE_POLICY, rule.message
        limit = spec.get("backoffLimit", 6)
        if books.failed > limit:
            return BACKOFF_EXCEEDED
        if spec["template"]["spec"].get("restartPolicy") == "OnFailure" and books.restarts() >= max(limit, 1):
            return BACKOFF_EXCEEDED
        left = self._deadline_in(books.job, status)
        if left is not None and left <= 0:
            return DEADLINE_EXCEEDED
        failed = len(books.failed_indexes)
        if failed > spec.get("maxFailedIndexes", books.completions or 0):
            return TOO_MANY_INDEXES
        if failed and failed + len(books.done) >= (books.completions or 0):
            return FAILED_INDEXES
        return None

    def _deadline_in(self, job: Obj, status: Status) -> float | None:
        seconds, start = job["spec"].get("activeDeadlineSeconds"), status.get("startTime")
        if seconds is None or start is None or job["spec"].get("suspend"):
            return None
        return parse_timestamp(start) + float(seconds) - self.now

    def _note_suspension(self, job: Obj, status: Status, *, suspended: bool) -> None:
        was = is_true({"status": status}, "Suspended")
        if suspended == was:
            return
        reason, message = SUSPENDED if suspended else RESUMED
        self._set_condition(status, "Suspended", reason, message, "True" if suspended else "False")
        if suspended:
            status.pop("startTime", None)
        else:
            status["startTime"] = timestamp(self.now)
        self.events.normal(job, "Suspended" if suspended else "Resumed", message)

    def _set_condition(self, status: Status, kind: str, reason: str, message: str, value: str = "True") -> None:
        known = condition({"status": status}, kind)
        if known is not None and known["status"] == value:
            return
        now = timestamp(self.now)
        entry = new_condition(kind, value, now, reason, message, lastProbeTime=now)
        status["conditions"] = with_condition(status.get("conditions"), entry)


def pod_of_index(job: Obj, pod: Obj, index: int, failures: int | None) -> Obj:
    """`pod` as the one of an index: it finds its number in a label, its environment and its host name."""
    meta, number = pod["metadata"], str(index)
    annotations = meta.get("annotations", {}) | {INDEX: number}
    if failures is not None:
        annotations[INDEX_FAILURES] = str(failures)
    metadata = meta | {
        "generateName": f"{job['metadata']['name']}-{index}-",
        "labels": meta.get("labels", {}) | {INDEX: number},
        "annotations": annotations,
    }
    variable = {
        "name": "JOB_COMPLETION_INDEX",
        "valueFrom": {"fieldRef": {"apiVersion": "v1", "fieldPath": f"metadata.labels['{INDEX}']"}},
    }
    spec = pod["spec"] | {"hostname": f"{job['metadata']['name']}-{index}"}
    for name in ("initContainers", "containers"):
        if name in spec:
            spec[name] = [
                each
                | {"env": [*(entry for entry in each.get("env") or () if entry["name"] != variable["name"]), variable]}
                for each in spec[name]
            ]
    return {**pod, "metadata": metadata, "spec": spec}


def untracked(pod: Obj) -> Request:
    """The patch that takes the finalizer off, whatever else has happened to the pod meanwhile."""
    meta = pod["metadata"]
    patch = {"metadata": {"uid": meta["uid"], "$deleteFromPrimitiveList/finalizers": [TRACKING]}}
    return Request("patch", "pods", meta["namespace"], meta["name"], body=patch, patch_type=PatchType.STRATEGIC)


def by_job(pod: Obj) -> list[str]:
    """Index function: the Job that controls the pod, as `namespace/name`."""
    owner = controller_of(pod)
    return [str(Key(pod["metadata"]["namespace"], owner["name"]))] if owner and owner["kind"] == "Job" else []


def is_finished(job: Obj) -> bool:
    return is_true(job, "Complete") or is_true(job, "Failed")


def finished_at(job: Obj) -> float:
    ends = [
        entry["lastTransitionTime"]
        for entry in job["status"]["conditions"]
        if entry["type"] in ("Complete", "Failed") and entry["status"] == "True"
    ]
    return parse_timestamp(max(ends))
