"""Ingresses, NetworkPolicies, and the addresses that services take theirs from.

Reference: kubernetes `pkg/apis/networking/validation`.
"""

import ipaddress
from collections.abc import Iterator
from typing import Any

from core.kube import formats
from core.kube.causes import Cause, forbidden, invalid_value, not_supported, required
from core.kube.objects import Obj
from core.kube.validation.common import checked, immutable, label_selector
from core.kube.validation.golang import struct
from core.kube.validation.jobs import domain_path
from core.kube.validation.pods.probes import port as port_or_name
from core.kube.validation.services import load_balancer

PROTOCOLS = ("TCP", "UDP", "SCTP")
PATH_TYPES = ("Exact", "ImplementationSpecific", "Prefix")
DIRECTIONS = (("ingress", "from"), ("egress", "to"))
CLASS_ANNOTATION = "kubernetes.io/ingress.class"
CONTROLLER_MAX = 250

NO_BACKEND = "either `defaultBackend` or `rules` must be specified"
NAME_NOT_IP = "must be a DNS name, not an IP address"
TYPE_NEEDED = "pathType must be specified"
ABSOLUTE_PATH = "must be an absolute path"
PATH_PARTS, PATH_ENDS = ("//", "/./", "/../", "%2f", "%2F"), ("/..", "/.")
BAD_PART, BAD_END = "must not contain '{part}'", "cannot end with '{part}'"
BOTH_BACKENDS = "cannot set both resource and service backends"
NEITHER_BACKEND = "resource or service backend is required"
BOTH_PORTS = "cannot set both port name & port number"
NEITHER_PORT = "port name or number is required"
KIND_NEEDED, NAME_NEEDED = "kind is required", "name is required"
CLASS_TWICE = "can not be set when the class field is also set"
NAMESPACE_NEEDED = "`parameters.scope` is set to 'Namespace'"
NAMESPACE_UNUSED = "`parameters.scope` is set to 'Cluster'"
PEER_NEEDED = "must specify a peer"
BLOCK_ALONE = "may not specify both ipBlock and another peer"
END_BELOW = "must be greater than or equal to `port`"
END_OF_NAME = "may not be specified when `port` is non-numeric"
END_OF_NOTHING = "may not be specified when `port` is not specified"
NOT_INSIDE = "must be a strict subset of `cidr`"
TWO_TYPES = "may not specify more than two policyTypes"
RANGE_NEEDED = "at least one CIDR required"
TWO_RANGES = "may only hold up to 2 values"
ONE_PER_FAMILY = "may specify no more than one IP for each IP family, i.e 192.168.0.0/24 and 2001:db8::/64"


def ingress(obj: Obj) -> Iterator[Cause]:
    spec: Obj = obj.get("spec") or {}
    if not spec.get("rules") and "defaultBackend" not in spec:
        yield invalid_value("spec", spec.get("rules"), NO_BACKEND)
    if "defaultBackend" in spec:
        yield from _backend(spec["defaultBackend"], "spec.defaultBackend")
    for index, rule in enumerate(spec.get("rules") or ()):
        yield from _rule(rule, f"spec.rules[{index}]")
    for index, entry in enumerate(spec.get("tls") or ()):
        path = f"spec.tls[{index}]"
        for number, host in enumerate(entry.get("hosts") or ()):
            yield from _host(f"{path}.hosts[{number}]", host)
        if entry.get("secretName"):
            yield from checked(f"{path}.secretName", entry["secretName"], formats.dns_subdomain)
    if "ingressClassName" in spec:
        yield from checked("spec.ingressClassName", spec["ingressClassName"], formats.dns_subdomain)


def _rule(rule: Obj, field: str) -> Iterator[Cause]:
    host = rule.get("host", "")
    if host:
        if not formats.ip_address(host):
            yield invalid_value(f"{field}.host", host, NAME_NOT_IP)
        yield from _host(f"{field}.host", host)
    if "http" in rule:
        paths = rule["http"].get("paths") or []
        if not paths:
            yield required(f"{field}.http.paths")
        for number, path in enumerate(paths):
            yield from _path(path, f"{field}.http.paths[{number}]")


def _host(field: str, host: str) -> Iterator[Cause]:
    check = formats.wildcard_subdomain if "*" in host else formats.dns_subdomain
    yield from checked(field, host, check)


