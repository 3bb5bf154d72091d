"""Storage, configuration, quotas, the cluster's own objects: one row a rule, with what a real server says."""

import base64
from typing import Any

import pytest

from core.kube import formats
from core.kube.objects import Obj
from core.kube.validation import claims, quotas
from tests.kube.validation.table import GONE, Table, changed, created, rows, updated

SUB, LABEL, QUALIFIED = formats.SUBDOMAIN, formats.LABEL, formats.QUALIFIED
AT_LEAST_0, FIXED = "must be greater than or equal to 0", "field is immutable"
CLAIM: Obj = {
    "metadata": {"name": "c"},
    "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
}
CLAIMS: Table = {
    "plain": ({},),
    "no mode": ({"spec.accessModes": []}, "spec.accessModes: Required value: at least 1 access mode is required"),
    "mode": (
        {"spec.accessModes": ["X"]},
        'spec.accessModes: Unsupported value: "X": supported values: "ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce",'
        ' "ReadWriteOncePod"',
    ),
    "one pod and more": (
        {"spec.accessModes": ["ReadWriteOncePod", "ReadWriteOnce"]},
        "spec.accessModes: Forbidden: may not use ReadWriteOncePod with other access modes",
    ),
    "no size": ({"spec.resources": {}}, "spec.resources[storage]: Required value"),
    "nothing": (
        {"spec.resources.requests.storage": "0"},
        'spec.resources[storage]: Invalid value: "0": must be greater than zero',
    ),
    "operator": (
        {"spec.selector": {"matchExpressions": [{"key": "a", "operator": "X"}]}},
        'spec.selector.matchExpressions[0].operator: Invalid value: "X": not a valid selector operator',
    ),
    "operator without values": (
        {"spec.selector": {"matchExpressions": [{"key": "a", "operator": "In"}]}},
        "spec.selector.matchExpressions[0].values: Required value: must be specified when `operator` is 'In' or 'NotIn'",
    ),
    "volume mode": (
        {"spec.volumeMode": "X"},
        'spec.volumeMode: Unsupported value: "X": supported values: "Block", "Filesystem"',
    ),
    "class": ({"spec.storageClassName": "A"}, f'spec.storageClassName: Invalid value: "A": {SUB}'),
}
BOUND = changed(CLAIM, {"spec.volumeName": "v", "spec.storageClassName": "s", "status": {"phase": "Bound"}})
BOUND = changed(BOUND, {"status.capacity": {"storage": "1Gi"}})
CLAIM_CHANGES: Table = {
    "more": ({"spec.resources.requests.storage": "2Gi"},),
    "less": (
        {"spec.resources.requests.storage": "1Mi"},
        f"spec.resources.requests.storage: Forbidden: {claims.NO_SHRINKING}",
    ),
    "mode": ({"spec.accessModes": ["ReadWriteMany"]}, f"spec: Forbidden: {claims.FIXED}"),
}
VOLUME: Obj = {
    "metadata": {"name": "v"},
    "spec": {"accessModes": ["ReadWriteOnce"], "capacity": {"storage": "1Gi"}, "hostPath": {"path": "/x"}},
}
VOLUMES: Table = {
    "plain": ({},),
    "no capacity": (
        {"spec.capacity": {}},
        "spec.capacity: Required value",
        'spec.capacity: Unsupported value: {}: supported values: "storage"',
    ),
    "no source": ({"spec.hostPath": GONE}, "spec: Required value: must specify a volume type"),
    "two sources": (
        {"spec.nfs": {"server": "s", "path": "/"}},
        "spec.nfs: Forbidden: may not specify more than 1 volume type",
    ),
    "local": (
        {"spec.hostPath": GONE, "spec.local": {"path": "/x"}},
        "spec.nodeAffinity: Required value: Local volume requires node affinity",
    ),
    "policy": (
        {"spec.persistentVolumeReclaimPolicy": "X"},
        'spec.persistentVolumeReclaimPolicy: Unsupported value: "X": supported values: "Delete", "Recycle", "Retain"',
    ),
    "recycled root": (
        {"spec.persistentVolumeReclaimPolicy": "Recycle", "spec.hostPath.path": "/"},
        "spec.persistentVolumeReclaimPolicy: Forbidden: may not be 'recycle' for a hostPath mount of '/'",
    ),
    "csi": (
        {"spec.hostPath": GONE, "spec.csi": {"driver": "d", "volumeHandle": ""}},
        "spec.csi.volumeHandle: Required value",
    ),
}
VOLUME_CHANGES: Table = {
    "capacity": ({"spec.capacity.storage": "2Gi"},),
    "source": (
        {"spec.hostPath.path": "/y"},
        "spec.persistentvolumesource: Forbidden: spec.persistentvolumesource is immutable after creation",
    ),
}
CLASS: Obj = {"metadata": {"name": "s"}, "provisioner": "example.com/p"}
CLASSES: Table = {
    "plain": ({},),
    "provisioner": ({"provisioner": ""}, "provisioner: Required value"),
    "binding": (
        {"volumeBindingMode": "X"},
        'volumeBindingMode: Unsupported value: "X": supported values: "Immediate", "WaitForFirstConsumer"',
    ),
    "policy": (
        {"reclaimPolicy": "Recycle"},
        'reclaimPolicy: Unsupported value: "Recycle": supported values: "Delete", "Retain"',
    ),
}
DRIVER: Obj = {"metadata": {"name": "d.example.com"}, "spec": {}}
DRIVERS: Table = {
    "plain": ({},),
    "policy": (
        {"spec.fsGroupPolicy": "X"},
        'spec.fsGroupPolicy: Unsupported value: "X": supported values: "File", "None", "ReadWriteOnceWithFSType"',
    ),
    "token": (
        {"spec.tokenRequests": [{"audience": "a", "expirationSeconds": 5}]},
        "spec.tokenRequests[0].expirationSeconds: Invalid value: 5: may not specify a duration less than 600 seconds (10"
        " minutes)",
    ),
}
ATTACHED: Obj = {
    "metadata": {"name": "a"},
    "spec": {"attacher": "d", "nodeName": "n", "source": {"persistentVolumeName": "v"}},
}
ATTACHMENTS: Table = {
    "plain": ({},),
    "nothing": (
        {"spec.source": {}},
        "spec.source: Required value: must specify exactly one of inlineVolumeSpec and persistentVolumeName",
    ),
}
CSI_NODE: Obj = {"metadata": {"name": "n"}, "spec": {"drivers": [{"name": "d", "nodeID": "n"}]}}
CSI_NODES: Table = {
    "plain": ({},),
    "no id": ({"spec.drivers[0].nodeID": ""}, "spec.drivers[0].nodeID: Required value"),
    "twice": (
        {"spec.drivers[1]": {"name": "d", "nodeID": "n"}},
        'spec.drivers[1].name: Duplicate value: "d"',
    ),
}
ATTRIBUTES: Obj = {"metadata": {"name": "v"}, "driverName": "d", "parameters": {"a": "b"}}

