"""Events: what a component says about an object (`kubectl get events`).

Fire and forget, as in client-go `tools/events`: the driver puts what was recorded into its next batch. The same thing
said again within ten minutes becomes a higher `count` on the same Event rather than a new one, and about one object no
more than 25 are written at once.
"""

import hashlib
from collections.abc import Callable
from typing import Any

from core.client.agenda import Agenda
from core.kube.objects import Obj
from core.kube.requests import PatchType, Request, User
from core.kube.times import timestamp

Send = Callable[[Request, Callable[[], object]], object]
"""Takes a request to be put into the next batch, and whom to tell when it failed."""

SAME_FOR = 600.0  # seconds
BURST = 25  # events about one object that are written at once; client-go's spam filter
REFILL = 300.0  # seconds until one more is
REMEMBERED_MAX = 4096


class Recorder:
    """Records events of one component; `host` is the node it runs on, if any."""

    def __init__(self, component: str, user: User, agenda: Agenda, send: Send, host: str = "") -> None:
        self.component = component
        self.user = user
        self.agenda = agenda
        self.send = send
        self.host = host
        self._seen: dict[tuple[Any, ...], tuple[str, int, float]] = {}  # → event name, count, last time
        self._spent: dict[tuple[str, str], float] = {}  # object → when its burst is whole again
        self._moment, self._order = 0.0, 0

    def normal(self, obj: Obj, reason: str, message: str, field_path: str = "") -> None:
        self._record("Normal", obj, reason, message, field_path)

    def warning(self, obj: Obj, reason: str, message: str, field_path: str = "") -> None:
        self._record("Warning", obj, reason, message, field_path)

    def _record(self, kind: str, obj: Obj, reason: str, message: str, field_path: str) -> None:
        meta, now = obj["metadata"], self.agenda.now
        if self._is_spam((obj["kind"], meta.get("uid", "")), now):
            return
        namespace = meta.get("namespace") or "default"
        same = (meta.get("uid"), kind, reason, message, field_path)
        name, count, last = self._seen.get(same, ("", 0, 0.0))
        if count and now - last < SAME_FOR:
            self._seen[same] = (name, count + 1, now)
            patch = {"count": count + 1, "lastTimestamp": timestamp(now)}
            self.send(
                Request("patch", "events", namespace, name, body=patch, patch_type=PatchType.MERGE, user=self.user),
                lambda: self._seen.pop(same, None),  # it was never stored: the next time it is created
            )
            return
        name = self.name_of(meta["name"], same)
        self._seen[same] = (name, 1, now)
        if len(self._seen) > REMEMBERED_MAX:
            del self._seen[next(iter(self._seen))]
        reference = self.reference(obj)
        if field_path:
            reference["fieldPath"] = field_path
        event = {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {"name": name, "namespace": namespace},
            "involvedObject": reference,
            "type": kind,
            "reason": reason,
            "message": message[:1024],
            "source": {"component": self.component} | ({"host": self.host} if self.host else {}),
            "reportingComponent": self.component,
            "reportingInstance": self.host,
            "firstTimestamp": timestamp(now),
            "lastTimestamp": timestamp(now),
            "eventTime": None,
            "count": 1,
        }
        create = Request("create", "events", namespace, body=event, user=self.user)
        self.send(create, lambda: self._seen.pop(same, None))

    def name_of(self, about: str, same: object) -> str:
        """The name of an Event about the object `about`.

        The real name ends in the time in nanoseconds. Here many things happen in one moment of virtual time: their order
        follows the time, so that a list is in the order of happening, and a digest keeps components apart, repeatably.
        """
        now = self.agenda.now
        self._order = self._order + 1 if now == self._moment else 0
        self._moment = now
        digest = hashlib.sha256(f"{same}{self.component}{self.host}".encode()).hexdigest()[:6]
        return f"{about[:226]}.{int(now * 1e6):x}{self._order:03x}{digest}"

    def reference(self, obj: Obj) -> Obj:
        """Whom an Event is about: as much as is known of the object."""
        meta = obj["metadata"]
        named = {name: meta[name] for name in ("name", "namespace", "uid", "resourceVersion") if meta.get(name)}
        return {"apiVersion": obj.get("apiVersion", "v1"), "kind": obj["kind"], **named}

    def _is_spam(self, subject: tuple[str, str], now: float) -> bool:
        """Whether so much was said about the object lately that no more is written: a set of 500 pods is not 500 Events.

        A token bucket, kept as the moment it is full again: each event moves that on by `REFILL`.
        """
        full_at = max(self._spent.get(subject, now), now) + REFILL
        if full_at - now > BURST * REFILL:
            return True
        self._spent[subject] = full_at
        if len(self._spent) > REMEMBERED_MAX:
            del self._spent[next(iter(self._spent))]
        return False
