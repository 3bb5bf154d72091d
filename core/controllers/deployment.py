"""The Deployment controller: rolls pods from one template to the next. Owns ReplicaSets.

Watches Deployments, ReplicaSets, and pods (for Recreate). Desired: one ReplicaSet with the current template has all the
replicas; actual: the ReplicaSets it controls. Each reconcile takes one step, the new set up or the old ones down, as far
as maxSurge and maxUnavailable allow (`rollout`), and writes the status (`progress`); the ReplicaSets' answer is what wakes
it for the next step. Old sets stay, empty, as the history that `kubectl rollout undo` goes back to: undo only writes an
old template into the spec. Behaves like the real one's `pkg/controller/deployment/deployment_controller.go`.
"""

from dataclasses import dataclass
from typing import Any

from core.client import Reconciler, Result, again
from core.client.calls import deletion
from core.client.reconciler import by_controller_uid
from core.client.transport import WatchEvent
from core.controllers import progress
from core.controllers.ownership import Matches, by_orphan_namespace, claim, settle
from core.controllers.rollout import (
    DESIRED,
    HASH_LABEL,
    MAXIMUM,
    REVISION,
    REVISION_HISTORY,
    Limits,
    find_new,
    limits,
    proportional_sizes,
    replicas_of,
    revision_number,
    size_of_new,
    sizes_of_old,
    surplus_history,
    without_hash,
)
from core.kube.errors import NAMESPACE_TERMINATING, AlreadyExists, ApiError
from core.kube.names import template_hash
from core.kube.numbers import following, saturated
from core.kube.objects import Obj, annotations_of, condition, controller_of, is_deleting, labels_of, owner_reference
from core.kube.pods import is_finished
from core.kube.requests import service_account
from core.kube.selectors import object_selector

SCALED = "Scaled {direction} replica set {name} from {before} to {after}"
SELECTS_ALL = "This deployment is selecting all pods. A non-empty selector is required."
HISTORY_MAX = 2000  # characters of the revision-history annotation

OWN_ANNOTATIONS = frozenset(
    {
        "kubectl.kubernetes.io/last-applied-configuration",
        REVISION,
        REVISION_HISTORY,
        DESIRED,
        MAXIMUM,
        "deprecated.deployment.rollback.to",
    }
)


@dataclass(slots=True)
class Rollout:
    """One reconcile's view: the Deployment, its sets as they are after our own writes, and what its strategy allows."""

    deployment: Obj
    limit: Limits
    new: Obj | None
    old: list[Obj]
    stored_status: dict[str, Any] | None

    @property
    def sets(self) -> list[Obj]:
        return [*self.old, self.new] if self.new else list(self.old)

    @property
    def active(self) -> list[Obj]:
        return [entry for entry in self.sets if replicas_of(entry)]

    @property
    def active_or_latest(self) -> Obj | None:
        """The one set that scaling means, if there is no rollout going on."""
        active = self.active
        if len(active) > 1:
            return None
        return active[0] if active else self.new or (self.old[-1] if self.old else None)

    def replace(self, fresh: Obj) -> None:
        name = fresh["metadata"]["name"]
        if self.new and self.new["metadata"]["name"] == name:
            self.new = fresh
        self.old = [fresh if entry["metadata"]["name"] == name else entry for entry in self.old]


