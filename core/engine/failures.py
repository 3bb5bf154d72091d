"""The control loops of one host that fail: how long each rests, and the rows that tell people.

A loop fails as a whole (it cannot be started, or a handler or timer of it raised) or on one object (`reconcile` raised).
Either costs one line of the log when it begins, a try after each back-off, and a row of `core.models.Failure` as long as it
lasts; the rest of the role works on. The rows are written with the host's next critical section, under its fence.
"""

import logging
import traceback
from dataclasses import dataclass
from pathlib import Path

from core.client import LoopId
from core.etcd import Transaction
from core.models import Failure

logger = logging.getLogger(__name__)

REST_FIRST, REST_MAX = 1.0, 300.0  # virtual seconds; doubling, as a kubelet restarts a container that crashes
FORGIVEN_AFTER = 2 * REST_MAX  # virtual seconds a loop has to run before its failures are forgotten
ERROR_MAX = 500  # characters

SHOWN = ("key", "keys", "error", "since", "tries", "next_try")
ID = ("component", "node", "loop")


@dataclass(slots=True)
class Failing:
    """One run of failures; times in virtual seconds. See `core.models.Failure` for what each says."""

    error: str
    since: float
    tries: int
    next_try: float
    key: str = ""
    keys: int = 0


class Failures:
    """What fails among the loops of `roles`. Memory that may be lost: a new process starts every loop, and sees."""

    def __init__(self, cluster_id: int, roles: tuple[str, ...]) -> None:
        self.cluster_id = cluster_id
        self.changed: set[LoopId] = set()
        self._loops: dict[LoopId, Failing] = {}
        self._keys: dict[LoopId, dict[str, Failing]] = {}
        self._past: dict[LoopId, Failing] = {}  # of loops that run again, until that is forgiven
        self._roles: dict[LoopId, str] = {}
        self._noted: set[LoopId] = set()  # what has a row
        for row in Failure.objects.filter(cluster_id=cluster_id, role__in=roles).exclude(loop=""):
            loop_id = LoopId(row.component, row.node, row.loop)
            self._noted.add(loop_id)
            self._roles[loop_id] = row.role
            self.changed.add(loop_id)  # a row of a loop that will not even be started now is taken away
            if not row.key:
                self._past[loop_id] = Failing(row.error, row.since, row.tries, row.next_try)

    def loop_failed(self, loop_id: LoopId, role: str, error: Exception, now: float) -> float:
        """The loop does not run. Answers how many seconds it rests before it is started again."""
        before = self._loops.get(loop_id) or self._past.pop(loop_id, None)
        if before is not None and now > before.next_try + FORGIVEN_AFTER:
            before = None
        tries = before.tries + 1 if before is not None else 1
        rest = min(REST_FIRST * 2.0 ** min(tries - 1, 30), REST_MAX)
        if loop_id not in self._loops:
            logger.error("%s does not run: %s; it is started again after %g s", loop_id, words(error), rest)
            logger.debug("%s does not run", loop_id, exc_info=error)
        self._loops[loop_id] = Failing(words(error), before.since if before is not None else now, tries, now + rest)
        self._keys.pop(loop_id, None)
        self._note(loop_id, role)
        return rest

    def loop_runs(self, loop_id: LoopId) -> None:
        """The loop was started, and all its watches have begun."""
        failing = self._loops.pop(loop_id, None)
        if failing is not None:
            self._past[loop_id] = failing
            self.changed.add(loop_id)
            logger.warning("%s runs again", loop_id)

    def key_failed(self, loop_id: LoopId, role: str, key: str, error: Exception, now: float, rest: float) -> None:
        """`reconcile(key)` raised, and is tried again after `rest` seconds."""
        failing = self._keys.setdefault(loop_id, {})
        before = failing.get(key)
        if not failing:
            logger.error("%s failed on %s: %s", loop_id, key, words(error))
            logger.debug("%s failed on %s", loop_id, key, exc_info=error)
        since, tries = (before.since, before.tries) if before is not None else (now, 0)
        failing[key] = Failing(words(error), since, tries + 1, now + rest, key)
        self._note(loop_id, role)

    def key_handled(self, loop_id: LoopId, key: str) -> None:
        """`reconcile(key)` came to an end that is foreseen."""
        failing = self._keys.get(loop_id)
        if failing is not None and failing.pop(key, None) is not None:
            self.changed.add(loop_id)
            if not failing:
                del self._keys[loop_id]

    def forget(self, loop_id: LoopId) -> None:
        """Its process was stopped or starts anew: that a loop of it failed is the past."""
        for table in (self._loops, self._keys, self._past):
            table.pop(loop_id, None)
        if loop_id in self._noted:
            self.changed.add(loop_id)

    def of(self, loop_id: LoopId) -> Failing | None:
        """What is told of the loop: that it does not run, else what it has failed on the longest. None: all is well."""
        if loop_id in self._loops:
            return self._loops[loop_id]
        keys = self._keys.get(loop_id)
        if not keys:
            return None
        oldest = next(iter(keys.values()))
        return Failing(oldest.error, oldest.since, oldest.tries, oldest.next_try, oldest.key, len(keys))

    def save(self, section: Transaction) -> None:
        """Write the rows that changed, and journal which loop failed or runs again."""
        rows = []
        for loop_id in sorted(self.changed):
            failing = self.of(loop_id)
            if failing is not None:
                of_loop = dict(zip(ID, loop_id, strict=True))
                shown = {name: getattr(failing, name) for name in SHOWN}
                rows.append(Failure(cluster_id=self.cluster_id, role=self._roles[loop_id], **of_loop, **shown))
            elif loop_id in self._noted:
                Failure.objects.filter(cluster_id=self.cluster_id, **dict(zip(ID, loop_id, strict=True))).delete()
            if (failing is not None) != (loop_id in self._noted):
                self._noted ^= {loop_id}
                record(section, loop_id, failing)
        Failure.objects.bulk_create(
            rows, update_conflicts=True, unique_fields=["cluster", *ID], update_fields=["role", *SHOWN]
        )
        self.changed.clear()

    def _note(self, loop_id: LoopId, role: str) -> None:
        self._roles[loop_id] = role
        self.changed.add(loop_id)


def record(section: Transaction, loop_id: LoopId, failing: Failing | None) -> None:
    """Journal that a loop (or a role) fails from now on, or no longer does."""
    told = {"target": loop_id.target, "loop": loop_id.loop, "fails": failing is not None}
    if failing is not None:
        told |= {"error": failing.error, "key": failing.key}
    section.record("loop", loop_id.speaker or loop_id.component, **told)


def words(error: Exception) -> str:
    """An error on one line, with the place it comes from: `KeyError: 'spec' (deployment.py:97)`."""
    frames = traceback.extract_tb(error.__traceback__)
    place = f" ({Path(frames[-1].filename).name}:{frames[-1].lineno})" if frames else ""
    return f"{type(error).__name__}: {' '.join(str(error).split())}"[: ERROR_MAX - len(place)] + place
