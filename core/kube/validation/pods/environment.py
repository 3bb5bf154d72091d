"""Environment variables: names, and where a value may come from. The downward API's fields are known here too.

Reference: kubernetes `pkg/apis/core/validation` (ValidateEnv, ValidateEnvFrom, validateObjectFieldSelector).
"""

from collections.abc import Iterator

from core.kube import formats
from core.kube.causes import Cause, invalid_value, not_supported, required
from core.kube.objects import Obj
from core.kube.quantities import canonical
from core.kube.validation.common import checked, formatted

ENV_FIELDS = (
    "metadata.name",
    "metadata.namespace",
    "metadata.uid",
    "spec.nodeName",
    "spec.serviceAccountName",
    "status.hostIP",
    "status.hostIPs",
    "status.podIP",
    "status.podIPs",
)
VOLUME_FIELDS = ("metadata.annotations", "metadata.labels", "metadata.name", "metadata.namespace", "metadata.uid")
POD_FIELDS = frozenset(
    (*ENV_FIELDS, *VOLUME_FIELDS, "spec.restartPolicy", "spec.schedulerName", "status.phase", "spec.host")
)
RESOURCE_FIELDS = tuple(
    f"{side}.{name}" for side in ("limits", "requests") for name in ("cpu", "ephemeral-storage", "memory")
)
HUGE_PREFIXES = ("limits.hugepages-", "requests.hugepages-")
CPU_DIVISORS = ("1m", "1")
BYTE_DIVISORS = ("1", *(f"1{unit}" for unit in "kMGTPE"), *(f"1{unit}i" for unit in "KMGTPE"))
DIVISORS = (
    # the end of a resource's name, the divisors it may have, how the message names it
    (("cpu",), CPU_DIVISORS, "1m and 1", "cpu"),
    (("memory",), BYTE_DIVISORS, ", ".join(BYTE_DIVISORS), "memory"),
    (("ephemeral-storage",), BYTE_DIVISORS, ", ".join(BYTE_DIVISORS), "local ephemeral storage"),
)

VALUE_AND_SOURCE = "may not be specified when `value` is not empty"
SOURCES = "`configMapKeyRef`, `fieldRef`, `fileKeyRef`, `resourceFieldRef` or `secretKeyRef`"
NO_SOURCE = f"must specify one of: {SOURCES}"
NO_REF = "must specify one of: `configMapRef` or `secretRef`"
MANY_SOURCES = "may not have more than one field specified at a time"
NO_FIELD = "error converting fieldPath: field label not supported: {path}"
NO_SUBSCRIPT = "error converting fieldPath: field label does not support subscript: {path}"
NO_VERSION = "error converting fieldPath: unsupported pod version: {version}"
BAD_DIVISOR = "only divisor's values {values} are supported with the {name} resource"


def variables(entries: list[Obj], field: str) -> Iterator[Cause]:
    for index, entry in enumerate(entries):
        name = entry.get("name", "")
        if not name:
            yield required(f"{field}[{index}].name")
        else:
            fault = formats.env_name(name)
            if fault:
                yield invalid_value(f"{field}[{index}].name", name, fault)
        if "valueFrom" in entry:
            yield from _source(entry["valueFrom"], entry.get("value"), f"{field}[{index}].valueFrom")


def _source(source: Obj, value: str | None, field: str) -> Iterator[Cause]:
    if "fieldRef" in source:
        yield from object_field(source["fieldRef"], f"{field}.fieldRef", ENV_FIELDS)
    if "resourceFieldRef" in source:
        yield from resource_field(source["resourceFieldRef"], f"{field}.resourceFieldRef")
    for kind in ("configMapKeyRef", "secretKeyRef"):
        if kind in source:
            reference = source[kind]
            yield from checked(f"{field}.{kind}.name", reference.get("name", ""), formats.dns_subdomain)
            yield from formatted(f"{field}.{kind}.key", reference.get("key"), formats.config_key)
    if not source:
        yield invalid_value(field, "", NO_SOURCE)
    elif value:
        yield invalid_value(field, "", VALUE_AND_SOURCE)
    elif len(source) > 1:
        yield invalid_value(field, "", MANY_SOURCES)


def object_field(reference: Obj, field: str, supported: tuple[str, ...]) -> Iterator[Cause]:
    """A field of the pod itself; of labels and annotations also a single one, by subscript."""
    version, path = reference.get("apiVersion", ""), reference.get("fieldPath", "")
    if not version or not path:
        yield required(f"{field}.{'fieldPath' if version else 'apiVersion'}")
        return
    base, bracket, subscript = path.partition("['")
    is_subscripted = bool(bracket) and path.endswith("']")
    if version != "v1":
        yield invalid_value(f"{field}.fieldPath", path, NO_VERSION.format(version=version))
    elif is_subscripted:
        key = subscript.removesuffix("']")
        if base not in ("metadata.annotations", "metadata.labels"):
            yield invalid_value(f"{field}.fieldPath", path, NO_SUBSCRIPT.format(path=path))
        else:
            yield from checked(field, key.lower() if base == "metadata.annotations" else key, formats.qualified_name)
    elif path not in POD_FIELDS:
        yield invalid_value(f"{field}.fieldPath", path, NO_FIELD.format(path=path))
    elif path not in supported and path != "spec.host":  # the old name of spec.nodeName
        yield not_supported(f"{field}.fieldPath", path, supported)


def resource_field(reference: Obj, field: str, *, of_volume: bool = False) -> Iterator[Cause]:
    """What a container asks for or is limited to, as a number in units of the divisor."""
    name = reference.get("resource", "")
    if of_volume and not reference.get("containerName"):
        yield required(f"{field}.containerName")
    elif not name:
        yield required(f"{field}.resource")
    elif name not in RESOURCE_FIELDS and not name.startswith(HUGE_PREFIXES):
        yield not_supported(f"{field}.resource", name, RESOURCE_FIELDS)
    divisor = canonical(reference.get("divisor", "0"))
    if divisor == "0":
        return
    for ends, allowed, listed, title in DIVISORS:
        if name in RESOURCE_FIELDS and name.endswith(ends) and divisor not in allowed:
            yield invalid_value(f"{field}.divisor", name, BAD_DIVISOR.format(values=listed, name=title))
    if name.startswith(HUGE_PREFIXES) and divisor not in BYTE_DIVISORS:
        listed = ", ".join(BYTE_DIVISORS)
        yield invalid_value(f"{field}.divisor", name, BAD_DIVISOR.format(values=listed, name="hugepages"))


def from_sources(entries: list[Obj], field: str) -> Iterator[Cause]:
    """`envFrom`: all keys of a ConfigMap or a Secret."""
    for index, entry in enumerate(entries):
        if entry.get("prefix"):
            yield from checked(f"{field}[{index}].prefix", entry["prefix"], formats.env_name)
        found = [kind for kind in ("configMapRef", "secretRef") if kind in entry]
        for kind in found:
            yield from formatted(f"{field}[{index}].{kind}.name", entry[kind].get("name"), formats.dns_subdomain)
        if not found:
            yield invalid_value(field, "", NO_REF)
        elif len(found) > 1:
            yield invalid_value(field, "", MANY_SOURCES)
