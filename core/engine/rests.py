"""A role that cannot be driven at all: it rests, a little longer each time, and a row tells people.

`units.py` keeps a loop's failure to the loop; what still ends a drive is the driver's own, or the database's. Then nothing
of the role works until it does, so whatever wakes it meanwhile finds it resting, and the log gets one line a try.
"""

import logging
from typing import NamedTuple

from core.client import LoopId
from core.engine.clock import WallClock
from core.engine.failures import REST_FIRST, REST_MAX, Failing, record, words
from core.etcd import Group
from core.journal import Announcement, announce
from core.models import Cluster, Failure

logger = logging.getLogger(__name__)

Subject = tuple[int, str]
"""A cluster's id and a role."""


class Rest(NamedTuple):
    """How often the role failed in a row, since when, and until when it rests (virtual seconds)."""

    tries: int
    since: float
    until: float


class Rests:
    """The roles that rest in this process."""

    def __init__(self) -> None:
        self._rests: dict[Subject, Rest] = {}

    def left(self, cluster_id: int, role: str) -> float:
        """Wall seconds until the role is tried again; 0 when it does not rest. Infinite while the clock stands."""
        rest = self._rests.get((cluster_id, role))
        if rest is None:
            return 0.0
        return Cluster.read(cluster_id).wall_delay(rest.until, WallClock().wall())

    def begin(self, cluster_id: int, role: str, error: Exception) -> float:
        """A drive of the role raised `error`. Answers the wall seconds until the next."""
        before = self._rests.get((cluster_id, role))
        tries = before.tries + 1 if before is not None else 1
        seconds = min(REST_FIRST * 2.0 ** min(tries - 1, 30), REST_MAX)
        told = "the %s of cluster %s cannot be driven: %s; tried again in %g s"
        logger.error(told, role, cluster_id, words(error), seconds)
        logger.debug("the %s of cluster %s cannot be driven", role, cluster_id, exc_info=error)
        try:
            cluster = Cluster.read(cluster_id)
            now = WallClock().now(cluster)
            rest = Rest(tries, before.since if before is not None else now, now + seconds)
            self._rests[(cluster_id, role)] = rest
            _note(cluster_id, role, Failing(words(error), rest.since, tries, rest.until))
            return cluster.wall_delay(rest.until, WallClock().wall())
        except Cluster.DoesNotExist:
            self._rests.pop((cluster_id, role), None)
        except Exception as unwritten:
            # What stands in the way of the drive may stand in the way of its note too: then the log alone tells.
            logger.debug("and that could not be noted: %s", unwritten)
        return seconds

    def end(self, cluster_id: int, role: str) -> None:
        """The role was driven: it runs again, whoever it was that failed to drive it."""
        if self._rests.pop((cluster_id, role), None) is not None:
            logger.warning("the %s of cluster %s is driven again", role, cluster_id)
        if Failure.objects.filter(cluster_id=cluster_id, component=role, loop="").exists():
            _note(cluster_id, role, None)


def _note(cluster_id: int, role: str, failing: Failing | None) -> None:
    """Write or delete the role's row, journaled when that is news."""
    with Group(cluster_id, WallClock().now).transaction() as section:
        rows = Failure.objects.filter(cluster_id=cluster_id, component=role, node="", loop="")
        was_noted = rows.exists()
        if failing is None:
            rows.delete()
        else:
            shown = {
                "error": failing.error,
                "since": failing.since,
                "tries": failing.tries,
                "next_try": failing.next_try,
            }
            Failure.objects.update_or_create(
                defaults={"role": role, **shown}, cluster_id=cluster_id, component=role, node="", loop=""
            )
        if was_noted != (failing is not None):
            record(section, LoopId(role, "", ""), failing)
        said = Announcement(cluster_id, section.cluster.revision, section.cluster.journal_seq, frozenset())
    announce(said)
