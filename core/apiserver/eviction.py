"""The subresource eviction: deleting a pod if its disruption budget lets it go (`kubectl drain`).

The budget is charged and the pod deleted in one critical section, so that two drains cannot both use the last allowance.
Reference: pkg/registry/core/pod/storage/eviction.go.
"""

from typing import Any

from core.apiserver.batch import Batch
from core.apiserver.verbs.deleting import delete
from core.apiserver.verbs.reading import find
from core.kube.errors import BadRequest, TooManyRequests
from core.kube.objects import Obj, clone, is_true, labels_of
from core.kube.requests import Request
from core.kube.resources import REGISTRY, Resource
from core.kube.selectors import matches
from core.kube.times import timestamp

BUDGETS = "poddisruptionbudgets.policy"
FREE_PHASES = ("Succeeded", "Failed", "Pending")

WOULD_VIOLATE = "Cannot evict pod as it would violate the pod's disruption budget."
NEEDS = "The disruption budget {name} needs {desired} healthy pods and has {current} currently"
PROCESSING = "The disruption budget {name} is still being processed by the server."
TOO_MANY = "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support."


def evict(row: Resource, request: Request, batch: Batch) -> Obj:
    pod = find(row, request, batch)
    options = dict(request.options)
    if isinstance(request.body, dict) and isinstance(request.body.get("deleteOptions"), dict):
        options = request.body["deleteOptions"] | options
    budget = None if _is_free(pod) else _budget_of(pod, batch)
    if budget is not None and not _needs_no_allowance(pod, budget):
        _charge(budget, pod, options, request, batch)
    delete(row, Request("delete", row.name, request.namespace, request.name, options=options, user=request.user), batch)
    return {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201}


def _is_free(pod: Obj) -> bool:
    """A pod that has ended, has not begun or is being deleted is no loss to its budget."""
    return (pod.get("status") or {}).get("phase") in FREE_PHASES or "deletionTimestamp" in pod["metadata"]


def _budget_of(pod: Obj, batch: Batch) -> Obj | None:
    labels = labels_of(pod)
    found = [
        budget
        for budget in batch.all(BUDGETS, pod["metadata"]["namespace"])
        if (budget.get("spec") or {}).get("selector") is not None and matches(budget["spec"]["selector"], labels)
    ]
    if len(found) > 1:
        raise BadRequest(TOO_MANY)
    return found[0] if found else None


def _needs_no_allowance(pod: Obj, budget: Obj) -> bool:
    """An unready pod may go if the budget says always, or is met without it."""
    if is_true(pod, "Ready"):
        return False
    status = budget.get("status") or {}
    if (budget.get("spec") or {}).get("unhealthyPodEvictionPolicy") == "AlwaysAllow":
        return True
    return bool(status.get("currentHealthy", 0) >= status.get("desiredHealthy", 0) > 0)


def _charge(budget: Obj, pod: Obj, options: dict[str, Any], request: Request, batch: Batch) -> None:
    """Take one disruption off the budget. Raises TooManyRequests when it has none."""
    meta, status = budget["metadata"], budget.get("status") or {}
    if status.get("observedGeneration", 0) < meta.get("generation", 1):
        raise _refusal(PROCESSING.format(name=meta["name"]), retry_after=10)
    allowed = status.get("disruptionsAllowed", 0)
    if allowed <= 0:
        desired, current = status.get("desiredHealthy", 0), status.get("currentHealthy", 0)
        raise _refusal(NEEDS.format(name=meta["name"], desired=desired, current=current))
    if options.get("dryRun"):
        return
    new = clone(budget)
    new["status"]["disruptionsAllowed"] = allowed - 1
    new["status"].setdefault("disruptedPods", {})[pod["metadata"]["name"]] = timestamp(batch.now)
    batch.put(REGISTRY[BUDGETS], new, budget, request)


def _refusal(why: str, retry_after: int | None = None) -> TooManyRequests:
    details: dict[str, Any] = {"causes": [{"reason": "DisruptionBudget", "message": why}]}
    return TooManyRequests(WOULD_VIOLATE, details=details, retry_after=retry_after)
