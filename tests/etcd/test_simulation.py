"""Safety under random faults, and that the checker would notice if the core were wrong."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from core.etcd.raft import HardState, Log, Message, Raft, ReadState, Ready, Role, Type
from core.etcd.raft import step as steps
from tests.etcd.simulation import Broken, Disk, Simulation

SEEDS = range(60)
STEPS = 1500


@pytest.mark.parametrize("block", range(6))
def test_safety_holds_and_healing_brings_progress(block: int) -> None:
    for seed in SEEDS[block::6]:
        simulation = Simulation(seed)
        simulation.run(STEPS)
        simulation.heal()


def test_the_same_seed_gives_the_same_run() -> None:
    def trace(seed: int) -> Any:
        simulation = Simulation(seed)
        simulation.run(800)
        return simulation.leaders, simulation.decided, simulation.wire

    assert trace(5) == trace(5)


# -- Mutants: one rule broken each ------------------------------------------------------------------------------------


class ForgetsVote(Disk):
    def save(self, ready: Ready) -> None:
        super().save(ready)
        self.hard = self.hard._replace(vote=0)


class ForgetsTerm(Disk):
    def save(self, ready: Ready) -> None:
        super().save(ready)
        self.hard = HardState(0, 0, self.hard.commit, self.hard.blank)


class ForgetsLog(Disk):
    def save(self, ready: Ready) -> None:
        super().save(ready)
        self.log = Log()


class CommitsOldTerms(Raft):
    """Figure 8: counts copies of an entry of an older term."""

    def maybe_commit(self) -> bool:
        index = sorted((progress.match for progress in self.progress.values()), reverse=True)[len(self.voters) // 2]
        if index <= self.log.commit:
            return False
        self.log.commit = index
        return True


class VotesForAnyLog(Raft):
    def _decide_vote(self, message: Message) -> None:
        log, self.log = self.log, Log()
        super()._decide_vote(message)
        self.log = log


class VotesTwice(Raft):
    def _decide_vote(self, message: Message) -> None:
        self.vote = 0
        super()._decide_vote(message)


class TruncatesOnOldAppend(Raft):
    def merge(self, entries: Any) -> None:
        if entries and entries[0][1] > self.log.commit:
            self.log.truncate(entries[0][1] - 1)
        super().merge(entries)


class ReadsWithoutQuorum(Raft):
    def read_index(self, context: int) -> bool:
        if self.role is not Role.LEADER:
            return False
        self._reads.append(ReadState(context, self.log.commit))
        return True


class SkipsConsistencyCheck(Raft):
    def step(self, message: Message) -> None:
        held = self.log.term(message.index)
        if message.type is Type.APP and message.index > self.log.commit and held is not None:
            message = replace(message, log_term=held)
        super().step(message)


# -- Scripted cases, for rules that random search rarely needs -----------------------------------------------------------


def follower(*, runs: Any = (), term: int = 1, kind: type[Raft] = Raft, commit: int = 0, size: int = 3) -> Raft:
    return kind(1, range(1, size + 1), seed="s", log=Log(runs, commit=commit), term=term)


def ask_vote(raft: Raft, candidate: int, term: int, index: int = 9, log_term: int = 9) -> bool:
    raft.step(Message(Type.VOTE, candidate, raft.id, term, index=index, log_term=log_term))
    ready = raft.ready()
    assert ready is not None
    return not ready.messages[-1].reject


def vote_survives_a_crash(kind: type[Raft], disk: type[Disk]) -> None:
    stored = disk()
    raft = stored.boot(kind, 1, [1, 2, 3], "s")
    raft.step(Message(Type.VOTE, 2, 1, 5))
    ready = raft.ready()
    assert ready is not None
    stored.save(ready)
    again = stored.boot(kind, 1, [1, 2, 3], "t")
    if ask_vote(again, 3, 5):
        raise Broken("two votes in one term, with a crash between")


def vote_is_given_once(kind: type[Raft], disk: type[Disk]) -> None:
    raft = follower(kind=kind)
    if ask_vote(raft, 2, 5) and ask_vote(raft, 3, 5):
        raise Broken("two votes in one term")


def log_survives_a_crash(kind: type[Raft], disk: type[Disk]) -> None:
    stored = disk()
    raft = stored.boot(kind, 1, [1, 2, 3], "s")
    raft.step(Message(Type.APP, 2, 1, 1, entries=((1, 1, 3),)))
    ready = raft.ready()
    assert ready is not None
    stored.save(ready)
    if stored.boot(kind, 1, [1, 2, 3], "t").log.last_index != 3:
        raise Broken("an entry that was confirmed is gone after a crash")


def candidate_needs_a_new_log(kind: type[Raft], disk: type[Disk]) -> None:
    if ask_vote(follower(runs=[(1, 1, 3)], kind=kind), 2, 5, index=2, log_term=1):
        raise Broken("a vote for a log that lacks entries")


def figure_8(kind: type[Raft], disk: type[Disk]) -> None:
    """§5.4.2: a new leader has an old entry on a majority; it is not committed before one of its own term is."""
    raft = follower(runs=[(1, 1, 1), (2, 2, 2)], term=3, kind=kind, commit=1)
    raft.campaign()
    for type_, term in ((Type.PRE_VOTE_RESP, 4), (Type.VOTE_RESP, 4)):
        raft.step(Message(type_, 2, 1, term))
    assert raft.role is Role.LEADER
    raft.step(Message(Type.APP_RESP, 2, 1, 4, index=2))
    if raft.log.commit >= 2:
        raise Broken("an entry of an older term was committed by counting")


def old_append_keeps_new_entries(kind: type[Raft], disk: type[Disk]) -> None:
    raft = follower(kind=kind)
    raft.step(Message(Type.APP, 2, 1, 1, entries=((1, 1, 5),)))
    raft.step(Message(Type.APP, 2, 1, 1, entries=((1, 1, 2),)))
    if raft.log.last_index != 5:
        raise Broken("a late append cut off newer entries")


def read_waits_for_a_majority(kind: type[Raft], disk: type[Disk]) -> None:
    raft = follower(kind=kind, term=0)
    raft.campaign()
    raft.step(Message(Type.PRE_VOTE_RESP, 2, 1, 1))
    raft.step(Message(Type.VOTE_RESP, 2, 1, 1))
    raft.step(Message(Type.APP_RESP, 2, 1, 1, index=1))
    raft.ready()
    raft.read_index(1)
    ready = raft.ready()
    if ready is not None and ready.reads:
        raise Broken("a read was answered that nobody confirmed")


def append_must_match(kind: type[Raft], disk: type[Disk]) -> None:
    raft = follower(runs=[(1, 1, 3)], kind=kind)
    raft.step(Message(Type.APP, 2, 1, 3, index=3, log_term=2, entries=((3, 4, 4),)))
    if raft.log.last_index == 4:
        raise Broken("entries were appended after an entry that the leader does not have")


CASES: list[Callable[[type[Raft], type[Disk]], None]] = [
    vote_survives_a_crash,
    vote_is_given_once,
    log_survives_a_crash,
    candidate_needs_a_new_log,
    figure_8,
    old_append_keeps_new_entries,
    read_waits_for_a_majority,
    append_must_match,
]

MUTANTS = [
    ("vote not persisted", Raft, ForgetsVote),
    ("term not persisted", Raft, ForgetsTerm),
    ("log not persisted", Raft, ForgetsLog),
    ("old-term entry committed (Fig. 8)", CommitsOldTerms, Disk),
    ("no log check on vote", VotesForAnyLog, Disk),
    ("double vote", VotesTwice, Disk),
    ("truncate on old append", TruncatesOnOldAppend, Disk),
    ("read without quorum", ReadsWithoutQuorum, Disk),
    ("no consistency check", SkipsConsistencyCheck, Disk),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.__name__)
def test_the_rule_holds(case: Callable[[type[Raft], type[Disk]], None]) -> None:
    case(Raft, Disk)


@pytest.mark.parametrize(("kind", "disk"), [row[1:] for row in MUTANTS], ids=[row[0] for row in MUTANTS])
def test_a_mutant_is_caught(kind: type[Raft], disk: type[Disk]) -> None:
    """By a scripted case at least, whatever the random search would find."""
    caught = 0
    for case in CASES:
        try:
            case(kind, disk)
        except AssertionError:
            caught += 1
    assert caught


RARE = {"vote not persisted", "old-term entry committed (Fig. 8)", "double vote"}  # hundreds of seeds apart


@pytest.mark.parametrize(
    ("kind", "disk"),
    [row[1:] for row in MUTANTS if row[0] not in RARE],
    ids=[row[0] for row in MUTANTS if row[0] not in RARE],
)
def test_random_search_finds_a_mutant(kind: type[Raft], disk: type[Disk]) -> None:
    """So the checker is not blind, and the faults reach what they aim at."""

    def search() -> None:
        for seed in range(60):
            Simulation(seed, kind, disk).run(STEPS)

    with pytest.raises(AssertionError):
        search()


def test_every_role_has_its_handlers() -> None:
    assert set(steps.HANDLERS) == set(Role)
