"""Reading a pod: its phase and readiness, what it asks of a node, its class of service.

Reference: kubernetes `pkg/api/v1/pod`, component-helpers `resource/helpers.go`, `pkg/apis/core/v1/helper/qos`.
"""

from collections.abc import Iterator

from core.kube.objects import Obj, is_true
from core.kube.quantities import Amounts, amounts, compare, counts, increase

GUARANTEED, BURSTABLE, BEST_EFFORT = "Guaranteed", "Burstable", "BestEffort"
FINISHED = ("Succeeded", "Failed")
ANY_ADDRESS = "0.0.0.0"  # what an absent hostIP means


def is_extended(resource: str) -> bool:
    """Whether somebody outside Kubernetes counts it, as `example.com/dongle` (v1helper.IsExtendedResourceName)."""
    domain, slash, _ = resource.partition("/")
    return bool(slash) and "kubernetes.io/" not in resource and not domain.startswith("requests.")


def is_finished(pod: Obj) -> bool:
    """Whether its containers ended and will not run again."""
    return (pod.get("status") or {}).get("phase") in FINISHED


def is_ready(pod: Obj) -> bool:
    return is_true(pod, "Ready")


def containers_of(spec: Obj) -> Iterator[Obj]:
    """Init containers, then containers."""
    yield from spec.get("initContainers") or ()
    yield from spec.get("containers") or ()


def is_sidecar(container: Obj) -> bool:
    """An init container that keeps running beside the others."""
    return container.get("restartPolicy") == "Always"


def resources_of(spec: Obj, field: str = "requests") -> Amounts:
    """What a pod takes (`requests`) or may take (`limits`).

    Containers and sidecars add up. Init containers run one after another before them, so the largest of them, beside the
    sidecars already started, counts if it is more. What the spec says for the pod as a whole (`spec.resources`) counts
    instead of all that. The sandbox's overhead comes on top.
    """
    running: Amounts = {}
    for container in spec.get("containers") or ():
        increase(running, _listed(container, field))
    sidecars: Amounts = {}
    starting: Amounts = {}
    for container in spec.get("initContainers") or ():
        listed = _listed(container, field)
        if is_sidecar(container):
            increase(running, listed)
            increase(sidecars, listed)
            _raise(starting, sidecars)
        else:
            increase(listed, sidecars)
            _raise(starting, listed)
    _raise(running, starting)
    running |= _listed(spec, field)
    overhead = amounts(spec.get("overhead"))
    if overhead:
        increase(running, overhead if field == "requests" else {n: v for n, v in overhead.items() if n in running})
    return running


def requests_of(pod: Obj) -> dict[str, int]:
    """What the pod asks of a node, in the units nodes count in: thousandths of a core, bytes, pieces."""
    return counts(resources_of(pod.get("spec") or {}))


def qos_class(spec: Obj) -> str:
    """Guaranteed when every container is limited to the cpu and memory it requests, BestEffort when none says anything."""
    is_guaranteed, is_any = True, False
    for container in containers_of(spec):
        resources = container.get("resources") or {}
        limits, requests = resources.get("limits") or {}, resources.get("requests") or {}
        for name in ("cpu", "memory"):
            limit, request = limits.get(name), requests.get(name, limits.get(name))
            is_any = is_any or limit is not None or request is not None
            if limit is None or request is None or compare(limit, request):
                is_guaranteed = False
    if not is_any:
        return BEST_EFFORT
    return GUARANTEED if is_guaranteed else BURSTABLE


def host_ports(spec: Obj) -> list[tuple[str, str, int]]:
    """(address, protocol, port) on the node that the pod wants for itself."""
    return [
        (port.get("hostIP") or ANY_ADDRESS, port.get("protocol", "TCP"), port["hostPort"])
        for container in containers_of(spec)
        for port in container.get("ports") or ()
        if port.get("hostPort")
    ]


def _listed(container: Obj, field: str) -> Amounts:
    return amounts((container.get("resources") or {}).get(field))


def _raise(into: Amounts, other: Amounts) -> None:
    for name, value in other.items():
        into[name] = max(into.get(name, value), value)
