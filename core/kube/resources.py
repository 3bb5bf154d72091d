"""The table of resources: one row a kind. Adding a kind is adding a row.

A resource is named everywhere as kubectl names it, by plural and group: `pods`, `deployments.apps`. `storage_key` is where
its objects live in etcd, with the real server's paths (`/registry/minions/worker-1`).

Some kinds are a second view of objects that another row stores: an Event of events.k8s.io is a core Event under other
field names, an autoscaler of v1 one of v2. Their `stored_as` names the row that owns the objects, `conversion.py`
translates. Reviews (`create` only) are answered and never stored. Left out on purpose: kinds whose machinery this cluster
does not have (API priority and fairness, dynamic resource allocation, API aggregation), since storing them would promise
what nothing does.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

CREATE_ONLY = ("create",)
ALL_VERBS = ("create", "delete", "deletecollection", "get", "list", "patch", "update", "watch")
STATUS_VERBS = ("get", "patch", "update")
PROXY_VERBS = ("create", "delete", "get", "patch", "update")


@dataclass(frozen=True, slots=True)
class Subresource:
    """A part or an action of a resource. Without `kind` it speaks the resource's own kind."""

    name: str
    verbs: tuple[str, ...]
    kind: str = ""
    group: str = ""
    version: str = ""


@dataclass(frozen=True, slots=True)
class Resource:
    """One row. `storage` is the etcd path under /registry when it is not simply the plural."""

    group: str
    version: str
    kind: str
    plural: str
    namespaced: bool = True
    short_names: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    subresources: tuple[str, ...] = ()
    verbs: tuple[str, ...] = ALL_VERBS
    storage: str = ""
    stored_as: str = ""

    @property
    def name(self) -> str:
        """`deployments.apps`; the key of the registry. Of a second version `horizontalpodautoscalers.v1.autoscaling`."""
        return f"{self.plural}.{self.version}.{self.group}" if self.stored_as == self.title else self.title

    @property
    def title(self) -> str:
        """As messages name it."""
        return f"{self.plural}.{self.group}" if self.group else self.plural

    @property
    def singular(self) -> str:
        return self.kind.lower()

    @property
    def api_version(self) -> str:
        """`apps/v1`, or `v1` for the core group."""
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def is_stored(self) -> bool:
        """Whether objects of it exist at all; reviews are only answered."""
        return "get" in self.verbs

    def storage_key(self, namespace: str, name: str) -> str:
        """The etcd key of one object."""
        base = f"/registry/{self.storage or self.plural}"
        return f"{base}/{namespace}/{name}" if self.namespaced else f"{base}/{name}"


SUBRESOURCES: Mapping[str, Subresource] = MappingProxyType(
    {
        row.name: row
        for row in (
            Subresource("approval", STATUS_VERBS),
            Subresource("attach", ("create", "get"), "PodAttachOptions", "", "v1"),
            Subresource("binding", CREATE_ONLY, "Binding", "", "v1"),
            Subresource("ephemeralcontainers", STATUS_VERBS),
            Subresource("eviction", CREATE_ONLY, "Eviction", "policy", "v1"),
            Subresource("exec", ("create", "get"), "PodExecOptions", "", "v1"),
            Subresource("finalize", ("update",)),
            Subresource("log", ("get",)),
            Subresource("portforward", ("create", "get"), "PodPortForwardOptions", "", "v1"),
            Subresource("proxy", PROXY_VERBS, "{kind}ProxyOptions", "", "v1"),
            Subresource("resize", STATUS_VERBS),
            Subresource("scale", STATUS_VERBS, "Scale", "autoscaling", "v1"),
            Subresource("status", STATUS_VERBS),
            Subresource("token", CREATE_ONLY, "TokenRequest", "authentication.k8s.io", "v1"),
        )
    }
)

STATUS = ("status",)
SCALE = ("scale", "status")
ALL = ("all",)
EXTENSIONS = ("api-extensions",)
NAMESPACE_VERBS = tuple(verb for verb in ALL_VERBS if verb != "deletecollection")
OF_POD = (
    "attach",
    "binding",
    "ephemeralcontainers",
    "eviction",
    "exec",
    "log",
    "portforward",
    "proxy",
    "resize",
    "status",
)

