"""What kube-proxy reads: each port of each Service that has a virtual IP, with the endpoints behind it.

From Services and their EndpointSlices, as `pkg/proxy` keeps its `ServicePortMap` and `EndpointsMap`. Headless Services and
ExternalName ones have no virtual IP; DNS alone serves them. IPv4 only.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from core.kube.objects import Obj, labels_of

SERVICE_NAME_LABEL = "kubernetes.io/service-name"
CLIENT_IP_SECONDS = 10800  # the API server's default for sessionAffinityConfig


@dataclass(frozen=True, slots=True, order=True)
class Endpoint:
    """One address behind a port, as `ip:port`; ordered by it, which fixes the order of the rules."""

    address: str
    node: str
    ready: bool
    serving: bool
    terminating: bool

    @property
    def ip(self) -> str:
        return self.address.partition(":")[0]


@dataclass(frozen=True, slots=True)
class ServicePort:
    """`name` is `namespace/service:port`, without the colon when the port has no name."""

    name: str
    protocol: str
    cluster_ip: str
    port: int
    node_port: int
    external_ips: tuple[str, ...]
    load_balancer_ips: tuple[str, ...]
    affinity_seconds: int  # 0: none
    is_internal_local: bool
    is_external_local: bool
    health_check_port: int
    endpoints: tuple[Endpoint, ...]

    @property
    def is_external(self) -> bool:
        """Whether it can be reached from outside the cluster."""
        return bool(self.node_port or self.external_ips or self.load_balancer_ips)

    @property
    def depends_on_node(self) -> bool:
        """Whether the rules differ from node to node: some traffic may only go to endpoints of the same node."""
        return self.is_internal_local or (self.is_external_local and self.is_external)

    def usable(self) -> list[Endpoint]:
        """Where traffic goes: ready endpoints, or, when none is, those that still serve while they terminate."""
        return _usable(self.endpoints)

    def local(self, node: str) -> list[Endpoint]:
        return _usable(endpoint for endpoint in self.endpoints if endpoint.node == node)


def _usable(endpoints: Iterable[Endpoint]) -> list[Endpoint]:
    listed = list(endpoints)
    ready = [endpoint for endpoint in listed if endpoint.ready]
    return ready or [endpoint for endpoint in listed if endpoint.serving and endpoint.terminating]


def service_ports(service: Obj, slices: Iterable[Obj]) -> Iterator[ServicePort]:
    """The ports of one Service; none when it has no virtual IP."""
    meta, spec = service["metadata"], service["spec"]
    cluster_ip = spec.get("clusterIP") or "None"
    if cluster_ip == "None" or spec.get("type") == "ExternalName" or ":" in cluster_ip:
        return
    own = [each for each in slices if each.get("addressType", "IPv4") == "IPv4"]
    affinity = 0
    if spec.get("sessionAffinity") == "ClientIP":
        affinity = ((spec.get("sessionAffinityConfig") or {}).get("clientIP") or {}).get(
            "timeoutSeconds", CLIENT_IP_SECONDS
        )
    ingress = ((service.get("status") or {}).get("loadBalancer") or {}).get("ingress") or ()
    for port in spec.get("ports") or ():
        name = f"{meta['namespace']}/{meta['name']}"
        yield ServicePort(
            name=f"{name}:{port['name']}" if port.get("name") else name,
            protocol=port.get("protocol", "TCP").lower(),
            cluster_ip=cluster_ip,
            port=port["port"],
            node_port=port.get("nodePort", 0),
            external_ips=tuple(spec.get("externalIPs") or ()),
            load_balancer_ips=tuple(
                each["ip"] for each in ingress if each.get("ip") and each.get("ipMode", "VIP") == "VIP"
            ),
            affinity_seconds=affinity,
            is_internal_local=spec.get("internalTrafficPolicy") == "Local",
            is_external_local=spec.get("externalTrafficPolicy") == "Local",
            health_check_port=spec.get("healthCheckNodePort", 0),
            endpoints=tuple(sorted(_endpoints(own, port.get("name", ""), port.get("protocol", "TCP")))),
        )


def _endpoints(slices: Iterable[Obj], port_name: str, protocol: str) -> Iterator[Endpoint]:
    seen = set()
    for each in slices:
        for port in each.get("ports") or ():
            if (port.get("name") or "") != port_name or port.get("protocol", "TCP") != protocol:
                continue
            for endpoint in each.get("endpoints") or ():
                conditions = endpoint.get("conditions") or {}
                address = f"{endpoint['addresses'][0]}:{port['port']}"
                if address in seen:
                    continue
                seen.add(address)
                # What is not said counts as ready (discovery/v1 EndpointConditions).
                ready = conditions.get("ready") is not False
                serving = conditions.get("serving", ready) is not False
                yield Endpoint(
                    address, endpoint.get("nodeName", ""), ready, serving, bool(conditions.get("terminating"))
                )


def service_of_slice(obj: Obj) -> str:
    """`namespace/name` of the Service a slice belongs to; empty when it belongs to none."""
    name = labels_of(obj).get(SERVICE_NAME_LABEL)
    return f"{obj['metadata']['namespace']}/{name}" if name else ""
