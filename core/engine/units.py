"""The units a host runs: started component processes, each with its control loops, which live and die with it.

A loop that cannot be started, or that raises where nobody awaits it, is taken out of service alone and started again after
a rest; its siblings and the other units do not notice.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from django.db import DatabaseError

from core.client import Agenda, Context, LoopId, Phase, Reconciler
from core.engine.failures import Failures
from core.engine.roles import LoopFactory, Unit


@dataclass(slots=True)
class Running:
    """A started unit, and whether it is served."""

    unit: Unit
    paused: bool


class Units:
    """`context` makes what a loop is given."""

    def __init__(self, agenda: Agenda, failures: Failures, context: Callable[[Unit, LoopFactory], Context]) -> None:
        self.agenda = agenda
        self.failures = failures
        self.loops: dict[LoopId, Reconciler] = {}
        self.fresh: dict[
            str, int
        ] = {}  # units that are driven for the first time, and which start it is; not noted yet
        self._running: dict[str, Running] = {}
        self._context = context
        agenda.on_crash = self.crash

    def __bool__(self) -> bool:
        return bool(self._running)

    def follow(self, wanted: Mapping[str, Unit]) -> None:
        """Stop what is not wanted or was started anew since, start what is missing, and let rest what is paused."""
        for target, running in list(self._running.items()):
            unit = wanted.get(target)
            if unit is None or unit.starts != running.unit.starts:
                self._stop(running.unit)
        for target, unit in wanted.items():
            if target in self._running:
                self._running[target].paused = unit.paused
            else:
                self._start(unit)
            if not unit.paused:
                for loop in self._loops_of(unit):
                    loop.queue.stand_again()

    def is_served(self, loop: Reconciler) -> bool:
        """Whether the loop runs, and its process lives and is not paused. Of an earlier start of the same component there
        may still be timers and answers under way: they find nobody."""
        running = self._running.get(loop.id.target)
        return loop.phase is Phase.RUNNING and running is not None and not running.paused

    def crash(self, loop: Reconciler, error: Exception) -> None:
        """The loop raised outside of a reconcile: what it remembers may be half done. It starts over from a list."""
        if self.loops.get(loop.id) is not loop:
            return
        del self.loops[loop.id]
        loop.stop()
        self._rest(self._running[loop.id.target].unit, type(loop), loop.id, error)

    def role_of(self, loop: Reconciler) -> str:
        return self._running[loop.id.target].unit.role

    def _loops_of(self, unit: Unit) -> list[Reconciler]:
        return [self.loops[loop_id] for factory in unit.loops if (loop_id := unit.loop_id(factory)) in self.loops]

    def _start(self, unit: Unit) -> None:
        self._running[unit.target] = Running(unit, unit.paused)
        if not unit.is_driven:
            self.fresh[unit.target] = unit.starts
        for factory in unit.loops:
            self._begin(unit, factory)

    def _begin(self, unit: Unit, factory: LoopFactory) -> None:
        loop_id, loop = unit.loop_id(factory), None
        try:
            loop = factory(self._context(unit, factory))
            loop.start()
            loop.open()
        except DatabaseError:
            raise  # not the loop's own failure: nobody can be started
        except Exception as error:
            if loop is not None:
                loop.stop()
            self._rest(unit, factory, loop_id, error)
        else:
            self.loops[loop_id] = loop
            self.failures.loop_runs(loop_id)

    def _rest(self, unit: Unit, factory: LoopFactory, loop_id: LoopId, error: Exception) -> None:
        rest = self.failures.loop_failed(loop_id, unit.role, error, self.agenda.now)
        self.agenda.at(self.agenda.now + rest, lambda: self._begin_again(unit, factory, loop_id))

    def _begin_again(self, unit: Unit, factory: LoopFactory, loop_id: LoopId) -> None:
        running = self._running.get(unit.target)
        if running is not None and running.unit.starts == unit.starts and loop_id not in self.loops:
            self._begin(unit, factory)

    def _stop(self, unit: Unit) -> None:
        del self._running[unit.target]
        for factory in unit.loops:
            loop = self.loops.pop(unit.loop_id(factory), None)
            if loop is not None:
                loop.stop()
            self.failures.forget(unit.loop_id(factory))
