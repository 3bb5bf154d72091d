"""The rules a well-formed object must keep: `validate_create`, `validate_update`, and `invalid`, the answer that tells them.

Objects come here after `schema.conform` and `defaults.apply_defaults`. Every kind has rows in the tables: what its names
may look like, its rules, what only a new one is asked, what a change may not change, and the rules of its subresources.
Kinds without rules have those of the schema (required fields and enums). A rule yields one `Cause` a fault, all of them, in
the order in which the real server lists them.

An update through the main resource is held to the rules too, but not for what was wrong before: an object from the time
when a rule was not yet there must stay changeable.

Reference: kubernetes `pkg/apis/*/validation`.
"""

from collections.abc import Callable, Iterator
from itertools import chain, islice

from core.kube import formats, schema
from core.kube.causes import Cause, invalid
from core.kube.objects import Obj
from core.kube.resources import Resource
from core.kube.validation import (
    admission,
    autoscaling,
    certificates,
    claims,
    cluster,
    common,
    configuration,
    cronjobs,
    endpoints,
    jobs,
    networking,
    pods,
    policy,
    quotas,
    rbac,
    services,
    storage,
    workloads,
)
from core.kube.validation.pods import changes

__all__ = ["Cause", "invalid", "validate_create", "validate_update"]

Rules = Callable[[Obj], Iterator[Cause]]
Changes = Callable[[Obj, Obj], Iterator[Cause]]


def _none(obj: Obj) -> Iterator[Cause]:
    return iter(())


NAMES: dict[str, common.Check] = {
    "namespaces": formats.dns_label,
    "services": formats.dns_label,
    "statefulsets.apps": formats.dns_label,
    "certificatesigningrequests.certificates.k8s.io": formats.path_segment,
    "ipaddresses.networking.k8s.io": formats.ip_address,
    "roles.rbac.authorization.k8s.io": formats.path_segment,
    "rolebindings.rbac.authorization.k8s.io": formats.path_segment,
    "clusterroles.rbac.authorization.k8s.io": formats.path_segment,
    "clusterrolebindings.rbac.authorization.k8s.io": formats.path_segment,
}
"""What names look like; those of the other kinds are DNS subdomains."""

RULES: dict[str, Rules] = {
    "configmaps": configuration.configmap,
    "endpoints": endpoints.endpoints,
    "events": cluster.event,
    "events.events.k8s.io": _none,
    "limitranges": quotas.limitrange,
    "namespaces": cluster.namespace,
    "nodes": cluster.node,
    "persistentvolumeclaims": claims.claim,
    "persistentvolumes": storage.volume,
    "pods": pods.validate,
    "podtemplates": lambda obj: pods.template(obj.get("template") or {}, "template"),
    "replicationcontrollers": workloads.replicationcontroller,
    "resourcequotas": quotas.resourcequota,
    "secrets": configuration.secret,
    "serviceaccounts": _none,
    "services": services.service,
    "mutatingwebhookconfigurations.admissionregistration.k8s.io": admission.mutating,
    "validatingadmissionpolicies.admissionregistration.k8s.io": admission.policy,
    "validatingadmissionpolicybindings.admissionregistration.k8s.io": admission.validatingbinding,
    "validatingwebhookconfigurations.admissionregistration.k8s.io": admission.validating,
    "controllerrevisions.apps": workloads.revision,
    "daemonsets.apps": workloads.daemonset,
    "deployments.apps": workloads.deployment,
    "replicasets.apps": workloads.replicaset,
    "statefulsets.apps": workloads.statefulset,
    "horizontalpodautoscalers.autoscaling": autoscaling.autoscaler,
    "cronjobs.batch": cronjobs.cronjob,
    "jobs.batch": jobs.job,
    "certificatesigningrequests.certificates.k8s.io": certificates.request,
    "leases.coordination.k8s.io": cluster.lease,
    "endpointslices.discovery.k8s.io": endpoints.endpointslice,
    "ingressclasses.networking.k8s.io": networking.ingressclass,
    "ingresses.networking.k8s.io": networking.ingress,
    "ipaddresses.networking.k8s.io": networking.ipaddress_object,
    "networkpolicies.networking.k8s.io": networking.networkpolicy,
    "servicecidrs.networking.k8s.io": networking.servicecidr,
    "runtimeclasses.node.k8s.io": cluster.runtimeclass,
    "poddisruptionbudgets.policy": policy.disruptionbudget,
    "clusterrolebindings.rbac.authorization.k8s.io": rbac.clusterrolebinding,
    "clusterroles.rbac.authorization.k8s.io": rbac.clusterrole,
    "rolebindings.rbac.authorization.k8s.io": rbac.rolebinding,
    "roles.rbac.authorization.k8s.io": rbac.role,
    "priorityclasses.scheduling.k8s.io": cluster.priorityclass,
    "csidrivers.storage.k8s.io": storage.csidriver,
    "csinodes.storage.k8s.io": storage.csinode,
    "csistoragecapacities.storage.k8s.io": storage.storagecapacity,
    "storageclasses.storage.k8s.io": storage.storageclass,
    "volumeattachments.storage.k8s.io": storage.attachment,
    "volumeattributesclasses.storage.k8s.io": storage.attributesclass,
}

CREATES: dict[str, Rules] = {
    "pods": pods.create,
    "cronjobs.batch": cronjobs.create,
    "ingresses.networking.k8s.io": networking.ingress_create,
}
"""What only a new object is asked."""