def _path(path: Obj, field: str) -> Iterator[Cause]:
    kind, text = path.get("pathType"), path.get("path", "")
    if kind is None:
        yield required(f"{field}.pathType", TYPE_NEEDED)
        return
    if kind in ("Exact", "Prefix"):
        if not text.startswith("/"):
            yield invalid_value(f"{field}.path", text, ABSOLUTE_PATH)
        for part in PATH_PARTS if text else ():
            if part in text:
                yield invalid_value(f"{field}.path", text, BAD_PART.format(part=part))
        for part in PATH_ENDS if text else ():
            if text.endswith(part):
                yield invalid_value(f"{field}.path", text, BAD_END.format(part=part))
    elif kind == "ImplementationSpecific":
        if text and not text.startswith("/"):
            yield invalid_value(f"{field}.path", text, ABSOLUTE_PATH)
    else:
        yield not_supported(f"{field}.pathType", kind, PATH_TYPES)
    yield from _backend(path.get("backend") or {}, f"{field}.backend")


def _backend(backend: Obj, field: str) -> Iterator[Cause]:
    service, resource = backend.get("service"), backend.get("resource")
    if service is not None and resource is not None:
        yield invalid_value(field, "", BOTH_BACKENDS)
    elif resource is not None:
        yield from _resource(resource, f"{field}.resource")
    elif service is None:
        yield invalid_value(field, "", NEITHER_BACKEND)
    else:
        name, port = service.get("name", ""), service.get("port") or {}
        if not name:
            yield required(f"{field}.service.name")
        else:
            yield from checked(f"{field}.service.name", name, formats.dns_label)
        if port.get("name") and port.get("number"):
            yield invalid_value(field, "", BOTH_PORTS)
        elif port.get("name"):
            yield from checked(f"{field}.service.port.name", port["name"], formats.port_name)
        elif port.get("number"):
            yield from checked(f"{field}.service.port.number", port["number"], formats.port_number)
        else:
            yield required(field, NEITHER_PORT)


def _resource(reference: Obj, field: str) -> Iterator[Cause]:
    if reference.get("apiGroup"):
        yield from checked(f"{field}.apiGroup", reference["apiGroup"], formats.dns_subdomain)
    for name, why in (("kind", KIND_NEEDED), ("name", NAME_NEEDED)):
        value = reference.get(name, "")
        if not value:
            yield required(f"{field}.{name}", why)
        else:
            yield from checked(f"{field}.{name}", value, formats.path_segment)


def ingress_create(obj: Obj) -> Iterator[Cause]:
    """Of two ways to say the class a new object takes the field."""
    annotation = (obj["metadata"].get("annotations") or {}).get(CLASS_ANNOTATION)
    if annotation is not None and "ingressClassName" in (obj.get("spec") or {}):
        yield invalid_value(f"annotations.{CLASS_ANNOTATION}", annotation, CLASS_TWICE)


def ingress_status(new: Obj, old: Obj) -> Iterator[Cause]:
    yield from load_balancer(new.get("status") or {})


def ingressclass(obj: Obj) -> Iterator[Cause]:
    spec: Obj = obj.get("spec") or {}
    controller = spec.get("controller", "")
    if len(controller) > CONTROLLER_MAX:
        yield invalid_value("spec.controller", controller, formats.TOO_LONG.format(most=CONTROLLER_MAX))
    else:
        yield from domain_path("spec.controller", controller)
    if "parameters" in spec:
        yield from _class_parameters(spec["parameters"], "spec.parameters")


def _class_parameters(reference: Obj, field: str) -> Iterator[Cause]:
    yield from _resource(reference, field)
    scope, namespace = reference.get("scope"), reference.get("namespace")
    if scope is None:
        yield required(f"{field}.scope")
        return
    if scope not in ("Cluster", "Namespace"):
        yield not_supported(f"{field}.scope", scope, ("Cluster", "Namespace"))
    if namespace:
        yield from checked(f"{field}.namespace", namespace, formats.dns_label)
    if scope == "Namespace" and not namespace:
        yield required(f"{field}.namespace", NAMESPACE_NEEDED)
    elif scope == "Cluster" and namespace is not None:
        yield forbidden(f"{field}.namespace", NAMESPACE_UNUSED)


def ingressclass_update(new: Obj, old: Obj) -> Iterator[Cause]:
    yield from immutable("spec.controller", new["spec"].get("controller"), old["spec"].get("controller"))


def networkpolicy(obj: Obj) -> Iterator[Cause]:
    spec: Obj = obj.get("spec") or {}
    yield from label_selector("spec.podSelector", spec.get("podSelector") or {})
    for direction, peers in DIRECTIONS:
        for index, rule in enumerate(spec.get(direction) or ()):
            path = f"spec.{direction}[{index}]"
            for number, port in enumerate(rule.get("ports") or ()):
                yield from _policy_port(port, f"{path}.ports[{number}]")
            for number, peer in enumerate(rule.get(peers) or ()):
                yield from _peer(peer, f"{path}.{peers}[{number}]")
    types = spec.get("policyTypes") or []
    if len(types) > 2:
        yield invalid_value("spec.policyTypes", types, TWO_TYPES)
        return
    for index, kind in enumerate(types):
        if kind not in ("Ingress", "Egress"):
            yield not_supported(f"spec.policyTypes[{index}]", kind, ("Egress", "Ingress"))


