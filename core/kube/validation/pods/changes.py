"""What may change of a pod that exists: little, and each part through its own door.

`update` is for the pod itself, `resize`, `ephemeral` and `status` for its subresources.
Reference: `pkg/apis/core/validation` (ValidatePodUpdate, ValidatePodResize, ValidatePodEphemeralContainersUpdate,
ValidatePodStatusUpdate). The real messages end with a diff of the two specs; here they end before it.
"""

from collections.abc import Iterator
from typing import Any

from core.kube import formats
from core.kube.causes import NULL, Cause, duplicate, forbidden, invalid_value
from core.kube.objects import Obj, clone
from core.kube.pods import containers_of, is_sidecar, qos_class
from core.kube.validation.common import checked, immutable
from core.kube.validation.golang import struct
from core.kube.validation.pods import MIRROR
from core.kube.validation.pods.scheduling import REQUIRED

UPDATE_FORBIDDEN = (
    "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,"
    "`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),"
    "`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)"
)
COUNT_FIXED = "pod updates may not add or remove containers"
TOLERATIONS_ONLY_ADDED = "existing toleration can not be modified except its tolerationSeconds"
GATES_ONLY_REMOVED = "only deletion is allowed, but found new scheduling gate '{name}'"
DEADLINE_RANGE = "must be between 0 and 2147483647, inclusive"
DEADLINE_LESS = "must be less than or equal to previous value"
DEADLINE_GONE = "must not update from a positive integer to nil value"
NODES_ONLY_NARROWED = "only additions to spec.nodeSelector are allowed (no mutations or deletions)"
TERMS_FIXED = "no additions/deletions to non-empty NodeSelectorTerms list are allowed"
TERM_ONLY_NARROWED = "only additions are allowed (no mutations or deletions)"
MIRROR_FIXED = "may not {verb} mirror pod annotation"

QUALITY_FIXED = "Pod QOS Class may not change as a result of resizing"
POD_LEVEL = "pods with pod-level resources cannot be resized"
STATIC_SIZE = "static pods cannot be resized"
WINDOWS_SIZE = "windows pods cannot be resized"
REMOVED = "resource {side} cannot be removed"
ONLY_CPU_MEMORY = "only cpu and memory resources are mutable"
ONLY_OF_SIDECARS = "only cpu and memory resources for sidecar containers are mutable"
INIT_FIXED = "resources for non-sidecar init containers are immutable"

STATIC_DEBUGGING = "static pods do not support ephemeral containers"
NOT_REMOVED = 'existing ephemeral containers "{name}" may not be removed\n'
NOT_CHANGED = 'existing ephemeral containers "{name}" may not be changed\n'
HOST_IP_FIRST = "must be equal to `hostIP`"
ONE_PER_FAMILY = "may specify no more than one IP for each IP family"
OWN_CONDITIONS = frozenset(("PodScheduled", "Ready", "Initialized", "ContainersReady", "DisruptionTarget"))


def update(new: Obj, old: Obj) -> Iterator[Cause]:
    """Of a pod that exists only images, deadlines and a few additions may change; the rest makes another pod."""
    after, before = new.get("spec") or {}, old.get("spec") or {}
    for kind in ("containers", "initContainers"):
        if len(after.get(kind) or ()) != len(before.get(kind) or ()):
            yield forbidden(f"spec.{kind}", COUNT_FIXED)
            return
    faults = list(_deadline(after.get("activeDeadlineSeconds"), before.get("activeDeadlineSeconds")))
    yield from faults
    if faults and after.get("activeDeadlineSeconds") is not None:
        return
    yield from _only_added(after.get("tolerations") or [], before.get("tolerations") or [])
    gates = [gate.get("name") for gate in before.get("schedulingGates") or ()]
    for index, gate in enumerate(after.get("schedulingGates") or ()):
        if gate.get("name") not in gates:
            yield forbidden(f"spec.schedulingGates[{index}].name", GATES_ONLY_REMOVED.format(name=gate.get("name", "")))
    same = clone(after)
    for name in ("activeDeadlineSeconds", "tolerations", "schedulingGates"):
        _take_over(same, before, name)
    if before.get("terminationGracePeriodSeconds", 0) < 0 and after.get("terminationGracePeriodSeconds") == 1:
        _take_over(same, before, "terminationGracePeriodSeconds")
    for container, was in zip(containers_of(same), containers_of(before), strict=True):
        container["image"] = was.get("image", "")
    if gates:
        yield from _gated(same, before)
    if same != before:
        yield forbidden("spec", UPDATE_FORBIDDEN)


