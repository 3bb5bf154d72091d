"""NodeRestriction: a kubelet changes its own node and the pods on it, and nobody else's.

Together with RBAC's `system:node` it stands for what the Node authorizer adds in the real server; it keeps to what a
kubelet writes here. Reference: plugin/pkg/admission/noderestriction/admission.go.
"""

from typing import TYPE_CHECKING

from core.apiserver.admission.base import Attempt, Plugin

if TYPE_CHECKING:
    from core.apiserver.batch import Batch

NODES, PREFIX = "system:nodes", "system:node:"
LEASE_NAMESPACE = "kube-node-lease"
OTHER_NODE = 'node "{node}" is not allowed to modify node "{name}"'
OTHER_PODS = 'node "{node}" can only {what} with spec.nodeName set to itself'
OTHER_CSI_NODE = "can only access CSINode with the same name as the requesting node"
OTHER_LEASE = "can only access node lease with the same name as the requesting node"


class NodeRestriction(Plugin):
    name = "NodeRestriction"
    resources = frozenset({"nodes", "pods", "leases.coordination.k8s.io", "csinodes.storage.k8s.io"})
    verbs = frozenset({"create", "update", "delete"})
    subresources = frozenset({"", "status", "eviction"})

    def validate(self, attempt: Attempt, batch: "Batch") -> str | None:
        user = attempt.user
        if NODES not in user.groups or not user.name.startswith(PREFIX):
            return None
        node = user.name.removeprefix(PREFIX)
        if attempt.row.name == "nodes":
            if attempt.name != node:
                raise attempt.forbidden(OTHER_NODE.format(node=node, name=attempt.name))
        elif attempt.row.name == "pods":
            pod = attempt.old or attempt.obj or {}
            if (pod.get("spec") or {}).get("nodeName") != node:
                raise attempt.forbidden(OTHER_PODS.format(node=node, what=_what(attempt)))
        elif attempt.row.name == "csinodes.storage.k8s.io":
            if attempt.name != node:
                raise attempt.forbidden(OTHER_CSI_NODE)
        elif attempt.namespace == LEASE_NAMESPACE and attempt.name != node:
            raise attempt.forbidden(OTHER_LEASE)
        return f"is node {node}'s own"


def _what(attempt: Attempt) -> str:
    if attempt.subresource == "status":
        return "update pod status for pods"
    return {"create": "create pods", "update": "update pods", "delete": "delete pods"}[attempt.verb]
