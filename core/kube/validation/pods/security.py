"""Security contexts of pods and containers, and what the pod's operating system allows in them.

Reference: `pkg/apis/core/validation` (ValidateSecurityContext, validatePodSpecSecurityContext, validateWindows).
"""

from collections.abc import Iterator

from core.kube import formats
from core.kube.causes import Cause, duplicate, forbidden, invalid_value, not_supported, required, too_long
from core.kube.objects import Obj
from core.kube.validation.common import checked, optional_one_of
from core.kube.validation.golang import struct
from core.kube.validation.pods.mounts import descending_path

PROFILES = ("Localhost", "RuntimeDefault", "Unconfined")
PROC_MOUNTS = ("Default", "Unmasked")
FS_GROUP_POLICIES = ("Always", "OnRootMismatch")
GROUP_POLICIES = ("Merge", "Strict")
SELINUX_POLICIES = ("MountOption", "Recursive")
SYSTEMS = ("linux", "windows")
IPC_SYSCTLS = ("kernel.shm", "kernel.msg", "kernel.sem", "fs.mqueue.")
PROFILE_PATH_MAX = 4095

NOT_UNMASKED = "`hostUsers` must be false to use `Unmasked`"
NO_ESCALATION = "cannot set `allowPrivilegeEscalation` to false and `{other}"
LOCAL_NEEDED = "must be set when {kind} type is Localhost"
LOCAL_ONLY = "can only be set when {kind} type is Localhost"
TYPE_NEEDED = "type is required when {field} is set"
PADDED = "must not be padded with whitespace"
SHARED_PIDS = "ShareProcessNamespace and HostPID cannot both be enabled"
HOST_SYSCTL = "may not be specified when '{host}' is true"
HOST_USERS = "when `pod.Spec.HostUsers` is false"
NOT_ON_WINDOWS = "cannot be set for a windows pod"
NOT_ON_LINUX = "windows options cannot be set for a linux pod"

WINDOWS_POD = (
    ("securityContext", "appArmorProfile"),
    ("securityContext", "seLinuxOptions"),
    ("", "hostUsers"),
    ("", "hostPID"),
    ("", "hostIPC"),
    *(("securityContext", name) for name in ("seccompProfile", "fsGroup", "fsGroupChangePolicy", "sysctls")),
    ("", "shareProcessNamespace"),
    *(("securityContext", name) for name in ("runAsUser", "runAsGroup", "supplementalGroups")),
    *(("securityContext", name) for name in ("supplementalGroupsPolicy", "seLinuxChangePolicy")),
)
WINDOWS_CONTAINER = (
    "appArmorProfile",
    "seLinuxOptions",
    "seccompProfile",
    "capabilities",
    "readOnlyRootFilesystem",
    "privileged",
    "allowPrivilegeEscalation",
    "procMount",
    "runAsUser",
    "runAsGroup",
)


def container(context: Obj, field: str, *, host_users: bool) -> Iterator[Cause]:
    for name in ("runAsUser", "runAsGroup"):
        if name in context:
            yield from checked(f"{field}.{name}", context[name], formats.user_id)
    if "procMount" in context:
        yield from optional_one_of(f"{field}.procMount", context["procMount"], PROC_MOUNTS)
        if host_users and context["procMount"] == "Unmasked":
            yield invalid_value(f"{field}.procMount", "Unmasked", NOT_UNMASKED)
    if "seccompProfile" in context:
        yield from _seccomp(context["seccompProfile"], f"{field}.seccompProfile")
    if context.get("allowPrivilegeEscalation") is False:
        others = ["privileged` to true"] if context.get("privileged") else []
        added = (context.get("capabilities") or {}).get("add") or ()
        others += ["capabilities.Add` CAP_SYS_ADMIN"] * list(added).count("CAP_SYS_ADMIN")
        for other in others:
            yield invalid_value(field, struct("SecurityContext", context), NO_ESCALATION.format(other=other))
    if "appArmorProfile" in context:
        yield from _apparmor(context["appArmorProfile"], f"{field}.appArmorProfile")


def pod(spec: Obj, field: str) -> Iterator[Cause]:
    """The context that all containers share."""
    context: Obj = spec["securityContext"]
    for name in ("fsGroup", "runAsUser", "runAsGroup"):
        if name in context:
            yield from checked(f"{field}.{name}", context[name], formats.user_id)
    for index, group in enumerate(context.get("supplementalGroups") or ()):
        yield from checked(f"{field}.supplementalGroups[{index}]", group, formats.user_id)
    if spec.get("shareProcessNamespace") and spec.get("hostPID"):
        yield invalid_value(f"{field}.shareProcessNamespace", True, SHARED_PIDS)
    if "sysctls" in context:
        yield from _sysctls(spec, context["sysctls"], f"{field}.sysctls")
    yield from optional_one_of(f"{field}.fsGroupChangePolicy", context.get("fsGroupChangePolicy"), FS_GROUP_POLICIES)
    if "seccompProfile" in context:
        yield from _seccomp(context["seccompProfile"], f"{field}.seccompProfile")
    if "appArmorProfile" in context:
        yield from _apparmor(context["appArmorProfile"], f"{field}.appArmorProfile")
    for name, supported in (
        ("supplementalGroupsPolicy", GROUP_POLICIES),
        ("seLinuxChangePolicy", SELINUX_POLICIES),
    ):
        yield from optional_one_of(f"{field}.{name}", context.get(name), supported)


