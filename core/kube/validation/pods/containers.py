"""Containers of a pod, of every sort: regular ones, those before them, sidecars, and those added for debugging.

Reference: `pkg/apis/core/validation` (validateContainers, validateInitContainers, validateEphemeralContainers).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from core.kube import formats
from core.kube.causes import Cause, duplicate, forbidden, invalid_value, missing, not_supported, required, too_many
from core.kube.objects import Obj
from core.kube.pods import is_sidecar
from core.kube.validation.common import one_of
from core.kube.validation.pods import environment, mounts, probes, resources, security

PULL_POLICIES = ("Always", "IfNotPresent", "Never")
MESSAGE_POLICIES = ("File", "FallbackToLogsOnError")
PROTOCOLS = ("SCTP", "TCP", "UDP")
RESIZABLE = ("cpu", "memory")
RESIZE_POLICIES = ("NotRequired", "RestartContainer")
RESTART_POLICIES = ("Always", "Never", "OnFailure")
RULE_ACTIONS = ("Restart", "RestartAllContainers")
EXIT_OPERATORS = ("In", "NotIn")
RULES_MAX, EXIT_CODES_MAX = 20, 255
NOT_FOR_DEBUGGING = ("ports", "resources", "livenessProbe", "readinessProbe", "startupProbe", "lifecycle")
ALSO_NOT_FOR_DEBUGGING = ("resizePolicy", "restartPolicy", "restartPolicyRules")

ONLY_SIDECARS = "may not be set for init containers without restartPolicy=Always"
POLICY_FOR_RULES = "must specify restartPolicy when restart rules are used"
NO_RESTART = "must be 'NotRequired' when `restartPolicy` is 'Never'"
NO_DEBUGGING = "cannot be set for an Ephemeral Container"
PADDED_IMAGE = "must not have leading or trailing whitespace"
MUST_BE_SPECIFIED = "must be specified"


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What of its pod a container is checked against."""

    volumes: mounts.Volumes
    claims: frozenset[str]
    grace: int
    restart_policy: str
    host_users: bool


def regular(containers: list[Obj], field: str, pod: Surroundings) -> Iterator[Cause]:
    if not containers:
        yield required(field)
    names: set[str] = set()
    for index, container in enumerate(containers):
        path, name = f"{field}[{index}]", container.get("name", "")
        yield from _common(container, path, pod)
        if name in names:
            yield duplicate(f"{path}.name", name)
        names.add(name)
        yield from _hooks(container, path, pod)
        if "restartPolicy" in container or "restartPolicyRules" in container:
            yield from _restarts(container, path)
    yield from _host_ports(containers, field)


def before(containers: list[Obj], regular: list[Obj], field: str, pod: Surroundings) -> Iterator[Cause]:
    """Init containers; those that restart always stay, as sidecars."""
    names = {container.get("name", "") for container in regular}
    for index, container in enumerate(containers):
        path, name = f"{field}[{index}]", container.get("name", "")
        yield from _common(container, path, pod)
        if "restartPolicy" in container or "restartPolicyRules" in container:
            yield from _restarts(container, path)
        if name in names:
            yield duplicate(f"{path}.name", name)
        elif name:
            names.add(name)
        yield from _host_ports([container], field)
        if is_sidecar(container):
            yield from _hooks(container, path, pod)
        else:
            for kind in ("lifecycle", *probes.PROBES):
                if kind in container:
                    yield forbidden(f"{path}.{kind}", ONLY_SIDECARS)


def debugging(spec: Obj, field: str, pod: Surroundings) -> Iterator[Cause]:
    """Ephemeral containers."""
    others = {each.get("name", "") for kind in ("containers", "initContainers") for each in spec.get(kind) or ()}
    names = set(others)
    for index, container in enumerate(spec["ephemeralContainers"]):
        path, name = f"{field}[{index}]", container.get("name", "")
        target = container.get("targetContainerName")
        yield from _common(container, path, pod)
        yield from trimmed_image(container, path)
        if name in names:
            yield duplicate(f"{path}.name", name)
        names.add(name)
        if target and target not in others:
            yield missing(f"{path}.targetContainerName", target)
        for kind in (*NOT_FOR_DEBUGGING, *ALSO_NOT_FOR_DEBUGGING):
            if container.get(kind):
                yield forbidden(f"{path}.{kind}", NO_DEBUGGING)
        for number, mount in enumerate(container.get("volumeMounts") or ()):
            for kind in ("subPath", "subPathExpr"):
                if mount.get(kind):
                    yield forbidden(f"{path}.volumeMounts[{number}].{kind}", NO_DEBUGGING)


