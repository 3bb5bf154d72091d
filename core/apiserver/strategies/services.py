"""Services: cluster IPs and node ports.

An address is free when no service has it: the services themselves are the allocator's memory (the real server keeps
bitmaps and, since 1.33, IPAddress objects, because its replicas have no lock in common; here the critical section is
one). As there, random addresses come from above a small band that is left for those who ask for a particular one.
"""

import ipaddress
from typing import Any

from core.apiserver.batch import Batch
from core.apiserver.strategies import servicetypes
from core.apiserver.strategies.base import Strategy
from core.kube.errors import ApiError, Invalid
from core.kube.objects import Obj

CLUSTER_IPS = ipaddress.ip_network("10.96.0.0/12")
STATIC_BAND = 256  # addresses at the start that are never chosen at random
NODE_PORTS = range(30000, 32768)
STATIC_PORTS = 86
HEADLESS = "None"
PROBES = 64  # random tries before searching in order

TAKEN = "failed to allocate IP {ip}: provided IP is already allocated"
OUT_OF_RANGE = "failed to allocate IP {ip}: the provided network does not match the current range"
PORT_TAKEN = "provided port is already allocated"
PORT_OUT_OF_RANGE = "provided port is not in the valid range. The range of valid ports is 30000-32767"
IMMUTABLE = "may not change once set"


class ServiceStrategy(Strategy):
    returns_deleted = True

    def prepare_create(self, obj: Obj, batch: Batch) -> None:
        obj["status"] = {"loadBalancer": {}}
        allocate(obj, None, batch)

    def prepare_update(self, new: Obj, old: Obj, batch: Batch) -> None:
        super().prepare_update(new, old, batch)
        servicetypes.tidy(new, old)
        allocate(new, old, batch)


def allocate(new: Obj, old: Obj | None, batch: Batch) -> None:
    """Give `new` its addresses and ports, keeping those of `old` that it does not mention. Raises Invalid."""
    spec: Obj = new.setdefault("spec", {})
    before: Obj = old["spec"] if old else {}
    if not servicetypes.needs_cluster_ip(spec):
        return
    _allocate_ip(new, spec, before, batch)
    _allocate_ports(new, spec, before, batch)
    _allocate_health_check(new, spec, before, batch)


def _allocate_ip(new: Obj, spec: Obj, before: Obj, batch: Batch) -> None:
    if not spec.get("clusterIP"):
        spec["clusterIP"] = (spec.get("clusterIPs") or [""])[0] or before.get("clusterIP") or ""
    wanted = spec["clusterIP"]
    if before.get("clusterIP") and wanted != before["clusterIP"]:
        raise _invalid(new, "spec.clusterIPs[0]", f'["{wanted}"]', IMMUTABLE)
    if not wanted:
        spec["clusterIP"] = _free_ip(_cluster_ips(batch), batch)
    elif wanted != HEADLESS and not before.get("clusterIP"):
        _check_ip(new, wanted, batch)
    spec["clusterIPs"] = [spec["clusterIP"]]
    spec.setdefault("ipFamilies", ["IPv4"])
    spec.setdefault("ipFamilyPolicy", "SingleStack")
    spec.setdefault("internalTrafficPolicy", "Cluster")


def _check_ip(new: Obj, wanted: str, batch: Batch) -> None:
    try:
        inside = ipaddress.ip_address(wanted) in CLUSTER_IPS
    except ValueError:
        return  # validation says so better
    if not inside:
        raise _invalid(new, "spec.clusterIPs", f'["{wanted}"]', OUT_OF_RANGE.format(ip=wanted))
    if wanted in _cluster_ips(batch):
        raise _invalid(new, "spec.clusterIPs", f'["{wanted}"]', TAKEN.format(ip=wanted))


def _cluster_ips(batch: Batch) -> set[str]:
    return {obj["spec"].get("clusterIP", "") for obj in batch.all("services")}


