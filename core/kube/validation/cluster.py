"""What the cluster itself consists of: nodes, namespaces, leases, events, classes of priority and of runtimes.

Reference: kubernetes `pkg/apis/core/validation`, `pkg/apis/coordination|node|scheduling/validation`.
"""

import ipaddress
from collections.abc import Iterator

from core.kube import formats
from core.kube.causes import Cause, duplicate, forbidden, invalid_value
from core.kube.objects import Obj
from core.kube.validation import common
from core.kube.validation.common import NOT_NEGATIVE, POSITIVE, checked, immutable, labels, one_of
from core.kube.validation.golang import struct
from core.kube.validation.pods import PREEMPTION_POLICIES
from core.kube.validation.pods.resources import amount, requirements, resource_name
from core.kube.validation.pods.scheduling import EFFECTS, tolerations

USER_PRIORITY_MAX = 1_000_000_000
SYSTEM_CLASSES = ("system-cluster-critical", "system-node-critical")
ONE_CIDR = "may specify no more than one CIDR for each IP family"
UNIQUE_TAINT = "taints must be unique by key and effect pair"
SET_ONCE = 'node updates may not change {name} except from "" to valid'
SYSTEM_PREFIX = "priority class names with 'system-' prefix are reserved for system use only"
TOO_IMPORTANT = f"maximum allowed value of a user defined priority is {USER_PRIORITY_MAX}"
VALUE_FIXED = "may not be changed in an update."
NO_HOLDER = "must not be empty"
OTHER_NAMESPACE = "does not match event.namespace"
ONLY_ACTIVE = "may only be 'Active' if `deletionTimestamp` is empty"
ONLY_TERMINATING = "may only be 'Terminating' if `deletionTimestamp` is not empty"


def node(obj: Obj) -> Iterator[Cause]:
    spec: Obj = obj.get("spec") or {}
    yield from _taints(spec.get("taints") or [])
    yield from _amounts(obj)
    ranges: list[str] = spec.get("podCIDRs") or []
    for index, value in enumerate(ranges):
        yield from checked(f"spec.podCIDRs[{index}]", value, formats.cidr)
    if len(ranges) > 1 and not any(map(formats.cidr, ranges)):
        families = [ipaddress.ip_network(value, strict=False).version for value in ranges]
        if len(ranges) > 2 or len(set(families)) < 2:
            yield invalid_value("spec.podCIDRs", ranges, ONE_CIDR)
        for index, value in enumerate(ranges):
            if value in ranges[:index]:
                yield duplicate(f"spec.podCIDRs[{index}]", value)


def _taints(taints: list[Obj]) -> Iterator[Cause]:
    """Told below `metadata`, which is where taints were before they had a field."""
    seen: set[tuple[str, str]] = set()
    for index, taint in enumerate(taints):
        path, key, effect = f"metadata.taints[{index}]", taint.get("key", ""), taint.get("effect", "")
        yield from checked(f"{path}.key", key, formats.qualified_name)
        yield from checked(f"{path}.value", taint.get("value", ""), formats.label_value)
        yield from one_of(f"{path}.effect", effect, EFFECTS)
        if (key, effect) in seen:
            yield duplicate(path, struct("Taint", taint), UNIQUE_TAINT)
        seen.add((key, effect))


def _amounts(obj: Obj) -> Iterator[Cause]:
    for part in ("capacity", "allocatable"):
        for name, quantity in ((obj.get("status") or {}).get(part) or {}).items():
            for fault in resource_name(name):
                yield invalid_value(f"status.{part}.{name}", name, fault)
            yield from amount(f"status.{part}.{name}", name, quantity)


def node_update(new: Obj, old: Obj) -> Iterator[Cause]:
    after, before = new.get("spec") or {}, old.get("spec") or {}
    for name, told in (("podCIDRs", "podCIDR"), ("providerID", "providerID")):
        if before.get(name) and after.get(name) != before[name]:
            yield forbidden(f"spec.{name}", SET_ONCE.format(name=told))


