"""The scheduling framework: one small interface per extension point, and the values that travel between them.

A plugin is a class that meets some of these interfaces; a profile (`profile.py`) calls every plugin that meets one, in the
order of the registry (`plugins/__init__.py`). The points, in the order of a pod's way:

    PreEnqueue → QueueSort → PreFilter → Filter → (PostFilter) → PreScore → Score, Normalize
               → Reserve → Permit → PreBind → Bind → PostBind

As `k8s.io/kube-scheduler/framework/interface.go`, with three differences. Score is asked for all nodes in one call, since
in Python a call costs more than the arithmetic in it. PreBind and Bind are coroutines: they alone talk to the API server.
Permit can admit or reject, not wait: none of the default plugins waits, and gang scheduling is not simulated.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from core.client import Client
    from core.scheduler.events import Interest
    from core.scheduler.nodeinfo import NodeInfo
    from core.scheduler.podinfo import PodInfo

SCORE_MAX = 100


class Code(StrEnum):
    """What a plugin's answer causes. Success is `None`, since it is by far the most frequent answer."""

    UNSCHEDULABLE = "Unschedulable"  # not now; evicting other pods might help
    UNRESOLVABLE = "UnschedulableAndUnresolvable"  # not now, and no eviction would help
    SKIP = "Skip"  # from PreFilter and PreScore: this plugin has nothing to say about this pod


@dataclass(frozen=True, slots=True)
class Status:
    """An answer other than success. `reasons` are what the user reads; `plugin` says whom to wake the pod for."""

    code: Code
    reasons: tuple[str, ...] = ()
    plugin: str = ""


SKIP = Status(Code.SKIP)


@dataclass(slots=True)
class CycleState:
    """Scratch data of one pod's cycle: what a plugin prepared for its own later points lives here, never on the plugin."""

    data: dict[str, Any] = field(default_factory=dict)
    skip_filter: set[str] = field(default_factory=set)
    skip_score: set[str] = field(default_factory=set)
    only: frozenset[str] | None = None
    """Names of the only nodes worth looking at, when a PreFilter could tell; `only_by` are the plugins that could."""
    only_by: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Nomination:
    """What PostFilter achieved: evict `victims` from `node`, and the pod will fit there once they are gone."""

    node: str
    victims: tuple["PodInfo", ...]


class Plugin:
    """Base of all plugins. `interests` are the cluster events that may make a pod this plugin rejected schedulable."""

    name: ClassVar[str]
    interests: ClassVar[tuple["Interest", ...]] = ()


class PreEnqueue(Plugin):
    """Before a pod may enter the active queue. Rejected: it waits, untried, until an update of the pod."""

    def pre_enqueue(self, pod: "PodInfo") -> Status | None:
        raise NotImplementedError


class QueueSort(Plugin):
    """Which pod is tried first: the smaller key. Exactly one plugin has this."""

    def sort_key(self, pod: "PodInfo", since: float) -> tuple[float, ...]:
        raise NotImplementedError


class PreFilter(Plugin):
    """Once per cycle, before any node is looked at. A rejection ends the cycle; SKIP leaves this plugin's Filter out."""

    def pre_filter(self, state: CycleState, pod: "PodInfo") -> Status | None:
        raise NotImplementedError


class Filter(Plugin):
    """Can the pod run on this node? The first rejection ends the question for the node."""

    def filter(self, state: CycleState, pod: "PodInfo", node: "NodeInfo") -> Status | None:
        raise NotImplementedError


class PostFilter(Plugin):
    """When no node was left: try to make room. The reasons of a Status become the end of the message the user reads.

    UNRESOLVABLE: nothing can be done, and a node promised to the pod earlier is no longer; UNSCHEDULABLE: it still may be.
    """

    def post_filter(self, state: CycleState, pod: "PodInfo", verdicts: Mapping[str, Status]) -> Nomination | Status:
        raise NotImplementedError


class PreScore(Plugin):
    """Once per cycle, with the nodes that passed. SKIP leaves this plugin's Score out."""

    def pre_score(self, state: CycleState, pod: "PodInfo", nodes: Sequence["NodeInfo"]) -> Status | None:
        raise NotImplementedError


class Score(Plugin):
    """How good is each node? `score` answers raw numbers, `normalize` brings them to 0 … 100; then the weight counts."""

    def score(self, state: CycleState, pod: "PodInfo", nodes: Sequence["NodeInfo"]) -> list[int]:
        raise NotImplementedError

    def normalize(self, state: CycleState, nodes: Sequence["NodeInfo"], scores: list[int]) -> list[int]:
        return scores


class Reserve(Plugin):
    """The pod is assumed on the node: claim what belongs to it; `unreserve` gives it back when anything later fails."""

    def reserve(self, state: CycleState, pod: "PodInfo", node: str) -> Status | None:
        raise NotImplementedError

    def unreserve(self, state: CycleState, pod: "PodInfo", node: str) -> None:
        raise NotImplementedError


class Permit(Plugin):
    """The last word before binding."""

    def permit(self, state: CycleState, pod: "PodInfo", node: str) -> Status | None:
        raise NotImplementedError


class PreBind(Plugin):
    """What must be written before the pod is bound. May raise ApiError: the pod is tried again."""

    async def pre_bind(self, client: "Client", state: CycleState, pod: "PodInfo", node: str) -> Status | None:
        raise NotImplementedError


class Bind(Plugin):
    """Tells the API server. May raise ApiError: the pod is tried again. The first plugin that binds is the only one."""

    async def bind(self, client: "Client", pod: "PodInfo", node: str) -> None:
        raise NotImplementedError


class PostBind(Plugin):
    """After success, for tidying up."""

    def post_bind(self, state: CycleState, pod: "PodInfo", node: str) -> None:
        raise NotImplementedError


def normalize_to_max(scores: list[int], *, reverse: bool = False) -> list[int]:
    """Scale so that the greatest is 100; `reverse` when less is better. As `helper.DefaultNormalizeScore`."""
    most = max(scores, default=0)
    if most == 0:
        return [SCORE_MAX] * len(scores) if reverse else scores
    if reverse:
        return [SCORE_MAX - SCORE_MAX * score // most for score in scores]
    return [SCORE_MAX * score // most for score in scores]
