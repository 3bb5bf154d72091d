"""The values a field may have, which the published schema leaves out and the server's own documents tell.

`kubectl explain` shows them as ENUM. Per type and field the values, by the constants of k8s.io/api; where a value has an
explanation of its own, it is told with it. A test holds each row against the schema.
"""

from typing import Any

Schema = dict[str, Any]
API = "io.k8s.api."

PULL = "Always IfNotPresent Never"
PROTOCOL = "SCTP TCP UDP"
POLICY = "Honor Ignore"
EFFECT = "NoExecute NoSchedule PreferNoSchedule"
PREEMPTION = "Never PreemptLowerPriority"
PROFILE = "Localhost RuntimeDefault Unconfined"
TRAFFIC = "Cluster Local"
RECLAIM = "Delete Recycle Retain"
MODE = "Block Filesystem"
HOOK = {
    "failurePolicy": "Fail Ignore",
    "matchPolicy": "Equivalent Exact",
    "sideEffects": "None NoneOnDryRun Some Unknown",
}
CONTAINER = {"imagePullPolicy": PULL, "terminationMessagePolicy": "FallbackToLogsOnError File"}

ENUMS: dict[str, dict[str, str]] = {
    # type → field → values
    "admissionregistration.v1.MutatingWebhook": HOOK | {"reinvocationPolicy": "IfNeeded Never"},
    "admissionregistration.v1.RuleWithOperations": {"scope": "* Cluster Namespaced"},
    "admissionregistration.v1.ValidatingWebhook": HOOK,
    "apps.v1.DaemonSetUpdateStrategy": {"type": "OnDelete RollingUpdate"},
    "apps.v1.DeploymentStrategy": {"type": "Recreate RollingUpdate"},
    "apps.v1.StatefulSetSpec": {"podManagementPolicy": "OrderedReady Parallel"},
    "apps.v1.StatefulSetUpdateStrategy": {"type": "OnDelete RollingUpdate"},
    "batch.v1.CronJobSpec": {"concurrencyPolicy": "Allow Forbid Replace"},
    "batch.v1.JobSpec": {"completionMode": "Indexed NonIndexed", "podReplacementPolicy": "Failed TerminatingOrFailed"},
    "batch.v1.PodFailurePolicyOnExitCodesRequirement": {"operator": "In NotIn"},
    "batch.v1.PodFailurePolicyRule": {"action": "Count FailIndex FailJob Ignore"},
    "core.v1.AppArmorProfile": {"type": PROFILE},
    "core.v1.AzureDiskVolumeSource": {"cachingMode": "None ReadOnly ReadWrite", "kind": "Dedicated Managed Shared"},
    "core.v1.Container": CONTAINER,
    "core.v1.ContainerPort": {"protocol": PROTOCOL},
    "core.v1.EndpointPort": {"protocol": PROTOCOL},
    "core.v1.EphemeralContainer": CONTAINER,
    "core.v1.HTTPGetAction": {"scheme": "HTTP HTTPS"},
    "core.v1.ImageVolumeSource": {"pullPolicy": PULL},
    "core.v1.ModifyVolumeStatus": {"status": "InProgress Infeasible Pending"},
    "core.v1.NamespaceStatus": {"phase": "Active Terminating"},
    "core.v1.NodeSelectorRequirement": {"operator": "DoesNotExist Exists Gt In Lt NotIn"},
    "core.v1.NodeStatus": {"phase": "Pending Running Terminated"},
    "core.v1.PersistentVolumeClaimSpec": {"volumeMode": MODE},
    "core.v1.PersistentVolumeClaimStatus": {"phase": "Bound Lost Pending"},
    "core.v1.PersistentVolumeSpec": {"persistentVolumeReclaimPolicy": RECLAIM, "volumeMode": MODE},
    "core.v1.PersistentVolumeStatus": {"phase": "Available Bound Failed Pending Released"},
    "core.v1.PodSecurityContext": {
        "fsGroupChangePolicy": "Always OnRootMismatch",
        "supplementalGroupsPolicy": "Merge Strict",
    },
    "core.v1.PodSpec": {
        "dnsPolicy": "ClusterFirst ClusterFirstWithHostNet Default None",
        "preemptionPolicy": PREEMPTION,
        "restartPolicy": "Always Never OnFailure",
    },
    "core.v1.PodStatus": {
        "phase": "Failed Pending Running Succeeded Unknown",
        "qosClass": "BestEffort Burstable Guaranteed",
    },
    "core.v1.ScopedResourceSelectorRequirement": {"operator": "DoesNotExist Exists In NotIn"},
    "core.v1.SeccompProfile": {"type": PROFILE},
    "core.v1.SecurityContext": {"procMount": "Default Unmasked"},
    "core.v1.ServicePort": {"protocol": PROTOCOL},
    "core.v1.ServiceSpec": {
        "externalTrafficPolicy": TRAFFIC,
        "internalTrafficPolicy": TRAFFIC,
        "ipFamilyPolicy": "PreferDualStack RequireDualStack SingleStack",
        "sessionAffinity": "ClientIP None",
        "type": "ClusterIP ExternalName LoadBalancer NodePort",
    },
    "core.v1.Taint": {"effect": EFFECT},
    "core.v1.Toleration": {"effect": EFFECT, "operator": "Equal Exists Gt Lt"},
    "core.v1.TopologySpreadConstraint": {
        "nodeAffinityPolicy": POLICY,
        "nodeTaintsPolicy": POLICY,
        "whenUnsatisfiable": "DoNotSchedule ScheduleAnyway",
    },
    "discovery.v1.EndpointPort": {"protocol": PROTOCOL},
    "discovery.v1.EndpointSlice": {"addressType": "FQDN IPv4 IPv6"},
    "networking.v1.HTTPIngressPath": {"pathType": "Exact ImplementationSpecific Prefix"},
    "networking.v1.IngressPortStatus": {"protocol": PROTOCOL},
    "networking.v1.NetworkPolicyPort": {"protocol": PROTOCOL},
    "policy.v1.PodDisruptionBudgetSpec": {"unhealthyPodEvictionPolicy": "AlwaysAllow IfHealthyBudget"},
    "scheduling.v1.PriorityClass": {"preemptionPolicy": PREEMPTION},
    "storage.v1.StorageClass": {"reclaimPolicy": RECLAIM, "volumeBindingMode": "Immediate WaitForFirstConsumer"},
}

