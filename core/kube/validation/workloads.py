"""Workloads: a selector that matches the template, counts that make sense, what may never change again.

Reference: kubernetes `pkg/apis/apps/validation`, and `pkg/apis/core/validation` for ReplicationControllers.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from core.kube.causes import Cause, forbidden, invalid_value, not_supported, required
from core.kube.objects import Obj
from core.kube.selectors import object_selector
from core.kube.validation import claims, pods
from core.kube.validation.common import (
    at_least_zero,
    immutable,
    int_or_percent,
    is_zero,
    label_selector,
    optional_one_of,
)
from core.kube.validation.golang import selector as shown_selector
from core.kube.validation.golang import struct

RETENTIONS = ("Retain", "Delete")

SELECTOR_MISMATCH = "`selector` does not match template `labels`"
EMPTY_SELECTOR = "empty selector is invalid for {kind}"
BAD_SELECTOR = "invalid label selector"
BOTH_ZERO = "may not be 0 when `maxSurge` is 0"
SURGE_AND_UNAVAILABLE = "may not be set when maxUnavailable is non-zero"
NEITHER = "cannot be 0 when maxSurge is 0"
NOT_ZERO = "cannot be 0"
ROLLING_FORBIDDEN = "may not be specified when strategy `type` is 'Recreate'"
ONLY_ROLLING = "only allowed for updateStrategy 'RollingUpdate'"
MANAGEMENT = "must be 'OrderedReady' or 'Parallel'"
STRATEGY = "must be 'RollingUpdate' or 'OnDelete'"
DEADLINE_TOO_SHORT = "must be greater than minReadySeconds"
DEADLINE_FORBIDDEN = "activeDeadlineSeconds in {kind} is not Supported"
DATA_NEEDED = "data is mandatory"
OVER_REPLICAS = "cannot be greater than status.replicas"
NOT_DECREMENTED = "cannot be decremented"
STATEFULSET_FIXED = (
    "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy',"
    " 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden"
)
STATEFULSET_MUTABLE = frozenset(
    (
        "replicas",
        "ordinals",
        "template",
        "updateStrategy",
        "revisionHistoryLimit",
        "persistentVolumeClaimRetentionPolicy",
        "minReadySeconds",
    )
)


def deployment(obj: Obj) -> Iterator[Cause]:
    spec: Obj = obj.get("spec") or {}
    yield from at_least_zero("spec.replicas", spec.get("replicas"))
    yield from _selector(spec, "deployment")
    yield from _template(spec, "ReplicaSet")  # as the real server says, since one checks for both
    yield from _deployment_strategy(spec.get("strategy") or {}, "spec.strategy")
    for name in ("minReadySeconds", "revisionHistoryLimit", "progressDeadlineSeconds"):
        yield from at_least_zero(f"spec.{name}", spec.get(name))
    deadline = spec.get("progressDeadlineSeconds")
    if deadline is not None and deadline <= spec.get("minReadySeconds", 0):
        yield invalid_value("spec.progressDeadlineSeconds", deadline, DEADLINE_TOO_SHORT)


def _deployment_strategy(strategy: Obj, field: str) -> Iterator[Cause]:
    kind, rolling = strategy.get("type", ""), strategy.get("rollingUpdate")
    if kind == "Recreate":
        if rolling is not None:
            yield forbidden(f"{field}.rollingUpdate", ROLLING_FORBIDDEN)
    elif kind == "RollingUpdate":
        rolling = rolling or {}
        unavailable, surge = rolling.get("maxUnavailable"), rolling.get("maxSurge")
        yield from int_or_percent(f"{field}.rollingUpdate.maxUnavailable", unavailable, most=100)
        yield from int_or_percent(f"{field}.rollingUpdate.maxSurge", surge)
        if is_zero(unavailable) and is_zero(surge):
            yield invalid_value(f"{field}.rollingUpdate.maxUnavailable", unavailable, BOTH_ZERO)
    else:
        yield not_supported(field, struct("DeploymentStrategy", strategy), ("Recreate", "RollingUpdate"))


def replicaset(obj: Obj) -> Iterator[Cause]:
    spec: Obj = obj.get("spec") or {}
    yield from at_least_zero("spec.replicas", spec.get("replicas"))
    yield from at_least_zero("spec.minReadySeconds", spec.get("minReadySeconds"))
    yield from _selector(spec, "deployment")  # so the real server says of ReplicaSets too
    yield from _template(spec, "ReplicaSet")


def replicationcontroller(obj: Obj) -> Iterator[Cause]:
    spec: Obj = obj.get("spec") or {}
    yield from at_least_zero("spec.minReadySeconds", spec.get("minReadySeconds"))
    if not spec.get("selector"):
        yield required("spec.selector")
    yield from at_least_zero("spec.replicas", spec.get("replicas"))
    template = spec.get("template") or {}
    labels = (template.get("metadata") or {}).get("labels")
    if spec.get("selector") and not spec["selector"].items() <= (labels or {}).items():
        yield invalid_value("spec.template.metadata.labels", labels, SELECTOR_MISMATCH)
    yield from pods.template(template, "spec.template")
    yield from _always("spec.template.spec", template, "ReplicationController")


def daemonset(obj: Obj) -> Iterator[Cause]:
    spec: Obj = obj.get("spec") or {}
    yield from _selector(spec, "daemonset")
    yield from _template(spec, "DaemonSet")
    yield from at_least_zero("spec.minReadySeconds", spec.get("minReadySeconds"))
    strategy = spec.get("updateStrategy") or {}
    if strategy.get("type") == "RollingUpdate":
        yield from _daemon_rolling(strategy.get("rollingUpdate") or {}, "spec.updateStrategy.rollingUpdate")
    elif strategy.get("type") != "OnDelete":
        told = struct("DeploymentStrategy", strategy)  # of the same shape
        yield not_supported("spec.updateStrategy", told, ("RollingUpdate", "OnDelete"))
    yield from at_least_zero("spec.revisionHistoryLimit", spec.get("revisionHistoryLimit"))


def _daemon_rolling(rolling: Obj, field: str) -> Iterator[Cause]:
    """A node has one pod of the set, or for a while two: either the old one may be missing or the new one be too many."""
    unavailable, surge = rolling.get("maxUnavailable"), rolling.get("maxSurge")
    yield from int_or_percent(f"{field}.maxUnavailable", unavailable, most=100)
    yield from int_or_percent(f"{field}.maxSurge", surge, most=100)
    if not is_zero(unavailable) and not is_zero(surge):
        yield invalid_value(f"{field}.maxSurge", surge, SURGE_AND_UNAVAILABLE)
    elif is_zero(unavailable) and is_zero(surge):
        yield required(f"{field}.maxUnavailable", NEITHER)


def statefulset(obj: Obj) -> Iterator[Cause]:
    spec: Obj = obj.get("spec") or {}
    management = spec.get("podManagementPolicy", "")
    if not management:
        yield required("spec.podManagementPolicy")
    elif management not in ("OrderedReady", "Parallel"):
        yield invalid_value("spec.podManagementPolicy", management, MANAGEMENT)
    yield from _stateful_strategy(spec.get("updateStrategy") or {}, "spec.updateStrategy")
    retention = spec.get("persistentVolumeClaimRetentionPolicy") or {}
    for name in ("whenDeleted", "whenScaled"):
        path = f"spec.persistentVolumeClaimRetentionPolicy.{name}"
        yield from optional_one_of(path, retention.get(name), RETENTIONS)
    for name in ("replicas", "minReadySeconds"):
        yield from at_least_zero(f"spec.{name}", spec.get(name))
    yield from at_least_zero("spec.ordinals.start", (spec.get("ordinals") or {}).get("start"))
    yield from at_least_zero("spec.revisionHistoryLimit", spec.get("revisionHistoryLimit"))
    yield from _selector(spec, "statefulset")
    wanted: list[Obj] = spec.get("volumeClaimTemplates") or []
    yield from _template(spec, "StatefulSet", claimed=wanted)
    for index, claim in enumerate(wanted):
        modes = claim.get("spec") or {}
        yield from claims.access_modes(modes, f"spec.volumeClaimTemplates[{index}].spec")


def _stateful_strategy(strategy: Obj, field: str) -> Iterator[Cause]:
    kind, rolling = strategy.get("type", ""), strategy.get("rollingUpdate")
    if not kind:
        yield required(field)
    elif kind == "OnDelete":
        if rolling is not None:
            yield invalid_value(f"{field}.rollingUpdate", struct("Partitioned", rolling), ONLY_ROLLING)
    elif kind != "RollingUpdate":
        yield invalid_value(field, struct("StatefulSetStrategy", strategy), STRATEGY)
    elif rolling is not None:
        yield from at_least_zero(f"{field}.rollingUpdate.partition", rolling.get("partition"))
        if "maxUnavailable" in rolling:
            unavailable = rolling["maxUnavailable"]
            yield from int_or_percent(f"{field}.rollingUpdate.maxUnavailable", unavailable, most=100)
            if is_zero(unavailable):
                yield invalid_value(f"{field}.rollingUpdate.maxUnavailable", unavailable, NOT_ZERO)


def _selector(spec: Obj, kind: str) -> Iterator[Cause]:
    selector = spec.get("selector")
    if selector is None:
        if kind != "daemonset":  # of which the real server only says that nothing matches its template
            yield required("spec.selector")
        return
    yield from label_selector("spec.selector", selector)
    if not selector.get("matchLabels") and not selector.get("matchExpressions"):
        yield invalid_value("spec.selector", shown_selector(selector), EMPTY_SELECTOR.format(kind=kind))


def _template(spec: Obj, kind: str, *, claimed: Sequence[Obj] = ()) -> Iterator[Cause]:
    """The template, which the selector must match. `claimed`: the claims that a StatefulSet adds as volumes."""
    selector, template = spec.get("selector"), spec.get("template") or {}
    labels = (template.get("metadata") or {}).get("labels")
    if selector is not None and any(label_selector("", selector)):
        yield invalid_value("spec.selector", shown_selector(selector), BAD_SELECTOR)
        return
    if not object_selector(selector)(labels or {}):
        yield invalid_value("spec.template.metadata.labels", labels, SELECTOR_MISMATCH)
    yield from pods.template(_with_claims(template, claimed), "spec.template")
    yield from _always("spec.template.spec", template, kind)


def _with_claims(template: Obj, claimed: Sequence[Obj]) -> Obj:
    """The template as if the volumes that a StatefulSet will add for its claims were there already."""
    if not claimed:
        return template
    spec = template.get("spec") or {}
    names = [(claim.get("metadata") or {}).get("name", "") for claim in claimed]
    added = [{"name": name, "persistentVolumeClaim": {"claimName": name}} for name in names]
    # Where both have a name the claim's volume is what the pod gets.
    kept = [volume for volume in spec.get("volumes") or () if volume.get("name") not in names]
    return template | {"spec": spec | {"volumes": [*kept, *added]}}


def _always(field: str, template: Obj, kind: str) -> Iterator[Cause]:
    spec = template.get("spec") or {}
    policy = spec.get("restartPolicy", "")
    if policy != "Always":
        yield not_supported(f"{field}.restartPolicy", policy, ("Always",))
    if "activeDeadlineSeconds" in spec:
        yield forbidden(f"{field}.activeDeadlineSeconds", DEADLINE_FORBIDDEN.format(kind=kind))


def same_selector(new: Obj, old: Obj) -> Iterator[Cause]:
    after, before = new["spec"].get("selector"), old["spec"].get("selector")
    yield from immutable("spec.selector", after, before, show=shown_selector)


def statefulset_update(new: Obj, old: Obj) -> Iterator[Cause]:
    def fixed(obj: Obj) -> dict[str, Any]:
        return {name: value for name, value in obj["spec"].items() if name not in STATEFULSET_MUTABLE}

    after, before = fixed(new), fixed(old)
    for entry in (after, before):  # a claim's amounts may be written in two ways
        entry["volumeClaimTemplates"] = [claim.get("spec") for claim in entry.get("volumeClaimTemplates") or ()]
    if after != before:
        yield forbidden("spec", STATEFULSET_FIXED)


def revision(obj: Obj) -> Iterator[Cause]:
    if obj.get("data") is None:
        yield required("data", DATA_NEEDED)
    yield from at_least_zero("revision", obj.get("revision"))


def revision_update(new: Obj, old: Obj) -> Iterator[Cause]:
    yield from immutable("data", new.get("data"), old.get("data"))


COUNTS = {
    # resource → counts of its status that are never negative, those never above `replicas`, the word for `ready`
    "deployments.apps": (
        (
            "observedGeneration",
            "replicas",
            "updatedReplicas",
            "readyReplicas",
            "availableReplicas",
            "unavailableReplicas",
        ),
        ("updatedReplicas", "readyReplicas", "availableReplicas"),
        "readyReplicas",
    ),
    "replicasets.apps": (
        ("replicas", "fullyLabeledReplicas", "readyReplicas", "availableReplicas", "observedGeneration"),
        ("fullyLabeledReplicas", "readyReplicas", "availableReplicas"),
        "readyReplicas",
    ),
    "statefulsets.apps": (
        ("replicas", "readyReplicas", "currentReplicas", "updatedReplicas", "availableReplicas", "observedGeneration"),
        ("readyReplicas", "currentReplicas", "updatedReplicas", "availableReplicas"),
        "status.readyReplicas",
    ),
    "daemonsets.apps": (
        (
            "currentNumberScheduled",
            "numberMisscheduled",
            "desiredNumberScheduled",
            "numberReady",
            "observedGeneration",
            "updatedNumberScheduled",
            "numberAvailable",
            "numberUnavailable",
        ),
        (),
        "",
    ),
}
COUNTS["replicationcontrollers"] = COUNTS["replicasets.apps"]


def status_of(resource: str) -> Any:
    """The rule of a workload's status: its numbers fit together."""
    counts, parts, ready = COUNTS[resource]

    def rule(new: Obj, old: Obj) -> Iterator[Cause]:
        status, before = new.get("status") or {}, old.get("status") or {}
        for name in (*counts, "collisionCount"):
            yield from at_least_zero(f"status.{name}", status.get(name))
        for name in parts:
            if (count := status.get(name, 0)) > status.get("replicas", 0):
                yield invalid_value(f"status.{name}", count, OVER_REPLICAS)
        if ready and (available := status.get("availableReplicas", 0)) > status.get("readyReplicas", 0):
            yield invalid_value("status.availableReplicas", available, f"cannot be greater than {ready}")
        collisions, had = status.get("collisionCount"), before.get("collisionCount")
        if had is not None and (collisions is None or collisions < had):
            yield invalid_value("status.collisionCount", collisions or 0, NOT_DECREMENTED)

    return rule
