"""The identity of a StatefulSet's pods: what follows from an ordinal. Pure functions.

Name, host name, the claims' names and two labels; the subdomain is the headless Service of the set, so DNS knows the pod
as `web-0.SERVICE.NAMESPACE.svc`. Reference: `pkg/controller/statefulset/stateful_set_utils.go`.
"""

from core.controllers.history import HASH_LABEL
from core.kube.objects import Obj, labels_of, owner_reference

CLAIMS = "persistentvolumeclaims"
POD_NAME_LABEL, POD_INDEX_LABEL = "statefulset.kubernetes.io/pod-name", "apps.kubernetes.io/pod-index"


def ordinal_of(owner: Obj, pod: Obj) -> int | None:
    """The ordinal in the pod's name; None when the name is not one of this set's."""
    parent, _, number = pod["metadata"]["name"].rpartition("-")
    if parent != owner["metadata"]["name"] or not (number.isascii() and number.isdigit()):
        return None
    return int(number)


def pod_for(owner: Obj, ordinal: int, template: Obj, revision: str) -> Obj:
    """The pod of `ordinal` as `template` describes it, controlled by the set."""
    meta, wishes = owner["metadata"], template.get("metadata") or {}
    name = f"{meta['name']}-{ordinal}"
    metadata = {key: wishes[key] for key in ("annotations", "finalizers") if wishes.get(key)}
    identity = {HASH_LABEL: revision, POD_NAME_LABEL: name, POD_INDEX_LABEL: str(ordinal)}
    metadata |= {
        "name": name,
        "namespace": meta["namespace"],
        "labels": (wishes.get("labels") or {}) | identity,
        "ownerReferences": [owner_reference(owner)],
    }
    spec = template["spec"] | {"hostname": name}
    if owner["spec"].get("serviceName"):
        spec["subdomain"] = owner["spec"]["serviceName"]
    claimed = {
        claim["metadata"]["name"]: {
            "name": claim["metadata"]["name"],
            "persistentVolumeClaim": {"claimName": claim_name(owner, claim, ordinal)},
        }
        for claim in owner["spec"].get("volumeClaimTemplates") or ()
    }
    if claimed:
        others = [volume for volume in spec.get("volumes") or () if volume["name"] not in claimed]
        spec["volumes"] = [*claimed.values(), *others]
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}


def claims_for(owner: Obj, ordinal: int) -> list[Obj]:
    """The claims of the pod of `ordinal`."""
    policy = owner["spec"].get("persistentVolumeClaimRetentionPolicy") or {}
    return [_claim(owner, each, ordinal, policy) for each in owner["spec"].get("volumeClaimTemplates") or ()]


def claim_name(owner: Obj, claim: Obj, ordinal: int) -> str:
    return f"{claim['metadata']['name']}-{owner['metadata']['name']}-{ordinal}"


def _claim(owner: Obj, template: Obj, ordinal: int, policy: Obj) -> Obj:
    meta = template["metadata"]
    labels = labels_of(template) | (owner["spec"]["selector"].get("matchLabels") or {})
    metadata = {
        "name": claim_name(owner, template, ordinal),
        "namespace": owner["metadata"]["namespace"],
        "labels": labels,
    }
    if meta.get("annotations"):
        metadata["annotations"] = meta["annotations"]
    if policy.get("whenDeleted") == "Delete":
        metadata["ownerReferences"] = [owner_reference(owner)]
    return {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": metadata, "spec": template["spec"]}
