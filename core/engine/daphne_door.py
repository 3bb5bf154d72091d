"""daphne, bounded: the door of the dashboard, on an event loop that others share.

daphne's own `Server.run` owns its process: it makes an event loop when it is imported, handles signals and ends with the
reactor. Here the Kubernetes API lives on the same loop, so that one tail and one watch cache serve both doors; this module
opens daphne on a loop that runs already, and closes it without stopping anybody else.

What daphne leaves open is bounded: how long the head of a request may take to come (Twisted bounds its size), how much of a
body is kept, and how much may wait for a browser that reads slowly. A page that is too slow holds its tail's queue up, which
then tells it to start over (`core.dashboard.feed.tail`), instead of filling this process's memory.
"""

import asyncio
import socket
import sys
from typing import Any

import daphne.server  # type: ignore[import-untyped]
from daphne.http_protocol import HTTPFactory, WebRequest  # type: ignore[import-untyped]
from daphne.ws_protocol import WebSocketFactory, WebSocketProtocol  # type: ignore[import-untyped]
from twisted.internet import asyncioreactor
from twisted.internet.interfaces import IPushProducer
from twisted.logger import ILogObserver, globalLogBeginner
from twisted.web import http
from zope.interface import implementer, provider

WEBSOCKET_MESSAGE_MAX = 65_536  # bytes
BODY_MAX = 2_621_440  # bytes of a body that the pages hear of, as Django has it for a form
READ_MAX = 64 * 1024 * 1024  # bytes read at all, and thrown away, so that a client still gets its answer
HEAD_SECONDS = 20.0  # from a connection, or from the first byte of a later request, to the end of the head
IDLE_SECONDS = 120
FOR_EVER = -1
TOO_LARGE = f"A request may have {BODY_MAX} bytes."


class BoundedRequest(WebRequest):  # type: ignore[misc]
    """A request whose body is kept up to a bound; what comes beyond it is read, not kept, and answered with 413."""

    body_size = 0

    def handleContentChunk(self, data: bytes) -> None:
        self.body_size += len(data)
        if self.body_size <= BODY_MAX:
            super().handleContentChunk(data)
        elif self.body_size > READ_MAX:
            self.channel.transport.abortConnection()

    def process(self) -> Any:
        if self.body_size > BODY_MAX:
            self.basic_error(413, b"Content Too Large", TOO_LARGE)
            return None
        return super().process()


class BoundedChannel(http.HTTPChannel):
    """A connection on which heads come within bounded time."""

    requestFactory = BoundedRequest
    head_timer: Any = None

    def connectionMade(self) -> None:
        super().connectionMade()
        self._expect_head()

    def dataReceived(self, data: bytes) -> None:
        if self.line_mode and self.head_timer is None:
            self._expect_head()
        super().dataReceived(data)

    def allHeadersReceived(self) -> None:
        self._have_head()
        super().allHeadersReceived()

    def connectionLost(self, reason: Any) -> None:  # type: ignore[override]
        self._have_head()
        super().connectionLost(reason)

    def _expect_head(self) -> None:
        self.head_timer = self.callLater(HEAD_SECONDS, self.forceAbortClient)

    def _have_head(self) -> None:
        timer, self.head_timer = self.head_timer, None
        if timer is not None and timer.active():
            timer.cancel()


class BoundedFactory(HTTPFactory):  # type: ignore[misc]
    def buildProtocol(self, addr: Any) -> BoundedChannel:
        channel = BoundedChannel()
        channel.factory = self
        channel.callLater = self.reactor.callLater  # type: ignore[method-assign]
        channel.timeOut = IDLE_SECONDS
        return channel


@implementer(IPushProducer)
class Valve:
    """Whether a socket takes more: shut while too much waits for the other end to read it."""

    def __init__(self) -> None:
        self.open = asyncio.Event()
        self.open.set()

    def pauseProducing(self) -> None:
        self.open.clear()

    def resumeProducing(self) -> None:
        self.open.set()

    def stopProducing(self) -> None:
        self.open.set()  # nobody is there any more: whoever waits goes on, and hears so


