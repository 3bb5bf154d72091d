"""Wake-ups: one deduplicated Celery task per (cluster, role), and the line that tells other processes of commits.

Redis holds nothing that matters. A wake-up is `SET wake:… NX` and, if that was new, one task; the task deletes the mark
before it looks, so a commit after that wakes again. A lost task, mark or announcement costs at most one sweep (tasks.py),
because what is due is derived from the database. While Redis is away, commits go on and nothing is published.

Caches stay warm: the worker that drove a (cluster, role) last is its home for a while, and wake-ups go to that worker's own
queue. With one worker a role that changes nothing; with several, clusters spread over them and stay where they are.
"""

import atexit
import logging
from time import monotonic

import redis
from django.conf import settings

from cluster_viz.celery import app
from core.engine.announcements import Speaker, listen_on_this_loop
from core.engine.publisher import Publisher
from core.engine.roles import ROLES, is_woken
from core.journal import Announcement, on_commit

logger = logging.getLogger(__name__)

MARK_SECONDS = 10  # a mark that outlives its lost task blocks the next wake-up no longer than this
HOME_SECONDS = 15  # after a worker fell silent, its clusters go to whoever is free
AWAY_SECONDS = 1.0  # after a failure Redis is left alone this long, so that commits do not queue behind time-outs
DRIVE_TASK = "core.engine.tasks.drive"
SWEPT = "swept"  # the key of the last sweep's wall seconds, to look at only


class Wakeups:
    """This process's line to Redis."""

    def __init__(self, url: str) -> None:
        self.redis = redis.Redis.from_url(url, socket_timeout=2, socket_connect_timeout=1)
        self.url = url
        self._away_until = 0.0
        self._quiet: tuple[int, str] | None = None
        self.speaker = Speaker()
        self._publisher = Publisher(self._send)
        atexit.register(self.speaker.close)  # after the publisher, which registers later, has sent its last

    def publish(self, announcement: Announcement) -> None:
        """After a commit: soon wake the roles it concerns, and tell the other processes."""
        cluster_id, _, _, resources, topology = announcement
        woken = (role for role in ROLES if topology or is_woken(role, resources))
        self._publisher.put(announcement, [role for role in woken if self._quiet != (cluster_id, role)])

    def _send(self, announcement: Announcement, roles: frozenset[str]) -> None:
        if monotonic() < self._away_until:
            return
        try:
            for role in sorted(roles):
                self.wake(announcement.cluster_id, role)
            self.speaker.say(announcement)
        except Exception as error:  # kombu wraps connection errors in classes of its own
            self._away(error)

    def wake(self, cluster_id: int, role: str) -> None:
        """Have a worker drive `role` of the cluster soon; many wake-ups before it does are one."""
        pipeline = self.redis.pipeline(transaction=False)
        pipeline.set(mark(cluster_id, role), 1, nx=True, ex=MARK_SECONDS)
        pipeline.get(home(cluster_id, role))
        is_new, queue = pipeline.execute()
        if is_new:
            app.send_task(DRIVE_TASK, args=[cluster_id, role], queue=queue.decode() if queue else role, retry=False)

    def try_wake(self, cluster_id: int, role: str) -> None:
        """`wake`, but a missing Redis is only noted."""
        try:
            self.wake(cluster_id, role)
        except Exception as error:  # kombu wraps connection errors in classes of its own
            self._away(error)

    def begin(self, cluster_id: int, role: str) -> None:
        """The drive starts to look: later commits of others wake again, its own do not; and this is its home now."""
        self._quiet = (cluster_id, role)
        try:
            pipeline = self.redis.pipeline(transaction=False)
            pipeline.delete(mark(cluster_id, role))
            pipeline.set(home(cluster_id, role), own_queue(role), ex=HOME_SECONDS)
            pipeline.execute()
        except redis.RedisError as error:
            self._away(error)

    def note_sweep(self, wall: float) -> None:
        """The sweep came at `wall`: beat, Redis and a worker are alive."""
        try:
            self.redis.set(SWEPT, wall, ex=3600)
        except redis.RedisError as error:
            self._away(error)

    def end(self) -> None:
        self._quiet = None

    def _away(self, error: Exception) -> None:
        if monotonic() > self._away_until + 10:
            logger.warning("Redis does not answer (%s); the database goes on, wake-ups wait for the sweep", error)
        self._away_until = monotonic() + AWAY_SECONDS


def mark(cluster_id: int, role: str) -> str:
    return f"wake:{cluster_id}:{role}"


def home(cluster_id: int, role: str) -> str:
    return f"home:{cluster_id}:{role}"


def own_queue(role: str) -> str:
    """The queue only this worker consumes. Its name survives a restart, so what waits in it is not lost then."""
    return f"{role}.{settings.WORKER_NAME}"


_line: Wakeups | None = None


def line() -> Wakeups:
    """This process's line, made and plugged into the announcements at first use."""
    global _line
    if _line is None:
        _line = Wakeups(settings.REDIS_URL)
        on_commit(_line.publish)
    return _line


def start_listening() -> None:
    """Be live: tell other processes of commits and hear theirs, from now on. Called on a web server's event loop, at each
    connection: not at import, which may be before a fork. Only the first call does something."""
    listen_on_this_loop(line().speaker.name)
