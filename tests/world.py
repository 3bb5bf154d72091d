"""A whole cluster in a test, driven inline in virtual time: no processes, no sleeping, the same every time."""

from typing import Any

from django.db import connection, transaction
from django.db.models import Model

from core.engine import clusters
from core.engine.clock import ManualClock
from core.engine.drive import Driven, Driver
from core.engine.host import Host
from core.engine.roles import ROLES
from core.kube.errors import ApiError
from core.kube.objects import Obj
from core.kube.requests import PatchType, Request, User
from core.models import Cluster, ClusterObject, Component, EtcdMember, JournalEntry, Revision

Wish = dict[str, Any]
Table = tuple[list[str], list[tuple[Any, ...]]]
"""The names of the columns, and the rows."""
BORN_WITH: tuple[type[Model], ...] = (EtcdMember, Component, Revision, ClusterObject, JournalEntry)
START = 1_767_225_600.0  # 2026-01-01T00:00:00Z


_made: dict[str, dict[type[Model], Table]] = {}
"""What `clusters.create` made of each wish in this process: the row of the cluster, and those that belong to it."""


def fresh_cluster(name: str, clock: ManualClock, wish: Wish) -> Cluster:
    """A cluster just made. Two of one wish differ by name only, so the second is a copy of the first's rows: making a
    hundred objects by a hundred requests, in each of two thousand tests, would take most of their time."""
    if (known := _made.get(repr(wish))) is None:
        cluster = clusters.create(name, **wish, start=START, clock=clock)
        found = {model: _rows_of(model, "cluster_id", cluster.pk) for model in BORN_WITH}
        _made[repr(wish)] = {Cluster: _rows_of(Cluster, "id", cluster.pk), **found}
        return cluster
    with transaction.atomic():
        _insert(Cluster, known[Cluster], "name", name)
        cluster = Cluster.objects.get(name=name)
        for model in BORN_WITH:
            _insert(model, known[model], "cluster_id", cluster.pk)
    return cluster


def _rows_of(model: type[Model], column: str, value: int) -> Table:
    """Rows as the database holds them: to make model instances of them, and rows of those, would cost ten times more."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT * FROM {model._meta.db_table} WHERE {column} = %s ORDER BY id", [value])
        return [column[0] for column in cursor.description], cursor.fetchall()


def _insert(model: type[Model], table: Table, changed: str, value: Any) -> None:
    """The rows again under numbers of their own, with `value` in the column `changed`."""
    names, rows = table
    own, other = names.index("id"), names.index(changed)
    kept = [position for position in range(len(names)) if position not in (own, other)]
    columns = ", ".join(connection.ops.quote_name(names[position]) for position in (*kept, other))
    places = ", ".join(["%s"] * (len(kept) + 1))
    values = [[*map(row.__getitem__, kept), value] for row in rows]
    with connection.cursor() as cursor:
        cursor.executemany(f"INSERT INTO {model._meta.db_table} ({columns}) VALUES ({places})", values)


class World:
    """One cluster with every role. `api(...)` asks as an administrator; `run(seconds)` lets virtual time pass."""

    def __init__(
        self, name: str = "test", *, members: int = 3, workers: int = 3, profile: str = "instant", seed: int = 1
    ) -> None:
        self.clock = ManualClock(START)
        wish = {"members": members, "workers": workers, "profile": profile, "seed": seed}
        self.cluster = fresh_cluster(name, self.clock, wish)
        self.host = Host(self.cluster.pk, ROLES, self.clock, "test")
        self.driver = Driver(self.host)

    @property
    def now(self) -> float:
        return self.clock.time

    def run(self, seconds: float = 0.0) -> Driven:
        """Let the cluster work for `seconds` of virtual time (0: until nothing is ready)."""
        return self.driver.drive(until=self.clock.time + seconds)

    def api(self, verb: str, resource: str, namespace: str = "", name: str = "", body: Any = None, **more: Any) -> Obj:
        """One request as `user` (default: the administrator). Raises ApiError."""
        user: User = more.pop("user", clusters.ADMIN)
        request = Request(verb, resource, namespace, name, body=body, user=user, **more)
        (answer,) = self.host.transport.execute([request])
        if isinstance(answer, ApiError):
            raise answer
        return answer

    def create(self, resource: str, obj: Obj) -> Obj:
        return self.api("create", resource, obj["metadata"].get("namespace", ""), body=obj)

    def patch(
        self, resource: str, namespace: str, name: str, patch: Any, patch_type: PatchType = PatchType.MERGE
    ) -> Obj:
        return self.api("patch", resource, namespace, name, patch, patch_type=patch_type)

    def get(self, resource: str, namespace: str, name: str) -> Obj:
        return self.api("get", resource, namespace, name)

    def all(self, resource: str, namespace: str = "") -> list[Obj]:
        """Every object of a resource, straight from the watch cache."""
        self.host.server.cache.catch_up()
        return self.host.server.cache.all(resource, namespace)
