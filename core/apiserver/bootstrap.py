"""The objects a cluster starts with: namespaces, RBAC roles and bindings, service accounts, priority classes, the API's
own Service.

The roles are the real server's, kept to the resources there are here (plugin/pkg/auth/authorizer/rbac/bootstrappolicy).
Every controller has an identity of its own, `system:serviceaccount:kube-system:<name>`, and a role
`system:controller:<name>` that allows what it writes and no more.
"""

from collections.abc import Iterator
from typing import Any

from core.kube.objects import Obj
from core.kube.resources import REGISTRY

NAMESPACES = ("default", "kube-system", "kube-public", "kube-node-lease")
BOOTSTRAPPING = {"kubernetes.io/bootstrapping": "rbac-defaults"}
AUTOUPDATE = {"rbac.authorization.kubernetes.io/autoupdate": "true"}
API_SERVER_ADDRESS, API_SERVER_PORT = "10.0.0.10", 6443
API_SERVICE_IP = "10.96.0.1"

READ = "get,list,watch"
CHANGE = "create,delete,deletecollection,patch,update"
EVENTS = ("create,patch,update", ",events.k8s.io", "events")

Spec = tuple[str, str, str]  # verbs, API groups, resources: each separated by commas

WORKLOADS = "deployments,deployments/scale,replicasets,replicasets/scale,statefulsets,statefulsets/scale,daemonsets"
NAMESPACED = (
    "configmaps,endpoints,persistentvolumeclaims,pods,replicationcontrollers,replicationcontrollers/scale,"
    "serviceaccounts,services"
)

EDIT: tuple[Spec, ...] = (
    (READ, "", "pods/attach,pods/exec,pods/portforward,pods/proxy,secrets,services/proxy"),
    ("impersonate", "", "serviceaccounts"),
    (CHANGE, "", f"{NAMESPACED},pods/attach,pods/exec,pods/portforward,pods/proxy,secrets,services/proxy"),
    ("create", "", "pods/eviction,serviceaccounts/token"),
    ("create,patch,update", "", "events"),
    (CHANGE, "apps", WORKLOADS),
    (CHANGE, "batch", "cronjobs,jobs"),
    (CHANGE, "autoscaling", "horizontalpodautoscalers"),
    (CHANGE, "policy", "poddisruptionbudgets"),
    (CHANGE, "networking.k8s.io", "ingresses,networkpolicies"),
    (f"{READ},{CHANGE}", "coordination.k8s.io", "leases"),
)
VIEW: tuple[Spec, ...] = (
    (READ, "", f"{NAMESPACED},persistentvolumeclaims/status,pods/log,pods/status,services/status"),
    (READ, "", "events,limitranges,namespaces,namespaces/status,resourcequotas,resourcequotas/status"),
    (
        READ,
        "apps",
        f"controllerrevisions,{WORKLOADS},deployments/status,replicasets/status,statefulsets/status,daemonsets/status",
    ),
    (READ, "batch", "cronjobs,cronjobs/status,jobs,jobs/status"),
    (READ, "autoscaling", "horizontalpodautoscalers,horizontalpodautoscalers/status"),
    (READ, "policy", "poddisruptionbudgets,poddisruptionbudgets/status"),
    (READ, "networking.k8s.io", "ingresses,ingresses/status,networkpolicies"),
    (READ, "discovery.k8s.io", "endpointslices"),
)
ADMIN: tuple[Spec, ...] = (
    ("create", "authorization.k8s.io", "localsubjectaccessreviews"),
    (f"{READ},{CHANGE}", "rbac.authorization.k8s.io", "rolebindings,roles"),
)