class DeploymentController(Reconciler):
    name = "deployment"
    user = service_account("kube-system", "deployment-controller")

    def start(self) -> None:
        self.deployments = self.watch("deployments.apps")
        self.sets = self.watch(
            "replicasets.apps",
            self.on_set,
            controller_uid=by_controller_uid,
            orphan_namespace=by_orphan_namespace,
        )
        self.pods = self.watch("pods", self.on_pod, controller_uid=by_controller_uid)

    def on_set(self, event: WatchEvent) -> None:
        self.enqueue_owner("Deployment")(event)
        if event.type != "DELETED" and controller_of(event.object) is None:
            for key, deployment in self.deployments.objects.items():
                if key.namespace == event.key.namespace and _matches(deployment)(labels_of(event.object)):
                    self.enqueue(key, event.revision)

    def on_pod(self, event: WatchEvent) -> None:
        """Recreate waits for the last old pod to be gone."""
        if event.type != "DELETED":
            return
        owner = controller_of(event.object)
        replica_set = self.sets.get(event.key.namespace, owner["name"]) if owner else None
        workload = controller_of(replica_set) if replica_set else None
        if workload is None:
            return
        deployment = self.deployments.get(event.key.namespace, workload["name"])
        if deployment is not None and _strategy(deployment) == "Recreate":
            self.enqueue(f"{event.key.namespace}/{workload['name']}", event.revision)

    async def reconcile(self, key: str) -> Result | None:
        deployment: Obj | None = self.deployments.by_key(key)
        if deployment is None:
            return None
        selector = deployment["spec"]["selector"]
        if not selector.get("matchLabels") and not selector.get("matchExpressions"):
            self.events.warning(deployment, "SelectingAll", SELECTS_ALL)
            return None
        found = claim(
            deployment,
            _matches(deployment),
            self.sets.indexed("controller_uid", deployment["metadata"]["uid"]),
            self.sets.indexed("orphan_namespace", deployment["metadata"]["namespace"]),
        )
        if not found.is_settled:
            await settle(self.client, "replicasets.apps", deployment, found)
            return None  # the sets wake this loop again
        new = find_new(deployment["spec"]["template"], found.kept)
        old = sorted((entry for entry in found.kept if entry is not new), key=revision_number)
        rollout = Rollout(deployment, limits(deployment), new, old, deployment.get("status"))
        if is_deleting(deployment):
            return await self._write_status(rollout)
        if deployment["spec"].get("paused") or self._was_scaled(rollout):
            await self._revise(rollout)
            await self._scale_in_proportion(rollout)
        elif _strategy(deployment) == "Recreate":
            await self._recreate(rollout)
        else:
            await self._roll(rollout)
        if progress.is_complete(deployment, self._counts(rollout)):
            await self._forget_history(rollout)
        return await self._write_status(rollout)

    # The strategies.

    async def _roll(self, rollout: Rollout) -> None:
        """One step of a rolling update: the new set up if it may grow, otherwise the old ones down."""
        if not await self._ensure_new(rollout):
            return
        assert rollout.new is not None
        total = sum(map(replicas_of, rollout.sets))
        if await self._scale(rollout, rollout.new, size_of_new(rollout.limit, replicas_of(rollout.new), total)):
            return
        sizes = sizes_of_old(rollout.limit, rollout.new, rollout.old)
        for entry in list(rollout.old):
            if entry["metadata"]["name"] in sizes:
                await self._scale(rollout, entry, sizes[entry["metadata"]["name"]])

    async def _recreate(self, rollout: Rollout) -> None:
        """All old pods away, and only when the last of them is gone the new ones."""
        scaled = [await self._scale(rollout, entry, 0) for entry in list(rollout.old)]
        if any(scaled) or self._old_pods_left(rollout):
            await self._revise(rollout)
            return
        if await self._ensure_new(rollout):
            assert rollout.new is not None
            await self._scale(rollout, rollout.new, rollout.limit.replicas)

    async def _scale_in_proportion(self, rollout: Rollout) -> None:
        """The user changed `replicas`, or the rollout is paused: no set changes its share."""
        deployment, limit = rollout.deployment, rollout.limit
        single = rollout.active_or_latest
        if single is not None:
            await self._scale(rollout, single, limit.replicas)
            return
        if rollout.new is not None and _is_saturated(rollout.new, limit):
            for entry in [entry for entry in rollout.old if replicas_of(entry)]:
                await self._scale(rollout, entry, 0)
        elif _strategy(deployment) == "RollingUpdate":
            active = rollout.active
            sizes = proportional_sizes(deployment, limit, active)
            for entry in active:
                await self._scale(rollout, entry, sizes[entry["metadata"]["name"]])

    def _was_scaled(self, rollout: Rollout) -> bool:
        """Whether `replicas` changed since the sets were last sized."""
        wanted = str(rollout.limit.replicas)
        return any(annotations_of(entry).get(DESIRED, wanted) != wanted for entry in rollout.active)

    def _old_pods_left(self, rollout: Rollout) -> bool:
        return any(
            not is_finished(pod)
            for entry in rollout.old
            for pod in self.pods.indexed("controller_uid", entry["metadata"]["uid"])
        )

    # The ReplicaSets.

    async def _ensure_new(self, rollout: Rollout) -> bool:
        """See to it that there is a set with the current template; False when it has to wait."""
        if rollout.new is not None:
            await self._revise(rollout)
            return True
        deployment = rollout.deployment
        replica_set = self._new_set(rollout)
        name = replica_set["metadata"]["name"]
        try:
            rollout.new = await self.client.create("replicasets.apps", replica_set)
        except AlreadyExists:
            return await self._take_or_count_collision(rollout, name)
        except ApiError as error:
            if error.has_cause(NAMESPACE_TERMINATING):
                return False
            text = progress.CREATE_ERROR_TEXT.format(name=name, why=error.message)
            await self._condition(rollout, "Progressing", "False", progress.CREATE_ERROR_REASON, text)
            raise
        size = replicas_of(rollout.new)
        if size:
            self.events.normal(
                deployment, "ScalingReplicaSet", SCALED.format(direction="up", name=name, before=0, after=size)
            )
        await self._sign_revision(rollout)
        if progress.has_deadline(deployment):
            text = progress.CREATED_TEXT.format(name=name)
            await self._condition(rollout, "Progressing", "True", progress.CREATED_REASON, text)
        return True

    def _new_set(self, rollout: Rollout) -> Obj:
        """The ReplicaSet for the current template, with the hash that keeps its pods apart from those of other ones."""
        deployment = rollout.deployment
        meta, spec = deployment["metadata"], deployment["spec"]
        collisions = (deployment.get("status") or {}).get("collisionCount")
        digest = template_hash(spec["template"], collisions)
        template_meta = spec["template"].get("metadata") or {}
        labels = (template_meta.get("labels") or {}) | {HASH_LABEL: digest}
        selector = dict(spec["selector"])
        selector["matchLabels"] = (selector.get("matchLabels") or {}) | {HASH_LABEL: digest}
        total = sum(map(replicas_of, rollout.old))
        size = size_of_new(rollout.limit, 0, total) if _strategy(deployment) != "Recreate" else rollout.limit.replicas
        replica_set: Obj = {
            "apiVersion": "apps/v1",
            "kind": "ReplicaSet",
            "metadata": {
                "name": f"{meta['name']}-{digest}",
                "namespace": meta["namespace"],
                "labels": labels,
                "annotations": _inherited(deployment)
                | {REVISION: str(_next_revision(rollout))}
                | _sizes(rollout.limit),
                "ownerReferences": [owner_reference(deployment)],
            },
            "spec": {
                "replicas": size,
                "selector": selector,
                "template": {**spec["template"], "metadata": template_meta | {"labels": labels}},
            },
        }
        if spec.get("minReadySeconds"):
            replica_set["spec"]["minReadySeconds"] = spec["minReadySeconds"]
        return replica_set

    async def _take_or_count_collision(self, rollout: Rollout, name: str) -> bool:
        """The name is taken: by our own set which the informers do not show yet, or by a hash that collides."""
        deployment = rollout.deployment
        taken = await self.client.get("replicasets.apps", deployment["metadata"]["namespace"], name)
        owner = controller_of(taken)
        ours = owner is not None and owner["uid"] == deployment["metadata"]["uid"]
        if ours and without_hash(taken["spec"]["template"]) == without_hash(deployment["spec"]["template"]):
            return False
        status = dict(deployment.get("status") or {})
        status["collisionCount"] = following(status.get("collisionCount", 0))
        rollout.deployment = await self.client.update_status("deployments.apps", {**deployment, "status": status})
        return False

    async def _revise(self, rollout: Rollout) -> None:
        """Bring the new set's revision, inherited annotations and minReadySeconds up to date."""
        new, deployment = rollout.new, rollout.deployment
        if new is None:
            return
        annotations = annotations_of(new) | _inherited(deployment)
        number, before = _next_revision(rollout), revision_number(new)
        if before < number:
            annotations[REVISION] = str(number)
            if before:
                annotations[REVISION_HISTORY] = _extended(annotations.get(REVISION_HISTORY, ""), before)
        min_ready = deployment["spec"].get("minReadySeconds") or 0
        if annotations != annotations_of(new) or min_ready != (new["spec"].get("minReadySeconds") or 0):
            fresh = {
                **new,
                "metadata": new["metadata"] | {"annotations": annotations},
                "spec": new["spec"] | {"minReadySeconds": min_ready},
            }
            if not min_ready:
                fresh["spec"].pop("minReadySeconds")
            rollout.replace(await self.client.update("replicasets.apps", fresh))
        await self._sign_revision(rollout)
        if progress.has_deadline(deployment) and condition(deployment, "Progressing") is None:
            text = progress.FOUND_TEXT.format(name=new["metadata"]["name"])
            await self._condition(rollout, "Progressing", "True", progress.FOUND_REASON, text)

    async def _sign_revision(self, rollout: Rollout) -> None:
        """The Deployment carries the revision of its current set."""
        assert rollout.new is not None
        revision, deployment = annotations_of(rollout.new).get(REVISION), rollout.deployment
        if revision is None or annotations_of(deployment).get(REVISION) == revision:
            return
        annotations = annotations_of(deployment) | {REVISION: revision}
        signed = {**deployment, "metadata": deployment["metadata"] | {"annotations": annotations}}
        rollout.deployment = await self.client.update("deployments.apps", signed)

    async def _scale(self, rollout: Rollout, entry: Obj, size: int) -> bool:
        """Give one set its size, and note on it what the Deployment wanted then; whether the size changed."""
        before, notes = replicas_of(entry), _sizes(rollout.limit)
        resized, stale = size != before, not notes.items() <= annotations_of(entry).items()
        if not resized and not (stale and (before or entry is rollout.new)):
            return False
        fresh = {
            **entry,
            "metadata": entry["metadata"] | {"annotations": annotations_of(entry) | notes},
            "spec": entry["spec"] | {"replicas": size},
        }
        rollout.replace(await self.client.update("replicasets.apps", fresh))
        if resized:
            text = SCALED.format(
                direction="up" if size > before else "down", name=entry["metadata"]["name"], before=before, after=size
            )
            self.events.normal(rollout.deployment, "ScalingReplicaSet", text)
        return resized

    async def _forget_history(self, rollout: Rollout) -> None:
        limit = rollout.deployment["spec"].get("revisionHistoryLimit")
        if limit is None:
            return
        surplus = surplus_history(rollout.old, limit)
        requests = []
        for entry in surplus:
            meta = entry["metadata"]
            options = {"propagationPolicy": "Background", "preconditions": {"uid": meta["uid"]}}
            requests.append(deletion("replicasets.apps", meta["namespace"], meta["name"], **options))
        if requests:
            await self.client.batch(requests)  # one that is gone already is as well; others come up at the next step

    # The status.

    def _counts(self, rollout: Rollout) -> dict[str, Any]:
        return progress.counts(rollout.deployment, rollout.limit, rollout.new, rollout.old)

    async def _write_status(self, rollout: Rollout) -> Result | None:
        """Write the status if it says something new; come back when the progress deadline runs out."""
        deployment, paused = rollout.deployment, bool(rollout.deployment["spec"].get("paused"))
        status = self._counts(rollout)
        progress.availability(status, rollout.limit, self.now)
        if not is_deleting(deployment):
            self._note_pause(deployment, status, paused)
            if not paused:
                progress.progress(deployment, status, rollout.new, self.now)
            progress.replica_failure(status, rollout.new, rollout.old, self.now)
        if status != rollout.stored_status:
            await self.client.update_status("deployments.apps", {**deployment, "status": status})
        known = condition({"status": status}, "Progressing")
        if paused or known is None or not progress.has_deadline(deployment) or is_deleting(deployment):
            return None
        if known["reason"] in (progress.COMPLETE_REASON, progress.DEADLINE_REASON):
            return None
        return again(max(1.0, progress.overdue_in(deployment, known, self.now) + 1), "until the progress deadline")

    def _note_pause(self, deployment: Obj, status: dict[str, Any], paused: bool) -> None:
        """A paused rollout makes no progress and misses no deadline either."""
        known = condition({"status": status}, "Progressing")
        if not progress.has_deadline(deployment) or (known and known["reason"] == progress.DEADLINE_REASON):
            return
        was_paused = known is not None and known["reason"] == progress.PAUSED[1]
        if paused != was_paused:
            value, reason, message = progress.PAUSED if paused else progress.RESUMED
            progress.set_condition(status, "Progressing", value, reason, message, self.now)

    async def _condition(self, rollout: Rollout, kind: str, value: str, reason: str, message: str) -> None:
        status = dict(rollout.deployment.get("status") or {})
        status["conditions"] = list(status.get("conditions") or ())
        progress.set_condition(status, kind, value, reason, message, self.now)
        rollout.deployment = {**rollout.deployment, "status": status}
        if reason == progress.CREATE_ERROR_REASON:
            await self.client.update_status("deployments.apps", rollout.deployment)


