"""Who asks: bearer tokens only, remembered for as long as the real server remembers them; then impersonation.

Cookies are ignored, so that no page in a browser can act through a person's session.
"""

import hashlib
import time
from collections.abc import Callable

from core.apiserver.authorization import Attributes
from core.apiserver.http.directory import Entry
from core.apiserver.http.incoming import Incoming
from core.apiserver.impersonation import impersonate
from core.kube.errors import BadRequest
from core.kube.requests import User

REMEMBERED = 10.0  # wall seconds: --authentication-token-webhook-cache-ttl and its kin
REMEMBERED_MAX = 1000
EXTRA = b"impersonate-extra-"
NO_EXTRA = "impersonating extra fields is not supported"


class Identities:
    """`wall` is the wall clock in seconds since the Unix epoch: tokens expire by it."""

    def __init__(self, wall: Callable[[], float]) -> None:
        self.wall = wall
        self._known: dict[tuple[int, bytes], tuple[float, User]] = {}

    def user_of(self, entry: Entry, incoming: Incoming) -> User:
        """Raises Unauthorized."""
        header = incoming.header(b"authorization")
        key = (entry.cluster.pk, hashlib.sha256(header.encode()).digest())
        now = time.monotonic()
        found = self._known.get(key)
        if found is not None and found[0] > now:
            return found[1]
        user = entry.server.authenticate({"Authorization": header}, self.wall())
        if header:
            if len(self._known) >= REMEMBERED_MAX:
                self._known.clear()
            self._known[key] = (now + REMEMBERED, user)
        return user

    def acting_as(self, entry: Entry, incoming: Incoming, user: User, asked: Attributes) -> User:
        """The user to go on as (`kubectl --as`). Raises Forbidden, BadRequest."""
        if not any(name.startswith(b"impersonate-") for name, _ in incoming.headers):
            return user
        if any(name.startswith(EXTRA) for name, _ in incoming.headers):
            raise BadRequest(NO_EXTRA)
        return impersonate(
            entry.server.authorizer,
            user,
            asked,
            incoming.header(b"impersonate-user"),
            tuple(incoming.all_headers(b"impersonate-group")),
            incoming.header(b"impersonate-uid"),
        )
