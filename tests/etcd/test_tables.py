"""Majorities, logs and progress: pure arithmetic, in tables."""

import pytest

from core.etcd.raft import Log, Progress, Run, Sending, needed, quorum
from core.etcd.raft.quorum import Standing, Vote, can_elect


@pytest.mark.parametrize(("members", "majority"), [(1, 1), (2, 2), (3, 2), (4, 3), (5, 3), (6, 4), (7, 4)])
def test_a_majority_is_more_than_half(members: int, majority: int) -> None:
    assert needed(members) == majority


@pytest.mark.parametrize(
    ("matches", "index"),
    [([5], 5), ([5, 3], 3), ([5, 5, 0], 5), ([5, 3, 0], 3), ([9, 7, 5, 3], 5), ([9, 9, 4, 2, 1], 4)],
)
def test_committed_is_what_a_majority_holds(matches: list[int], index: int) -> None:
    assert quorum.committed(matches) == index


@pytest.mark.parametrize(
    ("votes", "result"),
    [
        pytest.param({}, Vote.PENDING, id="nobody answered"),
        pytest.param({1: True}, Vote.PENDING, id="one of three"),
        pytest.param({1: True, 2: True}, Vote.WON, id="a majority"),
        pytest.param({1: True, 2: False}, Vote.PENDING, id="the third decides"),
        pytest.param({1: False, 2: False}, Vote.LOST, id="yes can no longer win"),
        pytest.param({1: True, 9: True}, Vote.PENDING, id="a stranger does not count"),
    ],
)
def test_votes_decide(votes: dict[int, bool], result: Vote) -> None:
    assert quorum.vote_result([1, 2, 3], votes) is result


ALL = frozenset({1, 2, 3})
DEAD = Standing(frozenset())


@pytest.mark.parametrize(
    ("standings", "can"),
    [
        pytest.param([Standing(ALL)] * 3, True, id="all well"),
        pytest.param([Standing(frozenset({1, 2}))] * 2 + [DEAD], True, id="a majority"),
        pytest.param([Standing(frozenset({1})), DEAD, DEAD], False, id="a minority"),
        pytest.param([Standing(ALL - {3}), Standing(ALL - {3}, blank=True), DEAD], False, id="a blank one has no vote"),
        pytest.param(
            [Standing(ALL - {3}, leads=True), Standing(ALL - {3}, blank=True), DEAD], True, id="a leader fills a blank one"
        ),
        pytest.param(
            [Standing(ALL - {3}, leads=True, term=1), Standing(ALL - {3}, blank=True, term=2), DEAD], False,
            id="a leader that is about to hear of a newer term",
        ),
        pytest.param(
            [Standing(ALL, log=(1, 5)), Standing(frozenset({1, 2}), log=(2, 6)), DEAD], True, id="the longer log wins"
        ),
        pytest.param(
            [Standing(frozenset({1, 2, 3}), log=(1, 5)), *[Standing(frozenset({1, n}), log=(2, 6)) for n in (2, 3)], DEAD],
            False, id="only the one in the middle meets a majority, and its log is too old",
        ),
    ],
)  # fmt: skip
def test_a_majority_that_remembers_can_elect(standings: list[Standing], can: bool) -> None:
    assert can_elect(dict(enumerate(standings, start=1))) is can


LONG: list[Run] = [(1, 1, 3), (2, 4, 6), (4, 7, 9)]


@pytest.mark.parametrize(
    ("entries", "runs", "new"),
    [
        pytest.param([], LONG, [], id="nothing"),
        pytest.param([(2, 4, 6)], LONG, [], id="held already"),
        pytest.param([(2, 4, 5)], LONG, [], id="an old append truncates nothing"),
        pytest.param([(4, 7, 9), (5, 10, 11)], [*LONG, (5, 10, 11)], [(5, 10, 11)], id="the rest is new"),
        pytest.param([(4, 9, 12)], [*LONG[:2], (4, 7, 12)], [(4, 10, 12)], id="a run grows"),
        pytest.param([(3, 5, 6)], [(1, 1, 3), (2, 4, 4), (3, 5, 6)], [(3, 5, 6)], id="a conflict replaces the rest"),
        pytest.param([(2, 4, 5), (5, 6, 6)], [(1, 1, 3), (2, 4, 5), (5, 6, 6)], [(5, 6, 6)], id="conflict in a run"),
    ],
)
def test_merging_a_leaders_entries(entries: list[Run], runs: list[Run], new: list[Run]) -> None:
    log = Log(LONG, commit=3)
    assert log.merge(entries) == new
    assert log.runs == runs


def test_what_is_committed_is_never_replaced() -> None:
    with pytest.raises(AssertionError, match="committed"):
        Log(LONG, commit=6).merge([(3, 5, 6)])


@pytest.mark.parametrize(
    ("index", "term", "meet"),
    [
        pytest.param(9, 4, 9, id="the same end"),
        pytest.param(12, 4, 9, id="no further than the own end"),
        pytest.param(9, 3, 6, id="skips a whole term"),
        pytest.param(9, 1, 3, id="skips two"),
        pytest.param(5, 2, 5, id="inside a run"),
        pytest.param(9, 0, 0, id="nothing in common"),
    ],
)
def test_the_next_place_to_probe(index: int, term: int, meet: int) -> None:
    assert Log(LONG).last_possible_match(index, term) == meet


def test_compaction_keeps_the_term_at_its_edge() -> None:
    log = Log(LONG, commit=8)
    log.compact(5)
    assert (log.snapshot_index, log.snapshot_term, log.runs) == (5, 2, [(2, 6, 6), (4, 7, 9)])
    assert [log.term(index) for index in (4, 5, 6, 10)] == [None, 2, 2, None]


def test_a_probe_waits_for_its_answer() -> None:
    progress = Progress(match=0, next=5)
    progress.sent(9)
    assert progress.is_paused()
    assert progress.rejected(4, meet=2)
    assert (progress.next, progress.is_paused()) == (3, False)
    assert not progress.rejected(4, meet=1), "a second answer to the same probe is stale"


def test_replication_is_optimistic() -> None:
    progress = Progress(match=2, next=3)
    progress.become_replicate()
    progress.sent(9)
    assert (progress.next, progress.match, progress.is_paused()) == (10, 2, False)
    assert progress.accepted(9)
    assert not progress.accepted(7), "a late answer is no news"
    assert (progress.match, progress.next) == (9, 10)


def test_a_snapshot_holds_appends_back() -> None:
    progress = Progress(match=0, next=1)
    progress.become_snapshot(7)
    assert progress.is_paused()
    progress.become_probe()
    assert (progress.state, progress.next) == (Sending.PROBE, 8)