def node_status(new: Obj, old: Obj) -> Iterator[Cause]:
    yield from _amounts(new)
    addresses = (new.get("status") or {}).get("addresses") or []
    for index, address in enumerate(addresses):
        if address in addresses[:index]:
            told = {"type": address.get("type", ""), "address": address.get("address", "")}
            yield duplicate(f"status.addresses[{index}]", struct("NodeAddress", told))


def namespace(obj: Obj) -> Iterator[Cause]:
    yield from common.finalizers("spec.finalizers", (obj.get("spec") or {}).get("finalizers") or [])


def namespace_finalize(new: Obj, old: Obj) -> Iterator[Cause]:
    yield from common.finalizers("spec.finalizers", (new.get("spec") or {}).get("finalizers") or [], is_indexed=True)


def namespace_status(new: Obj, old: Obj) -> Iterator[Cause]:
    is_ending, phase = "deletionTimestamp" in new["metadata"], (new.get("status") or {}).get("phase", "")
    if not is_ending and phase != "Active":
        yield invalid_value("status.Phase", phase, ONLY_ACTIVE)
    elif is_ending and phase != "Terminating":
        yield invalid_value("status.Phase", phase, ONLY_TERMINATING)


def event(obj: Obj) -> Iterator[Cause]:
    """An event lies beside what it is about; about what has no namespace it lies in `default` or the system's."""
    about, where = (obj.get("involvedObject") or {}).get("namespace", ""), obj["metadata"].get("namespace", "")
    fits = about == where or (not about and where in ("default", "kube-system"))
    if not fits:
        yield invalid_value("involvedObject.namespace", about, OTHER_NAMESPACE)


def lease(obj: Obj) -> Iterator[Cause]:
    spec: Obj = obj.get("spec") or {}
    if spec.get("leaseDurationSeconds", 1) <= 0:
        yield invalid_value("spec.leaseDurationSeconds", spec["leaseDurationSeconds"], POSITIVE)
    if spec.get("leaseTransitions", 0) < 0:
        yield invalid_value("spec.leaseTransitions", spec["leaseTransitions"], NOT_NEGATIVE)
    if spec.get("holderIdentity") == "":
        yield invalid_value("spec.holderIdentity", "", NO_HOLDER)


def runtimeclass(obj: Obj) -> Iterator[Cause]:
    yield from checked("handler", obj.get("handler", ""), formats.dns_label)
    overhead, scheduling = obj.get("overhead") or {}, obj.get("scheduling") or {}
    if "podFixed" in overhead:
        yield from requirements({"limits": overhead["podFixed"]}, "overhead")
    yield from labels("scheduling.nodeSelector", scheduling.get("nodeSelector"))
    entries = scheduling.get("tolerations") or []
    yield from tolerations(entries, "scheduling.tolerations")
    for index, entry in enumerate(entries):
        if entry in entries[:index]:
            yield duplicate(f"scheduling.tolerations[{index}]", struct("Toleration", entry))


def runtimeclass_update(new: Obj, old: Obj) -> Iterator[Cause]:
    yield from immutable("handler", new.get("handler"), old.get("handler"))


def priorityclass(obj: Obj) -> Iterator[Cause]:
    name, value = obj["metadata"].get("name", ""), obj.get("value", 0)
    if name.startswith("system-"):
        if name not in SYSTEM_CLASSES:
            yield forbidden("metadata.name", SYSTEM_PREFIX)
    elif value > USER_PRIORITY_MAX:
        yield forbidden("value", TOO_IMPORTANT)
    yield from one_of("preemptionPolicy", obj.get("preemptionPolicy"), PREEMPTION_POLICIES)


def priorityclass_update(new: Obj, old: Obj) -> Iterator[Cause]:
    if new.get("value") != old.get("value"):
        yield forbidden("value", VALUE_FIXED)
    yield from immutable("preemptionPolicy", new.get("preemptionPolicy"), old.get("preemptionPolicy"))
