"""PersistentVolumeClaims and the templates of them. Reference: `pkg/apis/core/validation`."""

from collections.abc import Iterator
from typing import Any

from core.kube import formats
from core.kube.causes import Cause, Rendered, forbidden, invalid_value, not_supported, required
from core.kube.objects import Obj
from core.kube.quantities import compare, parse
from core.kube.validation.common import (
    ABOVE_ZERO,
    annotations,
    checked,
    immutable,
    label_selector,
    labels,
    optional_one_of,
)

ACCESS_MODES = ("ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod")
VOLUME_MODES = ("Block", "Filesystem")
RESIZE_STATES = (
    "ControllerResizeInProgress",
    "ControllerResizeInfeasible",
    "NodeResizeInProgress",
    "NodeResizeInfeasible",
    "NodeResizePending",
)
CLASS_ANNOTATION = "volume.beta.kubernetes.io/storage-class"

MODE_NEEDED = "at least 1 access mode is required"
ONE_POD_ONLY = "may not use ReadWriteOncePod with other access modes"
CLAIM_SOURCE = "must be 'PersistentVolumeClaim' when referencing the default apiGroup"
NAMESPACED_SOURCE = "may not be specified when dataSourceRef.namespace is specified"
SOURCES_DIFFER = "must match dataSourceRef"
FIXED = "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims"
NO_SHRINKING = "field can not be less than status.capacity"
CLASS_GONE = "update from non-nil value to nil is forbidden"
CLASS_EMPTY = "update from non-nil value to an empty string is forbidden"
CANNOT_BE_SET = "cannot be set"
BAD_AMOUNT = "must be a valid resource quantity"


def claim(obj: Obj) -> Iterator[Cause]:
    yield from _spec(obj.get("spec") or {}, "spec")


def template(holder: Obj, field: str) -> Iterator[Cause]:
    """A claim to be made for each pod: of its metadata only labels and annotations count."""
    meta = holder.get("metadata") or {}
    yield from annotations(f"{field}.metadata.annotations", meta.get("annotations"))
    yield from labels(f"{field}.metadata.labels", meta.get("labels"))
    for name in meta:
        if name not in ("annotations", "labels", "creationTimestamp") and meta[name]:
            yield forbidden(f"{field}.metadata.{name}", CANNOT_BE_SET)
    yield from _spec(holder.get("spec") or {}, f"{field}.spec")


def access_modes(spec: Obj, field: str) -> Iterator[Cause]:
    modes = spec.get("accessModes") or ()
    for mode in modes:
        if mode not in ACCESS_MODES:
            yield not_supported(f"{field}.accessModes", mode, ACCESS_MODES)
    known = {mode for mode in modes if mode in ACCESS_MODES}
    if "ReadWriteOncePod" in known and len(known) > 1:
        yield forbidden(f"{field}.accessModes", ONE_POD_ONLY)


def _spec(spec: Obj, field: str) -> Iterator[Cause]:
    if not spec.get("accessModes"):
        yield required(f"{field}.accessModes", MODE_NEEDED)
    if "selector" in spec:
        yield from label_selector(f"{field}.selector", spec["selector"])
    yield from access_modes(spec, field)
    storage = ((spec.get("resources") or {}).get("requests") or {}).get("storage")
    if storage is None:
        yield required(f"{field}.resources[storage]")
    elif parse(storage) <= 0:
        yield invalid_value(f"{field}.resources[storage]", storage, ABOVE_ZERO)
    if spec.get("storageClassName"):
        yield from checked(f"{field}.storageClassName", spec["storageClassName"], formats.dns_subdomain)
    yield from optional_one_of(f"{field}.volumeMode", spec.get("volumeMode"), VOLUME_MODES)
    for name in ("dataSource", "dataSourceRef"):
        if name in spec:
            yield from _data_source(spec[name], f"{field}.{name}")
    yield from _sources_agree(spec, field)
    if spec.get("volumeAttributesClassName"):
        name = spec["volumeAttributesClassName"]
        yield from checked(f"{field}.volumeAttributesClassName", name, formats.dns_subdomain)


