"""A container's environment: literals, fields of the pod, keys of ConfigMaps and Secrets, services, and `$(VAR)` expansion.

Reference: kubelet `kubelet_pods.go` makeEnvironmentVariables, and `third_party/forked/golang/expansion`. What is asked for
and missing makes the container wait with CreateContainerConfigError, until it appears.
"""

import base64
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from core.kube.objects import Obj
from core.kube.quantities import count

Find = Callable[[str, str], Obj | None]  # (resource, name) → the object in the pod's namespace

MASTER_SERVICE = ("default", "kubernetes")
REFERENCE = re.compile(r"\$\$|\$\(([A-Za-z_.-][A-Za-z0-9_.-]*)\)")


class ConfigError(Exception):
    """Something the environment names is not there; the message is the container's, while it waits."""


def environment(
    pod: Obj, container: Obj, find: Find, *, ip: str = "", host_ip: str = "", services: Iterable[Obj] = ()
) -> dict[str, str]:
    """All variables of `container` in order. `services`: those of all namespaces. Raises ConfigError."""
    result: dict[str, str] = {"HOSTNAME": hostname(pod)}
    result |= service_variables(linked_services(pod, services))
    for source in container.get("envFrom") or ():
        for kind, resource in (("configMapRef", "configmaps"), ("secretRef", "secrets")):
            if kind in source:
                values = _values(resource, source[kind], find) or {}
                result |= {source.get("prefix", "") + name: value for name, value in values.items()}
    for variable in container.get("env") or ():
        if "valueFrom" in variable:
            value = _value_from(variable["valueFrom"], pod, container, find, ip, host_ip)
            if value is None:
                continue
        else:
            value = expand(variable.get("value", ""), result)
        result[variable["name"]] = value
    return result


def expand(text: str, variables: Mapping[str, str]) -> str:
    """`$(NAME)` replaced by its value; an unknown name stays as it is, `$$(NAME)` stands for `$(NAME)`."""
    if "$" not in text:
        return text
    return REFERENCE.sub(
        lambda match: "$" if match[0] == "$$" else variables.get(match[1], match[0]),
        text,
    )


def linked_services(pod: Obj, services: Iterable[Obj]) -> list[Obj]:
    """The Services a pod is told of: the API server's always, those of its namespace unless it wants none."""
    namespace = pod["metadata"].get("namespace", "")
    links = pod["spec"].get("enableServiceLinks", True)
    found: dict[str, Obj] = {}
    for service in services:
        meta = service["metadata"]
        if meta["namespace"] == namespace and links:
            found[meta["name"]] = service
        elif (meta["namespace"], meta["name"]) == MASTER_SERVICE:
            found.setdefault(meta["name"], service)
    return list(found.values())


def service_variables(services: Iterable[Obj]) -> dict[str, str]:
    """`REDIS_MASTER_SERVICE_HOST=10.0.0.11` and its fellows, one set for each service with a cluster IP."""
    result: dict[str, str] = {}
    for service in services:
        ip = service["spec"].get("clusterIP")
        if ip in (None, "", "None"):
            continue
        name = service["metadata"]["name"].upper().replace("-", "_")
        ports = service["spec"].get("ports") or ()
        result[f"{name}_SERVICE_HOST"] = ip
        if ports:
            result[f"{name}_SERVICE_PORT"] = str(ports[0]["port"])
        for port in ports:
            protocol = port.get("protocol", "TCP")
            if port.get("name"):
                result[f"{name}_SERVICE_PORT_{port['name'].upper().replace('-', '_')}"] = str(port["port"])
            prefix = f"{name}_PORT_{port['port']}_{protocol}"
            url = f"{protocol.lower()}://{ip}:{port['port']}"
            result.setdefault(f"{name}_PORT", url)
            result |= {
                prefix: url,
                f"{prefix}_PROTO": protocol.lower(),
                f"{prefix}_PORT": str(port["port"]),
                f"{prefix}_ADDR": ip,
            }
    return result


def hostname(pod: Obj) -> str:
    return str(pod["spec"].get("hostname") or pod["metadata"]["name"])[:63]


def _value_from(source: Obj, pod: Obj, container: Obj, find: Find, ip: str, host_ip: str) -> str | None:
    if "fieldRef" in source:
        return field_value(pod, source["fieldRef"]["fieldPath"], ip, host_ip)
    if "resourceFieldRef" in source:
        return _resource_value(container, source["resourceFieldRef"])
    for kind, resource, noun in (("configMapKeyRef", "configmaps", "ConfigMap"), ("secretKeyRef", "secrets", "Secret")):
        if kind in source:
            reference = source[kind]
            values = _values(resource, reference, find)
            if values is None:
                return None
            if reference["key"] in values:
                return values[reference["key"]]
            if reference.get("optional"):
                return None
            where = f"{pod['metadata'].get('namespace', '')}/{reference.get('name', '')}"
            raise ConfigError(f"couldn't find key {reference['key']} in {noun} {where}")
    return ""


def field_value(pod: Obj, path: str, ip: str, host_ip: str) -> str:
    """What the downward API gives for `path`."""
    meta, spec = pod["metadata"], pod["spec"]
    match = re.fullmatch(r"metadata\.(labels|annotations)\['([^']+)'\]", path)
    if match:
        return str((meta.get(match[1]) or {}).get(match[2], ""))
    return str(
        {
            "metadata.name": meta["name"],
            "metadata.namespace": meta.get("namespace", ""),
            "metadata.uid": meta["uid"],
            "spec.nodeName": spec.get("nodeName", ""),
            "spec.serviceAccountName": spec.get("serviceAccountName", "default"),
            "status.podIP": ip,
            "status.podIPs": ip,
            "status.hostIP": host_ip,
            "status.hostIPs": host_ip,
        }.get(path, "")
    )


def _resource_value(container: Obj, reference: Obj) -> str:
    kind, _, name = reference["resource"].partition(".")
    text = str(((container.get("resources") or {}).get(kind) or {}).get(name, "0"))
    divisor = count(name, str(reference.get("divisor") or "0")) or (1000 if name == "cpu" else 1)
    return str(-(-count(name, text) // divisor))


def _values(resource: str, reference: dict[str, Any], find: Find) -> dict[str, str] | None:
    """The data of a ConfigMap or Secret as text; None when it is missing and optional."""
    found = find(resource, reference.get("name", ""))
    if found is None:
        if reference.get("optional"):
            return None
        raise ConfigError(f'{resource.removesuffix("s")} "{reference.get("name", "")}" not found')
    values = dict(found.get("data") or {})
    if resource == "secrets":
        values = {name: base64.b64decode(value).decode(errors="replace") for name, value in values.items()}
    return values
