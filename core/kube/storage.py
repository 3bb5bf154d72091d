"""Volumes and claims: what of them the controllers and the scheduler read alike.

Reference: component-helpers `storage/volume/helpers.go`.
"""

from core.kube.objects import Obj, annotations_of

BETA_CLASS = "volume.beta.kubernetes.io/storage-class"
SELECTED_NODE = "volume.kubernetes.io/selected-node"  # of a claim whose volume waited for its first consumer


def class_of(obj: Obj) -> str:
    """The storage class of a claim or a volume: the annotation of old goes before the field."""
    return str(annotations_of(obj).get(BETA_CLASS) or obj["spec"].get("storageClassName") or "")
