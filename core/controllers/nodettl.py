"""The TTL controller: tells each kubelet how long it may believe what it has read of ConfigMaps and Secrets. Owns an
annotation.

Watches Nodes. Desired: every Node says `node.alpha.kubernetes.io/ttl`, in seconds that grow with the number of nodes,
so that many kubelets do not ask too often; actual: what its annotation says. The steps overlap: a cluster that gains
and loses one node does not change its mind each time. Behaves like the real one's
`pkg/controller/ttl/ttl_controller.go`.

Simplified: kubelets here read from their informers, and take no note of it.
"""

from typing import NamedTuple

from core.client import Reconciler, Result
from core.client.transport import WatchEvent
from core.kube.objects import Obj
from core.kube.requests import PatchType, service_account

ANNOTATION = "node.alpha.kubernetes.io/ttl"


class Step(NamedTuple):
    """The TTL of a cluster with at least `fewest` nodes, once it has come here, and at most `most`."""

    fewest: int
    most: int
    ttl: int  # seconds


STEPS = (
    Step(0, 100, 0),
    Step(90, 500, 15),
    Step(450, 1000, 30),
    Step(900, 2000, 60),
    Step(1800, 2**31, 300),
)


def next_step(step: int, nodes: int) -> int:
    """The step for so many nodes, coming from `step`."""
    while nodes > STEPS[step].most:
        step += 1
    while nodes < STEPS[step].fewest:
        step -= 1
    return step


class NodeTTLController(Reconciler):
    name = "ttl"
    user = service_account("kube-system", "ttl-controller")

    def start(self) -> None:
        self.step = 0
        self.nodes = self.watch("nodes", self.on_node)

    def on_node(self, event: WatchEvent) -> None:
        if event.type != "DELETED":
            self.enqueue(event.key, event.revision)

    async def reconcile(self, key: str) -> Result | None:
        node: Obj | None = self.nodes.by_key(key)
        if node is None:
            return None
        self.step = next_step(self.step, sum(1 for _ in self.nodes))
        ttl = str(STEPS[self.step].ttl)
        if (node["metadata"].get("annotations") or {}).get(ANNOTATION) == ttl:
            return None
        patch = {"metadata": {"annotations": {ANNOTATION: ttl}}}
        await self.client.patch("nodes", "", key, patch, patch_type=PatchType.STRATEGIC)
        return None
