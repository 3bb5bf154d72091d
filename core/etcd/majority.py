"""Whether a group can write, how much more it bears, and the sentence that says so: the one home of the quorum gauge.

The picture, its text twin, the home page, `manage.py status` and the answers to faults are all told this verdict; none of
them counts members itself. Being alive is not enough to count: a member that is cut off reaches nobody, and one whose disk
was replaced has no vote.
"""

from collections.abc import Mapping
from functools import lru_cache
from itertools import combinations
from typing import NamedTuple

from core.etcd.raft.quorum import Standing, can_elect, followers, needed

NOBODY: frozenset[int] = frozenset()


class Verdict(NamedTuple):
    """
    quorum     a majority has a leader or can elect one
    together   members of that majority's side; without one, those of the largest side that have a vote
    cut_off    members that run, but on another side
    voteless   members that run, but whose disk was replaced and is still empty
    spare      how many more may fail, whichever they are
    fatal      whether any one more failure stops all writes; with spare 0 and not fatal, some would
    """

    total: int
    alive: int
    needed: int
    quorum: bool
    together: int
    cut_off: int
    voteless: int
    spare: int
    fatal: bool

    @property
    def tone(self) -> str:
        """ok, wait or bad, as everything in the picture is coloured."""
        return "bad" if not self.quorum else "wait" if not self.spare else "ok"

    @property
    def but(self) -> str:
        """Those that run and do not count: `, 1 cut off, 1 without a vote`, or nothing."""
        counts = ((self.cut_off, "cut off"), (self.voteless, "without a vote"))
        return "".join(f", {count} {words}" for count, words in counts if count)

    @property
    def say(self) -> str:
        """`2 of 3 alive: one more failure stops all writes`"""
        return f"{self.alive} of {self.total} alive{self.but}: {self._next()}"

    def _next(self) -> str:
        if not self.quorum:
            return f"writes stop, {self.needed} are needed"
        if self.spare:
            return f"{'one' if self.spare == 1 else self.spare} may fail"
        failure = "a failure" if self.total == 1 else "one more failure"
        return f"{failure} {'stops' if self.fatal else 'can stop'} all writes"


def verdict(members: Mapping[int, Standing]) -> Verdict:
    """The verdict on a whole group, by member id."""
    running = [id for id, one in members.items() if one.hears]
    quorum = can_elect(members)
    side = _side(members, running)
    spare, fatal = _bears(_ranked(members)) if quorum else (0, True)
    return Verdict(
        total=len(members),
        alive=len(running),
        needed=needed(len(members)),
        quorum=quorum,
        together=len(side) if quorum else sum(not members[id].blank for id in side),
        cut_off=len(running) - len(side),
        voteless=sum(members[id].blank for id in running),
        spare=spare,
        fatal=fatal,
    )


def _side(members: Mapping[int, Standing], running: list[int]) -> frozenset[int]:
    """Those that count as being there: the leader's followers, or a possible leader's, or whoever still meets."""
    sides = [(members[id].leads, members[id].term, followers(id, members)) for id in running]
    able = [(leads, term, len(side), sorted(side)) for leads, term, side in sides if side]
    if able:
        return frozenset(max(able)[3])
    return max((members[id].hears for id in running), key=len, default=NOBODY)


def _ranked(members: Mapping[int, Standing]) -> tuple[tuple[int, Standing], ...]:
    """The same with logs and terms as ranks: what was decided once holds for every log that compares alike."""
    logs = sorted({one.log for one in members.values()})
    terms = sorted({one.term for one in members.values()})
    return tuple(
        (id, one._replace(log=(0, logs.index(one.log)), term=terms.index(one.term))) for id, one in members.items()
    )


@lru_cache(512)
def _bears(ranked: tuple[tuple[int, Standing], ...]) -> tuple[int, bool]:
    """How many of those that run may fail, whichever they are, and whether every single failure is fatal."""
    members = dict(ranked)
    running = [id for id, one in ranked if one.hears]
    single = [can_elect(_without(members, {id})) for id in running]
    if not all(single):
        return 0, not any(single)
    spare = 1
    while all(can_elect(_without(members, set(lost))) for lost in combinations(running, spare + 1)):
        spare += 1
    return spare, False


def _without(members: Mapping[int, Standing], lost: set[int]) -> dict[int, Standing]:
    return {
        id: one._replace(hears=NOBODY if id in lost else one.hears - lost, leads=one.leads and id not in lost)
        for id, one in members.items()
    }
