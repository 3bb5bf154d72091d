"""What the panels look at: one cluster at one moment."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from core.dashboard.feed.happenings import Entry
from core.dashboard.feed.reading import first_time, rows
from core.engine.clock import WallClock
from core.engine.servers import server_of
from core.engine.status import cluster_status
from core.kube.objects import Key, Obj
from core.kube.times import parse_timestamp
from core.models import Cluster, JournalEntry


class NothingThere(LookupError):
    """What was clicked is not there any more; the message says so."""


@dataclass(frozen=True, slots=True)
class Act:
    """A button: break or heal `target`. `tone` is breaks or heals."""

    verb: str
    target: str
    peer: str = ""
    label: str = ""

    @property
    def tone(self) -> str:
        return (
            "breaks"
            if self.verb in ("kill", "wipe", "partition")
            else "heals"
            if self.verb in ("restart", "resume", "heal")
            else ""
        )

    @property
    def text(self) -> str:
        return self.label or self.verb.capitalize()


@dataclass(slots=True)
class Panel:
    """`kick` names the kind, `tone` its system's colour, `why` the sentence on top, `commands` what a real cluster takes."""

    kick: str
    title: str
    tone: str
    why: str
    facts: list[tuple[str, Any]] = field(default_factory=list)
    acts: list[Act] = field(default_factory=list)
    commands: list[str] = field(default_factory=list)
    template: str = "dashboard/inspect/panel.html"
    wrong: bool = False
    more: dict[str, Any] = field(default_factory=dict)


class View:
    """One cluster, looked at now. Objects are shared: read only."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        self.now = WallClock().now(cluster)
        self.cache = server_of(cluster.pk).cache
        self.cache.catch_up()

    @cached_property
    def status(self) -> dict[str, Any]:
        return cluster_status(self.cluster)

    @cached_property
    def started(self) -> float:
        """When the cluster's life began, in its own time."""
        return first_time(self.cluster)

    def component(self, target: str) -> dict[str, Any]:
        """Its row of the status. Raises NothingThere."""
        for row in self.status["components"]:
            if row["name"] == target:
                found: dict[str, Any] = row
                return found
        raise NothingThere(f"there is no component {target}")

    def absent(self, target: str) -> str:
        """`stopped` or `paused`, for a component that is not at work; nothing for one that is, or that there is not."""
        state = next((row["state"] for row in self.status["components"] if row["name"] == target), "running")
        return "" if state == "running" else str(state)

    def find(self, resource: str, namespace: str, name: str) -> Obj:
        """Raises NothingThere."""
        found = self.cache.get(resource, namespace, name)
        if found is None:
            raise NothingThere(
                f"{resource} {Key(namespace, name)} is not there (any more); what became of it is in the story"
            )
        return found

    def all(self, resource: str, namespace: str = "") -> list[Obj]:
        return self.cache.all(resource, namespace)

    def journal(self, kinds: Iterable[str], most: int, **data: Any) -> list[Entry]:
        """The newest entries of these kinds whose data has these values, newest first."""
        query = JournalEntry.objects.filter(cluster=self.cluster, kind__in=list(kinds))
        query = query.filter(**{f"data__{name}": value for name, value in data.items()})
        return rows(query.order_by("-seq")[:most])

    def ago(self, seconds: float | None) -> str:
        return "never" if seconds is None else f"{span(self.now - seconds)} ago"

    def ago_of(self, text: str | None) -> str:
        return self.ago(parse_timestamp(text) if text else None)

    def events_of(self, kind: str, namespace: str, name: str, most: int = 8) -> list[dict[str, Any]]:
        """The Events about an object, newest first."""
        found = []
        for event in self.all("events", namespace):
            about = event.get("involvedObject") or event.get("regarding") or {}
            if about.get("kind") == kind and about.get("name") == name:
                stamp = (
                    event.get("lastTimestamp") or event.get("eventTime") or event["metadata"].get("creationTimestamp")
                )
                found.append((stamp or "", int(event["metadata"].get("resourceVersion") or 0), event))
        found.sort(key=lambda row: row[:2], reverse=True)
        return [
            {
                "reason": event.get("reason", ""),
                "message": event.get("message") or event.get("note") or "",
                "warn": event.get("type") == "Warning",
                "count": event.get("count") or 1,
                "ago": self.ago_of(stamp),
            }
            for stamp, _, event in found[:most]
        ]


def span(seconds: float) -> str:
    """`3 s`, `4 min 48 s`, `25 min`, `2 h 5 min`."""
    whole = max(0, int(seconds))
    if whole < 60:
        return f"{whole} s"
    if 600 <= whole < 3600:
        return f"{whole // 60} min"
    if whole < 3600:
        return f"{whole // 60} min" + (f" {whole % 60} s" if whole % 60 else "")
    return f"{whole // 3600} h" + (f" {whole % 3600 // 60} min" if whole % 3600 // 60 else "")


def moment(seconds: float) -> str:
    """Seconds since the cluster began, as its clock shows them: `00:04:12`."""
    whole = max(0, int(seconds))
    return f"{whole // 3600:02}:{whole // 60 % 60:02}:{whole % 60:02}"


def counted(number: int, noun: str) -> str:
    """`1 pod`, `3 pods`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def lifecycle(target: str, state: str, *, verbs: tuple[str, ...] = ("kill", "pause")) -> list[Act]:
    """The buttons that fit a thing's state."""
    if state == "stopped":
        return [Act("restart", target)]
    if state == "paused":
        return [Act("resume", target), Act("kill", target)]
    return [Act(verb, target) for verb in verbs]
