"""Numbers that a client may store, through a whole life: created, changed, deleted, and an hour of the cluster's time."""

from typing import Any

import pytest

from core.kube.errors import ApiError
from core.kube.objects import Obj
from core.kube.requests import PatchType
from tests.hostile.fields import fields, placed
from tests.hostile.lives import EXTREMES, Failed, ask, listening, place_of, start
from tests.hostile.samples import CONTAINER, NAMESPACE, POD, STORED, sample
from tests.world import World

pytestmark = pytest.mark.django_db(transaction=True)

MOST, NINES = 2**63 - 1, "9" * 4301
MARK = "cluster-viz.dev/"


def pod(**spec: Any) -> Obj:
    return sample("pods") | {"spec": POD | spec}


def running(*command: str) -> Obj:
    return pod(containers=[CONTAINER | {"command": list(command)}])


def annotated(**settings: str) -> Obj:
    made = sample("pods")
    made["metadata"]["annotations"] = {MARK + name.replace("_", "-"): text for name, text in settings.items()}
    return made


PODS = {
    "grace as long as an int64": pod(terminationGracePeriodSeconds=MOST),
    "deadline as long as an int64": pod(activeDeadlineSeconds=2**31 - 1),
    "preStop as long as an int64": pod(
        terminationGracePeriodSeconds=MOST,
        containers=[CONTAINER | {"lifecycle": {"preStop": {"sleep": {"seconds": MOST}}}}],
    ),
    "tolerated as long as an int64": pod(
        tolerations=[{"operator": "Exists", "effect": "NoExecute", "tolerationSeconds": MOST}]
    ),
    "ends before it begins": annotated(exit_after="-inf", exit_code="inf"),
    "code is no number": annotated(exit_after="5", exit_code="nan"),
    "code is another digit": annotated(exit_after="5", exit_code="²"),
    "all settings are too long": annotated(
        exit_after=NINES, exit_code=NINES, start_seconds="1e999", unhealthy_after=NINES, memory_growth="1e999"
    ),
    "sleeps less than nothing": running("sleep", "-1e400"),
    "sleeps for ever": running("sleep", "1e400"),
    "sleeps no number": running("sleep", "nan"),
    "exits with too many digits": running("sh", "-c", f"exit {NINES}"),
    "stresses memory": running("stress", "--vm", NINES, "--vm-bytes", f"{NINES}G"),
    "stresses cpus": running("stress", "--cpu", NINES),
    "counts too far": running("sh", "-c", f"echo $(({NINES} * {NINES})); seq {NINES}"),
    **{
        f"asks for {amount}": pod(
            containers=[CONTAINER | {"resources": {"requests": {"cpu": amount, "memory": amount}}}]
        )
        for amount in ("1k", "1Pi", "2E", "100u", "1e999")
    },
}


@pytest.fixture
def world() -> World:
    return start("hostile")


def live(world: World, resource: str, obj: Obj, seconds: float = 1.0) -> None:
    """Make it, report its status, change it, delete it twice; Failed if the API or a loop could not bear it."""
    row = STORED[resource]
    status = obj.pop("status", None)
    with listening() as errors:
        made = ask(world, "create", resource, NAMESPACE if row.namespaced else "", body=obj)
        if isinstance(made, ApiError):
            return
        place = place_of(row, made)
        if status is not None and "status" in row.subresources:
            ask(world, "update", *place, made | {"status": status}, subresource="status")
        world.run(seconds)
        ask(world, "patch", *place, {"metadata": {"labels": {"x": "y"}}}, patch_type=PatchType.MERGE)
        ask(world, "delete", *place)
        world.run(seconds)
        ask(world, "delete", *place, options={"gracePeriodSeconds": 0})
    if errors:
        raise Failed(errors[0])


def test_pods_of_strange_numbers_live_and_die(world: World) -> None:
    names = [f"a{number}" for number in range(len(PODS))]
    with listening() as errors:
        for name, obj in zip(names, PODS.values(), strict=True):
            obj["metadata"]["name"] = name
            world.create("pods", obj)
        world.run(15)
        for grace, seconds in ((None, 15), (5, 15), (0, 3600)):
            options = {} if grace is None else {"gracePeriodSeconds": grace}
            for name in names:
                ask(world, "delete", "pods", NAMESPACE, name, options=options)
            world.run(seconds)
    assert errors == []
    assert world.all("pods", NAMESPACE) == []


def test_grace_that_no_time_can_say_is_kept_as_it_was_given(world: World) -> None:
    world.create("pods", PODS["grace as long as an int64"] | {"metadata": {"name": "a", "namespace": NAMESPACE}})
    world.run(20)
    meta = world.api("delete", "pods", NAMESPACE, "a")["metadata"]
    assert (meta["deletionGracePeriodSeconds"], meta["deletionTimestamp"]) == (MOST, "9999-12-31T23:59:59Z")
    before = world.now
    meta = world.api("delete", "pods", NAMESPACE, "a", options={"gracePeriodSeconds": 5})["metadata"]
    assert meta["deletionGracePeriodSeconds"] == 5
    assert meta["deletionTimestamp"].startswith("2026-01-01T00:0")
    world.run(20)
    assert world.now == before + 20
    assert world.all("pods", NAMESPACE) == []


def test_owners_with_counters_at_their_ends_go_on(world: World) -> None:
    for number, (resource, status) in enumerate(
        [
            (kind, {"collisionCount": count})
            for kind in ("deployments.apps", "daemonsets.apps")
            for count in (-1, 2**31 - 1)
        ]
    ):
        live(world, resource, sample(resource, f"a{number}") | {"status": status}, 5)
    odd = sample("deployments.apps", "odd")
    odd["metadata"]["annotations"] = {"deployment.kubernetes.io/revision": "²"}
    live(world, "deployments.apps", odd, 5)
    for every in ("@every 99999999999999999999999h", "@every 2562047h", "@every 0.1ns"):
        timer = sample("cronjobs.batch", "timer")
        timer["spec"] = timer["spec"] | {"schedule": every}
        live(world, "cronjobs.batch", timer, 5)


NUMERIC = ("integer", "number", "quantity", "integer or text", "time")


def is_in_template(path: tuple[str, ...]) -> bool:
    """Whether it is a field of a pod's spec within another object, which pods of their own try."""
    return "template" in path and "spec" in path[path.index("template") :]


@pytest.mark.search
@pytest.mark.parametrize("resource", STORED)
def test_every_numeric_field_may_hold_its_extremes(world: World, resource: str) -> None:
    row, number = STORED[resource], 0
    for path, kind in fields(row):
        if kind not in NUMERIC or path[0] == "metadata" or (resource != "pods" and is_in_template(path)):
            continue
        for value in EXTREMES[kind]:
            number += 1
            obj = placed(row, sample(resource, f"a{number}"), path, value)
            try:
                live(world, resource, obj)
            except Exception as error:
                raise Failed(f"{'.'.join(path)} = {value!r:.40}: {error}") from error
    with listening() as errors:
        world.run(3600)
    assert errors == []
