"""The group over the real database, broken in every way a learner can break it."""

from collections.abc import Callable

import pytest

from core.etcd import Group, group_status, mvcc
from core.etcd.mvcc import Change, Failure
from core.faults import NothingToDo
from core.models import JournalEntry, Revision
from tests.etcd.conftest import Store, put

pytestmark = pytest.mark.django_db(transaction=True)

ELECTION = 4.0  # virtual seconds in which a new leader must be there


def succeeded(outcomes: list[object]) -> bool:
    return all(isinstance(outcome, Change) for outcome in outcomes)


def test_a_new_group_has_a_leader_by_votes(store: Store) -> None:
    assert store.status()["leader"]
    granted = JournalEntry.objects.filter(kind="raft.vote", data__granted=True, data__pre=False)
    assert granted.count() >= 1


def test_a_batch_is_committed_in_order(store: Store) -> None:
    outcomes = store.write("a", "b", "c")
    assert [outcome.revision for outcome in outcomes if isinstance(outcome, Change)] == [1, 2, 3]
    assert {member["commit"] for member in store.status()["members"]} == {4}, "the no-op and three entries"


def test_a_compare_that_fails_changes_nothing(store: Store) -> None:
    store.write("a")
    assert store.write("a", expected=0) == [Failure.COMPARE]
    assert store.wait(0) == []


def test_a_write_survives_the_death_of_a_follower(store: Store) -> None:
    store.fault("kill", store.others[0])
    assert succeeded(store.write("a"))


def test_after_the_leaders_death_writes_resume_in_a_new_term(store: Store) -> None:
    store.write("before")
    term, dead = store.member(store.leader)["term"], store.leader
    store.fault("kill", dead)
    assert store.write("at once") == [Failure.NO_LEADER]
    store.wait(ELECTION)
    assert succeeded(store.write("after"))
    assert store.member(store.leader)["term"] > term
    store.fault("restart", dead)
    store.wait(ELECTION)
    assert store.member(dead)["role"] == "follower"
    assert len({member["commit"] for member in store.status()["members"]}) == 1


def test_without_quorum_nothing_is_acknowledged_and_later_it_goes_on(store: Store) -> None:
    store.write("kept")
    first, second = store.others
    store.fault("kill", first)
    store.fault("kill", second)
    assert store.write("lost?") == [Failure.TIMEOUT]
    store.wait(ELECTION)
    assert store.write("no") == [Failure.NO_LEADER]
    store.fault("restart", first)
    late = store.wait(ELECTION)
    assert [change.key for change in late] == ["/registry/configmaps/lost?"], "it was in the log of the only candidate"
    assert succeeded(store.write("yes"))
    store.cluster.refresh_from_db()
    assert mvcc.get(store.cluster, "/registry/configmaps/kept") is not None


def test_an_entry_of_an_isolated_leader_is_replaced(store: Store) -> None:
    old = store.leader
    first, second = store.others
    store.fault("partition", old, first)
    store.fault("partition", old, second)
    assert store.write("doomed") == [Failure.TIMEOUT]
    store.wait(ELECTION)
    assert store.leader in (first, second)
    assert succeeded(store.write("decided"))
    store.fault("heal", old)
    store.wait(ELECTION)
    assert store.member(old)["role"] == "follower"
    assert not Revision.objects.filter(key__endswith="doomed", revision__isnull=False).exists()
    logs = {tuple(member["log"]) for member in store.status()["members"]}
    assert len(logs) == 1


def test_a_paused_leader_steps_down_on_its_return(store: Store) -> None:
    old = store.leader
    store.fault("pause", old)
    store.wait(ELECTION)
    assert store.leader != old
    assert store.member(old)["role"] == "leader", "in its own eyes"
    store.fault("resume", old)
    store.wait(ELECTION)
    assert store.member(old)["role"] == "follower"


