"""cgroup v2: what a container's requests and limits become in the kernel, and where its group lies.

Reference: kubelet `cm/helpers_linux.go`, runc `ConvertCPUSharesToCgroupV2Value`. A cpu request is a share of what is
contended, a cpu limit a quota per period of 100 ms, a memory limit the point at which the kernel kills.
"""

from dataclasses import dataclass

PERIOD = 100_000  # microseconds
PIDS_MAX = 4096  # podPidsLimit of this cluster's kubelets
SLICES = {
    "Guaranteed": "kubepods.slice",
    "Burstable": "kubepods-burstable.slice",
    "BestEffort": "kubepods-besteffort.slice",
}


@dataclass(frozen=True, slots=True)
class Limits:
    """A container's resources in millicores and bytes; None: no limit."""

    cpu_request: int = 0
    cpu_limit: int | None = None
    memory_request: int = 0
    memory_limit: int | None = None

    @property
    def shares(self) -> int:
        """cgroup v1 shares, the unit in which the OCI spec still speaks."""
        wanted = self.cpu_request or self.cpu_limit or 0
        return min(max(wanted * 1024 // 1000, 2), 262_144)

    @property
    def quota(self) -> int:
        """Microseconds a period; -1 without a limit."""
        return -1 if self.cpu_limit is None else max(self.cpu_limit * PERIOD // 1000, 1000)

    def files(self) -> dict[str, str]:
        """The control files of the container's group and what stands in them."""
        weight = 1 + (self.shares - 2) * 9999 // 262_142
        return {
            "cpu.max": f"{'max' if self.quota < 0 else self.quota} {PERIOD}",
            "cpu.weight": str(weight),
            "memory.max": "max" if self.memory_limit is None else str(self.memory_limit),
            "pids.max": str(PIDS_MAX),
        }


def pod_slice(qos: str, pod_uid: str) -> str:
    """The pod's slice under that of its quality of service: `kubepods-burstable-pod….slice`."""
    parent = SLICES[qos].removesuffix(".slice")
    return f"{parent}-pod{pod_uid.replace('-', '_')}.slice"


def oci_path(qos: str, pod_uid: str, container_id: str) -> str:
    """`cgroupsPath` in the systemd driver's form: slice, prefix, name."""
    return f"{pod_slice(qos, pod_uid)}:cri-containerd:{container_id}"


def filesystem_path(qos: str, pod_uid: str, container_id: str) -> str:
    """Where the group can be looked at on the node."""
    middle = "" if qos == "Guaranteed" else f"/{SLICES[qos]}"
    scope = f"cri-containerd-{container_id}.scope"
    return f"/sys/fs/cgroup/kubepods.slice{middle}/{pod_slice(qos, pod_uid)}/{scope}"
