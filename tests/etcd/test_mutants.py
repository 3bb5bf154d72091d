"""The checker is not blind: a core with one rule broken is caught, by random search or by the case that needs the rule.

A simulation that finds nothing proves nothing until it finds what was hidden in it. The seeds are few, so that a change
of the faults that blinds the search is noticed here.
"""

from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest

from core.etcd import raft as real
from core.etcd.raft import Log, Message, Raft, Ready, Role, Type
from tests.etcd.mutants import STUCK, UNSAFE, Mutant
from tests.etcd.simulation import STEPS, Broken, Disk, Simulation

pytestmark = pytest.mark.search

SEEDS = 100


def search(core: ModuleType = real, disk: type[Disk] = Disk, *, heal: bool = False) -> None:
    for seed in range(SEEDS):
        simulation = Simulation(seed, core, disk)
        simulation.run(STEPS)
        if heal:
            simulation.heal()


# -- Cases, for rules that need a rare order of events -----------------------------------------------------------------


def member(core: ModuleType, *, runs: Any = (), term: int = 1, commit: int = 0) -> Raft:
    made: Raft = core.Raft(1, [1, 2, 3], seed="s", log=core.Log(runs, commit=commit), term=term)
    return made


def leader(core: ModuleType) -> Raft:
    """The leader of term 1, which has committed the entry that opened it."""
    raft = member(core, term=0)
    raft.campaign()
    for type_ in (Type.PRE_VOTE_RESP, Type.VOTE_RESP):
        raft.step(Message(type_, 2, 1, 1))
    raft.step(Message(Type.APP_RESP, 2, 1, 1, index=1))
    raft.ready()
    assert raft.role == Role.LEADER
    return raft


def votes_for(raft: Raft, candidate: int, term: int) -> bool:
    raft.ready()
    raft.step(Message(Type.VOTE, candidate, raft.id, term, index=99, log_term=term - 1))
    return not sent(raft)[-1].reject


def sent(raft: Raft) -> tuple[Message, ...]:
    ready = raft.ready()
    return ready.messages if ready else ()


def a_vote_outlives_a_candidacy_that_failed(core: ModuleType) -> None:
    """It voted for 2, missed who won, found out that it cannot win, and is asked by 3."""
    raft = member(core)
    assert votes_for(raft, 2, term=5)
    raft.campaign()
    for voter in (2, 3):
        raft.step(Message(Type.PRE_VOTE_RESP, voter, 1, 5, reject=True))
    if votes_for(raft, 3, term=5):
        raise Broken("two votes in one term")


def a_vote_outlives_a_snapshot(core: ModuleType) -> None:
    raft = member(core)
    assert votes_for(raft, 2, term=5)
    raft.step(Message(Type.SNAP, 2, 1, 5, index=7, log_term=4))
    ready = raft.ready()
    again = core.Raft(1, [1, 2, 3], seed="s", log=core.Log(snapshot_index=7, snapshot_term=4), term=5, vote=raft.vote)
    if (ready and ready.hard_state and ready.hard_state.vote != 2) or votes_for(again, 3, term=5):
        raise Broken("two votes in one term")


def a_follower_commits_no_further_than_it_was_sent(core: ModuleType) -> None:
    """Its entries 3 to 5 are not the leader's, who has committed others there."""
    raft = member(core, runs=[(1, 1, 5)])
    raft.step(Message(Type.APP, 2, 1, 2, index=2, log_term=1, commit=5))
    if raft.log.commit > 2:
        raise Broken("it committed what the leader does not have")


def a_read_is_confirmed_by_answers_to_its_own_round(core: ModuleType) -> None:
    raft = leader(core)
    for context in (1, 2):
        raft.read_index(context)
    raft.ready()
    raft.step(Message(Type.HEARTBEAT_RESP, 2, 1, 1, context=1))
    ready = raft.ready()
    if [read.context for read in (ready.reads if ready else ())] != [1]:
        raise Broken("an answer that was under way before a read was asked confirmed it")


def a_stale_member_is_told_the_newer_term(core: ModuleType) -> None:
    raft = member(core, term=5)
    raft.step(Message(Type.HEARTBEAT, 2, 1, 3))
    if [message.term for message in sent(raft)] != [5]:
        raise Broken("it would never know")


CASES: dict[str, Callable[[ModuleType], None]] = {
    # what the mutant does → the case that catches it
    "forgets its vote when it follows": a_vote_outlives_a_candidacy_that_failed,
    "forgets its vote with a snapshot": a_vote_outlives_a_snapshot,
    "commits beyond what it was sent": a_follower_commits_no_further_than_it_was_sent,
    "reads by an older round": a_read_is_confirmed_by_answers_to_its_own_round,
    "tells a stale member nothing": a_stale_member_is_told_the_newer_term,
}


@pytest.mark.parametrize("case", CASES.values(), ids=lambda case: case.__name__)
def test_the_rule_holds(case: Callable[[ModuleType], None]) -> None:
    case(real)


@pytest.mark.parametrize("mutant", UNSAFE, ids=lambda mutant: mutant.does)
def test_a_member_is_caught_that(mutant: Mutant) -> None:
    with mutant.core() as core, pytest.raises(AssertionError):
        CASES.get(mutant.does, search)(core)


@pytest.mark.parametrize("mutant", STUCK, ids=lambda mutant: mutant.does)
def test_a_group_is_seen_to_be_stuck_whose_member(mutant: Mutant) -> None:
    case = CASES.get(mutant.does)
    with mutant.core() as core, pytest.raises(AssertionError):
        case(core) if case else search(core, heal=True)


# -- Disks that lose what they were given ------------------------------------------------------------------------------


class ForgetsVote(Disk):
    def save(self, ready: Ready) -> None:
        super().save(ready)
        self.hard = self.hard._replace(vote=0)


class ForgetsTerm(Disk):
    def save(self, ready: Ready) -> None:
        super().save(ready)
        self.hard = self.hard._replace(term=0, vote=0)


class ForgetsLog(Disk):
    def save(self, ready: Ready) -> None:
        super().save(ready)
        self.log = Log()


class WritesEntriesLater(Disk):
    """What is confirmed is on the disk only when the next thing is."""

    def save(self, ready: Ready) -> None:
        super().save(self.late)
        self.late = ready

    def __post_init__(self) -> None:
        super().__post_init__()
        self.late = Ready(None, (), None, (), None, ())


class LosesSnapshots(Disk):
    def save(self, ready: Ready) -> None:
        if not ready.snapshot:
            super().save(ready)


class KeepsTheWipeSecret(Disk):
    """A replaced disk that does not say so: the member votes as if it had never confirmed anything."""

    def boot(self, id: int, voters: list[int], seed: str) -> Raft:
        self.hard = self.hard._replace(blank=False)
        return super().boot(id, voters, seed)


@pytest.mark.parametrize(
    "disk", [ForgetsVote, ForgetsTerm, ForgetsLog, WritesEntriesLater, LosesSnapshots, KeepsTheWipeSecret]
)
def test_a_disk_is_caught_that(disk: type[Disk]) -> None:
    with pytest.raises(AssertionError):
        search(disk=disk)
