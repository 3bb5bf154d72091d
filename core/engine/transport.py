"""The client's plug into this process's API server: a function call instead of a socket, the same pipeline behind it."""

from collections.abc import Callable, Sequence

from core.apiserver.server import ApiServer
from core.apiserver.watchcache import Event
from core.etcd import Transaction
from core.kube.errors import ApiError, Unavailable
from core.kube.objects import Obj
from core.kube.requests import Request


class InProcess:
    """`also` runs inside the critical section of a batch: fencing, and the node disks that belong to it."""

    def __init__(self, server: ApiServer) -> None:
        self.server = server
        self.reachable = True

    def execute(
        self, requests: Sequence[Request], also: Callable[[Transaction], None] | None = None
    ) -> list[Obj | ApiError]:
        if not self.reachable:
            if also is not None:
                self.server.execute((), also)  # node disks and the journal do not need an API server
            return [Unavailable("the API server does not answer: connection refused") for _ in requests]
        return self.server.execute(requests, also)

    def list_all(self, resource: str) -> tuple[list[Obj], int]:
        """As of what the cache holds: whoever lists is told of the rest by `events_since`."""
        return self.server.cache.all(resource), self.server.cache.revision

    def events_since(self, revision: int) -> Sequence[Event]:
        if not self.reachable:
            return ()
        self.server.cache.catch_up()
        return self.server.cache.since(revision)
