"""Namespaces: a namespace goes only when everything in it is gone.

`spec.finalizers: [kubernetes]` stands for that; the namespace controller takes it off through the subresource `finalize`
when the namespace is empty, and that update removes the object.
"""

from core.apiserver.batch import Batch
from core.apiserver.strategies.base import Prepare, Strategy
from core.kube.objects import Obj

FINALIZER = "kubernetes"
NAME_LABEL = "kubernetes.io/metadata.name"


class NamespaceStrategy(Strategy):
    returns_deleted = True

    def prepare_create(self, obj: Obj, batch: Batch) -> None:
        spec = obj.setdefault("spec", {})
        finalizers = spec.setdefault("finalizers", [])
        if FINALIZER not in finalizers:
            finalizers.append(FINALIZER)
        obj["status"] = {"phase": "Active"}
        _label(obj)

    def prepare_update(self, new: Obj, old: Obj, batch: Batch) -> None:
        super().prepare_update(new, old, batch)
        new["spec"] = old["spec"]
        _label(new)

    def part(self, subresource: str) -> Prepare | None:
        return self.prepare_finalize if subresource == "finalize" else super().part(subresource)

    def prepare_finalize(self, new: Obj, old: Obj, batch: Batch) -> None:
        """Everything but the status may change."""
        finalizers = (new.get("spec") or {}).get("finalizers") or []
        super().prepare_update(new, old, batch)
        new["spec"] = {"finalizers": finalizers} if finalizers else {}

    def prepare_delete(self, obj: Obj) -> None:
        obj["status"] = (obj.get("status") or {}) | {"phase": "Terminating"}
        obj["metadata"].pop("deletionGracePeriodSeconds", None)


def _label(obj: Obj) -> None:
    labels = obj["metadata"].get("labels") or {}
    obj["metadata"]["labels"] = labels | {NAME_LABEL: obj["metadata"].get("name", "")}