EXPLAINED: dict[tuple[str, str, str], str] = {
    # type, field, value → what it is
    ("batch.v1.JobSpec", "completionMode", "Indexed"): (
        "is a Job completion mode. In this mode, the Pods of a Job get an associated completion index from 0 to"
        " (.spec.completions - 1). The Job is considered complete when a Pod completes for each completion index."
    ),
    ("batch.v1.JobSpec", "completionMode", "NonIndexed"): (
        "is a Job completion mode. In this mode, the Job is considered complete when there have been .spec.completions"
        " successfully completed Pods. Pod completions are homologous to each other."
    ),
    ("batch.v1.JobSpec", "podReplacementPolicy", "Failed"): (
        "means to wait until a previously created Pod is fully terminated (has phase Failed or Succeeded) before creating a"
        " replacement Pod."
    ),
    ("batch.v1.JobSpec", "podReplacementPolicy", "TerminatingOrFailed"): (
        "means that we recreate pods when they are terminating (has a metadata.deletionTimestamp) or failed."
    ),
}


def with_enum(definition: str, field: str, schema: Schema) -> Schema:
    """The schema of a field, with its values if they are known."""
    name = definition.removeprefix(API)
    values = ENUMS.get(name, {}).get(field, "").split()
    if not values:
        return schema
    lines = [f' - `"{value}"` {EXPLAINED.get((name, field, value), "")}'.rstrip() for value in values]
    told = "\n".join([schema.get("description", ""), "", "Possible enum values:", *lines])
    return schema | {"description": told, "enum": values}
