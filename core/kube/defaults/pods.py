"""Defaults of pods and of the pod templates in workloads."""

from core.kube.defaults.filling import canonical_lists, fill, section
from core.kube.objects import Obj
from core.kube.pods import containers_of

FILE_MODE = 420  # 0644
TOKEN_SECONDS = 3600


def pod(obj: Obj) -> None:
    spec = section(obj, "spec")
    pod_spec(spec)
    if "enableServiceLinks" not in spec:
        spec["enableServiceLinks"] = True
    for container in containers_of(spec):
        resources = container["resources"]
        limits = resources.get("limits")
        if limits:
            requests = section(resources, "requests")
            for name, quantity in limits.items():
                requests.setdefault(name, quantity)
    if spec.get("hostNetwork"):
        for container in containers_of(spec):
            for port in container.get("ports") or ():
                port.setdefault("hostPort", port.get("containerPort", 0))


def template(holder: Obj) -> None:
    """A pod template: as a pod, without what only a pod itself gets."""
    template = section(holder, "template")
    section(template, "metadata")
    pod_spec(section(template, "spec"))


def pod_spec(spec: Obj) -> None:
    if "restartPolicy" not in spec:
        spec["restartPolicy"] = "Always"
    if "terminationGracePeriodSeconds" not in spec:
        spec["terminationGracePeriodSeconds"] = 30
    if "dnsPolicy" not in spec:
        spec["dnsPolicy"] = "ClusterFirst"
    if "securityContext" not in spec:
        spec["securityContext"] = {}
    if "schedulerName" not in spec:
        spec["schedulerName"] = "default-scheduler"
    if "serviceAccountName" in spec:
        spec.setdefault("serviceAccount", spec["serviceAccountName"])
    elif "serviceAccount" in spec:
        spec["serviceAccountName"] = spec["serviceAccount"]
    for container in containers_of(spec):
        _container(container)
    for container in spec.get("ephemeralContainers") or ():
        _container(container)
    for volume in spec.get("volumes") or ():
        _volume(volume)
    canonical_lists(spec, "overhead")
    canonical_lists(spec.get("resources"), "limits", "requests")


def _container(container: Obj) -> None:
    if "imagePullPolicy" not in container:
        container["imagePullPolicy"] = _pull_policy(container.get("image", ""))
    if "terminationMessagePath" not in container:
        container["terminationMessagePath"] = "/dev/termination-log"
    if "terminationMessagePolicy" not in container:
        container["terminationMessagePolicy"] = "File"
    if "resources" in container:
        canonical_lists(container["resources"], "limits", "requests")
    else:
        container["resources"] = {}
    for port in container.get("ports") or ():
        if "protocol" not in port:
            port["protocol"] = "TCP"
    for kind in ("livenessProbe", "readinessProbe", "startupProbe"):
        if kind in container:
            _probe(container[kind])
    for entry in container.get("env") or ():
        source = entry.get("valueFrom")
        if source and "fieldRef" in source:
            source["fieldRef"].setdefault("apiVersion", "v1")
    for handler in (container.get("lifecycle") or {}).values():
        if isinstance(handler, dict):
            _http_get(handler)


def _pull_policy(image: str) -> str:
    """Always for `:latest` and for no tag at all, since such a name means another image tomorrow."""
    if "@" in image:
        return "IfNotPresent"
    _, colon, tag = image.rpartition("/")[2].partition(":")
    return "IfNotPresent" if colon and tag != "latest" else "Always"


def _probe(probe: Obj) -> None:
    fill(probe, timeoutSeconds=1, periodSeconds=10, successThreshold=1, failureThreshold=3)
    _http_get(probe)
    if "grpc" in probe:
        probe["grpc"].setdefault("service", "")


def _http_get(handler: Obj) -> None:
    get = handler.get("httpGet")
    if get is not None:
        get.setdefault("path", "/")
        get.setdefault("scheme", "HTTP")


def _volume(volume: Obj) -> None:
    if len(volume) < 2:  # a name and no source
        volume["emptyDir"] = {}
    for kind in ("configMap", "secret", "downwardAPI", "projected"):
        if kind in volume:
            volume[kind].setdefault("defaultMode", FILE_MODE)
    if "hostPath" in volume:
        volume["hostPath"].setdefault("type", "")
    for source in (volume.get("projected") or {}).get("sources") or ():
        if "serviceAccountToken" in source:
            source["serviceAccountToken"].setdefault("expirationSeconds", TOKEN_SECONDS)
        _field_refs(source.get("downwardAPI"))
    _field_refs(volume.get("downwardAPI"))
    template = (volume.get("ephemeral") or {}).get("volumeClaimTemplate")
    if template:
        claim(template)


def _field_refs(source: Obj | None) -> None:
    for item in (source or {}).get("items") or ():
        if "fieldRef" in item:
            item["fieldRef"].setdefault("apiVersion", "v1")


def claim(claim: Obj) -> None:
    spec = section(claim, "spec")
    spec.setdefault("volumeMode", "Filesystem")
    canonical_lists(spec.get("resources"), "limits", "requests")
