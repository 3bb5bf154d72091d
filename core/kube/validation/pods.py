"""Pods: containers, ports, probes, volumes, resources, and the few fields that may change later.

The order of the checks is that of the real server, since clients print the causes in it.
Reference: kubernetes `pkg/apis/core/validation/validation.go`, ValidatePodSpec and ValidatePodUpdate.
"""

from collections.abc import Iterator
from typing import Any

from core.kube import formats
from core.kube.causes import Cause, duplicate, forbidden, invalid_value, missing, not_supported, required
from core.kube.objects import Obj, clone
from core.kube.pods import containers_of, is_sidecar
from core.kube.quantities import compare, parse
from core.kube.validation.common import NOT_NEGATIVE, POSITIVE, annotations, label_selector, labels, one_of

RESTART_POLICIES = ("Always", "OnFailure", "Never")
DNS_POLICIES = ("ClusterFirst", "ClusterFirstWithHostNet", "Default", "None")
PULL_POLICIES = ("Always", "IfNotPresent", "Never")
MESSAGE_POLICIES = ("FallbackToLogsOnError", "File")
PROTOCOLS = ("SCTP", "TCP", "UDP")
EFFECTS = ("NoSchedule", "PreferNoSchedule", "NoExecute")
UNSATISFIABLE = ("DoNotSchedule", "ScheduleAnyway")
SCHEMES = ("HTTP", "HTTPS")
NODE_OPERATORS = ("In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt")
HANDLERS = ("exec", "grpc", "httpGet", "tcpSocket")
LIFECYCLE_HANDLERS = ("exec", "httpGet", "sleep", "tcpSocket")

UNIQUE_MOUNT = "must be unique"
OVER_LIMIT = "must be less than or equal to {name} limit of {limit}"
MANY_SOURCES = "may not specify more than 1 volume type"
NO_SOURCE = "must specify a volume type"
NO_HANDLER = "must specify a handler type"
MANY_HANDLERS = "may not specify more than 1 handler type"
ONCE = "must be 1"
NO_PROBE = "may not be set for init containers without restartPolicy=Always"
KEY_NEEDS_EXISTS = 'operator must be Exists when `key` is empty, which means "match all values and all keys"'
VALUE_WITH_EXISTS = "value must be empty when `operator` is 'Exists'"
SECONDS_WITH_EFFECT = "effect must be 'NoExecute' when `tolerationSeconds` is set"
TERM_NEEDED = "must have at least one node selector term"
UPDATE_FORBIDDEN = (
    "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,"
    "`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),"
    "`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)"
)
COUNT_FIXED = "pod updates may not add or remove containers"
TOLERATIONS_ONLY_ADDED = "existing toleration can not be modified except its tolerationSeconds"
GATES_ONLY_REMOVED = "only deletion is allowed, but found new scheduling gate '{name}'"
DEADLINE_LESS = "must be less than or equal to previous value"


def validate(obj: Obj) -> Iterator[Cause]:
    yield from spec(obj.get("spec") or {}, "spec")


def template(holder: Obj, field: str) -> Iterator[Cause]:
    """A pod template inside a workload."""
    meta = holder.get("metadata") or {}
    yield from labels(f"{field}.metadata.labels", meta.get("labels"))
    yield from annotations(f"{field}.metadata.annotations", meta.get("annotations"))
    yield from spec(holder.get("spec") or {}, f"{field}.spec")


def spec(pod: Obj, field: str) -> Iterator[Cause]:
    volumes: set[str] = set()
    if "volumes" in pod:
        yield from _volumes(pod["volumes"], f"{field}.volumes", volumes)
    names: set[str] = set()
    if not pod.get("containers"):
        yield required(f"{field}.containers")
    for index, container in enumerate(pod.get("containers") or ()):
        yield from _container(container, f"{field}.containers[{index}]", volumes, names, has_probes=True)
    for index, container in enumerate(pod.get("initContainers") or ()):
        path = f"{field}.initContainers[{index}]"
        yield from _container(container, path, volumes, names, has_probes=is_sidecar(container))
    yield from _policies(pod, field)
    for index, toleration in enumerate(pod.get("tolerations") or ()):
        yield from _toleration(toleration, f"{field}.tolerations[{index}]")
    if "affinity" in pod:
        yield from _affinity(pod["affinity"], f"{field}.affinity")
    for index, constraint in enumerate(pod.get("topologySpreadConstraints") or ()):
        yield from _spread(constraint, f"{field}.topologySpreadConstraints[{index}]")


