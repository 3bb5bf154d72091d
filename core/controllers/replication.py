"""What ReplicaSets and ReplicationControllers share: keep as many pods as `spec.replicas` says.

In comes the name of a set; its pods are found by the uid of their controller, not by scanning. Desired against actual:
the difference between `spec.replicas` and the active pods (not ended, not being deleted) is created or deleted, at most
500 at a time. Creation starts slowly, 1, 2, 4, 8 … at once, so that a template which the API server refuses (a quota,
a bad field) costs a handful of refused requests and not hundreds. Victims are chosen as `ranking` tells.

The real one keeps "expectations" so as not to create twice while its informers lag behind its own writes; here a
reconcile never starts before the informers have caught up with what the loop wrote, so there is nothing to expect.
"""

from typing import Any, ClassVar, NamedTuple

from core.client import Result, again
from core.client.calls import creation
from core.controllers.ownership import settle
from core.controllers.poddeletion import pod_deletion
from core.controllers.podowner import PodOwner
from core.controllers.podstate import available_in, is_active
from core.controllers.ranking import victims
from core.kube.conditions import new_condition
from core.kube.errors import NAMESPACE_TERMINATING, ApiError, NotFound
from core.kube.objects import Obj, condition, is_deleting, labels_of, owner_reference
from core.kube.pods import is_ready
from core.kube.times import timestamp

BURST = 500  # pods created or deleted in one go
SLOW_START = 1

CREATED = "Created pod: {name}"
DELETED = "Deleted pod: {name}"
NOT_CREATED = "Error creating: {why}"
NOT_DELETED = "Error deleting: {why}"


class Failure(NamedTuple):
    """What went wrong in this reconcile: the reason of the ReplicaFailure condition, and the error."""

    reason: str
    error: ApiError


class Replication(PodOwner):
    """Subclasses name the resource, and read its selector if it is not a usual one."""

    counts_terminating: ClassVar[bool] = True
    """Whether the status has `terminatingReplicas`."""

    def neighbours(self, owner: Obj, pods: list[Obj]) -> list[Obj]:
        """The pods that make a node crowded for `owner`: its own."""
        return pods

    async def reconcile(self, key: str) -> Result | None:
        owner: Obj | None = self.sets.by_key(key)
        if owner is None:
            return None
        found = self.claimed(owner)
        if not found.is_settled:
            await settle(self.client, "pods", owner, found)
            return Result(note=f"adopted {len(found.adopt)}, released {len(found.release)}")
        active = [pod for pod in found.kept if is_active(pod)]
        changed, failure = 0, None
        if not is_deleting(owner):
            changed, failure = await self._manage(owner, active)
        if changed and failure is None:
            # The pods just written wake this loop again, and only then the numbers are worth a write.
            return Result(note=f"{'created' if changed > 0 else 'deleted'} {abs(changed)} pods")
        status, wait = self._status(owner, active, found.kept, failure)
        if status != owner.get("status"):
            await self.client.update_status(self.resource, {**owner, "status": status})
        if failure is not None and not failure.error.has_cause(NAMESPACE_TERMINATING):
            raise failure.error
        return again(wait) if wait else None

    async def _manage(self, owner: Obj, active: list[Obj]) -> tuple[int, Failure | None]:
        """Create (positive) or delete (negative) the difference; how many, and what failed."""
        difference = wanted(owner) - len(active)
        if difference > 0:
            return await self._create(owner, min(difference, BURST))
        if difference < 0:
            chosen = victims(active, min(-difference, BURST), self.neighbours(owner, active), self.now)
            return await self._delete(owner, chosen)
        return 0, None

    async def _create(self, owner: Obj, count: int) -> tuple[int, Failure | None]:
        pod = pod_from_template(owner)
        created, size = 0, SLOW_START
        while created < count:
            size = min(size, count - created)
            failure = None
            for answer in await self.client.batch([creation("pods", pod) for _ in range(size)]):
                if not isinstance(answer, ApiError):
                    created += 1
                    self.events.normal(owner, "SuccessfulCreate", CREATED.format(name=answer["metadata"]["name"]))
                else:
                    failure = failure or Failure("FailedCreate", answer)
                    if not answer.has_cause(NAMESPACE_TERMINATING):
                        self.events.warning(owner, "FailedCreate", NOT_CREATED.format(why=answer.message))
            if failure is not None:
                return created, failure
            size *= 2
        return created, None

    async def _delete(self, owner: Obj, chosen: list[Obj]) -> tuple[int, Failure | None]:
        requests = [pod_deletion(pod) for pod in chosen]
        failure = None
        for pod, answer in zip(chosen, await self.client.batch(requests), strict=True):
            if not isinstance(answer, ApiError):
                self.events.normal(owner, "SuccessfulDelete", DELETED.format(name=pod["metadata"]["name"]))
            elif not isinstance(answer, NotFound):
                failure = failure or Failure("FailedDelete", answer)
                self.events.warning(owner, "FailedDelete", NOT_DELETED.format(why=answer.message))
        return -len(chosen), failure

    def _status(
        self, owner: Obj, active: list[Obj], kept: list[Obj], failure: Failure | None
    ) -> tuple[dict[str, Any], float]:
        """The status that the pods make, and the seconds until another of them becomes available (0: none waits)."""
        min_ready, template = owner["spec"].get("minReadySeconds") or 0, labels_of(owner["spec"]["template"]).items()
        labeled = ready = available = 0
        waits: list[float] = []
        for pod in active:
            labeled += template <= labels_of(pod).items()
            ready += is_ready(pod)
            wait = available_in(pod, min_ready, self.now)
            if wait == 0:
                available += 1
            elif wait is not None:
                waits.append(wait)
        status: dict[str, Any] = {"replicas": len(active)}
        for name, value in (
            ("fullyLabeledReplicas", labeled),
            ("readyReplicas", ready),
            ("availableReplicas", available),
        ):
            if value:
                status[name] = value
        if self.counts_terminating:
            status["terminatingReplicas"] = sum(map(is_deleting, kept))
        status["observedGeneration"] = owner["metadata"].get("generation", 0)
        conditions = self._conditions(owner, failure)
        if conditions:
            status["conditions"] = conditions
        return status, min(waits, default=0.0)

    def _conditions(self, owner: Obj, failure: Failure | None) -> list[dict[str, Any]]:
        others = [
            entry for entry in (owner.get("status") or {}).get("conditions") or () if entry["type"] != "ReplicaFailure"
        ]
        if failure is None:
            return others
        known = condition(owner, "ReplicaFailure")
        if known is not None and known["reason"] == failure.reason:
            # The message names another pod each time; renewing it would make every attempt a change that asks for the next.
            return [*others, known]
        since = known["lastTransitionTime"] if known else timestamp(self.now)
        return [*others, new_condition("ReplicaFailure", "True", since, failure.reason, failure.error.message)]


def wanted(owner: Obj) -> int:
    replicas = owner["spec"].get("replicas")
    return 1 if replicas is None else int(replicas)


def pod_from_template(owner: Obj) -> Obj:
    """The pod that `owner`'s template describes, controlled by it; the API server gives it its name."""
    template, meta = owner["spec"]["template"], owner["metadata"]
    wishes = template.get("metadata") or {}
    metadata = {name: wishes[name] for name in ("labels", "annotations", "finalizers") if wishes.get(name)}
    metadata |= {
        "generateName": f"{meta['name']}-",
        "namespace": meta["namespace"],
        "ownerReferences": [owner_reference(owner)],
    }
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": template["spec"]}
