"""The rules a well-formed object must keep: `validate_create`, `validate_update`, and `invalid`, the answer that tells them.

Objects come here after `schema.conform` and `defaults.apply_defaults`. Every kind has a row in the tables: what its names
may look like, its rules, and the rules of a change. Kinds without rules have those of the schema (required
fields and enums). Rules yield one `Cause` a fault, all of them, in the order in which the real server lists them.

Reference: kubernetes `pkg/apis/*/validation`.
"""

from collections.abc import Callable, Iterator
from itertools import chain, islice

from core.kube import formats, schema
from core.kube.causes import Cause, invalid
from core.kube.objects import Obj
from core.kube.resources import Resource
from core.kube.validation import basics, common, groups, pods, workloads

__all__ = ["Cause", "invalid", "validate_create", "validate_update"]

Rules = Callable[[Obj], Iterator[Cause]]
Changes = Callable[[Obj, Obj], Iterator[Cause]]


def _none(obj: Obj) -> Iterator[Cause]:
    return iter(())


NAMES: dict[str, common.Check] = {
    "namespaces": formats.dns_label,
    "services": formats.dns_label,
    "roles.rbac.authorization.k8s.io": formats.path_segment,
    "rolebindings.rbac.authorization.k8s.io": formats.path_segment,
    "clusterroles.rbac.authorization.k8s.io": formats.path_segment,
    "clusterrolebindings.rbac.authorization.k8s.io": formats.path_segment,
    "ipaddresses.networking.k8s.io": formats.ip_address,
}

RULES: dict[str, Rules] = {
    "configmaps": basics.configmap,
    "endpoints": _none,
    "events": _none,
    "events.events.k8s.io": _none,
    "limitranges": basics.limitrange,
    "namespaces": _none,
    "nodes": basics.node,
    "persistentvolumeclaims": basics.claim,
    "persistentvolumes": basics.volume,
    "pods": pods.validate,
    "podtemplates": lambda obj: pods.template(obj.get("template") or {}, "template"),
    "replicationcontrollers": workloads.replicationcontroller,
    "resourcequotas": basics.resourcequota,
    "secrets": basics.secret,
    "serviceaccounts": _none,
    "services": basics.service,
    "controllerrevisions.apps": _none,
    "daemonsets.apps": workloads.daemonset,
    "deployments.apps": workloads.deployment,
    "replicasets.apps": workloads.replicaset,
    "statefulsets.apps": workloads.statefulset,
    "horizontalpodautoscalers.autoscaling": workloads.autoscaler,
    "cronjobs.batch": workloads.cronjob,
    "jobs.batch": workloads.job,
    "leases.coordination.k8s.io": groups.lease,
    "endpointslices.discovery.k8s.io": groups.endpointslice,
    "ingresses.networking.k8s.io": groups.ingress,
    "networkpolicies.networking.k8s.io": groups.networkpolicy,
    "runtimeclasses.node.k8s.io": groups.runtimeclass,
    "poddisruptionbudgets.policy": groups.disruptionbudget,
    "clusterrolebindings.rbac.authorization.k8s.io": groups.clusterrolebinding,
    "clusterroles.rbac.authorization.k8s.io": groups.clusterrole,
    "rolebindings.rbac.authorization.k8s.io": groups.rolebinding,
    "roles.rbac.authorization.k8s.io": groups.role,
    "priorityclasses.scheduling.k8s.io": groups.priorityclass,
    "storageclasses.storage.k8s.io": groups.storageclass,
}

CHANGES: dict[str, Changes] = {
    "configmaps": basics.configmap_update,
    "persistentvolumeclaims": basics.claim_update,
    "pods": pods.validate_update,
    "secrets": basics.secret_update,
    "daemonsets.apps": workloads.same_selector,
    "deployments.apps": workloads.same_selector,
    "replicasets.apps": workloads.same_selector,
    "statefulsets.apps": workloads.statefulset_update,
    "jobs.batch": workloads.job_update,
    "endpointslices.discovery.k8s.io": groups.endpointslice_update,
    "clusterrolebindings.rbac.authorization.k8s.io": groups.binding_update,
    "rolebindings.rbac.authorization.k8s.io": groups.binding_update,
    "priorityclasses.scheduling.k8s.io": groups.priorityclass_update,
    "storageclasses.storage.k8s.io": groups.storageclass_update,
}

DECORATIONS = ("labels", "annotations", "finalizers", "ownerReferences")


CAUSES_MAX = 1000
"""Faults that are told, as nobody reads more: an object full of them would keep the cluster's lock for seconds."""


def validate_create(resource: Resource, obj: Obj) -> list[Cause]:
    """Everything wrong with a new object."""
    named = common.metadata(obj["metadata"], NAMES.get(resource.name, formats.dns_subdomain))
    return list(islice(chain(named, _rules(resource, obj)), CAUSES_MAX))


def validate_update(resource: Resource, new: Obj, old: Obj, subresource: str = "") -> list[Cause]:
    """Everything wrong with `new` in the place of `old`. Through a subresource only the metadata is looked at.

    What did not change is not checked again: most updates of the system's own components leave most of an object alone.
    """
    return list(islice(_update_causes(resource, new, old, subresource), CAUSES_MAX))


def _update_causes(resource: Resource, new: Obj, old: Obj, subresource: str) -> Iterator[Cause]:
    meta, before = new["metadata"], old["metadata"]
    if any(meta.get(name) != before.get(name) for name in DECORATIONS):
        yield from common.decorations(meta)
    if subresource:
        return
    if all(new.get(name) == old.get(name) for name in (*new, *old) if name not in ("metadata", "status")):
        return
    yield from _rules(resource, new)
    change = CHANGES.get(resource.name)
    if change is not None:
        yield from change(new, old)


def _rules(resource: Resource, obj: Obj) -> Iterator[Cause]:
    rules = RULES.get(resource.name)
    return iter(schema.validate(resource, obj)) if rules is None else rules(obj)
