"""Where a container sees the pod's volumes. Reference: `pkg/apis/core/validation` (ValidateVolumeMounts, …Devices)."""

from collections.abc import Iterator

from core.kube import formats
from core.kube.causes import Cause, forbidden, invalid_value, missing, not_supported, required
from core.kube.objects import Obj

PROPAGATIONS = ("Bidirectional", "HostToContainer", "None")
RECURSIONS = ("Disabled", "Enabled", "IfPossible")

UNIQUE = "must be unique"
NAME_IN_DEVICES = "must not already exist in volumeDevices"
PATH_IN_DEVICES = "must not already exist as a path in volumeDevices"
NAME_IN_MOUNTS = "must not already exist in volumeMounts"
PATH_IN_MOUNTS = "must not already exist as a path in volumeMounts"
NOT_IN_IMAGES = "not allowed in image volume sources"
ONE_SUB_PATH = "subPathExpr and subPath are mutually exclusive"
NOT_PRIVILEGED = "Bidirectional mount propagation is available only to privileged containers"
READ_ONLY_FIRST = "may only be specified when readOnly is true"
NO_PROPAGATION = "may only be specified when mountPropagation is None or not specified"
NOT_A_BLOCK = "can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode"
DEVICE_BACKSTEPS = "can not contain backsteps ('..')"

Volumes = dict[str, Obj]
"""The pod's volumes that are well-formed, by name."""


def mounts(container: Obj, field: str, volumes: Volumes) -> Iterator[Cause]:
    paths: set[str] = set()
    devices = {each.get("name", ""): each.get("devicePath", "") for each in container.get("volumeDevices") or ()}
    for index, mount in enumerate(container["volumeMounts"]):
        name, place = mount.get("name", ""), mount.get("mountPath", "")
        if not name:
            yield required(f"{field}[{index}].name")
        if name not in volumes:
            yield missing(f"{field}[{index}].name", name)
        if not place:
            yield required(f"{field}[{index}].mountPath")
        if place in paths:
            yield invalid_value(f"{field}[{index}].mountPath", place, UNIQUE)
        paths.add(place)
        if devices:
            if name in devices:
                yield invalid_value(f"{field}[{index}].name", name, NAME_IN_DEVICES)
            if place in devices.values():
                yield invalid_value(f"{field}[{index}].mountPath", place, PATH_IN_DEVICES)
        if len(mount) > 2:
            yield from _options(mount, container, field, index, volumes.get(name) or {})


def _options(mount: Obj, container: Obj, field: str, index: int, volume: Obj) -> Iterator[Cause]:
    """The rarer fields. Their paths lack the index, as in the real server."""
    for name in ("subPath", "subPathExpr"):
        if mount.get(name) and "image" in volume:
            yield invalid_value(f"{field}[{index}].{name}", mount[name], NOT_IN_IMAGES)
    if mount.get("subPath"):
        yield from descending_path(f"{field}.subPath", mount["subPath"])
    if mount.get("subPathExpr"):
        if mount.get("subPath"):
            yield invalid_value(f"{field}[{index}].subPathExpr", mount["subPathExpr"], ONE_SUB_PATH)
        yield from descending_path(f"{field}.subPathExpr", mount["subPathExpr"])
    propagation = mount.get("mountPropagation")
    if propagation is not None:
        if propagation not in PROPAGATIONS:
            yield not_supported(f"{field}.mountPropagation", propagation, PROPAGATIONS)
        if propagation == "Bidirectional" and not (container.get("securityContext") or {}).get("privileged"):
            yield forbidden(f"{field}.mountPropagation", NOT_PRIVILEGED)
    recursion = mount.get("recursiveReadOnly")
    if recursion in ("Enabled", "IfPossible"):
        if not mount.get("readOnly"):
            yield forbidden(f"{field}.recursiveReadOnly", READ_ONLY_FIRST)
        if propagation not in (None, "None"):
            yield forbidden(f"{field}.recursiveReadOnly", NO_PROPAGATION)
    elif recursion not in (None, "Disabled"):
        yield not_supported(f"{field}.recursiveReadOnly", recursion, RECURSIONS)


def descending_path(field: str, path: str) -> Iterator[Cause]:
    """A path that stays below where it begins."""
    if path.startswith("/"):
        yield invalid_value(field, path, formats.ABSOLUTE)
    fault = formats.no_backsteps(path)
    if fault:
        yield invalid_value(field, path, fault)


def file_path(field: str, path: str) -> Iterator[Cause]:
    """The same, for a file inside a volume: names that begin with two dots are the kubelet's own."""
    yield from descending_path(field, path)
    if path.startswith("..") and not path.startswith("../"):
        yield invalid_value(field, path, formats.STARTS_WITH_DOTS)


def devices(container: Obj, field: str, volumes: Volumes) -> Iterator[Cause]:
    """Raw block devices instead of file systems."""
    names: set[str] = set()
    places: set[str] = set()
    mounted = {each.get("name", ""): each.get("mountPath", "") for each in container.get("volumeMounts") or ()}
    for index, device in enumerate(container["volumeDevices"]):
        path, name, place = f"{field}[{index}]", device.get("name", ""), device.get("devicePath", "")
        if not name:
            yield required(f"{path}.name")
        if name in names:
            yield invalid_value(f"{path}.name", name, UNIQUE)
        if name not in volumes:
            yield missing(f"{path}.name", name)
        elif not volumes[name].keys() & {"persistentVolumeClaim", "ephemeral"}:
            yield invalid_value(f"{path}.name", name, NOT_A_BLOCK)
        if not place:
            yield required(f"{path}.devicePath")
        if place in places:
            yield invalid_value(f"{path}.devicePath", place, UNIQUE)
        if formats.no_backsteps(place):
            yield invalid_value(f"{path}.devicePath", place, DEVICE_BACKSTEPS)
        else:
            places.add(place)
        if name in mounted:
            yield invalid_value(f"{path}.name", name, NAME_IN_MOUNTS)
        if place in mounted.values():
            yield invalid_value(f"{path}.devicePath", place, PATH_IN_MOUNTS)
        names.add(name)
