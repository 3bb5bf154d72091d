"""The sources that volumes of pods and PersistentVolumes have in common: what each kind of source must say.

Most need a few fields and nothing else: those are rows of REQUIRED. Reference: `pkg/apis/core/validation`
(validateVolumeSource, ValidatePersistentVolumeSpec).
"""

import re
from collections.abc import Callable, Iterator
from typing import Final

from core.kube import formats
from core.kube.causes import Cause, invalid_value, not_supported, required, too_long
from core.kube.objects import Obj
from core.kube.validation.common import checked, formatted, required_names
from core.kube.validation.pods.mounts import descending_path

HOST_PATH_TYPES = (
    "",
    "BlockDevice",
    "CharDevice",
    "Directory",
    "DirectoryOrCreate",
    "File",
    "FileOrCreate",
    "Socket",
)
REQUIRED = {
    "azureFile": ("secretName", "shareName"),
    "cephfs": ("monitors",),
    "cinder": ("volumeID",),
    "glusterfs": ("endpoints", "path"),
    "persistentVolumeClaim": ("claimName",),
    "photonPersistentDisk": ("pdID",),
    "portworxVolume": ("volumeID",),
    "quobyte": ("registry", "volume"),
    "rbd": ("monitors", "image"),
    "scaleIO": ("gateway", "system", "volumeName"),
    "vsphereVolume": ("volumePath",),
}
DISK_KINDS, CACHING_MODES = ("Dedicated", "Managed", "Shared"), ("None", "ReadOnly", "ReadWrite")
DRIVER_MAX = 63

MANY_SOURCES = "may not specify more than 1 volume type"
NO_SOURCE = "must specify a volume type"
PARTITION = "must be between 1 and 255, inclusive"
LUN = "must be between 0 and 255, inclusive"
ABSOLUTE_PATH = "must be an absolute path"
BAD_IQN = "must be valid format"
IQN_PREFIX = "must be valid format starting with iqn, eui, or naa"
ONE_DATASET = "one of datasetName and datasetUUID is required"
TWO_DATASETS = "datasetName and datasetUUID can not be specified simultaneously"
NO_SLASH = "must not contain '/'"
WWNS = "must specify either targetWWNs or wwids, but not both"
BOTH_WWNS = "targetWWNs and wwids can not be specified simultaneously"
LUN_NEEDED = "lun is required if targetWWNs is specified"
RESERVED_OPTION = "kubernetes.io and k8s.io namespaces are reserved"
IQN: Final = re.compile(r"iqn\.\d{4}-\d{2}\.([a-zA-Z0-9\-.]+)(:[^,;*&$|\s]+)|eui.[a-zA-Z0-9]{16}|naa.[a-zA-Z0-9]{32}")


def _host_path(source: Obj, field: str) -> Iterator[Cause]:
    path = source.get("path", "")
    if not path:
        yield required(f"{field}.path")
        return
    yield from checked(f"{field}.path", path, formats.no_backsteps)
    if source.get("type", "") not in HOST_PATH_TYPES:
        yield not_supported(f"{field}.type", source["type"], HOST_PATH_TYPES)


def _nfs(source: Obj, field: str) -> Iterator[Cause]:
    yield from required_names(field, source, ("server", "path"))
    if not source.get("path", "").startswith("/"):
        yield invalid_value(f"{field}.path", source.get("path", ""), ABSOLUTE_PATH)


def _git_repo(source: Obj, field: str) -> Iterator[Cause]:
    yield from required_names(field, source, ("repository",))
    yield from descending_path(f"{field}.directory", source.get("directory", ""))


def _disk(name: str) -> Callable[[Obj, str], Iterator[Cause]]:
    def rule(source: Obj, field: str) -> Iterator[Cause]:
        yield from required_names(field, source, (name,))
        if not 0 <= source.get("partition", 0) <= 255:
            yield invalid_value(f"{field}.partition", source["partition"], PARTITION)

    return rule


