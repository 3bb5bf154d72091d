"""What a container is given besides its image: the variables and mounts its process can see, and whether it may start so.

Of the environment only what somebody reads is kept, and of the mounts only what a script could meet: a record on the node's
disk stays small, however many Services a namespace has. Reference: kubelet `kubelet_pods.go` (makeMounts),
`kuberuntime/security_context.go` (verifyRunAsNonRoot).
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from posixpath import normpath
from typing import Any

from core.kube.objects import Obj
from core.kubelet.environment import REFERENCE, expand, hostname
from core.runtime.files import TERMINATION_LOG
from core.runtime.images import Image
from core.runtime.oci import PATH

# These read variables without naming them.
READS_ALL = re.compile(r"\b(?:env|printenv|export|set)\b")
WRITABLE = frozenset({"emptyDir", "hostPath", "persistentVolumeClaim", "ephemeral", "nfs", "csi", "iscsi"})
CONFIG_ERROR, CREATE_ERROR = "CreateContainerConfigError", "CreateContainerError"
SECCOMP_FOLDER = "/var/lib/kubelet/seccomp/"
# No node has any profile of its own: nothing could have put it there.
NO_SECCOMP = (
    'failed to create containerd container: cannot load seccomp profile "{path}": '
    "open {path}: no such file or directory"
)
NO_APPARMOR = (
    "failed to get container spec opts: failed to generate apparmor spec opts: apparmor profile not found {name}"
)
PROBES = ("startupProbe", "livenessProbe", "readinessProbe")
HOOKS = ("postStart", "preStop")
ROOT_IMAGE = 'container has runAsNonRoot and image will run as root (pod: "{pod}", container: {name})'
ROOT_ASKED = 'container\'s runAsUser breaks non-root policy (pod: "{pod}", container: {name})'
NOT_NUMERIC = (
    "container has runAsNonRoot and image has non-numeric user ({user}), cannot verify user is non-root "
    '(pod: "{pod}", container: {name})'
)


def commands_beside(container: Obj) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The commands that are run in the container beside its process: of which probe or hook, and the words."""
    for kind in PROBES:
        if "exec" in (container.get(kind) or {}):
            yield f"{kind.removesuffix('Probe')} probe", tuple(container[kind]["exec"].get("command") or ())
    for kind in HOOKS:
        hook = (container.get("lifecycle") or {}).get(kind) or {}
        if "exec" in hook:
            yield f"{kind} hook", tuple(hook["exec"].get("command") or ())


def needs_environment(container: Obj, image: Image) -> bool:
    """Whether anybody reads the environment, or anything in it may be missing."""
    if any("subPathExpr" in mount for mount in container.get("volumeMounts") or ()):
        return True
    if container.get("envFrom") or any("valueFrom" in variable for variable in container.get("env") or ()):
        return True
    words = _words(container)
    return bool(image.needs_env) or "$" in words or READS_ALL.search(words) is not None


def what_is_read(variables: Mapping[str, str], image: Image, container: Obj, command: Iterable[str]) -> dict[str, str]:
    """Of all variables those that the process, or a command beside it, asks for."""
    words = " ".join((*command, _words(container)))
    everything = {"PATH": PATH, **dict(image.env), **variables}
    if READS_ALL.search(words):
        return everything
    return {name: value for name, value in everything.items() if name in image.needs_env or name in words}


def home(around: Mapping[str, Any]) -> str:
    """What runc sets HOME to: the user's home, or `/` for one that the image does not know."""
    return "/root" if around.get("root", True) else "/"


def surroundings(pod: Obj, container: Obj, image: Image, node: str) -> dict[str, Any]:
    """What the process finds that is not its image's; empty when no script will ever ask."""
    words = _words(container)
    if not words:
        return {}
    spec, context = pod["spec"], _context(pod, container)
    found: dict[str, Any] = {"hostname": node if spec.get("hostNetwork") else hostname(pod)}
    if container.get("workingDir"):
        found["cwd"] = normpath(container["workingDir"])
    volumes = {volume["name"]: volume for volume in spec.get("volumes") or ()}
    mounts = [
        (
            normpath(mount["mountPath"]),
            not mount.get("readOnly") and bool(WRITABLE & set(volumes.get(mount["name"], ()))),
        )
        for mount in container.get("volumeMounts") or ()
    ]
    if mounts:
        found["mounts"] = mounts
    if context.get("readOnlyRootFilesystem"):
        found["read_only"] = True
    if _runs_as_root(image, context) is not True:
        found["root"] = False
    path = container.get("terminationMessagePath") or TERMINATION_LOG
    if path != TERMINATION_LOG:
        found["message"] = [normpath(path)]
    if any("date" in word for _, command in commands_beside(container) for word in command):
        found["clock"] = True
    return found


def refusal_of(pod: Obj, container: Obj, image: Image) -> tuple[str, str]:
    """Why the container is not created as it is asked to: reason and message to wait with; empty when it is."""
    context = _context(pod, container)
    seccomp, apparmor = context.get("seccompProfile") or {}, context.get("appArmorProfile") or {}
    why = _breaks_non_root(pod, container, image, context)
    if why:
        return CONFIG_ERROR, why
    if seccomp.get("type") == "Localhost":
        return CREATE_ERROR, NO_SECCOMP.format(path=SECCOMP_FOLDER + seccomp.get("localhostProfile", ""))
    if apparmor.get("type") == "Localhost":
        return CREATE_ERROR, NO_APPARMOR.format(name=apparmor.get("localhostProfile", ""))
    return "", ""


def bad_sub_path(container: Obj, variables: Mapping[str, str]) -> str:
    """Why an expanded `subPathExpr` of a mount cannot be used; empty when all can."""
    for mount in container.get("volumeMounts") or ():
        expression = mount.get("subPathExpr", "")
        missing = [name for name in REFERENCE.findall(expression) if name and name not in variables]
        if missing:
            return f'missing value for "{missing[0]}"'
        path = expand(expression, variables)
        if path.startswith("/"):
            return f"error SubPath `{path}` must not be an absolute path"
        if ".." in path.split("/"):
            return f"unable to provision SubPath `{path}`: must not contain '..'"
    return ""


def _breaks_non_root(pod: Obj, container: Obj, image: Image, context: Mapping[str, Any]) -> str:
    if not context.get("runAsNonRoot"):
        return ""
    meta = pod["metadata"]
    words = {"pod": f"{meta['name']}_{meta['namespace']}({meta['uid']})", "name": container["name"]}
    if "runAsUser" in context:
        return ROOT_ASKED.format(**words) if context["runAsUser"] == 0 else ""
    if not image.known:
        return ""  # nobody knows its user
    user = image.user.partition(":")[0]
    if user and not user.isdecimal():
        return NOT_NUMERIC.format(user=user, **words)
    return ROOT_IMAGE.format(**words) if int(user or 0) == 0 else ""


def _runs_as_root(image: Image, context: Mapping[str, Any]) -> bool | None:
    """None: nobody knows."""
    if "runAsUser" in context:
        return bool(context["runAsUser"] == 0)
    return image.user in ("", "0", "root") if image.known else None


def _context(pod: Obj, container: Obj) -> dict[str, Any]:
    return {**(pod["spec"].get("securityContext") or {}), **(container.get("securityContext") or {})}


def _words(container: Obj) -> str:
    """Everything in the container that may be a script."""
    beside = (word for _, command in commands_beside(container) for word in command)
    return " ".join((*(container.get("command") or ()), *(container.get("args") or ()), *beside))
