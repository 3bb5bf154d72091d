"""Everything one process holds in memory of one cluster: API server, informers, agenda, and the units it drives.

A unit is one started component process (`scheduler`, `kubelet/worker-1`): its control loops live and die with it. All of
this is a cache: built from the database, thrown away whenever another process took the roles over, or a unit is killed.
"""

import random
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from time import perf_counter_ns
from typing import Any

from django.db import connection

from core.apiserver.server import ApiServer
from core.apiserver.trace import standing
from core.client import Agenda, Context, Informers, Reconciler
from core.engine import podkills, upkeep
from core.engine.clock import Clock, WallClock
from core.engine.disks import load_disk, save_changes
from core.engine.roles import CONTROL_PLANE, NODE_LOCAL, NODES, Unit, cut_off_nodes, units_of
from core.engine.transport import InProcess
from core.etcd import Transaction
from core.journal import KINDS
from core.kube.objects import Key, Obj
from core.kube.requests import Request
from core.models import Cluster, Component, Fault, RoleState
from core.runtime import Disk

RELIST_EVERY = 600.0  # virtual seconds
RAFT_TICK = 0.1  # virtual seconds
WINDOW = 2_000  # changes kept in memory: its informers, which alone read them, look after each batch
POD_WORKER = "kubelet"  # the kubelet's loop whose keys are pods


class Fenced(Exception):
    """Another process drives these roles now: everything held in memory may be stale."""


@dataclass(slots=True)
class Running:
    """A started unit: which start it is, whether it is served, and its control loops."""

    starts: int
    paused: bool
    stopped: bool = False
    loops: list[Reconciler] = field(default_factory=list)


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
        self.server = ApiServer(cluster_id, clock.now, stopwatch=stopwatch, watched=self._wants_detail, window=WINDOW)
        self.transport = InProcess(self.server)
        self.informers = Informers(self.transport)
        self.agenda = Agenda(clock.now(self.cluster))
        self.outbox: deque[tuple[Request, Callable[[], object]]] = deque()  # events, and whom to tell of a failure
        self.records: list[tuple[str, str, dict[str, Any]]] = []
        self.disks: dict[str, Disk] = {}
        self.units: dict[str, Running] = {}
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

    def is_served(self, loop: Reconciler) -> bool:
        """Whether the process that the loop belongs to lives and is not paused. Of an earlier start of the same component
        there may still be timers and answers under way: they find nobody."""
        unit: Running | None = getattr(loop, "unit", None)
        return unit is not None and not unit.paused and not unit.stopped

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

    def has_unsaved(self) -> bool:
        return bool(self.outbox or self.records or any(disk.changed for disk in self.disks.values()))

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
        epochs = {}
        for role in self.roles:
            state, _ = RoleState.objects.get_or_create(cluster_id=self.cluster_id, role=role)
            if state.owner != self.owner:
                state.owner, state.epoch, state.claimed_at = self.owner, state.epoch + 1, self.clock.wall()
                state.save(update_fields=["owner", "epoch", "claimed_at"])
            epochs[role] = state.epoch
        return epochs

    def _follow_topology(self) -> None:
        components = {row.target: row for row in Component.objects.filter(cluster_id=self.cluster_id)}
        api = components.get("apiserver")
        self.transport.reachable = api is None or api.state == Component.State.RUNNING
        cut = cut_off_nodes(Fault.objects.filter(cluster_id=self.cluster_id, healed=None))
        wanted = {unit.target: unit for role in self.roles for unit in units_of(role, components.values(), cut)}
        for target in list(self.units):
            unit = wanted.get(target)
            if unit is None or unit.starts != self.units[target].starts:
                self._stop(target)
        for target, unit in wanted.items():
            if target in self.units:
                self.units[target].paused = unit.paused
            else:
                self._start(unit)
            for loop in self.units[target].loops:
                if not unit.paused:
                    loop.queue.stand_again()
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
        kubelet = self.units.get(f"kubelet/{node}")
        for loop in kubelet.loops if kubelet else ():
            if loop.name == POD_WORKER:
                loop.enqueue(pod)

    def _start(self, unit: Unit) -> None:
        running = self.units[unit.target] = Running(unit.starts, unit.paused)
        for factory in unit.loops:
            loop = factory(self._context(unit, factory))
            loop.unit = running  # type: ignore[attr-defined]
            running.loops.append(loop)
            loop.start()

    def _stop(self, target: str) -> None:
        unit = self.units.pop(target)
        unit.stopped = True
        for loop in unit.loops:
            loop.stop()

    def _context(self, unit: Unit, factory: Callable[[Context], Reconciler]) -> Context:
        disk = None
        if unit.kind in NODE_LOCAL:
            disk = self.disks.get(unit.node)
            if disk is None:
                disk = self.disks[unit.node] = load_disk(self.cluster_id, unit.node)
            disk.boot = unit.boot
        name = f"{self.cluster.seed}:{unit.target}:{unit.starts}:{getattr(factory, '__name__', '')}"
        return Context(
            agenda=self.agenda,
            informers=self.informers,
            random=random.Random(name),
            send=lambda request, failed: self.outbox.append((request, failed)),
            record=self._record,
            profile=self.cluster.profile,
            node=unit.node,
            starts=unit.starts,
            extras=disk,
        )

    def _record(self, kind: str, actor: str = "", **data: Any) -> None:
        if not KINDS[kind].fine or self.is_watched():
            self.records.append((kind, actor, data))
