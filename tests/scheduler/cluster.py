"""A scheduler without an API server: nodes and placed pods go straight into its cache, `decide` runs one cycle."""

from collections.abc import Iterable, Mapping

from core.kube.objects import Obj
from core.scheduler.affinity import Selector, label_selector
from core.scheduler.cache import Cache
from core.scheduler.handle import Handle
from core.scheduler.podinfo import PodInfo, pod_info
from core.scheduler.profile import Profile
from core.scheduler.scheduling import Cycle, Decision
from tests.builders import NodeBuilder, PodBuilder, make_node


class Cluster:
    """`siblings`: labels by which the default spreading selects; `objects` are what plugins look up."""

    def __init__(
        self,
        nodes: int | Iterable[NodeBuilder] = 3,
        placed: Iterable[PodBuilder] = (),
        *,
        siblings: Mapping[str, str] | None = None,
        namespaces: Mapping[str, Mapping[str, str]] | None = None,
        budgets: Iterable[Obj] = (),
        objects: Mapping[tuple[str, str, str], Obj] | None = None,
    ) -> None:
        self.cache = Cache()
        found = objects or {}
        selector: Selector | None = label_selector({"matchLabels": dict(siblings)}) if siblings else None
        self.handle = Handle(
            cache=self.cache,
            lookup=lambda resource, namespace, name: found.get((resource, namespace, name)),
            namespaces=lambda: namespaces or {"default": {}},
            siblings=lambda pod: selector,
            budgets=lambda: list(budgets),
            refilter=lambda state, pod, node: None,
        )
        self.profile = Profile(self.handle)
        self.cycle = Cycle(self.profile, self.cache)
        builders = [make_node(f"node-{number}") for number in range(1, nodes + 1)] if isinstance(nodes, int) else nodes
        for builder in builders:
            self.cache.set_node(builder.obj())
        for pod in placed:
            self.place(pod)

    def place(self, pod: PodBuilder) -> PodInfo:
        info = pod_info(pod.obj())
        self.cache.add_pod(info, info.spec["nodeName"])
        return info

    def decide(self, pod: PodBuilder) -> Decision:
        return self.cycle.decide(pod_info(pod.obj()))

    def schedule(self, pod: PodBuilder) -> str:
        """Decide, and count the pod on its node."""
        decision = self.decide(pod)
        if decision.winner:
            self.cache.assume(decision.pod, decision.winner)
        return decision.winner

    def fits(self, pod: PodBuilder) -> list[str]:
        """The nodes that pass every filter."""
        return sorted(node.name for node in self.decide(pod).feasible)

    def why(self, pod: PodBuilder) -> dict[str, str]:
        """The reason for each node that does not."""
        return {name: ", ".join(status.reasons) for name, status in sorted(self.decide(pod).verdicts.items())}

    def scores(self, pod: PodBuilder, plugin: str) -> dict[str, int]:
        """What `plugin` gives each node, normalised."""
        decision = self.decide(pod)
        scores = decision.scores_of(range(len(decision.feasible)))
        return {name: by_plugin[plugin][1] for name, by_plugin in sorted(scores.items())}
