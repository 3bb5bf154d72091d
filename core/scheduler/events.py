"""What happens in the cluster, as far as a waiting pod may care, and which plugin cares about what (queueing hints).

A pod that did not fit waits in the unschedulable queue, with the names of the plugins that rejected it. When something
changes, only pods whose rejecting plugin registered an interest in such a change are looked at, and if the interest has a
hint function, it is asked whether this change could help this pod. As `framework.ClusterEventWithHint`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Flag, auto
from typing import TYPE_CHECKING

from core.kube.objects import Obj

if TYPE_CHECKING:
    from core.scheduler.podinfo import PodInfo


class Action(Flag):
    """How an object changed."""

    NONE = 0
    ADD = auto()
    DELETE = auto()
    ALLOCATABLE = auto()  # a node's allocatable resources
    LABELS = auto()
    TAINTS = auto()  # a node's taints, or whether it is cordoned
    TOLERATIONS = auto()  # a waiting pod tolerates more
    SCALE_DOWN = auto()  # a pod asks for less
    GATES = auto()  # a waiting pod's scheduling gates were taken away
    SPEC = auto()  # anything else in the spec


NODE = "node"
ASSIGNED_POD = "assigned pod"
THIS_POD = "this pod"
VOLUME = "volume"


@dataclass(frozen=True, slots=True)
class ClusterEvent:
    """One change. `old` and `new` as an informer gives them."""

    subject: str
    action: Action
    old: Obj | None = None
    new: Obj | None = None


Hint = Callable[["PodInfo", ClusterEvent], bool]


@dataclass(frozen=True, slots=True)
class Interest:
    """Changes that may help a pod one plugin rejected; without a `hint`, each of them does."""

    subject: str
    actions: Action
    hint: Hint | None = None

    def concerns(self, pod: "PodInfo", event: ClusterEvent) -> bool:
        if event.subject != self.subject or not event.action & self.actions:
            return False
        return self.hint is None or self.hint(pod, event)