def _policies(pod: Obj, field: str) -> Iterator[Cause]:
    yield from one_of(f"{field}.restartPolicy", pod.get("restartPolicy"), RESTART_POLICIES)
    yield from one_of(f"{field}.dnsPolicy", pod.get("dnsPolicy"), DNS_POLICIES)
    if pod.get("terminationGracePeriodSeconds", 0) < 0:
        yield invalid_value(
            f"{field}.terminationGracePeriodSeconds", pod["terminationGracePeriodSeconds"], NOT_NEGATIVE
        )
    if "nodeSelector" in pod:
        yield from labels(f"{field}.nodeSelector", pod["nodeSelector"])
    for name, check in (("serviceAccountName", formats.dns_subdomain), ("nodeName", formats.dns_subdomain)):
        if pod.get(name) and check(pod[name]):
            yield invalid_value(f"{field}.{name}", pod[name], check(pod[name]) or "")
    if pod.get("activeDeadlineSeconds", 1) < 1:
        yield invalid_value(
            f"{field}.activeDeadlineSeconds",
            pod["activeDeadlineSeconds"],
            "must be between 1 and 2147483647, inclusive",
        )
    for name in ("hostname", "subdomain"):
        if pod.get(name) and formats.dns_label(pod[name]):
            yield invalid_value(f"{field}.{name}", pod[name], formats.dns_label(pod[name]) or "")


def _container(container: Obj, field: str, volumes: set[str], names: set[str], *, has_probes: bool) -> Iterator[Cause]:
    name = container.get("name", "")
    fault = formats.dns_label(name) if name else None
    if not name:
        yield required(f"{field}.name")
    elif fault:
        yield invalid_value(f"{field}.name", name, fault)
    image = container.get("image", "")
    if not image:
        yield required(f"{field}.image")
    elif image != image.strip():
        yield invalid_value(f"{field}.image", image, "must not have leading or trailing whitespace")
    if container.get("terminationMessagePolicy") not in MESSAGE_POLICIES:
        policy = container.get("terminationMessagePolicy")
        yield from one_of(f"{field}.terminationMessagePolicy", policy, MESSAGE_POLICIES)
    if "ports" in container:
        yield from _ports(container["ports"], f"{field}.ports")
    if "env" in container:
        yield from _env(container["env"], f"{field}.env")
    if "volumeMounts" in container:
        yield from _mounts(container["volumeMounts"], f"{field}.volumeMounts", volumes)
    if container.get("imagePullPolicy") not in PULL_POLICIES:
        yield from one_of(f"{field}.imagePullPolicy", container.get("imagePullPolicy"), PULL_POLICIES)
    resources = container.get("resources")
    if resources:
        yield from _resources(resources, f"{field}.resources")
    if name in names:
        yield duplicate(f"{field}.name", name)
    names.add(name)
    for kind in ("livenessProbe", "readinessProbe", "startupProbe"):
        if kind in container:
            if not has_probes:
                yield forbidden(f"{field}.{kind}", NO_PROBE)
            yield from _probe(container[kind], f"{field}.{kind}", is_once=kind != "readinessProbe")
    for kind, handler in (container.get("lifecycle") or {}).items():
        if isinstance(handler, dict):
            yield from _handler(handler, f"{field}.lifecycle.{kind}", LIFECYCLE_HANDLERS)


