"""How many pods that a selector matches run on each node: counted once, then kept up with every pod that comes or goes.

Spreading and affinity ask this question in every cycle; the real scheduler walks all pods of all nodes for the answer, in
parallel. Here a count that was asked for is remembered, so a cycle costs what it looks at and not what the cluster holds.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from core.scheduler.affinity import PodAffinity, Selector
from core.scheduler.podinfo import PodInfo

REMEMBERED = 256  # counts; the ones not asked for longest go first


@dataclass(slots=True)
class Tally:
    """Matching pods by node name; only nodes with at least one stand in `counts`."""

    namespaces: frozenset[str] | None  # None: all
    selector: Selector
    terminating: bool  # whether pods that are being deleted count
    counts: dict[str, int] = field(default_factory=dict)

    def counts_pod(self, pod: PodInfo) -> bool:
        if self.namespaces is not None and pod.namespace not in self.namespaces:
            return False
        return (self.terminating or not pod.terminating) and self.selector.matches(pod.labels)

    def change(self, node: str, by: int) -> None:
        count = self.counts.get(node, 0) + by
        if count:
            self.counts[node] = count
        else:
            del self.counts[node]


@dataclass(slots=True)
class Tallies:
    """`placed` gives every placed pod with its node, for a count that is asked for the first time."""

    placed: Callable[[], Iterable[tuple[PodInfo, str]]]
    _tallies: dict[tuple[frozenset[str] | None, str, bool], Tally] = field(default_factory=dict)
    affinities: dict[PodAffinity, dict[str, int]] = field(default_factory=dict)
    """Nodes by the affinity their pods have, so that the terms of a template are looked at once, not for each pod."""

    def of(self, namespaces: frozenset[str] | None, selector: Selector, *, terminating: bool) -> dict[str, int]:
        key = (namespaces, selector.text, terminating)
        tally = self._tallies.pop(key, None)
        if tally is None:
            tally = Tally(namespaces, selector, terminating)
            for pod, node in self.placed():
                if tally.counts_pod(pod):
                    tally.change(node, 1)
            if len(self._tallies) >= REMEMBERED:
                del self._tallies[next(iter(self._tallies))]
        self._tallies[key] = tally  # put back at the end: asked for last
        return tally.counts

    def change(self, pod: PodInfo, node: str, by: int) -> None:
        """`pod` came to `node` (1) or left it (-1)."""
        for tally in self._tallies.values():
            if tally.counts_pod(pod):
                tally.change(node, by)
        if pod.affinity is not None:
            nodes = self.affinities.setdefault(pod.affinity, {})
            nodes[node] = nodes.get(node, 0) + by
            if not nodes[node]:
                del nodes[node]
            if not nodes:
                del self.affinities[pod.affinity]
