"""Services: what each type has and has not, addresses, ports, and what stays once it is given.

Reference: kubernetes `pkg/apis/core/validation` (ValidateService, ValidateServiceUpdate), `pkg/api/service`.
"""

from collections.abc import Iterator

from core.kube import formats
from core.kube.causes import NULL, Cause, duplicate, forbidden, invalid_value, not_supported, required
from core.kube.objects import Obj
from core.kube.validation.common import IMMUTABLE, checked, formatted, labels, one_of, optional_one_of
from core.kube.validation.golang import struct
from core.kube.validation.pods.containers import PROTOCOLS
from core.kube.validation.pods.probes import port as port_or_name

TYPES = ("ClusterIP", "ExternalName", "LoadBalancer", "NodePort")
AFFINITIES = ("ClientIP", "None")
POLICIES = ("Cluster", "Local")
FAMILIES = ("IPv4", "IPv6")
FAMILY_POLICIES = ("PreferDualStack", "RequireDualStack", "SingleStack")
DISTRIBUTIONS = ("PreferClose", "PreferSameZone", "PreferSameNode")
IP_MODES = ("Proxy", "VIP")
AFFINITY_SECONDS_MAX = 86400
SOURCE_RANGES = "service.beta.kubernetes.io/load-balancer-source-ranges"
HINTS, TOPOLOGY = "service.kubernetes.io/topology-aware-hints", "service.kubernetes.io/topology-mode"

NOT_HEADLESS = "may not be set to 'None' for {kind} services"
NOT_EXTERNAL = "may not be set for ExternalName services"
NODE_PORT_UNUSED = "may not be used when `type` is 'ClusterIP'"
BALANCER_ONLY = "may only be used when `type` is 'LoadBalancer'"
EXTERNAL_ONLY = "may only be set for externally-accessible services"
HEALTH_ONLY = "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'"
AFFINITY_NEEDED = "when session affinity type is ClientIP"
AFFINITY_UNUSED = "must not be set when session affinity is None"
AFFINITY_SECONDS = f"must be greater than 0 and less than {AFFINITY_SECONDS_MAX}"
FIRST_IP = "first value must match `clusterIP`"
NONE_ALONE = "'None' must be the first and only value"
TWO_IPS = "may only hold up to 2 values"
ONE_PER_FAMILY = "may specify no more than one IP for each IP family"
OTHER_FAMILY = "expected an {family} value as indicated by `ipFamilies[{index}]`"
ONCE = "may not change once set"
PRIMARY_STAYS = "primary clusterIP can not be unset"
SAME_HINTS = f"must match annotations[{HINTS}] when both are specified"
MODE_UNUSED = "may not be specified when `ip` is not set"
NAME_NOT_IP = "must be a DNS name, not an IP address"
STATUS_BALANCER_ONLY = "may only be used when `spec.type` is 'LoadBalancer'"


def is_headless(spec: Obj) -> bool:
    return bool(spec.get("clusterIP") == "None" or spec.get("clusterIPs") == ["None"])


def service(obj: Obj) -> Iterator[Cause]:
    spec: Obj = obj.get("spec") or {}
    kind, ports = spec.get("type", ""), spec.get("ports") or []
    notes = obj["metadata"].get("annotations") or {}
    if HINTS in notes and TOPOLOGY in notes and notes[HINTS] != notes[TOPOLOGY]:
        yield invalid_value(f"metadata.annotations[{TOPOLOGY}]", notes[TOPOLOGY], SAME_HINTS)
    if not ports and not is_headless(spec) and kind != "ExternalName":
        yield required("spec.ports")
    if kind in ("LoadBalancer", "NodePort") and is_headless(spec):
        yield invalid_value("spec.clusterIPs[0]", "None", NOT_HEADLESS.format(kind=kind))
    elif kind == "ExternalName":
        yield from _external_name(spec)
    yield from _ports(ports)
    yield from labels("spec.selector", spec.get("selector"))
    yield from _affinity(spec)
    if kind != "ExternalName":
        yield from _cluster_ips(spec)
    for index, address in enumerate(spec.get("externalIPs") or ()):
        yield from reachable_address(f"spec.externalIPs[{index}]", address)
    yield from one_of("spec.type", kind, TYPES)
    yield from _numbers(ports, kind)
    yield from _source_ranges(spec, notes, kind)
    for name in ("allocateLoadBalancerNodePorts", "loadBalancerClass"):
        if name in spec and kind != "LoadBalancer":
            yield forbidden(f"spec.{name}", BALANCER_ONLY)
        elif name in spec and name == "loadBalancerClass":
            yield from checked(f"spec.{name}", spec[name], formats.qualified_name)
    yield from _traffic(spec, kind)


def _external_name(spec: Obj) -> Iterator[Cause]:
    """A name in the DNS and nothing else."""
    for name in ("clusterIPs", "ipFamilies", "ipFamilyPolicy"):
        if spec.get(name):
            yield forbidden(f"spec.{name}", NOT_EXTERNAL)
    yield from formatted("spec.externalName", spec.get("externalName", "").removesuffix("."), formats.dns_subdomain)


