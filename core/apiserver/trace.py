"""What each stage of a request's way said: the lines the inspector shows and the journal keeps.

A line is (stage, verdict, who, microseconds since the line before). The stopwatch is handed in: a driven cluster uses one
that stands still, so that the same seed and inputs give the same journal byte for byte.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from core.kube.requests import Request

Stopwatch = Callable[[], int]  # nanoseconds from any origin

RING = 200  # requests the inspector can look back on
JOURNALED_MAX = 50  # requests journaled of one critical section


def standing() -> int:
    """A stopwatch that stands still."""
    return 0


class Line(NamedTuple):
    stage: str
    verdict: str
    who: str
    micros: int


@dataclass(slots=True)
class Trace:
    """The way of one request. `code` and `message` are what was answered."""

    request: Request
    stopwatch: Stopwatch = standing
    time: float = 0.0  # virtual seconds
    lines: list[Line] = field(default_factory=list)
    code: int = 0
    message: str = ""
    _last: int = 0

    def __post_init__(self) -> None:
        self._last = self.stopwatch()

    def note(self, stage: str, verdict: str, who: str = "") -> None:
        """`stage` said `verdict`; `who` is the plugin, rule or user it was said by or about."""
        now = self.stopwatch()
        self.lines.append(Line(stage, verdict, who, (now - self._last) // 1000))
        self._last = now

    @property
    def micros(self) -> int:
        return sum(line.micros for line in self.lines)

    def to_json(self) -> dict[str, Any]:
        """As journaled (kind `request`) and as the inspector receives it."""
        request = self.request
        data = {
            "verb": request.verb,
            "resource": request.resource,
            "subresource": request.subresource,
            "namespace": request.namespace,
            "name": request.name,
            "code": self.code,
            "stages": [list(line) for line in self.lines],
            "micros": self.micros,
        }
        return data | {"message": self.message} if self.message else data


class Ring(deque[Trace]):
    """The newest traces of this process, newest last."""

    def __init__(self) -> None:
        super().__init__(maxlen=RING)
