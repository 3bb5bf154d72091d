"""The core group beside pods: services, configuration, limits, volumes. Reference: `pkg/apis/core/validation`."""

from collections.abc import Iterator

from core.kube import formats
from core.kube.causes import Cause, duplicate, forbidden, invalid_value, not_supported, required, too_long
from core.kube.objects import Obj
from core.kube.quantities import compare, parse
from core.kube.validation.common import NOT_NEGATIVE, immutable, labels, one_of
from core.kube.validation.pods import EFFECTS, PROTOCOLS
from core.kube.validation.workloads import grows

SERVICE_TYPES = ("ClusterIP", "ExternalName", "LoadBalancer", "NodePort")
NODE_PORT_UNUSED = "may not be used when `type` is 'ClusterIP'"
IP_OF_EXTERNAL = "may not be set for ExternalName services"
DATA_BYTES_MAX = 1024 * 1024
FROZEN = "field is immutable when `immutable` is set"
MIN_OVER = "min value {least} is greater than {kind} value {other}"
MAX_UNDER = "{kind} value {other} is greater than max value {most}"
CLAIM_FIXED = (
    "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims"
)
ACCESS_MODES = ("ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod")
SECRET_KEYS = {
    "kubernetes.io/tls": ("tls.crt", "tls.key"),
    "kubernetes.io/dockerconfigjson": (".dockerconfigjson",),
    "kubernetes.io/dockercfg": (".dockercfg",),
    "kubernetes.io/ssh-auth": ("ssh-privatekey",),
}
ACCOUNT_ANNOTATION = "kubernetes.io/service-account.name"


def service(obj: Obj) -> Iterator[Cause]:
    spec: Obj = obj.get("spec") or {}
    kind, ports = spec.get("type", ""), spec.get("ports") or []
    if not ports and spec.get("clusterIP") != "None" and kind != "ExternalName":
        yield required("spec.ports")
    if kind == "ExternalName":
        if spec.get("clusterIP") not in (None, "", "None"):
            yield forbidden("spec.clusterIPs[0]", IP_OF_EXTERNAL)
        yield from _external_name(spec.get("externalName", ""))
    yield from _service_ports(ports, kind)
    yield from labels("spec.selector", spec.get("selector"))
    yield from one_of("spec.sessionAffinity", spec.get("sessionAffinity"), ("ClientIP", "None"))
    yield from one_of("spec.type", kind, SERVICE_TYPES)
    for index, address in enumerate(spec.get("clusterIPs") or ()):
        if address != "None" and formats.ip_address(address):
            yield invalid_value(f"spec.clusterIPs[{index}]", address, formats.IP_ADDRESS)
    for name in ("internalTrafficPolicy", "externalTrafficPolicy"):
        if name in spec and spec[name] not in ("Cluster", "Local"):
            yield not_supported(f"spec.{name}", spec[name], ("Cluster", "Local"))


def _external_name(name: str) -> Iterator[Cause]:
    fault = formats.dns_subdomain(name.rstrip("."))
    if not name:
        yield required("spec.externalName")
    elif fault:
        yield invalid_value("spec.externalName", name, fault)


def _service_ports(ports: list[Obj], kind: str) -> Iterator[Cause]:
    names: set[str] = set()
    used: set[tuple[str, int]] = set()
    for index, port in enumerate(ports):
        path, name = f"spec.ports[{index}]", port.get("name", "")
        fault = formats.dns_label(name) if name else None
        if not name and len(ports) > 1:
            yield required(f"{path}.name")
        elif fault:
            yield invalid_value(f"{path}.name", name, fault)
        elif name and name in names:
            yield duplicate(f"{path}.name", name)
        names.add(name)
        number, target, protocol = port.get("port", 0), port.get("targetPort", 0), port.get("protocol")
        if formats.port_number(number):
            yield invalid_value(f"{path}.port", number, formats.PORT_RANGE)
        yield from one_of(f"{path}.protocol", protocol, PROTOCOLS)
        fault = formats.port_name(target) if isinstance(target, str) else formats.port_number(target)
        if fault:
            yield invalid_value(f"{path}.targetPort", target, fault)
        if port.get("nodePort") and kind == "ClusterIP":
            yield forbidden(f"{path}.nodePort", NODE_PORT_UNUSED)
        if (protocol or "", number) in used:
            yield duplicate(path, {"port": number, "protocol": protocol})
        used.add((protocol or "", number))


