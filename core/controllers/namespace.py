"""The namespace controller: empties a namespace that is being deleted, and then lets it go.

Watches Namespaces and everything in them. Desired: a Terminating namespace holds nothing; actual: what the informers show
of it. Pods go first: while one is there, nothing else is touched, so that no pod runs on without the policies it was to run
under (KEP-5080). Then each kind of object that is left is deleted as a collection; while something stays (pods with a grace
period, finalizers), the conditions tell what; when nothing is left the finalizer `kubernetes` is taken off through the
subresource `finalize`, and the API server removes the namespace. Nobody can create anything in it meanwhile. Behaves like
the real one's `pkg/controller/namespace/deletion/namespaced_resources_deleter.go`.
"""

from collections import Counter
from typing import Any

from core.client import Informer, Reconciler, Result, again
from core.client.transport import WatchEvent
from core.controllers.endpointfacts import by_namespace
from core.kube.errors import ApiError, NotFound
from core.kube.objects import Obj, is_deleting
from core.kube.pods import is_finished
from core.kube.requests import Request, service_account
from core.kube.resources import REGISTRY
from core.kube.times import parse_timestamp, timestamp

FINALIZER = "kubernetes"
COALESCE = 0.5  # seconds; removals within it are looked at together
FINALIZER_ESTIMATE = 15.0  # seconds that what has finalizers is thought to stay
PODS = "pods"

# type → (reason, message) while it is False, and reason while it is True
CONDITIONS: dict[str, tuple[str, str, str]] = {
    "NamespaceDeletionDiscoveryFailure": (
        "ResourcesDiscovered",
        "All resources successfully discovered",
        "DiscoveryFailed",
    ),
    "NamespaceDeletionGroupVersionParsingFailure": (
        "ParsedGroupVersions",
        "All legacy kube types successfully parsed",
        "GroupVersionParsingFailed",
    ),
    "NamespaceDeletionContentFailure": (
        "ContentDeleted",
        "All content successfully deleted, may be waiting on finalization",
        "ContentDeletionFailed",
    ),
    "NamespaceContentRemaining": ("ContentRemoved", "All content successfully removed", "SomeResourcesRemain"),
    "NamespaceFinalizersRemaining": (
        "ContentHasNoFinalizers",
        "All content-preserving finalizers finished",
        "SomeFinalizersRemain",
    ),
}
REMAINING = "Some resources are remaining: {what}"
FINALIZERS = "Some content in the namespace has finalizers remaining: {what}"
FAILED = "Failed to delete all resource types, {count} remaining: {why}"


class NamespaceController(Reconciler):
    name = "namespace"
    user = service_account("kube-system", "namespace-controller")

    def start(self) -> None:
        self.namespaces = self.watch("namespaces", self.on_namespace)
        self.contents: dict[str, Informer] = {
            resource.name: self.watch(resource.name, self.on_content, namespace=by_namespace)
            for resource in REGISTRY.values()
            if resource.namespaced and "deletecollection" in resource.verbs and not resource.stored_as
        }

    def on_namespace(self, event: WatchEvent) -> None:
        if event.type != "DELETED" and is_deleting(event.object):
            self.enqueue(event.key, event.revision)

    def on_content(self, event: WatchEvent) -> None:
        if event.type != "DELETED":
            return
        namespace = self.namespaces.get("", event.key.namespace)
        if namespace is not None and is_deleting(namespace):
            self.queue.add_after(event.key.namespace, COALESCE, event.revision)

    async def reconcile(self, key: str) -> Result | None:
        namespace: Obj | None = self.namespaces.get("", key)
        if namespace is None or not is_deleting(namespace):
            return None
        if FINALIZER not in (namespace["spec"].get("finalizers") or ()):
            return None
        left = {
            name: found for name, informer in self.contents.items() if (found := informer.indexed("namespace", key))
        }
        if left.get(PODS):
            left = {PODS: left[PODS]}
        errors = await self._delete_contents(key, left)
        conditions = self._conditions(namespace, left, errors)
        if left and conditions != (namespace.get("status") or {}).get("conditions"):
            status = namespace["status"] | {"conditions": conditions}
            await self.client.update_status("namespaces", {**namespace, "status": status})
        if errors:
            raise errors[0]
        if left:
            wait = self._estimate(namespace, left) / 2 + 1
            return again(wait, f"{sum(map(len, left.values()))} objects are left")
        finalizers = [entry for entry in namespace["spec"]["finalizers"] if entry != FINALIZER]
        try:
            await self.client.update("namespaces", {**namespace, "spec": {"finalizers": finalizers}}, "finalize")
        except NotFound:
            return None
        return Result(note="empty, and gone")

    async def _delete_contents(self, namespace: str, left: dict[str, list[Obj]]) -> list[ApiError]:
        """Ask for the deletion of every kind of which something was not asked to go yet."""
        requests = [
            Request("deletecollection", name, namespace, options={"propagationPolicy": "Background"})
            for name, objects in left.items()
            if not all(map(is_deleting, objects))
        ]
        answers = await self.client.batch(requests) if requests else []
        return [answer for answer in answers if isinstance(answer, ApiError)]

    def _estimate(self, namespace: Obj, left: dict[str, list[Obj]]) -> float:
        """Seconds until what is left may be gone; it is only the safety net, since a removal is heard of."""
        graces = [
            float(pod["spec"].get("terminationGracePeriodSeconds") or 0)
            for pod in left.get(PODS, ())
            if not is_finished(pod)
        ]
        grace = max(graces, default=0.0)
        if self.now - parse_timestamp(namespace["metadata"]["deletionTimestamp"]) >= grace:
            grace = 0.0
        is_held = any(obj["metadata"].get("finalizers") for objects in left.values() for obj in objects)
        return max(grace, FINALIZER_ESTIMATE if is_held else 0.0)

    def _conditions(self, namespace: Obj, left: dict[str, list[Obj]], errors: list[ApiError]) -> list[dict[str, Any]]:
        """What is left, as `kubectl describe namespace` shows it."""
        finalizers = Counter(
            name for objects in left.values() for obj in objects for name in obj["metadata"].get("finalizers") or ()
        )
        messages = {
            "NamespaceContentRemaining": REMAINING.format(
                what=", ".join(
                    f"{_dotted(name)} has {len(found)} resource instances" for name, found in sorted(left.items())
                )
            )
            if left
            else "",
            "NamespaceFinalizersRemaining": FINALIZERS.format(
                what=", ".join(f"{name} in {count} resource instances" for name, count in sorted(finalizers.items()))
            )
            if finalizers
            else "",
            "NamespaceDeletionContentFailure": FAILED.format(count=len(errors), why="; ".join(map(str, errors)))
            if errors
            else "",
        }
        known = {entry["type"]: entry for entry in (namespace.get("status") or {}).get("conditions") or ()}
        found = []
        for kind, (reason, text, trouble) in CONDITIONS.items():
            message = messages.get(kind, "")
            status = "True" if message else "False"
            before = known.get(kind)
            since = before["lastTransitionTime"] if before and before["status"] == status else timestamp(self.now)
            found.append(
                {
                    "type": kind,
                    "status": status,
                    "lastTransitionTime": since,
                    "reason": trouble if message else reason,
                    "message": message or text,
                }
            )
        return found


def _dotted(resource: str) -> str:
    """As the real message names it: `pods.`, `deployments.apps`."""
    return resource if "." in resource else f"{resource}."