def _seccomp(profile: Obj, field: str) -> Iterator[Cause]:
    kind = profile.get("type", "")
    if not kind:
        yield required(f"{field}.type", TYPE_NEEDED.format(field="seccompProfile"))
    elif kind not in PROFILES:
        yield not_supported(f"{field}.type", kind, PROFILES)
    local = profile.get("localhostProfile")
    if kind == "Localhost":
        if local is None:
            yield required(f"{field}.localhostProfile", LOCAL_NEEDED.format(kind="seccomp"))
        else:
            yield from descending_path(f"{field}.localhostProfile", local)
    elif local is not None:
        yield invalid_value(f"{field}.localhostProfile", struct("Profile", profile), LOCAL_ONLY.format(kind="seccomp"))


def _apparmor(profile: Obj, field: str) -> Iterator[Cause]:
    kind, local = profile.get("type", ""), profile.get("localhostProfile")
    if not kind:
        yield required(f"{field}.type", TYPE_NEEDED.format(field="appArmorProfile"))
    elif kind not in PROFILES:
        yield not_supported(f"{field}.type", kind, PROFILES)
    elif kind != "Localhost":
        if local is not None:
            yield invalid_value(f"{field}.localhostProfile", local, LOCAL_ONLY.format(kind="AppArmor"))
    elif local is None:
        yield required(f"{field}.localhostProfile", LOCAL_NEEDED.format(kind="AppArmor"))
    else:
        if local != local.strip():
            yield invalid_value(f"{field}.localhostProfile", local, PADDED)
        elif not local:
            yield required(f"{field}.localhostProfile", LOCAL_NEEDED.format(kind="AppArmor"))
        if len(local) > PROFILE_PATH_MAX:
            yield too_long(f"{field}.localhostProfile", PROFILE_PATH_MAX)


def _sysctls(spec: Obj, sysctls: list[Obj], field: str) -> Iterator[Cause]:
    names: set[str] = set()
    for index, sysctl in enumerate(sysctls):
        path, name = f"{field}[{index}].name", sysctl.get("name", "")
        if not name:
            yield required(path)
        elif fault := formats.sysctl_name(name):
            yield invalid_value(path, name, fault)
        elif name in names:
            yield duplicate(path, name)
        dotted = name.replace("/", ".")
        if spec.get("hostNetwork") and dotted.startswith("net."):
            yield invalid_value(path, name, HOST_SYSCTL.format(host="hostNetwork"))
        elif spec.get("hostIPC") and dotted.startswith(IPC_SYSCTLS):
            yield invalid_value(path, name, HOST_SYSCTL.format(host="hostIPC"))
        names.add(name)


def host_users(spec: Obj, field: str) -> Iterator[Cause]:
    """A pod with users of its own shares no other namespace with the host."""
    for name, told in (("hostNetwork", "hostNetwork"), ("hostPID", "HostPID"), ("hostIPC", "HostIPC")):
        if spec.get(name):
            yield forbidden(f"{field}.{told}", HOST_USERS)


def system(spec: Obj, field: str) -> Iterator[Cause]:
    """`spec.os`: what the other system has may not be asked for."""
    name = spec["os"].get("name", "")
    if not name:
        yield required(f"{field}.os.name", "cannot be empty")
    elif name not in SYSTEMS:
        yield not_supported(f"{field}.os", name, SYSTEMS)
    elif name == "linux":
        for path, context in _contexts(spec, field):
            if "windowsOptions" in context:
                yield forbidden(f"{path}.windowsOptions", NOT_ON_LINUX)
    else:
        yield from _windows(spec, field)


def _windows(spec: Obj, field: str) -> Iterator[Cause]:
    for part, name in WINDOWS_POD:
        holder = (spec.get(part) or {}) if part else spec
        if name in holder and not (name in ("hostPID", "hostIPC") and not holder[name]):
            yield forbidden(f"{field}.{part}.{name}" if part else f"{field}.{name}", NOT_ON_WINDOWS)
    for path, context in list(_contexts(spec, field))[1:]:
        for name in WINDOWS_CONTAINER:
            if name in context:
                yield forbidden(f"{path}.{name}", NOT_ON_WINDOWS)


def _contexts(spec: Obj, field: str) -> Iterator[tuple[str, Obj]]:
    """The pod's security context, then those of its containers, with their paths."""
    yield f"{field}.securityContext", spec.get("securityContext") or {}
    for kind in ("initContainers", "containers", "ephemeralContainers"):
        for index, each in enumerate(spec.get(kind) or ()):
            yield f"{field}.{kind}[{index}].securityContext", each.get("securityContext") or {}
