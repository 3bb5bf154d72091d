"""Which clusters there are, remembered for a moment so that a request need not ask the database again.

What is remembered is dropped as soon as an announcement says that something about the cluster changed (it was deleted, its
clock was set, a component was stopped), and after a second anyway.
"""

import time
from collections.abc import Callable
from typing import NamedTuple

from core.apiserver.batcher import Batcher
from core.apiserver.server import ApiServer
from core.journal import Announcement, on_announcement
from core.kube.errors import NotFound, Unavailable
from core.models import Cluster, Component

Lookup = Callable[[str], ApiServer]
"""The API server of the cluster of that name. Raises Cluster.DoesNotExist."""

REMEMBERED = 1.0  # wall seconds
NO_CLUSTER = 'there is no cluster "{name}"; there are: {names}'
DOWN = "the API server of this cluster is not running"


class Entry(NamedTuple):
    """A cluster that can be asked. `until` is monotonic."""

    server: ApiServer
    batcher: Batcher
    cluster: Cluster
    until: float


class Directory:
    def __init__(self, lookup: Lookup) -> None:
        self.lookup = lookup
        self._entries: dict[str, Entry] = {}
        self._batchers: dict[int, Batcher] = {}
        on_announcement(self._announced)

    def find(self, name: str) -> Entry:
        """Raises NotFound, which names the clusters there are, and Unavailable."""
        entry = self._entries.get(name)
        if entry is None or entry.until < time.monotonic():
            entry = self._entries[name] = self._look(name)
        return entry

    def is_served(self, server: ApiServer) -> bool:
        """Whether the cluster is still there and its API server runs."""
        states = Component.objects.filter(cluster_id=server.cluster_id, target="apiserver")
        return Cluster.objects.filter(pk=server.cluster_id).exists() and all(
            state == Component.State.RUNNING for state in states.values_list("state", flat=True)
        )

    def forget(self, name: str) -> None:
        self._entries.pop(name, None)

    def missing(self, name: str) -> NotFound:
        names = ", ".join(Cluster.objects.order_by("name").values_list("name", flat=True)) or "none"
        return NotFound(NO_CLUSTER.format(name=name, names=names), details={"name": name, "kind": "clusters"})

    def _look(self, name: str) -> Entry:
        try:
            server = self.lookup(name)
            cluster = Cluster.objects.get(pk=server.cluster_id)
        except Cluster.DoesNotExist:
            raise self.missing(name) from None
        if not self.is_served(server):
            raise Unavailable(DOWN, retry_after=1)
        return Entry(server, self._batcher(server), cluster, time.monotonic() + REMEMBERED)

    def _batcher(self, server: ApiServer) -> Batcher:
        batcher = self._batchers.get(server.cluster_id)
        if batcher is None or batcher.server is not server:
            if batcher is not None:
                batcher.close()
            batcher = self._batchers[server.cluster_id] = Batcher(server, time.monotonic)
        return batcher

    def _announced(self, announcement: Announcement) -> None:
        if announcement.is_deletion and (batcher := self._batchers.pop(announcement.cluster_id, None)):
            batcher.close()
        if announcement.topology:
            for name, entry in tuple(self._entries.items()):
                if entry.server.cluster_id == announcement.cluster_id:
                    self._entries.pop(name, None)
