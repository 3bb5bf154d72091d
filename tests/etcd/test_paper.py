"""What the Raft paper (§) and thesis demand of one member, claim by claim."""

import pytest

from core.etcd.raft import ELECTION_TICKS, Log, Message, Raft, Ready, Role, Run, Type


def member(*, runs: list[Run] | None = None, term: int = 1, commit: int = 0, size: int = 3) -> Raft:
    return Raft(1, range(1, size + 1), seed="paper", log=Log(runs or [], commit=commit), term=term)


def leader(*, runs: list[Run] | None = None, term: int = 0, commit: int = 0) -> Raft:
    raft = member(runs=runs, term=term, commit=commit)
    raft.campaign()
    raft.step(Message(Type.PRE_VOTE_RESP, 2, 1, term + 1))
    raft.step(Message(Type.VOTE_RESP, 2, 1, term + 1))
    assert raft.role is Role.LEADER
    return raft


def sent(raft: Raft) -> list[Message]:
    ready = raft.ready()
    return list(ready.messages) if ready else []


def ticks(raft: Raft, count: int) -> None:
    for _ in range(count):
        raft.tick()


def test_5_1_a_newer_term_makes_a_follower_of_anybody() -> None:
    for raft in (member(), leader()):
        raft.step(Message(Type.APP, 2, 1, 9))
        assert (raft.role, raft.term, raft.leader) == (Role.FOLLOWER, 9, 2)


def test_5_1_a_stale_leader_is_told_the_newer_term() -> None:
    raft = member(term=5)
    raft.step(Message(Type.HEARTBEAT, 2, 1, 3))
    (answer,) = sent(raft)
    assert (answer.type, answer.term, answer.reject) == (Type.APP_RESP, 5, True)


def test_5_2_members_start_as_followers_and_stand_after_a_timeout() -> None:
    raft = member()
    ticks(raft, ELECTION_TICKS - 1)
    assert raft.role is Role.FOLLOWER
    ticks(raft, ELECTION_TICKS + 1)
    assert raft.role is Role.PRE_CANDIDATE


def test_5_2_timeouts_are_spread() -> None:
    drawn = set()
    raft = member()
    for _ in range(200):
        raft.draw_timeout()
        drawn.add(raft.timeout)
    assert drawn == set(range(ELECTION_TICKS, 2 * ELECTION_TICKS))


@pytest.mark.parametrize(("vote", "granted"), [(0, True), (2, True), (3, False)])
def test_5_2_one_vote_a_term(vote: int, granted: bool) -> None:
    raft = Raft(1, [1, 2, 3], seed="paper", term=4, vote=vote)
    raft.step(Message(Type.VOTE, 2, 1, 4))
    (answer,) = sent(raft)
    assert answer.reject is not granted


@pytest.mark.parametrize(
    ("index", "term", "granted"),
    [(3, 2, True), (9, 2, True), (1, 3, True), (2, 2, False), (9, 1, False)],
    ids=["the same", "longer", "newer though shorter", "shorter", "older though longer"],
)
def test_5_4_1_a_vote_needs_a_log_at_least_as_new(index: int, term: int, granted: bool) -> None:
    raft = member(runs=[(1, 1, 1), (2, 2, 3)], term=3)
    raft.step(Message(Type.VOTE, 2, 1, 5, index=index, log_term=term))
    (answer,) = sent(raft)
    assert answer.reject is not granted


def test_5_2_a_majority_of_refusals_ends_a_candidacy() -> None:
    raft = member()
    raft.campaign()
    for voter in (2, 3):
        raft.step(Message(Type.PRE_VOTE_RESP, voter, 1, 1, reject=True))
    assert raft.role is Role.FOLLOWER


def test_5_2_a_lone_member_leads_at_once() -> None:
    raft = member(size=1)
    raft.campaign()
    assert raft.role is Role.LEADER
    assert raft.log.commit == 1


def test_5_3_an_append_that_does_not_match_is_refused_with_a_hint() -> None:
    raft = member(runs=[(1, 1, 2), (2, 3, 5)], term=4)
    raft.step(Message(Type.APP, 2, 1, 4, index=9, log_term=3, entries=((4, 10, 10),)))
    (answer,) = sent(raft)
    assert (answer.reject, answer.index, answer.hint, answer.hint_term) == (True, 9, 5, 2)


def test_5_3_conflicting_entries_are_replaced() -> None:
    raft = member(runs=[(1, 1, 2), (2, 3, 5)], term=4, commit=2)
    raft.step(Message(Type.APP, 2, 1, 4, index=2, log_term=1, entries=((3, 3, 3),), commit=3))
    ready = raft.ready()
    assert ready is not None
    assert ready.entries == ((3, 3, 3),)
    assert ready.committed == (3, 3)
    assert raft.log.runs == [(1, 1, 2), (3, 3, 3)]


