"""Which pods belong together: a selector of the Services a pod is behind and of the controller it comes from.

`helper.DefaultSelector` of the real scheduler, which asks the listers anew for every pod. Here the answer is remembered
for pods of the same labels and owner until a Service or a controller comes, goes or changes its selector.
"""

from collections.abc import Callable
from typing import Any

from core.client import Informer
from core.kube.objects import Obj, controller_of
from core.scheduler.affinity import EVERYTHING, Selector, label_selector
from core.scheduler.podinfo import PodInfo

CONTROLLERS = {
    "ReplicationController": "replicationcontrollers",
    "ReplicaSet": "replicasets.apps",
    "StatefulSet": "statefulsets.apps",
}
OF_NAMESPACE = "scheduler: services of a namespace"  # an index; its name is shared with every component of the process


class Siblings:
    """`informers` by resource: services (indexed by namespace) and those of CONTROLLERS."""

    def __init__(self, informers: dict[str, Informer]) -> None:
        self._informers = informers
        self._known: dict[tuple[Any, ...], Selector | None] = {}

    def __call__(self, pod: PodInfo) -> Selector | None:
        owner = controller_of(pod.pod) or {}
        key = (pod.namespace, tuple(sorted(pod.labels.items())), owner.get("uid", ""))
        if key not in self._known:
            self._known[key] = self._find(pod, owner)
        return self._known[key]

    def on_change(self, old: Obj | None, new: Obj | None) -> None:
        """Forget the answers if the selector is another one now."""
        if _selector(old) != _selector(new):
            self._known.clear()

    def _find(self, pod: PodInfo, owner: dict[str, Any]) -> Selector | None:
        labels: dict[str, str] = {}
        expressions: list[dict[str, Any]] = []
        for service in self._informers["services"].indexed(OF_NAMESPACE, pod.namespace):
            selector = service["spec"].get("selector")
            if selector and selector.items() <= pod.labels.items():
                labels |= selector
        informer = self._informers.get(CONTROLLERS.get(owner.get("kind", ""), ""))
        controller = informer.get(pod.namespace, owner["name"]) if informer else None
        selector = _selector(controller) or {}
        if owner.get("kind") == "ReplicationController":
            labels |= selector
        else:
            labels |= selector.get("matchLabels") or {}
            expressions = selector.get("matchExpressions") or []
        found = label_selector({"matchLabels": labels, "matchExpressions": expressions})
        return None if found is EVERYTHING else found


def by_namespace(obj: Obj) -> list[str]:
    return [obj["metadata"]["namespace"]]


def remembering(siblings: Siblings) -> Callable[[Any], None]:
    """A handler of an informer that keeps `siblings` true."""
    return lambda event: siblings.on_change(event.old, None if event.type == "DELETED" else event.object)


def _selector(obj: Obj | None) -> dict[str, Any] | None:
    return (obj.get("spec") or {}).get("selector") if obj else None
