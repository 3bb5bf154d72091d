"""The tables of nodes, namespaces, events, configuration, quota and identity."""

from core.apiserver.tables.columns import (
    AGE,
    CREATED_AT,
    NAME,
    NONE,
    WIDE,
    Cell,
    Column,
    at,
    count,
    field,
    joined,
    number,
    text,
)
from core.apiserver.tables.durations import human, since
from core.kube.objects import Obj, condition, labels_of

ROLE_LABEL = "node-role.kubernetes.io/"
OLD_ROLE_LABEL = "kubernetes.io/role"


def _node_status(node: Obj, now: float) -> str:
    ready = condition(node, "Ready")
    words = ["Unknown" if ready is None else "Ready" if ready["status"] == "True" else "NotReady"]
    if at(node, "spec", "unschedulable"):
        words.append("SchedulingDisabled")
    return ",".join(words)


def _roles(node: Obj, now: float) -> str:
    labels = labels_of(node)
    roles = {key.removeprefix(ROLE_LABEL) for key in labels if key.startswith(ROLE_LABEL)} - {""}
    if labels.get(OLD_ROLE_LABEL):
        roles.add(labels[OLD_ROLE_LABEL])
    return joined(sorted(roles))


def _address(kind: str) -> Cell:
    def found(node: Obj, now: float) -> str:
        addresses = at(node, "status", "addresses", default=())
        return next((entry["address"] for entry in addresses if entry["type"] == kind), NONE)

    return found


def _kernel(node: Obj, now: float) -> str:
    info = at(node, "status", "nodeInfo", default={})
    if not info.get("kernelVersion"):
        return "<unknown>"
    return f"{info['kernelVersion']} ({info['architecture']})" if info.get("architecture") else info["kernelVersion"]


NODES = (
    NAME,
    Column("Status", _node_status, description="The status of the node"),
    Column("Roles", _roles, description="The roles of the node"),
    AGE,
    text("Version", "status", "nodeInfo", "kubeletVersion", description="The kubelet's version."),
    Column("Internal-IP", _address("InternalIP"), priority=WIDE),
    Column("External-IP", _address("ExternalIP"), priority=WIDE),
    text("OS-Image", "status", "nodeInfo", "osImage", default="<unknown>", priority=WIDE),
    Column("Kernel-Version", _kernel, priority=WIDE),
    text("Container-Runtime", "status", "nodeInfo", "containerRuntimeVersion", default="<unknown>", priority=WIDE),
)
NAMESPACES = (NAME, text("Status", "status", "phase", description="The status of the namespace"), AGE)


def _last_seen(event: Obj, now: float) -> str:
    moment = at(event, "series", "lastObservedTime") or event.get("lastTimestamp") or event.get("eventTime")
    return since(moment, now)


def _first_seen(event: Obj, now: float) -> str:
    return since(event.get("firstTimestamp") or event.get("eventTime"), now)


def _object(event: Obj, now: float) -> str:
    # Events of both groups share one storage; the newer one calls the object `regarding`.
    involved = event.get("involvedObject") or event.get("regarding") or {}
    name = involved.get("name", "")
    return f"{involved.get('kind', '').lower()}/{name}" if name else involved.get("kind", "").lower()


def _source(event: Obj, now: float) -> str:
    component = at(event, "source", "component") or event.get("reportingComponent") or event.get("reportingController")
    host = at(event, "source", "host") or event.get("reportingInstance")
    return joined(filter(None, (component, host)), ", ", empty="")


def _times(event: Obj, now: float) -> int:
    series: int = at(event, "series", "count", default=0) or event.get("count") or 1
    return series


EVENTS = (
    Column("Last Seen", _last_seen, description="The time of the most recent occurrence of this event."),
    text("Type", "type"),
    text("Reason", "reason"),
    Column("Object", _object, description="The object that this event is about."),
    Column(
        "Subobject",
        lambda obj, now: at(obj, "involvedObject", "fieldPath") or at(obj, "regarding", "fieldPath", default=""),
        priority=WIDE,
    ),
    Column("Source", _source, priority=WIDE, description="The component reporting this event."),
    Column("Message", lambda obj, now: (obj.get("message") or obj.get("note") or "").strip()),
    Column("First Seen", _first_seen, priority=WIDE),
    Column("Count", _times, priority=WIDE),
    Column("Name", NAME.cell, format="name", priority=WIDE),
)

CONFIG_MAPS = (NAME, count("Data", ("data",), ("binaryData",)), AGE)
SECRETS = (NAME, text("Type", "type", default="Opaque"), count("Data", ("data",)), AGE)
SERVICE_ACCOUNTS = (NAME, AGE)
LEASES = (NAME, text("Holder", "spec", "holderIdentity"), AGE)


def _used(limits: bool) -> Cell:
    """The quota's requests, or its limits, as `name: used/hard`."""

    def shown(quota: Obj, now: float) -> str:
        hard = at(quota, "status", "hard") or at(quota, "spec", "hard", default={})
        used = at(quota, "status", "used", default={})
        return ", ".join(
            f"{name}: {used.get(name, 0)}/{hard[name]}" for name in sorted(hard) if name.startswith("limits.") is limits
        )

    return shown


QUOTAS = (NAME, Column("Request", _used(False)), Column("Limit", _used(True)), AGE)
NAME_AND_CREATION = (NAME, CREATED_AT)


def _role(binding: Obj, now: float) -> str:
    reference = at(binding, "roleRef", default={})
    return f"{reference.get('kind', '')}/{reference.get('name', '')}"


def _subjects(kind: str) -> Cell:
    def shown(binding: Obj, now: float) -> str:
        subjects = [entry for entry in binding.get("subjects") or () if entry["kind"] == kind]
        if kind == "ServiceAccount":
            return ", ".join(f"{entry.get('namespace', '')}/{entry['name']}" for entry in subjects)
        return ", ".join(entry["name"] for entry in subjects)

    return shown


BINDINGS = (
    NAME,
    Column("Role", _role),
    AGE,
    Column("Users", _subjects("User"), priority=WIDE),
    Column("Groups", _subjects("Group"), priority=WIDE),
    Column("ServiceAccounts", _subjects("ServiceAccount"), priority=WIDE),
)
PRIORITY_CLASSES = (
    NAME,
    number("Value", "value"),
    Column("Global-Default", field("globalDefault", default=False), "boolean"),
    AGE,
    text("PreemptionPolicy", "preemptionPolicy", default="PreemptLowerPriority"),
)
RUNTIME_CLASSES = (NAME, text("Handler", "handler"), AGE)
WEBHOOKS = (NAME, count("Webhooks", ("webhooks",), type="integer"), AGE)


def _csr_condition(request: Obj, now: float) -> str:
    words = [entry["type"] for entry in at(request, "status", "conditions", default=())]
    if at(request, "status", "certificate"):
        words.append("Issued")
    return joined(words, empty="Pending")


def _requested(request: Obj, now: float) -> str:
    seconds = at(request, "spec", "expirationSeconds")
    return NONE if seconds is None else human(seconds)


SIGNING_REQUESTS = (
    NAME,
    AGE,
    text("SignerName", "spec", "signerName"),
    text("Requestor", "spec", "username"),
    Column("RequestedDuration", _requested),
    Column("Condition", _csr_condition),
)


ANY = (NAME, AGE)
