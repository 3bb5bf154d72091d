"""What became of a Job's pods, and which of them count: pure functions over the Job, its pods and the clock.

A pod that ended is counted once. It carries the finalizer `job-tracking` until it is: its uid is first written into
`status.uncountedTerminatedPods`, then the finalizer is taken off, then the uid becomes one of the number. Whatever is
interrupted in between can be seen and finished, and a pod that somebody deletes is counted all the same. An Indexed Job
counts indexes, so there the index in `completedIndexes` is enough.
Reference: `pkg/controller/job/job_controller.go`, `pod_failure_policy.go`.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from core.controllers.jobindexes import format_indexes, parse_indexes
from core.controllers.podstate import is_active, phase_of
from core.kube.numbers import count
from core.kube.objects import Obj, annotations_of, is_deleting
from core.kube.times import parse_timestamp

TRACKING = "batch.kubernetes.io/job-tracking"
INDEX = "batch.kubernetes.io/job-completion-index"
INDEX_FAILURES = "batch.kubernetes.io/job-index-failure-count"

BACKOFF = 10.0  # seconds; DefaultJobPodFailureBackOff
BACKOFF_MAX = 600.0  # MaxJobPodFailureBackOff

EXIT_CODE = "Container {container} for pod {pod} failed with exit code {code} matching {action} rule at index {rule}"
CONDITION = "Pod {pod} has condition {condition} matching {action} rule at index {rule}"


@dataclass(frozen=True, slots=True)
class Match:
    """The rule of the `podFailurePolicy` that a failed pod meets."""

    action: str
    message: str


@dataclass
class Books:
    """A Job's pods sorted, and its counts: what the status says and what the pods add to it."""

    job: Obj
    pods: list[Obj]

    @property
    def spec(self) -> dict[str, Any]:
        spec: dict[str, Any] = self.job["spec"]
        return spec

    @property
    def status(self) -> dict[str, Any]:
        return self.job.get("status") or {}

    @property
    def is_indexed(self) -> bool:
        return self.spec.get("completionMode") == "Indexed"

    @property
    def completions(self) -> int | None:
        completions = self.spec.get("completions")
        return None if completions is None else int(completions)

    @property
    def limit_per_index(self) -> int | None:
        return self.spec.get("backoffLimitPerIndex")

    @property
    def replaces_failed_only(self) -> bool:
        """Whether a pod that is being deleted is replaced, and counted, only when it has ended."""
        return self.spec.get("podReplacementPolicy") == "Failed" or bool(self.spec.get("podFailurePolicy"))

    @cached_property
    def active(self) -> list[Obj]:
        return [pod for pod in self.pods if is_active(pod)]

    @cached_property
    def terminating(self) -> list[Obj]:
        return [pod for pod in self.pods if is_deleting(pod) and phase_of(pod) not in ("Succeeded", "Failed")]

    @cached_property
    def tracked(self) -> list[Obj]:
        return [pod for pod in self.pods if is_tracked(pod)]

    @cached_property
    def uncounted(self) -> dict[str, list[str]]:
        """Uids written down but not counted yet, under `succeeded` and `failed`."""
        known = self.status.get("uncountedTerminatedPods") or {}
        return {name: list(known.get(name) or ()) for name in ("succeeded", "failed")}

    @cached_property
    def new_succeeded(self) -> list[Obj]:
        return [pod for pod in self.tracked if phase_of(pod) == "Succeeded" and self._is_new(pod)]

    @cached_property
    def new_failed(self) -> list[Obj]:
        """Those that count: what the policy says to ignore is left out."""
        return [pod for pod in self.tracked if self.has_failed(pod) and self._is_new(pod) and not self._is_ignored(pod)]

    @property
    def succeeded(self) -> int:
        if self.is_indexed:
            return len(self.done)
        return int(self.status.get("succeeded", 0)) + len(self.uncounted["succeeded"]) + len(self.new_succeeded)

    @property
    def failed(self) -> int:
        return int(self.status.get("failed", 0)) + len(self.uncounted["failed"]) + len(self.new_failed)

    @cached_property
    def done(self) -> set[int]:
        """Indexes with a pod that succeeded."""
        known = parse_indexes(self.status.get("completedIndexes", ""), self.completions or 0)
        return known | {index for pod in self.new_succeeded if (index := self.index_of(pod)) is not None}

    @cached_property
    def failed_indexes(self) -> set[int]:
        """Indexes given up, each having failed more often than `backoffLimitPerIndex`."""
        limit = self.limit_per_index
        if limit is None:
            return set()
        found = parse_indexes(self.status.get("failedIndexes", ""), self.completions or 0)
        for pod in self.pods:
            index = self.index_of(pod)
            if index is None or not self.has_failed(pod):
                continue
            match = matched_rule(self.spec, pod)
            if self.failures_of(pod) > limit or (match and match.action == "FailIndex"):
                found.add(index)
        return found - self.done

    def ended(self, *, is_over: bool) -> list[Obj]:
        """The pods that need not be tracked any longer; `is_over`: the Job has come to its end, and so have all."""
        return [pod for pod in self.tracked if is_over or self._has_ended(pod)]

    def has_failed(self, pod: Obj) -> bool:
        """Also a pod on its way out, since it may never get as far as to say so."""
        if phase_of(pod) == "Failed":
            return True
        return not self.replaces_failed_only and is_deleting(pod) and phase_of(pod) != "Succeeded"

    def index_of(self, pod: Obj) -> int | None:
        index = count(annotations_of(pod).get(INDEX, ""))
        return index if index is not None and index < (self.completions or 0) else None

    def wanted(self) -> int:
        """How many pods should be at work."""
        parallelism = int(self.spec.get("parallelism", 1))
        if self.completions is None:
            # A work queue: the first success means that the work is done, so nobody new comes.
            return len(self.active) if self.succeeded else parallelism
        return min(parallelism, max(0, self.completions - self.succeeded))

    def is_complete(self) -> bool:
        if self.completions is None:
            return self.succeeded > 0 and not self.active
        return self.succeeded >= self.completions and not self.active

    def restarts(self) -> int:
        """Restarts of containers in pods at work: what counts as a failure when pods restart them by themselves."""
        return sum(
            entry.get("restartCount", 0)
            for pod in self.pods
            if phase_of(pod) in ("Running", "Pending")
            for name in ("initContainerStatuses", "containerStatuses")
            for entry in pod["status"].get(name) or ()
        )

    def failure_rule(self) -> Match | None:
        """The first failed pod whose failure fails the Job as a whole."""
        for pod in self.pods:
            match = matched_rule(self.spec, pod) if phase_of(pod) == "Failed" else None
            if match is not None and match.action == "FailJob":
                return match
        return None

    def failures_at(self, index: int) -> int:
        """How often the pods of an index have failed, as far as the last of them knows."""
        return max(map(self.failures_of, self._failed_at(index)), default=0)

    def failures_of(self, pod: Obj) -> int:
        """How often the pod's index has failed, this pod included unless the policy says to ignore it."""
        return (count(annotations_of(pod).get(INDEX_FAILURES, "")) or 0) + (not self._is_ignored(pod))

    def backoff(self, now: float, index: int | None = None) -> float:
        """Seconds until the next pod (of `index`) may follow those that failed since the last success."""
        failed = self._failed_at(index) if index is not None else [pod for pod in self.pods if self.has_failed(pod)]
        last_success = 0.0
        if index is None:
            last_success = max((ended_at(pod) for pod in self.pods if phase_of(pod) == "Succeeded"), default=0.0)
        ends = [end for end in map(ended_at, failed) if end > last_success]
        return max(ends) + min(BACKOFF * 2.0 ** (len(ends) - 1), BACKOFF_MAX) - now if ends else 0.0

    def note(self, status: dict[str, Any], *, has_failed: bool) -> None:
        """Write the uids of newly ended pods into a status; `has_failed`: the Job has, so every pod not done has too."""
        cut_short = [pod for pod in self.tracked if has_failed and self._is_new(pod) and not self._has_ended(pod)]
        uncounted = {
            "succeeded": self.uncounted["succeeded"]
            + ([] if self.is_indexed else list(map(uid_of, self.new_succeeded))),
            "failed": self.uncounted["failed"] + list(map(uid_of, [*self.new_failed, *cut_short])),
        }
        status["uncountedTerminatedPods"] = {name: uids for name, uids in uncounted.items() if uids}
        if self.is_indexed:
            self._set(status, "completedIndexes", format_indexes(self.done))
            self._set(status, "succeeded", len(self.done))
            if self.limit_per_index is not None:
                status["failedIndexes"] = format_indexes(self.failed_indexes)

    @staticmethod
    def count(status: dict[str, Any]) -> None:
        """The uids written down become numbers: their pods are not tracked any longer."""
        for name, uids in status["uncountedTerminatedPods"].items():
            status[name] = status.get(name, 0) + len(uids)
        status["uncountedTerminatedPods"] = {}

    @staticmethod
    def _set(status: dict[str, Any], name: str, value: Any) -> None:
        if value:
            status[name] = value

    def _has_ended(self, pod: Obj) -> bool:
        return phase_of(pod) == "Succeeded" or self.has_failed(pod)

    def _is_new(self, pod: Obj) -> bool:
        """Not written down yet, and of an index that counts."""
        if any(uid_of(pod) in uids for uids in self.uncounted.values()):
            return False
        return not self.is_indexed or self.index_of(pod) is not None

    def _is_ignored(self, pod: Obj) -> bool:
        match = matched_rule(self.spec, pod)
        return match is not None and match.action == "Ignore"

    def _failed_at(self, index: int) -> list[Obj]:
        return [pod for pod in self.pods if self.index_of(pod) == index and self.has_failed(pod)]


