"""Everything one process holds in memory of one cluster: API server, informers, agenda, and the units it drives.

All of this is a cache: built from the database, thrown away whenever another process took the roles over, or a unit is
killed. Which loops run, and what becomes of one that fails, is `units.py`.
"""

import random
from collections import deque
from collections.abc import Callable
from functools import cached_property
from time import perf_counter_ns
from typing import Any

from django.conf import settings
from django.db import connection
from django.db.models import F

from core.apiserver.http.certificates import authority_pem
from core.apiserver.server import ApiServer
from core.apiserver.trace import standing
from core.client import Agenda, Context, Informers, LoopId
from core.engine import podkills, upkeep
from core.engine.clock import Clock, WallClock
from core.engine.disks import load_disk, save_changes
from core.engine.failures import Failures
from core.engine.roles import CONTROL_PLANE, NODE_LOCAL, NODES, LoopFactory, Unit, cut_off_nodes, units_of
from core.engine.transport import InProcess
from core.engine.units import Units
from core.etcd import Transaction
from core.journal import KINDS
from core.kube.objects import Key, Obj
from core.kube.requests import Request
from core.kubelet import PodWorkers
from core.models import Cluster, Component, Fault, RoleState
from core.runtime import Disk

RELIST_EVERY = 600.0  # virtual seconds
RAFT_TICK = 0.1  # virtual seconds
WINDOW = 2_000  # changes kept in memory: its informers, which alone read them, look after each batch
WINDOW_BYTES = 8 * 1024 * 1024  # of JSON in them; informers that miss some of a burst of huge objects list anew


class Fenced(Exception):
    """Another process drives these roles now: everything held in memory may be stale."""


