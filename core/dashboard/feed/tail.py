"""One tail per process and cluster: reads what is new once, and hands it to every open socket.

A commit announces itself from some thread; the tail wakes, reads everything since its position in a thread of its own,
and puts one serialised batch into each socket's queue, at most every 50 ms. A lost announcement costs at most one poll.
Where nothing is new a tick says so, for an open socket alone does not tell a browser that its server lives.
The queues are bounded: a browser too slow for the flood is told to take a new snapshot instead of being buffered for.
Channels' group_send is not used on purpose: it costs a thread hop per message and socket, and falls a second behind
with a hundred sockets.
While a tail has sockets, the cluster is marked as watched, so that fine detail is journaled.
"""

import asyncio
import logging
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any, TypeVar

import orjson
from django.db import close_old_connections

from core.apiserver.server import ApiServer
from core.dashboard.feed.batches import Position
from core.dashboard.feed.reading import TooOld, read_batch, status_at, status_of
from core.engine.clock import WallClock
from core.engine.servers import server_of
from core.journal import Announcement, on_announcement
from core.kube.errors import Expired
from core.models import Cluster
from core.models.refusals import NotWritable, naming_refusals

logger = logging.getLogger(__name__)

BATCH_SECONDS = 0.05
POLL_SECONDS = 1.0
TICK_SECONDS = 1.0  # without news, after which the sockets are told that there is none (see static/js/pulse.js)
WATCH_EVERY, WATCH_FOR = 5.0, 15.0
QUEUE_MAX = 64  # batches: three seconds of a flood

RESET, GONE, TICK = '{"t":"reset"}', '{"t":"gone"}', '{"t":"tick"}'

_threads = ThreadPoolExecutor(2, thread_name_prefix="tail")
T = TypeVar("T")


class Subscriber:
    """One socket's queue. What the tail tells while the socket's past is still being read waits behind that past."""

    def __init__(self) -> None:
        self.queue: asyncio.Queue[str] = asyncio.Queue(QUEUE_MAX)
        self.held: list[str] | None = []

    def begin(self, past: str) -> None:
        """Start with `past`, then what was held."""
        held, self.held = self.held or [], None
        for text in (past, *held):
            self.put(text)

    def put(self, text: str) -> None:
        """Never waits: a full queue is emptied and replaced by the order to start over."""
        if self.held is not None:
            self.held.append(text)
            return
        try:
            self.queue.put_nowait(text)
        except asyncio.QueueFull:
            while not self.queue.empty():
                self.queue.get_nowait()
            self.queue.put_nowait(RESET)


class Tail:
    """Follows one cluster for the sockets of this process."""

    def __init__(self, cluster_id: int) -> None:
        self.cluster_id = cluster_id
        self.subscribers: set[Subscriber] = set()
        self.number = 0
        self.at: Position | None = None
        self.status: dict[str, Any] = {}
        self._wake = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._unlisten = on_announcement(self._heard)
        self._task = asyncio.create_task(self._run())

    async def subscribe(self, since: Position) -> Subscriber:
        """A queue that starts with everything after `since`, or with the order to take a snapshot."""
        subscriber = Subscriber()
        self.subscribers.add(subscriber)
        try:
            subscriber.begin(self._text(await in_thread(lambda: self._catch_up(since))))
        except (TooOld, Expired):
            subscriber.begin(RESET)
        except Cluster.DoesNotExist:
            subscriber.begin(GONE)
        return subscriber

    def unsubscribe(self, subscriber: Subscriber) -> None:
        self.subscribers.discard(subscriber)
        if not self.subscribers:
            self.close()

    def close(self) -> None:
        tails.pop((self._loop, self.cluster_id), None)
        self._unlisten()
        self._task.cancel()

    def _heard(self, said: Announcement) -> None:
        if said.cluster_id == self.cluster_id and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._wake.set)

    async def _run(self) -> None:
        watched = told = 0.0
        while True:
            try:
                if time.monotonic() - watched > WATCH_EVERY:
                    watched = time.monotonic()
                    await in_thread(self._mark_watched)
                made = await in_thread(self._read)
                if made is not None:
                    self.number += 1
                    self._tell(self._text(made))
                    told = time.monotonic()
                elif time.monotonic() - told >= TICK_SECONDS:
                    self._tell(TICK)
                    told = time.monotonic()
            except Cluster.DoesNotExist:
                self._tell(GONE)
                return
            except (TooOld, Expired):
                self.at = None
                self._tell(RESET)
            except Exception:
                # The picture is not the cluster: whatever went wrong with one reading, the next may do.
                logger.exception("the feed of cluster %s could not be read", self.cluster_id)
                await asyncio.sleep(POLL_SECONDS)
            await asyncio.sleep(BATCH_SECONDS)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), POLL_SECONDS)
            self._wake.clear()

    def _tell(self, text: str) -> None:
        for subscriber in tuple(self.subscribers):
            subscriber.put(text)

    def _text(self, made: dict[str, Any]) -> str:
        return orjson.dumps({**made, "n": self.number}).decode()

    def _read(self) -> dict[str, Any] | None:
        """What is new since the last reading; None when nothing is."""
        server = self._server()
        cluster = Cluster.objects.get(pk=self.cluster_id)
        if self.at is None:
            self.at = Position(server.cache.revision, cluster.journal_seq)
        made = read_batch(server, self.at)
        self.at = Position(*made["at"])
        status = status_of(cluster)
        if changed := {part: value for part, value in status.items() if value != self.status.get(part)}:
            self.status, made["status"], made["status_at"] = status, changed, list(status_at(cluster))
        return made if made["objects"] or made["journal"] or "counts" in made or "status" in made else None

    def _catch_up(self, since: Position) -> dict[str, Any]:
        server = self._server()
        past = read_batch(server, since)
        cluster = Cluster.objects.get(pk=self.cluster_id)
        return past | {"status": status_of(cluster), "status_at": list(status_at(cluster))}

    def _server(self) -> ApiServer:
        return server_of(self.cluster_id)

    def _mark_watched(self) -> None:
        mark_watched(self.cluster_id)


def mark_watched(cluster_id: int) -> None:
    """Somebody looks: raft messages, requests and reconciles are journaled for a while, if anything can be written."""
    with suppress(NotWritable), naming_refusals():
        Cluster.objects.filter(pk=cluster_id).update(watched_until=WallClock().wall() + WATCH_FOR)


tails: dict[tuple[asyncio.AbstractEventLoop, int], Tail] = {}


def tail_of(cluster_id: int) -> Tail:
    """This loop's tail of the cluster."""
    key = (asyncio.get_running_loop(), cluster_id)
    if key not in tails:
        tails[key] = Tail(cluster_id)
    return tails[key]


async def in_thread(function: Callable[[], T]) -> T:
    """Run database work outside the event loop, on the feed's own threads."""

    def run() -> T:
        close_old_connections()
        return function()

    return await asyncio.get_running_loop().run_in_executor(_threads, run)