def _deadline(new: int | None, old: int | None) -> Iterator[Cause]:
    if new is None:
        if old is not None:
            yield invalid_value("spec.activeDeadlineSeconds", NULL, DEADLINE_GONE)
    elif not 0 <= new <= 2**31 - 1:
        yield invalid_value("spec.activeDeadlineSeconds", new, DEADLINE_RANGE)
    elif old is not None and old < new:
        yield invalid_value("spec.activeDeadlineSeconds", new, DEADLINE_LESS)


def _only_added(new: list[Obj], old: list[Obj]) -> Iterator[Cause]:
    def timeless(entry: Obj) -> Obj:
        return {name: value for name, value in entry.items() if name != "tolerationSeconds"}

    present = [timeless(entry) for entry in new]
    if any(timeless(entry) not in present for entry in old):
        yield forbidden("spec.tolerations", TOLERATIONS_ONLY_ADDED)


def _gated(same: Obj, before: Obj) -> Iterator[Cause]:
    """A pod that waits behind gates may still be told nodes, ever fewer. Takes over into `same` what was looked at."""
    chosen, had = same.get("nodeSelector") or {}, before.get("nodeSelector") or {}
    if chosen != had:
        if not had.items() <= chosen.items():
            yield invalid_value("spec.nodeSelector", same.get("nodeSelector"), NODES_ONLY_NARROWED)
        _take_over(same, before, "nodeSelector")
    wanted, was = ((spec.get("affinity") or {}).get("nodeAffinity") for spec in (same, before))
    if wanted != was:
        yield from _narrowed(wanted or {}, was or {})
        rest = {name: value for name, value in (same.get("affinity") or {}).items() if name != "nodeAffinity"}
        if was is not None:
            rest["nodeAffinity"] = was
        if rest or "affinity" in before:
            same["affinity"] = rest
        else:
            same.pop("affinity", None)


def _narrowed(new: Obj, old: Obj) -> Iterator[Cause]:
    terms, had = ((node.get(REQUIRED) or {}).get("nodeSelectorTerms") or [] for node in (new, old))
    field = f"spec.affinity.nodeAffinity.{REQUIRED}.nodeSelectorTerms"
    if had and len(had) != len(terms):
        yield invalid_value(field, struct("NodeSelectorTerm", terms), TERMS_FIXED)
        return
    for index, (term, was) in enumerate(zip(terms, had, strict=False)):
        if not _only_more(term, was):
            yield invalid_value(f"{field}[{index}]", struct("NodeSelectorTerm", term), TERM_ONLY_NARROWED)


def _only_more(new: Obj, old: Obj) -> bool:
    parts = ("matchExpressions", "matchFields")
    if not any(old.get(part) for part in parts):
        return not any(new.get(part) for part in parts)
    return all((new.get(part) or [])[: len(old.get(part) or [])] == (old.get(part) or []) for part in parts)


def metadata(new: Obj, old: Obj) -> Iterator[Cause]:
    """The annotation that makes a pod the image of a static one is the kubelet's to set, once."""
    after, before = (obj["metadata"].get("annotations") or {} for obj in (new, old))
    if after.get(MIRROR) != before.get(MIRROR):
        verb = "remove or update" if MIRROR in before else "add"
        yield forbidden(f"metadata.annotations[{MIRROR}]", MIRROR_FIXED.format(verb=verb))


def _take_over(target: Obj, source: Obj, name: str) -> None:
    if name in source:
        target[name] = source[name]
    else:
        target.pop(name, None)


def resize(new: Obj, old: Obj) -> Iterator[Cause]:
    """cpu and memory of running containers: more or less, but nothing that makes another class of service."""
    after, before = new["spec"], old["spec"]
    refusals = (
        (any((spec.get("resources") or {}).get(side) for spec in (after, before) for side in SIDES), POD_LEVEL),
        (MIRROR in (old["metadata"].get("annotations") or {}), STATIC_SIZE),
        ((before.get("os") or {}).get("name") == "windows", WINDOWS_SIZE),
    )
    for is_so, why in refusals:
        if is_so:
            yield forbidden("", why)
            return
    quality = (old.get("status") or {}).get("qosClass") or qos_class(before)
    faults = [invalid_value("spec", quality, QUALITY_FIXED)] if qos_class(after) != quality else []
    for kind in ("initContainers", "containers"):
        pairs = zip(after.get(kind) or (), before.get(kind) or (), strict=False)
        for index, (container, was) in enumerate(pairs):
            if kind == "containers" or is_sidecar(was):
                faults += _kept(container, was, f"spec.{kind}[{index}].resources")
    faults += _only_size(after, before)
    yield from faults