class Host:
    """One cluster's `roles` in this process. `owner` names the process in the fence."""

    def __init__(self, cluster_id: int, roles: tuple[str, ...], clock: Clock, owner: str) -> None:
        self.cluster_id = cluster_id
        self.roles = roles
        self.clock = clock
        self.owner = owner
        self.cluster = Cluster.read(cluster_id)
        self.epochs = self._claim()
        stopwatch = perf_counter_ns if isinstance(clock, WallClock) else standing
        self.server = ApiServer(
            cluster_id,
            clock.now,
            stopwatch=stopwatch,
            watched=self._wants_detail,
            window=WINDOW,
            window_bytes=WINDOW_BYTES,
        )
        self.transport = InProcess(self.server)
        self.informers = Informers(self.transport)
        self.agenda = Agenda(clock.now(self.cluster))
        self.outbox: deque[tuple[Request, Callable[[], object]]] = deque()  # events, and whom to tell of a failure
        self.records: list[tuple[str, str, dict[str, Any]]] = []
        self.disks: dict[str, Disk] = {}
        self.failures = Failures(cluster_id, roles)
        self.units = Units(self.agenda, self.failures, self._context)
        self.topology = -1
        self._is_ticking = False
        self.refresh()
        self.agenda.at(self.agenda.now + RELIST_EVERY, self._relist)
        if CONTROL_PLANE in roles:
            self.agenda.at(self.agenda.now + upkeep.EVERY, self._keep_up)

    def refresh(self) -> None:
        """Read the cluster's row; start and stop units as the components table says; catch the informers up."""
        self.cluster = Cluster.read(self.cluster_id)
        if self.cluster.topology != self.topology:
            self.topology = self.cluster.topology
            self._follow_topology()
        if self.units:
            self.informers.catch_up()

    def now(self) -> float:
        return self.clock.now(self.cluster)

    def section_hook(self, section: Transaction) -> None:
        """Inside each critical section: the fence, the node disks, the journal records."""
        with connection.cursor() as cursor:
            cursor.execute("SELECT role, epoch FROM core_rolestate WHERE cluster_id = %s", [self.cluster_id])
            epochs = {role: epoch for role, epoch in cursor.fetchall() if role in self.roles}
        if epochs != self.epochs:
            raise Fenced(f"{self.roles} of cluster {self.cluster_id} moved on to epoch {epochs}, not {self.epochs}")
        for disk in self.disks.values():
            if disk.changed:
                save_changes(self.cluster_id, disk)
        for kind, actor, data in self.records:
            section.record(kind, actor, **data)
        self.records.clear()
        if self.failures.changed:
            self.failures.save(section)
        if self.units.fresh:
            self._note_starts()

    def has_unsaved(self) -> bool:
        unsaved = self.outbox or self.records or self.failures.changed or self.units.fresh
        return bool(unsaved or any(disk.changed for disk in self.disks.values()))

    def _note_starts(self) -> None:
        with connection.cursor() as cursor:
            cursor.executemany(
                f"UPDATE {Component._meta.db_table} SET driven = %s WHERE cluster_id = %s AND target = %s",
                [(starts, self.cluster_id, target) for target, starts in self.units.fresh.items()],
            )
        self.units.fresh.clear()

    def is_watched(self) -> bool:
        """Whether fine detail is wanted: somebody looks at the cluster."""
        return self._wants_detail(self.cluster)

    def _wants_detail(self, cluster: Cluster) -> bool:
        return cluster.watched_until > self.clock.wall()

    def _relist(self) -> None:
        """Watching does not guarantee that nothing was missed, so everything is listed and told again now and then."""
        self.informers.relist()
        self.informers.resync()
        self.agenda.at(self.agenda.now + RELIST_EVERY, self._relist)

    def _keep_up(self) -> None:
        upkeep.keep_up(self.cluster, self.server, self.now())
        self.agenda.at(self.agenda.now + upkeep.EVERY, self._keep_up)

    def _claim(self) -> dict[str, int]:
        """Take the roles over and answer their epochs; whoever claims one at the same moment may have it, and fences us."""
        states = RoleState.objects.filter(cluster_id=self.cluster_id, role__in=self.roles)
        owners = dict(states.values_list("role", "owner"))
        missing = [role for role in self.roles if role not in owners]
        if missing:
            rows = [RoleState(cluster_id=self.cluster_id, role=role) for role in missing]
            RoleState.objects.bulk_create(rows, ignore_conflicts=True)
        if missing or any(owner != self.owner for owner in owners.values()):
            others = states.exclude(owner=self.owner)
            others.update(owner=self.owner, epoch=F("epoch") + 1, claimed_at=self.clock.wall())
        return dict(states.filter(owner=self.owner).values_list("role", "epoch"))

    def _follow_topology(self) -> None:
        components = {row.target: row for row in Component.objects.filter(cluster_id=self.cluster_id)}
        api = components.get("apiserver")
        self.transport.reachable = api is None or api.state == Component.State.RUNNING
        cut = cut_off_nodes(Fault.objects.filter(cluster_id=self.cluster_id, healed=None))
        units = (unit for role in self.roles for unit in units_of(role, components.values(), cut))
        self.units.follow({unit.target: unit for unit in units})
        for node, disk in self.disks.items():
            runtime = components.get(f"runtime/{node}")
            disk.serving = runtime is None or runtime.state == Component.State.RUNNING
        if CONTROL_PLANE in self.roles:
            self._pass_store_time()
        if NODES in self.roles:
            self.informers.catch_up()
            podkills.carry_out(self.cluster_id, self.now(), self._pod, self.disks.get, self._wake_kubelet)

    def _pass_store_time(self) -> None:
        """A group in which something is left to happen (an election) needs time to pass; a settled one costs nothing."""
        if self.server.catch_up_store(self.section_hook) and not self._is_ticking:
            self._is_ticking = True
            self.agenda.at(self.agenda.now + RAFT_TICK, self._tick)

    def _tick(self) -> None:
        self._is_ticking = False
        self._pass_store_time()

    def _pod(self, key: Key) -> Obj | None:
        return self.informers("pods").get(*key)

    def _wake_kubelet(self, node: str, pod: Key) -> None:
        workers = self.units.loops.get(LoopId("kubelet", node, PodWorkers.name))
        if workers is not None:
            workers.enqueue(pod)

    def _context(self, unit: Unit, factory: LoopFactory) -> Context:
        disk = None
        if unit.kind in NODE_LOCAL:
            disk = self.disks.get(unit.node)
            if disk is None:
                disk = self.disks[unit.node] = load_disk(self.cluster_id, unit.node)
            disk.boot = unit.boot
        name = f"{self.cluster.seed}:{unit.target}:{unit.starts}:{factory.__name__}"
        return Context(
            agenda=self.agenda,
            informers=self.informers,
            random=random.Random(name),
            send=lambda request, failed: self.outbox.append((request, failed)),
            record=self._record,
            id=unit.loop_id(factory),
            profile=self.cluster.profile,
            starts=unit.starts,
            is_driven=unit.is_driven,
            extras=disk,
            root_ca=self._root_ca if unit.kind == "controller-manager" else "",
        )

    @cached_property
    def _root_ca(self) -> str:
        """Read once for all the loops of a process: as much work as to start one."""
        return authority_pem(settings.DATA_DIR).decode()

    def _record(self, kind: str, actor: str = "", **data: Any) -> None:
        if not KINDS[kind].fine or self.is_watched():
            self.records.append((kind, actor, data))
