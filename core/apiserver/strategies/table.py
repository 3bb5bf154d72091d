"""Which strategy belongs to which resource; those not named here have the plain one."""

from typing import Any

from core.apiserver.batch import Batch
from core.apiserver.strategies.base import Strategy
from core.apiserver.strategies.jobs import JobStrategy
from core.apiserver.strategies.namespaces import NamespaceStrategy
from core.apiserver.strategies.pods import PodStrategy
from core.apiserver.strategies.services import ServiceStrategy
from core.kube.objects import Obj


class ReturnsDeleted(Strategy):
    returns_deleted = True


class BeginsPending(ReturnsDeleted):
    """Volumes and claims are pending until a controller brings them together."""

    def prepare_create(self, obj: Obj, batch: Batch) -> None:
        obj["status"] = {"phase": "Pending"}


class NeedsVersion(Strategy):
    """Updates must say which state they were made for: of these, one that does not would undo somebody else's unseen."""

    unconditional_update = False


class KeepsLabels(Strategy):
    """A Deployment's status takes no labels along."""

    kept_by_status = ("labels",)


class AttachmentStrategy(NeedsVersion):
    """The status takes nothing of the metadata along (metav1.ResetObjectMetaForStatus)."""

    kept_by_status = ("labels", "annotations", "finalizers", "ownerReferences")


class SliceStrategy(Strategy):
    """EndpointSlices count a change of labels as a new generation too: proxies select by them."""

    def content(self, obj: Obj) -> Any:
        return super().content(obj), obj["metadata"].get("labels")


STRATEGIES: dict[str, Strategy] = {
    "namespaces": NamespaceStrategy(),
    "pods": PodStrategy(has_generation=True),
    "services": ServiceStrategy(),
    "endpoints": Strategy(has_status=False),
    "events": Strategy(has_status=False),
    "configmaps": Strategy(has_status=False),
    "secrets": Strategy(has_status=False),
    "serviceaccounts": ReturnsDeleted(has_status=False),
    "podtemplates": ReturnsDeleted(has_generation=True, has_status=False),
    "resourcequotas": ReturnsDeleted(),
    "persistentvolumes": BeginsPending(),
    "persistentvolumeclaims": BeginsPending(),
    "replicationcontrollers": Strategy(has_generation=True),
    "deployments.apps": KeepsLabels(has_generation=True),
    "replicasets.apps": Strategy(has_generation=True),
    "statefulsets.apps": Strategy(has_generation=True),
    "daemonsets.apps": Strategy(has_generation=True),
    "controllerrevisions.apps": Strategy(has_status=False),
    "jobs.batch": JobStrategy(has_generation=True),
    "cronjobs.batch": Strategy(has_generation=True),
    "leases.coordination.k8s.io": NeedsVersion(has_status=False),
    "endpointslices.discovery.k8s.io": SliceStrategy(has_generation=True, has_status=False),
    "poddisruptionbudgets.policy": NeedsVersion(has_generation=True),
    "ingresses.networking.k8s.io": Strategy(has_generation=True),
    "networkpolicies.networking.k8s.io": Strategy(has_generation=True, has_status=False),
    "storageclasses.storage.k8s.io": ReturnsDeleted(has_status=False),
    "priorityclasses.scheduling.k8s.io": Strategy(has_generation=True, has_status=False),
    "customresourcedefinitions.apiextensions.k8s.io": NeedsVersion(has_generation=True),
    "mutatingwebhookconfigurations.admissionregistration.k8s.io": NeedsVersion(),
    "validatingwebhookconfigurations.admissionregistration.k8s.io": NeedsVersion(),
    "validatingadmissionpolicies.admissionregistration.k8s.io": NeedsVersion(),
    "validatingadmissionpolicybindings.admissionregistration.k8s.io": NeedsVersion(),
    "runtimeclasses.node.k8s.io": NeedsVersion(),
    "csidrivers.storage.k8s.io": NeedsVersion(),
    "csinodes.storage.k8s.io": NeedsVersion(),
    "csistoragecapacities.storage.k8s.io": NeedsVersion(),
    "volumeattachments.storage.k8s.io": AttachmentStrategy(),
}
