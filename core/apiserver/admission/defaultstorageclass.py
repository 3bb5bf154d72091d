"""DefaultStorageClass: a claim that names no storage class gets the default one, if there is one.

Reference: plugin/pkg/admission/storage/storageclass/setdefault/admission.go.
"""

from typing import TYPE_CHECKING

from core.apiserver.admission.base import Attempt, Plugin
from core.kube.objects import annotations_of
from core.kube.storage import BETA_CLASS

if TYPE_CHECKING:
    from core.apiserver.batch import Batch

CLASSES = "storageclasses.storage.k8s.io"
IS_DEFAULT = "storageclass.kubernetes.io/is-default-class"


class DefaultStorageClass(Plugin):
    name = "DefaultStorageClass"
    resources = frozenset({"persistentvolumeclaims"})

    def mutate(self, attempt: Attempt, batch: "Batch") -> str | None:
        assert attempt.obj is not None
        spec = attempt.obj.setdefault("spec", {})
        if spec.get("storageClassName") is not None or BETA_CLASS in annotations_of(attempt.obj):
            return None
        defaults = [entry for entry in batch.all(CLASSES) if annotations_of(entry).get(IS_DEFAULT) == "true"]
        if not defaults:
            return None
        # The newest counts; of those of one moment, the first by name.
        defaults.sort(key=lambda entry: entry["metadata"]["name"])
        newest = max(defaults, key=lambda entry: entry["metadata"]["creationTimestamp"])
        spec["storageClassName"] = newest["metadata"]["name"]
        return f"storage class {spec['storageClassName']}"
