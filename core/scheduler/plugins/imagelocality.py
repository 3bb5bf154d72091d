"""ImageLocality: prefers nodes that have the pod's images, by size.

An image counts by its size times the share of nodes that have it: an image on one node only would otherwise draw all pods
of it to that node. From 23 MB (0) to 1000 MB a container (100).
"""

from collections.abc import Sequence

from core.scheduler.framework import SCORE_MAX, SKIP, CycleState, PreScore, Score, Status
from core.scheduler.handle import Handle
from core.scheduler.nodeinfo import NodeInfo
from core.scheduler.podinfo import PodInfo

MB = 1024 * 1024
LEAST = 23 * MB
MOST_PER_CONTAINER = 1000 * MB


def normalized(image: str) -> str:
    """As a node lists it: with a tag. `nginx` is `nginx:latest`."""
    return image if ":" in image.rpartition("/")[2] else f"{image}:latest"


class ImageLocality(PreScore, Score):
    name = "ImageLocality"

    def __init__(self, handle: Handle) -> None:
        self.handle = handle

    def pre_score(self, state: CycleState, pod: PodInfo, nodes: Sequence[NodeInfo]) -> Status | None:
        known = self.handle.cache.image_nodes
        images = [(image, known[image]) for image in map(normalized, pod.images) if image in known]
        if not images:
            return SKIP  # no node has any: all score the same
        state.data[self.name] = (images, len(pod.images), len(self.handle.cache.order))
        return None

    def score(self, state: CycleState, pod: PodInfo, nodes: Sequence[NodeInfo]) -> list[int]:
        images, containers, total_nodes = state.data[self.name]
        most = MOST_PER_CONTAINER * containers
        scores = []
        for node in nodes:
            held = sum(
                int(node.images[image] * (having / total_nodes)) for image, having in images if image in node.images
            )
            scores.append(SCORE_MAX * (min(max(held, LEAST), most) - LEAST) // (most - LEAST))
        return scores