def _ports(ports: list[Obj], field: str) -> Iterator[Cause]:
    names: set[str] = set()
    for index, port in enumerate(ports):
        path, name = f"{field}[{index}]", port.get("name")
        if name:
            fault = formats.port_name(name)
            if fault:
                yield invalid_value(f"{path}.name", name, fault)
            elif name in names:
                yield duplicate(f"{path}.name", name)
            names.add(name)
        number = port.get("containerPort", 0)
        if not number:
            yield required(f"{path}.containerPort")
        elif formats.port_number(number):
            yield invalid_value(f"{path}.containerPort", number, formats.PORT_RANGE)
        if port.get("hostPort") and formats.port_number(port["hostPort"]):
            yield invalid_value(f"{path}.hostPort", port["hostPort"], formats.PORT_RANGE)
        yield from one_of(f"{path}.protocol", port.get("protocol"), PROTOCOLS)


def _env(entries: list[Obj], field: str) -> Iterator[Cause]:
    for index, entry in enumerate(entries):
        name, path = entry.get("name", ""), f"{field}[{index}]"
        fault = formats.env_name(name) if name else None
        if not name:
            yield required(f"{path}.name")
        elif fault:
            yield invalid_value(f"{path}.name", name, fault)
        source = entry.get("valueFrom")
        if source is not None:
            if entry.get("value"):
                yield invalid_value(f"{path}.valueFrom", "", "may not be specified when `value` is not empty")
            if not source:
                kinds = "`configMapKeyRef`, `fieldRef`, `fileKeyRef`, `resourceFieldRef` or `secretKeyRef`"
                yield invalid_value(f"{path}.valueFrom", "", f"must specify one of: {kinds}")
            elif len(source) > 1:
                yield invalid_value(f"{path}.valueFrom", "", "may not have more than one field specified at a time")


def _mounts(mounts: list[Obj], field: str, volumes: set[str]) -> Iterator[Cause]:
    paths: set[str] = set()
    for index, mount in enumerate(mounts):
        name, place = mount.get("name", ""), mount.get("mountPath", "")
        if not name:
            yield required(f"{field}[{index}].name")
        elif name not in volumes:
            yield missing(f"{field}[{index}].name", name)
        if not place:
            yield required(f"{field}[{index}].mountPath")
        elif place in paths:
            yield invalid_value(f"{field}[{index}].mountPath", place, UNIQUE_MOUNT)
        paths.add(place)


def _volumes(volumes: list[Obj], field: str, names: set[str]) -> Iterator[Cause]:
    for index, volume in enumerate(volumes):
        name, path = volume.get("name", ""), f"{field}[{index}]"
        fault = formats.dns_label(name) if name else None
        if not name:
            yield required(f"{path}.name")
        elif fault:
            yield invalid_value(f"{path}.name", name, fault)
        elif name in names:
            yield duplicate(f"{path}.name", name)
        names.add(name)
        sources = [kind for kind in volume if kind != "name"]
        if not sources:
            yield required(path, NO_SOURCE)
        for kind in sources[1:]:
            yield forbidden(f"{path}.{kind}", MANY_SOURCES)
        yield from _source(sources[0] if sources else "", volume, path)


SOURCE_NEEDS = {
    "hostPath": "path",
    "secret": "secretName",
    "configMap": "name",
    "persistentVolumeClaim": "claimName",
    "nfs": "server",
}


def _source(kind: str, volume: Obj, path: str) -> Iterator[Cause]:
    needed = SOURCE_NEEDS.get(kind)
    if needed and not volume[kind].get(needed):
        yield required(f"{path}.{kind}.{needed}")


def _resources(resources: Obj, field: str) -> Iterator[Cause]:
    limits = resources.get("limits") or {}
    for name, quantity in limits.items():
        yield from _amount(f"{field}.limits[{name}]", name, quantity)
    for name, quantity in (resources.get("requests") or {}).items():
        yield from _amount(f"{field}.requests[{name}]", name, quantity)
        limit = limits.get(name)
        if limit is not None and limit != quantity and compare(quantity, limit) > 0:
            yield invalid_value(f"{field}.requests", quantity, OVER_LIMIT.format(name=name, limit=limit))


def _amount(field: str, name: str, quantity: Any) -> Iterator[Cause]:
    if parse(quantity) < 0:
        yield invalid_value(field, str(quantity), NOT_NEGATIVE)
    fault = formats.qualified_name(name)
    if fault:
        yield invalid_value(field, name, fault)


