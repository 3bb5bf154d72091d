"""Answers as bytes: encoding, status codes, the headers every answer has."""

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import Any

import orjson
import yaml

from core.apiserver.http.negotiation import JSON, YAML, Form
from core.kube.errors import ApiError, NotAuthorized
from core.kube.objects import Obj
from core.kube.patches.json import REJECTED

Header = tuple[bytes, bytes]

TEXT = "text/plain; charset=utf-8"
NOT_FOUND = b"404 page not found\n"
NO_SNIFF = (b"x-content-type-options", b"nosniff")
CACHE = (b"cache-control", b"no-cache, private")
MAX_WARNINGS = 10  # headers; the rest would only fill the terminal
HEADER_TEXT = str.maketrans({"\\": "\\\\", '"': '\\"', "\r": " ", "\n": " ", "\0": " "})

# The statuses which the real server makes from the HTTP code alone, and which then say `"details": {}`; and REJECTED.
GENERIC = (403, 404, 405, 406, 415)


@dataclass(slots=True)
class Response:
    """A whole answer. `headers` besides those every answer gets."""

    code: int
    body: bytes
    content_type: str = JSON
    headers: list[Header] = field(default_factory=list)


@dataclass(slots=True)
class Stream:
    """An answer that goes on: `chunks` is called in the event loop. Ends when the client leaves."""

    chunks: Callable[[], AsyncIterator[bytes]]
    content_type: str = JSON
    headers: list[Header] = field(default_factory=list)


Answer = Response | Stream


class Dumper(yaml.CSafeDumper):
    """YAML as the real server writes it: maps sorted, lists not indented, no aliases."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def encode(obj: Any, form: Form, pretty: bool = False) -> bytes:
    if form.media_type == YAML:
        text: str = yaml.dump(obj, Dumper=Dumper, allow_unicode=True, default_flow_style=False, width=2**20)
        return text.encode()
    if pretty:
        return orjson.dumps(obj, option=orjson.OPT_INDENT_2) + b"\n"
    return orjson.dumps(obj) + b"\n"


def of_object(obj: Any, form: Form, *, code: int = 200, pretty: bool = False) -> Response:
    return Response(code, encode(obj, form, pretty), form.media_type)


def of_error(error: ApiError, form: Form | None = None, *, pretty: bool = False) -> Response:
    """The `Status` of a failed request. Errors are JSON or YAML, never a Table."""
    status: Obj = error.status
    if (error.code in GENERIC or error.message == REJECTED) and not error.details:
        code = status.pop("code")
        status |= {"details": {}, "code": code}
    response = of_object(status, form or Form(), code=error.code, pretty=pretty)
    # Never with a 429 that says none: a drain is to hear of the budget at once, not after its client's silent retries.
    if error.retry_after is None and error.code == 503:
        response.headers.append((b"retry-after", b"1"))
    elif error.retry_after is not None:
        response.headers.append((b"retry-after", str(int(error.retry_after)).encode()))
    if isinstance(error, NotAuthorized):
        response.headers.append(NO_SNIFF)
    return response


def of_text(text: str | bytes, code: int = 200) -> Response:
    return Response(code, text if isinstance(text, bytes) else text.encode(), TEXT, [NO_SNIFF])


def page_not_found() -> Response:
    return of_text(NOT_FOUND, 404)


def warnings(texts: Sequence[str]) -> list[Header]:
    """`Warning: 299 - "…"` headers, which kubectl prints."""
    return [
        (b"warning", f'299 - "{text.translate(HEADER_TEXT)}"'.encode("ascii", "replace"))
        for text in texts[:MAX_WARNINGS]
    ]


def head_of(answer: Answer, audit_id: str) -> list[Header]:
    """The headers of an answer, with those that all have."""
    headers = [
        (b"audit-id", audit_id.encode()),
        (b"content-type", answer.content_type.encode()),
        (b"date", formatdate(usegmt=True).encode()),
        *answer.headers,
    ]
    if not any(name == b"cache-control" for name, _ in headers):
        headers.append(CACHE)
    if isinstance(answer, Response):
        headers.append((b"content-length", str(len(answer.body)).encode()))
    return headers
