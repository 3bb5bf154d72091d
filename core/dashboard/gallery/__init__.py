"""Starting points: clusters worth opening, each with something in it and something to try.

One YAML file a start in `starts/`. Its first document is the card: title, sentence, shape of the cluster, what to try,
and the script of its recording; the documents after it are the objects that the cluster begins with. `STARTS` gives their
order.

The moving miniature on a card is no drawing: it is a recording of a run of that very start, made by the scenario tests
(`make scenarios REWRITE=1`) and compared with a fresh run whenever they run. The page plays it.
"""

from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

from core.engine import clusters
from core.engine.servers import server_of
from core.kube.errors import ApiError
from core.kube.objects import Obj
from core.kube.requests import Request
from core.kube.resources import Resource, find_by_kind
from core.models import Cluster

STARTS = ("guestbook", "election", "quorum", "node", "rollout")
BLANK = "blank"


@dataclass(frozen=True, slots=True)
class Try:
    """Something to do in a cluster, what to watch for, and the same as a command (`NAME` stands for the cluster's)."""

    do: str
    see: str
    command: str = ""


@dataclass(frozen=True, slots=True)
class Start:
    slug: str
    title: str
    about: str
    members: int
    workers: int
    profile: str
    tries: tuple[Try, ...]
    recording: dict[str, Any]
    objects: tuple[Obj, ...]


class UnknownStart(ValueError):
    """There is no such starting point; the message says which there are."""


@cache
def start_named(slug: str) -> Start:
    """Raises UnknownStart."""
    if slug not in (*STARTS, BLANK):
        raise UnknownStart(f"there is no starting point {slug!r}; there are: {', '.join(STARTS)}")
    text = (files("core.dashboard.gallery") / "starts" / f"{slug}.yaml").read_text()
    card, *objects = yaml.safe_load_all(text)
    tries = tuple(Try(**entry) for entry in card.pop("tries"))
    return Start(slug, **card, tries=tries, objects=tuple(objects))


def all_starts() -> list[Start]:
    return [start_named(slug) for slug in STARTS]


def free_name(wanted: str) -> str:
    """`wanted`, or with the first number that makes it nobody's: lab, lab-2, lab-3."""
    taken = set(Cluster.objects.filter(name__startswith=wanted).values_list("name", flat=True))
    number = 2
    name = wanted
    while name in taken:
        name, number = f"{wanted}-{number}", number + 1
    return name


def begin(start: Start, name: str, seed: int = 1) -> Cluster:
    """A new cluster `name` with what the start has in it. Raises clusters.BadCluster, ApiError."""
    cluster = clusters.create(name, members=start.members, workers=start.workers, profile=start.profile, seed=seed)
    for answer in server_of(cluster.pk).execute(requests_of(start)):
        if isinstance(answer, ApiError):
            raise answer
    return cluster


def requests_of(start: Start) -> list[Request]:
    return [
        Request(
            "create",
            row_of(obj).name,
            obj["metadata"].get("namespace", "default") if row_of(obj).namespaced else "",
            body=obj,
            user=clusters.ADMIN,
        )
        for obj in start.objects
    ]


def row_of(obj: Obj) -> Resource:
    row = find_by_kind(obj["apiVersion"], obj["kind"])
    assert row is not None, f"a start has an object of unknown kind {obj['kind']}"
    return row