def test_a_wiped_member_is_filled_again(store: Store) -> None:
    store.write("a", "b")
    victim = store.others[0]
    store.fault("kill", victim)
    store.fault("wipe", victim)
    assert store.member(victim)["last_index"] == 0
    store.fault("restart", victim)
    store.wait(ELECTION)
    assert store.member(victim)["role"] == "follower"
    assert store.member(victim)["commit"] == store.member(store.leader)["commit"]


def test_a_member_behind_the_compacted_log_gets_a_snapshot(store: Store) -> None:
    victim = store.others[0]
    store.fault("kill", victim)
    store.write("a", "b", "c")
    with store.group.transaction() as section:
        section.compact(2)
    store.fault("restart", victim)
    store.wait(ELECTION)
    assert store.member(victim)["snapshot_index"] > 0
    assert store.member(victim)["commit"] == store.member(store.leader)["commit"]


def test_a_read_needs_a_majority(store: Store) -> None:
    with store.group.transaction() as section:
        assert section.confirm_read()
    for name in store.others:
        store.fault("pause", name)
    with store.group.transaction() as section:
        assert not section.confirm_read()


def test_a_settled_group_does_not_tick(store: Store) -> None:
    before = group_status(store.cluster.pk)
    store.wait(3600)
    assert group_status(store.cluster.pk) == before


def test_another_process_sees_the_same_members(store: Store) -> None:
    other = Group(store.cluster.pk, lambda cluster: store.now)
    for turn in range(4):
        group = (store.group, other)[turn % 2]
        with group.transaction() as section:
            assert succeeded(section.propose([put(f"k{turn}")]))
    assert store.status()["members"][0]["commit"] == 5


def test_what_was_rolled_back_did_not_happen(store: Store) -> None:
    def fail_after_writing() -> None:
        with store.group.transaction() as section:
            section.propose([put("gone")])
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail_after_writing()
    assert store.member(store.leader)["commit"] == 1
    assert succeeded(store.write("a"))


@pytest.mark.parametrize(("members", "survives"), [(1, 0), (2, 0), (3, 1), (4, 1), (5, 2), (6, 2), (7, 3)])
def test_members_and_the_failures_they_survive(store_of: Callable[[int], Store], members: int, survives: int) -> None:
    store = store_of(members)
    for number in range(survives):
        store.fault("kill", f"etcd-{number}")
    store.wait(2 * ELECTION)
    assert succeeded(store.write("a"))
    store.fault("kill", f"etcd-{survives}")
    store.wait(2 * ELECTION)
    assert not succeeded(store.write("b"))


def test_the_last_copies_cannot_be_wiped(store_of: Callable[[int], Store]) -> None:
    store = store_of(1)
    store.fault("kill", "etcd-0")
    with pytest.raises(NothingToDo, match="last copies"):
        store.fault("wipe", "etcd-0")


def test_the_quorum_is_journaled_when_it_goes_and_comes(store: Store) -> None:
    store.fault("kill", "etcd-1")
    store.fault("kill", "etcd-2")
    store.fault("restart", "etcd-1")
    assert [entry.data["has"] for entry in JournalEntry.objects.filter(kind="etcd.quorum").order_by("seq")] == [
        False,
        True,
    ]


def test_old_revisions_are_readable_until_compacted(store: Store) -> None:
    store.write("a")
    store.write("a", "b")
    store.cluster.refresh_from_db()
    assert mvcc.get(store.cluster, "/registry/configmaps/a", 1).version == 1
    assert [change.revision for change in mvcc.range_at(store.cluster, "/registry/", 3)[0]] == [2, 3]
    assert mvcc.range_at(store.cluster, "/registry/", 3, limit=1)[1] == 2
    with store.group.transaction() as section:
        section.compact(2)
    store.cluster.refresh_from_db()
    with pytest.raises(mvcc.CompactedError):
        mvcc.get(store.cluster, "/registry/configmaps/a", 1)
    assert mvcc.get(store.cluster, "/registry/configmaps/a").version == 2