ROLES: dict[str, tuple[Spec, ...]] = {
    "cluster-admin": (("*", "*", "*"),),
    "system:aggregate-to-admin": ADMIN,
    "system:aggregate-to-edit": EDIT,
    "system:aggregate-to-view": VIEW,
    "system:basic-user": (
        ("create", "authorization.k8s.io", "selfsubjectaccessreviews,selfsubjectrulesreviews"),
        ("create", "authentication.k8s.io", "selfsubjectreviews"),
    ),
    "system:discovery": (),
    "system:public-info-viewer": (),
    "system:monitoring": (),
    "system:service-account-issuer-discovery": (),
    "system:kube-controller-manager": (
        EVENTS,
        (f"{READ},create,update,patch", "coordination.k8s.io", "leases"),
        ("create,delete,get,update", "", "secrets,serviceaccounts"),
        ("create", "", "serviceaccounts/token"),
        ("create", "authentication.k8s.io", "tokenreviews"),
        ("create", "authorization.k8s.io", "subjectaccessreviews"),
        ("list,watch", "*", "*"),
    ),
    "system:kube-scheduler": (
        EVENTS,
        (f"{READ},create,update,patch", "coordination.k8s.io", "leases"),
        (READ, "", "namespaces,nodes,persistentvolumeclaims,persistentvolumes,replicationcontrollers,services"),
        (f"{READ},delete", "", "pods"),
        ("create", "", "bindings,pods/binding"),
        ("patch,update", "", "pods/status"),
        (READ, "apps", "replicasets,statefulsets"),
        (READ, "policy", "poddisruptionbudgets"),
        (READ, "storage.k8s.io", "csidrivers,csinodes,csistoragecapacities,storageclasses,volumeattachments"),
        ("patch,update", "", "persistentvolumeclaims,persistentvolumes"),
        (READ, "scheduling.k8s.io", "priorityclasses"),
    ),
    "system:node": (
        EVENTS,
        ("create", "authentication.k8s.io", "tokenreviews"),
        ("create", "authorization.k8s.io", "localsubjectaccessreviews,subjectaccessreviews"),
        (READ, "", "configmaps,endpoints,persistentvolumeclaims,persistentvolumes,secrets,services"),
        (f"{READ},create,patch,update", "", "nodes"),
        ("patch,update", "", "nodes/status,pods/status"),
        (f"{READ},create,delete", "", "pods"),
        ("create", "", "pods/eviction,serviceaccounts/token"),
        ("create,delete,get,patch,update", "coordination.k8s.io", "leases"),
        (READ, "discovery.k8s.io", "endpointslices"),
        (f"{READ},create,delete,patch,update", "storage.k8s.io", "csidrivers,csinodes,volumeattachments"),
        (READ, "node.k8s.io", "runtimeclasses"),
    ),
    "system:node-proxier": (
        EVENTS,
        (READ, "", "endpoints,nodes,services"),
        (READ, "discovery.k8s.io", "endpointslices"),
    ),
}

PATHS: dict[str, tuple[str, ...]] = {
    # role → the paths it may get
    "cluster-admin": ("*",),
    "system:discovery": (
        *("/api", "/api/*", "/apis", "/apis/*", "/healthz", "/livez", "/openapi", "/openapi/*", "/readyz"),
        *("/version", "/version/"),
    ),
    "system:public-info-viewer": ("/healthz", "/livez", "/readyz", "/version", "/version/"),
    "system:monitoring": (
        *("/healthz", "/healthz/*", "/livez", "/livez/*", "/metrics", "/metrics/slis", "/readyz", "/readyz/*"),
        *("/flagz", "/statusz"),
    ),
    "system:service-account-issuer-discovery": (
        *("/.well-known/openid-configuration", "/.well-known/openid-configuration/", "/openid/v1/jwks"),
        "/openid/v1/jwks/",
    ),
}

AGGREGATED = {
    # role → label of the roles it adds up
    "admin": "rbac.authorization.k8s.io/aggregate-to-admin",
    "edit": "rbac.authorization.k8s.io/aggregate-to-edit",
    "view": "rbac.authorization.k8s.io/aggregate-to-view",
}
AGGREGATES = {
    # role → the roles it is added to
    "system:aggregate-to-admin": ("admin",),
    "system:aggregate-to-edit": ("edit",),
    "system:aggregate-to-view": ("view",),
    "edit": ("admin",),
    "view": ("edit",),
}

