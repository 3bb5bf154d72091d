"""The StatefulSet controller: pods with names that stay, `web-0`, `web-1`, …, one after the other. Owns pods and revisions.

Watches StatefulSets, pods, claims and ControllerRevisions. Desired: a pod of each ordinal, each with its own name, its
own claims, and below the headless Service its own DNS name; actual: the pods it controls, by ordinal. With OrderedReady
one step at a time: the next pod comes when all before it are ready, the last one goes first, and nothing goes while
another is unwell. A new template is rolled out from the highest ordinal down to `partition`, always one pod at a time;
pods below it are, if lost, made from the old template again. Behaves like the real one's
`pkg/controller/statefulset/stateful_set_control.go`.

A claim is created with its pod, and outlives it, so that the pod of that name finds its data again. Simplified: of the
claim's retention policy only `whenDeleted` is honoured; `maxUnavailable` (alpha) is not; labels that were changed on a
running pod are not put right.
"""

from dataclasses import dataclass
from typing import Any

from core.client import Result, again
from core.client.reconciler import by_controller_uid
from core.controllers import history, ordinals
from core.controllers.ordinals import CLAIMS
from core.controllers.ownership import settle
from core.controllers.podowner import PodOwner
from core.controllers.podstate import available_in
from core.controllers.replication import wanted
from core.kube.errors import ApiError, NotFound
from core.kube.objects import Obj, is_deleting
from core.kube.pods import is_finished, is_ready
from core.kube.requests import service_account

POD_CREATED = "create Pod {pod} in StatefulSet {name} successful"
POD_DELETED = "delete Pod {pod} in StatefulSet {name} successful"
POD_FAILED = "create Pod {pod} in StatefulSet {name} failed error: {why}"
CLAIM_CREATED = "create Claim {claim} Pod {pod} in StatefulSet {name} success"
RECREATING = "StatefulSet {namespace}/{name} is recreating failed Pod {pod}"


@dataclass(slots=True)
class View:
    """One reconcile's view: the set, its pods by ordinal, and the two templates it may be between."""

    owner: Obj
    pods: dict[int, Obj]
    current: Obj
    update: Obj

    @property
    def spec(self) -> Obj:
        return dict(self.owner["spec"])

    @property
    def is_ordered(self) -> bool:
        return bool(self.spec.get("podManagementPolicy", "OrderedReady") == "OrderedReady")

    @property
    def is_rolling(self) -> bool:
        strategy = self.spec.get("updateStrategy") or {}
        return bool(strategy.get("type", "RollingUpdate") == "RollingUpdate")

    @property
    def first(self) -> int:
        return int((self.spec.get("ordinals") or {}).get("start", 0))

    @property
    def ordinals(self) -> range:
        return range(self.first, self.first + wanted(self.owner))

    @property
    def partition(self) -> int:
        """The ordinal from which on pods get the new template."""
        strategy = self.spec.get("updateStrategy") or {}
        return self.first + int((strategy.get("rollingUpdate") or {}).get("partition") or 0)

    def revision_for(self, ordinal: int) -> Obj:
        return self.current if self.is_rolling and ordinal < self.partition else self.update


