"""How long ago, as kubectl writes it: the two largest units that say something (`2m12s`, `3h5m`, `5d`).

The steps are those of apimachinery's `duration.HumanDuration`: a table of limits, each with its units.
"""

import math
from typing import Any

from core.kube.times import parse_timestamp

UNKNOWN = "<unknown>"
INVALID = "<invalid>"

MINUTE, HOUR, DAY = 60, 3600, 86_400
YEAR = 365 * DAY

# Below this many seconds: count in the first unit, and the rest in the second where there is one.
STEPS: tuple[tuple[float, tuple[int, str], tuple[int, str] | None], ...] = (
    (2 * MINUTE, (1, "s"), None),
    (10 * MINUTE, (MINUTE, "m"), (1, "s")),
    (3 * HOUR, (MINUTE, "m"), None),
    (8 * HOUR, (HOUR, "h"), (MINUTE, "m")),
    (2 * DAY, (HOUR, "h"), None),
    (8 * DAY, (DAY, "d"), (HOUR, "h")),
    (2 * YEAR, (DAY, "d"), None),
    (8 * YEAR, (YEAR, "y"), (DAY, "d")),
    (math.inf, (YEAR, "y"), None),
)


def human(seconds: float) -> str:
    """`seconds` as kubectl prints an age."""
    whole = int(seconds)
    if whole < -1:
        return INVALID
    whole = max(whole, 0)
    (size, letter), second = next((first, second) for limit, first, second in STEPS if whole < limit)
    text = f"{whole // size}{letter}"
    if second and (rest := whole % size // second[0]):
        text += f"{rest}{second[1]}"
    return text


def since(timestamp: Any, now: float) -> str:
    """The age of something that has the wire timestamp `timestamp`, or `<unknown>`."""
    if not timestamp:
        return UNKNOWN
    try:
        return human(now - parse_timestamp(timestamp))
    except (ValueError, AttributeError):
        return UNKNOWN
