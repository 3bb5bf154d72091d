"""The tables of volumes, claims and classes of storage."""

from core.apiserver.tables.columns import AGE, NAME, UNSET, WIDE, Column, at, count, field, joined, text
from core.kube.objects import Obj, annotations_of

ACCESS_MODES = {"ReadWriteOnce": "RWO", "ReadOnlyMany": "ROX", "ReadWriteMany": "RWX", "ReadWriteOncePod": "RWOP"}
DEFAULT_CLASS = "storageclass.kubernetes.io/is-default-class"


def _modes(*path: str) -> Column:
    return Column(
        "Access Modes",
        lambda obj, now: ",".join(ACCESS_MODES.get(mode, mode) for mode in at(obj, *path, default=())),
    )


def _phase(obj: Obj, now: float) -> str:
    phase: str = at(obj, "status", "phase", default="")
    return "Terminating" if "deletionTimestamp" in obj["metadata"] else phase


def _claim(obj: Obj, now: float) -> str:
    reference = at(obj, "spec", "claimRef")
    return f"{reference.get('namespace', '')}/{reference.get('name', '')}" if reference else ""


VOLUMES = (
    NAME,
    text("Capacity", "spec", "capacity", "storage"),
    _modes("spec", "accessModes"),
    text("Reclaim Policy", "spec", "persistentVolumeReclaimPolicy"),
    Column("Status", _phase),
    Column("Claim", _claim),
    text("StorageClass", "spec", "storageClassName"),
    text("VolumeAttributesClass", "spec", "volumeAttributesClassName", default=UNSET),
    text("Reason", "status", "reason"),
    AGE,
    text("VolumeMode", "spec", "volumeMode", default="Filesystem", priority=WIDE),
)


def _bound(*path: str) -> Column:
    """What a claim got is shown once it is bound to a volume."""
    name = "Capacity" if path[-1] == "storage" else "Access Modes"
    shown = _modes(*path).cell if name == "Access Modes" else field(*path)
    return Column(name, lambda obj, now: shown(obj, now) if at(obj, "spec", "volumeName") else "")


CLAIMS = (
    NAME,
    Column("Status", _phase),
    text("Volume", "spec", "volumeName"),
    _bound("status", "capacity", "storage"),
    _bound("status", "accessModes"),
    text("StorageClass", "spec", "storageClassName"),
    text("VolumeAttributesClass", "spec", "volumeAttributesClassName", default=UNSET),
    AGE,
    text("VolumeMode", "spec", "volumeMode", default="Filesystem", priority=WIDE),
)


def _class_name(obj: Obj, now: float) -> str:
    name: str = obj["metadata"]["name"]
    return f"{name} (default)" if annotations_of(obj).get(DEFAULT_CLASS) == "true" else name


STORAGE_CLASSES = (
    Column("Name", _class_name, format="name", description=NAME.description),
    text("Provisioner", "provisioner"),
    text("ReclaimPolicy", "reclaimPolicy", default="Delete"),
    text("VolumeBindingMode", "volumeBindingMode", default="Immediate"),
    Column("AllowVolumeExpansion", field("allowVolumeExpansion", default=False)),
    AGE,
)


def _flag(name: str, key: str, default: bool) -> Column:
    return Column(name, field("spec", key, default=default), "boolean")


CSI_DRIVERS = (
    NAME,
    _flag("AttachRequired", "attachRequired", True),
    _flag("PodInfoOnMount", "podInfoOnMount", False),
    _flag("StorageCapacity", "storageCapacity", False),
    Column(
        "TokenRequests",
        lambda obj, now: joined(
            (entry["audience"] for entry in at(obj, "spec", "tokenRequests", default=())), empty=UNSET
        ),
    ),
    _flag("RequiresRepublish", "requiresRepublish", False),
    Column(
        "Modes", lambda obj, now: joined(at(obj, "spec", "volumeLifecycleModes", default=("Persistent",)), empty=UNSET)
    ),
    AGE,
)
CSI_NODES = (NAME, count("Drivers", ("spec", "drivers"), type="integer"), AGE)
VOLUME_ATTACHMENTS = (
    NAME,
    text("Attacher", "spec", "attacher"),
    text("PV", "spec", "source", "persistentVolumeName"),
    text("Node", "spec", "nodeName"),
    Column("Attached", field("status", "attached", default=False), "boolean"),
    AGE,
)
ATTRIBUTES_CLASSES = (NAME, text("DriverName", "driverName"), AGE)