BINDINGS: dict[str, tuple[tuple[str, str], ...]] = {
    # role → who has it everywhere
    "cluster-admin": (("Group", "system:masters"),),
    "system:basic-user": (("Group", "system:authenticated"),),
    "system:discovery": (("Group", "system:authenticated"),),
    "system:public-info-viewer": (("Group", "system:authenticated"), ("Group", "system:unauthenticated")),
    "system:monitoring": (("Group", "system:monitoring"),),
    "system:service-account-issuer-discovery": (("Group", "system:serviceaccounts"),),
    "system:kube-controller-manager": (("User", "system:kube-controller-manager"),),
    "system:kube-scheduler": (("User", "system:kube-scheduler"),),
    "system:node": (("Group", "system:nodes"),),
    "system:node-proxier": (("User", "system:kube-proxy"),),
}

PODS_OWNED: Spec = (f"{READ},create,delete,patch,update", "", "pods")


def _workload(group: str, plural: str) -> tuple[Spec, ...]:
    """What a controller needs that keeps pods for objects of one kind."""
    return (
        (f"{READ},patch,update", group, plural),
        ("patch,update", group, f"{plural}/status"),
        ("update", group, f"{plural}/finalizers"),
        PODS_OWNED,
    )


CONTROLLERS: dict[str, tuple[Spec, ...]] = {
    "attachdetach-controller": (
        (READ, "", "nodes,persistentvolumeclaims,persistentvolumes,pods"),
        ("patch,update", "", "nodes/status"),
        (f"{READ},create,delete,patch", "storage.k8s.io", "csidrivers,csinodes,volumeattachments"),
    ),
    "certificate-controller": (
        (f"{READ},delete", "certificates.k8s.io", "certificatesigningrequests"),
        ("update", "certificates.k8s.io", "certificatesigningrequests/approval,certificatesigningrequests/status"),
    ),
    "clusterrole-aggregation-controller": (
        ("escalate,get,list,patch,update,watch", "rbac.authorization.k8s.io", "clusterroles"),
    ),
    "cronjob-controller": (
        (f"{READ},update", "batch", "cronjobs"),
        ("patch,update", "batch", "cronjobs/status"),
        ("update", "batch", "cronjobs/finalizers"),
        (f"{READ},create,delete,patch,update", "batch", "jobs"),
        ("delete,list", "", "pods"),
    ),
    "daemon-set-controller": (
        *_workload("apps", "daemonsets"),
        (READ, "", "nodes"),
        ("create", "", "pods/binding"),
        (f"{READ},create,delete,patch,update", "apps", "controllerrevisions"),
    ),
    "deployment-controller": (
        (f"{READ},patch,update", "apps", "deployments"),
        ("patch,update", "apps", "deployments/status"),
        ("update", "apps", "deployments/finalizers"),
        (f"{READ},create,delete,patch,update", "apps", "replicasets"),
        (f"{READ},update", "", "pods"),
    ),
    "disruption-controller": (
        (READ, "apps", "deployments,replicasets,statefulsets"),
        (READ, "", "replicationcontrollers"),
        (READ, "policy", "poddisruptionbudgets"),
        ("patch,update", "policy", "poddisruptionbudgets/status"),
        ("patch,update", "", "pods/status"),
        ("get", "*", "*/scale"),
    ),
    "endpoint-controller": (
        (READ, "", "pods,services"),
        (f"{READ},create,delete,patch,update", "", "endpoints"),
        ("create", "", "endpoints/restricted"),
    ),
    "endpointslice-controller": (
        (READ, "", "nodes,pods,services"),
        ("update", "", "services/finalizers"),
        (f"{READ},create,delete,patch,update", "discovery.k8s.io", "endpointslices"),
    ),
    "endpointslicemirroring-controller": (
        (READ, "", "endpoints,services"),
        (f"{READ},create,delete,update", "discovery.k8s.io", "endpointslices"),
    ),
    "expand-controller": (
        (f"{READ},patch,update", "", "persistentvolumes"),
        ("patch,update", "", "persistentvolumeclaims/status"),
    ),
    "generic-garbage-collector": ((f"{READ},delete,patch,update", "*", "*"),),
    "horizontal-pod-autoscaler": (
        (READ, "autoscaling", "horizontalpodautoscalers"),
        ("patch,update", "autoscaling", "horizontalpodautoscalers/status"),
        ("get,update", "*", "*/scale"),
        ("list", "", "pods"),
        (READ, "metrics.k8s.io", "pods"),
    ),
    "job-controller": _workload("batch", "jobs"),
    "namespace-controller": (
        (f"{READ},delete", "", "namespaces"),
        ("update", "", "namespaces/finalize,namespaces/status"),
        (f"{READ},delete,deletecollection", "*", "*"),
    ),
    "node-controller": (
        (f"{READ},delete,patch,update", "", "nodes"),
        ("patch,update", "", "nodes/status"),
        (f"{READ},delete,patch,update", "", "pods"),
        ("patch,update", "", "pods/status"),
        (READ, "coordination.k8s.io", "leases"),
    ),
    "persistent-volume-binder": (
        (f"{READ},create,delete,patch,update", "", "persistentvolumes"),
        ("patch,update", "", "persistentvolumeclaims/status,persistentvolumes/status"),
        (f"{READ},patch,update", "", "persistentvolumeclaims"),
        (READ, "storage.k8s.io", "storageclasses"),
        (f"{READ},create,delete", "", "pods"),
    ),
    "pod-garbage-collector": (
        (f"{READ},delete", "", "pods"),
        (READ, "", "nodes"),
        ("patch,update", "", "pods/status"),
    ),
    "pv-protection-controller": ((f"{READ},update", "", "persistentvolumes"),),
    "pvc-protection-controller": ((f"{READ},update", "", "persistentvolumeclaims"), (READ, "", "pods")),
    "replicaset-controller": _workload("apps", "replicasets"),
    "replication-controller": _workload("", "replicationcontrollers"),
    "resourcequota-controller": (
        (READ, "*", "*"),
        ("patch,update", "", "resourcequotas/status"),
    ),
    "root-ca-cert-publisher": ((f"{READ},create,update", "", "configmaps"),),
    "service-account-controller": ((f"{READ},create", "", "serviceaccounts"),),
    "service-controller": (
        (f"{READ},patch,update", "", "services"),
        ("patch,update", "", "services/status"),
        (READ, "", "nodes"),
    ),
    "statefulset-controller": (
        *_workload("apps", "statefulsets"),
        (f"{READ},create,delete,patch,update", "apps", "controllerrevisions"),
        (f"{READ},create,delete,update", "", "persistentvolumeclaims"),
    ),
    "taint-eviction-controller": (
        (f"{READ},delete", "", "pods"),
        ("patch,update", "", "pods/status"),
        (READ, "", "nodes"),
    ),
    "ttl-after-finished-controller": ((f"{READ},delete", "batch", "jobs"),),
    "ttl-controller": ((f"{READ},patch,update", "", "nodes"),),
}

