"""The sentence a user reads when no node was found: how many nodes, and how many for which reason.

`0/5 nodes are available: 1 node(s) had untolerated taint {key: value}, 4 Insufficient cpu.`; as `framework.FitError`.
"""

from collections import Counter
from collections.abc import Iterable, Mapping

from core.scheduler.framework import Status

NO_NODES = "no nodes available to schedule pods"
ABSENT = "node(s) didn't satisfy plugin(s) [{plugins}]"


def unavailable(total: int, reasons: Mapping[str, int]) -> str:
    """`0/3 nodes are available: 1 …, 2 ….` Sorted as text, number first, as the real one does."""
    sentence = f"0/{total} nodes are available:"
    listed = sorted(f"{count} {reason}" for reason, count in reasons.items())
    return f"{sentence} {', '.join(listed)}." if listed else sentence


def histogram(verdicts: Iterable[Status]) -> Counter[str]:
    return Counter(reason for verdict in verdicts for reason in verdict.reasons)
