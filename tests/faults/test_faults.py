"""Breaking and healing, target by target: what each verb does and says, and what it refuses."""

import pytest

from core.etcd import group_status
from core.faults import VERBS, NothingToDo, UnknownTarget, act, targets
from core.journal import on_announcement
from core.models import Cluster, Component, Fault, JournalEntry
from tests.builders import make_pod
from tests.world import World

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def world() -> World:
    return World()


def do(world: World, verb: str, target: str, peer: str = "") -> str:
    return act(world.cluster, verb, target, peer, by="test", now=world.clock.now).message


def test_killing_a_member_counts_who_is_left(world: World) -> None:
    assert do(world, "kill", "etcd-1") == "etcd-1 was killed: 2 of 3 members run, a quorum needs 2: writes go on"
    assert "nothing can be written" in do(world, "kill", "etcd-2")


@pytest.mark.parametrize(
    ("first", "again", "said"),
    [
        ([], "restart", "runs; kill it first"),
        ([], "resume", "is not paused"),
        ([], "wipe", "kill it before"),
        (["kill"], "kill", "is stopped already"),
        (["kill"], "pause", "is not running"),
    ],
)
def test_a_member_that_is_so_already_stays_so(world: World, first: list[str], again: str, said: str) -> None:
    for verb in first:
        do(world, verb, "etcd-0")
    topology = Cluster.objects.get().topology
    with pytest.raises(NothingToDo, match=said):
        do(world, again, "etcd-0")
    assert Cluster.objects.get().topology == topology


def test_an_unknown_target_is_told_the_valid_ones(world: World) -> None:
    with pytest.raises(UnknownTarget, match="scheduler") as caught:
        do(world, "kill", "schedular")
    assert caught.value.valid == targets(world.cluster)
    with pytest.raises(UnknownTarget):
        do(world, "kill", "pod/default/none")


def test_a_restarted_component_is_a_new_process(world: World) -> None:
    do(world, "kill", "scheduler")
    do(world, "restart", "scheduler")
    row = Component.objects.get(target="scheduler")
    assert (row.state, row.starts) == ("running", 2)


def test_every_act_is_journaled_counted_and_announced(world: World) -> None:
    heard = []
    stop = on_announcement(heard.append)
    before = world.cluster.topology
    do(world, "pause", "kubelet/worker-1")
    stop()
    assert world.cluster.topology == before + 1
    entry = JournalEntry.objects.filter(kind="fault").latest("seq")
    assert (entry.data["verb"], entry.data["target"], entry.actor) == ("pause", "kubelet/worker-1", "test")
    assert [announcement.topology for announcement in heard] == [True]


def test_a_pod_to_kill_is_left_for_its_node(world: World) -> None:
    world.create("pods", make_pod("web").obj())
    do(world, "kill", "pod/default/web")
    assert Fault.objects.filter(kind="kill", target="pod/default/web", healed=None).exists()
    with pytest.raises(NothingToDo):
        do(world, "kill", "pod/default/web")


@pytest.mark.parametrize(
    ("target", "peer"), [("etcd-0", "etcd-1"), ("node/worker-1", "apiserver"), ("node/worker-1", "node/worker-2")]
)
def test_a_wire_is_cut_once_and_healed_from_either_end(world: World, target: str, peer: str) -> None:
    do(world, "partition", target, peer)
    with pytest.raises(NothingToDo, match="cut already"):
        do(world, "partition", target, peer)
    if not peer.startswith("api"):
        do(world, "heal", peer, target)
    else:
        do(world, "heal", target)
    assert not Fault.objects.filter(kind="partition", healed=None).exists()
    with pytest.raises(NothingToDo, match="nothing is cut"):
        do(world, "heal", target, peer)


def test_a_wire_has_two_ends(world: World) -> None:
    assert (
        do(world, "partition", "apiserver", "node/worker-1") == "the wire between node/worker-1 and apiserver was cut"
    )
    with pytest.raises(NothingToDo, match="cut already"):
        do(world, "partition", "node/worker-1", "apiserver")
    do(world, "heal", "apiserver", "node/worker-1")
    assert not Fault.objects.filter(kind="partition", healed=None).exists()


@pytest.mark.parametrize(
    ("target", "verbs"),
    [
        ("etcd-0", {"kill", "restart", "pause", "resume", "wipe", "partition", "heal"}),
        ("node/worker-1", {"kill", "restart", "pause", "resume", "partition", "heal"}),
        *(
            (target, {"kill", "restart", "pause", "resume"})
            for target in ("apiserver", "scheduler", "kubelet/worker-1")
        ),
        ("pod/default/web", {"kill"}),
    ],
)
def test_each_kind_can_only_what_it_can(world: World, target: str, verbs: set[str]) -> None:
    """What it cannot is refused with what it can; what it can, never so."""
    world.create("pods", make_pod("web").obj())
    for verb in VERBS:
        try:
            do(world, verb, target)
        except NothingToDo as refusal:
            assert (f"cannot {verb}; it can" in str(refusal)) is (verb not in verbs)
        else:
            assert verb in verbs


@pytest.mark.parametrize(("target", "peer"), [("etcd-0", "node/worker-1"), ("etcd-0", "etcd-0"), ("etcd-0", "")])
def test_there_are_no_other_wires(world: World, target: str, peer: str) -> None:
    with pytest.raises(NothingToDo):
        do(world, "partition", target, peer)


def test_the_cluster_elects_a_leader_though_nobody_asks_it_anything(world: World) -> None:
    world.run(1)
    old = group_status(world.cluster.pk)["leader"]
    do(world, "kill", old)
    world.run(5)
    assert group_status(world.cluster.pk)["leader"] not in (None, old)
    world.create("pods", make_pod("web").obj())


def test_after_a_lost_quorum_the_cluster_works_on_by_itself(world: World) -> None:
    world.run(1)
    do(world, "kill", "etcd-0")
    do(world, "kill", "etcd-1")
    world.run(30)
    do(world, "restart", "etcd-0")
    world.run(10)
    assert group_status(world.cluster.pk)["leader"]
    world.create("pods", make_pod("web").obj())
    world.run(5)
    assert world.get("pods", "default", "web")["status"]["phase"] == "Running"
