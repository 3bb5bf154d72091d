"""DefaultTolerationSeconds: a pod stays five minutes on a node that is not ready or unreachable, unless it says otherwise.

Reference: plugin/pkg/admission/defaulttolerationseconds/admission.go.
"""

from typing import TYPE_CHECKING, Any

from core.apiserver.admission.base import PODS, Attempt, Plugin

if TYPE_CHECKING:
    from core.apiserver.batch import Batch

SECONDS = 300
TAINTS = ("node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable")


class DefaultTolerationSeconds(Plugin):
    name = "DefaultTolerationSeconds"
    resources = PODS
    verbs = frozenset({"create", "update"})

    def mutate(self, attempt: Attempt, batch: "Batch") -> str | None:
        assert attempt.obj is not None
        spec = attempt.obj["spec"]
        tolerations: list[dict[str, Any]] = list(spec.get("tolerations") or ())
        missing = [key for key in TAINTS if not any(_covers(entry, key) for entry in tolerations)]
        if not missing:
            return None
        tolerations += [
            {"key": key, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": SECONDS} for key in missing
        ]
        spec["tolerations"] = tolerations
        return f"tolerates {', '.join(missing)} for {SECONDS} s"


def _covers(toleration: dict[str, Any], key: str) -> bool:
    return toleration.get("key") in (key, None, "") and toleration.get("effect") in ("NoExecute", None, "")