CONFIG: Obj = {"metadata": {"name": "c"}, "data": {"a": "b"}}
CONFIGS: Table = {
    "plain": ({},),
    "key": ({"data": {"a b": "c"}}, f'data[a b]: Invalid value: "a b": {formats.CONFIG_KEY}'),
    "twice": (
        {"binaryData": {"a": "Yg=="}},
        'data[a]: Invalid value: "a": duplicate of key present in binaryData',
    ),
    "name": ({"metadata.name": "A"}, f'metadata.name: Invalid value: "A": {SUB}'),
    "label": ({"metadata.labels": {"a": "b c"}}, f'metadata.labels: Invalid value: "b c": {formats.VALUE}'),
    "annotation": ({"metadata.annotations": {"a b": ""}}, f'metadata.annotations: Invalid value: "a b": {QUALIFIED}'),
    "finalizer": (
        {"metadata.finalizers": ["x"]},
        'metadata.finalizers[0]: Invalid value: "x": name is neither a standard finalizer name nor is it fully'
        " qualified",
    ),
    "both ways to delete": (
        {"metadata.finalizers": ["orphan", "foregroundDeletion"]},
        'metadata.finalizers: Invalid value: ["orphan","foregroundDeletion"]: finalizer orphan and foregroundDeletion'
        " cannot be both set",
    ),
}
FROZEN = changed(CONFIG, {"immutable": True})
CONFIG_CHANGES: Table = {
    "data": ({"data": {"c": "d"}}, "data: Forbidden: field is immutable when `immutable` is set"),
    "thawed": ({"immutable": GONE}, "immutable: Forbidden: field is immutable when `immutable` is set"),
}
SECRET: Obj = {"metadata": {"name": "s"}, "type": "Opaque", "data": {"a": "Yg=="}}
SECRETS: Table = {
    "plain": ({},),
    "tls": ({"type": "kubernetes.io/tls"}, "data[tls.crt]: Required value", "data[tls.key]: Required value"),
    "ssh": ({"type": "kubernetes.io/ssh-auth"}, "data[ssh-privatekey]: Required value"),
    "registry": ({"type": "kubernetes.io/dockerconfigjson"}, "data[.dockerconfigjson]: Required value"),
}
SECRET_CHANGES: Table = {"type": ({"type": "x/y"}, f'type: Invalid value: "x/y": {FIXED}'), "data": ({"data": {}},)}

