"""RuntimeClass: a pod that runs under a class must name one that is, pays its overhead, and goes where it runs.

Reference: plugin/pkg/admission/runtimeclass/admission.go, pkg/util/tolerations.
"""

from typing import TYPE_CHECKING

from core.apiserver.admission.base import PODS, Attempt, Plugin
from core.kube.objects import Obj
from core.kube.quantities import parse

if TYPE_CHECKING:
    from core.apiserver.batch import Batch

CLASSES = "runtimeclasses.node.k8s.io"
NO_CLASS = 'pod rejected: RuntimeClass "{name}" not found'
OTHER_OVERHEAD = "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead"
OWN_OVERHEAD = "pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead"
CONFLICT = "conflict: runtimeClass.scheduling.nodeSelector[{key}] = {wanted}; pod.spec.nodeSelector[{key}] = {given}"


class RuntimeClass(Plugin):
    name = "RuntimeClass"
    resources = PODS

    def mutate(self, attempt: Attempt, batch: "Batch") -> str | None:
        assert attempt.obj is not None
        spec = attempt.obj["spec"]
        name = spec.get("runtimeClassName")
        found = batch.find(CLASSES, "", name) if name else None
        if name and found is None:
            raise attempt.forbidden(NO_CLASS.format(name=name))
        fixed = (found or {}).get("overhead", {}).get("podFixed")
        _charge(attempt, spec, fixed)
        if found is None:
            return None
        scheduling = found.get("scheduling") or {}
        _place(attempt, spec, scheduling.get("nodeSelector") or {})
        if scheduling.get("tolerations"):
            spec["tolerations"] = merged([*(spec.get("tolerations") or ()), *scheduling["tolerations"]])
        return f"runs under runtime class {name}"


def _charge(attempt: Attempt, spec: Obj, fixed: Obj | None) -> None:
    given = spec.get("overhead")
    if fixed is None:
        if given:
            raise attempt.forbidden(OWN_OVERHEAD)
        return
    if given is not None and not _same(given, fixed):
        raise attempt.forbidden(OTHER_OVERHEAD)
    spec["overhead"] = dict(fixed)


def _same(one: Obj, other: Obj) -> bool:
    return {name: parse(value) for name, value in one.items()} == {name: parse(value) for name, value in other.items()}


def _place(attempt: Attempt, spec: Obj, wanted: dict[str, str]) -> None:
    given = spec.get("nodeSelector") or {}
    for key, value in wanted.items():
        if given.get(key, value) != value:
            raise attempt.forbidden(CONFLICT.format(key=key, wanted=value, given=given[key]))
    if wanted:
        spec["nodeSelector"] = wanted | given


def merged(tolerations: list[Obj]) -> list[Obj]:
    """The tolerations without those that another one covers."""
    kept: list[Obj] = []
    for index, one in enumerate(tolerations):
        others = [other for other in tolerations[index + 1 :] if other != one]
        if not any(_covers(other, one) for other in (*kept, *others)):
            kept.append(one)
    return kept


def _covers(wide: Obj, narrow: Obj) -> bool:
    """Whether whatever `narrow` tolerates `wide` does too."""
    same_key = wide.get("key") == narrow.get("key")
    if not same_key and not (not wide.get("key") and wide.get("operator") == "Exists"):
        return False
    if wide.get("effect") and wide.get("effect") != narrow.get("effect"):
        return False
    if wide.get("effect") == "NoExecute" and "tolerationSeconds" in wide:
        seconds = narrow.get("tolerationSeconds")
        if seconds is None or seconds > wide["tolerationSeconds"]:
            return False
    if wide.get("operator") == "Exists":
        return True
    is_equal = (wide.get("operator") or "Equal") == "Equal" == (narrow.get("operator") or "Equal")
    return is_equal and wide.get("value", "") == narrow.get("value", "")
