"""TaintNodesByCondition: a new node is not ready, so nothing is scheduled to it until the node controller says it is.

Off by default, unlike in the real server: a kubelet here registers its node and reports it ready in one breath.
Reference: plugin/pkg/admission/nodetaint/admission.go.
"""

from typing import TYPE_CHECKING

from core.apiserver.admission.base import Attempt, Plugin

if TYPE_CHECKING:
    from core.apiserver.batch import Batch

NOT_READY = {"key": "node.kubernetes.io/not-ready", "effect": "NoSchedule"}


class TaintNodesByCondition(Plugin):
    name = "TaintNodesByCondition"
    resources = frozenset({"nodes"})
    on_by_default = False

    def mutate(self, attempt: Attempt, batch: "Batch") -> str | None:
        assert attempt.obj is not None
        spec = attempt.obj.setdefault("spec", {})
        taints = spec.get("taints") or []
        if NOT_READY in taints:
            return None
        spec["taints"] = [*taints, dict(NOT_READY)]
        return f"tainted {NOT_READY['key']}:{NOT_READY['effect']}"