def test_status_counts_only_members_that_can_meet(store: Store) -> None:
    for target, peer in (("etcd-0", "etcd-1"), ("etcd-1", "etcd-2"), ("etcd-0", "etcd-2")):
        store.fault("partition", target, peer)
    status = store.status()
    assert (status["alive"], status["quorum"]) == (3, False)


# -- What the group bears -----------------------------------------------------------------------------------------------

SAYINGS = [
    pytest.param(3, [], "3 of 3 alive: one may fail", "ok", id="all well"),
    pytest.param(3, ["kill 2"], "2 of 3 alive: one more failure stops all writes", "wait", id="one dead"),
    pytest.param(3, ["kill 1", "kill 2"], "1 of 3 alive: writes stop, 2 are needed", "bad", id="two dead"),
    pytest.param(
        3, ["kill 0", "kill 1", "wipe 0", "restart 0"],
        "2 of 3 alive, 1 without a vote: writes stop, 2 are needed", "bad", id="a wiped member does not count",
    ),
    pytest.param(
        3, ["kill 0", "wipe 0", "restart 0"], "3 of 3 alive: one may fail", "ok", id="a wiped member that was filled again",
    ),
    pytest.param(
        3, ["cut 0 1", "cut 0 2"], "3 of 3 alive, 1 cut off: one more failure can stop all writes", "wait",
        id="a member that is cut off does not count",
    ),
    pytest.param(
        3, ["cut 0 1", "cut 1 2", "cut 0 2"], "3 of 3 alive, 2 cut off: writes stop, 2 are needed", "bad",
        id="nobody reaches anybody",
    ),
    pytest.param(
        5, ["cut 0 2", "cut 0 3", "cut 0 4", "cut 1 2", "cut 1 3", "cut 1 4"],
        "5 of 5 alive, 2 cut off: one more failure can stop all writes", "wait", id="two cut off together",
    ),
    pytest.param(5, [], "5 of 5 alive: 2 may fail", "ok", id="five"),
    pytest.param(5, ["pause 4"], "4 of 5 alive: one may fail", "ok", id="a paused one is not there"),
    pytest.param(1, [], "1 of 1 alive: a failure stops all writes", "wait", id="alone"),
    pytest.param(2, [], "2 of 2 alive: one more failure stops all writes", "wait", id="two bear no more than one"),
]  # fmt: skip


@pytest.mark.parametrize(("members", "faults", "say", "tone"), SAYINGS)
def test_the_gauge_says_what_the_group_can_do(
    store_of: Callable[[int], Store], members: int, faults: list[str], say: str, tone: str
) -> None:
    store = store_of(members)
    store.write("a")
    for line in faults:
        verb, *ends = line.split()
        store.fault("partition" if verb == "cut" else verb, *(f"etcd-{end}" for end in ends))
        store.wait(ELECTION)
    status = store.status()
    assert (status["say"], status["tone"]) == (say, tone)
    assert status["quorum"] == succeeded(store.write("b"))


def test_a_fault_says_that_a_wiped_member_has_no_vote(store: Store) -> None:
    for verb, target in (("kill", "etcd-0"), ("kill", "etcd-1"), ("wipe", "etcd-0")):
        store.fault(verb, target)
        store.wait(ELECTION)
    said = store.fault("restart", "etcd-0").message
    assert said == (
        "etcd-0 was started: 2 of 3 members run, 1 without a vote, a quorum needs 2: "
        "nothing can be written until more that remember return"
    )
    assert store.status()["together"] == 1


def test_who_leads_only_in_its_own_eyes_is_not_called_the_leader(store: Store) -> None:
    leader, others = store.leader, store.others
    for other in others:
        store.fault("partition", leader, other)
    status = store.status()
    assert (store.member(leader)["role"], status["leader"], status["quorum"]) == ("leader", None, True)
    store.wait(ELECTION)
    assert store.leader in others
