"""How Go prints the structs that messages quote: `{"Name":"","Protocol":"TCP","AppProtocol":null,…}`.

The real server checks its internal types, which have no JSON names: a message shows every field of the struct by its Go
name, in its order, absent ones as their zero value. The shapes are listed here, only of those that some message quotes.
"""

from typing import Any, NamedTuple

import orjson

from core.kube.causes import Rendered


class Field(NamedTuple):
    """`name` as Go writes it, `key` as the wire does, `zero` what an absent one prints, `shape` that of its own struct."""

    name: str
    key: str
    zero: Any = None
    shape: str = ""


def _fields(text: str) -> tuple[Field, ...]:
    """`Name:"" RunAsUser Rules[JobRule]`: a plain name is a pointer, map or list and prints null where it is absent."""
    fields = []
    for part in text.split():
        name, colon, zero = part.partition(":")
        name, _, shape = name.removesuffix("]").partition("[")
        short = {"APIGroup": "apiGroup", "CIDRs": "cidrs", "SELinuxOptions": "seLinuxOptions"}
        key = short.get(name) or name[0].lower() + name[1:]
        fields.append(Field(name, key, orjson.loads(zero) if colon else None, shape))
    return tuple(fields)


SHAPES = {
    name: _fields(text)
    for name, text in {
        "ServicePort": 'Name:"" Protocol:"" AppProtocol Port:0 TargetPort:0 NodePort:0',
        "SecurityContext": (
            "Capabilities[Capabilities] Privileged SELinuxOptions[SELinuxOptions] WindowsOptions RunAsUser RunAsGroup"
            " RunAsNonRoot ReadOnlyRootFilesystem AllowPrivilegeEscalation ProcMount SeccompProfile[Profile]"
            " AppArmorProfile[Profile]"
        ),
        "Capabilities": "Add Drop",
        "SELinuxOptions": 'User:"" Role:"" Type:"" Level:""',
        "Profile": 'Type:"" LocalhostProfile',
        "NodeAddress": 'Type:"" Address:""',
        "Taint": 'Key:"" Value:"" Effect:"" TimeAdded',
        "Toleration": 'Key:"" Operator:"" Value:"" Effect:"" TolerationSeconds',
        "DeploymentStrategy": 'Type:"" RollingUpdate[RollingUpdate]',
        "RollingUpdate": "MaxUnavailable:0 MaxSurge:0",
        "StatefulSetStrategy": 'Type:"" RollingUpdate[Partitioned]',
        "Partitioned": "Partition:0 MaxUnavailable",
        "DisruptionBudget": "MinAvailable Selector MaxUnavailable UnhealthyPodEvictionPolicy",
        "RoleRef": 'APIGroup:"" Kind:"" Name:""',
        "NodeSelectorTerm": "MatchExpressions[Requirement] MatchFields[Requirement]",
        "Requirement": 'Key:"" Operator:"" Values',
        "ScopeSelector": "MatchExpressions[Scoped]",
        "Scoped": 'ScopeName:"" Operator:"" Values',
        "SuccessPolicy": "Rules[SuccessRule]",
        "SuccessRule": "SucceededIndexes SucceededCount",
        "FailurePolicy": "Rules[FailureRule]",
        "FailureRule": 'Action:"" OnExitCodes[ExitCodes] OnPodConditions[PodCondition]',
        "ExitCodes": 'ContainerName Operator:"" Values',
        "PodCondition": 'Type:"" Status:""',
        "ServiceCIDRSpec": "CIDRs",
        "ResourceClaim": 'Name:"" ResourceClaimName ResourceClaimTemplateName',
    }.items()
}


def struct(shape: str, value: Any) -> Rendered:
    """`value` as Go prints a struct of `shape`; null when there is none."""
    return Rendered(orjson.dumps(_struct(shape, value)).decode())


def _struct(shape: str, value: Any) -> Any:
    if isinstance(value, list):
        return [_struct(shape, entry) for entry in value]
    if not isinstance(value, dict):
        return value
    return {
        field.name: _struct(field.shape, value[field.key])
        if field.shape and field.key in value
        else value.get(field.key, field.zero)
        for field in SHAPES[shape]
    }


def selector(value: Any) -> Rendered:
    """A LabelSelector, whose fields have JSON names but Go's order."""
    if not isinstance(value, dict):
        return Rendered(orjson.dumps(value).decode())
    ordered: dict[str, Any] = {}
    if value.get("matchLabels"):
        ordered["matchLabels"] = dict(sorted(value["matchLabels"].items()))
    if value.get("matchExpressions"):
        names = ("key", "operator", "values")
        ordered["matchExpressions"] = [
            {name: entry[name] for name in names if name in entry} for entry in value["matchExpressions"]
        ]
    return Rendered(orjson.dumps(ordered).decode())
