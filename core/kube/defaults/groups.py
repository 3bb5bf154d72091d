"""Defaults of the other groups: RBAC, networking, storage, admission."""

from collections.abc import Iterable

from core.kube.defaults.filling import fill, section
from core.kube.objects import Obj


def binding(obj: Obj) -> None:
    _role_ref(obj)
    for subject in obj.get("subjects") or ():
        is_account = subject.get("kind") == "ServiceAccount"
        subject.setdefault("apiGroup", "" if is_account else "rbac.authorization.k8s.io")
        if not subject["apiGroup"]:
            del subject["apiGroup"]


def _role_ref(obj: Obj) -> None:
    if "roleRef" in obj and not obj["roleRef"].get("apiGroup"):
        obj["roleRef"]["apiGroup"] = "rbac.authorization.k8s.io"


def networkpolicy(obj: Obj) -> None:
    spec = section(obj, "spec")
    section(spec, "podSelector")
    spec.setdefault("policyTypes", ["Ingress", "Egress"] if spec.get("egress") else ["Ingress"])
    rules: Iterable[Obj] = (*(spec.get("ingress") or ()), *(spec.get("egress") or ()))
    for rule in rules:
        for port in rule.get("ports") or ():
            port.setdefault("protocol", "TCP")


def storageclass(obj: Obj) -> None:
    fill(obj, reclaimPolicy="Delete", volumeBindingMode="Immediate")


def csidriver(obj: Obj) -> None:
    spec = section(obj, "spec")
    fill(
        spec, attachRequired=True, podInfoOnMount=False, storageCapacity=False, fsGroupPolicy="ReadWriteOnceWithFSType"
    )
    fill(spec, volumeLifecycleModes=["Persistent"], requiresRepublish=False, seLinuxMount=False)


def priorityclass(obj: Obj) -> None:
    obj.setdefault("preemptionPolicy", "PreemptLowerPriority")


def disruptionbudget(obj: Obj) -> None:
    section(obj, "spec")


def webhooks(obj: Obj) -> None:
    for hook in obj.get("webhooks") or ():
        fill(hook, failurePolicy="Fail", matchPolicy="Equivalent", timeoutSeconds=10)
        fill(hook, namespaceSelector={}, objectSelector={})
        for rule in hook.get("rules") or ():
            rule.setdefault("scope", "*")
        service = (hook.get("clientConfig") or {}).get("service")
        if service:
            service.setdefault("port", 443)
