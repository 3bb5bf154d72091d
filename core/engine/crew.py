"""Who does the work: the processes behind the clusters, as far as they can be known from this one.

Three sources, nothing assumed. `RoleState` rows say which process drives a role of a cluster, since when, and when it is due
next. Redis says how long the queues are and who it is itself. `/proc` says whether a process of this machine still is what
the row says: a number alone may be another process's by now, and what is shown here is meant to be killed.
"""

import os
import socket
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import redis
from django.conf import settings

from core.engine.roles import ROLES
from core.engine.wakeups import SWEPT, home, mark
from core.models import Cluster, RoleState

SUPERVISOR = "core.engine.supervisor"
MARKS = {
    # process → what its command line has
    "web": "--role web",
    "control-plane": "--role control-plane",
    "nodes": "--role nodes",
    "beat": "--role beat",
    "redis": "redis-server",
}
PROC = Path("/proc")
POSTS_MAX = 40
ASK_SECONDS = 1.0  # a page is not held up longer by a Redis that does not answer; no second try


@dataclass(frozen=True, slots=True)
class Post:
    """One role of one cluster, and who drives it. Wall seconds since the Unix epoch; `due` in wall seconds from now.

    `driven` and `due` are as noted for the sweep, at most once a second; `due` is None when only an event wakes the role,
    infinite while the clock stands. `pid` is None when nobody drives it, or when it is stepped by hand.
    """

    cluster: str
    role: str
    host: str
    pid: int | None
    epoch: int
    since: float
    driven: float
    due: float | None

    @property
    def worker(self) -> str:
        """The Celery worker's name."""
        return f"{self.role}@{self.host}:{self.pid}"


@dataclass(frozen=True, slots=True)
class Broker:
    """What Redis says of itself and of its queues: queue → tasks that wait, role → where its wake-ups go."""

    pid: int
    version: str
    uptime: int  # seconds
    queues: dict[str, int]
    homes: dict[str, str]
    woken: frozenset[str]  # roles with a wake-up under way
    swept: float | None  # wall seconds of the last sweep that beat asked for


def posts(cluster: Cluster, wall: float) -> list[Post]:
    """Both roles of `cluster` first, then those of others, as far as they are not too many."""
    found = RoleState.objects.filter(role__in=ROLES).select_related("cluster").order_by("cluster__name", "role")
    own = [post_of(state, wall) for state in found.filter(cluster=cluster)]
    missing = [Post(cluster.name, role, "", None, 0, 0, 0, None) for role in ROLES if role not in {p.role for p in own}]
    return own + missing + [post_of(state, wall) for state in found.exclude(cluster=cluster)[:POSTS_MAX]]


def post_of(state: RoleState, wall: float) -> Post:
    host, pid = owner_of(state.owner)
    due = None if state.due_at is None else state.cluster.wall_delay(state.due_at, wall)
    return Post(state.cluster.name, state.role, host, pid, state.epoch, state.claimed_at, state.driven_at, due)


def owner_of(text: str) -> tuple[str, int | None]:
    """Host and pid in an owner as `core.engine.tasks.owner` writes it; no pid for one who steps by hand."""
    host, _, rest = text.partition(":")
    pid = rest.partition(":")[0]
    return (host, int(pid)) if rest.count(":") == 1 and pid.isascii() and pid.isdigit() else (host, None)


def ask_redis(cluster_id: int, roles: Iterable[str] = ROLES) -> Broker | None:
    """None when it does not answer."""
    roles = list(roles)
    server = redis.Redis.from_url(settings.REDIS_URL, socket_timeout=ASK_SECONDS, socket_connect_timeout=1, retry=None)
    try:
        pipeline = server.pipeline(transaction=False)
        pipeline.info("server")
        pipeline.get(SWEPT)
        for role in roles:
            pipeline.get(home(cluster_id, role))
            pipeline.exists(mark(cluster_id, role))
        info, sweep, *rest = pipeline.execute()
        homes = {role: raw.decode() for role, raw in zip(roles, rest[::2], strict=True) if raw}
        queues = [*roles, *homes.values()]
        for queue in queues:
            pipeline.llen(queue)
        lengths = dict(zip(queues, pipeline.execute(), strict=True))
    except (redis.RedisError, OSError):
        return None
    finally:
        server.close()
    return Broker(
        pid=info["process_id"],
        version=info["redis_version"],
        uptime=info["uptime_in_seconds"],
        queues=lengths,
        homes=homes,
        woken=frozenset(role for role, is_marked in zip(roles, rest[1::2], strict=True) if is_marked),
        swept=float(sweep) if sweep else None,
    )


def crew() -> dict[str, int]:
    """The processes that the supervisor of this one looks after, name → pid; nothing when it has no supervisor."""
    parent = os.getppid()
    if SUPERVISOR not in command_of(parent):
        return {}
    try:
        children = (PROC / str(parent) / "task" / str(parent) / "children").read_text().split()
    except OSError:
        return {}
    commands = {int(pid): command_of(int(pid)) for pid in children}
    return {name: pid for name, words in MARKS.items() for pid, command in commands.items() if words in command}


def is_running(host: str, pid: int, role: str) -> bool | None:
    """Whether the process is still what it was said to be; None when it is on another machine."""
    if host != socket.gethostname():
        return None
    return MARKS[role] in command_of(pid)


def command_of(pid: int) -> str:
    """The command line of a process of this machine; empty when there is none."""
    try:
        return (PROC / str(pid) / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return ""
