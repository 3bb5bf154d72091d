"""What the scheduler knows of the cluster: nodes with running totals, and the pods placed on them.

A pod that was given a node is *assumed* there at once, before the API server has heard of it, so the next cycle counts
with it; the informer's news of the binding confirms it, a failed binding forgets it. As `pkg/scheduler/backend/cache`;
there a cycle works on a snapshot taken under a lock, here nothing else runs during a cycle, so the cache is the snapshot.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import zip_longest

from core.kube.objects import Obj
from core.scheduler.nodeinfo import NodeInfo
from core.scheduler.podinfo import PodInfo
from core.scheduler.tallies import Tallies


@dataclass(slots=True)
class Placed:
    info: PodInfo
    node: str
    is_assumed: bool


class Cache:
    """`order` lists the nodes zone by zone in turn, so that a cycle that looks at some of them sees all zones."""

    def __init__(self) -> None:
        self.nodes: dict[str, NodeInfo] = {}
        self.pods: dict[str, Placed] = {}  # by uid
        self.tallies = Tallies(self._placed)
        self.image_nodes: dict[str, int] = {}  # image name → nodes that have it
        self.nominated: dict[str, dict[str, PodInfo]] = {}  # node → pods that were promised room there, by key
        self._order: list[NodeInfo] | None = None

    @property
    def order(self) -> Sequence[NodeInfo]:
        if self._order is None:
            zones: dict[str, list[NodeInfo]] = {}
            for info in self.nodes.values():
                if info.node is not None:
                    zones.setdefault(info.zone, []).append(info)
            rounds = zip_longest(*zones.values())
            self._order = [info for one_of_each in rounds for info in one_of_each if info is not None]
        return self._order

    # Nodes.

    def set_node(self, node: Obj) -> NodeInfo:
        name = node["metadata"]["name"]
        info = self.nodes.get(name)
        if info is None:
            info = self.nodes[name] = NodeInfo(name)
        is_new, zone = info.node is None, info.zone
        self._count_images(info, -1)
        info.set_node(node)
        self._count_images(info, 1)
        if is_new or zone != info.zone:
            self._order = None
        return info

    def remove_node(self, name: str) -> None:
        info = self.nodes[name]
        self._count_images(info, -1)
        self._order = None
        if info.pods:
            info.node, info.images = None, {}  # its pods go when they are deleted
        else:
            del self.nodes[name]

    # Pods.

    def assume(self, info: PodInfo, node: str) -> None:
        self.pods[info.uid] = Placed(info, node, is_assumed=True)
        self._place(info, node)

    def forget(self, uid: str) -> None:
        """The binding failed. Nothing happens when the informer has confirmed it meanwhile: then it took effect."""
        placed = self.pods.get(uid)
        if placed is not None and placed.is_assumed:
            self.remove_pod(uid)

    def confirm(self, pod: Obj) -> bool:
        """The informer shows `pod` on a node; answers whether it was assumed just there."""
        placed = self.pods.get(pod["metadata"]["uid"])
        if placed is None or placed.node != pod["spec"]["nodeName"]:
            return False
        placed.is_assumed = False
        placed.info.pod = pod
        return True

    def add_pod(self, info: PodInfo, node: str) -> None:
        if info.uid in self.pods:
            self.remove_pod(info.uid)
        self.pods[info.uid] = Placed(info, node, is_assumed=False)
        self._place(info, node)

    def remove_pod(self, uid: str) -> Placed | None:
        placed = self.pods.pop(uid, None)
        if placed is not None:
            self._displace(placed.info, placed.node)
            node = self.nodes[placed.node]
            if node.node is None and not node.pods:
                del self.nodes[placed.node]
        return placed

    @contextmanager
    def without(self, victims: Sequence[PodInfo], node: str) -> Iterator[None]:
        """As if `victims` were gone from `node`: what preemption tries."""
        for victim in victims:
            self._displace(victim, node)
        try:
            yield
        finally:
            for victim in victims:
                self._place(victim, node)

    @contextmanager
    def including(self, guests: Sequence[PodInfo], node: str) -> Iterator[None]:
        """As if `guests` ran on `node` already: the pods that were promised room there."""
        for guest in guests:
            self._place(guest, node)
        try:
            yield
        finally:
            for guest in guests:
                self._displace(guest, node)

    # Nominations.

    def nominate(self, info: PodInfo, node: str) -> None:
        self.withdraw(info.key)
        self.nominated.setdefault(node, {})[info.key] = info

    def withdraw(self, key: str) -> None:
        for node, pods in list(self.nominated.items()):
            if pods.pop(key, None) is not None and not pods:
                del self.nominated[node]

    def _placed(self) -> Iterator[tuple[PodInfo, str]]:
        # Through the nodes and not through `pods`: within `without` and `including` the two differ.
        return ((pod, node.name) for node in self.nodes.values() for pod in node.pods.values())

    def _place(self, info: PodInfo, node: str) -> None:
        target = self.nodes.get(node)
        if target is None:
            target = self.nodes[node] = NodeInfo(node)
        target.add(info)
        self.tallies.change(info, node, 1)

    def _displace(self, info: PodInfo, node: str) -> None:
        self.nodes[node].remove(info)
        self.tallies.change(info, node, -1)

    def _count_images(self, info: NodeInfo, by: int) -> None:
        for name in info.images:
            count = self.image_nodes.get(name, 0) + by
            if count:
                self.image_nodes[name] = count
            else:
                del self.image_nodes[name]
