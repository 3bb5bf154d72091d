"""Commands that run in a container beside its process: exec probes and hooks, in the world that its process lives in.

A postStart hook runs at the start; what it wrote, the process's probes find. Reference: kubelet `lifecycle/handlers.go`.
"""

from collections.abc import Iterator
from dataclasses import replace

from core.kube.objects import Obj
from core.kubelet.surroundings import commands_beside
from core.runtime.shell import Run
from core.runtime.syntax import NotUnderstood
from core.runtime.workloads import Behaviour

POST_START = "postStart hook"
TAKEN_FOR = {
    # whose command it is → what is assumed in its place
    "startup probe": "tell whether the process is well",
    "liveness probe": "tell whether the process is well",
    "readiness probe": "tell whether the process is well",
    POST_START: "succeed at once",
    "preStop hook": "end at once",
}


def with_hook(does: Behaviour, container: Obj) -> Behaviour:
    """`does`, and the files that the postStart hook leaves behind."""
    played = _post_start(does, container)
    if played is None or not played.files:
        return does
    return replace(does, files=tuple(sorted((*does.files, *played.files), key=lambda change: change[0])))


def hook_fails(does: Behaviour, container: Obj) -> bool:
    """Whether the postStart hook ends with a failure."""
    played = _post_start(does, container)
    return played is not None and played.ends_after is not None and played.code != 0


def beyond_beside(does: Behaviour, container: Obj) -> Iterator[tuple[str, str, str]]:
    """What is not understood of probes and hooks: (what, of which, what it is taken to do)."""
    for of, command in commands_beside(container):
        try:
            does.plays(command, 0.0, until=60.0)
        except NotUnderstood as error:
            yield str(error), of, TAKEN_FOR[of]


def _post_start(does: Behaviour, container: Obj) -> Run | None:
    """None: there is no such hook, or it is not understood."""
    command = dict(commands_beside(container)).get(POST_START)
    if command is None:
        return None
    try:
        return does.plays(command, 0.0)
    except NotUnderstood:
        return None
