"""What a client sent, as the rest of this package sees it: no ASGI beyond this point."""

import os
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field

from core.kube.decode import BODY_BYTES_MAX, TOO_LARGE
from core.kube.errors import TooLarge

BODY_MAX = BODY_BYTES_MAX


def too_large() -> TooLarge:
    return TooLarge(TOO_LARGE.format(limit=BODY_MAX))


@dataclass(frozen=True, slots=True)
class Incoming:
    """One HTTP request with its whole body. `headers` are as ASGI gives them: lower-case names, bytes."""

    method: str
    raw_path: bytes
    query_string: bytes
    headers: Sequence[tuple[bytes, bytes]]
    body: bytes = b""
    audit_id: str = field(default_factory=lambda: str(uuid.UUID(bytes=os.urandom(16), version=4)))

    def header(self, name: bytes) -> str:
        """The first header of that name, or an empty string."""
        for key, value in self.headers:
            if key == name:
                return value.decode("latin-1")
        return ""

    def all_headers(self, name: bytes) -> list[str]:
        return [value.decode("latin-1") for key, value in self.headers if key == name]
