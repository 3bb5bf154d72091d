"""The first start of the roles: forks of one process that has imported everything.

To import Django, Celery and our own code costs a process a second and a half. Four that start at once on two cores stand in
each other's way for six. So `manage.py up` imports once, while a fork of its own prepares the database, and forks each role,
which then share the pages of all that code. Whatever dies later is started from nothing by its command, as on a machine that
runs one role only: `supervisor` does that, which this process becomes in the end. (exec keeps a process's children.)
"""

import atexit
import gc
import os
import signal
import sys
from collections.abc import Callable
from importlib import import_module

from django.core.management import CommandError
from django.db import connections

from cluster_viz.titles import set_title
from core.engine.supervisor import COMMANDS, die_with_parent

EVERYBODY = (
    "core.engine.tasks",
    "core.engine.worker",
    "celery.apps.worker",
    "celery.concurrency.solo",
    "celery.worker.worker",
    "kombu.transport.redis",
)
WEB = ("cluster_viz.asgi", "cluster_viz.urls", "core.engine.web")

_outputs: list[int] = []  # of the children so far, for the supervisor to read


def aside(work: Callable[[], None]) -> Callable[[], None]:
    """Begin `work` in a fork, and answer how to wait for its end: that ends this process too if `work` failed."""
    pid = _fork(work)

    def join() -> None:
        if os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]):
            sys.exit(1)  # it has said why

    return join


def import_everything() -> None:
    """What the roles need, definitions and all, so that nobody has to read it again."""
    for module in EVERYBODY + WEB:
        import_module(module)
    from core.kube.definitions import definitions

    definitions()


def hatch(name: str, work: Callable[[], None]) -> str:
    """Start `work` as the child `name` of the supervisor to be; answers the option that tells it so. (It may exec.)"""
    read, write = os.pipe()

    def child() -> None:
        os.setsid()  # Ctrl-C reaches the parent only, which ends all in order
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        for stream in (1, 2):
            os.dup2(write, stream)
        for end in (read, write, *_outputs):
            os.close(end)
        if name in COMMANDS:
            set_title(COMMANDS[name])
        sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
        work()

    pid = _fork(child)
    os.close(write)
    os.set_inheritable(read, True)
    _outputs.append(read)
    return f"--adopt={name}:{pid}:{read}"


def _fork(work: Callable[[], None]) -> int:
    """A child that does `work` and ends; its pid. The first fork freezes what is there, so that pages stay shared."""
    connections.close_all()
    gc.freeze()
    sys.stdout.flush()
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        die_with_parent()
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        work()
        code = 0
    except CommandError as error:
        print(f"CommandError: {error}", file=sys.stderr)
    except SystemExit as error:
        code = error.code if isinstance(error.code, int) else 1
        if isinstance(error.code, str):
            print(error.code, file=sys.stderr)
    except BaseException:
        sys.excepthook(*sys.exc_info())
    finally:
        atexit._run_exitfuncs()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
