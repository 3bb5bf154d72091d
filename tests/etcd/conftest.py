"""A group over the real database with a clock that stands until it is moved."""

from collections.abc import Callable
from typing import Any

import pytest

from core.etcd import Group, Op
from core.etcd.mvcc import Change, Outcome
from core.faults import Done, act
from core.models import Cluster, EtcdMember

START = 1_767_225_600.0


def put(key: str, text: str = "1", expected: int | None = None) -> Op:
    value = f'{{"metadata":{{"name":"{key}","uid":"u"}},"data":"{text}"}}'.encode()
    return Op(f"/registry/configmaps/{key}", value, expected, "configmaps", "", key, "u")


class Store:
    """A cluster's store as a client of it sees it: `write`, `wait`, and the faults."""

    def __init__(self, members: int = 3) -> None:
        self.now = START
        self.cluster = Cluster.objects.create(name="test", seed=7, clock_base=START, clock_anchor=START)
        for number in range(members):
            EtcdMember.objects.create(cluster=self.cluster, name=f"etcd-{number}", node_id=number + 1)
        self.group = Group(self.cluster.pk, lambda cluster: self.now)
        self.wait(0)

    def write(self, *keys: str, expected: int | None = None) -> list[Outcome]:
        with self.group.transaction() as section:
            return section.propose([put(key, expected=expected) for key in keys])

    def wait(self, seconds: float) -> list[Change]:
        """Let time pass; what was applied meanwhile."""
        self.now += seconds
        with self.group.transaction() as section:
            return list(section.changes)

    def fault(self, verb: str, target: str, peer: str = "") -> Done:
        return act(self.cluster, verb, target, peer, now=lambda cluster: self.now)

    def status(self) -> dict[str, Any]:
        with self.group.transaction() as section:
            return section.status()

    def member(self, name: str) -> dict[str, Any]:
        return next(member for member in self.status()["members"] if member["name"] == name)

    @property
    def leader(self) -> str:
        return str(self.status()["leader"])

    @property
    def others(self) -> list[str]:
        return [member["name"] for member in self.status()["members"] if member["name"] != self.leader]


@pytest.fixture
def store() -> Store:
    return Store()


@pytest.fixture
def store_of() -> Callable[[int], Store]:
    return Store
