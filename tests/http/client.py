"""A client that calls the Kubernetes application directly: ASGI messages in, ASGI messages out, no sockets."""

import asyncio
import selectors
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlsplit

import orjson

from core.apiserver.http.application import KubernetesApplication


@dataclass(frozen=True, slots=True)
class Reply:
    code: int
    headers: list[tuple[str, str]]
    body: bytes

    @property
    def json(self) -> Any:
        return orjson.loads(self.body)

    @property
    def lines(self) -> list[Any]:
        """The events of a watch."""
        return [orjson.loads(line) for line in self.body.splitlines()]

    def header(self, name: str) -> str:
        return next((value for key, value in self.headers if key == name.lower()), "")

    def all_headers(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key == name.lower()]


FASTER = 10.0


class HastySelector(selectors.DefaultSelector):
    """Waits for a tenth of what it is told to wait."""

    def select(self, timeout: float | None = None) -> list[Any]:
        return super().select(timeout and timeout / FASTER)


class HastyLoop(asyncio.SelectorEventLoop):
    """An event loop whose clock runs faster than the one on the wall: a watch of a second ends after a tenth."""

    def __init__(self) -> None:
        super().__init__(HastySelector())

    def time(self) -> float:
        return super().time() * FASTER


class Client:
    """`base` is put before every path; `token` is sent as a bearer token."""

    def __init__(self, application: KubernetesApplication, base: str = "", token: str = "") -> None:
        self.application = application
        self.base = base
        self.token = token

    def request(
        self,
        method: str,
        path: str,
        body: Any = None,
        headers: Mapping[str, str] | list[tuple[str, str]] = (),
        meanwhile: Callable[[], None] | None = None,
    ) -> Reply:
        """One request; `meanwhile` runs in a thread once the answer has begun (to change what is being watched)."""
        with asyncio.Runner(loop_factory=HastyLoop) as runner:
            return runner.run(self._request(method, path, body, headers, meanwhile))

    async def _request(self, method: str, path: str, body: Any, headers: Any, meanwhile: Any) -> Reply:
        parts = urlsplit(self.base + path) if not path.startswith("//") else None
        raw, query = (parts.path, parts.query) if parts else (path, "")
        pairs = dict(headers).items() if isinstance(headers, Mapping) else list(headers)
        sent = [(name.lower().encode(), value.encode("latin-1")) for name, value in pairs]
        if self.token and not any(name == b"authorization" for name, _ in sent):
            sent.append((b"authorization", f"Bearer {self.token}".encode()))
        data = body if isinstance(body, bytes) else b"" if body is None else orjson.dumps(body)
        if data and not any(name == b"content-type" for name, _ in sent):
            sent.append((b"content-type", b"application/json"))
        if data and not any(name == b"content-length" for name, _ in sent):
            sent.append((b"content-length", str(len(data)).encode()))
        scope = {
            "type": "http",
            "method": method,
            "path": raw,
            "raw_path": quote(raw, safe="/%~!$&'()*+,;=:@").encode(),
            "query_string": quote(query, safe="%=&+,!()*;:@/?~$'").encode(),
            "headers": sent,
            "server": ("127.0.0.1", 6443),
        }
        inbox: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        inbox.put_nowait({"type": "http.request", "body": data, "more_body": False})
        outbox: list[dict[str, Any]] = []
        begun = asyncio.Event()

        async def send(message: dict[str, Any]) -> None:
            outbox.append(message)
            if message["type"] == "http.response.body":
                begun.set()

        call = asyncio.ensure_future(self.application(scope, inbox.get, send))
        if meanwhile is not None:
            await begun.wait()
            await asyncio.get_running_loop().run_in_executor(self.application.writers, meanwhile)
        await call
        start = outbox[0]
        answered = [(name.decode(), value.decode()) for name, value in start["headers"]]
        return Reply(start["status"], answered, b"".join(message.get("body", b"") for message in outbox[1:]))

    def get(self, path: str, **headers: str) -> Reply:
        return self.request("GET", path, headers={name.replace("_", "-"): value for name, value in headers.items()})

    def table(self, path: str) -> Reply:
        return self.get(path, accept="application/json;as=Table;v=v1;g=meta.k8s.io,application/json")

    def post(self, path: str, body: Any, **headers: str) -> Reply:
        return self.request("POST", path, body, {name.replace("_", "-"): value for name, value in headers.items()})

    def patch(self, path: str, body: Any, kind: str = "application/merge-patch+json") -> Reply:
        return self.request("PATCH", path, body, {"content-type": kind})

    def put(self, path: str, body: Any) -> Reply:
        return self.request("PUT", path, body)

    def delete(self, path: str, body: Any = None) -> Reply:
        return self.request("DELETE", path, body)
