"""The plug between a client and an API server."""

from collections.abc import Sequence
from typing import Protocol

from core.kube.errors import ApiError
from core.kube.objects import Key, Obj
from core.kube.requests import Request


class WatchEvent(Protocol):
    """One change as a watch delivers it, read-only: `core.apiserver.watchcache.Event` is one."""

    @property
    def type(self) -> str:
        """`ADDED`, `MODIFIED` or `DELETED`."""

    @property
    def resource(self) -> str: ...
    @property
    def key(self) -> Key: ...
    @property
    def object(self) -> Obj:
        """The new state; the last one when it was deleted."""

    @property
    def old(self) -> Obj | None: ...
    @property
    def revision(self) -> int: ...
    @property
    def actor(self) -> str: ...
    @property
    def cause(self) -> int: ...
    @property
    def time(self) -> float: ...


class Transport(Protocol):
    """An API server, in-process or not. Objects it answers are shared: read-only."""

    def execute(self, requests: Sequence[Request]) -> list[Obj | ApiError]:
        """Answer each request in order; one that fails is answered by its error."""

    def list_all(self, resource: str) -> tuple[list[Obj], int]:
        """All objects of a resource and the revision they are read at."""

    def events_since(self, revision: int) -> Sequence[WatchEvent]:
        """All changes after `revision` in order. Raises Expired when they are no longer kept: list again."""
