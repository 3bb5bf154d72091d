"""The other groups: RBAC, disruption budgets, networking, scheduling, storage, leases."""

from collections.abc import Iterator

from core.kube import formats
from core.kube.causes import Cause, forbidden, invalid_value, not_supported, required
from core.kube.objects import Obj
from core.kube.validation.common import POSITIVE, immutable, int_or_percent, label_selector, one_of
from core.kube.validation.pods import PROTOCOLS

RBAC_GROUP = "rbac.authorization.k8s.io"
USER_PRIORITY_MAX = 1_000_000_000
BOTH_BUDGETS = "minAvailable and maxUnavailable cannot be both set"
NO_BACKEND = "either `defaultBackend` or `rules` must be specified"


def role(obj: Obj) -> Iterator[Cause]:
    yield from _rules(obj, is_namespaced=True)


def clusterrole(obj: Obj) -> Iterator[Cause]:
    yield from _rules(obj, is_namespaced=False)
    for index, selector in enumerate((obj.get("aggregationRule") or {}).get("clusterRoleSelectors") or ()):
        yield from label_selector(f"aggregationRule.clusterRoleSelectors[{index}]", selector)


def _rules(obj: Obj, *, is_namespaced: bool) -> Iterator[Cause]:
    for index, rule in enumerate(obj.get("rules") or ()):
        path = f"rules[{index}]"
        if not rule.get("verbs"):
            yield required(f"{path}.verbs", "verbs must contain at least one value")
        if rule.get("nonResourceURLs"):
            if is_namespaced:
                why = "namespaced rules cannot apply to non-resource URLs"
                yield invalid_value(f"{path}.nonResourceURLs", rule["nonResourceURLs"], why)
            if rule.get("apiGroups") or rule.get("resources") or rule.get("resourceNames"):
                why = "rules cannot apply to both regular resources and non-resource URLs"
                yield invalid_value(f"{path}.nonResourceURLs", rule["nonResourceURLs"], why)
            continue
        if not rule.get("apiGroups"):
            yield required(f"{path}.apiGroups", "resource rules must supply at least one api group")
        if not rule.get("resources"):
            yield required(f"{path}.resources", "resource rules must supply at least one resource")


def rolebinding(obj: Obj) -> Iterator[Cause]:
    yield from _binding(obj, ("ClusterRole", "Role"), is_namespaced=True)


def clusterrolebinding(obj: Obj) -> Iterator[Cause]:
    yield from _binding(obj, ("ClusterRole",), is_namespaced=False)


def _binding(obj: Obj, kinds: tuple[str, ...], *, is_namespaced: bool) -> Iterator[Cause]:
    reference = obj.get("roleRef") or {}
    if reference.get("apiGroup") != RBAC_GROUP:
        yield not_supported("roleRef.apiGroup", reference.get("apiGroup", ""), (RBAC_GROUP,))
    if reference.get("kind") not in kinds:
        yield not_supported("roleRef.kind", reference.get("kind", ""), kinds)
    if not reference.get("name"):
        yield required("roleRef.name")
    for index, subject in enumerate(obj.get("subjects") or ()):
        path, kind = f"subjects[{index}]", subject.get("kind", "")
        if not subject.get("name"):
            yield required(f"{path}.name")
        if kind not in ("Group", "ServiceAccount", "User"):
            yield not_supported(f"{path}.kind", kind, ("Group", "ServiceAccount", "User"))
        elif kind == "ServiceAccount" and not is_namespaced and not subject.get("namespace"):
            yield required(f"{path}.namespace")
        elif kind != "ServiceAccount" and subject.get("apiGroup") != RBAC_GROUP:
            yield not_supported(f"{path}.apiGroup", subject.get("apiGroup", ""), (RBAC_GROUP,))


def binding_update(new: Obj, old: Obj) -> Iterator[Cause]:
    if new.get("roleRef") != old.get("roleRef"):
        yield invalid_value("roleRef", new.get("roleRef"), "cannot change roleRef")


def disruptionbudget(obj: Obj) -> Iterator[Cause]:
    spec: Obj = obj.get("spec") or {}
    if "minAvailable" in spec and "maxUnavailable" in spec:
        yield invalid_value("spec", spec, BOTH_BUDGETS)
    for name in ("minAvailable", "maxUnavailable"):
        if name in spec:
            yield from int_or_percent(f"spec.{name}", spec[name], most=100)
    if "selector" in spec:
        yield from label_selector("spec.selector", spec["selector"])


def priorityclass(obj: Obj) -> Iterator[Cause]:
    name, value = obj["metadata"].get("name", ""), obj.get("value", 0)
    if name.startswith("system-"):
        if name not in ("system-cluster-critical", "system-node-critical"):
            why = "priority class names with 'system-' prefix are reserved for system use only"
            yield forbidden("metadata.name", why)
    elif value > USER_PRIORITY_MAX:
        why = f"maximum allowed value of a user defined priority is {USER_PRIORITY_MAX}"
        yield forbidden("value", why)
    yield from one_of("preemptionPolicy", obj.get("preemptionPolicy"), ("Never", "PreemptLowerPriority"))


def priorityclass_update(new: Obj, old: Obj) -> Iterator[Cause]:
    for name in ("value", "preemptionPolicy"):
        if new.get(name) != old.get(name):
            yield forbidden(name, "may not be changed in an update.")