class StatefulSetController(PodOwner):
    name = "statefulset"
    user = service_account("kube-system", "statefulset-controller")
    resource = "statefulsets.apps"
    kind = "StatefulSet"

    def start(self) -> None:
        super().start()
        self.claims = self.watch(CLAIMS, lambda event: None)
        self.revisions = self.watch(
            history.RESOURCE, self.enqueue_owner("StatefulSet"), controller_uid=by_controller_uid
        )

    async def reconcile(self, key: str) -> Result | None:
        owner: Obj | None = self.sets.by_key(key)
        if owner is None:
            return None
        found = self.claimed(owner)
        if not found.is_settled:
            adopt = [pod for pod in found.adopt if ordinals.ordinal_of(owner, pod) is not None]
            if adopt or found.release:
                await settle(self.client, "pods", owner, found._replace(adopt=adopt))
                return None  # the pods wake this loop again
        if is_deleting(owner):
            return None
        status = owner.get("status") or {}
        revisions = self.revisions.indexed("controller_uid", owner["metadata"]["uid"])
        update, collisions = await history.ensure_revision(
            self.client, owner, revisions, status.get("collisionCount", 0)
        )
        by_name = {each["metadata"]["name"]: each for each in revisions}
        current = by_name.get(status.get("currentRevision", ""), update)
        pods = {ordinal: pod for pod in found.kept if (ordinal := ordinals.ordinal_of(owner, pod)) is not None}
        view = View(owner, pods, current, update)
        await self._step(view)
        live = {history.hash_of(pod) for pod in found.kept} | {_name(current), _name(update)}
        await history.forget_history(self.client, owner, revisions, live)
        fresh, wait = self._status(view, collisions)
        if fresh != status:
            await self.client.update_status(self.resource, {**owner, "status": fresh})
        return again(wait) if wait else None

    async def _step(self, view: View) -> None:
        """As far towards the desired pods as may be gone now; the pods' answer wakes this loop for the next step."""
        for ordinal in view.ordinals:
            pod = view.pods.get(ordinal)
            if pod is not None and is_finished(pod) and not is_deleting(pod):
                words = {"namespace": view.owner["metadata"]["namespace"], "name": _name(view.owner), "pod": _name(pod)}
                self.events.warning(view.owner, "RecreatingFailedPod", RECREATING.format(**words))
                await self._delete(view.owner, pod)
            elif pod is None:
                await self._create(view, ordinal)
            elif not view.is_ordered or self._is_well(view.owner, pod):
                continue
            if view.is_ordered:
                return
        condemned = [view.pods[ordinal] for ordinal in sorted(view.pods, reverse=True) if ordinal not in view.ordinals]
        unwell = [pod for _, pod in sorted(view.pods.items()) if not self._is_well(view.owner, pod)]
        for pod in condemned:
            if view.is_ordered and (is_deleting(pod) or (unwell and pod is not unwell[0])):
                return
            if not is_deleting(pod):
                await self._delete(view.owner, pod)
                if view.is_ordered:
                    return
        if view.is_rolling:
            await self._roll(view)

    async def _roll(self, view: View) -> None:
        """Take the highest pod that still has the old template, if all above it are well."""
        for ordinal in reversed(view.ordinals):
            pod = view.pods.get(ordinal)
            if pod is None or ordinal < view.partition:
                return
            if history.hash_of(pod) != _name(view.update) and not is_deleting(pod):
                await self._delete(view.owner, pod)
                return
            if not self._is_well(view.owner, pod):
                return

    async def _create(self, view: View, ordinal: int) -> None:
        """The pod of one ordinal, its claims first. Raises ApiError."""
        owner, revision = view.owner, view.revision_for(ordinal)
        pod = ordinals.pod_for(owner, ordinal, history.template_of(revision), _name(revision))
        words = {"pod": _name(pod), "name": _name(owner)}
        try:
            for claim in ordinals.claims_for(owner, ordinal):
                if self.claims.get(claim["metadata"]["namespace"], _name(claim)) is None:
                    await self.client.create(CLAIMS, claim)
                    text = CLAIM_CREATED.format(**words, claim=_name(claim))
                    self.events.normal(owner, "SuccessfulCreate", text)
            await self.client.create("pods", pod)
        except ApiError as error:  # also when the name is taken by a pod that is not ours
            self.events.warning(owner, "FailedCreate", POD_FAILED.format(**words, why=error.message))
            raise
        self.events.normal(owner, "SuccessfulCreate", POD_CREATED.format(**words))

    async def _delete(self, owner: Obj, pod: Obj) -> None:
        meta = pod["metadata"]
        try:
            await self.client.delete("pods", meta["namespace"], meta["name"], preconditions={"uid": meta["uid"]})
        except NotFound:
            return
        text = POD_DELETED.format(pod=meta["name"], name=_name(owner))
        self.events.normal(owner, "SuccessfulDelete", text)

    def _is_well(self, owner: Obj, pod: Obj) -> bool:
        """Whether the next step may be taken: it runs, is ready, has been so long enough, and stays."""
        seconds = owner["spec"].get("minReadySeconds") or 0
        return not is_deleting(pod) and not is_finished(pod) and available_in(pod, seconds, self.now) == 0

    def _status(self, view: View, collisions: int) -> tuple[dict[str, Any], float]:
        """The status that the pods make, and the seconds until another of them becomes available (0: none waits)."""
        seconds = view.spec.get("minReadySeconds") or 0
        ready = available = current = updated = 0
        waits: list[float] = []
        for pod in view.pods.values():
            if is_ready(pod):
                wait = available_in(pod, seconds, self.now)
                ready, available = ready + 1, available + (wait == 0)
                waits += [wait] if wait else []
            if not is_deleting(pod):
                current += history.hash_of(pod) == _name(view.current)
                updated += history.hash_of(pod) == _name(view.update)
        settled, size = _name(view.current), len(view.pods)
        if view.is_rolling and updated == size == ready and all(ordinal in view.pods for ordinal in view.ordinals):
            settled, current = _name(view.update), updated
        status: dict[str, Any] = {
            "observedGeneration": view.owner["metadata"].get("generation", 0),
            "replicas": size,
            "availableReplicas": available,
            "currentRevision": settled,
            "updateRevision": _name(view.update),
            "collisionCount": collisions,
        }
        numbers = {"readyReplicas": ready, "currentReplicas": current, "updatedReplicas": updated}
        return status | {name: number for name, number in numbers.items() if number}, min(waits, default=0.0)


def _name(obj: Obj) -> str:
    return str(obj["metadata"]["name"])
