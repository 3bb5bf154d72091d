"""What a container uses at a moment: a function of its behaviour and the time, so that asking twice gives the same answer.

Cpu sways about the behaviour's idle value with a period and phase of the container's own; memory climbs to its plateau in
the first half minute and then grows as the behaviour says, up to the limit. No process is measured, since none runs.
"""

import math
from dataclasses import dataclass

from core.runtime.disk import Record
from core.runtime.workloads import MIB, Behaviour

WARM_UP = 30.0  # seconds until memory reaches its plateau
SWAY = 0.25  # of the cpu's idle value


@dataclass(frozen=True, slots=True)
class Usage:
    """Millicores and bytes (working set)."""

    cpu_millis: float
    memory_bytes: int


def usage(container: Record, does: Behaviour, now: float, memory_limit: float | None = None) -> Usage:
    """Zero unless it runs."""
    started, ends = container["started_at"], container["exits_at"]
    if started is None or now < started or (ends is not None and now >= ends):
        return Usage(0.0, 0)
    age = now - started
    seed = int(container["id"][:4], 16)
    cpu = does.cpu_millis * (1 + SWAY * math.sin(2 * math.pi * (now / (60 + seed % 60) + seed / 65536)))
    plateau = does.memory_mib * (0.7 + 0.3 * min(age / WARM_UP, 1.0))
    memory = int((plateau + does.memory_growth * age) * MIB)
    return Usage(round(cpu, 3), memory if memory_limit is None else min(memory, int(memory_limit)))