def ingress(obj: Obj) -> Iterator[Cause]:
    spec: Obj = obj.get("spec") or {}
    if not spec.get("rules") and "defaultBackend" not in spec:
        yield invalid_value("spec", spec.get("rules") or [], NO_BACKEND)
    for index, rule in enumerate(spec.get("rules") or ()):
        host = rule.get("host", "")
        fault = formats.dns_subdomain(host.removeprefix("*.")) if host else None
        if fault:
            yield invalid_value(f"spec.rules[{index}].host", host, fault)
        for number, path in enumerate((rule.get("http") or {}).get("paths") or ()):
            yield from _ingress_path(path, f"spec.rules[{index}].http.paths[{number}]")
    if "defaultBackend" in spec:
        yield from _backend(spec["defaultBackend"], "spec.defaultBackend")


def _ingress_path(path: Obj, field: str) -> Iterator[Cause]:
    kind, text = path.get("pathType"), path.get("path", "")
    yield from one_of(f"{field}.pathType", kind, ("Exact", "ImplementationSpecific", "Prefix"))
    if kind in ("Exact", "Prefix") and not text.startswith("/"):
        yield invalid_value(f"{field}.path", text, "must be an absolute path")
    yield from _backend(path.get("backend") or {}, f"{field}.backend")


def _backend(backend: Obj, field: str) -> Iterator[Cause]:
    service = backend.get("service")
    if service is None and "resource" not in backend:
        yield required(field, "resource or service backend is required")
    elif service is not None and not service.get("name"):
        yield required(f"{field}.service.name")
    elif service is not None and not (service.get("port") or {}):
        yield required(f"{field}.service.port", "port name or number is required")


def networkpolicy(obj: Obj) -> Iterator[Cause]:
    spec: Obj = obj.get("spec") or {}
    yield from label_selector("spec.podSelector", spec.get("podSelector") or {})
    for direction, peers in (("ingress", "from"), ("egress", "to")):
        for index, rule in enumerate(spec.get(direction) or ()):
            for number, port in enumerate(rule.get("ports") or ()):
                path = f"spec.{direction}[{index}].ports[{number}]"
                if port.get("protocol", "TCP") not in PROTOCOLS:
                    yield not_supported(f"{path}.protocol", port["protocol"], PROTOCOLS)
            for number, peer in enumerate(rule.get(peers) or ()):
                yield from _peer(peer, f"spec.{direction}[{index}].{peers}[{number}]")
    for kind in spec.get("policyTypes") or ():
        if kind not in ("Egress", "Ingress"):
            yield not_supported("spec.policyTypes", kind, ("Egress", "Ingress"))


def _peer(peer: Obj, field: str) -> Iterator[Cause]:
    if not peer:
        yield required(field, "must specify a peer")
    if "ipBlock" in peer:
        if len(peer) > 1:
            yield forbidden(field, "may not specify both ipBlock and another peer")
        block = peer["ipBlock"].get("cidr", "")
        if formats.cidr(block):
            yield invalid_value(f"{field}.ipBlock.cidr", block, formats.CIDR)
    for name in ("podSelector", "namespaceSelector"):
        if name in peer:
            yield from label_selector(f"{field}.{name}", peer[name])


def storageclass(obj: Obj) -> Iterator[Cause]:
    if not obj.get("provisioner"):
        yield required("provisioner")
    yield from one_of("reclaimPolicy", obj.get("reclaimPolicy"), ("Delete", "Retain"))
    yield from one_of("volumeBindingMode", obj.get("volumeBindingMode"), ("Immediate", "WaitForFirstConsumer"))


def storageclass_update(new: Obj, old: Obj) -> Iterator[Cause]:
    for name in ("parameters", "provisioner", "reclaimPolicy"):
        if (new.get(name) or None) != (old.get(name) or None):
            yield forbidden(name, f"updates to {name} are forbidden.")
    yield from immutable("volumeBindingMode", new.get("volumeBindingMode"), old.get("volumeBindingMode"))


def lease(obj: Obj) -> Iterator[Cause]:
    spec: Obj = obj.get("spec") or {}
    if spec.get("leaseDurationSeconds", 1) <= 0:
        yield invalid_value("spec.leaseDurationSeconds", spec["leaseDurationSeconds"], POSITIVE)
    if spec.get("leaseTransitions", 0) < 0:
        yield invalid_value("spec.leaseTransitions", spec["leaseTransitions"], "must be greater than or equal to 0")


def endpointslice(obj: Obj) -> Iterator[Cause]:
    yield from one_of("addressType", obj.get("addressType"), ("FQDN", "IPv4", "IPv6"))
    for index, endpoint in enumerate(obj.get("endpoints") or ()):
        if not endpoint.get("addresses"):
            yield required(f"endpoints[{index}].addresses", "must contain at least 1 address")
    for index, port in enumerate(obj.get("ports") or ()):
        if port.get("protocol", "TCP") not in PROTOCOLS:
            yield not_supported(f"ports[{index}].protocol", port["protocol"], PROTOCOLS)


def endpointslice_update(new: Obj, old: Obj) -> Iterator[Cause]:
    yield from immutable("addressType", new.get("addressType"), old.get("addressType"))


def runtimeclass(obj: Obj) -> Iterator[Cause]:
    handler = obj.get("handler", "")
    fault = formats.dns_label(handler)
    if fault:
        yield invalid_value("handler", handler, fault)
