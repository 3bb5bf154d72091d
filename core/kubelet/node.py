"""The Node object as its kubelet writes it: pure functions from the node's name, disk and clock.

Addresses follow from the number in the node's name, so that they repeat: `worker-7` is 172.18.0.8 and its pods live in
10.244.7.0/24. Simplified: on a real cluster the node IPAM controller hands the pod ranges out; here the kubelet registers
with its own, since the wires exist before any controller runs.
"""

import hashlib
import re
import zlib
from typing import Any

from core.kube.objects import Obj
from core.kube.times import timestamp
from core.runtime.disk import Disk

VERSION = "v1.37.0"
RUNTIME_VERSION = "containerd://2.1.4"
KERNEL_VERSION = "6.12.48+deb13-amd64"
OS_IMAGE = "Debian GNU/Linux 13 (trixie)"
IMAGES_MAX = 50  # nodeStatusMaxImages
NODES_MAX = 1 << 15

MIGRATED = "storage.alpha.kubernetes.io/migrated-plugins"
MIGRATED_PLUGINS = ",".join(
    f"kubernetes.io/{name}"
    for name in ("aws-ebs", "azure-disk", "azure-file", "cinder", "gce-pd", "portworx-volume", "vsphere-volume")
)

CAPACITY: dict[str, dict[str, str]] = {
    # what a machine has, by the first part of its name; the last row is for every other name
    "large": {"cpu": "32", "memory": "128Gi", "ephemeral-storage": "400Gi", "pods": "250"},
    "small": {"cpu": "1", "memory": "2Gi", "ephemeral-storage": "20Gi", "pods": "30"},
    "": {"cpu": "4", "memory": "8Gi", "ephemeral-storage": "100Gi", "pods": "110"},
}

CONDITIONS = (
    # type, reason and message while all is well, and the Event that says so
    (
        "MemoryPressure",
        "KubeletHasSufficientMemory",
        "kubelet has sufficient memory available",
        "NodeHasSufficientMemory",
    ),
    ("DiskPressure", "KubeletHasNoDiskPressure", "kubelet has no disk pressure", "NodeHasNoDiskPressure"),
    ("PIDPressure", "KubeletHasSufficientPID", "kubelet has sufficient PID available", "NodeHasSufficientPID"),
)
READY = ("KubeletReady", "kubelet is posting ready status")
NOT_READY = (
    "KubeletNotReady",
    "container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady "
    "message:Network plugin returns error: cni plugin not initialized",
)
RUNTIME_DOWN = ("KubeletNotReady", "container runtime is down")


def ordinal(name: str) -> int:
    """The number at the end of a node's name; a name without one gets a number of its own."""
    match = re.search(r"(\d+)$", name)
    return (int(match.group(1)) if match else zlib.crc32(name.encode())) % NODES_MAX


def internal_ip(name: str) -> str:
    """172.18.0.2 for worker-1: the node network is 172.18.0.0/15 (its first address is the gateway)."""
    number = ordinal(name) + 1
    return f"172.{18 + (number >> 16)}.{number >> 8 & 255}.{number & 255}"


def pod_range(name: str) -> str:
    """10.244.1.0/24 for worker-1. The pod network is 10.128.0.0/9, counted from 10.244 and round: 32,768 nodes."""
    number = ordinal(name)
    return f"10.{128 + (116 + (number >> 8)) % 128}.{number & 255}.0/24"


def capacity(name: str) -> dict[str, str]:
    return CAPACITY.get(name.partition("-")[0]) or CAPACITY[""]


def new_node(name: str) -> Obj:
    """What a kubelet registers, without its status."""
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {
            "name": name,
            "labels": {
                "beta.kubernetes.io/arch": "amd64",
                "beta.kubernetes.io/os": "linux",
                "kubernetes.io/arch": "amd64",
                "kubernetes.io/hostname": name,
                "kubernetes.io/os": "linux",
            },
            "annotations": {"volumes.kubernetes.io/controller-managed-attach-detach": "true"},
        },
        "spec": {"podCIDR": pod_range(name), "podCIDRs": [pod_range(name)]},
    }