def _iscsi(source: Obj, field: str) -> Iterator[Cause]:
    yield from required_names(field, source, ("targetPortal",))
    iqn = source.get("iqn", "")
    if not iqn:
        yield required(f"{field}.iqn")
    elif not iqn.startswith(("iqn", "eui", "naa")):
        yield invalid_value(f"{field}.iqn", iqn, IQN_PREFIX)
    elif not IQN.fullmatch(iqn):
        yield invalid_value(f"{field}.iqn", iqn, BAD_IQN)
    if not 0 <= source.get("lun", 0) <= 255:
        yield invalid_value(f"{field}.lun", source["lun"], LUN)
    if (source.get("chapAuthDiscovery") or source.get("chapAuthSession")) and "secretRef" not in source:
        yield required(f"{field}.secretRef")


def _flocker(source: Obj, field: str) -> Iterator[Cause]:
    name, uid = source.get("datasetName", ""), source.get("datasetUUID", "")
    if not name and not uid:
        yield required(field, ONE_DATASET)
    if name and uid:
        yield invalid_value(field, "resource", TWO_DATASETS)
    if "/" in name:
        yield invalid_value(f"{field}.datasetName", name, NO_SLASH)


def _fibre_channel(source: Obj, field: str) -> Iterator[Cause]:
    targets, wwids = source.get("targetWWNs"), source.get("wwids")
    if not targets and not wwids:
        yield required(f"{field}.targetWWNs", WWNS)
    if targets and wwids:
        yield invalid_value(f"{field}.targetWWNs", targets, BOTH_WWNS)
    if targets and "lun" not in source:
        yield required(f"{field}.lun", LUN_NEEDED)
    elif targets and not 0 <= source["lun"] <= 255:
        yield invalid_value(f"{field}.lun", source["lun"], LUN)


def _flex_volume(source: Obj, field: str) -> Iterator[Cause]:
    yield from required_names(field, source, ("driver",))
    for key in source.get("options") or {}:
        domain = "." + key.partition("/")[0].lower()
        if domain.endswith((".kubernetes.io", ".k8s.io")):
            yield invalid_value(f"{field}.options[{key}]", key, RESERVED_OPTION)


def _azure_disk(source: Obj, field: str) -> Iterator[Cause]:
    yield from required_names(field, source, ("diskName", "diskURI"))
    for name, supported in (("cachingMode", CACHING_MODES), ("kind", DISK_KINDS)):
        if source.get(name, supported[0]) not in supported:
            yield not_supported(f"{field}.{name}", source[name], supported)


def _storage_os(source: Obj, field: str) -> Iterator[Cause]:
    yield from formatted(f"{field}.volumeName", source.get("volumeName"), formats.dns_label)
    if source.get("volumeNamespace"):
        yield from checked(f"{field}.volumeNamespace", source["volumeNamespace"], formats.dns_label)


def csi_driver_name(field: str, name: str) -> Iterator[Cause]:
    if not name:
        yield required(field)
    if len(name) > DRIVER_MAX:
        yield too_long(field, DRIVER_MAX)
    fault = formats.dns_subdomain(name.lower())
    if fault:
        yield invalid_value(field, name, fault)


RULES: dict[str, Callable[[Obj, str], Iterator[Cause]]] = {
    "awsElasticBlockStore": _disk("volumeID"),
    "azureDisk": _azure_disk,
    "fc": _fibre_channel,
    "flexVolume": _flex_volume,
    "flocker": _flocker,
    "gcePersistentDisk": _disk("pdName"),
    "gitRepo": _git_repo,
    "hostPath": _host_path,
    "iscsi": _iscsi,
    "nfs": _nfs,
    "storageos": _storage_os,
}
TOLD_AS = {"gcePersistentDisk": "persistentDisk"}
"""Sources that messages about their fields call otherwise."""


def shared_source(kind: str, source: Obj, field: str) -> Iterator[Cause]:
    """The rules of a source of `kind` below `field`, the path of what has it."""
    path = f"{field}.{TOLD_AS.get(kind, kind)}"
    if kind in RULES:
        yield from RULES[kind](source, path)
    elif kind in REQUIRED:
        yield from required_names(path, source, REQUIRED[kind])