QUOTA: Obj = {"metadata": {"name": "q"}, "spec": {"hard": {"pods": "5"}}}
SCOPED = {"spec.scopeSelector": {"matchExpressions": [{"scopeName": "PriorityClass", "operator": "In"}]}}
QUOTAS: Table = {
    "plain": ({},),
    "objects": ({"spec.hard": {"count/deployments.apps": "3", "requests.cpu": "1", "requests.nvidia.com/gpu": "1"}},),
    "negative": ({"spec.hard": {"pods": "-5"}}, f'spec.hard[pods]: Invalid value: "-5": {AT_LEAST_0}'),
    "half a pod": ({"spec.hard": {"pods": "500m"}}, 'spec.hard[pods]: Invalid value: "500m": must be an integer'),
    "unknown": (
        {"spec.hard": {"apples": "5"}},
        'spec.hard[apples]: Invalid value: "apples": must be a standard resource type or fully qualified',
        'spec.hard[apples]: Invalid value: "apples": must be a standard resource for quota',
    ),
    "scope": ({"spec.scopes": ["X"]}, 'spec.scopes: Invalid value: ["X"]: unsupported scope'),
    "scopes against each other": (
        {"spec.scopes": ["BestEffort", "NotBestEffort"]},
        'spec.scopes: Invalid value: ["BestEffort","NotBestEffort"]: conflicting scopes',
    ),
    "scope of others": (
        {"spec.scopes": ["BestEffort"], "spec.hard": {"cpu": "1"}},
        'spec.scopes: Invalid value: ["BestEffort"]: unsupported scope applied to resource',
    ),
    "selected by nothing": (
        SCOPED,
        f"spec.scopeSelector.matchExpressions.values: Required value: {quotas.VALUE_NEEDED}",
    ),
}
LIMIT: Obj = {"metadata": {"name": "l"}, "spec": {"limits": [{"type": "Container", "max": {"cpu": "2"}}]}}
L = "spec.limits[0]"
LIMITS: Table = {
    "plain": ({},),
    "type": ({f"{L}.type": "X"}, f'{L}.type: Invalid value: "X": must be a standard limit type or fully qualified'),
    "twice": ({"spec.limits[1]": {"type": "Container"}}, 'spec.limits[1].type: Duplicate value: "Container"'),
    "min above max": (
        {f"{L}.min": {"cpu": "3"}, f"{L}.default": {"cpu": "2"}, f"{L}.defaultRequest": {"cpu": "3"}},
        f'{L}.min[cpu]: Invalid value: "3": min value 3 is greater than max value 2',
        f'{L}.defaultRequest[cpu]: Invalid value: "3": default request value 3 is greater than max value 2',
        f'{L}.defaultRequest[cpu]: Invalid value: "3": default request value 3 is greater than default limit value 2',
        f'{L}.default[cpu]: Invalid value: "3": min value 3 is greater than default value 2',
    ),
    "default of pods": (
        {f"{L}.type": "Pod", f"{L}.default": {"cpu": "1"}},
        f"{L}.default: Forbidden: may not be specified when `type` is 'Pod'",
    ),
    "claims": (
        {f"{L}": {"type": "PersistentVolumeClaim"}},
        f"{L}.limits: Required value: either minimum or maximum storage value is required, but neither was provided",
    ),
    "ratio": (
        {f"{L}.maxLimitRequestRatio": {"cpu": "500m"}},
        f'{L}.maxLimitRequestRatio[cpu]: Invalid value: "500m": ratio 500m is less than 1',
    ),
}
NODE: Obj = {"metadata": {"name": "n"}, "spec": {}, "status": {}}
T = "metadata.taints[0]"
TAINT = {"key": "a", "effect": "NoSchedule"}
NODES: Table = {
    "plain": ({"spec.taints": [TAINT, TAINT | {"effect": "NoExecute"}]},),
    "taint key": (
        {"spec.taints": [TAINT | {"key": "a b"}]},
        f'{T}.key: Invalid value: "a b": {QUALIFIED}',
    ),
    "taint effect": (
        {"spec.taints": [TAINT | {"effect": "X"}]},
        f'{T}.effect: Unsupported value: "X": supported values: "NoSchedule", "PreferNoSchedule", "NoExecute"',
    ),
    "taint twice": (
        {"spec.taints": [TAINT, TAINT]},
        'metadata.taints[1]: Duplicate value: {"Key":"a","Value":"","Effect":"NoSchedule","TimeAdded":null}: taints must'
        " be unique by key and effect pair",
    ),
    "pod range": (
        {"spec.podCIDRs": ["x"], "spec.podCIDR": "x"},
        f'spec.podCIDRs[0]: Invalid value: "x": {formats.CIDR}',
    ),
}
LEASE: Obj = {"metadata": {"name": "l"}, "spec": {"leaseDurationSeconds": 5}}
LEASES: Table = {
    "plain": ({},),
    "no time": (
        {"spec.leaseDurationSeconds": 0},
        "spec.leaseDurationSeconds: Invalid value: 0: must be greater than 0",
    ),
    "transitions": (
        {"spec.leaseTransitions": -1},
        f"spec.leaseTransitions: Invalid value: -1: {AT_LEAST_0}",
    ),
}
RUNTIME: Obj = {"metadata": {"name": "r"}, "handler": "h"}
RUNTIMES: Table = {
    "plain": ({},),
    "handler": ({"handler": "H"}, f'handler: Invalid value: "H": {LABEL}'),
    "overhead": (
        {"overhead": {"podFixed": {"cpu": "-1"}}},
        f'overhead.limits[cpu]: Invalid value: "-1": {AT_LEAST_0}',
    ),
}
PRIORITY: Obj = {"metadata": {"name": "p"}, "value": 5}
PRIORITIES: Table = {
    "plain": ({},),
    "system": (
        {"metadata.name": "system-x"},
        "metadata.name: Forbidden: priority class names with 'system-' prefix are reserved for system use only",
    ),
    "high": (
        {"value": 2_000_000_000},
        "value: Forbidden: maximum allowed value of a user defined priority is 1000000000",
    ),
    "policy": (
        {"preemptionPolicy": "X"},
        'preemptionPolicy: Unsupported value: "X": supported values: "PreemptLowerPriority", "Never"',
    ),
}
ROLE: Obj = {"metadata": {"name": "r"}, "rules": [{"verbs": ["get"], "apiGroups": [""], "resources": ["pods"]}]}
URLS = {"verbs": ["get"], "nonResourceURLs": ["/x"]}
ROLES: Table = {
    "plain": ({},),
    "verbs": ({"rules[0].verbs": []}, "rules[0].verbs: Required value: verbs must contain at least one value"),
    "groups": (
        {"rules[0].apiGroups": []},
        "rules[0].apiGroups: Required value: resource rules must supply at least one api group",
    ),
    "addresses": (
        {"rules[0]": URLS},
        'rules[0].nonResourceURLs: Invalid value: ["/x"]: namespaced rules cannot apply to non-resource URLs',
    ),
    "name": ({"metadata.name": "system:a"},),
    "path": ({"metadata.name": "a%b"}, "metadata.name: Invalid value: \"a%b\": may not contain '%'"),
}
CLUSTER_ROLES: Table = {
    "addresses": ({"rules[0]": URLS},),
    "nothing gathered": (
        {"aggregationRule": {}},
        "aggregationRule.clusterRoleSelectors: Required value: at least one clusterRoleSelector required if"
        " aggregationRule is non-nil",
    ),
}
BINDING: Obj = {
    "metadata": {"name": "b"},
    "roleRef": {"kind": "Role", "name": "r", "apiGroup": "rbac.authorization.k8s.io"},
    "subjects": [{"kind": "User", "name": "u"}],
}
BINDINGS: Table = {
    "plain": ({},),
    "kind": (
        {"roleRef.kind": "X"},
        'roleRef.kind: Unsupported value: "X": supported values: "ClusterRole", "Role"',
    ),
    "no role": ({"roleRef.name": ""}, "roleRef.name: Required value"),
    "subject": (
        {"subjects[0].kind": "X"},
        'subjects[0].kind: Unsupported value: "X": supported values: "Group", "ServiceAccount", "User"',
    ),
    "account": (
        {"subjects": [{"kind": "ServiceAccount", "name": "A"}]},
        f'subjects[0].name: Invalid value: "A": {SUB}',
    ),
}
BINDING_CHANGES: Table = {
    "role": (
        {"roleRef.name": "other"},
        'roleRef: Invalid value: {"APIGroup":"rbac.authorization.k8s.io","Kind":"Role","Name":"other"}: cannot change'
        " roleRef",
    ),
    "subjects": ({"subjects": []},),
}
BUDGET: Obj = {"metadata": {"name": "b"}, "spec": {"minAvailable": 1, "selector": {"matchLabels": {"a": "b"}}}}
BUDGETS: Table = {
    "plain": ({},),
    "both": (
        {"spec.maxUnavailable": 1, "spec.selector": GONE},
        'spec: Invalid value: {"MinAvailable":1,"Selector":null,"MaxUnavailable":1,"UnhealthyPodEvictionPolicy":null}:'
        " minAvailable and maxUnavailable cannot be both set",
    ),
    "too many": (
        {"spec.minAvailable": "101%"},
        'spec.minAvailable: Invalid value: "101%": must not be greater than 100%',
    ),
    "policy": (
        {"spec.unhealthyPodEvictionPolicy": "X"},
        'spec.unhealthyPodEvictionPolicy: Unsupported value: "X": supported values: "AlwaysAllow", "IfHealthyBudget"',
    ),
}
HOOKS: Obj = {
    "metadata": {"name": "w"},
    "webhooks": [
        {
            "name": "a.example.com",
            "clientConfig": {"url": "https://example.com/"},
            "sideEffects": "None",
            "admissionReviewVersions": ["v1"],
            "rules": [{"operations": ["*"], "apiGroups": ["*"], "apiVersions": ["*"], "resources": ["pods"]}],
        }
    ],
}
H = "webhooks[0]"
WEBHOOKS: Table = {
    "plain": ({},),
    "name": (
        {f"{H}.name": "a"},
        f'{H}.name: Invalid value: "a": should be a domain with at least three segments separated by dots',
    ),
    "effects": (
        {f"{H}.sideEffects": "Some"},
        f'{H}.sideEffects: Unsupported value: "Some": supported values: "None", "NoneOnDryRun"',
    ),
    "timeout": (
        {f"{H}.timeoutSeconds": 60},
        f"{H}.timeoutSeconds: Invalid value: 60: the timeout value must be between 1 and 30 seconds",
    ),
    "nobody": (
        {f"{H}.clientConfig": {}},
        f"{H}.clientConfig: Required value: exactly one of url or service is required",
    ),
    "plain text": (
        {f"{H}.clientConfig.url": "http://a.b/"},
        f"{H}.clientConfig.url: Invalid value: \"http\": 'https' is the only allowed URL scheme; desired format:"
        " https://host[/path]",
    ),
    "operation": (
        {f"{H}.rules[0].operations": ["X"]},
        f'{H}.rules[0].operations[0]: Unsupported value: "X": supported values: "*", "CONNECT", "CREATE", "DELETE",'
        ' "UPDATE"',
    ),
    "all and more": (
        {f"{H}.rules[0].apiGroups": ["*", "apps"]},
        f'{H}.rules[0].apiGroups: Invalid value: ["*","apps"]: if \'*\' is present, must not specify other API groups',
    ),
    "version": (
        {f"{H}.admissionReviewVersions": ["v9"]},
        f'{H}.admissionReviewVersions: Invalid value: ["v9"]: must include at least one of v1, v1beta1',
    ),
}
PEM = base64.b64encode(b"-----BEGIN CERTIFICATE REQUEST-----\nx\n-----END CERTIFICATE REQUEST-----\n").decode()
REQUEST: Obj = {
    "metadata": {"name": "r"},
    "spec": {"request": PEM, "signerName": "example.com/s", "usages": ["client auth"]},
}
REQUESTS: Table = {
    "plain": ({},),
    "not one": (
        {"spec.request": "eA=="},
        'spec.request: Invalid value: "eA==": PEM block type must be CERTIFICATE REQUEST',
    ),
    "signer": ({"spec.signerName": "s"}, f'spec.signerName: Invalid value: "s": {formats.SIGNER}'),
    "legacy": (
        {"spec.signerName": "kubernetes.io/legacy-unknown"},
        'spec.signerName: Invalid value: "kubernetes.io/legacy-unknown": the legacy signerName is not allowed via this'
        " API version",
    ),
    "no use": ({"spec.usages": []}, "spec.usages: Required value"),
    "short": (
        {"spec.expirationSeconds": 5},
        "spec.expirationSeconds: Invalid value: 5: may not specify a duration less than 600 seconds (10 minutes)",
    ),
}
EVENT: Obj = {
    "metadata": {"name": "e", "namespace": "a"},
    "involvedObject": {"kind": "Pod", "name": "p", "namespace": "a"},
}
EVENTS: Table = {
    "plain": ({},),
    "about others": (
        {"involvedObject.namespace": "b"},
        'involvedObject.namespace: Invalid value: "b": does not match event.namespace',
    ),
    "about a node": ({"metadata.namespace": "default", "involvedObject.namespace": GONE},),
}
NAMES: Table = {
    "plain": ({},),
    "dots": ({"metadata.name": "a.b"}, f'metadata.name: Invalid value: "a.b": {LABEL}'),
    "finalizer": (
        {"spec": {"finalizers": ["x"]}},
        'spec.finalizers[0]: Invalid value: "x": name is neither a standard finalizer name nor is it fully qualified',
    ),
}
RBAC = "rbac.authorization.k8s.io"
STORAGE = "storage.k8s.io"