PRIORITIES = (
    ("system-cluster-critical", 2_000_000_000, "Used for system critical pods that must run in the cluster, but can be"
     " moved to another node if necessary."),
    ("system-node-critical", 2_000_001_000, "Used for system critical pods that must not be moved from their current"
     " node."),
)  # fmt: skip


def bootstrap_objects() -> Iterator[tuple[str, Obj]]:
    """(resource, object) in the order to create them."""
    for resource, obj in _objects():
        if resource in REGISTRY:
            yield resource, obj


def _objects() -> Iterator[tuple[str, Obj]]:
    for name in NAMESPACES:
        yield "namespaces", _object("v1", "Namespace", name)
    yield from _rbac()
    for namespace in NAMESPACES:
        yield "serviceaccounts", _object("v1", "ServiceAccount", "default", namespace=namespace)
    for name in CONTROLLERS:
        yield "serviceaccounts", _object("v1", "ServiceAccount", name, namespace="kube-system")
    for name, value, text in PRIORITIES:
        yield (
            "priorityclasses.scheduling.k8s.io",
            _object("scheduling.k8s.io/v1", "PriorityClass", name)
            | {"value": value, "description": text, "preemptionPolicy": "PreemptLowerPriority"},
        )
    yield from _api_service()


def _rbac() -> Iterator[tuple[str, Obj]]:
    roles = ROLES | {f"system:controller:{name}": (*rules, EVENTS) for name, rules in CONTROLLERS.items()}
    for name, specs in roles.items():
        rules = [_rule(spec) for spec in specs]
        if name in PATHS:
            rules.append({"verbs": ["*"] if name == "cluster-admin" else ["get"], "nonResourceURLs": list(PATHS[name])})
        yield _cluster_role(name, {"rules": rules})
    for name, label in AGGREGATED.items():
        selectors = [{"matchLabels": {label: "true"}}]
        yield _cluster_role(name, {"aggregationRule": {"clusterRoleSelectors": selectors}, "rules": []})
    for name, subjects in BINDINGS.items():
        yield _cluster_role_binding(
            name, [{"kind": kind, "apiGroup": "rbac.authorization.k8s.io", "name": who} for kind, who in subjects]
        )
    for name in CONTROLLERS:
        subject = {"kind": "ServiceAccount", "name": name, "namespace": "kube-system"}
        yield _cluster_role_binding(f"system:controller:{name}", [subject])


