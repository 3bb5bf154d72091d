"""The EndpointSlice controller: who stands behind each Service, in slices of at most 100 endpoints.

Watches Services, pods, nodes (for their zone) and the slices it wrote. Desired: every pod behind the Service once, in a
slice of its ports; actual: the slices that carry the Service's label. Endpoints stay in the slice they are in, so that one
pod's change is one small write (and one small message to every kube-proxy) however large the Service is: first what is
there is put right, then the new ones fill the slices that change anyway, then the fullest slice with room, then new slices.
Behaves like the real one's `pkg/controller/endpointslice` and `k8s.io/endpointslice/reconciler.go`. Simplified: IPv4 only,
no topology hints.
"""

from typing import Any, NamedTuple

from core.client import Reconciler, Result
from core.client.calls import creation, deletion, replacement
from core.client.transport import WatchEvent
from core.controllers.endpointfacts import (
    HEADLESS,
    TRIGGER_TIME,
    ZONE,
    PortOf,
    by_namespace,
    facts,
    hostname_of,
    is_headless,
    pods_behind,
    ports_of,
    publishes_unready,
    selector_of,
    services_of,
    target_reference,
)
from core.controllers.podstate import node_of
from core.kube.errors import ApiError, NotFound
from core.kube.objects import Obj, annotations_of, is_deleting, labels_of, owner_reference
from core.kube.pods import is_ready
from core.kube.requests import Request, service_account
from core.kube.times import timestamp

RESOURCE = "endpointslices.discovery.k8s.io"
SERVICE_NAME = "kubernetes.io/service-name"
MANAGED_BY = "endpointslice.kubernetes.io/managed-by"
MANAGER = "endpointslice-controller.k8s.io"
ENDPOINTS_MAX = 100  # in one slice

FAILED = "Error updating Endpoint Slices for Service {namespace}/{name}: {why}"

Endpoint = dict[str, Any]


class Plan(NamedTuple):
    """What to do to the slices of one Service: endpoints by existing slice (empty: delete it), and those of new slices."""

    changed: list[tuple[Obj, list[Endpoint]]]
    unchanged: list[Obj]
    new: list[list[Endpoint]]


class EndpointSliceController(Reconciler):
    name = "endpoint-slice"
    user = service_account("kube-system", "endpointslice-controller")

    def start(self) -> None:
        self.nodes = self.informers("nodes")
        self.services = self.watch("services", namespace=by_namespace)
        self.watch("nodes", self.on_node)
        self.slices = self.watch(RESOURCE, self.on_slice, managed_service=by_service)
        self.pods = self.watch("pods", self.on_pod, namespace=by_namespace)

    def on_pod(self, event: WatchEvent) -> None:
        new = None if event.type == "DELETED" else event.object
        if facts(new) != facts(event.old):
            for key in services_of(self.services, (new, event.old)):
                self.enqueue(key, event.revision)

    def on_slice(self, event: WatchEvent) -> None:
        """Somebody deleted or changed what we wrote."""
        if event.actor != self.user.name:
            for service in by_service(event.object):
                self.enqueue(service, event.revision)

    def on_node(self, event: WatchEvent) -> None:
        """A node that changed its zone moves its endpoints; this is rare, so every Service is looked at."""
        before = labels_of(event.old).get(ZONE) if event.old else None
        if event.type != "DELETED" and labels_of(event.object).get(ZONE) != before:
            for key in self.services.objects:
                self.enqueue(key, event.revision)

    async def reconcile(self, key: str) -> Result | None:
        service: Obj | None = self.services.by_key(key)
        if service is None or not selector_of(service) or is_deleting(service):
            return None  # a deleted Service's slices are the garbage collector's
        existing = [entry for entry in self.slices.indexed("managed_service", key) if not is_deleting(entry)]
        requests = self._requests(service, existing)
        for answer in await self.client.batch(requests) if requests else ():
            if isinstance(answer, ApiError) and not isinstance(answer, NotFound):
                meta = service["metadata"]
                text = FAILED.format(namespace=meta["namespace"], name=meta["name"], why=answer.message)
                self.events.warning(service, "FailedToUpdateEndpointSlices", text)
                raise answer
        return Result(note=f"wrote {len(requests)} slices") if requests else None

    def _requests(self, service: Obj, existing: list[Obj]) -> list[Request]:
        labels = slice_labels(service)
        by_ports: dict[tuple[PortOf, ...], list[Endpoint]] = {}
        for pod in pods_behind(service, self.pods.indexed("namespace", service["metadata"]["namespace"])):
            by_ports.setdefault(ports_of(service, pod), []).append(self._endpoint(service, pod))
        slices: dict[tuple[PortOf, ...], list[Obj]] = {}
        for entry in existing:
            slices.setdefault(ports_in(entry), []).append(entry)
        if not by_ports:
            by_ports[()] = []  # a Service that nobody stands behind keeps one empty slice, so that this can be seen
        requests = []
        stamp = {TRIGGER_TIME: timestamp(self.now)}
        for ports in sorted({*by_ports, *slices}):
            plan = plan_slices(slices.get(ports, []), by_ports.get(ports, []))
            keeps_empty = ports in by_ports and not by_ports[ports]
            changed, new = list(plan.changed), list(plan.new)
            changed += [(entry, entry["endpoints"] or []) for entry in plan.unchanged if labels_of(entry) != labels]
            if keeps_empty:
                if not slices.get(ports):
                    new.append([])
                else:
                    changed = [
                        pair for pair in changed if pair[0] is not slices[ports][0] or labels_of(pair[0]) != labels
                    ]
                    if slices[ports][0]["endpoints"]:
                        changed.append((slices[ports][0], []))
            for entry, endpoints in changed:
                meta = entry["metadata"]
                if not endpoints and not (keeps_empty and entry is slices[ports][0]):
                    requests.append(deletion(RESOURCE, meta["namespace"], meta["name"]))
                    continue
                metadata = meta | {"labels": labels, "annotations": annotations_of(entry) | stamp}
                requests.append(replacement(RESOURCE, {**entry, "metadata": metadata, "endpoints": endpoints}))
            requests += [creation(RESOURCE, self._new_slice(service, labels, ports, endpoints)) for endpoints in new]
        return requests

    def _new_slice(
        self, service: Obj, labels: dict[str, str], ports: tuple[PortOf, ...], endpoints: list[Endpoint]
    ) -> Obj:
        name = service["metadata"]["name"]
        return {
            "apiVersion": "discovery.k8s.io/v1",
            "kind": "EndpointSlice",
            "metadata": {
                "generateName": f"{name}-",
                "namespace": service["metadata"]["namespace"],
                "labels": labels,
                "annotations": {TRIGGER_TIME: timestamp(self.now)},
                "ownerReferences": [owner_reference(service)],
            },
            "addressType": "IPv4",
            "endpoints": endpoints,
            "ports": [port.to_json() for port in ports],
        }

    def _endpoint(self, service: Obj, pod: Obj) -> Endpoint:
        serving, terminating = is_ready(pod), is_deleting(pod)
        ready = publishes_unready(service) or (serving and not terminating)
        endpoint: Endpoint = {
            "addresses": [pod["status"]["podIP"]],
            "conditions": {"ready": ready, "serving": serving, "terminating": terminating},
        }
        hostname = hostname_of(service, pod)
        if hostname:
            endpoint["hostname"] = hostname
        endpoint["targetRef"] = target_reference(pod)
        if node_of(pod):
            endpoint["nodeName"] = node_of(pod)
            node = self.nodes.get("", node_of(pod))
            zone = labels_of(node).get(ZONE) if node else None
            if zone:
                endpoint["zone"] = zone
        return endpoint


