"""What a Deployment says of itself: its status and the conditions Available, Progressing, ReplicaFailure. Pure functions.

Progressing is True while the numbers move and when the rollout is done, and False when nothing has moved for
`progressDeadlineSeconds`. Nothing else happens then: a stuck rollout is only reported. Reference:
`pkg/controller/deployment/progress.go`, `sync.go`.
"""

from typing import Any

from core.controllers.rollout import Limits, available_of, replicas_of
from core.kube.objects import Obj, condition
from core.kube.times import parse_timestamp, timestamp

AVAILABLE = ("True", "MinimumReplicasAvailable", "Deployment has minimum availability.")
UNAVAILABLE = ("False", "MinimumReplicasUnavailable", "Deployment does not have minimum availability.")
PAUSED = ("Unknown", "DeploymentPaused", "Deployment is paused")
RESUMED = ("Unknown", "DeploymentResumed", "Deployment is resumed")

COMPLETE_REASON, COMPLETE_TEXT = "NewReplicaSetAvailable", "{subject} has successfully progressed."
PROGRESS_REASON, PROGRESS_TEXT = "ReplicaSetUpdated", "{subject} is progressing."
DEADLINE_REASON, DEADLINE_TEXT = "ProgressDeadlineExceeded", "{subject} has timed out progressing."
CREATED_REASON, CREATED_TEXT = "NewReplicaSetCreated", 'Created new replica set "{name}"'
FOUND_REASON, FOUND_TEXT = "FoundNewReplicaSet", 'Found new replica set "{name}"'
CREATE_ERROR_REASON = "ReplicaSetCreateError"
CREATE_ERROR_TEXT = 'Failed to create new replica set "{name}": {why}'

NO_DEADLINE = 2**31 - 1

Condition = dict[str, Any]


def has_deadline(deployment: Obj) -> bool:
    seconds = deployment["spec"].get("progressDeadlineSeconds")
    return seconds is not None and seconds != NO_DEADLINE


def counts(deployment: Obj, limit: Limits, new: Obj | None, old: list[Obj]) -> dict[str, Any]:
    """The numbers of the status, zeros left out as the real one does, and the conditions that follow from them."""
    sets = [*old, new] if new else old
    status: dict[str, Any] = {}
    generation = deployment["metadata"].get("generation", 0)
    available = sum(map(available_of, sets))
    numbers = {
        "observedGeneration": generation,
        "replicas": sum(_status(entry, "replicas") for entry in sets),
        "updatedReplicas": _status(new, "replicas") if new else 0,
        "readyReplicas": sum(_status(entry, "readyReplicas") for entry in sets),
        "availableReplicas": available,
        "unavailableReplicas": max(0, sum(map(replicas_of, sets)) - available),
    }
    status |= {name: number for name, number in numbers.items() if number}
    status["terminatingReplicas"] = sum(_status(entry, "terminatingReplicas") for entry in sets)
    collisions = (deployment.get("status") or {}).get("collisionCount")
    if collisions:
        status["collisionCount"] = collisions
    status["conditions"] = list((deployment.get("status") or {}).get("conditions") or ())
    return status


def _status(entry: Obj, name: str) -> int:
    return int((entry.get("status") or {}).get(name) or 0)


def set_condition(
    status: dict[str, Any], kind: str, value: str, reason: str, message: str, now: float, *, refresh: bool = False
) -> None:
    """Set one condition in a status of our own making.

    One that says the same already stays as it is; `refresh` renews its time and message nevertheless.
    """
    conditions: list[Condition] = status.setdefault("conditions", [])
    known = next((entry for entry in conditions if entry["type"] == kind), None)
    if known and known["status"] == value and known["reason"] == reason and not refresh:
        return
    since = known["lastTransitionTime"] if known and known["status"] == value else timestamp(now)
    fresh = {
        "type": kind,
        "status": value,
        "lastUpdateTime": timestamp(now),
        "lastTransitionTime": since,
        "reason": reason,
        "message": message,
    }
    status["conditions"] = [entry for entry in conditions if entry["type"] != kind] + [fresh]


def remove_condition(status: dict[str, Any], kind: str) -> None:
    status["conditions"] = [entry for entry in status.get("conditions") or () if entry["type"] != kind]


def availability(status: dict[str, Any], limit: Limits, now: float) -> None:
    enough = status.get("availableReplicas", 0) >= limit.least_available
    value, reason, message = AVAILABLE if enough else UNAVAILABLE
    set_condition(status, "Available", value, reason, message, now)


def progress(deployment: Obj, status: dict[str, Any], new: Obj | None, now: float) -> None:
    """Judge the rollout by the fresh `status` against the one the Deployment has."""
    if not has_deadline(deployment):
        remove_condition(status, "Progressing")
        return
    known = condition({"status": status}, "Progressing")
    is_settled = status.get("replicas", 0) == status.get("updatedReplicas", 0)
    if is_settled and known is not None and known["reason"] == COMPLETE_REASON:
        return
    kind, name = ("ReplicaSet", new["metadata"]["name"]) if new else ("Deployment", deployment["metadata"]["name"])
    subject = f'{kind} "{name}"'
    if is_complete(deployment, status):
        text = COMPLETE_TEXT.format(subject=subject)
        set_condition(status, "Progressing", "True", COMPLETE_REASON, text, now)
    elif moved(deployment.get("status") or {}, status):
        text = PROGRESS_TEXT.format(subject=subject)
        set_condition(status, "Progressing", "True", PROGRESS_REASON, text, now, refresh=True)
    elif is_overdue(deployment, known, now):
        text = DEADLINE_TEXT.format(subject=subject)
        set_condition(status, "Progressing", "False", DEADLINE_REASON, text, now)


def is_complete(deployment: Obj, status: dict[str, Any]) -> bool:
    """Whether every pod is of the new template, available, and none is left of an old one."""
    wanted = replicas_of(deployment)
    numbers = [status.get(name, 0) for name in ("updatedReplicas", "replicas", "availableReplicas")]
    return numbers == [wanted] * 3 and status.get("observedGeneration", 0) >= deployment["metadata"].get(
        "generation", 0
    )


def moved(before: dict[str, Any], after: dict[str, Any]) -> bool:
    """Whether anything that a rollout wants has happened since."""

    def old_pods(status: dict[str, Any]) -> int:
        return int(status.get("replicas", 0) - status.get("updatedReplicas", 0))

    grown = ("updatedReplicas", "readyReplicas", "availableReplicas")
    return any(after.get(name, 0) > before.get(name, 0) for name in grown) or old_pods(after) < old_pods(before)


def is_overdue(deployment: Obj, known: Condition | None, now: float) -> bool:
    if known is None or known["reason"] == COMPLETE_REASON:
        return False
    return known["reason"] == DEADLINE_REASON or overdue_in(deployment, known, now) <= 0


def overdue_in(deployment: Obj, known: Condition, now: float) -> float:
    """Seconds until the deadline of a rollout that last moved at the condition's time."""
    return parse_timestamp(known["lastUpdateTime"]) + float(deployment["spec"]["progressDeadlineSeconds"]) - now


def replica_failure(status: dict[str, Any], new: Obj | None, old: list[Obj], now: float) -> None:
    """Pass on what keeps a ReplicaSet from creating pods; the new one's trouble first."""
    for entry in ([new] if new else []) + old:
        found = condition(entry, "ReplicaFailure")
        if found is not None:
            set_condition(status, "ReplicaFailure", found["status"], found["reason"], found["message"], now)
            return
    remove_condition(status, "ReplicaFailure")
