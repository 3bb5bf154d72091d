"""Defaults of the core group beside pods: services, namespaces, volumes, limits."""

import base64

from core.kube.defaults.filling import canonical_lists, fill, section
from core.kube.defaults.pods import claim
from core.kube.objects import Obj


def service(obj: Obj) -> None:
    spec = section(obj, "spec")
    fill(spec, sessionAffinity="None", type="ClusterIP")
    if spec["sessionAffinity"] == "ClientIP":
        section(section(spec, "sessionAffinityConfig"), "clientIP").setdefault("timeoutSeconds", 10800)
    elif spec["sessionAffinity"] == "None":
        spec.pop("sessionAffinityConfig", None)
    for port in spec.get("ports") or ():
        port.setdefault("protocol", "TCP")
        if port.get("targetPort") in (None, "", 0):
            port["targetPort"] = port.get("port", 0)
    if spec["type"] in ("NodePort", "LoadBalancer") or (spec["type"] == "ClusterIP" and spec.get("externalIPs")):
        spec.setdefault("externalTrafficPolicy", "Cluster")
    if spec["type"] == "LoadBalancer":
        spec.setdefault("allocateLoadBalancerNodePorts", True)
    if spec["type"] != "ExternalName":
        spec.setdefault("internalTrafficPolicy", "Cluster")


def endpoints(obj: Obj) -> None:
    for subset in obj.get("subsets") or ():
        for port in subset.get("ports") or ():
            port.setdefault("protocol", "TCP")


def endpointslice(obj: Obj) -> None:
    for port in obj.get("ports") or ():
        fill(port, name="", protocol="TCP")


def namespace(obj: Obj) -> None:
    labels = section(obj["metadata"], "labels")
    name = obj["metadata"].get("name")
    if name:
        labels["kubernetes.io/metadata.name"] = name


def node(obj: Obj) -> None:
    section(obj, "spec")
    status = section(obj, "status")
    canonical_lists(status, "capacity", "allocatable")
    if "capacity" in status:
        status.setdefault("allocatable", dict(status["capacity"]))


def secret(obj: Obj) -> None:
    """`stringData` is for writing only: it becomes part of `data`."""
    obj.setdefault("type", "Opaque")
    for key, text in obj.pop("stringData", {}).items():
        section(obj, "data")[key] = base64.b64encode(text.encode()).decode()


def persistentvolumeclaim(obj: Obj) -> None:
    claim(obj)
    section(obj, "status").setdefault("phase", "Pending")
    canonical_lists(obj["status"], "capacity", "allocatedResources")


def persistentvolume(obj: Obj) -> None:
    spec = section(obj, "spec")
    fill(spec, persistentVolumeReclaimPolicy="Retain", volumeMode="Filesystem")
    canonical_lists(spec, "capacity")
    if "hostPath" in spec:
        spec["hostPath"].setdefault("type", "")
    section(obj, "status").setdefault("phase", "Pending")


def limitrange(obj: Obj) -> None:
    """A maximum is also the default limit, the default limit also the default request, and a minimum where there is none."""
    for limit in section(obj, "spec").get("limits") or ():
        canonical_lists(limit, "max", "min", "default", "defaultRequest", "maxLimitRequestRatio")
        if limit.get("type") != "Container":
            continue
        default, request = section(limit, "default"), section(limit, "defaultRequest")
        for name, quantity in (limit.get("max") or {}).items():
            default.setdefault(name, quantity)
        for name, quantity in default.items():
            request.setdefault(name, quantity)
        for name, quantity in (limit.get("min") or {}).items():
            request.setdefault(name, quantity)
        for name in ("default", "defaultRequest"):
            if not limit[name]:
                del limit[name]


def resourcequota(obj: Obj) -> None:
    canonical_lists(section(obj, "spec"), "hard")
    canonical_lists(obj.get("status"), "hard", "used")
