"""Every process starts over, with an object of every kind already there: the state in which no control loop was written.

`tests/kinds.yaml` has one object a kind. A kind that is added to the registry without an example there fails the first test.
"""

import pytest

from core.engine.clock import ManualClock
from core.engine.drive import Driver
from core.engine.host import Host
from core.engine.roles import ROLES
from core.engine.status import cluster_status
from core.faults import act
from core.kube.objects import condition, is_true, labels_of
from tests.kinds import STORED, examples, row_of
from tests.world import World

pytestmark = pytest.mark.django_db(transaction=True)

COME_AND_GO = ("events", "jobs.batch", "pods")


def test_there_is_an_example_of_every_kind():
    assert sorted((obj["apiVersion"], obj["kind"]) for obj in examples()) == sorted(STORED)


@pytest.fixture(scope="module")
def everything():
    return examples()


@pytest.fixture
def world(everything):
    world = World(workers=2)
    world.run(5)
    for obj in everything:
        world.create(row_of(obj).name, obj)
    world.run(60)
    return world


def take_over(world):
    """As after `kill -9` of all our processes: everything in memory is gone."""
    world.host = Host(world.cluster.pk, ROLES, ManualClock(world.now), "a process that knows nothing")
    world.clock, world.driver = world.host.clock, Driver(world.host)


def restart_each(world):
    """As by the buttons: each simulated process is killed, and later started again."""
    targets = list(world.cluster.components.exclude(kind="node").values_list("target", flat=True))
    for verb in ("kill", "restart"):
        for target in targets:
            act(world.cluster, verb, target, by="test", now=world.clock.now)
        world.run(5)


def ready_pods(world, app):
    return [pod for pod in world.all("pods") if labels_of(pod).get("app") == app and is_true(pod, "Ready")]


@pytest.mark.parametrize("restart", [take_over, restart_each])
def test_the_whole_cluster_starts_over_and_converges(world, restart):
    before = {row.name: len(world.all(row.name)) for row in STORED.values() if row.name not in COME_AND_GO}
    restart(world)
    world.patch("deployments.apps", "default", "whole", {"spec": {"replicas": 3}})
    world.api("delete", "pods", "default", ready_pods(world, "replica")[0]["metadata"]["name"])
    world.run(120)

    assert cluster_status(world.cluster)["failures"] == []
    assert {name: len(world.all(name)) for name in before} == before
    assert len(ready_pods(world, "deployment")) == 3
    for app in ("replica", "replication", "stateful"):
        assert len(ready_pods(world, app)) == 1
    assert len(ready_pods(world, "daemon")) == 2
    assert condition(world.get("jobs.batch", "default", "whole"), "Complete")
    assert world.get("services", "default", "whole")["status"]["loadBalancer"]["ingress"]
    assert world.get("poddisruptionbudgets.policy", "default", "whole")["status"]["currentHealthy"] == 3
    world.api("delete", "namespaces", "", "whole")
    world.run(30)
    assert "whole" not in {namespace["metadata"]["name"] for namespace in world.all("namespaces")}
