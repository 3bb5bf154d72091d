"""What a ResourceQuota counts: how much an object takes, and whether a quota's scopes look at it at all. Pure functions.

Two parts of the system ask: admission, which charges a quota before it lets an object in, and the quota controller, which
counts anew what is given back. Reference: `pkg/quota/v1/evaluator/core`.
"""

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any

from core.kube.objects import Obj
from core.kube.pods import is_finished, resources_of
from core.kube.quantities import Amounts, increase, parse
from core.kube.resources import REGISTRY, Resource

COUNTED = frozenset(
    {
        *("configmaps", "persistentvolumeclaims", "pods", "replicationcontrollers", "resourcequotas", "secrets"),
        "services",
    }
)
"""Counted under their own name; everything can be counted as `count/<resource>`."""


def counted_by(hard: Mapping[str, str]) -> list[Resource]:
    """The resources whose objects a quota with these limits has to look at."""
    return [row for row in REGISTRY.values() if row.namespaced and (row.name in COUNTED or f"count/{row.name}" in hard)]


def total(quota: Obj, objects: Mapping[Resource, Iterable[Obj]]) -> Amounts:
    """What `objects` take together, by the names that the quota limits."""
    used: Amounts = dict.fromkeys((quota.get("spec") or {}).get("hard") or {}, Decimal(0))
    for row, entries in objects.items():
        for obj in entries:
            if in_scope(quota, obj):
                increase(used, {name: value for name, value in usage(row, obj).items() if name in used})
    return used


def usage(row: Resource, obj: Obj) -> Amounts:
    """What an object takes, by the names a quota uses."""
    taken = {f"count/{row.name}": Decimal(1)}
    if row.name in COUNTED:
        taken[row.plural] = Decimal(1)
    spec: dict[str, Any] = obj.get("spec") or {}
    if row.name == "pods":
        if is_finished(obj):
            return {}
        requests = resources_of(spec, "requests")
        taken |= {name: requests[name] for name in ("cpu", "memory", "ephemeral-storage") if name in requests}
        taken |= {f"requests.{name}": value for name, value in requests.items()}
        taken |= {f"limits.{name}": value for name, value in resources_of(spec, "limits").items()}
    elif row.name == "services":
        kind, ports = spec.get("type"), len(spec.get("ports") or ())
        taken["services.loadbalancers"] = Decimal(kind == "LoadBalancer")
        taken["services.nodeports"] = Decimal(ports if kind in ("NodePort", "LoadBalancer") else 0)
    elif row.name == "persistentvolumeclaims":
        storage = parse(((spec.get("resources") or {}).get("requests") or {}).get("storage", 0))
        taken["requests.storage"] = storage
        if name := spec.get("storageClassName"):
            taken[f"{name}.storageclass.storage.k8s.io/requests.storage"] = storage
            taken[f"{name}.storageclass.storage.k8s.io/persistentvolumeclaims"] = Decimal(1)
    return taken


def in_scope(quota: Obj, obj: Obj) -> bool:
    """Whether the quota counts such an object at all: scopes select among pods."""
    spec = quota.get("spec") or {}
    scopes = set(spec.get("scopes") or ())
    scopes |= {entry.get("scopeName") for entry in (spec.get("scopeSelector") or {}).get("matchExpressions") or ()}
    if not scopes:
        return True
    if obj.get("kind") != "Pod":
        return False
    pod = obj.get("spec") or {}
    best_effort = not resources_of(pod, "requests")
    terminating = pod.get("activeDeadlineSeconds") is not None
    facts = {
        "BestEffort": best_effort,
        "NotBestEffort": not best_effort,
        "Terminating": terminating,
        "NotTerminating": not terminating,
    }
    return all(facts.get(str(scope), True) for scope in scopes) and all(
        _has_priority(entry, pod) for entry in _priority_terms(spec)
    )


def _priority_terms(spec: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for entry in (spec.get("scopeSelector") or {}).get("matchExpressions") or ():
        if entry.get("scopeName") == "PriorityClass":
            yield entry


def _has_priority(entry: dict[str, Any], pod: dict[str, Any]) -> bool:
    name, values = pod.get("priorityClassName") or "", entry.get("values") or ()
    return {
        "In": name in values,
        "NotIn": name not in values,
        "Exists": bool(name),
        "DoesNotExist": not name,
    }.get(str(entry.get("operator")), True)


def family_of(quantity: object) -> str:
    """Bytes are shown as the quota's limit is written, in powers of two or of ten."""
    return "binary" if str(quantity).endswith("i") else "decimal"
