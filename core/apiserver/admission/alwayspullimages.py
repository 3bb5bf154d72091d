"""AlwaysPullImages: every container pulls its image anew, so that having it on the node gives nobody the right to run it.

Off by default, as in the real server. Reference: plugin/pkg/admission/alwayspullimages/admission.go.
"""

from typing import TYPE_CHECKING

from core.apiserver.admission.base import PODS, Attempt, Plugin

if TYPE_CHECKING:
    from core.apiserver.batch import Batch


class AlwaysPullImages(Plugin):
    name = "AlwaysPullImages"
    resources = PODS
    verbs = frozenset({"create", "update"})
    on_by_default = False

    def mutate(self, attempt: Attempt, batch: "Batch") -> str | None:
        assert attempt.obj is not None
        spec = attempt.obj["spec"]
        for container in (*(spec.get("initContainers") or ()), *(spec.get("containers") or ())):
            container["imagePullPolicy"] = "Always"
        return "set imagePullPolicy Always"
