"""Conditions: what is true of an object, since when and why (`status.conditions`).

The transition time moves only when the status changes; a new reason or message alone does not move it.
Reference: apimachinery `pkg/api/meta/conditions.go`.
"""

from typing import Any

from core.kube.objects import Obj

TRUE, FALSE, UNKNOWN = "True", "False", "Unknown"


def new_condition(kind: str, status: str, now: str, reason: str = "", message: str = "", **more: Any) -> Obj:
    """A condition that became so at `now` (a timestamp). `more` are further fields in the wire format."""
    entry: Obj = {"type": kind, "status": status, "lastTransitionTime": now}
    if reason:
        entry["reason"] = reason
    if message:
        entry["message"] = message
    return entry | more


def with_condition(conditions: list[Obj] | None, wanted: Obj) -> list[Obj]:
    """A new list in which the condition of `wanted`'s type is `wanted`; the same list when nothing would change."""
    conditions = conditions or []
    for index, old in enumerate(conditions):
        if old["type"] != wanted["type"]:
            continue
        if old["status"] == wanted["status"] and "lastTransitionTime" in old:
            wanted = wanted | {"lastTransitionTime": old["lastTransitionTime"]}
        if old == wanted:
            return conditions
        return [*conditions[:index], wanted, *conditions[index + 1 :]]
    return [*conditions, wanted]


def without_condition(conditions: list[Obj] | None, kind: str) -> list[Obj]:
    return [entry for entry in conditions or [] if entry["type"] != kind]
