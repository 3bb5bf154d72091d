"""The disruption controller: says how many pods of a workload may be taken away at once. Owns the status of budgets.

Watches PodDisruptionBudgets, pods and the workloads behind them. Desired: `status.disruptionsAllowed` is the healthy pods
beyond those that the budget wants; actual: what the status says. The eviction subresource takes from it, and notes the pod
in `status.disruptedPods`, so that it is not counted as healthy before its deletion can be seen here; a pod that two minutes
later is still there was not deleted after all. How many pods there should be, a percentage's base, is what the workloads
ask for and not what happens to run. Behaves like the real one's `pkg/controller/disruption/disruption.go`.
"""

from collections.abc import Iterable
from typing import Any

from core.client import Reconciler, Result, again
from core.client.transport import WatchEvent
from core.controllers.endpointfacts import by_namespace
from core.controllers.rollout import replicas_of, scaled
from core.kube.conditions import new_condition, with_condition
from core.kube.objects import Obj, controller_of, is_deleting, labels_of
from core.kube.pods import is_finished, is_ready
from core.kube.requests import service_account
from core.kube.selectors import matches
from core.kube.times import parse_timestamp, timestamp

BUDGETS = "poddisruptionbudgets.policy"
DELETION_TIMEOUT = 120.0  # seconds an eviction counts before its pod is seen to go
ALLOWED = "DisruptionAllowed"
SUFFICIENT, INSUFFICIENT, SYNC_FAILED = "SufficientPods", "InsufficientPods", "SyncFailed"

SCALED = {
    # kind of a pod's controller → its resource
    "ReplicaSet": "replicasets.apps",
    "ReplicationController": "replicationcontrollers",
    "StatefulSet": "statefulsets.apps",
}

NO_PODS = "No matching pods found"
NO_CONTROLLER = 'found no controller ref for pod "{pod}"'
NO_SCALE = "{kind} does not implement the scale subresource"
NOT_COUNTED = "Failed to calculate the number of expected pods: {why}"
NOT_DELETED = "Pod was expected by PDB {namespace}/{name} to be deleted but it wasn't"


class Uncountable(Exception):
    """It cannot be told how many pods there should be; the message says why."""


