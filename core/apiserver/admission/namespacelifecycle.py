"""NamespaceLifecycle: nothing is created in a namespace that is not there or is going, and some namespaces never go.

Reference: apiserver `pkg/admission/plugin/namespace/lifecycle/admission.go`.
"""

from typing import TYPE_CHECKING

from core.apiserver.admission.base import Attempt, Plugin
from core.kube.errors import NAMESPACE_TERMINATING, Forbidden, not_found

if TYPE_CHECKING:
    from core.apiserver.batch import Batch

IMMORTAL = frozenset({"default", "kube-system", "kube-public"})
MAY_NOT = "this namespace may not be deleted"
TERMINATING = "unable to create new content in namespace {namespace} because it is being terminated"
BEING_TERMINATED = "namespace {namespace} is being terminated"


class NamespaceLifecycle(Plugin):
    name = "NamespaceLifecycle"
    verbs = frozenset({"create", "delete"})

    def mutate(self, attempt: Attempt, batch: "Batch") -> str | None:
        # Refuses although it mutates nothing: it is asked first, so that a wrong namespace is what a client hears of.
        if attempt.verb == "delete":
            if attempt.row.name == "namespaces" and attempt.name in IMMORTAL:
                raise attempt.forbidden(MAY_NOT)
            return None
        if not attempt.row.namespaced:
            return None
        namespace = batch.find("namespaces", "", attempt.namespace)
        if namespace is None:
            raise not_found("namespaces", attempt.namespace)
        if "deletionTimestamp" in namespace["metadata"]:
            raise _terminating(attempt)
        return None


def _terminating(attempt: Attempt) -> Forbidden:
    error = attempt.forbidden(TERMINATING.format(namespace=attempt.namespace))
    message = BEING_TERMINATED.format(namespace=attempt.namespace)
    error.details["causes"] = [{"reason": NAMESPACE_TERMINATING, "message": message, "field": "metadata.namespace"}]
    return error
