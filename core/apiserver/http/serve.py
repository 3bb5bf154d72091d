"""uvicorn with TLS: the door of the Kubernetes API. `core.engine.web` opens it, beside the dashboard's.

uvicorn hands a body over piece by piece and reads no further than the application asks, so it can refuse what is too large
while it arrives. What uvicorn leaves open is bounded here: how large the head of a request may be and how long it may take
to come, and how much of a body nobody wants is read off so that a client still gets its answer.
"""

import asyncio
import logging
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from core.apiserver.http.certificates import ServerCertificate

WEBSOCKET_MESSAGE_MAX = 65_536  # bytes
HEAD_MAX = 65_536  # bytes of a request before its body
BODY_MAX = 64 * 1024 * 1024  # bytes read at all; each application refuses far less, and the rest is thrown away
HEAD_SECONDS = 20.0  # from a connection, or from the first byte of a later request, to the end of the head
IDLE_SECONDS = 120  # longer than Go's clients keep an idle connection: who closes second can never lose a request
CANNOT_LISTEN = "cannot listen on {host}:{port}: {why}"


class CannotListen(OSError):
    """The message says which address, and why."""


class BoundedProtocol(HttpToolsProtocol):
    """A connection whose requests are of bounded size, with heads that come within bounded time."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.head_size = self.body_size = 0
        self.head_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._expect_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._have_head()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self.head_timer is None:
            return
        self.head_size += len(data)
        if self.head_size > HEAD_MAX:
            self._have_head()
            self.send_400_response("Request header too large.")

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._expect_head()

    def on_headers_complete(self) -> None:
        self._have_head()
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        super().on_body(body)
        self.body_size += len(body)
        if self.body_size > BODY_MAX:
            self.transport.abort()

    def _expect_head(self) -> None:
        self.head_size = self.body_size = 0
        if self.head_timer is None:
            self.head_timer = self.loop.call_later(HEAD_SECONDS, self.transport.abort)

    def _have_head(self) -> None:
        if self.head_timer is not None:
            self.head_timer.cancel()
            self.head_timer = None


def is_ours(record: logging.LogRecord) -> bool:
    """What a client got wrong it is told; the log is for what went wrong here."""
    error = record.exc_info[1] if record.exc_info else None
    return record.levelno >= logging.ERROR and not isinstance(error, UnicodeDecodeError)


class Door(uvicorn.Server):
    """One port. Signals are `core.engine.web`'s business."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def listen(host: str, port: int) -> socket.socket:
    """A bound socket. Raises CannotListen."""
    opened = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        opened.bind((host, port))
    except OSError as error:
        opened.close()
        raise CannotListen(CANNOT_LISTEN.format(host=host, port=port, why=error.strerror or error)) from None
    return opened


def door(application: Any, *, date_header: bool, tls: ssl.SSLContext | None = None) -> Door:
    config = uvicorn.Config(
        application,
        http=BoundedProtocol,
        ws="websockets-sansio",
        ws_max_size=WEBSOCKET_MESSAGE_MAX,
        ws_per_message_deflate=False,
        lifespan="off",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        date_header=date_header,
        timeout_keep_alive=IDLE_SECONDS,
    )
    config.load()
    config.ssl = tls
    return Door(config)


def tls_context(files: ServerCertificate) -> ssl.SSLContext:
    """TLS 1.2 or newer, with the chain up to our own authority."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(files.certificate, files.key)
    context.set_alpn_protocols(["http/1.1"])
    return context
