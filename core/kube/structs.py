"""What Go never leaves out: fields that an encoded object has although nobody gave them a value.

Go omits a field that is empty when its tag says `omitempty`, with three exceptions that clients rely on. A field that
holds a struct, rather than a pointer to one, is always there (`status: {}` of a Deployment that was just created); so
is a field whose tag does not say it, with the zero value of its type (`replicas: 0` of a ReplicaSet's status, `rules:
null` of a Role); and a time that is not set is null (`eventTime: null`). `completed` gives an object those fields, and
changes nothing else.

The schema tells the second group: what it requires has no `omitempty`. What it cannot tell is in the tables below, by
the Go types of k8s.io/api: which references are structs, which required ones are pointers, and which fields are written
without being required. Objects are completed once, after validation and before they are compared and stored
(`verbs.writing`), so that every way to write one ends here; ownership of fields leans on it too, since what Go always
writes was never added by anybody.

Simplified: types of alpha features, which no server has by default, count as pointers.
"""

from dataclasses import dataclass
from functools import cache
from typing import Any

from core.kube.definitions import REFERENCE, Definition, definition_name, definitions
from core.kube.objects import Obj
from core.kube.resources import Resource

API, META = "io.k8s.api.", "io.k8s.apimachinery.pkg.apis.meta.v1."
KINDS_HAVE = ("metadata", "spec", "status")
"""Structs in every kind that has them."""

STRUCTS: dict[str, str] = {
    # type → its fields that hold a struct
    "apps.v1.DaemonSetSpec": "template updateStrategy",
    "apps.v1.DeploymentSpec": "strategy template",
    "apps.v1.ReplicaSetSpec": "template",
    "apps.v1.StatefulSetSpec": "template updateStrategy",
    "authentication.v1.SelfSubjectReviewStatus": "userInfo",
    "authentication.v1.TokenReviewStatus": "user",
    "batch.v1.JobTemplateSpec": "metadata spec",
    "core.v1.Container": "resources",
    "core.v1.ContainerStatus": "state lastState",
    "core.v1.EphemeralContainer": "resources",
    "core.v1.Event": "source",
    "core.v1.NodeDaemonEndpoints": "kubeletEndpoint",
    "core.v1.NodeStatus": "daemonEndpoints nodeInfo",
    "core.v1.PersistentVolumeClaimSpec": "resources",
    "core.v1.PersistentVolumeClaimTemplate": "metadata",
    "core.v1.PodTemplate": "template",
    "core.v1.PodTemplateSpec": "metadata spec",
    "core.v1.ServiceStatus": "loadBalancer",
    "discovery.v1.Endpoint": "conditions",
    "events.v1.Event": "regarding deprecatedSource",
    "networking.v1.IngressServiceBackend": "port",
    "networking.v1.IngressStatus": "loadBalancer",
    "networking.v1.NetworkPolicySpec": "podSelector",
}
POINTERS: dict[str, str] = {
    # type → its fields that are required and yet pointers: null when they are not set
    "apps.v1.DaemonSetSpec": "selector",
    "apps.v1.DeploymentSpec": "selector",
    "apps.v1.ReplicaSetSpec": "selector",
    "apps.v1.StatefulSetSpec": "selector",
    "core.v1.ScaleIOPersistentVolumeSource": "secretRef",
    "core.v1.ScaleIOVolumeSource": "secretRef",
    "networking.v1.IPAddressSpec": "parentRef",
    "storage.v1.CSINode": "status",
}
WRITTEN: dict[str, dict[str, Any]] = {
    # type → its fields that are not required and yet always written, with their zero values
    "apps.v1.StatefulSetStatus": {"availableReplicas": 0},
    "authentication.v1.TokenRequestSpec": {"audiences": None, "expirationSeconds": None, "boundObjectRef": None},
    "autoscaling.v2.HorizontalPodAutoscalerStatus": {"currentMetrics": None},
    "core.v1.Event": {"reportingComponent": "", "reportingInstance": ""},
    "core.v1.ResourceFieldSelector": {"divisor": "0"},
    "discovery.v1.EndpointSlice": {"endpoints": None, "ports": None},
    "policy.v1.PodDisruptionBudgetStatus": {
        "disruptionsAllowed": 0,
        "currentHealthy": 0,
        "desiredHealthy": 0,
        "expectedPods": 0,
    },
    "rbac.v1.ClusterRole": {"rules": None},
    "rbac.v1.Role": {"rules": None},
}
TIMES: dict[str, str] = {
    # type → its times that are values, and so null when they are not set
    "apps.v1.DaemonSetCondition": "lastTransitionTime",
    "apps.v1.DeploymentCondition": "lastTransitionTime lastUpdateTime",
    "apps.v1.ReplicaSetCondition": "lastTransitionTime",
    "apps.v1.StatefulSetCondition": "lastTransitionTime",
    "autoscaling.v2.HorizontalPodAutoscalerCondition": "lastTransitionTime",
    "batch.v1.JobCondition": "lastProbeTime lastTransitionTime",
    "certificates.v1.CertificateSigningRequestCondition": "lastTransitionTime lastUpdateTime",
    "core.v1.ContainerStateRunning": "startedAt",
    "core.v1.ContainerStateTerminated": "finishedAt startedAt",
    "core.v1.Event": "eventTime firstTimestamp lastTimestamp",
    "core.v1.EventSeries": "lastObservedTime",
    "core.v1.NamespaceCondition": "lastTransitionTime",
    "core.v1.NodeCondition": "lastHeartbeatTime lastTransitionTime",
    "core.v1.PersistentVolumeClaimCondition": "lastProbeTime lastTransitionTime",
    "core.v1.PodCondition": "lastProbeTime lastTransitionTime",
    "core.v1.ReplicationControllerCondition": "lastTransitionTime",
    "events.v1.Event": "deprecatedFirstTimestamp deprecatedLastTimestamp eventTime",
    "events.v1.EventSeries": "lastObservedTime",
    "storage.v1.VolumeError": "time",
}

