"""The replication manager: ReplicationControllers, the ancestors of ReplicaSets. Owns pods.

Watches ReplicationControllers and pods. Desired against actual as for a ReplicaSet; the selector is a plain map, and the
status has no `terminatingReplicas`. Behaves like the real one's `pkg/controller/replication/replication_controller.go`,
which is an adapter around the ReplicaSet controller too.
"""

from core.controllers.ownership import Matches
from core.controllers.replication import Replication
from core.kube.objects import Obj
from core.kube.requests import service_account
from core.kube.selectors import set_selector


class ReplicationControllerController(Replication):
    name = "replication"
    user = service_account("kube-system", "replication-controller")
    resource = "replicationcontrollers"
    kind = "ReplicationController"
    counts_terminating = False

    def selector(self, owner: Obj) -> Matches:
        return set_selector(owner["spec"].get("selector") or {})
