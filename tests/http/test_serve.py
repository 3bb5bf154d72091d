"""What the server bounds by itself, before any application hears of a request."""

import asyncio
import logging
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from uvicorn import Config
from uvicorn.server import ServerState

from core.apiserver.http.serve import BODY_MAX, HEAD_MAX, HEAD_SECONDS, BoundedProtocol, is_ours


class Line(asyncio.Transport):
    """The other end of a connection."""

    def __init__(self) -> None:
        super().__init__()
        self.heard = b""
        self.is_closed = False

    def write(self, data: Any) -> None:
        self.heard += data

    def close(self) -> None:
        self.is_closed = True

    def abort(self) -> None:
        self.is_closed = True

    def is_closing(self) -> bool:
        return self.is_closed

    def pause_reading(self) -> None:
        """The application reads nothing here."""


class Clock(asyncio.SelectorEventLoop):
    """An event loop whose time is set by hand, and that never waits."""

    now = 0.0

    def time(self) -> float:
        return self.now

    def pass_time(self, seconds: float) -> None:
        self.now += seconds
        self.call_soon(self.stop)
        self.run_forever()


async def application(scope: Any, receive: Any, send: Any) -> None:
    await asyncio.Event().wait()


@pytest.fixture
def loop() -> Iterator[Clock]:
    with_time = Clock()
    yield with_time
    for task in asyncio.all_tasks(with_time):
        task.cancel()
    with_time.run_until_complete(asyncio.sleep(0))
    with_time.close()


@pytest.fixture
def connection(loop: Clock) -> tuple[BoundedProtocol, Line]:
    config = Config(application, http=BoundedProtocol, ws="none", lifespan="off", log_config=None)
    protocol, line = BoundedProtocol(config, ServerState(), {}, loop), Line()
    protocol.connection_made(line)
    return protocol, line


HEAD = b"POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n"


def test_head_that_does_not_end_is_refused(connection: tuple[BoundedProtocol, Line]) -> None:
    protocol, line = connection
    protocol.data_received(b"GET / HTTP/1.1\r\nx: ")
    for _ in range(HEAD_MAX // 1024 + 1):
        protocol.data_received(b"a" * 1024)
    assert line.heard.startswith(b"HTTP/1.1 400 ")
    assert line.is_closed


@pytest.mark.parametrize("sent", [b"", b"GET / HT", b"GET / HTTP/1.1\r\nhost"], ids=["nothing", "a word", "a header"])
def test_head_that_does_not_come_ends_the_connection(
    sent: bytes, connection: tuple[BoundedProtocol, Line], loop: Clock
) -> None:
    protocol, line = connection
    protocol.data_received(sent)
    loop.pass_time(HEAD_SECONDS - 1)
    assert not line.is_closed
    loop.pass_time(2)
    assert line.is_closed


def test_request_may_take_its_time_once_its_head_is_there(
    connection: tuple[BoundedProtocol, Line], loop: Clock
) -> None:
    protocol, line = connection
    protocol.data_received(HEAD)
    loop.pass_time(10 * HEAD_SECONDS)
    assert not line.is_closed


def test_body_without_end_is_cut_off(connection: tuple[BoundedProtocol, Line]) -> None:
    protocol, line = connection
    protocol.data_received(HEAD)
    protocol.cycle.response_complete = True  # the application refused it long ago, and what comes is thrown away
    chunk = b"%x\r\n%s\r\n" % (1024 * 1024, b"a" * 1024 * 1024)
    sent = 0
    while not line.is_closed and sent <= 2 * BODY_MAX:
        protocol.data_received(chunk)
        sent += len(chunk)
    assert BODY_MAX < sent < BODY_MAX + 3 * 1024 * 1024


def test_log_tells_our_mistakes_and_not_the_clients() -> None:
    def record(level: int, error: BaseException | None = None) -> logging.LogRecord:
        info = (type(error), error, None) if error else None
        return logging.LogRecord("uvicorn.error", level, __file__, 1, "text", (), info)

    assert is_ours(record(logging.ERROR, ValueError()))
    assert not is_ours(record(logging.WARNING))
    try:
        b"\xff".decode()
    except UnicodeDecodeError:
        assert not is_ours(record(logging.ERROR, sys.exc_info()[1]))
