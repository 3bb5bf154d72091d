"""The DaemonSet controller: one pod on each node that its template may run on. Owns pods and ControllerRevisions.

Watches DaemonSets, pods, Nodes and ControllerRevisions. Desired: a pod on every node which nodeSelector and affinity want
and whose taints the pods tolerate; actual: the pods it controls, by node. Each pod is made for one node, by a required
affinity to its name, and the scheduler puts it there. Nodes being unwell, under pressure or cordoned does not keep these
pods away: they are tolerated. A new template is rolled out node by node (`rolling`). Behaves like the real one's
`pkg/controller/daemon/daemon_controller.go` and `update.go`. How pods are judged and picked is in `daemonpods`.
"""

from typing import Any

from core.client import Context, Result, again
from core.client.calls import creation
from core.client.reconciler import by_controller_uid
from core.client.transport import WatchEvent
from core.controllers import daemonpods, history
from core.controllers.daemonpods import Placement, Plan
from core.controllers.ownership import settle
from core.controllers.poddeletion import pod_deletion
from core.controllers.podowner import PodOwner
from core.controllers.podstate import available_in, phase_of
from core.controllers.replication import CREATED, DELETED, NOT_CREATED, NOT_DELETED
from core.kube.errors import ApiError, NotFound
from core.kube.objects import Obj, is_deleting, labels_of
from core.kube.pods import is_ready
from core.kube.requests import service_account

BURST = 250  # pods created or deleted in one go
BACKOFF, BACKOFF_MAX = 1.0, 900.0  # seconds until a failed pod is replaced on the same node
FAILED_POD = "Found failed daemon pod {namespace}/{name} on node {node}, will try to kill it"
SUCCEEDED_POD = "Found succeeded daemon pod {namespace}/{name} on node {node}, will try to delete it"


