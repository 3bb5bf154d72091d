"""ServiceAccount: every pod runs as one, and finds its token, the cluster's CA and its namespace in a volume.

The volume `kube-api-access-…` is projected: the kubelet asks for the token itself and renews it.
Reference: plugin/pkg/admission/serviceaccount/admission.go.
"""

from typing import TYPE_CHECKING, Any

from core.apiserver.admission.base import PODS, Attempt, Plugin

if TYPE_CHECKING:
    from core.apiserver.batch import Batch

DEFAULT = "default"
MOUNT_PATH = "/var/run/secrets/kubernetes.io/serviceaccount"
MIRROR = "kubernetes.io/config.mirror"
SUFFIX_ALPHABET = "bcdfghjklmnpqrstvwxz2456789"
TOKEN_SECONDS = 3607  # an hour and a bit: odd on purpose, so that it can be told from what a person asked for
NOT_FOUND = 'error looking up service account {namespace}/{name}: serviceaccount "{name}" not found'


class ServiceAccount(Plugin):
    name = "ServiceAccount"
    resources = PODS

    def mutate(self, attempt: Attempt, batch: "Batch") -> str | None:
        pod = attempt.obj
        assert pod is not None
        if MIRROR in (pod["metadata"].get("annotations") or {}):
            return None
        spec = pod["spec"]
        name = spec.get("serviceAccountName") or spec.get("serviceAccount") or DEFAULT
        account = batch.find("serviceaccounts", attempt.namespace, name)
        if account is None:
            refusal = attempt.forbidden(NOT_FOUND.format(namespace=attempt.namespace, name=name))
            refusal.premature = name == DEFAULT  # of a namespace just created the controller makes it right now
            raise refusal
        spec["serviceAccountName"] = spec["serviceAccount"] = name
        if account.get("imagePullSecrets") and not spec.get("imagePullSecrets"):
            spec["imagePullSecrets"] = [dict(secret) for secret in account["imagePullSecrets"]]
        if spec.get("automountServiceAccountToken", account.get("automountServiceAccountToken", True)):
            self._mount(spec, batch)
        return f"runs as service account {name}"

    def _mount(self, spec: dict[str, Any], batch: "Batch") -> None:
        """Give the pod the volume, and each container that mounts nothing there a mount of it."""
        containers = [
            container
            for container in (*(spec.get("initContainers") or ()), *(spec.get("containers") or ()))
            if all(mount.get("mountPath") != MOUNT_PATH for mount in container.get("volumeMounts") or ())
        ]
        if not containers:
            return
        volume = "kube-api-access-" + "".join(batch.random.choices(SUFFIX_ALPHABET, k=5))
        for container in containers:
            mounts = container.get("volumeMounts") or []
            container["volumeMounts"] = [*mounts, {"name": volume, "readOnly": True, "mountPath": MOUNT_PATH}]
        spec["volumes"] = [*(spec.get("volumes") or ()), {"name": volume, "projected": _projection()}]


def _projection() -> dict[str, Any]:
    return {
        "sources": [
            {"serviceAccountToken": {"expirationSeconds": TOKEN_SECONDS, "path": "token"}},
            {"configMap": {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}},
            {
                "downwardAPI": {
                    "items": [
                        {
                            "path": "namespace",
                            "fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.namespace"},
                        }
                    ]
                }
            },
        ],
        "defaultMode": 420,
    }
