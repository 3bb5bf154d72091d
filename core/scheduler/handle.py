"""What a plugin is given when it is made: the cache, and the other objects it may look up."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.kube.objects import Obj
from core.scheduler.affinity import Selector
from core.scheduler.cache import Cache
from core.scheduler.podinfo import PodInfo

if TYPE_CHECKING:
    from core.scheduler.framework import CycleState, Status
    from core.scheduler.nodeinfo import NodeInfo


@dataclass(slots=True)
class Handle:
    """`lookup(resource, namespace, name)` answers an object or None; `siblings(pod)` selects the pods of its owners."""

    cache: Cache
    lookup: Callable[[str, str, str], Obj | None]
    namespaces: Callable[[], Mapping[str, Mapping[str, str]]]
    """Labels of every namespace, by name."""
    siblings: Callable[[PodInfo], Selector | None]
    budgets: Callable[[], Sequence[Obj]]
    """Every PodDisruptionBudget."""
    refilter: Callable[["CycleState", PodInfo, "NodeInfo"], "Status | None"]
    """Runs PreFilter and the Filter plugins again for one node, in a state of its own: what preemption asks."""