ADMISSION = "admissionregistration.k8s.io"
AUTHENTICATION = "authentication.k8s.io"
AUTHORIZATION = "authorization.k8s.io"
NETWORKING = "networking.k8s.io"
RBAC = "rbac.authorization.k8s.io"
STORAGE = "storage.k8s.io"

TABLE = (
    Resource("", "v1", "ConfigMap", "configmaps", True, ("cm",)),
    Resource("", "v1", "Endpoints", "endpoints", True, ("ep",), storage="services/endpoints"),
    Resource("", "v1", "Event", "events", True, ("ev",)),
    Resource("", "v1", "LimitRange", "limitranges", True, ("limits",)),
    Resource("", "v1", "Namespace", "namespaces", False, ("ns",), (), ("finalize", "status"), NAMESPACE_VERBS),
    Resource("", "v1", "Node", "nodes", False, ("no",), (), ("proxy", "status"), storage="minions"),
    Resource("", "v1", "PersistentVolumeClaim", "persistentvolumeclaims", True, ("pvc",), (), STATUS),
    Resource("", "v1", "PersistentVolume", "persistentvolumes", False, ("pv",), (), STATUS),
    Resource("", "v1", "Pod", "pods", True, ("po",), ALL, OF_POD),
    Resource("", "v1", "PodTemplate", "podtemplates"),
    Resource(
        "", "v1", "ReplicationController", "replicationcontrollers", True, ("rc",), ALL, SCALE, storage="controllers"
    ),
    Resource("", "v1", "ResourceQuota", "resourcequotas", True, ("quota",), (), STATUS),
    Resource("", "v1", "Secret", "secrets"),
    Resource("", "v1", "ServiceAccount", "serviceaccounts", True, ("sa",), (), ("token",)),
    Resource("", "v1", "Service", "services", True, ("svc",), ALL, ("proxy", "status"), storage="services/specs"),
    Resource(ADMISSION, "v1", "MutatingWebhookConfiguration", "mutatingwebhookconfigurations", False, (), EXTENSIONS),
    Resource(
        ADMISSION, "v1", "ValidatingAdmissionPolicy", "validatingadmissionpolicies", False, (), EXTENSIONS, STATUS
    ),
    Resource(
        ADMISSION, "v1", "ValidatingAdmissionPolicyBinding", "validatingadmissionpolicybindings", False, (), EXTENSIONS
    ),
    Resource(
        ADMISSION, "v1", "ValidatingWebhookConfiguration", "validatingwebhookconfigurations", False, (), EXTENSIONS
    ),
    Resource("apps", "v1", "ControllerRevision", "controllerrevisions"),
    Resource("apps", "v1", "DaemonSet", "daemonsets", True, ("ds",), ALL, STATUS),
    Resource("apps", "v1", "Deployment", "deployments", True, ("deploy",), ALL, SCALE),
    Resource("apps", "v1", "ReplicaSet", "replicasets", True, ("rs",), ALL, SCALE),
    Resource("apps", "v1", "StatefulSet", "statefulsets", True, ("sts",), ALL, SCALE),
    Resource(AUTHENTICATION, "v1", "SelfSubjectReview", "selfsubjectreviews", False, verbs=CREATE_ONLY),
    Resource(AUTHENTICATION, "v1", "TokenReview", "tokenreviews", False, verbs=CREATE_ONLY),
    Resource(AUTHORIZATION, "v1", "LocalSubjectAccessReview", "localsubjectaccessreviews", verbs=CREATE_ONLY),
    Resource(AUTHORIZATION, "v1", "SelfSubjectAccessReview", "selfsubjectaccessreviews", False, verbs=CREATE_ONLY),
    Resource(AUTHORIZATION, "v1", "SelfSubjectRulesReview", "selfsubjectrulesreviews", False, verbs=CREATE_ONLY),
    Resource(AUTHORIZATION, "v1", "SubjectAccessReview", "subjectaccessreviews", False, verbs=CREATE_ONLY),
    Resource("autoscaling", "v2", "HorizontalPodAutoscaler", "horizontalpodautoscalers", True, ("hpa",), ALL, STATUS),
    Resource(
        "autoscaling",
        "v1",
        "HorizontalPodAutoscaler",
        "horizontalpodautoscalers",
        True,
        ("hpa",),
        ALL,
        STATUS,
        stored_as="horizontalpodautoscalers.autoscaling",
    ),
    Resource("batch", "v1", "CronJob", "cronjobs", True, ("cj",), ALL, STATUS),
    Resource("batch", "v1", "Job", "jobs", True, (), ALL, STATUS),
    Resource(
        "certificates.k8s.io",
        "v1",
        "CertificateSigningRequest",
        "certificatesigningrequests",
        False,
        ("csr",),
        subresources=("approval", "status"),
    ),
    Resource("coordination.k8s.io", "v1", "Lease", "leases"),
    Resource("discovery.k8s.io", "v1", "EndpointSlice", "endpointslices"),
    Resource("events.k8s.io", "v1", "Event", "events", True, ("ev",), stored_as="events"),
    Resource(NETWORKING, "v1", "IngressClass", "ingressclasses", False),
    Resource(NETWORKING, "v1", "Ingress", "ingresses", True, ("ing",), (), STATUS, storage="ingress"),
    Resource(NETWORKING, "v1", "IPAddress", "ipaddresses", False, ("ip",)),
    Resource(NETWORKING, "v1", "NetworkPolicy", "networkpolicies", True, ("netpol",)),
    Resource(NETWORKING, "v1", "ServiceCIDR", "servicecidrs", False, (), (), STATUS),
    Resource("node.k8s.io", "v1", "RuntimeClass", "runtimeclasses", False),
    Resource("policy", "v1", "PodDisruptionBudget", "poddisruptionbudgets", True, ("pdb",), (), STATUS),
    Resource(RBAC, "v1", "ClusterRoleBinding", "clusterrolebindings", False),
    Resource(RBAC, "v1", "ClusterRole", "clusterroles", False),
    Resource(RBAC, "v1", "RoleBinding", "rolebindings"),
    Resource(RBAC, "v1", "Role", "roles"),
    Resource("scheduling.k8s.io", "v1", "PriorityClass", "priorityclasses", False, ("pc",)),
    Resource(STORAGE, "v1", "CSIDriver", "csidrivers", False),
    Resource(STORAGE, "v1", "CSINode", "csinodes", False),
    Resource(STORAGE, "v1", "CSIStorageCapacity", "csistoragecapacities"),
    Resource(STORAGE, "v1", "StorageClass", "storageclasses", False, ("sc",)),
    Resource(STORAGE, "v1", "VolumeAttachment", "volumeattachments", False, (), (), STATUS),
    Resource(STORAGE, "v1", "VolumeAttributesClass", "volumeattributesclasses", False, ("vac",)),
)