@pytest.mark.parametrize(
    ("name", "obj", "changes", "causes"),
    list(
        rows(
            claims=("persistentvolumeclaims", CLAIM, CLAIMS),
            volumes=("persistentvolumes", VOLUME, VOLUMES),
            classes=(f"storageclasses.{STORAGE}", CLASS, CLASSES),
            drivers=(f"csidrivers.{STORAGE}", DRIVER, DRIVERS),
            attachments=(f"volumeattachments.{STORAGE}", ATTACHED, ATTACHMENTS),
            csi_nodes=(f"csinodes.{STORAGE}", CSI_NODE, CSI_NODES),
            attributes=(
                f"volumeattributesclasses.{STORAGE}",
                ATTRIBUTES,
                {
                    "plain": ({},),
                    "none": (
                        {"parameters": {}},
                        "parameters: Required value: must contain at least one key/value pair",
                    ),
                },
            ),
            configs=("configmaps", CONFIG, CONFIGS),
            secrets=("secrets", SECRET, SECRETS),
            quotas=("resourcequotas", QUOTA, QUOTAS),
            limits=("limitranges", LIMIT, LIMITS),
            nodes=("nodes", NODE, NODES),
            leases=("leases.coordination.k8s.io", LEASE, LEASES),
            runtimes=("runtimeclasses.node.k8s.io", RUNTIME, RUNTIMES),
            priorities=("priorityclasses.scheduling.k8s.io", PRIORITY, PRIORITIES),
            roles=(f"roles.{RBAC}", ROLE, ROLES),
            cluster_roles=(f"clusterroles.{RBAC}", ROLE, CLUSTER_ROLES),
            bindings=(f"rolebindings.{RBAC}", BINDING, BINDINGS),
            budgets=("poddisruptionbudgets.policy", BUDGET, BUDGETS),
            webhooks=("validatingwebhookconfigurations.admissionregistration.k8s.io", HOOKS, WEBHOOKS),
            requests=("certificatesigningrequests.certificates.k8s.io", REQUEST, REQUESTS),
            events=("events", EVENT, EVENTS),
            namespaces=("namespaces", {"metadata": {"name": "n"}}, NAMES),
        )
    ),
)
def test_a_new_object(name: str, obj: Obj, changes: dict[str, Any], causes: list[str]) -> None:
    assert created(name, changed(obj, changes)) == causes