ZEROS: dict[str, Any] = {"string": "", "integer": 0, "number": 0, "boolean": False}  # of all others null
ZEROS_OF_TYPES: dict[str, Any] = {
    "io.k8s.apimachinery.pkg.api.resource.Quantity": "0",
    "io.k8s.apimachinery.pkg.util.intstr.IntOrString": 0,
}


@dataclass(slots=True)
class Shape:
    """What an object of one type always has: `zeros` by field, `structs` of theirs, and where to look further below."""

    zeros: dict[str, Any]
    structs: dict[str, "Shape"]
    parts: dict[str, "Shape"]
    """Fields that may hold a struct, a list of them or a map of them, in which something has to be."""

    @property
    def is_plain(self) -> bool:
        return not (self.zeros or self.structs or self.parts)


def completed(resource: Resource, obj: Obj) -> Obj:
    """`obj`, which conforms to its kind, with all that Go would have written; the same object if nothing was missing."""
    try:
        name = definition_name(resource)
    except KeyError:  # a kind whose Go type nobody knows
        return obj
    return _struct(obj, shape(name))


def times_of(name: str) -> tuple[str, ...]:
    """The times of a type that may be null."""
    return tuple(TIMES.get(name.removeprefix(API), "").split())


@cache
def shape(name: str) -> Shape:
    """What the type of the definition `name` always has."""
    return _shape(name, ())


def _shape(name: str, above: tuple[str, ...]) -> Shape:
    definition, short = definitions()[name], name.removeprefix(API)
    found = Shape(dict(WRITTEN.get(short, {})) | dict.fromkeys(times_of(name)), {}, {})
    structs = set(STRUCTS.get(short, "").split())
    if definition.get("x-kubernetes-group-version-kind"):
        structs.update(KINDS_HAVE)
    pointers, required = POINTERS.get(short, "").split(), definition.get("required", ())
    for field, schema in definition.get("properties", {}).items():
        target = _target(schema)
        if is_struct(target) and field not in pointers and (field in structs or field in required):
            found.structs[field] = _shape(target, (*above, name))
        elif field in required:
            found.zeros.setdefault(field, zero(schema))
        below = _struct_below(schema)
        if below and field not in found.structs and below not in above and below != name:
            part = _shape(below, (*above, name))
            if not part.is_plain:
                found.parts[field] = part
    return found


def zero(schema: Definition) -> Any:
    """The zero value of a field that has no struct: null for lists, maps, pointers and times."""
    target = _target(schema)
    if target:
        return ZEROS_OF_TYPES.get(target)
    kind = schema.get("type")
    return ZEROS.get(kind) if isinstance(kind, str) else ZEROS.get(next(name for name in kind or () if name != "null"))


def is_struct(name: str) -> bool:
    """Whether the definition `name` is that of a struct, rather than of a time or a quantity."""
    return bool(name) and "properties" in definitions()[name]


def _target(schema: Definition) -> str:
    """The definition that a field refers to."""
    reference = schema.get("$ref") or next((entry.get("$ref") for entry in schema.get("allOf", ())), None)
    return str(reference).removeprefix(REFERENCE) if reference else ""


def _struct_below(schema: Definition) -> str:
    """The type of the struct in a field, or of those in its list or map."""
    for inner in (schema, schema.get("items"), schema.get("additionalProperties")):
        target = _target(inner) if isinstance(inner, dict) else ""
        if is_struct(target):
            return target
    return ""


def _struct(value: Obj, shape: Shape) -> Obj:
    """Copied only where something is missing: what is stored already is shared, and complete."""
    missing: Obj = {}
    for field, zero in shape.zeros.items():
        if field not in value:
            missing[field] = zero
    for field, below in shape.structs.items():
        held = value.get(field)
        if held is None:
            missing[field] = _struct({}, below)
        elif isinstance(held, dict) and (full := _struct(held, below)) is not held:
            missing[field] = full
    for field, below in shape.parts.items():
        held = value.get(field)
        if held and (full := _part(held, below)) is not held:
            missing[field] = full
    return value | missing if missing else value


def _part(held: Any, shape: Shape) -> Any:
    if isinstance(held, dict):
        return _struct(held, shape)
    if not isinstance(held, list):
        return held
    full = [_struct(item, shape) if isinstance(item, dict) else item for item in held]
    return held if all(map(_is, held, full)) else full


def _is(one: Any, other: Any) -> bool:
    return one is other
