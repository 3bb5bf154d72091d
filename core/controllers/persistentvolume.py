"""The persistent volume controller, as far as it speaks: why a claim stays Pending. Owns no resource yet.

Watches PersistentVolumeClaims, PersistentVolumes and StorageClasses. Volumes are neither bound nor provisioned here; a claim
waits, and so does the pod that uses it, as on a cluster without a provisioner. What such a cluster's events say is true here
word for word; where a real controller would bind a volume that is there, it is said that this one does not. Events as of
`pkg/controller/volume/persistentvolume/pv_controller.go` (syncUnboundClaim).
"""

from core.client import Reconciler, Result
from core.client.transport import WatchEvent
from core.kube.objects import Obj, annotations_of, is_deleting
from core.kube.quantities import compare
from core.kube.requests import service_account
from core.kube.storage import SELECTED_NODE, class_of

CLAIMS, VOLUMES, CLASSES = "persistentvolumeclaims", "persistentvolumes", "storageclasses.storage.k8s.io"

NO_CLASS = "no persistent volumes available for this claim and no storage class is set"
UNKNOWN_CLASS = 'storageclass.storage.k8s.io "{name}" not found'
FIRST_CONSUMER = "waiting for first consumer to be created before binding"
EXTERNAL = (
    "Waiting for a volume to be created either by the external provisioner '{provisioner}' or manually by the system "
    "administrator. If volume creation is delayed, please verify that the provisioner is running and correctly registered."
)
NOT_BOUND = 'persistent volume "{name}" would fit, but binding volumes is not simulated yet: this claim stays Pending'


class PersistentVolumeController(Reconciler):
    name = "persistentvolume"
    user = service_account("kube-system", "persistent-volume-binder")

    def start(self) -> None:
        self.volumes = self.watch(VOLUMES, self.on_supply)
        self.classes = self.watch(CLASSES, self.on_supply)
        self.claims = self.watch(CLAIMS)

    def on_supply(self, event: WatchEvent) -> None:
        """Another volume or class: every claim that waits has another reason to."""
        for key in self.claims.objects:
            self.enqueue(key, event.revision)

    async def reconcile(self, key: str) -> Result | None:
        claim: Obj | None = self.claims.by_key(key)
        if claim is None or is_deleting(claim) or (claim.get("status") or {}).get("phase") != "Pending":
            return None
        kind, reason, message = self._why(claim)
        (self.events.warning if kind == "Warning" else self.events.normal)(claim, reason, message)
        return None

    def _why(self, claim: Obj) -> tuple[str, str, str]:
        """Type, reason and message of the event that tells what the claim waits for."""
        fitting = next((volume for volume in self.volumes if fits(volume, claim)), None)
        if fitting is not None:
            return "Warning", "FailedBinding", NOT_BOUND.format(name=fitting["metadata"]["name"])
        name = class_of(claim)
        if not name:
            return "Normal", "FailedBinding", NO_CLASS
        found = self.classes.get("", name)
        if found is None:
            return "Warning", "ProvisioningFailed", UNKNOWN_CLASS.format(name=name)
        waits = found.get("volumeBindingMode") == "WaitForFirstConsumer"
        if waits and SELECTED_NODE not in annotations_of(claim):
            return "Normal", "WaitForFirstConsumer", FIRST_CONSUMER
        return "Normal", "ExternalProvisioning", EXTERNAL.format(provisioner=found["provisioner"])


def fits(volume: Obj, claim: Obj) -> bool:
    """Whether a volume that nobody has is of the claim's class, size and modes."""
    has, wants = volume["spec"], claim["spec"]
    return (
        not has.get("claimRef")
        and class_of(volume) == class_of(claim)
        and set(wants.get("accessModes") or ()) <= set(has.get("accessModes") or ())
        and compare(has["capacity"]["storage"], wants["resources"]["requests"]["storage"]) >= 0
    )
