"""The ASGI application of the Kubernetes API: bytes in, bytes out, nothing of Django's middleware between.

A request is read here, answered by `Door.answer` in a thread (everything there may touch the database), and sent from
here; watches go on as streams in the event loop. Reads and writes have threads of their own, so that writes which wait for
the store to find a leader never keep anybody from reading.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from typing import Any

from core.apiserver.http.door import Door, Lookup
from core.apiserver.http.hub import Hub
from core.apiserver.http.incoming import BODY_MAX, Incoming, too_large
from core.apiserver.http.responses import Answer, Response, Stream, head_of, of_error
from core.kube.errors import ApiError, MethodNotAllowed, TooManyRequests

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

READERS, WRITERS = 4, 16  # threads; each has a database connection of its own
BULKY = 256 * 1024  # bytes; JSON takes up to fifty times its size once it is read, so larger bodies are
BULKY_WRITERS = 2  # dealt with by these threads only
BODIES_MAX = 64 * 1024 * 1024  # bytes of bodies that arrive or wait at once, twenty of the largest
INFLIGHT_MAX = 400  # requests at once, as --max-requests-inflight of the real server
TOO_MANY = "too many requests, please try again later"
NO_WEBSOCKETS = "the server does not serve watches over WebSocket yet"
READING = ("GET", "HEAD")

log = logging.getLogger(__name__)


class Gone(Exception):
    """The client went away before its request was complete."""


class Body:
    """The body of one request, while it arrives and until it is answered."""

    def __init__(self, application: "KubernetesApplication") -> None:
        self.application = application
        self.chunks: list[bytes] = []
        self.size = 0

    def add(self, chunk: bytes) -> None:
        """Raises TooLarge, and of a bulky body TooManyRequests while there are too many of them."""
        self.chunks.append(chunk)
        self.size += len(chunk)
        self.application.bodies += len(chunk)
        if self.size > BODY_MAX:
            raise too_large()
        if self.size > BULKY and self.application.bodies > BODIES_MAX:
            raise TooManyRequests(TOO_MANY, retry_after=1)

    def whole(self) -> bytes:
        """All of it, once."""
        chunks, self.chunks = self.chunks, []
        return chunks[0] if len(chunks) == 1 else b"".join(chunks)


class KubernetesApplication:
    """`lookup` finds the API server of a cluster by name, `wall` is the wall clock in seconds since the Unix epoch."""

    def __init__(
        self,
        lookup: Lookup,
        wall: Callable[[], float],
        *,
        readers: Executor | None = None,
        writers: Executor | None = None,
    ) -> None:
        self.bulky = writers or ThreadPoolExecutor(BULKY_WRITERS, "api-bulky")
        self.readers = readers or ThreadPoolExecutor(READERS, "api-read")
        self.writers = writers or ThreadPoolExecutor(WRITERS, "api-write")
        self.hub = Hub(self.readers)
        self.door = Door(lookup, wall, self.hub)
        self.inflight = self.bodies = 0  # requests, and bytes of the bodies in memory

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await self.refuse_handshake(scope, receive, send)
            return
        try:
            with self.holding() as body:
                incoming = await self.read(scope, receive, body)
                answer = await self.answer(incoming)
        except Gone:
            return
        except ApiError as error:
            await self.reply(scope, of_error(error), "", receive, send)  # what is left of the body, the server discards
            return
        await self.reply(scope, answer, incoming.audit_id, receive, send)

    async def refuse_handshake(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a WebSocket's handshake as the same request without it would be, since no streams are spoken yet.

        A client that wanted to run a command reads then why it cannot, rather than a bare 403 that looks like a missing
        right; and whether the pod is there at all is told first.
        """
        await receive()  # websocket.connect
        if "websocket.http.response" not in scope.get("extensions", {}):
            await send({"type": "websocket.close", "code": 1008})
            return
        path = scope.get("raw_path") or scope["path"].encode()
        incoming = Incoming("GET", path.partition(b"?")[0], scope["query_string"], scope["headers"], b"")
        answer = await self.answer(incoming)
        if isinstance(answer, Stream):
            answer = of_error(MethodNotAllowed(NO_WEBSOCKETS))
        head = {"status": answer.code, "headers": head_of(answer, incoming.audit_id)}
        await send({"type": "websocket.http.response.start", **head})
        await send({"type": "websocket.http.response.body", "body": answer.body})

    @contextmanager
    def holding(self) -> Iterator["Body"]:
        """A body that counts in `bodies` until its request is answered."""
        body = Body(self)
        try:
            yield body
        finally:
            self.bodies -= body.size

    async def read(self, scope: Scope, receive: Receive, body: "Body") -> Incoming:
        """The request with its body. Raises TooLarge as soon as that is known, TooManyRequests, and Gone."""
        headers = scope["headers"]
        declared = next((value for name, value in headers if name == b"content-length"), b"0")
        if declared.isdigit() and (len(declared) > 12 or int(declared) > BODY_MAX):
            raise too_large()
        more = True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise Gone
            if chunk := message.get("body"):
                body.add(chunk)
            more = message.get("more_body", False)
        path = scope.get("raw_path") or scope["path"].encode()
        return Incoming(scope["method"], path.partition(b"?")[0], scope["query_string"], headers, body.whole())

    async def answer(self, incoming: Incoming) -> Answer:
        if self.inflight >= INFLIGHT_MAX:
            return of_error(TooManyRequests(TOO_MANY, retry_after=1))
        threads = self.readers if incoming.method in READING else self.writers
        if len(incoming.body) > BULKY:
            threads = self.bulky
        self.inflight += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(threads, partial(self.door.answer, incoming))
        except Exception:
            log.exception("%s %s", incoming.method, incoming.raw_path)
            return of_error(ApiError("the server met an unexpected condition; its log says which"))
        finally:
            self.inflight -= 1

    async def reply(self, scope: Scope, answer: Answer, audit_id: str, receive: Receive, send: Send) -> None:
        code = answer.code if isinstance(answer, Response) else 200
        await send({"type": "http.response.start", "status": code, "headers": head_of(answer, audit_id)})
        if isinstance(answer, Response):
            body = b"" if scope["method"] == "HEAD" else answer.body
            await send({"type": "http.response.body", "body": body})
        else:
            await self.stream(answer, receive, send)

    async def stream(self, answer: Stream, receive: Receive, send: Send) -> None:
        """Send chunk after chunk until the stream ends or the client leaves."""
        await send({"type": "http.response.body", "body": b"", "more_body": True})

        async def sending() -> None:
            async for chunk in answer.chunks():
                await send({"type": "http.response.body", "body": chunk, "more_body": True})

        task = asyncio.ensure_future(sending())
        leaving = asyncio.ensure_future(self.left(receive))
        try:
            await asyncio.wait((task, leaving), return_when=asyncio.FIRST_COMPLETED)
            if task.done():
                task.result()
        finally:
            for pending in (task, leaving):
                pending.cancel()
            await asyncio.gather(task, leaving, return_exceptions=True)
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def left(self, receive: Receive) -> None:
        """Return when the client has gone."""
        while (await receive())["type"] != "http.disconnect":
            pass
