"""Telling whoever listens that a cluster moved on.

An announcement is a hint and may be lost: everybody derives what is new from the database. The process's own listeners
are called right after the commit; the engine registers a publisher that wakes the roles and publishes on Redis, and
passes on (`heard`) what other processes published.
"""

from collections.abc import Callable
from typing import NamedTuple


class Announcement(NamedTuple):
    """Cluster `cluster_id` is at `revision` and journal entry `seq`; these resources changed, and maybe the topology."""

    cluster_id: int
    revision: int
    seq: int
    resources: frozenset[str]
    topology: bool = False

    @property
    def is_deletion(self) -> bool:
        """Whether the cluster is gone: nothing that is there is at revision 0."""
        return self.topology and self.revision == 0


Listener = Callable[[Announcement], None]
_listeners: list[Listener] = []
_publishers: list[Listener] = []


def on_announcement(listener: Listener) -> Callable[[], None]:
    """Call `listener` when a cluster moved on, by this process or another; the returned function takes it away again.

    It is called from any thread, must return at once and must not raise.
    """
    _listeners.append(listener)
    return lambda: _listeners.remove(listener)


def on_commit(publisher: Listener) -> Callable[[], None]:
    """Call `publisher` after each commit of this process only: to wake others."""
    _publishers.append(publisher)
    return lambda: _publishers.remove(publisher)


def announce(announcement: Announcement) -> None:
    """This process committed: tell the others, then everybody here."""
    for publisher in tuple(_publishers):
        publisher(announcement)
    heard(announcement)


def heard(announcement: Announcement) -> None:
    """Another process committed: tell everybody here."""
    for listener in tuple(_listeners):
        listener(announcement)
