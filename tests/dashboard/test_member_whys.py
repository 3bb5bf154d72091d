"""What the panel of an etcd member says of leaders and votes is what that member hears, not what others hear."""

import pytest
from django.test import Client

from core.engine.status import as_text, cluster_status
from core.faults import act
from tests.world import World

pytestmark = pytest.mark.django_db(transaction=True)

# "leader" and "other" stand for whoever leads at first, and the first of the others; "wait" lets five seconds pass
WHYS = [
    pytest.param([], "other", "It hears from {leader}, leader of term", "hears nobody", id="a follower"),
    pytest.param(
        ["partition other leader", "partition other third", "wait"], "other",
        "It hears nobody", "It hears from", id="a member that is cut off hears nobody",
    ),
    pytest.param(
        ["partition other leader", "partition other third"], "other",
        "It hears nobody, and last followed {leader}", "It hears from", id="cut off a moment ago, still a follower",
    ),
    pytest.param(
        ["partition leader other", "partition leader third"], "leader",
        "Only in its own eyes: of 3 members it reaches 1", "Every write goes through it", id="a leader that is cut off",
    ),
    pytest.param(
        ["kill leader", "kill other"], "third", "too few to elect a leader", "It hears from", id="the last that runs",
    ),
    pytest.param(
        ["kill other", "kill leader", "wait", "wipe other", "restart other", "wait"], "third",
        "Fewer than a majority of the members that remember", "an election is under way", id="beside a wiped member",
    ),
    pytest.param(
        ["kill other", "kill leader", "wait", "wipe other", "restart other", "wait"], "other",
        "Its disk was replaced and is still empty", "It hears from", id="the wiped member itself",
    ),
    pytest.param(["kill other", "wipe other"], "other", "its disk was wiped", "catches up", id="wiped and stopped"),
    pytest.param(["kill other"], "other", "Its disk is kept", "wiped", id="stopped"),
    pytest.param(["pause other"], "other", "Its process is paused", "It hears from", id="paused"),
]  # fmt: skip


@pytest.mark.parametrize(("faults", "whose", "says", "never"), WHYS)
def test_a_member_tells_what_it_hears(client: Client, faults: list[str], whose: str, says: str, never: str) -> None:
    world = World("lab", workers=0)
    leader = client.get("/api/clusters/lab/status").json()["etcd"]["leader"]
    other, third = (name for name in ("etcd-0", "etcd-1", "etcd-2") if name != leader)
    names = {"leader": leader, "other": other, "third": third}
    for line in faults:
        if line == "wait":
            world.run(5)
            continue
        verb, *ends = line.split()
        target, peer, *_ = [*(names[end] for end in ends), ""]
        act(world.cluster, verb, target, peer, now=lambda cluster: world.now)
    page = " ".join(client.get(f"/clusters/lab/inspect/member/{names[whose]}").content.decode().split())
    assert says.format(**names) in page
    assert never not in page


def test_a_wiped_member_is_told_alike_everywhere(client: Client) -> None:
    """Gauge, pill, status, home card and text twin are told one verdict."""
    world = World("lab", workers=0)
    for verb, target in (("kill", "etcd-0"), ("kill", "etcd-1"), ("wipe", "etcd-0"), ("restart", "etcd-0")):
        act(world.cluster, verb, target, now=lambda cluster: world.now)
        world.run(5)
    say = "2 of 3 alive, 1 without a vote: writes stop, 2 are needed"
    status = client.get("/api/clusters/lab/status").json()["etcd"]
    assert (status["quorum"], status["say"], status["tone"]) == (False, say, "bad")
    assert f"NO QUORUM, leader none; {say}" in as_text(cluster_status(world.cluster))
    assert client.get("/clusters/lab/snapshot.json").json()["status"]["etcd"]["say"] == say
    assert say in client.get("/clusters/lab/text/").content.decode()
    home = " ".join(client.get("/").content.decode().split())
    assert f'title="{say}">no quorum' in home
    assert ">∅</text>" in home
