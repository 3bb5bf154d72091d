"""Pods and pod templates: one module a subject, called here in the order of the real server, since clients print the
causes in it.

Start at `validate` (a pod), `template` (one inside a workload) and `spec` (what both have). What may change of a pod that
exists is in `changes.py`. Most pods use few of the fields: a rule is asked only where its field is there, so that a plain
pod costs some fifty microseconds.
Reference: kubernetes `pkg/apis/core/validation/validation.go`, ValidatePodSpec and ValidatePodCreate.
"""

from collections.abc import Iterator
from typing import Any

from core.kube import formats
from core.kube.causes import Cause, duplicate, forbidden, invalid_value, required
from core.kube.objects import Obj
from core.kube.validation.common import annotations, checked, labels, one_of
from core.kube.validation.golang import struct
from core.kube.validation.pods import containers, network, resources, scheduling, security, volumes

RESTART_POLICIES = ("Always", "OnFailure", "Never")
DNS_POLICIES = ("ClusterFirstWithHostNet", "ClusterFirst", "Default", "None")
PREEMPTION_POLICIES = ("PreemptLowerPriority", "Never")
MIRROR = "kubernetes.io/config.mirror"

DEADLINE_RANGE = "must be between 1 and 2147483647, inclusive"
MIRROR_NEEDS_NODE = "must set spec.nodeName if mirror pod annotation is set"
NOT_ON_CREATE = "cannot be set on create"
NOT_IN_TEMPLATE = "ephemeral containers not allowed in pod template"
GATED_NODE = "cannot be set until all schedulingGates have been cleared"
TWO_CLAIM_SOURCES = "at most one of `resourceClaimName` or `resourceClaimTemplateName` may be specified"
NO_CLAIM_SOURCE = "must specify one of: `resourceClaimName`, `resourceClaimTemplateName`"


def validate(obj: Obj) -> Iterator[Cause]:
    pod, meta = obj.get("spec") or {}, obj["metadata"]
    if "annotations" in meta:
        yield from _annotations(meta["annotations"], pod, "metadata.annotations")
    yield from spec(pod, "spec", pod_name=meta.get("name", ""), is_pod=True)
    if "volumes" in pod:
        yield from volumes.needs_account(pod, "spec")
    for kind in ("containers", "initContainers"):
        for index, container in enumerate(pod.get(kind) or ()):
            yield from containers.trimmed_image(container, f"spec.{kind}[{index}]")


def create(obj: Obj) -> Iterator[Cause]:
    """What only a new pod is asked."""
    pod = obj.get("spec") or {}
    if pod.get("ephemeralContainers"):
        yield forbidden("spec.ephemeralContainers", NOT_ON_CREATE)
    if pod.get("nodeName") and pod.get("schedulingGates"):
        yield forbidden("spec.nodeName", GATED_NODE)


def template(holder: Obj, field: str) -> Iterator[Cause]:
    """A pod template inside a workload."""
    meta, pod = holder.get("metadata") or {}, holder.get("spec") or {}
    yield from labels(f"{field}.labels", meta.get("labels"))
    if "annotations" in meta:
        yield from annotations(f"{field}.annotations", meta["annotations"])
        yield from _annotations(meta["annotations"], pod, f"{field}.annotations")
    yield from spec(pod, f"{field}.spec")
    if pod.get("ephemeralContainers"):
        yield forbidden(f"{field}.spec.ephemeralContainers", NOT_IN_TEMPLATE)


def _annotations(pairs: dict[str, Any], pod: Obj, field: str) -> Iterator[Cause]:
    if MIRROR in pairs and not pod.get("nodeName"):
        yield invalid_value(f"{field}[{MIRROR}]", pairs[MIRROR], MIRROR_NEEDS_NODE)
    yield from scheduling.deletion_cost(pairs, field)