CHANGES: dict[str, Changes] = {
    "configmaps": configuration.configmap_update,
    "nodes": cluster.node_update,
    "persistentvolumeclaims": claims.claim_update,
    "persistentvolumes": storage.volume_update,
    "pods": changes.update,
    "resourcequotas": quotas.resourcequota_update,
    "secrets": configuration.secret_update,
    "services": services.service_update,
    "controllerrevisions.apps": workloads.revision_update,
    "daemonsets.apps": workloads.same_selector,
    "deployments.apps": workloads.same_selector,
    "replicasets.apps": workloads.same_selector,
    "statefulsets.apps": workloads.statefulset_update,
    "jobs.batch": jobs.job_update,
    "certificatesigningrequests.certificates.k8s.io": certificates.request_update,
    "endpointslices.discovery.k8s.io": endpoints.endpointslice_update,
    "ingressclasses.networking.k8s.io": networking.ingressclass_update,
    "ipaddresses.networking.k8s.io": networking.ipaddress_update,
    "servicecidrs.networking.k8s.io": networking.servicecidr_update,
    "runtimeclasses.node.k8s.io": cluster.runtimeclass_update,
    "clusterrolebindings.rbac.authorization.k8s.io": rbac.binding_update,
    "rolebindings.rbac.authorization.k8s.io": rbac.binding_update,
    "priorityclasses.scheduling.k8s.io": cluster.priorityclass_update,
    "csidrivers.storage.k8s.io": storage.csidriver_update,
    "csinodes.storage.k8s.io": storage.csinode_update,
    "csistoragecapacities.storage.k8s.io": storage.storagecapacity_update,
    "storageclasses.storage.k8s.io": storage.storageclass_update,
    "volumeattachments.storage.k8s.io": storage.attachment_update,
    "volumeattributesclasses.storage.k8s.io": storage.attributesclass_update,
}
"""What a change through the main resource may not change."""

PARTS: dict[tuple[str, str], Changes] = {
    ("namespaces", "finalize"): cluster.namespace_finalize,
    ("namespaces", "status"): cluster.namespace_status,
    ("nodes", "status"): cluster.node_status,
    ("persistentvolumeclaims", "status"): claims.claim_status,
    ("pods", "ephemeralcontainers"): lambda new, old: chain(changes.ephemeral(new, old), pods.validate(new)),
    ("pods", "resize"): lambda new, old: chain(changes.resize(new, old), pods.validate(new)),
    ("pods", "status"): changes.status,
    ("replicationcontrollers", "status"): workloads.status_of("replicationcontrollers"),
    ("resourcequotas", "status"): quotas.resourcequota_status,
    ("services", "status"): services.service_status,
    ("daemonsets.apps", "status"): workloads.status_of("daemonsets.apps"),
    ("deployments.apps", "status"): workloads.status_of("deployments.apps"),
    ("replicasets.apps", "status"): workloads.status_of("replicasets.apps"),
    ("statefulsets.apps", "status"): workloads.status_of("statefulsets.apps"),
    ("horizontalpodautoscalers.autoscaling", "status"): autoscaling.autoscaler_status,
    ("jobs.batch", "status"): jobs.job_status,
    ("certificatesigningrequests.certificates.k8s.io", "approval"): certificates.request_approval,
    ("certificatesigningrequests.certificates.k8s.io", "status"): certificates.request_status,
    ("ingresses.networking.k8s.io", "status"): networking.ingress_status,
    ("poddisruptionbudgets.policy", "status"): policy.disruptionbudget_status,
}
"""What is looked at of a change through a subresource."""

DECORATIONS = ("labels", "annotations", "finalizers", "ownerReferences")

CAUSES_MAX = 1000
"""Faults that are told, as nobody reads more: an object full of them would keep the cluster's lock for seconds."""


def validate_create(resource: Resource, obj: Obj) -> list[Cause]:
    """Everything wrong with a new object."""
    named = common.metadata(obj["metadata"], NAMES.get(resource.name, formats.dns_subdomain))
    creation = CREATES.get(resource.name, _none)(obj)
    return list(islice(chain(named, _rules(resource, obj), creation), CAUSES_MAX))


def validate_update(
    resource: Resource, new: Obj, old: Obj, subresource: str = "", whole: Obj | None = None
) -> list[Cause]:
    """Everything wrong with `new` in the place of `old`. Through a subresource only its part is looked at.

    What did not change is not checked again: most updates of the system's own components leave most of an object alone.
    `whole` is `new` with what Go always writes, as `old` is: only so can the two be compared.
    """
    return list(islice(_update_causes(resource, new, old, subresource, whole or new), CAUSES_MAX))


def _update_causes(resource: Resource, new: Obj, old: Obj, subresource: str, whole: Obj) -> Iterator[Cause]:
    meta, before = new["metadata"], old["metadata"]
    if any(meta.get(name) != before.get(name) for name in DECORATIONS):
        yield from common.decorations(meta)
        yield from common.no_new_finalizers(meta, before)
        if resource.name == "pods":
            yield from changes.metadata(new, old)
    if subresource:
        part = PARTS.get((resource.name, subresource))
        if part is not None:
            yield from part(whole, old)
        return
    if all(whole.get(name) == old.get(name) for name in (*whole, *old) if name not in ("metadata", "status")):
        return
    yield from _new_faults(resource, new, old)
    change = CHANGES.get(resource.name)
    if change is not None:
        yield from change(whole, old)


def _new_faults(resource: Resource, new: Obj, old: Obj) -> Iterator[Cause]:
    faults = list(islice(_rules(resource, new), CAUSES_MAX))
    if faults:
        present = set(islice(_rules(resource, old), CAUSES_MAX))
        faults = [cause for cause in faults if cause not in present]
    return iter(faults)


def _rules(resource: Resource, obj: Obj) -> Iterator[Cause]:
    rules = RULES.get(resource.name)
    return iter(schema.validate(resource, obj)) if rules is None else rules(obj)