def forbidden(name: str, value: Any) -> Table:
    return {name: ({name: value}, f"{name}: Forbidden: updates to {name} are forbidden.")}


@pytest.mark.parametrize(
    ("name", "obj", "changes", "causes"),
    list(
        rows(
            claims=("persistentvolumeclaims", BOUND, CLAIM_CHANGES),
            volumes=("persistentvolumes", VOLUME, VOLUME_CHANGES),
            classes=(
                f"storageclasses.{STORAGE}",
                CLASS,
                forbidden("provisioner", "a/b") | forbidden("parameters", {"a": "b"}),
            ),
            attributes=(f"volumeattributesclasses.{STORAGE}", ATTRIBUTES, forbidden("driverName", "a/b")),
            configs=("configmaps", FROZEN, CONFIG_CHANGES),
            secrets=("secrets", SECRET, SECRET_CHANGES),
            bindings=(f"rolebindings.{RBAC}", BINDING, BINDING_CHANGES),
            quotas=(
                "resourcequotas",
                QUOTA,
                {"scopes": ({"spec.scopes": ["Terminating"]}, f'spec.scopes: Invalid value: ["Terminating"]: {FIXED}')},
            ),
            nodes=(
                "nodes",
                changed(
                    NODE, {"spec.providerID": "a", "spec.podCIDRs": ["10.0.0.0/24"], "spec.podCIDR": "10.0.0.0/24"}
                ),
                {
                    "provider": (
                        {"spec.providerID": "b"},
                        'spec.providerID: Forbidden: node updates may not change providerID except from "" to valid',
                    ),
                    "taints": ({"spec.taints": [TAINT]},),
                },
            ),
            runtimes=(
                "runtimeclasses.node.k8s.io",
                RUNTIME,
                {"handler": ({"handler": "x"}, f'handler: Invalid value: "x": {FIXED}')},
            ),
            priorities=(
                "priorityclasses.scheduling.k8s.io",
                PRIORITY,
                {"value": ({"value": 6}, "value: Forbidden: may not be changed in an update.")},
            ),
        )
    ),
)
def test_an_object_changes(name: str, obj: Obj, changes: dict[str, Any], causes: list[str]) -> None:
    assert updated(name, obj, changes) == causes


def test_what_dies_gets_no_new_finalizers() -> None:
    dying = changed(CONFIG, {"metadata.deletionTimestamp": "2026-01-01T00:00:00Z", "metadata.finalizers": ["a/b"]})
    more = {"metadata.finalizers": ["a/b", "c/d"]}
    assert updated("configmaps", dying, more) == [
        "metadata.finalizers: Forbidden: no new finalizers can be added if the object is being deleted, found new"
        ' finalizers []string{"c/d"}'
    ]
    assert updated("configmaps", dying, {"metadata.finalizers": []}) == []


def test_a_decision_is_made_once() -> None:
    name = "certificatesigningrequests.certificates.k8s.io"
    approved = {"status.conditions": [{"type": "Approved", "status": "True"}]}
    assert updated(name, REQUEST, approved, "approval") == []
    assert updated(name, REQUEST, approved, "status") == [
        'status.conditions: Forbidden: updates may not add a condition of type "Approved"'
    ]
    both = {"status.conditions": [{"type": kind, "status": "True"} for kind in ("Approved", "Denied")]}
    assert updated(name, REQUEST, both, "approval") == [
        'status.conditions[1].type: Invalid value: "Denied": Approved and Denied conditions are mutually exclusive'
    ]