def test_5_3_a_follower_commits_no_further_than_what_it_was_sent() -> None:
    raft = member(runs=[(1, 1, 5)], term=1)
    raft.step(Message(Type.APP, 2, 1, 2, index=2, log_term=1, commit=5))
    assert raft.log.commit == 2, "entries 3 to 5 may not be the leader's"


def test_5_4_2_only_entries_of_the_own_term_are_committed_by_counting() -> None:
    raft = leader(runs=[(1, 1, 2)], term=1)
    raft.step(Message(Type.APP_RESP, 2, 1, 2, index=2))
    assert raft.log.commit == 0
    raft.step(Message(Type.APP_RESP, 2, 1, 2, index=3))
    assert raft.log.commit == 3, "the no-op of the term carries the older ones along"


def test_8_a_leader_opens_its_term_with_an_entry() -> None:
    raft = leader()
    ready = raft.ready()
    assert isinstance(ready, Ready)
    assert ready.entries == ((1, 1, 1),)


def test_7_a_follower_behind_the_log_gets_a_snapshot() -> None:
    raft = leader()
    raft.step(Message(Type.APP_RESP, 2, 1, 1, index=1))
    raft.propose(5)
    raft.step(Message(Type.APP_RESP, 2, 1, 1, index=6))
    raft.log.compact(6)
    sent(raft)
    raft.step(Message(Type.APP_RESP, 3, 1, 1, index=0, reject=True, hint=0))
    raft.step(Message(Type.HEARTBEAT_RESP, 3, 1, 1))
    (snapshot,) = [message for message in sent(raft) if message.type is Type.SNAP]
    assert (snapshot.receiver, snapshot.index) == (3, 6)


def test_thesis_9_6_asking_for_a_pre_vote_changes_no_term() -> None:
    raft = member(term=3)
    raft.campaign()
    assert raft.term == 3
    assert {(message.type, message.term) for message in sent(raft)} == {(Type.PRE_VOTE, 4)}


def test_thesis_4_2_3_who_hears_a_leader_helps_nobody_to_depose_it() -> None:
    raft = member(term=1)
    raft.step(Message(Type.HEARTBEAT, 2, 1, 1))
    sent(raft)
    raft.step(Message(Type.VOTE, 3, 1, 7, index=9, log_term=9))
    assert (raft.term, sent(raft)) == (1, [])
    ticks(raft, ELECTION_TICKS)
    raft.step(Message(Type.VOTE, 3, 1, 7, index=9, log_term=9))
    assert raft.vote == 3


def test_thesis_6_2_a_leader_that_hears_no_majority_steps_down() -> None:
    raft = leader()
    ticks(raft, ELECTION_TICKS)
    assert raft.role is Role.FOLLOWER


def test_thesis_6_4_a_read_waits_for_a_majority_to_confirm_the_leader() -> None:
    raft = leader()
    assert not raft.read_index(1), "before its first entry is committed it does not know what is"
    raft.step(Message(Type.APP_RESP, 2, 1, 1, index=1))
    assert raft.read_index(2)
    sent(raft)
    raft.step(Message(Type.HEARTBEAT_RESP, 3, 1, 1, context=2))
    ready = raft.ready()
    assert ready is not None
    assert [(read.context, read.index) for read in ready.reads] == [(2, 1)]


def test_thesis_3_10_a_leader_hands_over_once_the_other_has_the_log() -> None:
    raft = leader()
    sent(raft)
    raft.transfer_leader(2)
    raft.step(Message(Type.APP_RESP, 2, 1, 1, index=1))
    assert Type.TIMEOUT_NOW in [message.type for message in sent(raft)]
    assert raft.propose() is None, "proposals would keep the other from catching up"


def test_thesis_3_10_asking_again_for_the_same_successor_does_not_put_off_the_quorum_check() -> None:
    raft = leader()
    for _ in range(3 * ELECTION_TICKS):
        raft.tick()
        raft.transfer_leader(2)
    assert raft.role is not Role.LEADER


def test_a_replaced_disk_votes_only_after_it_was_filled() -> None:
    raft = Raft(1, [1, 2, 3], seed="paper", term=4, blank=True)
    raft.step(Message(Type.VOTE, 2, 1, 5, index=9, log_term=4))
    assert sent(raft)[-1].reject
    raft.campaign()
    assert raft.role is Role.FOLLOWER
    raft.step(Message(Type.APP, 3, 1, 6, entries=((4, 1, 9),)))
    assert not raft.blank
