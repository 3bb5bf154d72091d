"""Pods: they start Pending, have a quality of service, and die gracefully.

A pod on a node is not removed by whoever deletes it: it gets a deadline, and the kubelet, once the containers have
stopped, deletes it with grace 0. A pod on no node, or one that has ended, goes at once.
Reference: pkg/registry/core/pod/strategy.go.
"""

from typing import Any

from core.apiserver.batch import Batch
from core.apiserver.strategies.base import Prepare, Strategy
from core.kube.objects import Obj
from core.kube.pods import qos_class

GRACE_DEFAULT = 30
GATED = "Scheduling is blocked due to non-empty scheduling gates"


class PodStrategy(Strategy):
    returns_deleted = True
    kept_by_status = ("ownerReferences",)  # old kubelets garbled them

    def prepare_create(self, obj: Obj, batch: Batch) -> None:
        obj["status"] = {"phase": "Pending", "qosClass": qos_class(obj["spec"])}
        if obj["spec"].get("schedulingGates"):
            gated = {"type": "PodScheduled", "status": "False", "lastProbeTime": None, "lastTransitionTime": None}
            obj["status"]["conditions"] = [gated | {"reason": "SchedulingGated", "message": GATED}]

    def prepare_status(self, new: Obj, old: Obj, batch: Batch) -> None:
        super().prepare_status(new, old, batch)
        quality = (old.get("status") or {}).get("qosClass")
        if quality and isinstance(new.get("status"), dict):
            new["status"].setdefault("qosClass", quality)
        for condition in (new.get("status") or {}).get("conditions") or ():
            condition.setdefault("lastProbeTime", None)  # the one field of a pod that is null rather than absent

    def part(self, subresource: str) -> Prepare | None:
        parts = {"ephemeralcontainers": self.prepare_ephemeral, "resize": self.prepare_resize}
        return parts.get(subresource) or super().part(subresource)

    def prepare_ephemeral(self, new: Obj, old: Obj, batch: Batch) -> None:
        """Debugging containers may be added to a running pod (`kubectl debug`), and nothing else."""
        added = (new.get("spec") or {}).get("ephemeralContainers") or []
        _restore(new, old)
        if added:
            new["spec"] = old["spec"] | {"ephemeralContainers": added}

    def prepare_resize(self, new: Obj, old: Obj, batch: Batch) -> None:
        """Only what the containers ask for changes."""
        wanted = {
            container.get("name"): container.get("resources") or {}
            for container in (new.get("spec") or {}).get("containers") or ()
            if isinstance(container, dict)
        }
        _restore(new, old)
        new["spec"] = old["spec"] | {
            "containers": [
                container | {"resources": wanted.get(container["name"], container.get("resources") or {})}
                for container in old["spec"]["containers"]
            ]
        }

    def grace_seconds(self, obj: Obj, options: dict[str, Any]) -> int:
        spec, phase = obj["spec"], (obj.get("status") or {}).get("phase")
        if not spec.get("nodeName") or phase in ("Failed", "Succeeded"):
            return 0
        asked = options.get("gracePeriodSeconds")
        if asked is None:
            asked = spec.get("terminationGracePeriodSeconds", GRACE_DEFAULT)
        return int(asked) if asked >= 0 else 1


def _restore(new: Obj, old: Obj) -> None:
    new.clear()
    new.update(old)
    new["metadata"] = dict(old["metadata"])
