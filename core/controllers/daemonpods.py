"""Which nodes a DaemonSet's pods belong on, and which to create and delete next: pure functions over nodes and pods.

A rolling update goes as far as `maxUnavailable` allows: an old pod that is not available may go at once, since nobody
misses it; of the others as many as may still become unavailable. With `maxSurge` it is the other way round: the new pod
comes first, beside the old one, which goes when the new one is available.
Reference: `pkg/controller/daemon/{daemon_controller,update}.go`, `pkg/controller/daemon/util/daemonset_util.go`.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from core.controllers.history import HASH_LABEL, hash_of
from core.controllers.rollout import scaled
from core.kube.nodeselectors import is_wanted_node
from core.kube.objects import Obj, clone, is_deleting, labels_of, owner_reference
from core.kube.pods import is_finished
from core.kube.taints import NO_EXECUTE, NO_SCHEDULE, first_untolerated

IsAvailable = Callable[[Obj], bool]

TOLERATED = (
    # what does not keep a daemon away from its node, and whether it would be evicted or only not be scheduled
    ("node.kubernetes.io/not-ready", NO_EXECUTE),
    ("node.kubernetes.io/unreachable", NO_EXECUTE),
    ("node.kubernetes.io/disk-pressure", NO_SCHEDULE),
    ("node.kubernetes.io/memory-pressure", NO_SCHEDULE),
    ("node.kubernetes.io/pid-pressure", NO_SCHEDULE),
    ("node.kubernetes.io/unschedulable", NO_SCHEDULE),
)
OF_HOST_NETWORK = ("node.kubernetes.io/network-unavailable", NO_SCHEDULE)
REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"


@dataclass(frozen=True, slots=True)
class Placement:
    """One node: whether a pod should be started there, whether one may stay, and those there are, the oldest first."""

    node: str
    should_run: bool
    may_stay: bool
    pods: list[Obj]


@dataclass(slots=True)
class Plan:
    """Nodes to create a pod for; pods to delete; pods that ended by themselves and have to be replaced."""

    create: list[str] = field(default_factory=list)
    delete: list[Obj] = field(default_factory=list)
    ended: list[Obj] = field(default_factory=list)


def place(owner: Obj, nodes: Iterable[Obj], pods: Iterable[Obj]) -> list[Placement]:
    """Every node with its pods; pods whose node is gone come last, under its name, and may not stay."""
    by_node: dict[str, list[Obj]] = {}
    for pod in sorted(pods, key=lambda pod: (pod["metadata"]["creationTimestamp"], pod["metadata"]["name"])):
        by_node.setdefault(node_of(pod), []).append(pod)
    spec = owner["spec"]["template"]["spec"]
    tolerations = [*(spec.get("tolerations") or ()), *own_tolerations(spec)]
    placements = []
    for node in sorted(nodes, key=lambda node: str(node["metadata"]["name"])):
        name = node["metadata"]["name"]
        should_run, may_stay = verdict(spec, tolerations, node)
        placements.append(Placement(name, should_run, may_stay, by_node.pop(name, [])))
    return placements + [Placement(name, False, False, gone) for name, gone in by_node.items()]


def verdict(spec: Obj, tolerations: list[Obj], node: Obj) -> tuple[bool, bool]:
    """Whether a pod should run on the node, and whether one that does may stay."""
    if spec.get("nodeName", node["metadata"]["name"]) != node["metadata"]["name"] or not is_wanted_node(spec, node):
        return False, False
    taints = node["spec"].get("taints") or ()
    if first_untolerated(taints, tolerations) is None:
        return True, True
    return False, first_untolerated(taints, tolerations, (NO_EXECUTE,)) is None


def plan(owner: Obj, placements: list[Placement], digest: str, is_available: IsAvailable) -> Plan:
    """The next step towards one pod of the current template on every node that should have one."""
    result = Plan()
    surge, unavailable = budgets(owner, sum(each.should_run for each in placements))
    for each in placements:
        going_or_ended = [pod for pod in each.pods if is_deleting(pod) or is_finished(pod)]
        running = [pod for pod in each.pods if pod not in going_or_ended]
        if not each.may_stay:
            result.delete += [pod for pod in each.pods if not is_deleting(pod)]
            continue
        result.ended += [pod for pod in going_or_ended if not is_deleting(pod)]
        if each.should_run and not each.pods:
            result.create.append(each.node)
        fresh = [pod for pod in running if hash_of(pod) == digest]
        old = [pod for pod in running if hash_of(pod) != digest]
        if surge and fresh and old:
            result.delete += fresh[1:] + (old if is_available(fresh[0]) else old[1:])
        else:
            result.delete += running[1:]
    if (owner["spec"].get("updateStrategy") or {}).get("type", "RollingUpdate") == "RollingUpdate":
        (_surge if surge else _replace)(result, placements, digest, is_available, surge or unavailable)
    return result


def budgets(owner: Obj, desired: int) -> tuple[int, int]:
    """maxSurge and maxUnavailable in pods, both rounded up; one of them is at least 1."""
    rolling = (owner["spec"].get("updateStrategy") or {}).get("rollingUpdate") or {}
    surge = scaled(rolling.get("maxSurge", 0), desired, up=True)
    return surge, max(scaled(rolling.get("maxUnavailable", 1), desired, up=True), 0 if surge else 1)


def _replace(
    result: Plan, placements: list[Placement], digest: str, is_available: IsAvailable, unavailable: int
) -> None:
    """Delete old pods, so that new ones take their places: first those that nobody misses."""
    missing, candidates = 0, []
    for each in placements:
        if not each.should_run:
            continue
        old = [pod for pod in each.pods[:1] if hash_of(pod) != digest and not is_deleting(pod) and not is_finished(pod)]
        if not any(map(is_available, each.pods)):
            missing += 1
            result.delete += [pod for pod in old if pod not in result.delete]
        else:
            candidates += old
    result.delete += candidates[: max(0, unavailable - missing)]


def _surge(result: Plan, placements: list[Placement], digest: str, is_available: IsAvailable, surge: int) -> None:
    """Create new pods beside old ones: at once beside one that is not available, else as many as `surge` allows."""
    begun, candidates = 0, []
    for each in placements:
        if not each.should_run or not each.pods or all(map(is_finished, each.pods)):
            continue
        fresh = [pod for pod in each.pods if hash_of(pod) == digest]
        if fresh:
            begun += len(each.pods) > len(fresh)
        elif any(map(is_available, each.pods)):
            candidates.append(each.node)
        else:
            result.create.append(each.node)
            begun += 1
    result.create += candidates[: max(0, surge - begun)]


def pod_for(owner: Obj, node: str, digest: str) -> Obj:
    """The pod that the template describes, made for one node."""
    template, meta = owner["spec"]["template"], owner["metadata"]
    wishes, spec = template.get("metadata") or {}, clone(template["spec"])
    affinity = spec.setdefault("affinity", {}).setdefault("nodeAffinity", {})
    # The template's own terms were asked when the node was chosen; the name says more.
    fields = [{"key": "metadata.name", "operator": "In", "values": [node]}]
    affinity[REQUIRED] = {"nodeSelectorTerms": [{"matchFields": fields}]}
    tolerations = spec.setdefault("tolerations", [])
    tolerations += [each for each in own_tolerations(spec) if each not in tolerations]
    metadata = {name: wishes[name] for name in ("annotations", "finalizers") if wishes.get(name)}
    metadata |= {
        "generateName": f"{meta['name']}-",
        "namespace": meta["namespace"],
        "labels": labels_of(template) | {HASH_LABEL: digest, "pod-template-generation": str(meta.get("generation", 1))},
        "ownerReferences": [owner_reference(owner)],
    }
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}


def own_tolerations(spec: Obj) -> list[Obj]:
    """What every daemon pod tolerates."""
    rows = (*TOLERATED, OF_HOST_NETWORK) if spec.get("hostNetwork") else TOLERATED
    return [{"key": key, "operator": "Exists", "effect": effect} for key, effect in rows]


def node_of(pod: Obj) -> str:
    """The node a pod runs on or was made for."""
    spec = pod["spec"]
    if spec.get("nodeName"):
        return str(spec["nodeName"])
    affinity = ((spec.get("affinity") or {}).get("nodeAffinity") or {}).get(REQUIRED) or {}
    for term in affinity.get("nodeSelectorTerms") or ():
        for each in term.get("matchFields") or ():
            if each["key"] == "metadata.name" and each.get("values"):
                return str(each["values"][0])
    return ""
