"""Storage: PersistentVolumes, their classes, and what CSI drivers tell of themselves.

Reference: kubernetes `pkg/apis/core/validation` (ValidatePersistentVolume), `pkg/apis/storage/validation`.
"""

from collections.abc import Iterator

from core.kube import formats
from core.kube.causes import Cause, duplicate, forbidden, invalid_value, not_supported, required, too_long
from core.kube.objects import Obj
from core.kube.quantities import parse
from core.kube.validation.claims import MODE_NEEDED, VOLUME_MODES, access_modes, class_kept
from core.kube.validation.common import (
    ABOVE_ZERO,
    IMMUTABLE,
    checked,
    formatted,
    immutable,
    label_selector,
    one_of,
    optional_one_of,
    required_names,
    unique,
)
from core.kube.validation.pods.scheduling import node_selector
from core.kube.validation.volumesources import MANY_SOURCES, NO_SOURCE, csi_driver_name, shared_source

SOURCES = (
    "hostPath",
    "gcePersistentDisk",
    "awsElasticBlockStore",
    "glusterfs",
    "flocker",
    "nfs",
    "rbd",
    "quobyte",
    "cephfs",
    "iscsi",
    "cinder",
    "fc",
    "flexVolume",
    "azureFile",
    "vsphereVolume",
    "photonPersistentDisk",
    "portworxVolume",
    "azureDisk",
    "scaleIO",
    "local",
    "storageos",
    "csi",
)
RECLAIM_POLICIES = ("Delete", "Recycle", "Retain")
SECRETS = (
    "controllerPublishSecretRef",
    "nodeStageSecretRef",
    "nodePublishSecretRef",
    "controllerExpandSecretRef",
    "nodeExpandSecretRef",
)
BINDING_MODES = ("Immediate", "WaitForFirstConsumer")
GROUP_POLICIES = ("File", "None", "ReadWriteOnceWithFSType")
LIFECYCLES = ("Persistent", "Ephemeral")
PARAMETERS_MAX, PARAMETERS_BYTES_MAX = 512, 256 * 1024
NODE_ID_MAX = 192
TOKEN_SECONDS_MIN, TOKEN_SECONDS_MAX = 600, 1 << 32
UPDATE_SECONDS_MIN = 10

BAD_AMOUNT = "must be a valid resource quantity"
NO_CONSTRAINTS = "must specify required node constraints"
LOCAL_NEEDS_NODES = "Local volume requires node affinity"
NO_RECYCLING_ROOT = "may not be 'recycle' for a hostPath mount of '/'"
CLASS_EMPTY = "an empty string is disallowed"
CLASS_NEEDS_CSI = "has to be specified when using volumeAttributesClassName"
SOURCE_FIXED = "spec.persistentvolumesource is immutable after creation"
AFFINITY_FIXED = "field is immutable, except for updating from beta label to GA"
UPDATES_FORBIDDEN = "updates to {name} are forbidden."
KEY_EMPTY = "field can not be empty."
ONE_PARAMETER = "must contain at least one key/value pair"
ONE_SOURCE = "must specify exactly one of inlineVolumeSpec and persistentVolumeName"
LONG_NODE_ID = f"must be {NODE_ID_MAX} characters or less"
NOT_NEGATIVE = "must be greater than or equal to 0"
SHORT_TOKEN = f"may not specify a duration less than {TOKEN_SECONDS_MIN} seconds (10 minutes)"
LONG_TOKEN = "may not specify a duration larger than 2^32"
SHORT_UPDATE = f"must be greater than or equal to {UPDATE_SECONDS_MIN} seconds"


