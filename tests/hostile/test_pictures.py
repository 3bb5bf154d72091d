"""Whatever a client may store, the picture stays alive: snapshot, batches, panels, text twin, lists, home card, tables."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.dashboard.feed import tail
from core.engine import servers
from core.kube.errors import ApiError
from core.kube.objects import Obj
from tests.hostile.lives import ask, listening, place_of, start
from tests.hostile.pictures import panels, picture, position
from tests.hostile.samples import CONTAINER, NAMES, NAMESPACE, POD, STORED, sample
from tests.hostile.strategies import stored_objects

pytestmark = pytest.mark.django_db(transaction=True)

MOST = 2**63 - 1
AMOUNTS = ("1k", "1Pi", "2E", "100u", "1e999", "1n")
HUGE = {"cpu": "1E", "memory": "8E", "ephemeral-storage": "9E", "pods": "1k"}
UNKNOWN_ONE = {"key": "a", "operator": "Nonsense", "values": ["b"]}


@pytest.fixture(autouse=True)
def fresh_process() -> Any:
    """Servers and tails are kept per process."""
    servers._servers.clear()
    tail.tails.clear()
    yield
    servers._servers.clear()
    tail.tails.clear()


def asking(amount: str, times: int = 1) -> Obj:
    resources = {"requests": {"cpu": amount, "memory": amount}}
    return {
        "containers": [CONTAINER | {"name": f"c{number}", "resources": resources} for number in range(times)],
        "initContainers": [{"name": "i", "image": "busybox", "resources": resources, "restartPolicy": "Always"}],
    }


ODD: dict[str, tuple[str, Obj, Obj]] = {
    # what is odd → resource, what it says beside its sample, status that is reported of it
    **{f"asks for {amount}": ("pods", {"spec": asking(amount)}, {}) for amount in AMOUNTS},
    "asks for more than any number": ("pods", {"spec": asking("8E", 9)}, {}),
    "states of no container": ("pods", {}, {"containerStatuses": [{}], "initContainerStatuses": [{"state": {}}]}),
    "states of strangers": (
        "pods",
        {},
        {
            "phase": "Odd",
            "reason": "<b>²\u202e",
            "conditions": [{}, {"type": "Ready"}],
            "containerStatuses": [
                {"name": "c", "state": {"waiting": {}, "running": {}, "terminated": {}}, "restartCount": 2**31 - 1},
                {"name": "", "lastState": {"terminated": {"exitCode": -(2**31), "signal": 2**31 - 1}}},
                {"name": "c", "state": {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off"}}},
            ],
        },
    ),
    "affinity that nobody understands": (
        "pods",
        {
            "spec": POD
            | {
                "affinity": {
                    "podAffinity": {
                        "requiredDuringSchedulingIgnoredDuringExecution": [
                            {
                                "topologyKey": "a",
                                "namespaceSelector": {"matchExpressions": [UNKNOWN_ONE]},
                            }
                        ]
                    }
                }
            }
        },
        {},
    ),
    "a key of no ConfigMap": (
        "pods",
        {
            "spec": {
                "containers": [CONTAINER | {"env": [{"name": "A", "valueFrom": {"configMapKeyRef": {"key": "k"}}}]}]
            }
        },
        {},
    ),
    "a volume with a claim of its own": (
        "pods",
        {
            "spec": POD
            | {
                "volumes": [
                    {
                        "name": "v",
                        "ephemeral": {
                            "volumeClaimTemplate": {
                                "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1k"}}}
                            }
                        },
                    }
                ]
            }
        },
        {},
    ),
    "a node of all the world": ("nodes", {}, {"allocatable": HUGE, "capacity": HUGE}),
    "a node of less than nothing": ("nodes", {}, {"allocatable": {"cpu": "-1", "memory": "100u", "pods": "-5k"}}),
    "a node that says nothing of its state": (
        "nodes",
        {},
        {"conditions": [{}, {"type": "Ready", "status": "²"}], "addresses": [{}], "images": [{}, {"sizeBytes": MOST}]},
    ),
    "an Event of the first year": (
        "events",
        {"lastTimestamp": "0000-01-01T00:00:00Z", "count": 2**31 - 1, "involvedObject": {}, "message": "\u202e" * 9},
        {},
    ),
    "a Lease of the last year": (
        "leases.coordination.k8s.io",
        {"spec": {"renewTime": "9999-12-31T23:59:59.999999999Z", "leaseDurationSeconds": 2**31 - 1}},
        {},
    ),
    "a Job that did more than it can": (
        "jobs.batch",
        {},
        {"succeeded": 2**31 - 1, "active": -(2**31), "conditions": [{}]},
    ),
    "a Deployment that has less than nothing": (
        "deployments.apps",
        {},
        {"replicas": -1, "readyReplicas": 2**31 - 1, "collisionCount": -5, "conditions": [{}]},
    ),
    "a balancer without addresses": (
        "services",
        {},
        {"loadBalancer": {"ingress": [{}, {"ports": [{}]}]}, "conditions": [{}]},
    ),
    "endpoints of nobody": (
        "endpointslices.discovery.k8s.io",
        {"endpoints": [{"addresses": ["10.1.2.3"], "targetRef": {}}]},
        {},
    ),
}


def test_odd_objects_are_drawn_told_and_listed() -> None:
    world = start("odd")
    since = position(world)
    made = []
    with listening() as errors:
        for number, (resource, content, status) in enumerate(ODD.values()):
            row = STORED[resource]
            body = sample(resource, f"odd{number}") | content
            obj = ask(world, "create", resource, body["metadata"].get("namespace", ""), body=body)
            if isinstance(obj, ApiError):
                continue  # what is refused can harm nobody
            if status:
                ask(world, "update", *place_of(row, obj), obj | {"status": status}, subresource="status")
            made.append((resource, place_of(row, obj)))
        assert len(made) >= len(AMOUNTS)
        picture(world, since)
        world.run(30)
        picture(world, since)
        for resource, place in made:
            found = ask(world, "get", *place)
            if not isinstance(found, ApiError):
                panels(world, resource, found)
    assert errors == []


@pytest.mark.search
@pytest.mark.parametrize("resource", STORED)
def test_any_object_is_drawn_told_and_listed(resource: str) -> None:
    world, row, names = start("any"), STORED[resource], iter(range(1, 10_000))

    @settings(max_examples=12, deadline=None, database=None, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(st.sampled_from(["", "status"]).flatmap(lambda only: stored_objects(resource, only=only)))
    def lives(drawn: tuple[Obj, Obj]) -> None:
        obj, status = drawn
        if resource not in NAMES:
            obj["metadata"]["name"] = f"a{next(names)}"
        since = position(world)
        with listening() as errors:
            made = ask(world, "create", resource, NAMESPACE if row.namespaced else "", body=obj)
            if isinstance(made, ApiError):
                return
            place = place_of(row, made)
            if status and "status" in row.subresources:
                ask(world, "update", *place, made | {"status": status}, subresource="status")
            world.run(3)
            picture(world, since)
            found = ask(world, "get", *place)
            if not isinstance(found, ApiError):
                panels(world, resource, found)
            ask(world, "delete", *place)
            world.run(3)
            ask(world, "delete", *place, options={"gracePeriodSeconds": 0})
        assert errors == []

    lives()
