"""This process's API servers, one per cluster, shared by every door of the process (HTTPS, dashboard).

A server is let go of when its cluster is deleted, by whichever process: that is announced. Should the announcement be lost,
the next server that is made notices.
"""

import threading
import time

from core.apiserver.server import ApiServer
from core.engine import memory
from core.engine.clock import WallClock
from core.engine.kubelets import Kubelets
from core.journal import Announcement, on_announcement
from core.models import Cluster

_servers: dict[int, ApiServer] = {}
_lock = threading.Lock()


def server_of(cluster_id: int) -> ApiServer:
    """The API server of a cluster. Raises Cluster.DoesNotExist."""
    with _lock:
        server = _servers.get(cluster_id)
        if server is None:
            _forget_deleted()
            now = WallClock().now
            server = _servers[cluster_id] = ApiServer(
                cluster_id,
                now,
                stopwatch=time.perf_counter_ns,
                watched=is_watched,
                kubelets=Kubelets(cluster_id, now),
            )
        return server


def server_by_name(name: str) -> ApiServer:
    """The API server of the cluster called `name`. Raises Cluster.DoesNotExist, also after it was deleted."""
    cluster_id = Cluster.objects.values_list("pk", flat=True).get(name=name)
    return server_of(cluster_id)


def is_watched(cluster: Cluster) -> bool:
    """Whether somebody looks at the cluster, so that its requests are journaled."""
    return cluster.watched_until > time.time()


def forget(cluster_id: int) -> None:
    if _servers.pop(cluster_id, None) is not None:
        memory.dropped()


def _forget_deleted() -> None:
    for gone in set(_servers) - set(Cluster.objects.values_list("pk", flat=True)):
        forget(gone)


def _hear(announcement: Announcement) -> None:
    if announcement.is_deletion:
        forget(announcement.cluster_id)


on_announcement(_hear)
