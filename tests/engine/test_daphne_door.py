"""What the dashboard's door bounds by itself, before any page hears of a request."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from twisted.internet.error import ConnectionDone
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure

from core.apiserver.http.serve import is_ours
from core.engine.daphne_door import (
    BODY_MAX,
    HEAD_SECONDS,
    READ_MAX,
    WEBSOCKET_MESSAGE_MAX,
    BoundedChannel,
    BoundedFactory,
    Dashboard,
    WebSocketFactory,
)

OK = {"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]}
HANDSHAKE = (
    b"GET /ws/ HTTP/1.1\r\nhost: x\r\nupgrade: websocket\r\nconnection: upgrade\r\n"
    b"sec-websocket-version: 13\r\nsec-websocket-key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n\r\n"
)


class Line(StringTransport):
    """The other end of a connection."""

    is_cut = False

    def abortConnection(self) -> None:
        self.is_cut = True

    def resumeProducing(self) -> None:
        """A real one takes no offence when it is closing already."""

    pauseProducing = resumeProducing

    @property
    def is_closed(self) -> bool:
        return self.is_cut or self.disconnecting


class Door:
    """A door with a connection, an application that says ok, and a clock that is set by hand."""

    def __init__(self) -> None:
        self.scopes: list[Any] = []
        self.clock, self.line = Clock(), Line()
        self.dashboard = Dashboard(self.application)
        self.dashboard.ws_factory = WebSocketFactory(self.dashboard, server="")
        factory = BoundedFactory(self.dashboard)
        factory.reactor = self.clock
        self.channel: BoundedChannel = factory.buildProtocol(None)
        self.channel.makeConnection(self.line)

    async def application(self, scope: Any, receive: Any, send: Any) -> None:
        self.scopes.append(scope)
        if scope["type"] == "websocket":
            await send({"type": "websocket.accept"})
            await send({"type": "websocket.send", "text": "first"})
            await send({"type": "websocket.send", "text": "second"})
            return
        await receive()
        await send(OK)
        await send({"type": "http.response.body", "body": b"ok"})

    async def hears(self, data: bytes) -> None:
        """What the transport has read goes to whoever is its protocol by now."""
        getattr(self.line, "protocol", self.channel).dataReceived(data)
        for _ in range(10):
            await asyncio.sleep(0)

    @property
    def answer(self) -> bytes:
        return bytes(self.line.value())


@pytest.fixture
async def door() -> AsyncIterator[Door]:
    opened = Door()
    yield opened
    opened.channel.connectionLost(Failure(ConnectionDone()))
    for task in asyncio.all_tasks() - {asyncio.current_task()}:
        task.cancel()


GET = b"GET / HTTP/1.1\r\nhost: x\r\n\r\n"


@pytest.mark.parametrize("before", [b"", GET], ids=["first", "later"])
@pytest.mark.parametrize("sent", [b"", b"GET / HT", b"GET / HTTP/1.1\r\nhost"], ids=["nothing", "a word", "a header"])
async def test_head_that_does_not_come_ends_the_connection(door: Door, before: bytes, sent: bytes) -> None:
    if before:
        await door.hears(before)
        sent = sent or b"G"
    await door.hears(sent)
    door.clock.advance(HEAD_SECONDS - 1)
    assert not door.line.is_closed
    door.clock.advance(2)
    assert door.line.is_cut


async def test_head_that_drips_ends_the_connection(door: Door) -> None:
    for _ in range(int(HEAD_SECONDS) + 1):
        await door.hears(b"a")
        door.clock.advance(1)
    assert door.line.is_cut


async def test_head_that_does_not_end_ends_the_connection(door: Door) -> None:
    await door.hears(b"GET / HTTP/1.1\r\nx: " + b"a" * 70_000)
    assert door.line.is_closed
    assert not door.scopes


async def test_request_may_take_its_time_once_its_head_is_there(door: Door) -> None:
    await door.hears(b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\na")
    door.clock.advance(2 * HEAD_SECONDS)
    await door.hears(b"b")
    assert door.answer.startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize(
    ("size", "code"),
    [
        pytest.param(BODY_MAX, b"200", id="as much as may be"),
        pytest.param(BODY_MAX + 1, b"413", id="a byte more"),
        pytest.param(4 * BODY_MAX, b"413", id="much more"),
    ],
)
@pytest.mark.parametrize("is_chunked", [False, True], ids=["counted", "chunked"])
async def test_body_is_refused_by_its_size_and_the_client_hears_so(
    door: Door, size: int, code: bytes, is_chunked: bool
) -> None:
    body, length = b"a" * size, b"content-length: %d" % size
    if is_chunked:
        body, length = b"%x\r\n%s\r\n0\r\n\r\n" % (size, body), b"transfer-encoding: chunked"
    await door.hears(b"POST / HTTP/1.1\r\nhost: x\r\n" + length + b"\r\n\r\n" + body)
    assert door.answer.split()[1] == code
    assert len(door.scopes) == (code == b"200")


async def test_body_without_end_is_cut_off(door: Door) -> None:
    await door.hears(b"POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n")
    chunk, sent = b"%x\r\n%s\r\n" % (1024 * 1024, b"a" * 1024 * 1024), 0
    while not door.line.is_cut and sent <= 2 * READ_MAX:
        await door.hears(chunk)
        sent += 1024 * 1024
    assert READ_MAX < sent <= READ_MAX + 2 * 1024 * 1024


async def test_no_client_says_where_the_pages_are(door: Door) -> None:
    await door.hears(b"GET /a HTTP/1.1\r\nhost: x\r\ndaphne-root-path: /evil\r\n\r\n")
    assert [(scope["path"], scope["root_path"]) for scope in door.scopes] == [("/a", "")]


@pytest.mark.parametrize(
    "raw",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
        b"GET\r\n\r\n",
        b"GET /\xff HTTP/1.1\r\nhost: x\r\n\r\n",
        b"\xff / HTTP/1.1\r\nhost: x\r\n\r\n",
        b"GET /%ff%00 HTTP/1.1\r\nhost: x\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET / HTTP/1.1\r\nhost x\r\n\r\n",
        b"GET / HTTP/1.1\r\nx: \x00\r\n\r\n",
        b"POST / HTTP/1.1\r\ncontent-length: -1\r\n\r\n",
        b"POST / HTTP/1.1\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n",
        b"POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
        b"POST / HTTP/1.1\r\ncontent-type: multipart/form-data; boundary=\r\ncontent-length: 1\r\n\r\na",
        b"GET /ws/ HTTP/1.1\r\nhost: x\r\nupgrade: websocket\r\n\r\n",
        HANDSHAKE.replace(b"13", b"99"),
        HANDSHAKE + b"\xff\xff\xff\xff\xff\xff\xff\xff",
    ],
    ids=lambda raw: repr(raw[:30]),
)
async def test_nonsense_is_no_error_of_ours(door: Door, raw: bytes, caplog: pytest.LogCaptureFixture) -> None:
    await door.hears(raw)
    assert [record for record in caplog.records if is_ours(record)] == []
    assert b" 500 " not in door.answer.split(b"\r\n")[0]


async def test_browser_that_does_not_read_is_waited_for_and_not_buffered_for(door: Door) -> None:
    door.dashboard.ws_factory.setProtocolOptions(maxMessagePayloadSize=WEBSOCKET_MESSAGE_MAX)
    accepted = door.line.registerProducer

    def register(producer: Any, streaming: bool) -> None:
        accepted(producer, streaming)
        producer.pauseProducing()  # nothing more fits into its window

    door.line.registerProducer = register  # type: ignore[method-assign]
    await door.hears(HANDSHAKE)
    assert b"first" in door.answer
    assert b"second" not in door.answer
    door.line.producer.resumeProducing()
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert b"second" in door.answer
