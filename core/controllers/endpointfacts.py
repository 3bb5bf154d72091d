"""Which pods stand behind a Service, on which ports, and how well they are: what Endpoints and EndpointSlices both say.

A pod is an endpoint when the Service's selector matches it, it has an address and has not ended. `serving` is its
readiness; `terminating`, that it is being deleted; `ready`, that it should get new connections: serving and not
terminating, or anything at all when the Service asks to `publishNotReadyAddresses`. Pure functions. Reference:
`k8s.io/endpointslice/utils.go`, `pkg/controller/util/endpoint`.
"""

from collections.abc import Iterable
from typing import Any, NamedTuple

from core.client import Informer
from core.controllers.podstate import node_of
from core.kube.objects import Key, Obj, is_deleting, labels_of
from core.kube.pods import is_finished, is_ready

TRIGGER_TIME = "endpoints.kubernetes.io/last-change-trigger-time"
HEADLESS = "service.kubernetes.io/headless"
ZONE = "topology.kubernetes.io/zone"


class PortOf(NamedTuple):
    """One port of a Service as one pod answers it."""

    name: str
    port: int
    protocol: str
    app_protocol: str

    def to_json(self) -> dict[str, Any]:
        entry: dict[str, Any] = {"name": self.name, "protocol": self.protocol, "port": self.port}
        return entry | {"appProtocol": self.app_protocol} if self.app_protocol else entry


def by_namespace(obj: Obj) -> list[str]:
    """Index function: the namespace."""
    return [obj["metadata"].get("namespace", "")]


def selector_of(service: Obj) -> dict[str, str]:
    """Empty when somebody else writes the Service's endpoints, or there are none to write (ExternalName)."""
    spec = service["spec"]
    return {} if spec.get("type") == "ExternalName" else spec.get("selector") or {}


def is_headless(service: Obj) -> bool:
    return bool(service["spec"].get("clusterIP") == "None")


def publishes_unready(service: Obj) -> bool:
    return bool(service["spec"].get("publishNotReadyAddresses"))


def pods_behind(service: Obj, pods: Iterable[Obj]) -> list[Obj]:
    """The pods of `pods` that the selector matches and that have an address, in the order given."""
    selector = selector_of(service).items()
    return [
        pod
        for pod in pods
        if selector <= labels_of(pod).items() and (pod.get("status") or {}).get("podIP") and not is_finished(pod)
    ]


def ports_of(service: Obj, pod: Obj) -> tuple[PortOf, ...]:
    """The Service's ports on this pod; one named by a name that the pod does not have is left out."""
    found = []
    for port in service["spec"].get("ports") or ():
        number = target_port(port, pod)
        if number is not None:
            found.append(PortOf(port.get("name", ""), number, port.get("protocol", "TCP"), port.get("appProtocol", "")))
    return tuple(found)


def target_port(port: Obj, pod: Obj) -> int | None:
    """`targetPort` is a number, or the name of a container's port; without one it is the Service's own number."""
    target = port.get("targetPort") or port["port"]
    if isinstance(target, int):
        return target
    protocol = port.get("protocol", "TCP")
    for container in pod["spec"]["containers"]:
        for entry in container.get("ports") or ():
            if entry.get("name") == target and entry.get("protocol", "TCP") == protocol:
                return int(entry["containerPort"])
    return None


def target_reference(pod: Obj) -> dict[str, str]:
    meta = pod["metadata"]
    return {"kind": "Pod", "namespace": meta["namespace"], "name": meta["name"], "uid": meta["uid"]}


def hostname_of(service: Obj, pod: Obj) -> str:
    """The pod's own DNS name below a headless Service of its subdomain."""
    spec = pod["spec"]
    return str(spec.get("hostname") or "") if spec.get("subdomain") == service["metadata"]["name"] else ""


def facts(pod: Obj | None) -> tuple[Any, ...] | None:
    """Everything about a pod that an endpoint says; when it is the same before and after, no Service needs a look."""
    if pod is None:
        return None
    status = pod.get("status") or {}
    return (status.get("podIP"), is_ready(pod), is_deleting(pod), is_finished(pod), node_of(pod), labels_of(pod))


def services_of(services: Informer, pods: Iterable[Obj | None]) -> list[Key]:
    """The Services that select one of `pods` (of one namespace), in the order they came."""
    found: dict[Key, None] = {}
    for pod in pods:
        if pod is None:
            continue
        labels = labels_of(pod).items()
        for service in services.indexed("namespace", pod["metadata"]["namespace"]):
            selector = selector_of(service)
            if selector and selector.items() <= labels:
                found[Key(service["metadata"]["namespace"], service["metadata"]["name"])] = None
    return list(found)