def volume(obj: Obj) -> Iterator[Cause]:
    spec: Obj = obj.get("spec") or {}
    if not spec.get("accessModes"):
        yield required("spec.accessModes", MODE_NEEDED)
    yield from access_modes(spec, "spec")
    yield from _capacity(spec.get("capacity") or {})
    policy = spec.get("persistentVolumeReclaimPolicy")
    yield from optional_one_of("spec.persistentVolumeReclaimPolicy", policy or None, RECLAIM_POLICIES)
    if "nodeAffinity" in spec:
        needed = spec["nodeAffinity"].get("required")
        if needed is None:
            yield required("spec.nodeAffinity.required", NO_CONSTRAINTS)
        else:
            yield from node_selector(needed, "spec.nodeAffinity.required")
    yield from _sources(spec)
    if (spec.get("hostPath") or {}).get("path") == "/" and policy == "Recycle":
        yield forbidden("spec.persistentVolumeReclaimPolicy", NO_RECYCLING_ROOT)
    if spec.get("storageClassName"):
        yield from checked("spec.storageClassName", spec["storageClassName"], formats.dns_subdomain)
    yield from optional_one_of("spec.volumeMode", spec.get("volumeMode"), VOLUME_MODES)
    name = spec.get("volumeAttributesClassName")
    if name is not None:
        if not name:
            yield required("spec.volumeAttributesClassName", CLASS_EMPTY)
        else:
            yield from checked("spec.volumeAttributesClassName", name, formats.dns_subdomain)
        if "csi" not in spec:
            yield required("spec.csi", CLASS_NEEDS_CSI)


def _capacity(capacity: Obj) -> Iterator[Cause]:
    if not capacity:
        yield required("spec.capacity")
    if "storage" not in capacity or len(capacity) > 1:
        yield not_supported("spec.capacity", capacity, ("storage",))
    for name, quantity in capacity.items():
        value = parse(quantity)
        if value < 0:
            yield invalid_value(f"spec.capacity[{name}]", int(value), BAD_AMOUNT)
        elif value == 0:
            yield invalid_value(f"spec.capacity[{name}]", str(quantity), ABOVE_ZERO)


def _sources(spec: Obj) -> Iterator[Cause]:
    first = ""
    for kind in SOURCES:
        if kind not in spec:
            continue
        if first:
            yield forbidden(f"spec.{kind}", MANY_SOURCES)
            continue
        first, source = kind, spec[kind]
        if kind == "local":
            yield from _local(source, spec)
        elif kind == "csi":
            yield from _csi(source, "spec.csi")
        else:
            yield from shared_source(kind, source, "spec")
    if not first:
        yield required("spec", NO_SOURCE)


def _local(source: Obj, spec: Obj) -> Iterator[Cause]:
    """A disk of one node: everybody must know which."""
    if not source.get("path"):
        yield required("spec.local.path")
    else:
        yield from checked("spec.local.path", source["path"], formats.no_backsteps)
    if "nodeAffinity" not in spec:
        yield required("spec.nodeAffinity", LOCAL_NEEDS_NODES)


def _csi(source: Obj, field: str) -> Iterator[Cause]:
    yield from csi_driver_name(f"{field}.driver", source.get("driver", ""))
    yield from required_names(field, source, ("volumeHandle",))
    for name in SECRETS:
        if name in source:
            yield from required_names(f"{field}.{name}", source[name], ("name", "namespace"))


def volume_update(new: Obj, old: Obj) -> Iterator[Cause]:
    after, before = new["spec"], old["spec"]
    if any(after.get(kind) != before.get(kind) for kind in SOURCES):
        yield forbidden("spec.persistentvolumesource", SOURCE_FIXED)
    yield from immutable("volumeMode", after.get("volumeMode"), before.get("volumeMode"))
    if "nodeAffinity" in before and after.get("nodeAffinity") != before["nodeAffinity"]:
        yield invalid_value("nodeAffinity", after.get("nodeAffinity"), AFFINITY_FIXED)
    yield from class_kept(new, old)


def storageclass(obj: Obj) -> Iterator[Cause]:
    name = obj.get("provisioner", "")
    if not name:
        yield required("provisioner")
    yield from _qualified("provisioner", name)
    yield from _parameters(obj.get("parameters") or {})
    policy = obj.get("reclaimPolicy")
    yield from optional_one_of("reclaimPolicy", policy or None, ("Delete", "Retain"))
    yield from one_of("volumeBindingMode", obj.get("volumeBindingMode"), BINDING_MODES)
    for index, term in enumerate(obj.get("allowedTopologies") or ()):
        yield from _topology(term, f"allowedTopologies[{index}]")
    yield from unique(
        (f"allowedTopologies[{index}].matchLabelExpressions", _told(term))
        for index, term in enumerate(obj.get("allowedTopologies") or ())
    )


