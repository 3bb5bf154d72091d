"""What a pod asks of a node, as whole numbers: CPU in thousandths of a core, memory and disk in bytes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from core.kube.objects import Obj
from core.kube.pods import resources_of
from core.kube.quantities import counts

CPU, MEMORY, EPHEMERAL, PODS = "cpu", "memory", "ephemeral-storage", "pods"

SCORED_AT_LEAST = {CPU: "100m", MEMORY: "200Mi"}
"""What a container that asks for nothing is taken to use when nodes are *scored*, so that even such pods spread."""

Amounts = dict[str, int]


@dataclass(frozen=True, slots=True)
class Demand:
    """`amounts` by resource name; `scored_*` are CPU and memory as scoring takes them, never zero."""

    amounts: Amounts = field(default_factory=dict)
    scored_cpu: int = 0
    scored_memory: int = 0


def demand(spec: Obj) -> Demand:
    """What a pod with this spec asks for."""
    asked, scored = counts(resources_of(spec)), counts(resources_of(_at_least(spec)))
    return Demand({name: value for name, value in asked.items() if value}, scored[CPU], scored[MEMORY])


def _at_least(spec: Obj) -> Obj:
    def filled(container: Mapping[str, Any]) -> Obj:
        requests = (container.get("resources") or {}).get("requests") or {}
        return {**container, "resources": {"requests": SCORED_AT_LEAST | requests}}

    lists = {name: [filled(each) for each in spec.get(name) or ()] for name in ("containers", "initContainers")}
    return {**spec, **lists}
