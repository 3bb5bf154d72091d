"""The fault *kill pod*: a row says whose processes to kill; the driver of the nodes does it on the node's own disk.

Out of band as a real `kill -9` on the node is: the API server learns of it only from the kubelet's next status.
"""

from collections.abc import Callable

from core.kube.objects import Key, Obj
from core.models import Fault
from core.runtime import Disk
from core.runtime.cri import kill_pod

PREFIX = "pod/"
KIND = "kill"


def carry_out(
    cluster_id: int,
    now: float,
    pod_of: Callable[[Key], Obj | None],
    disk_of: Callable[[str], Disk | None],
    enqueue: Callable[[str, Key], None],
) -> None:
    """Kill the processes of every pod that a fault row names, wake its kubelet, and close the row."""
    for fault in Fault.objects.filter(cluster_id=cluster_id, kind=KIND, healed=None, target__startswith=PREFIX):
        _, namespace, name = fault.target.split("/", 2)
        key = Key(namespace, name)
        pod = pod_of(key)
        disk = disk_of(pod["spec"].get("nodeName", "")) if pod else None
        if pod is not None and disk is not None:
            kill_pod(disk, pod["metadata"]["uid"], now)
            enqueue(disk.node, key)
        Fault.objects.filter(pk=fault.pk).update(healed=now)
