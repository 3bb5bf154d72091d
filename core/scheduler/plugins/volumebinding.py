"""VolumeBinding: a pod's persistent volumes must be reachable from its node, and may have to wait for the choice of it.

A claim that is bound has a volume, and the volume may name the nodes it can be reached from. A claim that is not bound is
either one whose volume comes by itself (`Immediate`): the pod waits until it has; or one that waits for its first consumer
(`WaitForFirstConsumer`): then the scheduler decides where, writes the node into the claim
(`volume.kubernetes.io/selected-node`), and the pod is bound once the claim is.

Simplified: the real plugin holds the pod assumed on its node while the volume is made. Here it goes back into the queue,
and the node written into the claim holds the decision; so nothing is lost if the scheduler dies meanwhile. Capacities of
storage are not tracked.
"""

from collections.abc import Iterator

from core.client import Client
from core.kube.nodeselectors import node_terms
from core.kube.objects import Obj, annotations_of, is_deleting
from core.kube.storage import SELECTED_NODE, class_of
from core.scheduler.events import NODE, VOLUME, Action, Interest
from core.scheduler.framework import SKIP, Code, CycleState, Filter, PreBind, PreFilter, Status
from core.scheduler.handle import Handle
from core.scheduler.nodeinfo import NodeInfo
from core.scheduler.podinfo import PodInfo

NOT_FOUND = 'persistentvolumeclaim "{claim}" not found'
BEING_DELETED = 'persistentvolumeclaim "{claim}" is being deleted'
LOST = 'persistentvolumeclaim "{claim}" bound to non-existent persistentvolume "{volume}"'
UNBOUND_IMMEDIATE = "pod has unbound immediate PersistentVolumeClaims"
NODE_CONFLICT = "node(s) didn't match PersistentVolume's node affinity"
BINDING = "waiting for PersistentVolumeClaims to be bound"

CLAIMS, VOLUMES, CLASSES = "persistentvolumeclaims", "persistentvolumes", "storageclasses.storage.k8s.io"


class VolumeBinding(PreFilter, Filter, PreBind):
    name = "VolumeBinding"
    interests = (Interest(VOLUME, Action.ADD), Interest(NODE, Action.ADD | Action.LABELS))
    CONFLICT = Status(Code.UNRESOLVABLE, (NODE_CONFLICT,), name)

    def __init__(self, handle: Handle) -> None:
        self.handle = handle

    def pre_filter(self, state: CycleState, pod: PodInfo) -> Status | None:
        names = list(claim_names(pod))
        if not names:
            return SKIP
        volumes: list[Obj] = []
        waiting: list[Obj] = []
        for name in names:
            claim = self.handle.lookup(CLAIMS, pod.namespace, name)
            if claim is None:
                return self._rejected(NOT_FOUND.format(claim=name))
            if is_deleting(claim):
                return self._rejected(BEING_DELETED.format(claim=name))
            if _is_bound(claim):
                volume_name = claim["spec"]["volumeName"]
                volume = self.handle.lookup(VOLUMES, "", volume_name)
                if volume is None:
                    return self._rejected(LOST.format(claim=name, volume=volume_name))
                volumes.append(volume)
            elif self._waits_for_consumer(claim):
                waiting.append(claim)
            else:
                return self._rejected(UNBOUND_IMMEDIATE)
        state.data[self.name] = (volumes, waiting)
        return None

    def filter(self, state: CycleState, pod: PodInfo, node: NodeInfo) -> Status | None:
        volumes, waiting = state.data[self.name]
        if all(_is_reachable(volume, node) for volume in volumes) and all(
            annotations_of(claim).get(SELECTED_NODE, node.name) == node.name for claim in waiting
        ):
            return None
        return self.CONFLICT

    async def pre_bind(self, client: Client, state: CycleState, pod: PodInfo, node: str) -> Status | None:
        _, waiting = state.data.get(self.name, ((), ()))
        if not waiting:
            return None
        patch = {"metadata": {"annotations": {SELECTED_NODE: node}}}
        for claim in waiting:
            if annotations_of(claim).get(SELECTED_NODE) != node:
                await client.patch(CLAIMS, pod.namespace, claim["metadata"]["name"], patch)
        return Status(Code.UNSCHEDULABLE, (BINDING,), self.name)

    def _rejected(self, why: str) -> Status:
        return Status(Code.UNRESOLVABLE, (why,), self.name)

    def _waits_for_consumer(self, claim: Obj) -> bool:
        storage_class = self.handle.lookup(CLASSES, "", class_of(claim))
        return storage_class is not None and storage_class.get("volumeBindingMode") == "WaitForFirstConsumer"


def claim_names(pod: PodInfo) -> Iterator[str]:
    """The claims a pod uses; an ephemeral volume's claim is named after pod and volume."""
    for volume in pod.spec.get("volumes") or ():
        if "persistentVolumeClaim" in volume:
            yield volume["persistentVolumeClaim"]["claimName"]
        elif "ephemeral" in volume:
            yield f"{pod.pod['metadata']['name']}-{volume['name']}"


def _is_bound(claim: Obj) -> bool:
    return bool(claim["spec"].get("volumeName")) and (claim.get("status") or {}).get("phase") == "Bound"


def _is_reachable(volume: Obj, node: NodeInfo) -> bool:
    required = (volume["spec"].get("nodeAffinity") or {}).get("required")
    return required is None or any(
        term.matches(node.labels, node.name) for term in node_terms(required["nodeSelectorTerms"])
    )
