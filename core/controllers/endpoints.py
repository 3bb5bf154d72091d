"""The Endpoints controller: for each Service with a selector one Endpoints object, the list of who stands behind it.

Watches Services and pods. Desired: an object of the Service's name whose subsets list the ready addresses and the others
apart; actual: the object that is there. Written only when it would say something new; because a reconcile reads all pods
at once, any number of pods that changed since the last one cost a single write. Services without a selector are left to
whoever writes their endpoints. Behaves like the real one's `pkg/controller/endpoint/endpoints_controller.go`; new clients
read EndpointSlices instead.
"""

from contextlib import suppress
from typing import Any

from core.client import Reconciler, Result
from core.client.transport import WatchEvent
from core.controllers.endpointfacts import (
    HEADLESS,
    TRIGGER_TIME,
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
from core.kube.errors import NotFound
from core.kube.objects import Obj, annotations_of, is_deleting, labels_of
from core.kube.pods import is_ready
from core.kube.requests import service_account
from core.kube.times import timestamp

MANAGED_BY = {"endpoints.kubernetes.io/managed-by": "endpoint-controller"}
OVER_CAPACITY = "endpoints.kubernetes.io/over-capacity"
ADDRESSES_MAX = 1000


class EndpointsController(Reconciler):
    name = "endpoint"
    user = service_account("kube-system", "endpoint-controller")

    def start(self) -> None:
        self.services = self.watch("services", namespace=by_namespace)
        self.endpoints = self.watch("endpoints", self.on_endpoints)
        self.pods = self.watch("pods", self.on_pod, namespace=by_namespace)

    def on_pod(self, event: WatchEvent) -> None:
        new = None if event.type == "DELETED" else event.object
        if facts(new) != facts(event.old):
            for key in services_of(self.services, (new, event.old)):
                self.enqueue(key, event.revision)

    def on_endpoints(self, event: WatchEvent) -> None:
        """Somebody deleted or changed what we wrote."""
        if event.actor != self.user.name:
            self.enqueue(event.key, event.revision)

    async def reconcile(self, key: str) -> Result | None:
        service: Obj | None = self.services.by_key(key)
        current: Obj | None = self.endpoints.by_key(key)
        namespace, _, name = key.partition("/")
        if service is None:
            if current is not None and MANAGED_BY.items() <= labels_of(current).items():
                await self._delete(namespace, name)
            return None
        if not selector_of(service) or is_deleting(service):
            return None
        desired, over = subsets(service, self.pods.indexed("namespace", namespace))
        labels = labels_of(service) | MANAGED_BY | ({HEADLESS: ""} if is_headless(service) else {})
        if current is not None and (current.get("subsets") or []) == desired and labels_of(current) == labels:
            return None
        annotations = annotations_of(current) if current else annotations_of(service)
        annotations = annotations | {TRIGGER_TIME: timestamp(self.now)}
        annotations.pop("kubectl.kubernetes.io/last-applied-configuration", None)
        annotations.pop(OVER_CAPACITY, None)
        if over:
            annotations[OVER_CAPACITY] = "truncated"
        metadata = {"name": name, "namespace": namespace, "labels": labels, "annotations": annotations}
        fresh: Obj = {"apiVersion": "v1", "kind": "Endpoints", "metadata": metadata}
        if desired:
            fresh["subsets"] = desired
        if current is None:
            await self.client.create("endpoints", fresh)
        else:
            metadata["resourceVersion"] = current["metadata"]["resourceVersion"]
            await self.client.update("endpoints", fresh)
        return None

    async def _delete(self, namespace: str, name: str) -> None:
        with suppress(NotFound):
            await self.client.delete("endpoints", namespace, name)


def subsets(service: Obj, pods: list[Obj]) -> tuple[list[dict[str, Any]], bool]:
    """The subsets, one for each set of ports that some pods share; and whether addresses had to be left out."""
    groups: dict[tuple[PortOf, ...], tuple[list[Obj], list[Obj]]] = {}
    behind = [pod for pod in pods_behind(service, pods) if publishes_unready(service) or not is_deleting(pod)]
    for pod in behind[:ADDRESSES_MAX]:
        ready, unready = groups.setdefault(ports_of(service, pod), ([], []))
        (ready if is_ready(pod) or publishes_unready(service) else unready).append(_address(service, pod))
    found = []
    for ports in sorted(groups):
        if not ports and not is_headless(service):
            continue
        subset: dict[str, Any] = {}
        for field, addresses in zip(("addresses", "notReadyAddresses"), groups[ports], strict=True):
            if addresses:
                subset[field] = sorted(addresses, key=lambda address: str(address["ip"]))
        if ports:
            subset["ports"] = [_port(port) for port in ports]
        found.append(subset)
    return found, len(behind) > ADDRESSES_MAX


def _address(service: Obj, pod: Obj) -> dict[str, Any]:
    address: dict[str, Any] = {"ip": pod["status"]["podIP"]}
    hostname = hostname_of(service, pod)
    if hostname:
        address["hostname"] = hostname
    if node_of(pod):
        address["nodeName"] = node_of(pod)
    return address | {"targetRef": target_reference(pod)}


def _port(port: PortOf) -> dict[str, Any]:
    """Here, unlike in a slice, a port without a name has no `name` at all."""
    entry = port.to_json()
    if not port.name:
        del entry["name"]
    return entry
