"""Taints keep pods off a node; tolerations let them on. Reference: component-helpers `scheduling/corev1`."""

from collections.abc import Iterable, Sequence

from core.kube.objects import Obj

NO_SCHEDULE, PREFER_NO_SCHEDULE, NO_EXECUTE = "NoSchedule", "PreferNoSchedule", "NoExecute"


def tolerates(toleration: Obj, taint: Obj) -> bool:
    """An empty effect tolerates all effects; an empty key with Exists tolerates everything."""
    effect, key = toleration.get("effect"), toleration.get("key")
    if effect and effect != taint["effect"]:
        return False
    if key and key != taint["key"]:
        return False
    if toleration.get("operator") == "Exists":
        return True
    return bool(key) and (toleration.get("value") or "") == (taint.get("value") or "")


def first_untolerated(
    taints: Iterable[Obj], tolerations: Sequence[Obj], effects: Sequence[str] = (NO_SCHEDULE, NO_EXECUTE)
) -> Obj | None:
    """The first taint with one of `effects` that no toleration tolerates."""
    for taint in taints:
        if taint["effect"] in effects and not any(tolerates(toleration, taint) for toleration in tolerations):
            return taint
    return None
