"""Defaults: what a field means when a client leaves it out, written into the object so that everybody reads the same.

One function a kind, in place, on objects that `schema.conform` has seen. Resource lists become canonical on the way
(`0.5` of cpu is stored as `500m`). What depends on other objects (default storage class, service account, cluster IP) is
the affair of admission and strategies, not of defaults.

Reference: kubernetes `pkg/apis/*/v1/defaults.go`.
"""

from collections.abc import Callable

from core.kube.defaults import basics, groups, pods, workloads
from core.kube.objects import Obj
from core.kube.resources import Resource

Defaulter = Callable[[Obj], None]


def apply_defaults(resource: Resource, obj: Obj) -> None:
    """Fill what `obj` leaves out, in place. Doing it twice changes nothing more."""
    defaulter = DEFAULTERS.get(resource.name)
    if defaulter is not None:
        defaulter(obj)


DEFAULTERS: dict[str, Defaulter] = {
    "pods": pods.pod,
    "podtemplates": workloads.podtemplate,
    "replicationcontrollers": workloads.replicationcontroller,
    "services": basics.service,
    "endpoints": basics.endpoints,
    "namespaces": basics.namespace,
    "nodes": basics.node,
    "secrets": basics.secret,
    "persistentvolumeclaims": basics.persistentvolumeclaim,
    "persistentvolumes": basics.persistentvolume,
    "limitranges": basics.limitrange,
    "resourcequotas": basics.resourcequota,
    "deployments.apps": workloads.deployment,
    "replicasets.apps": workloads.replicaset,
    "daemonsets.apps": workloads.daemonset,
    "statefulsets.apps": workloads.statefulset,
    "jobs.batch": workloads.job,
    "cronjobs.batch": workloads.cronjob,
    "horizontalpodautoscalers.autoscaling": workloads.hpa,
    "endpointslices.discovery.k8s.io": basics.endpointslice,
    "clusterrolebindings.rbac.authorization.k8s.io": groups.binding,
    "rolebindings.rbac.authorization.k8s.io": groups.binding,
    "networkpolicies.networking.k8s.io": groups.networkpolicy,
    "storageclasses.storage.k8s.io": groups.storageclass,
    "csidrivers.storage.k8s.io": groups.csidriver,
    "priorityclasses.scheduling.k8s.io": groups.priorityclass,
    "poddisruptionbudgets.policy": groups.disruptionbudget,
    "mutatingwebhookconfigurations.admissionregistration.k8s.io": groups.webhooks,
    "validatingwebhookconfigurations.admissionregistration.k8s.io": groups.webhooks,
}