def _common(container: Obj, field: str, pod: Surroundings) -> Iterator[Cause]:
    name = container.get("name", "")
    fault = formats.dns_label(name) if name else None
    if not name:
        yield required(f"{field}.name")
    elif fault:
        yield invalid_value(f"{field}.name", name, fault)
    if not container.get("image"):
        yield required(f"{field}.image")
    if container.get("terminationMessagePolicy") not in MESSAGE_POLICIES:
        policy = container.get("terminationMessagePolicy")
        yield from one_of(f"{field}.terminationMessagePolicy", policy, MESSAGE_POLICIES)
    if "ports" in container:
        yield from _ports(container["ports"], f"{field}.ports")
    if "env" in container:
        yield from environment.variables(container["env"], f"{field}.env")
    if "envFrom" in container:
        yield from environment.from_sources(container["envFrom"], f"{field}.envFrom")
    if "volumeMounts" in container:
        yield from mounts.mounts(container, f"{field}.volumeMounts", pod.volumes)
    if "volumeDevices" in container:
        yield from mounts.devices(container, f"{field}.volumeDevices", pod.volumes)
    if container.get("imagePullPolicy") not in PULL_POLICIES:
        yield from one_of(f"{field}.imagePullPolicy", container.get("imagePullPolicy"), PULL_POLICIES)
    if container.get("resources"):
        yield from resources.requirements(container["resources"], f"{field}.resources", pod.claims)
    if "resizePolicy" in container:
        yield from _resizing(container["resizePolicy"], f"{field}.resizePolicy", pod.restart_policy)
    if container.get("securityContext"):
        context = container["securityContext"]
        yield from security.container(context, f"{field}.securityContext", host_users=pod.host_users)


def trimmed_image(container: Obj, field: str) -> Iterator[Cause]:
    """Of pods only: a template's image may be a placeholder."""
    image = container.get("image", "")
    if image != image.strip():
        yield invalid_value(f"{field}.image", image, PADDED_IMAGE)


def _hooks(container: Obj, field: str, pod: Surroundings) -> Iterator[Cause]:
    if "lifecycle" in container:
        yield from probes.lifecycle(container["lifecycle"], f"{field}.lifecycle", pod.grace)
    for kind in probes.PROBES:
        if kind in container:
            yield from probes.probe(container[kind], f"{field}.{kind}", kind)


def _ports(ports: list[Obj], field: str) -> Iterator[Cause]:
    names: set[str] = set()
    for index, port in enumerate(ports):
        name, number = port.get("name"), port.get("containerPort", 0)
        if name:
            fault = formats.port_name(name)
            if fault:
                yield invalid_value(f"{field}[{index}].name", name, fault)
            elif name in names:
                yield duplicate(f"{field}[{index}].name", name)
            names.add(name)
        if not number:
            yield required(f"{field}[{index}].containerPort")
        elif formats.port_number(number):
            yield invalid_value(f"{field}[{index}].containerPort", number, formats.PORT_RANGE)
        if port.get("hostPort") and formats.port_number(port["hostPort"]):
            yield invalid_value(f"{field}[{index}].hostPort", port["hostPort"], formats.PORT_RANGE)
        if port.get("protocol") not in PROTOCOLS:
            yield from one_of(f"{field}[{index}].protocol", port.get("protocol"), PROTOCOLS)


def _host_ports(containers: list[Obj], field: str) -> Iterator[Cause]:
    """A port of the node goes to one container only."""
    taken: set[str] = set()
    for index, container in enumerate(containers):
        for number, port in enumerate(container.get("ports") or ()):
            if not port.get("hostPort"):
                continue
            key = f"{port.get('protocol', '')}/{port.get('hostIP', '')}/{port['hostPort']}"
            if key in taken:
                yield duplicate(f"{field}[{index}].ports[{number}].hostPort", key)
            taken.add(key)


def _resizing(policies: list[Obj], field: str, restart_policy: str) -> Iterator[Cause]:
    seen: set[str] = set()
    for index, entry in enumerate(policies):
        name, policy = entry.get("resourceName", ""), entry.get("restartPolicy", "")
        if name in seen:
            yield duplicate(f"{field}[{index}]", name)
        seen.add(name)
        yield from one_of(field, name, RESIZABLE)
        yield from one_of(field, policy, RESIZE_POLICIES)
        if restart_policy == "Never" and policy != "NotRequired":
            yield invalid_value(field, policy, NO_RESTART)


def _restarts(container: Obj, field: str) -> Iterator[Cause]:
    """A container's own restart policy, and its exceptions by exit code."""
    policy: Any = container.get("restartPolicy")
    rules = container.get("restartPolicyRules") or []
    if policy is None:
        if rules:
            yield required(f"{field}.restartPolicy", POLICY_FOR_RULES)
    elif policy not in RESTART_POLICIES:
        yield not_supported(f"{field}.restartPolicy", policy, RESTART_POLICIES)
    if len(rules) > RULES_MAX:
        yield too_many(f"{field}.restartPolicyRules", len(rules), RULES_MAX)
    for index, rule in enumerate(rules):
        path = f"{field}.restartPolicyRules[{index}]"
        if rule.get("action") not in RULE_ACTIONS:
            yield not_supported(f"{path}.action", rule.get("action", ""), RULE_ACTIONS)
        codes = rule.get("exitCodes")
        if codes is None:
            yield required(f"{path}.exitCodes", MUST_BE_SPECIFIED)
            continue
        if codes.get("operator") not in EXIT_OPERATORS:
            yield not_supported(f"{path}.exitCodes.operator", codes.get("operator", ""), EXIT_OPERATORS)
        count = len(codes.get("values") or ())
        if count > EXIT_CODES_MAX:
            yield too_many(f"{path}.exitCodes.values", count, EXIT_CODES_MAX)