def _ports(ports: list[Obj]) -> Iterator[Cause]:
    names: set[str] = set()
    for index, port in enumerate(ports):
        path, name = f"spec.ports[{index}]", port.get("name", "")
        if not name and len(ports) > 1:
            yield required(f"{path}.name")
        elif name:
            yield from checked(f"{path}.name", name, formats.dns_label)
            if name in names:
                yield duplicate(f"{path}.name", name)
            names.add(name)
        yield from checked(f"{path}.port", port.get("port", 0), formats.port_number)
        yield from one_of(f"{path}.protocol", port.get("protocol"), PROTOCOLS)
        yield from port_or_name(port.get("targetPort", 0), f"{path}.targetPort")
        if "appProtocol" in port:
            yield from checked(f"{path}.appProtocol", port["appProtocol"], formats.qualified_name)


def _affinity(spec: Obj) -> Iterator[Cause]:
    kind, config = spec.get("sessionAffinity", ""), spec.get("sessionAffinityConfig")
    yield from one_of("spec.sessionAffinity", kind, AFFINITIES)
    field = "spec.sessionAffinityConfig"
    if kind == "None" and config is not None:
        yield forbidden(field, AFFINITY_UNUSED)
    elif kind == "ClientIP":
        if config is None:
            yield required(field, AFFINITY_NEEDED)
        elif "clientIP" not in config:
            yield required(f"{field}.clientIP", AFFINITY_NEEDED)
        elif "timeoutSeconds" not in config["clientIP"]:
            yield required(f"{field}.clientIP.timeoutSeconds", AFFINITY_NEEDED)
        elif not 0 < config["clientIP"]["timeoutSeconds"] <= AFFINITY_SECONDS_MAX:
            seconds = config["clientIP"]["timeoutSeconds"]
            yield invalid_value(f"{field}.clientIP.timeoutSeconds", seconds, AFFINITY_SECONDS)


def _cluster_ips(spec: Obj) -> Iterator[Cause]:
    addresses, families = spec.get("clusterIPs") or [], spec.get("ipFamilies") or []
    if spec.get("clusterIP") and addresses and addresses[0] != spec["clusterIP"]:
        yield invalid_value("spec.clusterIPs", addresses, FIRST_IP)
    for index, family in enumerate(families):
        if family not in FAMILIES:
            yield not_supported(f"spec.ipFamilies[{index}]", family, FAMILIES)
        if family in families[:index]:
            yield duplicate(f"spec.ipFamilies[{index}]", family)
    yield from optional_one_of("spec.ipFamilyPolicy", spec.get("ipFamilyPolicy"), FAMILY_POLICIES)
    has_invalid = False
    for index, address in enumerate(addresses):
        if index == 0 and address == "None":
            if len(addresses) > 1:
                has_invalid = True
                yield invalid_value("spec.clusterIPs", addresses, NONE_ALONE)
        elif formats.ip_address(address):
            has_invalid = True
            yield invalid_value(f"spec.clusterIPs[{index}]", address, formats.IP_ADDRESS)
    if len(addresses) > 2:
        yield invalid_value("spec.clusterIPs", addresses, TWO_IPS)
    if has_invalid or addresses == ["None"]:
        return
    if len(addresses) > 1 and len({":" in address for address in addresses}) == 1:
        yield invalid_value("spec.clusterIPs", addresses, ONE_PER_FAMILY)
    for index, (address, family) in enumerate(zip(addresses, families, strict=False)):
        if family in FAMILIES and (":" in address) != (family == "IPv6"):
            yield invalid_value(f"spec.clusterIPs[{index}]", address, OTHER_FAMILY.format(family=family, index=index))


def reachable_address(field: str, address: str) -> Iterator[Cause]:
    """An address that others can reach: not this machine's own, nor one that names none."""
    if formats.ip_address(address):
        yield invalid_value(field, address, formats.IP_ADDRESS)
    else:
        yield from checked(field, address, formats.special_address)


def _numbers(ports: list[Obj], kind: str) -> Iterator[Cause]:
    """Node ports are the node's, and neither they nor the ports come twice with one protocol."""
    if kind == "ClusterIP":
        for index, port in enumerate(ports):
            if port.get("nodePort"):
                yield forbidden(f"spec.ports[{index}].nodePort", NODE_PORT_UNUSED)
    taken: set[tuple[str, int]] = set()
    for index, port in enumerate(ports):
        key = (port.get("protocol", ""), port.get("nodePort", 0))
        if key[1] and key in taken:
            yield duplicate(f"spec.ports[{index}].nodePort", key[1])
        taken.add(key)
    used: set[tuple[str, int]] = set()
    for index, port in enumerate(ports):
        key = (port.get("protocol", ""), port.get("port", 0))
        if key in used:
            told = struct("ServicePort", {"protocol": key[0], "port": key[1]})
            yield duplicate(f"spec.ports[{index}]", told)
        used.add(key)


