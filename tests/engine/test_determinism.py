"""The same seed and the same commands give the same history and the same journal, byte for byte."""

from functools import cache

import orjson
import pytest

from core.faults import act
from core.models import Cluster, JournalEntry, Revision
from tests.world import World

pytestmark = pytest.mark.django_db(transaction=True)


def deployment():
    labels = {"app": "web"}
    container = {"name": "c", "image": "nginx:1.27", "readinessProbe": {"httpGet": {"path": "/", "port": 80}}}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web", "namespace": "default"},
        "spec": {
            "replicas": 6,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}},
        },
    }


@cache
def play(name: str, seed: int) -> tuple[bytes, bytes]:
    """A rollout through an election and a dead node; the history and the journal it left."""
    world = World(name, workers=3, profile="realistic", seed=seed)
    Cluster.objects.filter(pk=world.cluster.pk).update(watched_until=world.now + 10_000)
    world.run(20)
    world.create("deployments.apps", deployment())
    world.run(30)
    act(world.cluster, "kill", "etcd-0", by="test", now=world.clock.now)
    world.run(10)
    template = {"spec": {"containers": [{"name": "c", "image": "nginx:1.26"}]}}
    world.patch("deployments.apps", "default", "web", {"spec": {"template": template}})
    world.run(40)
    act(world.cluster, "kill", "node/worker-2", by="test", now=world.clock.now)
    world.run(400)
    history = Revision.objects.filter(cluster=world.cluster).order_by("index", "term", "sub")
    journal = JournalEntry.objects.filter(cluster=world.cluster).order_by("seq")
    return (
        orjson.dumps(list(history.values_list("index", "term", "revision", "key", "value", "actor", "cause", "time"))),
        orjson.dumps(list(journal.values_list("seq", "time", "revision", "kind", "actor", "data"))),
    )


def test_the_same_seed_gives_the_same_history_and_journal():
    history, journal = play("one", 11)
    assert len(orjson.loads(history)) > 300
    assert {"raft.message", "raft.role", "request", "reconcile", "schedule", "runtime", "fault"} <= {
        entry[3] for entry in orjson.loads(journal)
    }
    assert play("two", 11) == (history, journal)


def test_another_seed_gives_another_history():
    assert play("one", 11)[0] != play("two", 12)[0]