def _policy_port(entry: Obj, field: str) -> Iterator[Cause]:
    protocol, port, end = entry.get("protocol"), entry.get("port"), entry.get("endPort")
    if protocol is not None and protocol not in PROTOCOLS:
        yield not_supported(f"{field}.protocol", protocol, PROTOCOLS)
    if port is None:
        if end is not None:
            yield invalid_value(f"{field}.endPort", end, END_OF_NOTHING)
    elif isinstance(port, str):
        if end is not None:
            yield invalid_value(f"{field}.endPort", end, END_OF_NAME)
        yield from port_or_name(port, f"{field}.port")
    else:
        yield from port_or_name(port, f"{field}.port")
        if end is not None:
            if end < port:
                yield invalid_value(f"{field}.endPort", port, END_BELOW)
            yield from checked(f"{field}.endPort", end, formats.port_number)


def _peer(peer: Obj, field: str) -> Iterator[Cause]:
    for name in ("podSelector", "namespaceSelector"):
        if name in peer:
            yield from label_selector(f"{field}.{name}", peer[name])
    if "ipBlock" in peer:
        yield from _block(peer["ipBlock"], f"{field}.ipBlock")
    if not any(name in peer for name in ("podSelector", "namespaceSelector", "ipBlock")):
        yield required(field, PEER_NEEDED)
    elif "ipBlock" in peer and len(peer) > 1:
        yield forbidden(field, BLOCK_ALONE)


def _block(block: Obj, field: str) -> Iterator[Cause]:
    text = block.get("cidr", "")
    if not text:
        yield required(f"{field}.cidr")
        return
    if formats.cidr(text):
        yield invalid_value(f"{field}.cidr", text, formats.CIDR)
        return
    whole = ipaddress.ip_network(text, strict=False)
    for index, excepted in enumerate(block.get("except") or ()):
        path = f"{field}.except[{index}]"
        if formats.cidr(excepted):
            yield invalid_value(path, excepted, formats.CIDR)
            continue
        part = ipaddress.ip_network(excepted, strict=False)
        if part.version != whole.version or part.prefixlen <= whole.prefixlen or not _holds(whole, part):
            yield invalid_value(path, excepted, NOT_INSIDE)


def _holds(whole: Any, part: Any) -> bool:
    return bool(part.subnet_of(whole))


def ipaddress_object(obj: Obj) -> Iterator[Cause]:
    """The record that a service has an address."""
    reference = (obj.get("spec") or {}).get("parentRef")
    if reference is None:
        yield required("spec.parentRef")
        return
    field = "spec.parentRef"
    if reference.get("group"):
        yield from checked(f"{field}.group", reference["group"], formats.dns_subdomain)
    for name in ("resource", "name"):
        if not reference.get(name):
            yield required(f"{field}.{name}")
        else:
            yield from checked(f"{field}.{name}", reference[name], formats.path_segment)
    if reference.get("namespace"):
        yield from checked(f"{field}.namespace", reference["namespace"], formats.path_segment)


def ipaddress_update(new: Obj, old: Obj) -> Iterator[Cause]:
    yield from immutable("spec.parentRef", new["spec"].get("parentRef"), old["spec"].get("parentRef"))


def servicecidr(obj: Obj) -> Iterator[Cause]:
    ranges: list[str] = (obj.get("spec") or {}).get("cidrs") or []
    if not ranges:
        yield required("spec.cidrs", RANGE_NEEDED)
        return
    if len(ranges) > 2:
        yield invalid_value("spec", _told(ranges), TWO_RANGES)
        return
    for index, value in enumerate(ranges):
        yield from checked(f"spec.cidrs[{index}]", value, formats.cidr)
    if len(ranges) == 2 and not any(map(formats.cidr, ranges)):
        one, other = (ipaddress.ip_network(value, strict=False).version for value in ranges)
        if one == other:
            yield invalid_value("spec", _told(ranges), ONE_PER_FAMILY)


def _told(ranges: list[str]) -> Any:
    return struct("ServiceCIDRSpec", {"cidrs": ranges})


def servicecidr_update(new: Obj, old: Obj) -> Iterator[Cause]:
    yield from immutable("spec.cidrs", new["spec"].get("cidrs"), old["spec"].get("cidrs"))
