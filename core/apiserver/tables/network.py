"""The tables of services, what stands behind them, and what leads to them."""

from typing import Any

from core.apiserver.tables.columns import (
    AGE,
    NAME,
    NONE,
    UNSET,
    WIDE,
    Column,
    at,
    first_of,
    joined,
    labels_text,
    selector_text,
    text,
)
from core.kube.objects import Obj

LOAD_BALANCER_WIDTH = 16  # characters of the addresses shown; `-o wide` of the real one is not known to the server


def _cluster_ip(service: Obj, now: float) -> str:
    addresses = at(service, "spec", "clusterIPs", default=())
    found: str = addresses[0] if addresses else at(service, "spec", "clusterIP", default=NONE)
    return found or NONE


def _external_ip(service: Obj, now: float) -> str:
    spec = at(service, "spec", default={})
    external = list(spec.get("externalIPs") or ())
    match spec.get("type", "ClusterIP"):
        case "ExternalName":
            name: str = spec.get("externalName", NONE)
            return name
        case "LoadBalancer":
            ingress = at(service, "status", "loadBalancer", "ingress", default=())
            given = joined((entry.get("ip") or entry.get("hostname", "") for entry in ingress), empty="")
            if len(given) > LOAD_BALANCER_WIDTH:
                given = given[: LOAD_BALANCER_WIDTH - 3] + "..."
            return joined([*filter(None, [given]), *external], empty="<pending>")
        case _:
            return joined(external)


def _ports(service: Obj, now: float) -> str:
    def one(port: Obj) -> str:
        node_port = f":{port['nodePort']}" if port.get("nodePort") else ""
        return f"{port['port']}{node_port}/{port.get('protocol', 'TCP')}"

    return joined(one(port) for port in at(service, "spec", "ports", default=()))


SERVICES = (
    NAME,
    text("Type", "spec", "type", default="ClusterIP", description="How the Service is exposed."),
    Column("Cluster-IP", _cluster_ip, description="The virtual address of the service."),
    Column("External-IP", _external_ip, description="Addresses for which nodes also accept traffic."),
    Column("Port(s)", _ports, description="The ports that are exposed by this service."),
    AGE,
    Column(
        "Selector",
        lambda obj, now: labels_text(at(obj, "spec", "selector")),
        priority=WIDE,
        description="Traffic is routed to pods with these labels.",
    ),
)


def _endpoints(obj: Obj, now: float) -> str:
    listed = []
    for subset in at(obj, "subsets", default=()):
        for address in subset.get("addresses") or ():
            ports = subset.get("ports") or ()
            ip = f"[{address['ip']}]" if ports and ":" in address["ip"] else address["ip"]
            listed += [f"{ip}:{port['port']}" for port in ports] or [ip]
    return first_of(listed)


ENDPOINTS = (NAME, Column("Endpoints", _endpoints), AGE)


def _slice_ports(obj: Obj, now: float) -> str:
    ports = obj.get("ports") or ()
    if not ports:
        return UNSET
    return first_of(["*" if port.get("port") is None else str(port["port"]) for port in ports])


def _slice_endpoints(obj: Obj, now: float) -> str:
    addresses = [address for endpoint in obj.get("endpoints") or () for address in endpoint.get("addresses") or ()]
    return first_of(addresses) if addresses else UNSET


ENDPOINT_SLICES = (
    NAME,
    text("AddressType", "addressType"),
    Column("Ports", _slice_ports),
    Column("Endpoints", _slice_endpoints),
    AGE,
)


def _hosts(ingress: Obj, now: float) -> str:
    return first_of([rule["host"] for rule in at(ingress, "spec", "rules", default=()) if rule.get("host")]).replace(
        NONE, "*"
    )


def _address(ingress: Obj, now: float) -> str:
    entries = at(ingress, "status", "loadBalancer", "ingress", default=())
    return ",".join(entry.get("ip") or entry.get("hostname", "") for entry in entries)


INGRESSES = (
    NAME,
    text("Class", "spec", "ingressClassName", default=NONE),
    Column("Hosts", _hosts),
    Column("Address", _address),
    Column("Ports", lambda obj, now: "80, 443" if at(obj, "spec", "tls") else "80"),
    AGE,
)


def _parameters(obj: Obj, now: float) -> str:
    reference: Any = at(obj, "spec", "parameters")
    if not reference:
        return NONE
    group = f".{reference['apiGroup']}" if reference.get("apiGroup") else ""
    return f"{reference['kind']}{group}/{reference['name']}"


INGRESS_CLASSES = (NAME, text("Controller", "spec", "controller"), Column("Parameters", _parameters), AGE)
NETWORK_POLICIES = (
    NAME,
    Column("Pod-Selector", lambda obj, now: selector_text(at(obj, "spec", "podSelector"))),
    AGE,
)
SERVICE_CIDRS = (NAME, Column("CIDRs", lambda obj, now: joined(at(obj, "spec", "cidrs", default=()))), AGE)


def _parent(obj: Obj, now: float) -> str:
    parent = at(obj, "spec", "parentRef", default={})
    return "/".join(filter(None, (parent.get("resource"), parent.get("namespace"), parent.get("name"))))


IP_ADDRESSES = (NAME, Column("ParentRef", _parent))