def _qualified(field: str, name: str) -> Iterator[Cause]:
    fault = formats.qualified_name(name.lower()) if name else None
    if fault:
        yield invalid_value(field, name, fault)


def _parameters(parameters: dict[str, str], *, is_needed: bool = False) -> Iterator[Cause]:
    if is_needed and not parameters:
        yield required("parameters", ONE_PARAMETER)
    if len(parameters) > PARAMETERS_MAX:
        yield too_long("parameters", PARAMETERS_MAX)
        return
    for name in parameters:
        if not name:
            yield invalid_value("parameters", name, KEY_EMPTY)
    if sum(len(name) + len(value) for name, value in parameters.items()) > PARAMETERS_BYTES_MAX:
        yield too_long("parameters", PARAMETERS_BYTES_MAX)


def _topology(term: Obj, field: str) -> Iterator[Cause]:
    keys: set[str] = set()
    for index, entry in enumerate(term.get("matchLabelExpressions") or ()):
        path, key, values = f"{field}.matchLabelExpressions[{index}]", entry.get("key", ""), entry.get("values") or []
        if not values:
            yield required(f"{path}.values")
        yield from unique((f"{path}.values[{number}]", value) for number, value in enumerate(values))
        yield from checked(f"{path}.key", key, formats.qualified_name)
        if key in keys:
            yield duplicate(f"{path}.key", key)
        keys.add(key)


def _told(term: Obj) -> tuple[tuple[str, tuple[str, ...]], ...]:
    entries = term.get("matchLabelExpressions") or ()
    return tuple(sorted((entry.get("key", ""), tuple(sorted(entry.get("values") or ()))) for entry in entries))


def storageclass_update(new: Obj, old: Obj) -> Iterator[Cause]:
    yield from _kept(new, old, ("parameters", "provisioner", "reclaimPolicy"))
    yield from immutable("volumeBindingMode", new.get("volumeBindingMode"), old.get("volumeBindingMode"))


def _kept(new: Obj, old: Obj, names: tuple[str, ...]) -> Iterator[Cause]:
    for name in names:
        if (new.get(name) or None) != (old.get(name) or None):
            yield forbidden(name, UPDATES_FORBIDDEN.format(name=name))


def attributesclass(obj: Obj) -> Iterator[Cause]:
    name = obj.get("driverName", "")
    if not name:
        yield required("driverName")
    yield from _qualified("driverName", name)
    yield from _parameters(obj.get("parameters") or {}, is_needed=True)


def attributesclass_update(new: Obj, old: Obj) -> Iterator[Cause]:
    yield from _kept(new, old, ("driverName", "parameters"))


def attachment(obj: Obj) -> Iterator[Cause]:
    spec: Obj = obj.get("spec") or {}
    yield from csi_driver_name("spec.attacher", spec.get("attacher", ""))
    source = spec.get("source") or {}
    inline, name = source.get("inlineVolumeSpec"), source.get("persistentVolumeName")
    if inline is None and name is None:
        yield required("spec.source", ONE_SOURCE)
    if inline is not None and name is not None:
        yield forbidden("spec.source", ONE_SOURCE)
    if name is not None:
        yield from formatted("spec.source.persistentVolumeName", name, formats.dns_subdomain)
    yield from checked("spec.nodeName", spec.get("nodeName", ""), formats.dns_subdomain)


def attachment_update(new: Obj, old: Obj) -> Iterator[Cause]:
    if new.get("spec") != old.get("spec"):
        yield invalid_value("spec", new.get("spec"), IMMUTABLE)