SIDES = ("requests", "limits")


def _kept(container: Obj, was: Obj, field: str) -> Iterator[Cause]:
    for side in SIDES:
        asked, had = ((each.get("resources") or {}).get(side) or {} for each in (container, was))
        if had.keys() - asked.keys():
            yield forbidden(f"{field}.{side}", REMOVED.format(side=side))


def _only_size(after: Obj, before: Obj) -> Iterator[Cause]:
    for container, was in zip(after.get("containers") or (), before.get("containers") or (), strict=False):
        if _unsized(container, was) != was:
            yield forbidden("spec", ONLY_CPU_MEMORY)
    for container, was in zip(after.get("initContainers") or (), before.get("initContainers") or (), strict=False):
        if is_sidecar(was):
            if _unsized(container, was) != was:
                yield forbidden("spec", ONLY_OF_SIDECARS)
        elif container != was:
            yield forbidden("spec", INIT_FIXED)


def _unsized(container: Obj, was: Obj) -> Obj:
    """The container as if its cpu and memory were those it had."""
    resources, had = dict(container.get("resources") or {}), was.get("resources") or {}
    for side in SIDES:
        amounts = {n: v for n, v in (resources.get(side) or {}).items() if n not in ("cpu", "memory")}
        amounts |= {n: v for n, v in (had.get(side) or {}).items() if n in ("cpu", "memory")}
        if amounts or side in had:
            resources[side] = amounts
        else:
            resources.pop(side, None)
    return container | {"resources": resources}


def ephemeral(new: Obj, old: Obj) -> Iterator[Cause]:
    """Debugging containers come and stay as they came."""
    if MIRROR in (old["metadata"].get("annotations") or {}):
        yield forbidden("", STATIC_DEBUGGING)
        return
    present = {each.get("name"): each for each in new["spec"].get("ephemeralContainers") or ()}
    for was in old["spec"].get("ephemeralContainers") or ():
        name = was.get("name")
        if name not in present:
            yield forbidden("spec.ephemeralContainers", NOT_REMOVED.format(name=name))
        elif present[name] != was:
            yield forbidden("spec.ephemeralContainers", NOT_CHANGED.format(name=name))


def status(new: Obj, old: Obj) -> Iterator[Cause]:
    """What the kubelet and others report.

    That an ended container stays ended where it must not restart is not checked: the kubelet here writes its states one
    by one and may pass through such a change.
    """
    after, before = new.get("status") or {}, old.get("status") or {}
    for index, condition in enumerate(after.get("conditions") or ()):
        if condition.get("type") not in OWN_CONDITIONS:
            path = f"metadata.conditions[{index}].Type"
            yield from checked(path, condition.get("type", ""), formats.qualified_name)
    nominated = after.get("nominatedNodeName")
    if nominated and nominated != before.get("nominatedNodeName"):
        yield from checked("status.nominatedNodeName", nominated, formats.dns_subdomain)
    if before.get("qosClass"):
        yield from immutable("status.qosClass", after.get("qosClass"), before["qosClass"])
    for kind in ("podIPs", "hostIPs"):
        if kind in after and after[kind] != before.get(kind):
            yield from _addresses(kind, after)


def _addresses(kind: str, status: Obj) -> Iterator[Cause]:
    field = f"status.{kind}"
    addresses = [entry.get("ip", "") for entry in status[kind]]
    if kind == "hostIPs" and addresses and status.get("hostIP", "") != addresses[0]:
        yield invalid_value(f"{field}[0].ip", addresses[0], HOST_IP_FIRST)
    faults = [
        cause for index, ip in enumerate(addresses) for cause in checked(f"{field}[{index}]", ip, formats.ip_address)
    ]
    yield from faults
    seen: set[Any] = set()
    for index, ip in enumerate(addresses):
        if ip in seen:
            yield duplicate(f"{field}[{index}]", ip)
        seen.add(ip)
    families = [":" in ip for ip in addresses]
    if not faults and len(families) != len(set(families)):
        yield invalid_value(field, addresses, ONE_PER_FAMILY)