def _source_ranges(spec: Obj, notes: dict[str, str], kind: str) -> Iterator[Cause]:
    ranges = spec.get("loadBalancerSourceRanges") or []
    if ranges:
        if kind != "LoadBalancer":
            yield forbidden("spec.LoadBalancerSourceRanges", BALANCER_ONLY)
        for index, value in enumerate(ranges):
            yield from checked(f"spec.LoadBalancerSourceRanges[{index}]", value.strip(), formats.cidr)
    elif SOURCE_RANGES in notes:
        field, text = f"metadata.annotations[{SOURCE_RANGES}]", notes[SOURCE_RANGES].strip()
        if kind != "LoadBalancer":
            yield forbidden(field, BALANCER_ONLY)
        for value in text.split(",") if text else ():
            yield from checked(field, value.strip(), formats.cidr)


def _traffic(spec: Obj, kind: str) -> Iterator[Cause]:
    policy, health = spec.get("externalTrafficPolicy", ""), spec.get("healthCheckNodePort", 0)
    is_external = kind in ("LoadBalancer", "NodePort") or (kind == "ClusterIP" and bool(spec.get("externalIPs")))
    if not is_external:
        if policy:
            yield invalid_value("spec.externalTrafficPolicy", policy, EXTERNAL_ONLY)
    else:
        # Behind external IPs alone the server fills the policy in; here it may be absent.
        yield from optional_one_of("spec.externalTrafficPolicy", policy or None, POLICIES)
    needs_health = kind == "LoadBalancer" and policy == "Local"
    if health and not needs_health:
        yield invalid_value("spec.healthCheckNodePort", health, HEALTH_ONLY)
    elif health:
        yield from checked("spec.healthCheckNodePort", health, formats.port_number)
    yield from optional_one_of("spec.internalTrafficPolicy", spec.get("internalTrafficPolicy"), POLICIES)
    yield from optional_one_of("spec.trafficDistribution", spec.get("trafficDistribution"), DISTRIBUTIONS)


def service_update(new: Obj, old: Obj) -> Iterator[Cause]:
    after, before = new["spec"], old["spec"]
    if "ExternalName" not in (after.get("type"), before.get("type")):
        yield from _kept_addresses(after, before)
        yield from _kept_families(after, before)
    if after.get("type") == before.get("type") == "LoadBalancer":
        name, was = after.get("loadBalancerClass"), before.get("loadBalancerClass")
        if name != was:
            yield invalid_value("spec.loadBalancerClass", NULL if name is None else name, ONCE)
        port, had = after.get("healthCheckNodePort"), before.get("healthCheckNodePort")
        if after.get("externalTrafficPolicy") == before.get("externalTrafficPolicy") == "Local" and had and port != had:
            yield forbidden("spec.healthCheckNodePort", IMMUTABLE)


def _kept_addresses(after: Obj, before: Obj) -> Iterator[Cause]:
    addresses, had = after.get("clusterIPs") or [], before.get("clusterIPs") or []
    if is_headless(after) and is_headless(before):
        return
    if had and not addresses:
        yield invalid_value("spec.clusterIPs[0]", addresses, PRIMARY_STAYS)
    for index, (address, was) in enumerate(zip(addresses, had, strict=False)):
        if address != was and (index == 0 or len(addresses) == len(had)):
            yield invalid_value(f"spec.clusterIPs[{index}]", addresses, ONCE)


def _kept_families(after: Obj, before: Obj) -> Iterator[Cause]:
    families, had = after.get("ipFamilies") or [], before.get("ipFamilies") or []
    if is_headless(after) or is_headless(before):
        return
    for index, (family, was) in enumerate(zip(families, had, strict=False)):
        if family != was and (index == 0 or len(families) == len(had)):
            yield invalid_value("spec.ipFamilies[0]", families, ONCE)


def service_status(new: Obj, old: Obj) -> Iterator[Cause]:
    is_balancer = new["spec"].get("type") == "LoadBalancer"
    yield from load_balancer(new.get("status") or {}, is_allowed=is_balancer)


def load_balancer(status: Obj, *, is_allowed: bool = True) -> Iterator[Cause]:
    """Where a load balancer answers; Ingresses have it too."""
    entries = (status.get("loadBalancer") or {}).get("ingress") or []
    field = "status.loadBalancer.ingress"
    if entries and not is_allowed:
        yield forbidden(field, STATUS_BALANCER_ONLY)
        return
    for index, entry in enumerate(entries):
        path, ip, mode, name = f"{field}[{index}]", entry.get("ip"), entry.get("ipMode"), entry.get("hostname")
        if ip:
            yield from checked(f"{path}.ip", ip, formats.ip_address)
        if mode is not None and not ip:
            yield forbidden(f"{path}.ipMode", MODE_UNUSED)
        else:
            yield from optional_one_of(f"{path}.ipMode", mode, IP_MODES)
        if name:
            yield from checked(f"{path}.hostname", name, formats.dns_subdomain)
            if not formats.ip_address(name):
                yield invalid_value(f"{path}.hostname", name, NAME_NOT_IP)
