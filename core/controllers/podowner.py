"""What every controller that owns pods through a selector has in common: being woken by its pods, and claiming them."""

from collections.abc import Mapping
from typing import ClassVar

from core.client import Reconciler
from core.client.reconciler import by_controller_uid
from core.client.transport import WatchEvent
from core.controllers.ownership import Claim, Matches, by_orphan_namespace, claim
from core.controllers.podstate import is_active
from core.kube.objects import Obj, controller_of, labels_of
from core.kube.selectors import object_selector


class PodOwner(Reconciler):
    """Subclasses name the resource; `sets` are its objects, `pods` all pods."""

    resource: ClassVar[str]
    kind: ClassVar[str]

    def start(self) -> None:
        self.sets = self.watch(self.resource, controller_uid=by_controller_uid)
        self.pods = self.watch(
            "pods", self.on_pod, controller_uid=by_controller_uid, orphan_namespace=by_orphan_namespace
        )

    def selector(self, owner: Obj) -> Matches:
        """The test its selector makes of labels."""
        selector: Mapping[str, object] = owner["spec"]["selector"]
        return object_selector(selector)

    def on_pod(self, event: WatchEvent) -> None:
        """Wake the set that controls the pod, before or after the change; of an orphan, every set that could adopt it."""
        orphaned = False
        for pod in (event.object, event.old):
            owner = controller_of(pod) if pod else None
            if owner is None:
                orphaned = orphaned or pod is event.object
            elif owner["kind"] == self.kind:
                self.enqueue(f"{event.key.namespace}/{owner['name']}", event.revision)
        if orphaned and event.type != "DELETED":
            labels = labels_of(event.object)
            for key, owner in self.sets.objects.items():
                if key.namespace == event.key.namespace and self.selector(owner)(labels):
                    self.enqueue(key, event.revision)

    def claimed(self, owner: Obj) -> Claim:
        """The pods it owns, those it should adopt and those it should release."""
        meta = owner["metadata"]
        return claim(
            owner,
            self.selector(owner),
            self.pods.indexed("controller_uid", meta["uid"]),
            [pod for pod in self.pods.indexed("orphan_namespace", meta["namespace"]) if is_active(pod)],
        )