def configmap(obj: Obj) -> Iterator[Cause]:
    size = 0
    for part in ("data", "binaryData"):
        for key, value in (obj.get(part) or {}).items():
            fault = formats.config_key(key)
            if fault:
                yield invalid_value(f"{part}[{key}]", key, fault)
            if part == "binaryData" and key in (obj.get("data") or {}):
                yield invalid_value(f"data[{key}]", key, "duplicate of key present in binaryData")
            size += len(value)
    if size > DATA_BYTES_MAX:
        yield too_long("[]", DATA_BYTES_MAX)  # how Go writes the path of a field without a name


def configmap_update(new: Obj, old: Obj) -> Iterator[Cause]:
    yield from _frozen(new, old, ("data", "binaryData"))


def secret(obj: Obj) -> Iterator[Cause]:
    data, kind = obj.get("data") or {}, obj.get("type", "")
    size = 0
    for key, value in data.items():
        fault = formats.config_key(key)
        if fault:
            yield invalid_value(f"data[{key}]", key, fault)
        size += len(value) * 3 // 4
    if size > DATA_BYTES_MAX:
        yield too_long("data", DATA_BYTES_MAX)
    for key in SECRET_KEYS.get(kind, ()):
        if key not in data:
            yield required(f"data[{key}]")
    account = (obj["metadata"].get("annotations") or {}).get(ACCOUNT_ANNOTATION)
    if kind == "kubernetes.io/service-account-token" and not account:
        yield required(f"metadata.annotations[{ACCOUNT_ANNOTATION}]")


def secret_update(new: Obj, old: Obj) -> Iterator[Cause]:
    yield from immutable("type", new.get("type"), old.get("type"))
    yield from _frozen(new, old, ("data",))


def _frozen(new: Obj, old: Obj, parts: tuple[str, ...]) -> Iterator[Cause]:
    if not old.get("immutable"):
        return
    if not new.get("immutable"):
        yield forbidden("immutable", FROZEN)
    for part in parts:
        if (new.get(part) or {}) != (old.get(part) or {}):
            yield forbidden(part, FROZEN)


def node(obj: Obj) -> Iterator[Cause]:
    seen: set[tuple[str, str]] = set()
    for index, taint in enumerate((obj.get("spec") or {}).get("taints") or ()):
        path, key = f"spec.taints[{index}]", taint.get("key", "")
        fault = formats.qualified_name(key)
        if fault:
            yield invalid_value(f"{path}.key", key, fault)
        fault = formats.label_value(taint.get("value", ""))
        if fault:
            yield invalid_value(f"{path}.value", taint["value"], fault)
        yield from one_of(f"{path}.effect", taint.get("effect"), EFFECTS)
        if (key, taint.get("effect", "")) in seen:
            yield duplicate(path, taint)
        seen.add((key, taint.get("effect", "")))


def resourcequota(obj: Obj) -> Iterator[Cause]:
    for name, quantity in ((obj.get("spec") or {}).get("hard") or {}).items():
        fault = formats.qualified_name(name)
        if fault:
            yield invalid_value(f"spec.hard[{name}]", name, fault)
        if parse(quantity) < 0:
            yield invalid_value(f"spec.hard[{name}]", quantity, NOT_NEGATIVE)


def limitrange(obj: Obj) -> Iterator[Cause]:
    types: set[str] = set()
    for index, limit in enumerate((obj.get("spec") or {}).get("limits") or ()):
        path, kind = f"spec.limits[{index}]", limit.get("type", "")
        yield from one_of(f"{path}.type", kind, ("Container", "PersistentVolumeClaim", "Pod"))
        if kind in types:
            yield duplicate(f"{path}.type", kind)
        types.add(kind)
        parts = {
            part: limit.get(part) or {} for part in ("max", "min", "default", "defaultRequest", "maxLimitRequestRatio")
        }
        for name in dict.fromkeys(name for part in parts.values() for name in part):
            yield from _limit(path, name, {part: amounts.get(name) for part, amounts in parts.items()})


