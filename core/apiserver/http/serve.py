"""daphne with two ports for one ASGI application: plain HTTP for the dashboard, TLS for the Kubernetes API.

daphne keeps a request's whole body before the application hears of it. So bodies are cut here, where they arrive, one byte
above the limit: enough for the application to see that they are too large, too little to fill the memory.
"""

import asyncio
import sys
from typing import Any

from cryptography import x509
from daphne.http_protocol import HTTPFactory, WebRequest
from daphne.server import Server  # before the reactor: it installs the one that runs on asyncio
from daphne.ws_protocol import WebSocketFactory
from OpenSSL import crypto
from twisted.internet import defer
from twisted.internet import reactor as _reactor
from twisted.internet.error import CannotListenError
from twisted.internet.ssl import CertificateOptions, TLSVersion
from twisted.logger import globalLogBeginner

from core.apiserver.http.certificates import ServerCertificate
from core.apiserver.http.incoming import BODY_MAX

# Twisted picks the reactor when it is imported; to a type checker it is a module.
reactor: Any = _reactor
_discard: Any = lambda event: None  # Twisted's log of every request is not kept  # noqa: E731

WEBSOCKET_MESSAGE_MAX = 65_536  # bytes
DECLARED_MAX = 64 * 1024 * 1024  # bytes; who announces more than that is not even heard out
CANNOT_LISTEN = "cannot listen on {host}:{port}: {why}"


class BoundedRequest(WebRequest):  # type: ignore[misc]
    """A request of which at most one byte more than the limit is kept."""

    kept = 0

    def gotLength(self, length: int | None) -> None:
        if length is not None and length > DECLARED_MAX:
            self.channel.loseConnection()
        super().gotLength(length if length is None else min(length, BODY_MAX + 1))

    def handleContentChunk(self, data: bytes) -> None:
        room = BODY_MAX + 1 - self.kept
        if room > 0:
            super().handleContentChunk(data[:room])
            self.kept += min(len(data), room)


class BoundedFactory(HTTPFactory):  # type: ignore[misc]
    def buildProtocol(self, addr: Any) -> Any:
        protocol = super().buildProtocol(addr)
        protocol.requestFactory = BoundedRequest
        return protocol


class Doors(Server):  # type: ignore[misc]
    """daphne's server on ports of our own choosing."""

    def __init__(self, application: Any, host: str, port: int, api_port: int, certificate: ServerCertificate) -> None:
        super().__init__(
            application,
            endpoints=[f"tcp:{port}", f"ssl:{api_port}"],  # for its own checks; `listen` does it
            websocket_max_message_size=WEBSOCKET_MESSAGE_MAX,
            websocket_max_frame_size=WEBSOCKET_MESSAGE_MAX,
            server_name="",
        )
        self.host, self.port, self.api_port = host, port, api_port
        self.certificate = certificate

    def run(self) -> None:
        self.connections: dict[Any, dict[str, Any]] = {}
        self.http_factory = BoundedFactory(self)
        self.ws_factory = WebSocketFactory(self, server=self.server_name)
        self.ws_factory.setProtocolOptions(
            autoPingTimeout=self.ping_timeout,
            allowNullOrigin=True,
            openHandshakeTimeout=self.websocket_handshake_timeout,
            maxMessagePayloadSize=self.websocket_max_message_size,
            maxFramePayloadSize=self.websocket_max_frame_size,
        )
        globalLogBeginner.beginLoggingTo([_discard], redirectStandardIO=False, discardBuffer=True)
        asyncio.set_event_loop(reactor._asyncioEventloop)
        self.listen()
        reactor.callLater(1, self.application_checker)
        reactor.callLater(2, self.timeout_checker)
        reactor.addSystemEventTrigger("before", "shutdown", self.kill_all_applications)
        reactor.run()

    def listen(self) -> None:
        """Open both ports. Raises CannotListenError."""
        reactor.listenTCP(self.port, self.http_factory, interface=self.host)
        options = tls_options(self.certificate)
        reactor.listenSSL(self.api_port, self.http_factory, options, interface=self.host)

    def kill_all_applications(self) -> Any:
        """Cancel what is still being answered (watches, mostly), and wait for it."""
        pending = [
            task
            for details in self.connections.values()
            if (task := details.get("application_instance")) is not None and not task.done()
        ]
        for task in pending:
            task.cancel()
        return defer.Deferred.fromFuture(asyncio.gather(*pending, return_exceptions=True)) if pending else None


def tls_options(files: ServerCertificate) -> CertificateOptions:
    """TLS 1.2 or newer, with the chain up to our own authority."""
    chain = [
        crypto.X509.from_cryptography(one) for one in x509.load_pem_x509_certificates(files.certificate.read_bytes())
    ]
    return CertificateOptions(
        privateKey=crypto.load_privatekey(crypto.FILETYPE_PEM, files.key.read_bytes()),
        certificate=chain[0],
        extraCertChain=chain[1:],
        raiseMinimumTo=TLSVersion.TLSv1_2,
    )


def run(application: Any, host: str, port: int, api_port: int, certificate: ServerCertificate) -> None:
    """Serve until told to stop. A port that is taken ends the process with one sentence."""
    try:
        Doors(application, host, port, api_port, certificate).run()
    except CannotListenError as error:
        why = getattr(error.socketError, "strerror", None) or error.socketError
        sys.exit(CANNOT_LISTEN.format(host=error.interface or host, port=error.port, why=why))