class DisruptionController(Reconciler):
    name = "disruption"
    user = service_account("kube-system", "disruption-controller")

    @property
    def component(self) -> str:
        return "controllermanager"

    def start(self) -> None:
        self.budgets = self.watch(BUDGETS, namespace=by_namespace)
        self.workloads = {resource: self.watch(resource, self.on_workload) for resource in SCALED.values()}
        self.deployments = self.watch("deployments.apps", self.on_workload)
        self.pods = self.watch("pods", self.on_pod, namespace=by_namespace)

    def on_pod(self, event: WatchEvent) -> None:
        for budget in self.budgets.indexed("namespace", event.key.namespace):
            if any(pod is not None and selects(budget, pod) for pod in (event.object, event.old)):
                self.enqueue(f"{event.key.namespace}/{budget['metadata']['name']}", event.revision)

    def on_workload(self, event: WatchEvent) -> None:
        """More or fewer pods are asked for: percentages are of that."""
        if event.type == "MODIFIED" and event.old is not None and replicas_of(event.old) == replicas_of(event.object):
            return
        for budget in self.budgets.indexed("namespace", event.key.namespace):
            self.enqueue(f"{event.key.namespace}/{budget['metadata']['name']}", event.revision)

    async def reconcile(self, key: str) -> Result | None:
        budget: Obj | None = self.budgets.by_key(key)
        if budget is None or is_deleting(budget):
            return None
        pods = [pod for pod in self.pods.indexed("namespace", budget["metadata"]["namespace"]) if selects(budget, pod)]
        if not pods:
            self.events.normal(budget, "NoPods", NO_PODS)
        try:
            expected, desired = self._numbers(budget, [pod for pod in pods if not is_finished(pod)])
        except Uncountable as error:
            self.events.warning(budget, "CalculateExpectedPodCountFailed", NOT_COUNTED.format(why=error))
            await self._write(budget, self._failed(budget, str(error)))
            return None
        disrupted, wait = self._still_disrupted(budget, pods)
        healthy = sum(
            is_ready(pod) and not is_deleting(pod) and pod["metadata"]["name"] not in disrupted for pod in pods
        )
        allowed = max(healthy - desired, 0) if expected else 0
        status = {
            "observedGeneration": budget["metadata"].get("generation", 1),
            "disruptionsAllowed": allowed,
            "currentHealthy": healthy,
            "desiredHealthy": desired,
            "expectedPods": expected,
        }
        if disrupted:
            status["disruptedPods"] = disrupted
        reason = SUFFICIENT if allowed else INSUFFICIENT
        status["conditions"] = self._condition(budget, "True" if allowed else "False", reason)
        await self._write(budget, status)
        return again(wait) if wait else None

    def _numbers(self, budget: Obj, pods: list[Obj]) -> tuple[int, int]:
        """How many pods there should be, and how many of them must be healthy. Raises Uncountable."""
        spec = budget["spec"]
        most = spec.get("maxUnavailable")
        if most is not None:
            expected = self._asked_for(pods)
            return expected, max(expected - scaled(most, expected, up=True), 0)
        least = spec.get("minAvailable", 1)
        if isinstance(least, int):
            return len(pods), least
        expected = self._asked_for(pods)
        return expected, scaled(least, expected, up=True)

    def _asked_for(self, pods: Iterable[Obj]) -> int:
        """The replicas of all workloads behind `pods` together. Raises Uncountable."""
        replicas: dict[str, int] = {}
        for pod in pods:
            owner = controller_of(pod)
            if owner is None:
                raise Uncountable(NO_CONTROLLER.format(pod=pod["metadata"]["name"]))
            if owner["kind"] not in SCALED:
                raise Uncountable(NO_SCALE.format(kind=owner["kind"]))
            workload = self._scaled_by(
                self.workloads[SCALED[owner["kind"]]].get(pod["metadata"]["namespace"], owner["name"])
            )
            if workload is not None:
                replicas[workload["metadata"]["uid"]] = replicas_of(workload)
        return sum(replicas.values())

    def _scaled_by(self, workload: Obj | None) -> Obj | None:
        """What a user scales: a ReplicaSet's Deployment if it has one."""
        owner = controller_of(workload) if workload is not None else None
        if workload is None or owner is None or owner["kind"] != "Deployment":
            return workload
        deployment: Obj | None = self.deployments.get(workload["metadata"]["namespace"], owner["name"])
        return deployment or workload

    def _still_disrupted(self, budget: Obj, pods: list[Obj]) -> tuple[dict[str, str], float]:
        """Evictions whose pods are not seen to go yet; and the seconds until the first of them is doubted."""
        meta = budget["metadata"]
        there = {pod["metadata"]["name"]: pod for pod in pods if not is_deleting(pod)}
        left: dict[str, str] = {}
        waits: list[float] = []
        for name, moment in ((budget.get("status") or {}).get("disruptedPods") or {}).items():
            if name not in there:
                continue
            wait = parse_timestamp(moment) + DELETION_TIMEOUT - self.now
            if wait <= 0:
                words = {"namespace": meta["namespace"], "name": meta["name"]}
                self.events.warning(there[name], "NotDeleted", NOT_DELETED.format(**words))
                continue
            left[name] = moment
            waits.append(wait)
        return left, min(waits, default=0.0)

    def _failed(self, budget: Obj, why: str) -> dict[str, Any]:
        """Nobody may go while nothing can be told."""
        status = {
            "observedGeneration": budget["metadata"].get("generation", 1),
            "currentHealthy": 0,
            "desiredHealthy": 0,
        }
        status |= {"expectedPods": 0, **(budget.get("status") or {}), "disruptionsAllowed": 0}
        status["conditions"] = self._condition(budget, "False", SYNC_FAILED, why)
        return status

    def _condition(self, budget: Obj, value: str, reason: str, message: str = "") -> list[Obj]:
        generation = budget["metadata"].get("generation", 1)
        entry = new_condition(ALLOWED, value, timestamp(self.now), reason, observedGeneration=generation)
        return with_condition((budget.get("status") or {}).get("conditions"), entry | {"message": message})

    async def _write(self, budget: Obj, status: dict[str, Any]) -> None:
        if status != budget.get("status"):
            await self.client.update_status(BUDGETS, {**budget, "status": status})


def selects(budget: Obj, pod: Obj) -> bool:
    selector = budget["spec"].get("selector")
    return selector is not None and matches(selector, labels_of(pod))