REGISTRY: dict[str, Resource] = {row.name: row for row in TABLE}
BY_PATH: dict[tuple[str, str, str], Resource] = {(row.group, row.version, row.plural): row for row in TABLE}
BY_KIND: dict[tuple[str, str], Resource] = {(row.api_version, row.kind): row for row in TABLE}
BY_STORAGE: dict[str, Resource] = {
    row.storage or row.plural: row for row in TABLE if row.is_stored and not row.stored_as
}


def resource(name: str) -> Resource:
    """The row named `name` (`pods`, `deployments.apps`). KeyError if there is none."""
    return REGISTRY[name]


def find_by_path(group: str, version: str, plural: str) -> Resource | None:
    """The row served at `/apis/group/version/plural` (`/api/v1/plural` for the core group)."""
    return BY_PATH.get((group, version, plural))


def find_by_kind(api_version: str, kind: str) -> Resource | None:
    """The row of objects that say `apiVersion` and `kind`."""
    return BY_KIND.get((api_version, kind))


def resource_of_key(key: str) -> Resource:
    """The row whose objects live under the etcd key `key`. KeyError if there is none."""
    path = key.removeprefix("/registry/")
    head, _, rest = path.partition("/")
    return BY_STORAGE.get(head) or BY_STORAGE[f"{head}/{rest.partition('/')[0]}"]


def subresource(row: Resource, name: str) -> Subresource:
    """What `row`'s subresource `name` takes and answers, as discovery lists it. KeyError if it has none of that name."""
    if name not in row.subresources:
        raise KeyError(name)
    found = SUBRESOURCES[name]
    if not found.kind:
        return Subresource(name, found.verbs, row.kind, row.group, row.version)
    return Subresource(name, found.verbs, found.kind.format(kind=row.kind), found.group, found.version)
