"""Pods: they start Pending, have a quality of service, and die gracefully.

A pod on a node is not removed by whoever deletes it: it gets a deadline, and the kubelet, once the containers have
stopped, deletes it with grace 0. A pod on no node, or one that has ended, goes at once.
Reference: pkg/registry/core/pod/strategy.go.
"""

from collections.abc import Iterable
from typing import Any

from core.apiserver.batch import Batch
from core.apiserver.strategies.base import Prepare, Strategy
from core.kube.objects import Obj
from core.kube.pods import qos_class

GRACE_DEFAULT = 30
GATED = "Scheduling is blocked due to non-empty scheduling gates"


class PodStrategy(Strategy):
    returns_deleted = True
    kept_by_status = ("ownerReferences",)  # old kubelets garbled them

    def prepare_create(self, obj: Obj, batch: Batch) -> None:
        _merge_label_keys(obj)
        obj["status"] = {"phase": "Pending", "qosClass": qos_class(obj["spec"])}
        if obj["spec"].get("schedulingGates"):
            gated = {"type": "PodScheduled", "status": "False", "lastProbeTime": None, "lastTransitionTime": None}
            obj["status"]["conditions"] = [gated | {"reason": "SchedulingGated", "message": GATED}]

    def prepare_status(self, new: Obj, old: Obj, batch: Batch) -> None:
        super().prepare_status(new, old, batch)
        quality = (old.get("status") or {}).get("qosClass")
        if quality and isinstance(new.get("status"), dict):
            new["status"].setdefault("qosClass", quality)
        for condition in (new.get("status") or {}).get("conditions") or ():
            condition.setdefault("lastProbeTime", None)  # the one field of a pod that is null rather than absent

    def part(self, subresource: str) -> Prepare | None:
        parts = {"ephemeralcontainers": self.prepare_ephemeral, "resize": self.prepare_resize}
        return parts.get(subresource) or super().part(subresource)

    def prepare_ephemeral(self, new: Obj, old: Obj, batch: Batch) -> None:
        """Debugging containers may be added to a running pod (`kubectl debug`), and nothing else."""
        added = (new.get("spec") or {}).get("ephemeralContainers") or []
        _restore(new, old)
        if added:
            new["spec"] = old["spec"] | {"ephemeralContainers": added}

    def prepare_resize(self, new: Obj, old: Obj, batch: Batch) -> None:
        """Only what the containers ask for, and how they take it, changes."""
        wanted = new.get("spec") or {}
        _restore(new, old)
        new["spec"] = old["spec"] | {
            kind: _resized(old["spec"][kind], wanted.get(kind) or ())
            for kind in ("containers", "initContainers")
            if kind in old["spec"]
        }

    def grace_seconds(self, obj: Obj, options: dict[str, Any]) -> int:
        spec, phase = obj["spec"], (obj.get("status") or {}).get("phase")
        if not spec.get("nodeName") or phase in ("Failed", "Succeeded"):
            return 0
        asked = options.get("gracePeriodSeconds")
        if asked is None:
            asked = spec.get("terminationGracePeriodSeconds", GRACE_DEFAULT)
        return int(asked) if asked >= 0 else 1


def _resized(containers: list[Obj], wanted: Iterable[Obj]) -> list[Obj]:
    """The containers, with the resources and resize policies of those `wanted` that have their names."""
    by_name = {each.get("name"): each for each in wanted if isinstance(each, dict)}
    result = []
    for container in containers:
        asked = by_name.get(container["name"], container)
        rest = {name: value for name, value in container.items() if name != "resizePolicy"}
        policy = {"resizePolicy": asked["resizePolicy"]} if "resizePolicy" in asked else {}
        result.append(rest | {"resources": asked.get("resources") or {}} | policy)
    return result


def _merge_label_keys(pod: Obj) -> None:
    """Keys whose values are the pod's own become part of the selectors: which pods are meant is settled here.

    Spread is merged since Kubernetes 1.34, affinity since 1.29 (KEPs 3243 and 3633).
    """
    spec, labels = pod.get("spec") or {}, pod["metadata"].get("labels") or {}
    for constraint in spec.get("topologySpreadConstraints") or ():
        _merge(constraint, "matchLabelKeys", "In", labels)
    affinity = spec.get("affinity") or {}
    for kind in ("podAffinity", "podAntiAffinity"):
        wishes = affinity.get(kind) or {}
        weighted = wishes.get("preferredDuringSchedulingIgnoredDuringExecution") or ()
        terms = [entry.get("podAffinityTerm") or {} for entry in weighted]
        for term in (*(wishes.get("requiredDuringSchedulingIgnoredDuringExecution") or ()), *terms):
            _merge(term, "matchLabelKeys", "In", labels)
            _merge(term, "mismatchLabelKeys", "NotIn", labels)


def _merge(holder: Obj, name: str, operator: str, labels: dict[str, str]) -> None:
    selector = holder.get("labelSelector")
    if selector is None:
        return
    added = [
        {"key": key, "operator": operator, "values": [labels[key]]} for key in holder.get(name) or () if key in labels
    ]
    if added:
        holder["labelSelector"] = selector | {"matchExpressions": [*(selector.get("matchExpressions") or ()), *added]}


def _restore(new: Obj, old: Obj) -> None:
    new.clear()
    new.update(old)
    new["metadata"] = dict(old["metadata"])
