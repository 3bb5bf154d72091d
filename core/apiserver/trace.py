"""What each stage of a request's way said: the lines the inspector shows and the journal keeps.

A line is (stage, verdict, who, microseconds since the line before). The stopwatch is handed in: a driven cluster uses one
that stands still, so that the same seed and inputs give the same journal byte for byte.
"""

from collections import deque
from collections.abc import Callable
from copy import copy
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from core.kube.requests import Request

Stopwatch = Callable[[], int]  # nanoseconds from any origin

RING = 200  # requests that are remembered
MESSAGE_MAX = 2_000  # characters of an answer's message that are kept: some repeat what a client sent
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

    def conclude(self, code: int, message: str = "") -> None:
        """Note what was answered."""
        self.code = code
        self.message = message if len(message) <= MESSAGE_MAX else f"{message[:MESSAGE_MAX]}…"

    def without_body(self) -> "Trace":
        """The same, without what the client sent and what it was warned of: hundreds of traces outlive their requests."""
        kept = copy(self)
        kept.request = replace(self.request, body=None, duplicates=(), warnings=[])
        return kept

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
    """The newest traces of this process, newest last, without the bodies of their requests."""

    def __init__(self) -> None:
        super().__init__(maxlen=RING)

    def append(self, trace: Trace) -> None:
        super().append(trace.without_body())