class DaemonSetController(PodOwner):
    name = "daemonset"
    user = service_account("kube-system", "daemon-set-controller")
    resource = "daemonsets.apps"
    kind = "DaemonSet"

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self.backoff: dict[tuple[str, str], tuple[float, float]] = {}  # (key, node) → pause, and until when

    def start(self) -> None:
        super().start()
        self.nodes = self.watch("nodes", self.on_node)
        self.revisions = self.watch(history.RESOURCE, self.enqueue_owner("DaemonSet"), controller_uid=by_controller_uid)

    def on_node(self, event: WatchEvent) -> None:
        """A node that came, went, or was labelled or tainted is every DaemonSet's business; a heartbeat is nobody's."""
        if event.type == "MODIFIED" and event.old is not None and _marks(event.old) == _marks(event.object):
            return
        for key in self.sets.objects:
            self.enqueue(key, event.revision)

    async def reconcile(self, key: str) -> Result | None:
        owner: Obj | None = self.sets.by_key(key)
        if owner is None:
            self.backoff = {known: pause for known, pause in self.backoff.items() if known[0] != key}
            return None
        found = self.claimed(owner)
        if not found.is_settled:
            await settle(self.client, "pods", owner, found)
            return None  # the pods wake this loop again
        if is_deleting(owner):
            return None
        revisions = self.revisions.indexed("controller_uid", owner["metadata"]["uid"])
        collisions = (owner.get("status") or {}).get("collisionCount", 0)
        revision, collisions = await history.ensure_revision(self.client, owner, revisions, collisions)
        digest = history.hash_of(revision)
        placements = daemonpods.place(owner, self.nodes, found.kept)
        plan = daemonpods.plan(owner, placements, digest, self._availability(owner))
        wait = await self._carry_out(key, owner, plan, digest)
        live = {digest, *map(history.hash_of, found.kept)}
        named = {each["metadata"]["name"] for each in revisions if history.hash_of(each) in live}
        await history.forget_history(self.client, owner, revisions, named)
        status, until_available = self._status(owner, placements, digest, collisions)
        if status != owner.get("status"):
            await self.client.update_status(self.resource, {**owner, "status": status})
        waits = [each for each in (wait, until_available) if each]
        return again(min(waits)) if waits else None

    async def _carry_out(self, key: str, owner: Obj, plan: Plan, digest: str) -> float:
        """Delete and create what the plan says; seconds until a node in backoff may have its pod replaced."""
        waits = [self._pause(key, owner, pod) for pod in plan.ended]
        ended = [pod for pod, wait in zip(plan.ended, waits, strict=True) if not wait]
        await self._delete(owner, [*ended, *plan.delete][:BURST])
        await self._create(owner, plan.create[:BURST], digest)
        return min((wait for wait in waits if wait), default=0.0)

    async def _create(self, owner: Obj, nodes: list[str], digest: str) -> None:
        """Slowly at first, as ReplicaSets do. Raises the first error."""
        done, size = 0, 1
        while done < len(nodes):
            chunk = nodes[done : done + size]
            pods = [creation("pods", daemonpods.pod_for(owner, node, digest)) for node in chunk]
            answers = await self.client.batch(pods)
            for answer in answers:
                if isinstance(answer, ApiError):
                    self.events.warning(owner, "FailedCreate", NOT_CREATED.format(why=answer.message))
                    raise answer
                self.events.normal(owner, "SuccessfulCreate", CREATED.format(name=answer["metadata"]["name"]))
            done, size = done + size, size * 2

    async def _delete(self, owner: Obj, pods: list[Obj]) -> None:
        requests = [pod_deletion(pod) for pod in pods]
        for pod, answer in zip(pods, await self.client.batch(requests) if requests else (), strict=True):
            if not isinstance(answer, ApiError):
                self.events.normal(owner, "SuccessfulDelete", DELETED.format(name=pod["metadata"]["name"]))
            elif not isinstance(answer, NotFound):
                self.events.warning(owner, "FailedDelete", NOT_DELETED.format(why=answer.message))
                raise answer

    def _pause(self, key: str, owner: Obj, pod: Obj) -> float:
        """Seconds until a pod that ended may be replaced; 0: now, and then the next one waits twice as long."""
        node, meta = daemonpods.node_of(pod), pod["metadata"]
        pause, until = self.backoff.get((key, node), (0.0, 0.0))
        if until > self.now:
            return until - self.now
        pause = BACKOFF if self.now - until > 2 * BACKOFF_MAX else min(pause * 2 or BACKOFF, BACKOFF_MAX)
        self.backoff[key, node] = pause, self.now + pause
        words = {"namespace": meta["namespace"], "name": meta["name"], "node": node}
        if phase_of(pod) == "Failed":
            self.events.warning(owner, "FailedDaemonPod", FAILED_POD.format(**words))
        else:
            self.events.normal(owner, "SucceededDaemonPod", SUCCEEDED_POD.format(**words))
        return 0.0

    def _availability(self, owner: Obj) -> daemonpods.IsAvailable:
        seconds = owner["spec"].get("minReadySeconds") or 0
        return lambda pod: available_in(pod, seconds, self.now) == 0 and not is_deleting(pod)

    def _status(
        self, owner: Obj, placements: list[Placement], digest: str, collisions: int
    ) -> tuple[dict[str, Any], float]:
        """The status, and the seconds until another pod becomes available (0: none waits)."""
        seconds = owner["spec"].get("minReadySeconds") or 0
        desired = current = misplaced = ready = available = updated = 0
        waits: list[float] = []
        for placement in placements:
            if not placement.should_run:
                misplaced += bool(placement.pods)
                continue
            desired += 1
            if not placement.pods:
                continue
            current += 1
            pod = placement.pods[0]
            ready += is_ready(pod)
            updated += history.hash_of(pod) == digest
            wait = available_in(pod, seconds, self.now)
            available += wait == 0
            if wait:
                waits.append(wait)
        status: dict[str, Any] = {
            "currentNumberScheduled": current,
            "numberMisscheduled": misplaced,
            "desiredNumberScheduled": desired,
            "numberReady": ready,
            "observedGeneration": owner["metadata"].get("generation", 0),
        }
        numbers = {
            "updatedNumberScheduled": updated,
            "numberAvailable": available,
            "numberUnavailable": desired - available,
            "collisionCount": collisions,
        }
        return status | {name: number for name, number in numbers.items() if number}, min(waits, default=0.0)


def _marks(node: Obj) -> tuple[Any, Any]:
    """What of a node decides on its daemon pods."""
    return labels_of(node), node["spec"].get("taints")