def spec(pod: Obj, field: str, *, pod_name: str = "", is_pod: bool = False) -> Iterator[Cause]:
    usable: dict[str, Obj] = {}
    if "volumes" in pod:
        yield from volumes.volumes(pod["volumes"], f"{field}.volumes", pod_name, usable)
    claims: list[Obj] = pod.get("resourceClaims") or []
    around = containers.Surroundings(
        volumes=usable,
        claims=frozenset(claim.get("name", "") for claim in claims),
        grace=pod.get("terminationGracePeriodSeconds", 30),
        restart_policy=pod.get("restartPolicy", ""),
        host_users=pod.get("hostUsers", True),
    )
    if claims:
        yield from _claims(claims, f"{field}.resourceClaims")
    regular = pod.get("containers") or []
    yield from containers.regular(regular, f"{field}.containers", around)
    if "initContainers" in pod:
        yield from containers.before(pod["initContainers"], regular, f"{field}.initContainers", around)
    if "ephemeralContainers" in pod:
        yield from containers.debugging(pod, f"{field}.ephemeralContainers", around)
    if pod.get("resources"):
        yield from resources.pod_level(pod, f"{field}.resources")
    yield from _surroundings(pod, field, is_pod=is_pod)
    yield from _names(pod, field)
    if "tolerations" in pod:
        yield from scheduling.tolerations(pod["tolerations"], f"{field}.tolerations")
    if "hostAliases" in pod:
        yield from network.host_aliases(pod["hostAliases"], f"{field}.hostAliases")
    for name in ("priorityClassName", "runtimeClassName"):
        if pod.get(name):
            yield from checked(f"{field}.{name}", pod[name], formats.dns_subdomain)
    if pod.get("preemptionPolicy", "Never") not in PREEMPTION_POLICIES:
        yield from one_of(f"{field}.preemptionPolicy", pod["preemptionPolicy"], PREEMPTION_POLICIES)
    if "overhead" in pod:
        yield from resources.requirements({"limits": pod["overhead"]}, f"{field}.overhead")
    if "os" in pod:
        yield from security.system(pod, field)


def _surroundings(pod: Obj, field: str, *, is_pod: bool) -> Iterator[Cause]:
    """Policies, then what the pod asks of network, security and scheduling."""
    if pod.get("hostNetwork"):
        yield from network.host_network(pod, field, is_pod=is_pod)
    if pod.get("restartPolicy") not in RESTART_POLICIES:
        yield from one_of(f"{field}.restartPolicy", pod.get("restartPolicy"), RESTART_POLICIES)
    if pod.get("dnsPolicy") not in DNS_POLICIES:
        yield from one_of(f"{field}.dnsPolicy", pod.get("dnsPolicy"), DNS_POLICIES)
    if "nodeSelector" in pod:
        yield from labels(f"{field}.nodeSelector", pod["nodeSelector"])
    if pod.get("securityContext"):
        yield from security.pod(pod, f"{field}.securityContext")
    if "affinity" in pod:
        yield from scheduling.affinity(pod["affinity"], f"{field}.affinity")
    if "dnsConfig" in pod or pod.get("dnsPolicy") == "None":
        yield from network.dns(pod.get("dnsConfig"), pod.get("dnsPolicy"), f"{field}.dnsConfig")
    for index, gate in enumerate(pod.get("readinessGates") or ()):
        path = f"{field}.readinessGates[{index}].conditionType"
        yield from checked(path, gate.get("conditionType", ""), formats.qualified_name)
    if "schedulingGates" in pod:
        yield from scheduling.gates(pod["schedulingGates"], f"{field}.schedulingGates")
    if "topologySpreadConstraints" in pod:
        yield from scheduling.spread(pod["topologySpreadConstraints"], f"{field}.topologySpreadConstraints")
    if pod.get("hostUsers") is False:
        yield from security.host_users(pod, field)


def _names(pod: Obj, field: str) -> Iterator[Cause]:
    for name in ("serviceAccountName", "nodeName"):
        if pod.get(name):
            yield from checked(f"{field}.{name}", pod[name], formats.dns_subdomain)
    if not 1 <= pod.get("activeDeadlineSeconds", 1) <= 2**31 - 1:
        yield invalid_value(f"{field}.activeDeadlineSeconds", pod["activeDeadlineSeconds"], DEADLINE_RANGE)
    for name in ("hostname", "subdomain"):
        if pod.get(name):
            yield from checked(f"{field}.{name}", pod[name], formats.dns_label)
    if pod.get("hostnameOverride"):
        yield from checked(f"{field}.hostnameOverride", pod["hostnameOverride"], formats.dns_subdomain)


def _claims(claims: list[Obj], field: str) -> Iterator[Cause]:
    """Devices the pod claims (dynamic resource allocation)."""
    seen: set[str] = set()
    for index, claim in enumerate(claims):
        path, name = f"{field}[{index}]", claim.get("name", "")
        if not name:
            yield required(f"{path}.name")
        elif name in seen:
            yield duplicate(f"{path}.name", name)
        else:
            yield from checked(f"{path}.name", name, formats.dns_label)
        seen.add(name)
        sources = [kind for kind in ("resourceClaimName", "resourceClaimTemplateName") if kind in claim]
        if len(sources) != 1:
            why = TWO_CLAIM_SOURCES if sources else NO_CLAIM_SOURCE
            yield invalid_value(path, struct("ResourceClaim", claim), why)
        for kind in sources:
            yield from checked(f"{path}.{kind}", claim[kind], formats.dns_subdomain)