def _matches(deployment: Obj) -> Matches:
    return object_selector(deployment["spec"]["selector"])


def _strategy(deployment: Obj) -> str:
    return str((deployment["spec"].get("strategy") or {}).get("type") or "RollingUpdate")


def _sizes(limit: Limits) -> dict[str, str]:
    """What is noted on each set, so that a later change of `replicas` is recognised and shared in proportion."""
    return {DESIRED: str(limit.replicas), MAXIMUM: str(limit.most)}


def _inherited(deployment: Obj) -> dict[str, str]:
    return {name: value for name, value in annotations_of(deployment).items() if name not in OWN_ANNOTATIONS}


def _next_revision(rollout: Rollout) -> int:
    return saturated(max(map(revision_number, rollout.old), default=0) + 1)


def _extended(history: str, revision: int) -> str:
    entries = [*history.split(","), str(revision)] if history else [str(revision)]
    while len(",".join(entries)) > HISTORY_MAX:
        entries.pop(0)
    return ",".join(entries)


def _is_saturated(new: Obj, limit: Limits) -> bool:
    """Whether the new set is what was wanted when it was last sized, and all of it is available."""
    available = (new.get("status") or {}).get("availableReplicas") or 0
    desired = annotations_of(new).get(DESIRED, "")
    return replicas_of(new) == limit.replicas == available and desired == str(limit.replicas)
