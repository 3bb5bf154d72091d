"""The arithmetic of a rollout: how many pods each ReplicaSet of a Deployment should have. Pure functions.

At every moment at most `replicas + maxSurge` pods exist and at least `replicas - maxUnavailable` of them are available.
The new set grows as far as the first rule lets it, the old ones shrink as far as the second does. Reference:
`pkg/controller/deployment/util/deployment_util.go`, `rolling.go`.
"""

from collections.abc import Iterable
from math import ceil, floor
from typing import NamedTuple

from core.kube.numbers import count
from core.kube.objects import Obj, annotations_of

REVISION = "deployment.kubernetes.io/revision"
REVISION_HISTORY = "deployment.kubernetes.io/revision-history"
DESIRED = "deployment.kubernetes.io/desired-replicas"
MAXIMUM = "deployment.kubernetes.io/max-replicas"
HASH_LABEL = "pod-template-hash"


class Limits(NamedTuple):
    """What a Deployment's strategy allows, in pods."""

    replicas: int
    surge: int
    unavailable: int

    @property
    def most(self) -> int:
        return self.replicas + self.surge

    @property
    def least_available(self) -> int:
        return self.replicas - self.unavailable


def limits(deployment: Obj) -> Limits:
    replicas = replicas_of(deployment)
    strategy = deployment["spec"].get("strategy") or {}
    if strategy.get("type", "RollingUpdate") != "RollingUpdate":
        return Limits(replicas, 0, 0)
    rolling = strategy.get("rollingUpdate") or {}
    surge = scaled(rolling.get("maxSurge", "25%"), replicas, up=True)
    unavailable = scaled(rolling.get("maxUnavailable", "25%"), replicas, up=False)
    if not surge and not unavailable:
        # Percentages of few pods may round to nothing, and then no rollout could ever move.
        unavailable = 1
    return Limits(replicas, surge, min(unavailable, replicas))


def scaled(value: int | str, total: int, *, up: bool) -> int:
    """An IntOrString: a number of pods, or a percentage of `total` rounded up or down."""
    if isinstance(value, int):
        return value
    share = int(value.removesuffix("%")) * total
    return ceil(share / 100) if up else floor(share / 100)


def replicas_of(obj: Obj) -> int:
    value = obj["spec"].get("replicas")
    return 1 if value is None else int(value)


def available_of(replica_set: Obj) -> int:
    return int((replica_set.get("status") or {}).get("availableReplicas") or 0)


def revision_number(obj: Obj) -> int:
    return count(annotations_of(obj).get(REVISION, "")) or 0


def size_of_new(limit: Limits, new: int, total: int) -> int:
    """Replicas the new set may have, given that it has `new` and all sets together `total`."""
    if new >= limit.replicas:
        return limit.replicas
    return new + max(0, min(limit.most - total, limit.replicas - new))


def sizes_of_old(limit: Limits, new: Obj | None, old: list[Obj]) -> dict[str, int]:
    """Replicas the old sets may go down to, by name: those that change. Oldest sets first.

    Pods that are not available anyway go first: they cost no availability, and a rollout must not hang behind a broken
    old version.
    """
    sets = [*old, new] if new else old
    total = sum(map(replicas_of, sets))
    missing = replicas_of(new) - available_of(new) if new else 0
    budget = total - limit.least_available - missing
    sizes = {entry["metadata"]["name"]: replicas_of(entry) for entry in old}
    if budget <= 0:
        return {}
    ordered = sorted(old, key=by_age)
    for entry in ordered:
        name = entry["metadata"]["name"]
        unhealthy = min(budget, sizes[name] - min(available_of(entry), sizes[name]))
        sizes[name] -= unhealthy
        budget -= unhealthy
    spare = sum(map(available_of, sets)) - limit.least_available
    for entry in ordered:
        name = entry["metadata"]["name"]
        healthy = max(0, min(spare, sizes[name]))
        sizes[name] -= healthy
        spare -= healthy
    return {
        entry["metadata"]["name"]: sizes[entry["metadata"]["name"]]
        for entry in old
        if sizes[entry["metadata"]["name"]] != replicas_of(entry)
    }


def proportional_sizes(deployment: Obj, limit: Limits, active: list[Obj]) -> dict[str, int]:
    """Replicas by name when a Deployment is scaled in the middle of a rollout: each active set keeps its share.

    The largest set takes what rounding leaves over.
    """
    allowed = limit.most if limit.replicas else 0
    missing = allowed - sum(map(replicas_of, active))
    # Growing prefers newer sets, shrinking older ones; size comes first.
    ordered = sorted(sorted(active, key=by_age, reverse=missing > 0), key=replicas_of, reverse=True)
    sizes: dict[str, int] = {}
    added = 0
    for entry in ordered:
        share = _share(entry, deployment, limit, missing, added) if missing else 0
        sizes[entry["metadata"]["name"]] = replicas_of(entry) + share
        added += share
    if ordered and missing:
        largest = ordered[0]["metadata"]["name"]
        sizes[largest] = max(0, sizes[largest] + missing - added)
    return sizes


def _share(entry: Obj, deployment: Obj, limit: Limits, missing: int, added: int) -> int:
    """How many of the `missing` replicas (`added` are given away already) fall to one set; negative to take away."""
    replicas, left = replicas_of(entry), missing - added
    if not replicas or not left:
        return 0
    if not limit.replicas:
        share = -replicas
    else:
        known = count(annotations_of(entry).get(MAXIMUM, ""))
        before = known if known is not None else int((deployment.get("status") or {}).get("replicas") or 0)
        share = floor(limit.most * replicas / before + 0.5) - replicas if before else 0
    return min(share, left) if missing > 0 else max(share, left)


def by_age(obj: Obj) -> tuple[str, str]:
    """Sort key: oldest first; those of one second by name."""
    return obj["metadata"]["creationTimestamp"], obj["metadata"]["name"]


def find_new(template: Obj, sets: Iterable[Obj]) -> Obj | None:
    """The set with the Deployment's current template, its hash label aside; the oldest if there are several."""
    plain = without_hash(template)
    return next((entry for entry in sorted(sets, key=by_age) if without_hash(entry["spec"]["template"]) == plain), None)


def without_hash(template: Obj) -> Obj:
    metadata = dict(template.get("metadata") or {})
    metadata.pop("creationTimestamp", None)
    labels = {name: value for name, value in (metadata.get("labels") or {}).items() if name != HASH_LABEL}
    return {**template, "metadata": metadata | {"labels": labels}}


def surplus_history(old: list[Obj], limit: int) -> list[Obj]:
    """The old sets beyond the revisions to keep, oldest revision first: only those that are empty and settled."""
    candidates = [entry for entry in old if "deletionTimestamp" not in entry["metadata"]]
    surplus = max(0, len(candidates) - limit)
    ordered = sorted(candidates, key=lambda entry: (revision_number(entry), by_age(entry)))[:surplus]
    return [entry for entry in ordered if _is_spent(entry)]


def _is_spent(entry: Obj) -> bool:
    status = entry.get("status") or {}
    return (
        not replicas_of(entry)
        and not status.get("replicas")
        and entry["metadata"].get("generation", 0) <= status.get("observedGeneration", 0)
    )