def _probe(probe: Obj, field: str, *, is_once: bool) -> Iterator[Cause]:
    yield from _handler(probe, field, HANDLERS)
    for name in ("initialDelaySeconds", "timeoutSeconds", "periodSeconds", "successThreshold", "failureThreshold"):
        if probe.get(name, 0) < 0:
            yield invalid_value(f"{field}.{name}", probe[name], NOT_NEGATIVE)
    if is_once and probe.get("successThreshold", 1) != 1:
        yield invalid_value(f"{field}.successThreshold", probe["successThreshold"], ONCE)


def _handler(holder: Obj, field: str, kinds: tuple[str, ...]) -> Iterator[Cause]:
    found = [kind for kind in kinds if kind in holder]
    if not found:
        yield required(field, NO_HANDLER)
    for kind in found[1:]:
        yield forbidden(f"{field}.{kind}", MANY_HANDLERS)
    for kind in found[:1]:
        handler = holder[kind]
        if kind == "exec" and not handler.get("command"):
            yield required(f"{field}.exec.command")
        if kind in ("httpGet", "tcpSocket"):
            yield from _target_port(handler.get("port", 0), f"{field}.{kind}.port")
        if kind == "httpGet" and handler.get("scheme", "HTTP") not in SCHEMES:
            yield not_supported(f"{field}.httpGet.scheme", handler["scheme"], SCHEMES)


def _target_port(port: Any, field: str) -> Iterator[Cause]:
    fault = formats.port_name(port) if isinstance(port, str) else formats.port_number(port)
    if fault:
        yield invalid_value(field, port, fault)


def _toleration(toleration: Obj, field: str) -> Iterator[Cause]:
    key, operator, effect = toleration.get("key"), toleration.get("operator") or "Equal", toleration.get("effect")
    if key and formats.qualified_name(key):
        yield invalid_value(f"{field}.key", key, formats.qualified_name(key) or "")
    if not key and operator != "Exists":
        yield invalid_value(f"{field}.operator", operator, KEY_NEEDS_EXISTS)
    if "tolerationSeconds" in toleration and effect != "NoExecute":
        yield invalid_value(f"{field}.effect", effect or "", SECONDS_WITH_EFFECT)
    if operator == "Exists" and toleration.get("value"):
        yield invalid_value(f"{field}.operator", toleration, VALUE_WITH_EXISTS)
    elif operator not in ("Equal", "Exists"):
        yield not_supported(f"{field}.operator", operator, ("Equal", "Exists"))
    if effect and effect not in EFFECTS:
        yield not_supported(f"{field}.effect", effect, EFFECTS)


def _affinity(affinity: Obj, field: str) -> Iterator[Cause]:
    node = affinity.get("nodeAffinity") or {}
    hard = node.get("requiredDuringSchedulingIgnoredDuringExecution")
    if hard is not None:
        path = f"{field}.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms"
        if not hard.get("nodeSelectorTerms"):
            yield required(path, TERM_NEEDED)
        for index, term in enumerate(hard.get("nodeSelectorTerms") or ()):
            yield from _node_term(term, f"{path}[{index}]")
    for index, entry in enumerate(node.get("preferredDuringSchedulingIgnoredDuringExecution") or ()):
        path = f"{field}.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution[{index}]"
        yield from _weight(entry, path)
        yield from _node_term(entry.get("preference") or {}, f"{path}.preference")
    for kind in ("podAffinity", "podAntiAffinity"):
        pods = affinity.get(kind) or {}
        for index, term in enumerate(pods.get("requiredDuringSchedulingIgnoredDuringExecution") or ()):
            path = f"{field}.{kind}.requiredDuringSchedulingIgnoredDuringExecution[{index}]"
            yield from _pod_term(term, path)
        for index, entry in enumerate(pods.get("preferredDuringSchedulingIgnoredDuringExecution") or ()):
            path = f"{field}.{kind}.preferredDuringSchedulingIgnoredDuringExecution[{index}]"
            yield from _weight(entry, path)
            yield from _pod_term(entry.get("podAffinityTerm") or {}, f"{path}.podAffinityTerm")


