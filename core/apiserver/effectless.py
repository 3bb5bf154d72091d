"""What is accepted and stored but does nothing here: said in a `Warning:` header and in docs/kubernetes-api.md.

A learner cannot tell a field that nobody reads from a mistake of his own. So each is a row of this table, and a test holds
the table against the schema and the code: every field of a spec is read by some component or stands here.
Components are not told: only requests with a user agent come from somebody who can read.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

from core.kube.objects import Obj

WHOLE = "{kind} is stored, without effect here: {why}"
FIELD = "{path} is stored, without effect here: {why}"


class Silent(NamedTuple):
    """A field of a resource, or (without a path) the whole kind, and why nothing comes of it. `*`: every item of a list."""

    resource: str
    path: tuple[str, ...]
    why: str


NO_CONTROLLER = "no controller here acts on it yet"
NOT_CALLED = "no webhook is called"
NOT_EVALUATED = "no admission policy is evaluated"
NO_STORAGE = "volumes are not bound, attached or provisioned yet"
NO_FILES = "simulated containers see no files of volumes yet"
NO_HOST = "a simulated node has no such part"
ONE_FAMILY = "addresses are IPv4 only"
NO_DNS = "the simulated resolver knows the cluster's names only"

FOREIGN_VOLUMES = (
    *("awsElasticBlockStore", "azureDisk", "azureFile", "cephfs", "cinder", "csi", "fc", "flexVolume", "flocker"),
    *("gcePersistentDisk", "gitRepo", "glusterfs", "iscsi", "nfs", "photonPersistentDisk", "portworxVolume", "quobyte"),
    *("rbd", "scaleIO", "storageos", "vsphereVolume"),
)

KINDS = tuple(
    Silent(resource, (), why)
    for resource, why in (
        ("networkpolicies.networking.k8s.io", "no packet is filtered by policies"),
        ("ingresses.networking.k8s.io", "no ingress controller runs in the cluster"),
        ("ingressclasses.networking.k8s.io", "no ingress controller runs in the cluster"),
        ("ipaddresses.networking.k8s.io", "addresses are allocated by looking at the services"),
        ("servicecidrs.networking.k8s.io", "the range of cluster IPs is 10.96.0.0/12"),
        ("mutatingwebhookconfigurations.admissionregistration.k8s.io", NOT_CALLED),
        ("validatingwebhookconfigurations.admissionregistration.k8s.io", NOT_CALLED),
        ("validatingadmissionpolicies.admissionregistration.k8s.io", NOT_EVALUATED),
        ("validatingadmissionpolicybindings.admissionregistration.k8s.io", NOT_EVALUATED),
        ("horizontalpodautoscalers.autoscaling", "nothing is scaled: there are no metrics yet"),
        ("certificatesigningrequests.certificates.k8s.io", "no certificate is signed yet"),
        ("persistentvolumes", NO_STORAGE),
        ("csidrivers.storage.k8s.io", NO_STORAGE),
        ("csinodes.storage.k8s.io", NO_STORAGE),
        ("csistoragecapacities.storage.k8s.io", NO_STORAGE),
        ("volumeattachments.storage.k8s.io", NO_STORAGE),
        ("volumeattributesclasses.storage.k8s.io", NO_STORAGE),
    )
)

POD = tuple(
    Silent("pods", ("spec", *path.split(".")), why)
    for why, paths in (
        (NO_FILES, ("volumes.*.image.pullPolicy", "containers.*.volumeMounts.*.mountPropagation")),
        (NO_FILES, ("containers.*.volumeMounts.*.bindMountOptions", "containers.*.volumeDevices")),
        (NO_DNS, ("dnsConfig", "hostAliases", "setHostnameAsFQDN", "hostnameOverride")),
        (NO_HOST, ("securityContext.sysctls", "securityContext.windowsOptions", "hostUsers")),
        (NO_HOST, ("containers.*.securityContext.windowsOptions", "containers.*.securityContext.procMount")),
        ("no device is simulated", ("resourceClaims",)),
        ("pods are not scheduled in groups", ("schedulingGroup",)),
        ("files have no owners yet", ("securityContext.fsGroupChangePolicy", "securityContext.seLinuxChangePolicy")),
        ("groups are those of the image", ("securityContext.supplementalGroupsPolicy",)),
        ("nobody attaches to a simulated container", ("containers.*.stdinOnce",)),
        ("containers end as their image does", ("containers.*.lifecycle.stopSignal",)),
        ("exit codes are not looked at one by one", ("containers.*.restartPolicyRules",)),
        ("nobody but the API evicts pods", ("evictionResponders",)),
        ("files of environments are not read", ("containers.*.env.*.valueFrom.fileKeyRef",)),
        (NO_FILES, tuple(f"volumes.*.{kind}" for kind in FOREIGN_VOLUMES)),
    )
    for listed in paths
    for path in ((listed, f"initC{listed[1:]}") if listed.startswith("containers.") else (listed,))
)

OTHERS = (
    Silent("services", ("spec", "loadBalancerSourceRanges"), "the simulated balancer lets every source through"),
    Silent("services", ("spec", "trafficDistribution"), "every endpoint is as near as every other"),
    Silent("statefulsets.apps", ("spec", "persistentVolumeClaimRetentionPolicy"), "claims are kept"),
    Silent("jobs.batch", ("spec", "scheduling"), "pods are not scheduled in groups"),
    Silent("cronjobs.batch", ("spec", "jobTemplate", "spec", "scheduling"), "pods are not scheduled in groups"),
    Silent("nodes", ("spec", "configSource"), "kubelets have no configuration of their own"),
    Silent("nodes", ("spec", "podPreemptionPolicy"), NO_CONTROLLER),
    *(
        Silent(
            "namespaces",
            ("metadata", "labels", f"pod-security.kubernetes.io/{mode}"),
            "pods are not held to a standard yet",
        )
        for mode in ("enforce", "audit", "warn")
    ),
)

TEMPLATES = {
    # workload → where its pod template is
    "podtemplates": ("template",),
    "replicationcontrollers": ("spec", "template"),
    "deployments.apps": ("spec", "template"),
    "replicasets.apps": ("spec", "template"),
    "daemonsets.apps": ("spec", "template"),
    "statefulsets.apps": ("spec", "template"),
    "jobs.batch": ("spec", "template"),
    "cronjobs.batch": ("spec", "jobTemplate", "spec", "template"),
}

TABLE = (*KINDS, *POD, *OTHERS)


def rows_of(resource: str) -> tuple[Silent, ...]:
    """What concerns a resource: its own rows, and for a workload those of pods, below its template."""
    return BY_RESOURCE.get(resource, ())


def _by_resource() -> dict[str, tuple[Silent, ...]]:
    names = {row.resource for row in TABLE} | TEMPLATES.keys()
    return {name: tuple(_rows(name)) for name in names}


def _rows(resource: str) -> Iterator[Silent]:
    yield from (row for row in TABLE if row.resource == resource)
    if resource in TEMPLATES:
        for row in POD:
            yield Silent(resource, (*TEMPLATES[resource], *row.path), row.why)


BY_RESOURCE = _by_resource()


def said(resource: str, new: Obj, old: Obj | None) -> list[str]:
    """A sentence for each thing without effect that `new` has and `old`, if there is one, has not or otherwise."""
    sentences = []
    for row in rows_of(resource):
        if not row.path:
            if old is None or {**old, "metadata": None, "status": None} != {**new, "metadata": None, "status": None}:
                sentences.append(WHOLE.format(kind=new.get("kind", resource), why=row.why))
        elif (found := list(_found(new, row.path))) and (old is None or found != list(_found(old, row.path))):
            sentences.append(FIELD.format(path=shown(row.path), why=row.why))
    return sentences


def _found(value: Any, path: tuple[str, ...]) -> Iterator[Any]:
    """The values at `path`; what is missing or of another shape on the way is nothing."""
    if not path:
        yield value
    elif path[0] == "*":
        for item in value if isinstance(value, list) else ():
            yield from _found(item, path[1:])
    elif isinstance(value, dict) and path[0] in value:
        yield from _found(value[path[0]], path[1:])


def shown(path: tuple[str, ...]) -> str:
    """`spec.containers[*].volumeDevices`, `metadata.labels[pod-security.kubernetes.io/warn]`."""
    text = ""
    for step in path:
        text += "[*]" if step == "*" else f"[{step}]" if "." in step else f".{step}" if text else step
    return text
