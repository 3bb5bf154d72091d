"""A profile: the plugins made and sorted by extension point. It calls them; what their answers mean is `scheduling.py`'s."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from core.scheduler.events import Interest
from core.scheduler.framework import (
    Bind,
    Code,
    CycleState,
    Filter,
    Permit,
    Plugin,
    PostBind,
    PostFilter,
    PreBind,
    PreEnqueue,
    PreFilter,
    PreScore,
    QueueSort,
    Reserve,
    Score,
    Status,
)
from core.scheduler.handle import Handle
from core.scheduler.nodeinfo import NodeInfo
from core.scheduler.plugins import REGISTRY
from core.scheduler.podinfo import PodInfo

Point = TypeVar("Point", bound=Plugin)


@dataclass(frozen=True, slots=True)
class PluginScores:
    """What one plugin gave each node, in the order of the nodes: raw, and brought to 0 … 100."""

    plugin: str
    weight: int
    raw: list[int]
    normalized: list[int]

    def of(self, index: int) -> list[int]:
        """`[raw, normalised, weighted]` of one node."""
        return [self.raw[index], self.normalized[index], self.normalized[index] * self.weight]


class Profile:
    """The default profile, for pods with `schedulerName: default-scheduler`."""

    def __init__(self, handle: Handle, registry: dict[Any, int] = REGISTRY) -> None:
        handle.refilter = self.refilter
        self.plugins: list[Plugin] = [make(handle) for make in registry]
        self.weights = {plugin.name: weight for plugin, weight in zip(self.plugins, registry.values(), strict=True)}
        self.pre_enqueues = self._at(PreEnqueue)
        (self.queue_sort,) = self._at(QueueSort)
        self.pre_filters = self._at(PreFilter)
        self.filters = self._at(Filter)
        self.post_filters = self._at(PostFilter)
        self.pre_scores = self._at(PreScore)
        self.scores = self._at(Score)
        self.reserves = self._at(Reserve)
        self.permits = self._at(Permit)
        self.pre_binds = self._at(PreBind)
        self.binds = self._at(Bind)
        self.post_binds = self._at(PostBind)
        self.interests: dict[str, tuple[Interest, ...]] = {plugin.name: plugin.interests for plugin in self.plugins}

    def pre_enqueue(self, pod: PodInfo) -> Status | None:
        for plugin in self.pre_enqueues:
            status = plugin.pre_enqueue(pod)
            if status is not None:
                return status
        return None

    def pre_filter(self, state: CycleState, pod: PodInfo) -> Status | None:
        for plugin in self.pre_filters:
            status = plugin.pre_filter(state, pod)
            if status is not None:
                if status.code is not Code.SKIP:
                    return status
                state.skip_filter.add(plugin.name)
        return None

    def filters_for(self, state: CycleState) -> list[Filter]:
        """The Filter plugins that have something to say about this pod."""
        return [plugin for plugin in self.filters if plugin.name not in state.skip_filter]

    def refilter(self, state: CycleState, pod: PodInfo, node: NodeInfo) -> Status | None:
        """PreFilter and Filter anew for one node: the cache was changed to ask "what if"."""
        fresh = CycleState()
        status = self.pre_filter(fresh, pod)
        for plugin in self.filters_for(fresh):
            status = status or plugin.filter(fresh, pod, node)
        return status

    def score(self, state: CycleState, pod: PodInfo, nodes: Sequence[NodeInfo]) -> tuple[list[int], list[PluginScores]]:
        """The weighted sum for each node, and how it came about."""
        for preparing in self.pre_scores:
            status = preparing.pre_score(state, pod, nodes)
            if status is not None and status.code is Code.SKIP:
                state.skip_score.add(preparing.name)
        totals = [0] * len(nodes)
        detail: list[PluginScores] = []
        for plugin in self.scores:
            if plugin.name in state.skip_score:
                continue
            weight = self.weights[plugin.name]
            raw = plugin.score(state, pod, nodes)
            normalized = plugin.normalize(state, nodes, raw)
            totals = [total + score * weight for total, score in zip(totals, normalized, strict=True)]
            detail.append(PluginScores(plugin.name, weight, raw, normalized))
        return totals, detail

    def reserve(self, state: CycleState, pod: PodInfo, node: str) -> Status | None:
        """Reserve, then Permit; whoever rejects, everything reserved is given back."""
        for plugin in self.reserves:
            status = plugin.reserve(state, pod, node)
            if status is not None:
                self.unreserve(state, pod, node)
                return status
        for permit in self.permits:
            status = permit.permit(state, pod, node)
            if status is not None:
                self.unreserve(state, pod, node)
                return status
        return None

    def unreserve(self, state: CycleState, pod: PodInfo, node: str) -> None:
        for plugin in reversed(self.reserves):
            plugin.unreserve(state, pod, node)

    def _at(self, point: type[Point]) -> list[Point]:
        return [plugin for plugin in self.plugins if isinstance(plugin, point)]
