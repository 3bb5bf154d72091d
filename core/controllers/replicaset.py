"""The ReplicaSet controller: keeps `spec.replicas` pods of one template alive. Owns pods.

Watches ReplicaSets and pods. Desired: as many active pods as the spec says, all matching the selector; actual: those whose
controller it is. See `replication` for how the difference is made good. Behaves like the real one's
`pkg/controller/replicaset/replica_set.go`.
"""

from collections.abc import Iterable

from core.controllers.podstate import is_active
from core.controllers.replication import Replication
from core.kube.objects import Obj, controller_of
from core.kube.requests import service_account


class ReplicaSetController(Replication):
    name = "replicaset"
    user = service_account("kube-system", "replicaset-controller")
    resource = "replicasets.apps"
    kind = "ReplicaSet"

    def neighbours(self, owner: Obj, pods: list[Obj]) -> list[Obj]:
        """A rollout scales one ReplicaSet down while its siblings grow, so pods of all of a Deployment's sets count."""
        workload = controller_of(owner)
        if workload is None:
            return pods
        siblings: Iterable[Obj] = self.sets.indexed("controller_uid", workload["uid"])
        return [
            pod
            for sibling in siblings
            for pod in self.pods.indexed("controller_uid", sibling["metadata"]["uid"])
            if is_active(pod)
        ]
