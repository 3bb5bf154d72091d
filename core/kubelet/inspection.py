"""Everything about one container of a node, for whoever opens the box: image, layers, mount, `config.json`, system calls.

Computed on demand from the runtime's records and the pod; reading it changes nothing.
"""

from collections.abc import Iterable
from typing import Any

from core.kube.objects import Obj, annotations_of
from core.kube.pods import qos_class
from core.kube.quantities import count
from core.kubelet.environment import ConfigError, Find, environment
from core.kubelet.node import internal_ip
from core.runtime import oci
from core.runtime.cgroups import Limits, filesystem_path
from core.runtime.cri import behaviour_of, image_of, progress, state_of
from core.runtime.disk import Disk
from core.runtime.snapshots import mount_of
from core.runtime.stats import usage
from core.runtime.syscalls import sequence
from core.runtime.workloads import settings_of

GROUPS = ("containers", "initContainers", "ephemeralContainers")


def inspect(pod: Obj, name: str, disk: Disk, now: float, find: Find, services: Iterable[Obj] = ()) -> Obj | None:
    """What the node knows of the container `name` of `pod`; None when it was never created there."""
    meta, spec = pod["metadata"], pod["spec"]
    containers = [each for group in GROUPS for each in spec.get(group) or ()]
    container = next((each for each in containers if each["name"] == name), None)
    attempts = [
        each
        for each in disk.of_pod("container", f"{meta['namespace']}/{meta['name']}")
        if each["pod_uid"] == meta["uid"] and each["name"] == name
    ]
    if container is None or not attempts:
        return None
    record = attempts[-1]
    image, image_record = image_of(record), disk.get("image", record["image"])
    sandbox = disk.get("sandbox", record["sandbox_id"])
    if image_record is None:
        return None
    limits, qos = limits_of(container), qos_class(spec)
    try:
        env = environment(
            pod, container, find, ip=sandbox["ip"] if sandbox else "", host_ip=internal_ip(disk.node), services=services
        )
    except ConfigError:
        env = {}
    config = oci.config(pod, container, record, image, image_record, env, limits, qos)
    group, files = filesystem_path(qos, meta["uid"], record["id"]), limits.files()
    mount = mount_of(record, image_record)
    used = usage(
        record, behaviour_of(record, settings=settings_of(annotations_of(pod), name)), now, limits.memory_limit
    )
    return {
        "id": record["id"],
        "state": str(state_of(record, now)),
        "attempt": record["attempt"],
        "image": {
            "name": record["image"],
            "id": record["image_id"],
            "layers": [
                {"digest": digest, "size": size, "fetched": round(fraction, 3)}
                for digest, size, fraction in progress(image_record, now)
            ],
        },
        "snapshot": {
            "lower": list(mount.lower),
            "upper": mount.upper,
            "work": mount.work,
            "merged": mount.merged,
            "command": mount.command,
        },
        "config": config,
        "cgroup": {"path": group, "files": files},
        "syscalls": [call._asdict() for call in sequence(config, group, files)],
        "usage": {"cpuMillis": used.cpu_millis, "memoryBytes": used.memory_bytes},
    }


def limits_of(container: Obj) -> Limits:
    """The container's resources in the kernel's units."""
    resources: dict[str, Any] = container.get("resources") or {}
    requests, limits = resources.get("requests") or {}, resources.get("limits") or {}

    def read(source: dict[str, Any], name: str) -> int | None:
        return count(name, str(source[name])) if name in source else None

    return Limits(
        cpu_request=read(requests, "cpu") or 0,
        cpu_limit=read(limits, "cpu"),
        memory_request=read(requests, "memory") or 0,
        memory_limit=read(limits, "memory"),
    )