@provider(ILogObserver)  # type: ignore[untyped-decorator]
def silence(event: Any) -> None:
    """Twisted's log tells of clients that hang up; what goes wrong in an application is Django's to tell."""


class Dashboard(daphne.server.Server):  # type: ignore[misc]
    """daphne for `application`. Opened and closed from the event loop that its reactor was put on."""

    def __init__(self, application: Any) -> None:
        super().__init__(
            application,
            endpoints=["given"],
            websocket_timeout=FOR_EVER,
            websocket_max_message_size=WEBSOCKET_MESSAGE_MAX,
            websocket_max_frame_size=WEBSOCKET_MESSAGE_MAX,
            server_name="",
        )
        self.connections: dict[Any, dict[str, Any]] = {}
        self.ports: list[Any] = []

    def open(self, listening: socket.socket) -> None:
        """Serve what comes in at a bound socket. As `Server.run`, but for the loop, the signals and the log."""
        reactor: Any = daphne.server.reactor
        self.http_factory = BoundedFactory(self)
        self.ws_factory = WebSocketFactory(self, server=self.server_name)
        self.ws_factory.setProtocolOptions(
            autoPingTimeout=self.ping_timeout,
            allowNullOrigin=True,  # who may open a socket is the application's business (core.dashboard.routing)
            openHandshakeTimeout=self.websocket_handshake_timeout,
            maxMessagePayloadSize=self.websocket_max_message_size,
            maxFramePayloadSize=self.websocket_max_frame_size,
        )
        globalLogBeginner.beginLoggingTo([silence], redirectStandardIO=False, discardBuffer=True)
        reactor.startRunning(installSignalHandlers=False)
        reactor.callLater(1, self.application_checker)
        reactor.callLater(2, self.timeout_checker)
        listening.listen(128)
        listening.setblocking(False)
        self.ports.append(reactor.adoptStreamPort(listening.fileno(), listening.family, self.http_factory))
        listening.close()  # the port has its own copy

    async def close(self, grace: float) -> None:
        """Accept nothing more, send the browsers away, and give requests `grace` seconds to be answered."""
        for port in self.ports:
            port.stopListening()
        for protocol in tuple(self.connections):
            if isinstance(protocol, WebSocketProtocol):
                protocol.serverClose()
        running = [one["application_instance"] for one in self.connections.values() if "application_instance" in one]
        if running:
            _, late = await asyncio.wait(running, timeout=grace)
            for one in late:
                one.cancel()
            await asyncio.gather(*running, return_exceptions=True)

    def create_application(self, protocol: Any, scope: dict[str, Any]) -> Any:
        # daphne lets a header of the request, meant for a proxy of its own, say where the pages are.
        return super().create_application(protocol, scope | {"root_path": ""})

    async def handle_reply(self, protocol: Any, message: dict[str, Any]) -> None:
        """Hand an answer to the connection; of a WebSocket, wait until it can take the next."""
        if message["type"] == "websocket.accept":
            protocol.valve = Valve()
            if protocol.transport is not None:
                protocol.transport.unregisterProducer()  # the HTTP connection that it was
                protocol.transport.registerProducer(protocol.valve, True)
        await super().handle_reply(protocol, message)
        if message["type"] == "websocket.send":
            await protocol.valve.open.wait()


def put_reactor_on(loop: asyncio.AbstractEventLoop) -> None:
    """Make Twisted work on `loop`.

    daphne installs a reactor when Django loads it, on a loop of its own: before the roles are forked, so that they share
    its file descriptors. It is replaced before anything was asked of it.
    """
    sys.modules.pop("twisted.internet.reactor", None)
    asyncioreactor.install(loop)
    daphne.server.reactor = sys.modules["twisted.internet.reactor"]
