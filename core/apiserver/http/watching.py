"""An open watch as a stream of lines: events as they come, bookmarks now and then, an end in time.

What to send is `core.apiserver.watch.Watch`; when to look is the hub's; here both meet in the event loop. Every line is a
JSON object. A stream ends after `timeoutSeconds`, or half an hour to an hour, so that clients spread over time.
"""

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable, Iterator
from functools import partial
from typing import Any

import orjson

from core.apiserver.http.hub import POLL, Hub
from core.apiserver.http.negotiation import Form
from core.apiserver.http.responses import Stream
from core.apiserver.http.views import shown
from core.apiserver.server import ApiServer
from core.apiserver.watch import Watch

TIMEOUT_MIN = 1800  # seconds, as --min-request-timeout of the real server
BOOKMARK_EVERY = 60.0  # seconds
BOOKMARK_BEFORE_END = 2.0  # seconds
SLICE = 100  # events in one chunk; other streams get a turn between two
ROOM = 1024 * 1024  # bytes in one chunk, or one event: what each of two hundred slow clients may keep waiting in memory


class WatchStream:
    """`now` is the cluster's virtual time at the start, for ages in tables; later it is the time of the latest change."""

    def __init__(
        self,
        server: ApiServer,
        watch: Watch,
        hub: Hub,
        is_served: Callable[[ApiServer], bool],
        form: Form,
        options: dict[str, Any],
        now: float,
    ) -> None:
        self.server = server
        self.watch = watch
        self.hub = hub
        self.is_served = is_served
        self.form = form
        self.include = str(options.get("includeObject") or "Metadata")
        self.seconds = options.get("timeoutSeconds") or 0
        if self.seconds <= 0:
            self.seconds = TIMEOUT_MIN + secrets.randbelow(TIMEOUT_MIN)
        self.now = now
        self.headers_due = True

    @property
    def response(self) -> Stream:
        return Stream(self.lines, self.form.media_type)

    async def lines(self) -> AsyncIterator[bytes]:
        loop = asyncio.get_running_loop()
        tail, follower = self.hub.join(self.server, self.watch.stored.name, partial(self.is_served, self.server))
        end = loop.time() + self.seconds
        last_call = end - BOOKMARK_BEFORE_END
        bookmark = self._next_bookmark(loop.time(), last_call)
        try:
            while True:
                for chunk in self.chunks(self.watch.poll(ROOM)):
                    yield chunk
                    await asyncio.sleep(0)
                now = loop.time()
                if self.watch.closed or tail.over or now >= end:
                    return
                if self.watch.has_more:
                    continue
                if now >= bookmark:
                    yield self.line(self.watch.bookmark())
                    bookmark = self._next_bookmark(now, last_call)
                told = await follower.wait(max(0.0, min(POLL, end - now, bookmark - now)))
                if told or loop.time() - now >= POLL:
                    await tail.catch_up(self.hub.threads)
        finally:
            self.hub.leave(tail, follower)

    def _next_bookmark(self, now: float, last_call: float) -> float:
        if not self.watch.bookmarks or now >= last_call:
            return float("inf")
        return min(now + BOOKMARK_EVERY, last_call)

    def chunks(self, events: list[dict[str, Any]]) -> Iterator[bytes]:
        """The events as lines, some at a time."""
        lines: list[bytes] = []
        size = 0
        for event in events:
            lines.append(self.line(event))
            size += len(lines[-1])
            if len(lines) == SLICE or size >= ROOM:
                yield b"".join(lines)
                lines, size = [], 0
        if lines:
            yield b"".join(lines)

    def line(self, event: dict[str, Any]) -> bytes:
        """One event as a line, its object in the form that was asked for; an error is always a Status."""
        obj, kind = event["object"], event["type"]
        self.now = max(self.now, event.get("time", self.now))
        if self.form.view and kind != "ERROR":
            # A bookmark is a table without rows: there is no object in it, only how far the watch has come.
            empty = self.form.view == "Table" and kind == "BOOKMARK"
            obj = shown(
                {**obj, "items": []} if empty else obj,
                self.form,
                self.watch.row.name,
                self.now,
                self.include,
                many=empty,
                headers=self.headers_due,
            )
            self.headers_due = False
        return orjson.dumps({"type": kind, "object": obj}) + b"\n"