def _limit(path: str, name: str, at: dict[str, str | None]) -> Iterator[Cause]:
    least, most, request, default = at["min"], at["max"], at["defaultRequest"], at["default"]
    if least is not None and most is not None and compare(least, most) > 0:
        yield invalid_value(f"{path}.min[{name}]", least, MIN_OVER.format(least=least, kind="max", other=most))
    for field, kind, value, told in (
        ("defaultRequest", "default request", request, request),
        ("default", "default", default, least),
    ):
        if value is not None and least is not None and compare(least, value) > 0:
            why = MIN_OVER.format(least=least, kind=kind, other=value)
            yield invalid_value(f"{path}.{field}[{name}]", told, why)
        if value is not None and most is not None and compare(value, most) > 0:
            yield invalid_value(f"{path}.{field}[{name}]", value, MAX_UNDER.format(kind=kind, other=value, most=most))
    if request is not None and default is not None and compare(request, default) > 0:
        why = f"default request value {request} is greater than default limit value {default}"
        yield invalid_value(f"{path}.defaultRequest[{name}]", request, why)
    ratio = at["maxLimitRequestRatio"]
    if ratio is not None and compare(ratio, 1) < 0:
        yield invalid_value(f"{path}.maxLimitRequestRatio[{name}]", ratio, f"ratio {ratio} is less than 1")


def claim(obj: Obj) -> Iterator[Cause]:
    spec: Obj = obj.get("spec") or {}
    yield from _access_modes(spec)
    storage = ((spec.get("resources") or {}).get("requests") or {}).get("storage")
    if storage is None:
        yield required("spec.resources[storage]")
    elif parse(storage) <= 0:
        yield invalid_value("spec.resources[storage]", storage, "must be greater than zero")


def _access_modes(spec: Obj) -> Iterator[Cause]:
    if not spec.get("accessModes"):
        yield required("spec.accessModes", "at least 1 access mode is required")
    for mode in spec.get("accessModes") or ():
        if mode not in ACCESS_MODES:
            yield not_supported("spec.accessModes", mode, ACCESS_MODES)


def claim_update(new: Obj, old: Obj) -> Iterator[Cause]:
    """A claim, once made, may only grow; an unbound one gets its volume's name."""
    after, before = dict(new["spec"]), dict(old["spec"])
    asked, had = after.pop("resources", None) or {}, before.pop("resources", None) or {}
    for name in ("volumeAttributesClassName", *(() if before.get("volumeName") else ("volumeName",))):
        after.pop(name, None)
        before.pop(name, None)
    if not before.get("storageClassName"):
        after.pop("storageClassName", None)
        before.pop("storageClassName", None)
    if after != before:
        yield forbidden("spec", CLAIM_FIXED)
    yield from grows(
        "spec.resources.requests.storage",
        (asked.get("requests") or {}).get("storage"),
        (had.get("requests") or {}).get("storage"),
    )


NOT_SOURCES = frozenset(
    (
        "accessModes",
        "capacity",
        "claimRef",
        "mountOptions",
        "nodeAffinity",
        "persistentVolumeReclaimPolicy",
        "storageClassName",
        "volumeAttributesClassName",
        "volumeMode",
    )
)


def volume(obj: Obj) -> Iterator[Cause]:
    spec: Obj = obj.get("spec") or {}
    yield from _access_modes(spec)
    if "storage" not in (spec.get("capacity") or {}):
        yield required("spec.capacity")
    sources = [name for name in spec if name not in NOT_SOURCES]
    if not sources:
        yield required("spec", "must specify a volume type")
    for name in sources[1:]:
        yield forbidden(f"spec.{name}", "may not specify more than 1 volume type")
    policies = ("Delete", "Recycle", "Retain")
    yield from one_of("spec.persistentVolumeReclaimPolicy", spec.get("persistentVolumeReclaimPolicy"), policies)