def node_status(name: str, disk: Disk, old: Obj, now: float, *, ready: bool) -> Obj:
    """The status to report: conditions keep their lastTransitionTime while their status stays.

    What somebody else advertised in the capacity (`example.com/dongle: "4"`) stays, and can be allocated like the rest; the
    machine's own numbers are the kubelet's (kubelet `nodestatus/setters.go`, MachineInfo).
    """
    has = {**(old.get("capacity") or {}), **capacity(name)}
    known = {condition["type"]: condition for condition in old.get("conditions", ())}
    conditions = [_condition(kind, "False", reason, message, known, now) for kind, reason, message, _ in CONDITIONS]
    why = READY if ready else NOT_READY if disk.serving else RUNTIME_DOWN
    conditions.append(_condition("Ready", "True" if ready else "False", *why, known, now))
    ours = {condition["type"] for condition in conditions}
    conditions += [condition for kind, condition in known.items() if kind not in ours]
    return {
        "addresses": [
            {"type": "InternalIP", "address": internal_ip(name)},
            {"type": "Hostname", "address": name},
        ],
        "capacity": has,
        "allocatable": has,
        "conditions": conditions,
        "daemonEndpoints": {"kubeletEndpoint": {"Port": 10250}},
        "nodeInfo": node_info(name, disk.boot),
        **({"images": found} if (found := images(disk, now)) else {}),  # Go leaves an empty list out
    }


def node_info(name: str, boot: int) -> dict[str, str]:
    machine = hashlib.sha256(f"machine {name}".encode()).hexdigest()[:32]
    return {
        "machineID": machine,
        "systemUUID": _uuid(machine),
        "bootID": _uuid(hashlib.sha256(f"boot {boot} of {name}".encode()).hexdigest()),
        "kernelVersion": KERNEL_VERSION,
        "osImage": OS_IMAGE,
        "containerRuntimeVersion": RUNTIME_VERSION,
        "kubeletVersion": VERSION,
        "kubeProxyVersion": "",
        "operatingSystem": "linux",
        "architecture": "amd64",
    }


def images(disk: Disk, now: float) -> list[dict[str, Any]]:
    """The images on the node, the biggest first."""
    present = [record for record in disk.all("image") if record["done_at"] <= now]
    present.sort(key=lambda record: (-record["size"], record["name"]))
    return [{"names": [record["id"], record["name"]], "sizeBytes": record["size"]} for record in present[:IMAGES_MAX]]


def new_lease(node: Obj, renewed: str) -> Obj:
    """The node's heartbeat, owned by the node so that it goes with it."""
    meta = node["metadata"]
    owner = {"apiVersion": "v1", "kind": "Node", "name": meta["name"], "uid": meta["uid"]}
    return {
        "apiVersion": "coordination.k8s.io/v1",
        "kind": "Lease",
        "metadata": {"name": meta["name"], "namespace": "kube-node-lease", "ownerReferences": [owner]},
        "spec": {"holderIdentity": meta["name"], "leaseDurationSeconds": 40, "renewTime": renewed},
    }


def new_csi_node(node: Obj) -> Obj:
    """What storage drivers the node has, and which built-in ones are migrated to drivers; owned by the node."""
    meta = node["metadata"]
    owner = {"apiVersion": "v1", "kind": "Node", "name": meta["name"], "uid": meta["uid"]}
    return {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "CSINode",
        "metadata": {"name": meta["name"], "annotations": {MIGRATED: MIGRATED_PLUGINS}, "ownerReferences": [owner]},
        "spec": {},
    }


def _condition(kind: str, status: str, reason: str, message: str, known: dict[str, Obj], now: float) -> Obj:
    before = known.get(kind)
    moment = timestamp(now)
    since = before["lastTransitionTime"] if before and before["status"] == status else moment
    return {
        "type": kind,
        "status": status,
        "lastHeartbeatTime": moment,
        "lastTransitionTime": since,
        "reason": reason,
        "message": message,
    }


def _uuid(digits: str) -> str:
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:32]}"
