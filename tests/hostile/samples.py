"""One valid object of every kind that is stored, with as many of its parts as go together: what hostile tests start from."""

from core.kube.objects import Obj
from core.kube.resources import REGISTRY, Resource

NAMESPACE = "hostile"
STORED: dict[str, Resource] = {row.name: row for row in REGISTRY.values() if row.is_stored and not row.stored_as}

CONTAINER = {"name": "c", "image": "nginx:1.27", "ports": [{"containerPort": 80}]}
POD = {"containers": [CONTAINER]}
SELECTOR = {"matchLabels": {"app": "a"}}
TEMPLATE = {"metadata": {"labels": {"app": "a"}}, "spec": POD}
JOB = {"template": {"spec": POD | {"restartPolicy": "Never"}}}
CLAIM = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
ROLE = [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}]
SUBJECTS = [{"kind": "User", "name": "ada", "apiGroup": "rbac.authorization.k8s.io"}]
HOOK = {
    "name": "a.example.org",
    "clientConfig": {"url": "https://a.example.org/x"},
    "sideEffects": "None",
    "admissionReviewVersions": ["v1"],
}
CSR = "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURSBSRVFVRVNULS0tLS0KTUlIU01IcUNBUUF3RURFT01Bd0dBMVVFQXd3RllXUmhJREF3CldUQVRCZ2NxaGtq"
CONTENTS: dict[str, Obj] = {
    "configmaps": {"data": {"a": "b"}},
    "endpoints": {"subsets": [{"addresses": [{"ip": "10.1.2.3"}], "ports": [{"port": 80}]}]},
    "events": {
        "involvedObject": {"kind": "Pod", "name": "a", "namespace": NAMESPACE},
        "reason": "Odd",
        "type": "Warning",
    },
    "limitranges": {"spec": {"limits": [{"type": "Container", "max": {"cpu": "100"}}]}},
    "namespaces": {},
    "nodes": {},
    "persistentvolumeclaims": {"spec": CLAIM},
    "persistentvolumes": {
        "spec": {"capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteOnce"], "hostPath": {"path": "/x"}}
    },
    "pods": {"spec": POD},
    "podtemplates": {"template": TEMPLATE},
    "replicationcontrollers": {"spec": {"replicas": 1, "selector": {"app": "a"}, "template": TEMPLATE}},
    "resourcequotas": {"spec": {"hard": {"pods": "20", "count/replicasets.apps": "20", "count/jobs.batch": "20"}}},
    "secrets": {"data": {"a": "Yg=="}},
    "serviceaccounts": {},
    "services": {"spec": {"selector": {"app": "a"}, "ports": [{"port": 80}]}},
    "mutatingwebhookconfigurations.admissionregistration.k8s.io": {"webhooks": [HOOK]},
    "validatingwebhookconfigurations.admissionregistration.k8s.io": {"webhooks": [HOOK]},
    "validatingadmissionpolicies.admissionregistration.k8s.io": {
        "spec": {
            "matchConstraints": {
                "resourceRules": [
                    {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"]}
                ]
            },
            "validations": [{"expression": "true"}],
        }
    },
    "validatingadmissionpolicybindings.admissionregistration.k8s.io": {
        "spec": {"policyName": "a", "validationActions": ["Deny"]}
    },
    "controllerrevisions.apps": {"revision": 1, "data": {"a": 1}},
    "daemonsets.apps": {"spec": {"selector": SELECTOR, "template": TEMPLATE}},
    "deployments.apps": {"spec": {"replicas": 1, "selector": SELECTOR, "template": TEMPLATE}},
    "replicasets.apps": {"spec": {"replicas": 1, "selector": SELECTOR, "template": TEMPLATE}},
    "statefulsets.apps": {"spec": {"replicas": 1, "serviceName": "a", "selector": SELECTOR, "template": TEMPLATE}},
    "horizontalpodautoscalers.autoscaling": {
        "spec": {"scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "a"}, "maxReplicas": 2}
    },
    "cronjobs.batch": {"spec": {"schedule": "*/5 * * * *", "jobTemplate": {"spec": JOB}}},
    "jobs.batch": {"spec": JOB},
    "certificatesigningrequests.certificates.k8s.io": {
        "spec": {"request": CSR, "signerName": "example.org/a", "usages": ["client auth"]}
    },
    "leases.coordination.k8s.io": {"spec": {"holderIdentity": "a", "leaseDurationSeconds": 40}},
    "endpointslices.discovery.k8s.io": {
        "addressType": "IPv4",
        "endpoints": [{"addresses": ["10.1.2.3"]}],
        "ports": [{"port": 80}],
    },
    "ingressclasses.networking.k8s.io": {"spec": {"controller": "example.org/a"}},
    "ingresses.networking.k8s.io": {
        "spec": {"defaultBackend": {"service": {"name": "a", "port": {"number": 80}}}},
    },
    "ipaddresses.networking.k8s.io": {
        "spec": {"parentRef": {"resource": "services", "namespace": NAMESPACE, "name": "a"}},
    },
    "networkpolicies.networking.k8s.io": {"spec": {"podSelector": {}, "ingress": [{"ports": [{"port": 80}]}]}},
    "servicecidrs.networking.k8s.io": {"spec": {"cidrs": ["10.97.0.0/16"]}},
    "runtimeclasses.node.k8s.io": {"handler": "a"},
    "poddisruptionbudgets.policy": {"spec": {"minAvailable": 1, "selector": SELECTOR}},
    "clusterrolebindings.rbac.authorization.k8s.io": {
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "view"},
        "subjects": SUBJECTS,
    },
    "clusterroles.rbac.authorization.k8s.io": {"rules": ROLE},
    "rolebindings.rbac.authorization.k8s.io": {
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "view"},
        "subjects": SUBJECTS,
    },
    "roles.rbac.authorization.k8s.io": {"rules": ROLE},
    "priorityclasses.scheduling.k8s.io": {"value": 10},
    "csidrivers.storage.k8s.io": {"spec": {}},
    "csinodes.storage.k8s.io": {"spec": {"drivers": [{"name": "d.example.org", "nodeID": "n"}]}},
    "csistoragecapacities.storage.k8s.io": {"storageClassName": "standard"},
    "storageclasses.storage.k8s.io": {"provisioner": "example.org/a"},
    "volumeattachments.storage.k8s.io": {
        "spec": {"attacher": "example.org", "nodeName": "worker-1", "source": {"persistentVolumeName": "a"}}
    },
    "volumeattributesclasses.storage.k8s.io": {"driverName": "d.example.org", "parameters": {"a": "b"}},
}
NAMES = {"ipaddresses.networking.k8s.io": "10.96.0.99"}
"""Where the name means something."""


def sample(resource: str, name: str = "a") -> Obj:
    """A fresh object of a resource, named as wished where names are free."""
    row = STORED[resource]
    meta = {"name": NAMES.get(resource, name), "labels": {"app": "a"}}
    if row.namespaced:
        meta["namespace"] = NAMESPACE
    return {"apiVersion": row.api_version, "kind": row.kind, "metadata": meta} | CONTENTS[resource]