def _data_source(source: Obj, field: str) -> Iterator[Cause]:
    for name in ("name", "kind"):
        if not source.get(name):
            yield required(f"{field}.{name}")
    group = source.get("apiGroup") or ""
    if not group and source.get("kind") != "PersistentVolumeClaim":
        yield invalid_value(field, source.get("kind", ""), CLAIM_SOURCE)
    if group:
        yield from checked(f"{field}.apiGroup", group, formats.dns_subdomain)
    if source.get("namespace"):
        yield from checked(f"{field}.namespace", source["namespace"], formats.dns_label)


def _sources_agree(spec: Obj, field: str) -> Iterator[Cause]:
    source, reference = spec.get("dataSource"), spec.get("dataSourceRef")
    if source is None or reference is None:
        return
    told = Rendered("{}")  # what Go prints of a path, whose fields are its own affair
    if reference.get("namespace"):
        yield invalid_value(field, told, NAMESPACED_SOURCE)
    elif any(source.get(name) != reference.get(name) for name in ("apiGroup", "kind", "name")):
        yield invalid_value(field, told, SOURCES_DIFFER)


def claim_update(new: Obj, old: Obj) -> Iterator[Cause]:
    """A claim, once made, may only grow, and that when it has its volume; an unbound one gets the volume's name."""
    after, before = dict(new["spec"]), dict(old["spec"])
    annotation, was = (_annotation(obj) for obj in (new, old))
    yield from immutable(f"metadata.annotations.{CLASS_ANNOTATION}", annotation or "", was or "")
    if not before.get("volumeName"):
        before["volumeName"] = after.get("volumeName")
    if before.get("storageClassName") is None and was in (None, after.get("storageClassName")):
        before["storageClassName"] = after.get("storageClassName")
    is_bound = (old.get("status") or {}).get("phase") == "Bound"
    if is_bound:
        after["resources"] = _without_storage(after.get("resources"))
        before["resources"] = _without_storage(before.get("resources"))
        if after.get("volumeAttributesClassName") is not None:
            before["volumeAttributesClassName"] = after["volumeAttributesClassName"]
    if _present(after) != _present(before):
        yield forbidden("spec", FIXED)
    size, previous = (((obj["spec"].get("resources") or {}).get("requests") or {}).get("storage") for obj in (new, old))
    if size is not None and previous is not None and compare(size, previous) < 0:
        capacity = ((new.get("status") or {}).get("capacity") or {}).get("storage", "0")
        if compare(size, capacity) <= 0:
            yield forbidden("spec.resources.requests.storage", NO_SHRINKING)
    yield from immutable("volumeMode", new["spec"].get("volumeMode"), old["spec"].get("volumeMode"))
    yield from class_kept(new, old)


def class_kept(new: Obj, old: Obj) -> Iterator[Cause]:
    """A class of attributes may be exchanged, not taken away."""
    name, was = (obj["spec"].get("volumeAttributesClassName") for obj in (new, old))
    if was is not None and name is None:
        yield forbidden("spec.volumeAttributesClassName", CLASS_GONE)
    elif was is not None and name == "" and was != "":
        yield forbidden("spec.volumeAttributesClassName", CLASS_EMPTY)


def _annotation(obj: Obj) -> str | None:
    found: str | None = (obj["metadata"].get("annotations") or {}).get(CLASS_ANNOTATION)
    return found


def _without_storage(resources: Any) -> Any:
    asked = {name: value for name, value in ((resources or {}).get("requests") or {}).items() if name != "storage"}
    return (resources or {}) | {"requests": asked}


def _present(spec: Obj) -> Obj:
    return {name: value for name, value in spec.items() if value is not None}


def claim_status(new: Obj, old: Obj) -> Iterator[Cause]:
    status = new.get("status") or {}
    for name, quantity in (status.get("capacity") or {}).items():
        if parse(quantity) < 0:
            yield invalid_value(f"status.capacity[{name}]", int(parse(quantity)), BAD_AMOUNT)
    for name, state in (status.get("allocatedResourceStatuses") or {}).items():
        if state not in RESIZE_STATES:
            yield not_supported("status.allocatedResourceStatus", name, RESIZE_STATES)
    for name, quantity in (status.get("allocatedResources") or {}).items():
        if "/" not in name and name != "storage":
            yield not_supported("status.allocatedResources", name, ("storage",))
        elif parse(quantity) < 0:
            yield invalid_value(f"status.allocatedResources[{name}]", int(parse(quantity)), BAD_AMOUNT)
