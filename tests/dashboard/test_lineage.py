"""From a change to the write of a person that it follows from."""

import pytest

from core.dashboard.feed import lineage as lineages
from core.dashboard.feed.lineage import Lineage, Link, is_person
from core.dashboard.feed.reading import read_batch, snapshot
from tests.apiserver.objects import deployment
from tests.world import World

ADMIN, MANAGER = "kubernetes-admin", "system:kube-controller-manager"


@pytest.mark.parametrize(
    ("actor", "expected"),
    [
        (ADMIN, True),
        ("alice", True),
        ("system:serviceaccount:shop:deployer", True),
        ("system:serviceaccount:kube-system:replicaset-controller", False),
        ("system:node:worker-1", False),
        (MANAGER, False),
        ("system:apiserver", False),
        ("", False),
    ],
)
def test_person_is_whoever_is_outside_the_control_plane(actor: str, expected: bool) -> None:
    assert is_person(actor) is expected


def followed(*links: Link) -> Lineage:
    lineage = Lineage()
    lineage.follow(links)
    return lineage


def test_chain_leads_to_the_write_it_began_with() -> None:
    lineage = followed(
        Link(10, "deployments.apps/default/shop", ADMIN, 0),
        Link(11, "replicasets.apps/default/shop-1", MANAGER, 10),
        Link(12, "pods/default/shop-1-a", MANAGER, 11),
    )
    assert lineage.of_thing("pods", "default/shop-1-a") == 10


def test_what_follows_from_nobody_has_no_beginning() -> None:
    lineage = followed(Link(10, "pods/default/a", MANAGER, 3))
    assert lineage.of_thing("pods", "default/a") == 0


def test_a_change_without_beginning_does_not_hide_the_one_before() -> None:
    lineage = followed(Link(10, "pods/default/a", ADMIN, 0), Link(11, "pods/default/a", "system:node:worker-1", 0))
    assert lineage.of_thing("pods", "default/a") == 10


def test_it_forgets_the_oldest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lineages, "KEPT", 3)
    lineage = followed(*(Link(number, f"pods/default/{number}", ADMIN, 0) for number in range(1, 9)))
    assert [lineage.of_thing("pods", f"default/{number}") for number in (5, 6, 7, 8)] == [0, 6, 7, 8]


@pytest.mark.django_db(transaction=True)
def test_story_begins_with_the_author_and_pods_follow() -> None:
    world = World(workers=2)
    world.run(2)
    before = snapshot(world.host.server)
    assert not [one for one in before["journal"] if one["k"] == "write"]  # nobody has written yet
    world.create("deployments.apps", deployment("shop", replicas=2))
    world.run(5)
    from core.dashboard.feed.batches import Position

    for journal in (
        read_batch(world.host.server, Position(*before["at"]))["journal"],
        snapshot(world.host.server)["journal"],
    ):
        (write,) = [one for one in journal if one["k"] == "write"]
        assert write["say"] == "kubernetes-admin created Deployment shop"
        started = [one for one in journal if one["k"] == "event" and one.get("reason") == "Started"]
        assert len(started) == 2
        assert {one["root"] for one in started} == {write["s"]}
        decided = [one for one in journal if one["k"] == "schedule"]
        assert {one["root"] for one in decided} == {write["s"]}
