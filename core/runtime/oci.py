"""The bundle's `config.json`: what the high level hands to the low level, in the OCI runtime specification's form (1.2).

Built on demand from the image's config, the pod's spec and the container's record, never stored. What the pod says
overrides what the image says: command over ENTRYPOINT, args over CMD, runAsUser over USER.
"""

from collections.abc import Mapping
from typing import Any

from core.kube.numbers import count
from core.kube.objects import Obj
from core.runtime.cgroups import PERIOD, PIDS_MAX, Limits, oci_path
from core.runtime.disk import Record
from core.runtime.images import Image
from core.runtime.snapshots import mount_of
from core.runtime.workloads import command_line

ID_MAX = 2**32 - 1  # of users and groups
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
DEFAULT_CAPABILITIES = (
    "CAP_CHOWN",
    "CAP_DAC_OVERRIDE",
    "CAP_FSETID",
    "CAP_FOWNER",
    "CAP_MKNOD",
    "CAP_NET_RAW",
    "CAP_SETGID",
    "CAP_SETUID",
    "CAP_SETFCAP",
    "CAP_SETPCAP",
    "CAP_NET_BIND_SERVICE",
    "CAP_SYS_CHROOT",
    "CAP_KILL",
    "CAP_AUDIT_WRITE",
)
MASKED = (
    "/proc/acpi",
    "/proc/asound",
    "/proc/kcore",
    "/proc/keys",
    "/proc/latency_stats",
    "/proc/timer_list",
    "/proc/timer_stats",
    "/proc/sched_debug",
    "/proc/scsi",
    "/sys/firmware",
    "/sys/devices/virtual/powercap",
)
READ_ONLY = ("/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger")
BASE_MOUNTS = (
    # destination, type, source, options
    ("/proc", "proc", "proc", ["nosuid", "noexec", "nodev"]),
    ("/dev", "tmpfs", "tmpfs", ["nosuid", "strictatime", "mode=755", "size=65536k"]),
    ("/dev/pts", "devpts", "devpts", ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"]),
    ("/dev/mqueue", "mqueue", "mqueue", ["nosuid", "noexec", "nodev"]),
    ("/sys", "sysfs", "sysfs", ["nosuid", "noexec", "nodev", "ro"]),
    ("/sys/fs/cgroup", "cgroup", "cgroup", ["nosuid", "noexec", "nodev", "relatime", "ro"]),
)
SECCOMP_DEFAULT = {
    # The shape of the runtime's default profile: everything is refused but a list; an excerpt of that list is shown.
    "defaultAction": "SCMP_ACT_ERRNO",
    "defaultErrnoRet": 1,
    "architectures": ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"],
    "syscalls": [
        {
            "names": [
                *("accept4", "bind", "brk", "clone", "close", "connect", "dup3", "epoll_wait", "execve", "exit_group"),
                *("fcntl", "fstat", "futex", "getpid", "listen", "mmap", "mprotect", "munmap", "nanosleep", "openat"),
                *("poll", "pread64", "read", "recvfrom", "rt_sigaction", "sendto", "socket", "wait4", "write"),
            ],
            "action": "SCMP_ACT_ALLOW",
        }
    ],
}


def config(
    pod: Obj,
    container: Obj,
    record: Record,
    image: Image,
    image_record: Record,
    env: Mapping[str, str],
    limits: Limits,
    qos: str,
) -> Obj:
    """The `config.json` of a created container. `env`: the pod's variables, already expanded."""
    context = {**(pod["spec"].get("securityContext") or {}), **(container.get("securityContext") or {})}
    privileged = bool(context.get("privileged"))
    pod_dir = f"/var/lib/kubelet/pods/{pod['metadata']['uid']}"
    return {
        "ociVersion": "1.2.1",
        "process": {
            "terminal": bool(container.get("tty")),
            "user": _user(image, context),
            "args": list(command_line(image, tuple(record.get("command", ())), tuple(record.get("args", ())))),
            "env": [f"{name}={value}" for name, value in ({"PATH": PATH} | dict(image.env) | dict(env)).items()],
            "cwd": container.get("workingDir") or "/",
            "capabilities": _capabilities(context),
            "rlimits": [{"type": "RLIMIT_NOFILE", "hard": 1048576, "soft": 1048576}],
            "noNewPrivileges": context.get("allowPrivilegeEscalation") is False,
            "oomScoreAdj": oom_score(qos, limits),
            **_labels(context),
        },
        "root": {
            "path": mount_of(record, image_record).merged,
            "readonly": bool(context.get("readOnlyRootFilesystem")),
        },
        "hostname": str(pod["spec"].get("hostname") or pod["metadata"]["name"])[:63],
        "mounts": [
            {"destination": destination, "type": kind, "source": source, "options": options}
            for destination, kind, source, options in BASE_MOUNTS
        ]
        + [_mount(mount, pod_dir) for mount in container.get("volumeMounts") or ()],
        "annotations": {
            "io.kubernetes.cri.container-type": "container",
            "io.kubernetes.cri.container-name": container["name"],
            "io.kubernetes.cri.image-name": record["image"],
            "io.kubernetes.cri.sandbox-id": record["sandbox_id"],
            "io.kubernetes.cri.sandbox-name": pod["metadata"]["name"],
            "io.kubernetes.cri.sandbox-namespace": pod["metadata"].get("namespace", ""),
        },
        "linux": {
            "namespaces": _namespaces(pod, record),
            "resources": _resources(limits),
            "cgroupsPath": oci_path(qos, pod["metadata"]["uid"], record["id"]),
            "maskedPaths": [] if privileged else list(MASKED),
            "readonlyPaths": [] if privileged else list(READ_ONLY),
            **({} if privileged or not _confined(context) else {"seccomp": SECCOMP_DEFAULT}),
        },
    }


def oom_score(qos: str, limits: Limits, node_memory: int = 8 << 30) -> int:
    """How gladly the kernel kills the process when memory runs out: 1000 first (kubelet `qos/policy.go`)."""
    if qos == "Guaranteed":
        return -997
    if qos == "BestEffort":
        return 1000
    return min(max(1000 - 1000 * limits.memory_request // node_memory, 3), 999)


def _user(image: Image, context: Mapping[str, Any]) -> Obj:
    uid, _, gid = image.user.partition(":")
    number = 65532 if uid == "nonroot" else count(uid, ID_MAX) or 0
    user = {
        "uid": context.get("runAsUser", number),
        "gid": context.get("runAsGroup", count(gid, ID_MAX) if gid else number),
    }
    groups = [*context.get("supplementalGroups", ()), *([context["fsGroup"]] if "fsGroup" in context else ())]
    return user | ({"additionalGids": groups} if groups else {})


def _capabilities(context: Mapping[str, Any]) -> Obj:
    changes = context.get("capabilities") or {}
    named = {kind: [_capability(name) for name in changes.get(kind) or ()] for kind in ("add", "drop")}
    kept = [] if "CAP_ALL" in named["drop"] else [name for name in DEFAULT_CAPABILITIES if name not in named["drop"]]
    kept += [name for name in named["add"] if name not in kept and name != "CAP_ALL"]
    # A process that is not root has none effective when it starts; the bounding set is what it could ever get.
    effective = kept if context.get("runAsUser", 0) == 0 else []
    return {"bounding": kept, "effective": effective, "permitted": effective}


def _capability(name: str) -> str:
    return name if name.startswith("CAP_") else f"CAP_{name}"


def _confined(context: Mapping[str, Any]) -> bool:
    """Kubernetes' default is Unconfined, unless the pod asks for a profile (or the kubelet runs with seccompDefault)."""
    profile: Mapping[str, str] = context.get("seccompProfile") or {}
    return profile.get("type", "Unconfined") != "Unconfined"


def _labels(context: Mapping[str, Any]) -> Obj:
    profile = context.get("appArmorProfile") or {}
    names = {"Localhost": profile.get("localhostProfile", ""), "Unconfined": "unconfined"}
    labels = (
        {}
        if context.get("privileged")
        else {"apparmorProfile": names.get(profile.get("type", ""), "cri-containerd.apparmor.d")}
    )
    selinux = context.get("seLinuxOptions")
    if selinux:
        parts = [
            selinux.get("user", "system_u"),
            selinux.get("role", "system_r"),
            selinux.get("type", "container_t"),
            selinux.get("level", "s0"),
        ]
        labels["selinuxLabel"] = ":".join(parts)
    return labels


def _namespaces(pod: Obj, record: Record) -> list[Obj]:
    """Network, IPC and UTS are the sandbox's, joined by path; mount, PID and cgroup are the container's own."""
    pause = f"/proc/{pause_pid(record['sandbox_id'])}/ns"
    spec = pod["spec"]
    result = [{"type": "mount"}, {"type": "cgroup"}]
    for kind, host in (("network", "hostNetwork"), ("ipc", "hostIPC")):
        if not spec.get(host):
            result.append({"type": kind, "path": f"{pause}/{'net' if kind == 'network' else kind}"})
    if not spec.get("hostNetwork"):
        result.append({"type": "uts", "path": f"{pause}/uts"})
    if spec.get("shareProcessNamespace"):
        result.append({"type": "pid", "path": f"{pause}/pid"})
    elif not spec.get("hostPID"):
        result.append({"type": "pid"})
    return result


def pause_pid(sandbox_id: str) -> int:
    """The process id of the sandbox's pause container on the node: made up, the same every time."""
    return 1000 + int(sandbox_id[:6] or "0", 16) % 30_000


def _resources(limits: Limits) -> Obj:
    cpu: Obj = {"shares": limits.shares, "period": PERIOD}
    if limits.cpu_limit is not None:
        cpu["quota"] = limits.quota
    resources: Obj = {"devices": [{"allow": False, "access": "rwm"}], "cpu": cpu, "pids": {"limit": PIDS_MAX}}
    if limits.memory_limit is not None:
        resources["memory"] = {"limit": limits.memory_limit, "swap": limits.memory_limit}
    return resources


def _mount(mount: Obj, pod_dir: str) -> Obj:
    options = ["rbind", "rprivate", "ro" if mount.get("readOnly") else "rw"]
    source = f"{pod_dir}/volumes/{mount['name']}" + (f"/{mount['subPath']}" if mount.get("subPath") else "")
    return {"destination": mount["mountPath"], "type": "bind", "source": source, "options": options}
