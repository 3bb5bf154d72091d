"""Which pods go first when there are too many: the order of the real `ActivePodsWithRanks` (controller_utils.go).

A pod comes before another if, by the first difference: it is not assigned to a node; its phase is earlier (Pending before
Unknown before Running); it is not ready; its annotation `controller.kubernetes.io/pod-deletion-cost` is lower; more pods
of the same workload share its node; it became ready later; it restarted more; it is younger. Times are compared on a
logarithmic scale, as the real one does since 1.21, so that among pods of about one age the choice falls by uid.
"""

from collections import Counter
from collections.abc import Iterable
from math import inf, log10
from typing import Any

from core.controllers.podstate import node_of, phase_of, restarts_of
from core.kube.numbers import count
from core.kube.objects import Obj, annotations_of, condition
from core.kube.pods import is_ready
from core.kube.times import parse_timestamp

DELETION_COST = "controller.kubernetes.io/pod-deletion-cost"
COST_MAX = 2**31 - 1
PHASES = {"Pending": 0, "Unknown": 1, "Running": 2}


def victims(pods: list[Obj], count: int, neighbours: Iterable[Obj], now: float) -> list[Obj]:
    """The `count` pods to delete first. `neighbours` are all pods that make a node crowded for this workload."""
    if count >= len(pods):
        return list(pods)
    crowd = Counter(node_of(pod) for pod in neighbours)
    return sorted(pods, key=lambda pod: rank(pod, crowd[node_of(pod)], now))[:count]


def rank(pod: Obj, crowd: int, now: float) -> tuple[Any, ...]:
    """The smaller, the earlier it goes."""
    ready = is_ready(pod)
    ready_for: float = 0.0
    if ready:
        found = condition(pod, "Ready")
        assert found is not None
        ready_for = now - parse_timestamp(found["lastTransitionTime"])
    age = now - parse_timestamp(pod["metadata"]["creationTimestamp"])
    return (
        bool(node_of(pod)),
        PHASES.get(phase_of(pod), 2),
        ready,
        deletion_cost(pod),
        -crowd,
        magnitude(ready_for),
        -restarts_of(pod),
        magnitude(age),
        pod["metadata"]["uid"],
    )


def magnitude(seconds: float) -> float:
    """Ages count by their power of two; a zero time comes first."""
    return int(log10(seconds) / log10(2)) if seconds >= 1 else -inf


def deletion_cost(pod: Obj) -> int:
    """An unreadable cost counts as none, as the real one treats what validation should have refused."""
    text = annotations_of(pod).get(DELETION_COST, "0")
    cost = count(text.removeprefix("-"), COST_MAX) or 0
    return -cost if text.startswith("-") else cost