def csinode(obj: Obj) -> Iterator[Cause]:
    seen: set[str] = set()
    for index, driver in enumerate((obj.get("spec") or {}).get("drivers") or ()):
        path, name, node = f"spec.drivers[{index}]", driver.get("name", ""), driver.get("nodeID", "")
        yield from csi_driver_name(f"{path}.name", name)
        if not node:
            yield required(f"{path}.nodeID")
        if len(node) > NODE_ID_MAX:
            yield invalid_value(f"{path}.nodeID", node, LONG_NODE_ID)
        count = (driver.get("allocatable") or {}).get("count")
        if count is not None and count < 0:
            yield invalid_value(f"{path}.allocatable.count", count, NOT_NEGATIVE)
        if name in seen:
            yield duplicate(f"{path}.name", name)
        seen.add(name)
        keys = driver.get("topologyKeys") or []
        for number, key in enumerate(keys):
            if not key:
                yield required(f"{path}.topologyKeys")
            if key in keys[:number]:
                yield duplicate(f"{path}.topologyKeys", key)
            yield from checked(f"{path}.topologyKeys", key, formats.qualified_name)


def csinode_update(new: Obj, old: Obj) -> Iterator[Cause]:
    """A driver that is registered stays as it is, but for how many volumes it takes."""

    def by_name(obj: Obj) -> dict[str, Obj]:
        return {each.get("name", ""): each for each in (obj.get("spec") or {}).get("drivers") or ()}

    present = by_name(new)
    for name, driver in by_name(old).items():
        now = present.get(name, driver)
        if {**now, "allocatable": 0} != {**driver, "allocatable": 0}:
            yield invalid_value("spec.drivers", now, IMMUTABLE)


def csidriver(obj: Obj) -> Iterator[Cause]:
    spec: Obj = obj.get("spec") or {}
    yield from csi_driver_name("metadata.name", obj["metadata"].get("name", ""))
    for name in ("attachRequired", "podInfoOnMount", "storageCapacity", "requiresRepublish", "seLinuxMount"):
        if spec.get(name) is None:
            yield required(f"spec.{'attachedRequired' if name == 'attachRequired' else name}")
    yield from one_of("spec.fsGroupPolicy", spec.get("fsGroupPolicy"), GROUP_POLICIES)
    yield from _token_requests(spec.get("tokenRequests") or [], "spec.tokenRequests")
    for mode in spec.get("volumeLifecycleModes") or ():
        if mode not in LIFECYCLES:
            yield not_supported("spec.volumeLifecycleModes", mode, sorted(LIFECYCLES))
    seconds = spec.get("nodeAllocatableUpdatePeriodSeconds")
    if seconds is not None and seconds < UPDATE_SECONDS_MIN:
        yield invalid_value("spec.nodeAllocatableUpdatePeriodSeconds", seconds, SHORT_UPDATE)


def _token_requests(requests: list[Obj], field: str) -> Iterator[Cause]:
    audiences: set[str] = set()
    for index, request in enumerate(requests):
        audience, seconds = request.get("audience", ""), request.get("expirationSeconds")
        if audience in audiences:
            yield duplicate(f"{field}[{index}].audience", audience)
        audiences.add(audience)
        if seconds is None:
            continue
        if seconds < TOKEN_SECONDS_MIN:
            yield invalid_value(f"{field}[{index}].expirationSeconds", seconds, SHORT_TOKEN)
        if seconds > TOKEN_SECONDS_MAX:
            yield invalid_value(f"{field}[{index}].expirationSeconds", seconds, LONG_TOKEN)


def csidriver_update(new: Obj, old: Obj) -> Iterator[Cause]:
    for name, told in (("attachRequired", "attachedRequired"), ("volumeLifecycleModes", "volumeLifecycleModes")):
        yield from immutable(f"spec.{told}", new["spec"].get(name), old["spec"].get(name))


def storagecapacity(obj: Obj) -> Iterator[Cause]:
    yield from formatted("storageClassName", obj.get("storageClassName"), formats.dns_subdomain)
    for name in ("capacity", "maximumVolumeSize"):
        if name in obj and parse(obj[name]) < 0:
            yield invalid_value(name, str(obj[name]), NOT_NEGATIVE)
    if "nodeTopology" in obj:
        yield from label_selector("nodeTopology", obj["nodeTopology"])


def storagecapacity_update(new: Obj, old: Obj) -> Iterator[Cause]:
    for name in ("nodeTopology", "storageClassName"):
        yield from immutable(name, new.get(name), old.get(name))
