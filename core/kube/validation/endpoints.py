"""Endpoints and EndpointSlices: addresses that can be reached, by ports that have names where there are several.

Reference: kubernetes `pkg/apis/core/validation` (ValidateEndpoints), `pkg/apis/discovery/validation`.
"""

import ipaddress
from collections.abc import Iterator

from core.kube import formats
from core.kube.causes import Cause, duplicate, invalid_value, not_supported, required, too_many
from core.kube.objects import Obj
from core.kube.validation.common import checked, immutable, labels, one_of
from core.kube.validation.pods.containers import PROTOCOLS
from core.kube.validation.services import reachable_address

ADDRESS_TYPES = ("FQDN", "IPv4", "IPv6")
ENDPOINTS_MAX, ADDRESSES_MAX, PORTS_MAX, TOPOLOGY_MAX, ZONES_MAX = 1000, 100, 20000, 16, 8

NO_ADDRESSES = "must specify `addresses` or `notReadyAddresses`"
ONE_ADDRESS = "must contain at least 1 address"
NOT_OF_FAMILY = {"IPv4": "must be an IPv4 address", "IPv6": "must be an IPv6 address"}


def endpoints(obj: Obj) -> Iterator[Cause]:
    for index, subset in enumerate(obj.get("subsets") or ()):
        path = f"subsets[{index}]"
        if not subset.get("addresses") and not subset.get("notReadyAddresses"):
            yield required(path, NO_ADDRESSES)
        for kind in ("addresses", "notReadyAddresses"):
            for number, address in enumerate(subset.get(kind) or ()):
                yield from _address(address, f"{path}.{kind}[{number}]")
        ports = subset.get("ports") or []
        for number, port in enumerate(ports):
            yield from _port(port, f"{path}.ports[{number}]", needs_name=len(ports) > 1)


def _address(address: Obj, field: str) -> Iterator[Cause]:
    if formats.ip_address(address.get("ip", "")):
        yield invalid_value(f"{field}.ip", address.get("ip", ""), formats.IP_ADDRESS)
    if address.get("hostname"):
        yield from checked(f"{field}.hostname", address["hostname"], formats.dns_label)
    if "nodeName" in address:
        yield from checked(f"{field}.nodeName", address["nodeName"], formats.dns_subdomain)
    if not formats.ip_address(address.get("ip", "")):
        yield from checked(f"{field}.ip", address["ip"], formats.special_address)


def _port(port: Obj, field: str, *, needs_name: bool) -> Iterator[Cause]:
    if port.get("name"):
        yield from checked(f"{field}.name", port["name"], formats.dns_label)
    elif needs_name:
        yield required(f"{field}.name")
    yield from checked(f"{field}.port", port.get("port", 0), formats.port_number)
    yield from one_of(f"{field}.protocol", port.get("protocol"), PROTOCOLS)
    if "appProtocol" in port:
        yield from checked(f"{field}.appProtocol", port["appProtocol"], formats.qualified_name)


def endpointslice(obj: Obj) -> Iterator[Cause]:
    kind, entries = obj.get("addressType", ""), obj.get("endpoints") or []
    yield from one_of("addressType", kind, ADDRESS_TYPES)
    if len(entries) > ENDPOINTS_MAX:
        yield too_many("endpoints", len(entries), ENDPOINTS_MAX)
    else:
        for index, endpoint in enumerate(entries):
            yield from _endpoint(endpoint, kind, f"endpoints[{index}]")
    ports = obj.get("ports") or []
    if len(ports) > PORTS_MAX:
        yield too_many("ports", len(ports), PORTS_MAX)
        return
    names: set[str] = set()
    for index, port in enumerate(ports):
        path, name = f"ports[{index}]", port.get("name") or ""
        if name:
            yield from checked(f"{path}.name", name, formats.dns_label)
        if name in names:
            yield duplicate(f"{path}.name", name)
        names.add(name)
        if port.get("protocol", "TCP") not in PROTOCOLS:
            yield not_supported(f"{path}.protocol", port["protocol"], PROTOCOLS)
        if "appProtocol" in port:
            yield from checked(f"{path}.appProtocol", port["appProtocol"], formats.qualified_name)


def _endpoint(endpoint: Obj, kind: str, field: str) -> Iterator[Cause]:
    addresses = endpoint.get("addresses") or []
    if not addresses:
        yield required(f"{field}.addresses", ONE_ADDRESS)
    elif len(addresses) > ADDRESSES_MAX:
        yield too_many(f"{field}.addresses", len(addresses), ADDRESSES_MAX)
    for index, address in enumerate(addresses):
        yield from _of_type(f"{field}.addresses[{index}]", address, kind)
    if "nodeName" in endpoint:
        yield from checked(f"{field}.nodeName", endpoint["nodeName"], formats.dns_subdomain)
    topology = endpoint.get("deprecatedTopology") or {}
    if len(topology) > TOPOLOGY_MAX:
        yield too_many(f"{field}.deprecatedTopology", len(topology), TOPOLOGY_MAX)
    yield from labels(f"{field}.deprecatedTopology", topology)
    if "hostname" in endpoint:
        yield from checked(f"{field}.hostname", endpoint["hostname"], formats.dns_label)
    zones = (endpoint.get("hints") or {}).get("forZones") or []
    if len(zones) > ZONES_MAX:
        yield too_many(f"{field}.hints.forZones", len(zones), ZONES_MAX)
        return
    seen: set[str] = set()
    for index, zone in enumerate(zones):
        path, name = f"{field}.hints.forZones[{index}].name", zone.get("name", "")
        if name in seen:
            yield duplicate(path, name)
        seen.add(name)
        yield from checked(path, name, formats.label_value)


def _of_type(field: str, address: str, kind: str) -> Iterator[Cause]:
    if kind == "FQDN":
        yield from domain_name(field, address)
    elif kind in NOT_OF_FAMILY:
        if not formats.ip_address(address) and ipaddress.ip_address(address).version != int(kind[-1]):
            yield invalid_value(field, address, NOT_OF_FAMILY[kind])
        yield from reachable_address(field, address)


def domain_name(field: str, name: str) -> Iterator[Cause]:
    """A fully qualified domain name, with or without its last dot."""
    if not name:
        yield required(field)
        return
    name = name.removesuffix(".")
    yield from checked(field, name, formats.dns_subdomain)
    if len(name.split(".")) < 2:
        yield invalid_value(field, name, formats.TWO_SEGMENTS)
    for label in name.split("."):
        yield from checked(field, label, formats.dns_label)


def endpointslice_update(new: Obj, old: Obj) -> Iterator[Cause]:
    yield from immutable("addressType", new.get("addressType"), old.get("addressType"))