def _api_service() -> Iterator[tuple[str, Obj]]:
    """The Service `kubernetes`, by which pods find the API server; its endpoints are nobody's controller's business."""
    port = {"name": "https", "protocol": "TCP", "port": API_SERVER_PORT}
    service = _object(
        "v1", "Service", "kubernetes", namespace="default", labels={"component": "apiserver", "provider": "kubernetes"}
    )
    spec: dict[str, Any] = {
        "type": "ClusterIP",
        "clusterIP": API_SERVICE_IP,
        "ports": [{"name": "https", "protocol": "TCP", "port": 443, "targetPort": API_SERVER_PORT}],
        "sessionAffinity": "None",
    }
    yield "services", service | {"spec": spec}
    endpoints = _object(
        "v1", "Endpoints", "kubernetes", namespace="default", labels={"endpointslice.kubernetes.io/skip-mirror": "true"}
    )
    yield "endpoints", endpoints | {"subsets": [{"addresses": [{"ip": API_SERVER_ADDRESS}], "ports": [port]}]}
    slice_ = _object(
        "discovery.k8s.io/v1",
        "EndpointSlice",
        "kubernetes",
        namespace="default",
        labels={"kubernetes.io/service-name": "kubernetes"},
    )
    yield (
        "endpointslices.discovery.k8s.io",
        slice_
        | {
            "addressType": "IPv4",
            "endpoints": [{"addresses": [API_SERVER_ADDRESS], "conditions": {"ready": True}}],
            "ports": [port],
        },
    )


def _cluster_role(name: str, content: Obj) -> tuple[str, Obj]:
    labels = dict(BOOTSTRAPPING)
    for other in AGGREGATES.get(name, ()):
        labels[AGGREGATED[other]] = "true"
    role = _object("rbac.authorization.k8s.io/v1", "ClusterRole", name, labels=labels, annotations=AUTOUPDATE)
    return "clusterroles.rbac.authorization.k8s.io", role | content


def _cluster_role_binding(role: str, subjects: list[Obj]) -> tuple[str, Obj]:
    binding = _object(
        "rbac.authorization.k8s.io/v1", "ClusterRoleBinding", role, labels=BOOTSTRAPPING, annotations=AUTOUPDATE
    )
    reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role}
    return "clusterrolebindings.rbac.authorization.k8s.io", binding | {"roleRef": reference, "subjects": subjects}


def _rule(spec: Spec) -> Obj:
    verbs, groups, resources = (part.split(",") for part in spec)
    return {"verbs": sorted(verbs), "apiGroups": groups, "resources": sorted(resources)}


def _object(api_version: str, kind: str, name: str, **meta: Any) -> Obj:
    return {"apiVersion": api_version, "kind": kind, "metadata": {"name": name, **meta}}
