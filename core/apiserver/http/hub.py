"""Telling open watches that there is something to see: from commits, in any thread, to waiting coroutines.

A watch sleeps until an announcement says that its resource changed, and looks every second anyway, since announcements may
be lost. What other processes committed is read once per cluster, whichever of its watches wakes first; the others find it
in the watch cache. A cluster that was deleted, or whose API server was stopped, ends its watches.
"""

import asyncio
import contextlib
import threading
import time
from collections.abc import Callable
from concurrent.futures import Executor

from core.apiserver.server import ApiServer
from core.journal import Announcement, on_announcement
from core.kube.errors import TooManyRequests

POLL = 1.0  # wall seconds between looks without an announcement
WATCHES_MAX = 200  # open at once per cluster
TOO_MANY = "the cluster has {count} watches open already, which is the most it may have"


class Follower:
    """One open watch of `resource`, waiting in its event loop."""

    def __init__(self, resource: str) -> None:
        self.resource = resource
        self.loop = asyncio.get_running_loop()
        self.changed = asyncio.Event()
        self._told = False

    def tell(self) -> None:
        """Wake it, from any thread. Telling it again before it looked costs nothing."""
        if not self._told:
            self._told = True
            with contextlib.suppress(RuntimeError):  # its loop may end while we are at it
                self.loop.call_soon_threadsafe(self.changed.set)

    async def wait(self, seconds: float) -> bool:
        """Wait until told or for `seconds`; whether it was told."""
        try:
            await asyncio.wait_for(self.changed.wait(), seconds)
        except TimeoutError:
            return False
        self.changed.clear()
        self._told = False
        return True


class Tail:
    """The watches of one cluster. `over` once there is nothing to follow any more."""

    def __init__(self, server: ApiServer, is_served: Callable[[], bool]) -> None:
        self.server = server
        self.is_served = is_served
        self.followers: set[Follower] = set()
        self.newest = 0  # revision that was announced
        self.over = False
        self.checked = time.monotonic()
        self.reading = asyncio.Lock()

    async def catch_up(self, threads: Executor) -> None:
        """Have the watch cache at the newest known revision; look into the database when it is time to."""
        if self._is_current():
            return
        async with self.reading:
            if not self._is_current():
                self.checked = time.monotonic()
                await asyncio.get_running_loop().run_in_executor(threads, self._read)

    def _is_current(self) -> bool:
        fresh = time.monotonic() - self.checked < POLL
        return self.over or (fresh and self.server.cache.revision >= self.newest)

    def _read(self) -> None:
        if self.is_served():
            self.server.cache.catch_up()
        else:
            self.over = True


class Hub:
    def __init__(self, threads: Executor) -> None:
        self.threads = threads
        self.tails: dict[int, Tail] = {}
        self._lock = threading.Lock()
        self._unsubscribe: Callable[[], None] | None = None

    def check_room(self, cluster_id: int) -> None:
        """Raises TooManyRequests when the cluster has as many watches as it may have."""
        tail = self.tails.get(cluster_id)
        if tail is not None and len(tail.followers) >= WATCHES_MAX:
            raise TooManyRequests(TOO_MANY.format(count=len(tail.followers)), retry_after=5)

    def join(self, server: ApiServer, resource: str, is_served: Callable[[], bool]) -> tuple[Tail, Follower]:
        follower = Follower(resource)
        with self._lock:
            if self._unsubscribe is None:
                self._unsubscribe = on_announcement(self.announced)
            tail = self.tails.get(server.cluster_id)
            if tail is None or tail.server is not server:
                tail = self.tails[server.cluster_id] = Tail(server, is_served)
            tail.followers.add(follower)
        return tail, follower

    def leave(self, tail: Tail, follower: Follower) -> None:
        with self._lock:
            tail.followers.discard(follower)
            if not tail.followers and self.tails.get(tail.server.cluster_id) is tail:
                del self.tails[tail.server.cluster_id]

    def announced(self, announcement: Announcement) -> None:
        tail = self.tails.get(announcement.cluster_id)
        if tail is None:
            return
        tail.newest = max(tail.newest, announcement.revision)
        if announcement.topology:
            tail.checked = 0.0  # the cluster may be gone, or its API server down: have that looked at
        with self._lock:
            followers = list(tail.followers)
        for follower in followers:
            if announcement.topology or follower.resource in announcement.resources:
                follower.tell()
