"""A life of each hostile object: made, changed, reported about, deleted while virtual time passes.

Nothing that a client may store makes the API answer a 5xx or a loop fail on an exception.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from core.kube.errors import ApiError, ServerTimeout
from core.kube.objects import Obj
from core.kube.resources import Resource
from tests.hostile.samples import NAMESPACE
from tests.world import World

INT32, INT64 = (2**31 - 1, -(2**31)), (2**63 - 1, -(2**63))
EXTREMES: dict[str, tuple[Any, ...]] = {
    "integer": (0, 1, -1, *INT32, *INT64),
    "number": (0, -1, 1e300, -1e300, 5e-324),
    "quantity": ("1k", "2E", "100u", "-1", "0", "1e999", "1e-999", "9" * 70, 10**18, 1e300),
    "integer or text": (0, -1, *INT32, "0%", "999999%", "-1%", "9" * 30 + "%", "a"),
    "time": ("0000-01-01T00:00:00Z", "9999-12-31T23:59:59.999999999Z", "1970-01-01T00:00:00+23:59"),
}


class Failed(AssertionError):
    """A promise was broken; the message says by what."""


class Errors(logging.Handler):
    """What was logged as an error while it listened."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.found: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.found.append(f"{record.getMessage()}: {record.exc_info[1]!r}" if record.exc_info else record.getMessage())


@contextmanager
def listening() -> Iterator[list[str]]:
    handler = Errors()
    logging.getLogger().addHandler(handler)
    try:
        yield handler.found
    finally:
        logging.getLogger().removeHandler(handler)


def ask(world: World, *told: Any, **more: Any) -> Obj | ApiError:
    """The answer, or the refusal if it is the client's fault."""
    try:
        return world.api(*told, **more)
    except ServerTimeout as error:
        return error
    except ApiError as error:
        if error.code >= 500:
            raise Failed(f"{told}: {error.code} {error.message}") from error
        return error


def place_of(row: Resource, obj: Obj) -> tuple[str, str, str]:
    return row.name, NAMESPACE if row.namespaced else "", obj["metadata"]["name"]


def start(name: str) -> World:
    """A small world with a namespace for hostile objects, in which a quota keeps the flood of pods small."""
    world = World(name, members=1, workers=1)
    world.create("namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}})
    hard = {"pods": "40", "count/jobs.batch": "40", "persistentvolumeclaims": "40", "count/replicasets.apps": "40"}
    meta = {"name": "flood", "namespace": NAMESPACE}
    world.create(
        "resourcequotas", {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": meta, "spec": {"hard": hard}}
    )
    world.run(5)
    return world