def _weight(entry: Obj, field: str) -> Iterator[Cause]:
    if not 1 <= entry.get("weight", 0) <= 100:
        yield invalid_value(f"{field}.weight", entry.get("weight", 0), "must be in the range 1-100")


def _node_term(term: Obj, field: str) -> Iterator[Cause]:
    for name in ("matchExpressions", "matchFields"):
        for index, entry in enumerate(term.get(name) or ()):
            path, operator = f"{field}.{name}[{index}]", entry.get("operator", "")
            if operator not in NODE_OPERATORS:
                yield invalid_value(f"{path}.operator", operator, "not a valid selector operator")
            elif operator in ("In", "NotIn") and not entry.get("values"):
                yield required(f"{path}.values", "must be specified when `operator` is 'In' or 'NotIn'")
            elif operator in ("Gt", "Lt") and len(entry.get("values") or ()) != 1:
                yield required(f"{path}.values", "must be specified single value when `operator` is 'Lt' or 'Gt'")
            if not entry.get("key"):
                yield required(f"{path}.key")


def _pod_term(term: Obj, field: str) -> Iterator[Cause]:
    if "labelSelector" in term:
        yield from label_selector(f"{field}.labelSelector", term["labelSelector"])
    if not term.get("topologyKey"):
        yield required(f"{field}.topologyKey", "can not be empty")


def _spread(constraint: Obj, field: str) -> Iterator[Cause]:
    if constraint.get("maxSkew", 0) <= 0:
        yield invalid_value(f"{field}.maxSkew", constraint.get("maxSkew", 0), POSITIVE)
    if not constraint.get("topologyKey"):
        yield required(f"{field}.topologyKey", "can not be empty")
    yield from one_of(f"{field}.whenUnsatisfiable", constraint.get("whenUnsatisfiable"), UNSATISFIABLE)
    if "labelSelector" in constraint:
        yield from label_selector(f"{field}.labelSelector", constraint["labelSelector"])


def validate_update(new: Obj, old: Obj) -> Iterator[Cause]:
    """Of a pod that exists only images, deadlines and a few additions may change; the rest makes another pod."""
    after, before = new.get("spec") or {}, old.get("spec") or {}
    for kind in ("containers", "initContainers"):
        if len(after.get(kind) or ()) != len(before.get(kind) or ()):
            yield forbidden(f"spec.{kind}", COUNT_FIXED)
            return
    kept, added = before.get("tolerations") or [], after.get("tolerations") or []
    without_seconds = [{n: v for n, v in entry.items() if n != "tolerationSeconds"} for entry in added]
    for entry in kept:
        if entry not in added and {n: v for n, v in entry.items() if n != "tolerationSeconds"} not in without_seconds:
            yield forbidden("spec.tolerations", TOLERATIONS_ONLY_ADDED)
            break
    gates = [gate.get("name") for gate in before.get("schedulingGates") or ()]
    for index, gate in enumerate(after.get("schedulingGates") or ()):
        if gate.get("name") not in gates:
            yield forbidden(f"spec.schedulingGates[{index}].name", GATES_ONLY_REMOVED.format(name=gate.get("name", "")))
    deadline, previous = after.get("activeDeadlineSeconds"), before.get("activeDeadlineSeconds")
    if previous is not None and (deadline is None or deadline > previous):
        yield invalid_value("spec.activeDeadlineSeconds", deadline, DEADLINE_LESS)
    same = clone(after)
    for name in ("activeDeadlineSeconds", "tolerations", "schedulingGates"):
        _take_over(same, before, name)
    if before.get("terminationGracePeriodSeconds", 0) < 0 and after.get("terminationGracePeriodSeconds") == 1:
        _take_over(same, before, "terminationGracePeriodSeconds")
    for container, was in zip(containers_of(same), containers_of(before), strict=True):
        container["image"] = was.get("image", "")
    if same != before:
        yield forbidden("spec", UPDATE_FORBIDDEN)


def _take_over(target: Obj, source: Obj, name: str) -> None:
    if name in source:
        target[name] = source[name]
    else:
        target.pop(name, None)
