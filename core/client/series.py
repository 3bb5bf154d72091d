"""Events in the form of events.k8s.io, as the scheduler writes them: when something happened, and by which action.

They have an `eventTime` and an `action` where those of `recorder` have two timestamps and a `count`. The same thing done
again within six minutes makes a series of the Event rather than a new one, whatever is said of it; a series is counted in
memory and written when it begins and every half hour. As client-go `tools/events`, with its own clock in `agenda`.
"""

from dataclasses import dataclass
from typing import Any

from core.client.agenda import Agenda
from core.client.recorder import REMEMBERED_MAX, Recorder, Send
from core.kube.objects import Obj
from core.kube.requests import PatchType, Request, User
from core.kube.times import micro_timestamp

SERIES_FOR = 360.0  # seconds; finishTime
REFRESH = 1800.0  # seconds; refreshTime


@dataclass(slots=True)
class Series:
    """What was done again and again: its Event, how often, when last, and when that was written last."""

    name: str
    count: int
    last: float
    written: float


class SeriesRecorder(Recorder):
    """Records events of one component; `host` is where the instance of it that reports runs."""

    def __init__(self, component: str, user: User, agenda: Agenda, send: Send, host: str = "") -> None:
        super().__init__(component, user, agenda, send, host)
        self._series: dict[tuple[Any, ...], Series] = {}

    def did(
        self, obj: Obj, reason: str, action: str, note: str, *, warning: bool = False, related: Obj | None = None
    ) -> None:
        """`action`: what was done, or tried, to `obj` (and to `related`), in one word."""
        kind = "Warning" if warning else "Normal"
        meta, now = obj["metadata"], self.agenda.now
        namespace = meta.get("namespace") or "default"
        same = (obj["kind"], namespace, meta["name"], meta.get("uid"), kind, reason, action)
        series = self._series.get(same)
        if series is not None and now - series.last < SERIES_FOR:
            series.count, series.last = series.count + 1, now
            if series.count == 2 or now - series.written >= REFRESH:
                series.written = now
                told = {"series": {"count": series.count, "lastObservedTime": micro_timestamp(now)}}
                self.send(
                    Request("patch", "events", namespace, series.name, "", told, PatchType.MERGE, user=self.user),
                    lambda: self._series.pop(same, None),  # it was never stored: the next time it is created
                )
            return
        name = self.name_of(meta["name"], same)
        self._series[same] = Series(name, 1, now, now)
        if len(self._series) > REMEMBERED_MAX:
            del self._series[next(iter(self._series))]
        event = {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {"name": name, "namespace": namespace},
            "involvedObject": self.reference(obj),
            "type": kind,
            "reason": reason,
            "message": note[:1024],
            "action": action,
            "eventTime": micro_timestamp(now),
            "reportingComponent": self.component,
            "reportingInstance": f"{self.component}-{self.host}",
        } | ({"related": self.reference(related)} if related else {})
        create = Request("create", "events", namespace, body=event, user=self.user)
        self.send(create, lambda: self._series.pop(same, None))
