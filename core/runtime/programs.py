"""Programs whose arguments say what they do to the node and to their probes: those that tutorials are built around.

Each answers what it changes in the plain behaviour of its image, as keywords; of arguments it does not know it changes
nothing. Adding one is adding a row to `PROGRAMS`.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from itertools import pairwise
from typing import Any

from core.kube.numbers import count
from core.kube.quantities import whole

MIB = 1 << 20
WORKERS_MAX = 1_000_000  # of stress; no machine starts more
UNITS = {"B": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30}  # as stress writes sizes: 250M


def changes(program: str, arguments: Sequence[str]) -> dict[str, Any]:
    """What `program` with these arguments does differently, under the names of `workloads.Behaviour`."""
    known = PROGRAMS.get(program)
    return known(list(arguments)) if known else {}


def _stress(arguments: list[str]) -> dict[str, Any]:
    """`stress --vm 1 --vm-bytes 250M --cpu 2` of polinux/stress; `-cpus 2 -mem-total 1100Mi` of vish/stress."""
    told = dict(pairwise(arguments))
    found: dict[str, Any] = {}
    workers = told.get("--cpu", told.get("-c", told.get("-cpus", "")))
    busy = count(workers, WORKERS_MAX)
    if busy is not None:
        found["cpu_millis"] = 1000.0 * busy
    size = told.get("--vm-bytes", "")
    each, hungry = count(size[:-1]), count(told.get("--vm", told.get("-m", "1")), WORKERS_MAX)
    if each is not None and hungry is not None and size[-1] in UNITS:
        found["memory_mib"] = each * UNITS[size[-1]] * hungry / MIB
    elif "-mem-total" in told:
        with suppress(ValueError):  # vish/stress would refuse it; here it stays what it is
            found["memory_mib"] = whole(told["-mem-total"]) / MIB
    return found


def _agnhost(arguments: list[str]) -> dict[str, Any]:
    """`agnhost liveness` is well for ten seconds and answers 500 from then on."""
    if arguments[:1] == ["liveness"]:
        return {"ports": (8080,), "serves_until": 10.0, "http_error": 500}
    return {}


PROGRAMS: dict[str, Callable[[list[str]], dict[str, Any]]] = {"stress": _stress, "agnhost": _agnhost}
