"""What controllers ask about a pod: pure predicates, as `pkg/api/v1/pod` and `pkg/controller/controller_utils.go`."""

from core.kube.objects import Obj, condition, is_deleting
from core.kube.pods import is_finished
from core.kube.times import parse_timestamp


def phase_of(pod: Obj) -> str:
    return (pod.get("status") or {}).get("phase") or "Pending"


def is_active(pod: Obj) -> bool:
    """Whether the pod counts as a replica: neither ended nor on its way out."""
    return not is_finished(pod) and not is_deleting(pod)


def available_in(pod: Obj, min_ready_seconds: float, now: float) -> float | None:
    """Seconds until the pod counts as available; 0 when it does now, None while it is not ready."""
    found = condition(pod, "Ready")
    if found is None or found["status"] != "True":
        return None
    if not min_ready_seconds:
        return 0.0
    return max(0.0, parse_timestamp(found["lastTransitionTime"]) + min_ready_seconds - now)


def restarts_of(pod: Obj) -> int:
    statuses = (pod.get("status") or {}).get("containerStatuses") or ()
    return max((entry.get("restartCount", 0) for entry in statuses), default=0)


def node_of(pod: Obj) -> str:
    """The node the pod is bound to; empty while it is not."""
    return pod["spec"].get("nodeName") or ""


def by_node(pod: Obj) -> list[str]:
    """Index function: the node the pod is bound to."""
    name = node_of(pod)
    return [name] if name else []
