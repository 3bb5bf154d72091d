"""Tables: what `kubectl get` prints, made by the server (`Accept: application/json;as=Table`).

One row of `TABLES` a resource, each a tuple of columns; what is not listed gets Name and Age, as a custom resource does.
Start with `table`; a pod's Status column is in `pods.py`. Simplified: descriptions are short sentences of our own, not
the whole API documentation of the field. Reference: kubernetes `pkg/printers/internalversion/printers.go`.
"""

from collections.abc import Iterable
from typing import Any

from core.apiserver.tables import cluster, network, storage, workloads
from core.apiserver.tables.columns import Column
from core.apiserver.tables.durations import UNKNOWN
from core.apiserver.tables.pods import PODS, row_conditions
from core.kube.conversion import to_stored
from core.kube.objects import Obj
from core.kube.resources import REGISTRY

Columns = tuple[Column, ...]

TABLES: dict[str, Columns] = {
    "pods": PODS,
    "services": network.SERVICES,
    "endpoints": network.ENDPOINTS,
    "endpointslices.discovery.k8s.io": network.ENDPOINT_SLICES,
    "ingresses.networking.k8s.io": network.INGRESSES,
    "ingressclasses.networking.k8s.io": network.INGRESS_CLASSES,
    "networkpolicies.networking.k8s.io": network.NETWORK_POLICIES,
    "servicecidrs.networking.k8s.io": network.SERVICE_CIDRS,
    "ipaddresses.networking.k8s.io": network.IP_ADDRESSES,
    "deployments.apps": workloads.DEPLOYMENTS,
    "replicasets.apps": workloads.REPLICA_SETS,
    "statefulsets.apps": workloads.STATEFUL_SETS,
    "daemonsets.apps": workloads.DAEMON_SETS,
    "controllerrevisions.apps": workloads.CONTROLLER_REVISIONS,
    "replicationcontrollers": workloads.REPLICATION_CONTROLLERS,
    "podtemplates": workloads.POD_TEMPLATES,
    "jobs.batch": workloads.JOBS,
    "cronjobs.batch": workloads.CRON_JOBS,
    "horizontalpodautoscalers.autoscaling": workloads.AUTOSCALERS,
    "poddisruptionbudgets.policy": workloads.BUDGETS,
    "nodes": cluster.NODES,
    "namespaces": cluster.NAMESPACES,
    "events": cluster.EVENTS,
    "configmaps": cluster.CONFIG_MAPS,
    "secrets": cluster.SECRETS,
    "serviceaccounts": cluster.SERVICE_ACCOUNTS,
    "resourcequotas": cluster.QUOTAS,
    "limitranges": cluster.NAME_AND_CREATION,
    "leases.coordination.k8s.io": cluster.LEASES,
    "roles.rbac.authorization.k8s.io": cluster.NAME_AND_CREATION,
    "clusterroles.rbac.authorization.k8s.io": cluster.NAME_AND_CREATION,
    "rolebindings.rbac.authorization.k8s.io": cluster.BINDINGS,
    "clusterrolebindings.rbac.authorization.k8s.io": cluster.BINDINGS,
    "priorityclasses.scheduling.k8s.io": cluster.PRIORITY_CLASSES,
    "runtimeclasses.node.k8s.io": cluster.RUNTIME_CLASSES,
    "validatingwebhookconfigurations.admissionregistration.k8s.io": cluster.WEBHOOKS,
    "mutatingwebhookconfigurations.admissionregistration.k8s.io": cluster.WEBHOOKS,
    "certificatesigningrequests.certificates.k8s.io": cluster.SIGNING_REQUESTS,
    "persistentvolumes": storage.VOLUMES,
    "persistentvolumeclaims": storage.CLAIMS,
    "storageclasses.storage.k8s.io": storage.STORAGE_CLASSES,
    "csidrivers.storage.k8s.io": storage.CSI_DRIVERS,
    "csinodes.storage.k8s.io": storage.CSI_NODES,
    "volumeattachments.storage.k8s.io": storage.VOLUME_ATTACHMENTS,
    "volumeattributesclasses.storage.k8s.io": storage.ATTRIBUTES_CLASSES,
}

META_VERSION = "meta.k8s.io/v1"


def columns_of(resource: str) -> Columns:
    return TABLES.get(resource, cluster.ANY)


def table(
    resource: str,
    objects: Iterable[Obj],
    now: float,
    metadata: Obj,
    *,
    include: str = "Metadata",
    api_version: str = META_VERSION,
    headers: bool = True,
) -> Obj:
    """A `Table` of `objects`. `include` is the query option includeObject: None, Metadata or Object.

    A watch sends `headers` with its first table only, as the real server does.
    """
    row = REGISTRY.get(resource)
    if row is not None and row.stored_as:
        resource = row.stored_as
    columns = columns_of(resource)
    return {
        "kind": "Table",
        "apiVersion": api_version,
        "metadata": metadata,
        "columnDefinitions": [column.definition for column in columns] if headers else None,
        "rows": [
            _row(resource, columns, obj, to_stored(row, obj) if row else obj, now, include, api_version)
            for obj in objects
        ],
    }


def _row(resource: str, columns: Columns, obj: Obj, stored: Obj, now: float, include: str, api_version: str) -> Obj:
    row: Obj = {"cells": [_cell(column, stored, now) for column in columns]}
    if resource == "pods" and (conditions := row_conditions(obj)):
        row["conditions"] = conditions
    if include == "Object":
        row["object"] = obj
    elif include != "None":
        row["object"] = partial(obj, api_version)
    else:
        row["object"] = None
    return row


def _cell(column: Column, obj: Obj, now: float) -> Any:
    """One cell. An object that is not shaped as its kind should be must not keep the rest from being listed."""
    try:
        return column.cell(obj, now)
    except (AttributeError, KeyError, IndexError, TypeError, ValueError):
        return UNKNOWN


def partial(obj: Obj, api_version: str = META_VERSION) -> Obj:
    """The object reduced to what every kind has: `PartialObjectMetadata`."""
    return {"kind": "PartialObjectMetadata", "apiVersion": api_version, "metadata": obj["metadata"]}