def _free_ip(taken: set[str], batch: Batch) -> str:
    base, size = int(CLUSTER_IPS.network_address), CLUSTER_IPS.num_addresses
    for _ in range(PROBES):
        ip = str(ipaddress.ip_address(base + batch.random.randrange(STATIC_BAND, size - 1)))
        if ip not in taken:
            return ip
    for offset in range(1, size - 1):
        ip = str(ipaddress.ip_address(base + offset))
        if ip not in taken:
            return ip
    raise ApiError("failed to allocate a serviceIP: range is full", code=500)


def _allocate_ports(new: Obj, spec: Obj, before: Obj, batch: Batch) -> None:
    ports: list[dict[str, Any]] = spec.get("ports") or []
    if not isinstance(ports, list) or not all(isinstance(port, dict) for port in ports):
        return  # validation says so better
    if not servicetypes.needs_node_ports(spec):
        return
    own = {(port.get("protocol", "TCP"), port["port"]): port.get("nodePort") for port in before.get("ports") or ()}
    mine = {port.get("nodePort") for port in before.get("ports") or ()}
    taken = _taken_ports(new, batch)
    for index, port in enumerate(ports):
        protocol = port.get("protocol", "TCP")
        if not port.get("nodePort"):
            port["nodePort"] = own.get((protocol, port.get("port"))) or _free_port(protocol, taken, batch)
        elif port["nodePort"] not in mine:
            if port["nodePort"] not in NODE_PORTS:
                raise _invalid(new, f"spec.ports[{index}].nodePort", str(port["nodePort"]), PORT_OUT_OF_RANGE)
            if (protocol, port["nodePort"]) in taken:
                raise _invalid(new, f"spec.ports[{index}].nodePort", str(port["nodePort"]), PORT_TAKEN)
        taken.add((protocol, port["nodePort"]))


def _allocate_health_check(new: Obj, spec: Obj, before: Obj, batch: Batch) -> None:
    """A port at which each node tells a load balancer whether it has an endpoint. Raises Invalid."""
    if not servicetypes.needs_health_check(spec):
        return
    taken = _taken_ports(new, batch) | {("TCP", port.get("nodePort", 0)) for port in spec.get("ports") or ()}
    known, asked = before.get("healthCheckNodePort"), spec.get("healthCheckNodePort")
    if not asked:
        spec["healthCheckNodePort"] = known or _free_port("TCP", taken, batch)
    elif asked != known and asked not in NODE_PORTS:
        raise _invalid(new, "spec.healthCheckNodePort", str(asked), PORT_OUT_OF_RANGE)
    elif asked != known and ("TCP", asked) in taken:
        raise _invalid(new, "spec.healthCheckNodePort", str(asked), PORT_TAKEN)


def _taken_ports(new: Obj, batch: Batch) -> set[tuple[str, int]]:
    """(protocol, port) of every node port that another service has."""
    taken: set[tuple[str, int]] = set()
    for other in batch.all("services"):
        if other["metadata"].get("uid") == new["metadata"].get("uid"):
            continue
        spec = other["spec"]
        taken |= {
            (port.get("protocol", "TCP"), port["nodePort"]) for port in spec.get("ports") or () if "nodePort" in port
        }
        if "healthCheckNodePort" in spec:
            taken.add(("TCP", spec["healthCheckNodePort"]))
    return taken


def _free_port(protocol: str, taken: set[tuple[str, int]], batch: Batch) -> int:
    free = [port for port in NODE_PORTS[STATIC_PORTS:] if (protocol, port) not in taken]
    free = free or [port for port in NODE_PORTS if (protocol, port) not in taken]
    if not free:
        raise ApiError("failed to allocate a nodePort: range is full", code=500)
    return batch.random.choice(free)


def _invalid(obj: Obj, field: str, value: str, why: str) -> Invalid:
    name, message = obj["metadata"].get("name", ""), f"Invalid value: {value}: {why}"
    return Invalid(
        f'Service "{name}" is invalid: {field}: {message}',
        details={
            "name": name,
            "kind": "Service",
            "causes": [{"reason": "FieldValueInvalid", "message": message, "field": field}],
        },
    )
