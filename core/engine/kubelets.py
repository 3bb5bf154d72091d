"""The API server's line to the kubelets of its cluster: the one way in which it turns to a node instead of being asked.

A kubelet that runs answers from its node's disk, which any process can read, so nothing has to be driven for it. One that
is stopped, or whose node is, cannot be reached, and the caller is told so in the words of Go's dialler.
"""

from collections.abc import Callable

from core.engine.disks import load_container
from core.kube.errors import ApiError
from core.kube.objects import Obj
from core.kube.podlogs import LogOptions, LogPiece
from core.kubelet.node import internal_ip
from core.kubelet.serving import PORT, container_id, read_log
from core.models import Cluster, Component

UNREACHABLE = 'Get "https://{address}/containerLogs/{namespace}/{pod}/{container}": dial tcp {address}: {why}'
NO_HOST, REFUSED, TIMEOUT = "connect: no route to host", "connect: connection refused", "i/o timeout"


class Kubelets:
    """`now`: the virtual time of a cluster."""

    def __init__(self, cluster_id: int, now: Callable[[Cluster], float]) -> None:
        self.cluster_id = cluster_id
        self.now = now

    def container_logs(self, pod: Obj, container: str, options: LogOptions) -> LogPiece:
        """What a container of a bound pod printed. Raises ApiError: the kubelet's refusal, or that it is not reached."""
        node, meta = pod["spec"]["nodeName"], pod["metadata"]
        why = self._obstacle(node)
        if why:
            address = f"{internal_ip(node)}:{PORT}"
            words = {"namespace": meta["namespace"], "pod": meta["name"], "container": container}
            raise ApiError(UNREACHABLE.format(address=address, why=why, **words), code=500, reason="")
        wanted = container_id(pod, container, previous=options.previous)
        now = self.now(Cluster.objects.get(pk=self.cluster_id))
        return read_log(load_container(self.cluster_id, node, wanted), wanted, options, now)

    def _obstacle(self, node: str) -> str:
        """Why the kubelet of `node` cannot be reached; empty when it can."""
        rows = Component.objects.filter(cluster_id=self.cluster_id, node=node, kind__in=("node", "kubelet"))
        states = dict(rows.values_list("kind", "state"))
        if states.get("node", Component.State.STOPPED) == Component.State.STOPPED:
            return NO_HOST
        if states.get("kubelet", Component.State.STOPPED) == Component.State.STOPPED:
            return REFUSED
        return TIMEOUT if Component.State.PAUSED in states.values() else ""
