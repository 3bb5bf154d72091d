"""Running one role in this process: a Celery worker for `control-plane` or `nodes`, Celery's beat, or the web server."""

import ctypes
import gc
import os
import socket
import sys
import threading
import time
import warnings

import redis
from celery.exceptions import SecurityWarning
from django.conf import settings
from django.utils.module_loading import import_string

from cluster_viz.celery import app
from core.engine import memory
from core.engine.supervisor import COMMANDS, death_signal, set_death_signal

GC_THRESHOLDS = 20_000, 20, 20
M_TRIM_THRESHOLD, M_ARENA_MAX = -1, -8  # <malloc.h>
TRIM_BYTES, ARENAS = 131_072, 2


def spare_memory() -> None:
    """Leave what was imported alone from now on, look at everything rarely, and give back what was freed.

    Objects of the API are trees: counting references frees them. A full look at a hundred thousand of them took 0.1 s,
    mostly while holding some cluster's lock. glibc gives each thread an arena of its own and keeps what was freed in it: a
    tenth of the web process for nothing.
    """
    libc = ctypes.CDLL(None)
    libc.mallopt(M_ARENA_MAX, ARENAS)
    libc.mallopt(M_TRIM_THRESHOLD, TRIM_BYTES)
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GC_THRESHOLDS)
    memory.keep_giving_back()


LOOK_EVERY = 1.0  # wall seconds


def start_over_with_redis(role: str, death_signal: int) -> None:
    """Run the role's command anew when Redis was started anew; run in a thread. `death_signal` is the first thread's.

    After the broker is gone and back, a Celery consumer sometimes stays deaf: connected, and never given a task again.
    Whatever it did is safe to abandon at any instruction, so it begins afresh, in the same process.
    """
    server, known = redis.Redis.from_url(settings.REDIS_URL, socket_timeout=2), None
    while True:
        try:
            run = server.info("server")["run_id"]
        except (redis.RedisError, OSError):
            run = known
        if known is not None and run != known:
            set_death_signal(death_signal)
            os.execv(sys.executable, [sys.executable, *COMMANDS[role]])
        known = run
        time.sleep(LOOK_EVERY)


def run_worker(role: str) -> None:
    """A Celery worker of one process (`--pool solo`): a cluster's caches live in one place."""
    threading.Thread(target=start_over_with_redis, args=(role, death_signal()), name="broker", daemon=True).start()
    from core.engine import tasks  # noqa: F401  registers the tasks
    from core.engine.wakeups import own_queue

    spare_memory()
    # Celery warns of root because of pickle; only JSON is accepted here.
    warnings.filterwarnings("ignore", category=SecurityWarning)
    # Made as the `celery` command makes it, without importing that command: 10 MiB, mostly of an interactive shell.
    worker = app.Worker(
        hostname=f"{role}@{socket.gethostname()}:{os.getpid()}",
        pool_cls="solo",
        concurrency=1,
        queues=[role, own_queue(role)],
        loglevel="WARNING",
        quiet=True,
        without_gossip=True,
        without_mingle=True,
        without_heartbeat=True,
    )
    worker.start()
    sys.exit(worker.exitcode)


def run_beat() -> None:
    """Celery's beat, in a process of its own without Django."""
    os.execv(sys.executable, [sys.executable, "-m", "cluster_viz.beat"])


def run_web() -> None:
    """Both doors: daphne with the dashboard and, over TLS, uvicorn with the Kubernetes API."""
    from core.apiserver.http.certificates import server_certificate
    from core.engine.web import run

    certificate = server_certificate(settings.DATA_DIR, settings.HOST)
    application = import_string(settings.ASGI_APPLICATION)  # by name: it knows the dashboard, which is above us
    spare_memory()
    run(application, settings.HOST, settings.WEB_PORT, settings.API_PORT, certificate)


ROLES = {
    "control-plane": lambda: run_worker("control-plane"),
    "nodes": lambda: run_worker("nodes"),
    "beat": run_beat,
    "web": run_web,
}