def plan_slices(existing: list[Obj], desired: list[Endpoint]) -> Plan:
    """Fit `desired` into the slices of one set of ports with as few writes as can be."""
    left = {endpoint["targetRef"]["uid"]: endpoint for endpoint in desired}
    changed: list[tuple[Obj, list[Endpoint]]] = []
    unchanged: list[Obj] = []
    for entry in existing:
        there = entry["endpoints"] or []
        kept = [left.pop(uid) for uid in map(_uid, there) if uid in left]
        if kept == there and kept:
            unchanged.append(entry)
        else:
            changed.append((entry, kept))
    rest = list(left.values())
    for _, endpoints in changed:
        room = ENDPOINTS_MAX - len(endpoints)
        endpoints += rest[:room]
        rest = rest[room:]
    new: list[list[Endpoint]] = []
    while rest:
        fitting = [entry for entry in unchanged if len(entry["endpoints"]) + len(rest) <= ENDPOINTS_MAX]
        if fitting:
            fullest = max(fitting, key=lambda entry: len(entry["endpoints"]))
            unchanged.remove(fullest)
            changed.append((fullest, [*fullest["endpoints"], *rest]))
            break
        new.append(rest[:ENDPOINTS_MAX])
        rest = rest[ENDPOINTS_MAX:]
    return Plan(changed, unchanged, new)


def slice_labels(service: Obj) -> dict[str, str]:
    own = {SERVICE_NAME: service["metadata"]["name"], MANAGED_BY: MANAGER}
    return labels_of(service) | own | ({HEADLESS: ""} if is_headless(service) else {})


def ports_in(entry: Obj) -> tuple[PortOf, ...]:
    return tuple(
        PortOf(port.get("name") or "", port["port"], port.get("protocol") or "TCP", port.get("appProtocol") or "")
        for port in entry.get("ports") or ()
    )


def by_service(entry: Obj) -> list[str]:
    """Index function: the Service whose slice this is, as `namespace/name`, if it is one of ours."""
    labels = labels_of(entry)
    if labels.get(MANAGED_BY) != MANAGER or not labels.get(SERVICE_NAME):
        return []
    return [f"{entry['metadata']['namespace']}/{labels[SERVICE_NAME]}"]


def _uid(endpoint: Endpoint) -> str:
    return str((endpoint.get("targetRef") or {}).get("uid", ""))