def matched_rule(spec: dict[str, Any], pod: Obj) -> Match | None:
    """The first rule of the Job's `podFailurePolicy` that the pod's end meets."""
    meta, status = pod["metadata"], pod.get("status") or {}
    name = f"{meta['namespace']}/{meta['name']}"
    for number, rule in enumerate((spec.get("podFailurePolicy") or {}).get("rules") or ()):
        action = rule["action"]
        if (codes := rule.get("onExitCodes")) is not None:
            for entry in (*status.get("initContainerStatuses", ()), *status.get("containerStatuses", ())):
                ended = (entry.get("state") or {}).get("terminated")
                if ended and codes.get("containerName", entry["name"]) == entry["name"] and _meets(codes, ended):
                    words = {"container": entry["name"], "pod": name, "code": ended["exitCode"]}
                    return Match(action, EXIT_CODE.format(**words, action=action, rule=number))
        for pattern in rule.get("onPodConditions") or ():
            for entry in status.get("conditions") or ():
                if entry["type"] == pattern["type"] and entry["status"] == pattern.get("status", "True"):
                    words = {"pod": name, "condition": entry["type"]}
                    return Match(action, CONDITION.format(**words, action=action, rule=number))
    return None


def _meets(codes: dict[str, Any], ended: dict[str, Any]) -> bool:
    code = ended["exitCode"]
    return bool(code != 0 and (code in codes["values"]) == (codes["operator"] == "In"))


def ended_at(pod: Obj) -> float:
    """When the last of its containers ended; its creation if that is all there is to go by."""
    ends = [
        ended["finishedAt"]
        for entry in (pod.get("status") or {}).get("containerStatuses") or ()
        if (ended := (entry.get("state") or {}).get("terminated")) and ended.get("finishedAt")
    ]
    return parse_timestamp(max(ends) if ends else pod["metadata"]["creationTimestamp"])


def is_tracked(pod: Obj) -> bool:
    return TRACKING in (pod["metadata"].get("finalizers") or ())


def uid_of(pod: Obj) -> str:
    return str(pod["metadata"]["uid"])
