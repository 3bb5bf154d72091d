"""The table against what `kubectl api-resources` of a real cluster prints."""

import pytest

from core.kube import resources
from core.kube.resources import REGISTRY, TABLE, find_by_kind, find_by_path, resource_of_key, subresource

# name, short names, apiVersion, namespaced, kind: the lines of the kinds this cluster has.
REAL = """
configmaps cm v1 true ConfigMap
endpoints ep v1 true Endpoints
events ev v1 true Event
limitranges limits v1 true LimitRange
namespaces ns v1 false Namespace
nodes no v1 false Node
persistentvolumeclaims pvc v1 true PersistentVolumeClaim
persistentvolumes pv v1 false PersistentVolume
pods po v1 true Pod
podtemplates - v1 true PodTemplate
replicationcontrollers rc v1 true ReplicationController
resourcequotas quota v1 true ResourceQuota
secrets - v1 true Secret
serviceaccounts sa v1 true ServiceAccount
services svc v1 true Service
mutatingwebhookconfigurations - admissionregistration.k8s.io/v1 false MutatingWebhookConfiguration
validatingadmissionpolicies - admissionregistration.k8s.io/v1 false ValidatingAdmissionPolicy
validatingadmissionpolicybindings - admissionregistration.k8s.io/v1 false ValidatingAdmissionPolicyBinding
validatingwebhookconfigurations - admissionregistration.k8s.io/v1 false ValidatingWebhookConfiguration
controllerrevisions - apps/v1 true ControllerRevision
daemonsets ds apps/v1 true DaemonSet
deployments deploy apps/v1 true Deployment
replicasets rs apps/v1 true ReplicaSet
statefulsets sts apps/v1 true StatefulSet
selfsubjectreviews - authentication.k8s.io/v1 false SelfSubjectReview
tokenreviews - authentication.k8s.io/v1 false TokenReview
localsubjectaccessreviews - authorization.k8s.io/v1 true LocalSubjectAccessReview
selfsubjectaccessreviews - authorization.k8s.io/v1 false SelfSubjectAccessReview
selfsubjectrulesreviews - authorization.k8s.io/v1 false SelfSubjectRulesReview
subjectaccessreviews - authorization.k8s.io/v1 false SubjectAccessReview
horizontalpodautoscalers hpa autoscaling/v2 true HorizontalPodAutoscaler
cronjobs cj batch/v1 true CronJob
jobs - batch/v1 true Job
certificatesigningrequests csr certificates.k8s.io/v1 false CertificateSigningRequest
leases - coordination.k8s.io/v1 true Lease
endpointslices - discovery.k8s.io/v1 true EndpointSlice
events ev events.k8s.io/v1 true Event
ingressclasses - networking.k8s.io/v1 false IngressClass
ingresses ing networking.k8s.io/v1 true Ingress
ipaddresses ip networking.k8s.io/v1 false IPAddress
networkpolicies netpol networking.k8s.io/v1 true NetworkPolicy
servicecidrs - networking.k8s.io/v1 false ServiceCIDR
runtimeclasses - node.k8s.io/v1 false RuntimeClass
poddisruptionbudgets pdb policy/v1 true PodDisruptionBudget
clusterrolebindings - rbac.authorization.k8s.io/v1 false ClusterRoleBinding
clusterroles - rbac.authorization.k8s.io/v1 false ClusterRole
rolebindings - rbac.authorization.k8s.io/v1 true RoleBinding
roles - rbac.authorization.k8s.io/v1 true Role
priorityclasses pc scheduling.k8s.io/v1 false PriorityClass
csidrivers - storage.k8s.io/v1 false CSIDriver
csinodes - storage.k8s.io/v1 false CSINode
csistoragecapacities - storage.k8s.io/v1 true CSIStorageCapacity
storageclasses sc storage.k8s.io/v1 false StorageClass
volumeattachments - storage.k8s.io/v1 false VolumeAttachment
volumeattributesclasses vac storage.k8s.io/v1 false VolumeAttributesClass
"""


def test_table_is_what_kubectl_prints() -> None:
    ours = [
        f"{row.plural} {','.join(row.short_names) or '-'} {row.api_version} {str(row.namespaced).lower()} {row.kind}"
        for row in TABLE
        if row.name == row.title  # of a kind in several versions kubectl prints the preferred one
    ]
    assert ours == REAL.strip().splitlines()


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.name)
def test_every_row_is_found_every_way(row: resources.Resource) -> None:
    assert REGISTRY[row.name] is row
    assert find_by_path(row.group, row.version, row.plural) is row
    assert find_by_kind(row.api_version, row.kind) is row
    for name in row.subresources:
        assert subresource(row, name).verbs
    if row.is_stored and not row.stored_as:
        assert resource_of_key(row.storage_key("space", "name")) is row


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("nodes", "/registry/minions/x"),
        ("services", "/registry/services/specs/space/x"),
        ("endpoints", "/registry/services/endpoints/space/x"),
        ("replicationcontrollers", "/registry/controllers/space/x"),
        ("ingresses.networking.k8s.io", "/registry/ingress/space/x"),
        ("deployments.apps", "/registry/deployments/space/x"),
        ("events.events.k8s.io", "/registry/events/space/x"),
    ],
)
def test_storage_paths_are_those_of_the_real_server(name: str, key: str) -> None:
    assert REGISTRY[name].storage_key("space", "x") == key


def test_events_of_both_groups_share_one_storage() -> None:
    assert resource_of_key("/registry/events/space/x") is REGISTRY["events"]


@pytest.mark.parametrize(
    ("row", "name", "kind", "group"),
    [
        ("pods", "status", "Pod", ""),
        ("pods", "eviction", "Eviction", "policy"),
        ("pods", "proxy", "PodProxyOptions", ""),
        ("nodes", "proxy", "NodeProxyOptions", ""),
        ("deployments.apps", "scale", "Scale", "autoscaling"),
        ("deployments.apps", "status", "Deployment", "apps"),
        ("serviceaccounts", "token", "TokenRequest", "authentication.k8s.io"),
    ],
)
def test_subresource_speaks_its_kind(row: str, name: str, kind: str, group: str) -> None:
    found = subresource(REGISTRY[row], name)
    assert (found.kind, found.group) == (kind, group)


def test_a_resource_has_no_subresource_of_another() -> None:
    with pytest.raises(KeyError):
        subresource(REGISTRY["configmaps"], "status")
