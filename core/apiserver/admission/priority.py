"""Priority: turns a pod's priorityClassName into the number that the scheduler compares.

Reference: plugin/pkg/admission/priority/admission.go.
"""

from typing import TYPE_CHECKING

from core.apiserver.admission.base import PODS, Attempt, Plugin

if TYPE_CHECKING:
    from core.apiserver.batch import Batch

CLASSES = "priorityclasses.scheduling.k8s.io"
DEFAULT_POLICY = "PreemptLowerPriority"
NO_CLASS = "no PriorityClass with name {name} was found"
NOT_YOURS = "the integer value of priority ({given}) must not be provided in pod spec; priority admission controller computed {computed} from the given PriorityClass name"  # noqa: E501


class Priority(Plugin):
    name = "Priority"
    resources = PODS

    def mutate(self, attempt: Attempt, batch: "Batch") -> str | None:
        assert attempt.obj is not None
        spec = attempt.obj["spec"]
        value, policy, name = 0, DEFAULT_POLICY, spec.get("priorityClassName") or ""
        if name:
            found = batch.find(CLASSES, "", name)
            if found is None:
                raise attempt.forbidden(NO_CLASS.format(name=name))
        else:
            # Of several defaults the lowest counts.
            defaults = [entry for entry in batch.all(CLASSES) if entry.get("globalDefault")]
            found = min(defaults, key=lambda entry: int(entry.get("value", 0)), default=None)
            if found is not None:
                spec["priorityClassName"] = found["metadata"]["name"]
        if found is not None:
            value, policy = found.get("value", 0), found.get("preemptionPolicy") or DEFAULT_POLICY
        if spec.get("priority", value) != value:
            raise attempt.forbidden(NOT_YOURS.format(given=spec["priority"], computed=value))
        spec["priority"] = value
        spec.setdefault("preemptionPolicy", policy)
        return f"priority {value}"
