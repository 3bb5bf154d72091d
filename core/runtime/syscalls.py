"""What a low-level runtime does with a `config.json`: the system calls of `create` and `start`, each with its purpose.

In runc's order (libcontainer `nsexec.c`, `rootfs_linux.go`, `init_linux.go`), left out where they only move data. The list
follows from the config: no call for a namespace that is the host's, none for a seccomp filter that was not asked for.
"""

from typing import NamedTuple

from core.kube.objects import Obj

FLAGS = {
    "mount": "CLONE_NEWNS",
    "cgroup": "CLONE_NEWCGROUP",
    "network": "CLONE_NEWNET",
    "ipc": "CLONE_NEWIPC",
    "uts": "CLONE_NEWUTS",
    "pid": "CLONE_NEWPID",
    "user": "CLONE_NEWUSER",
}


class Syscall(NamedTuple):
    """`step`: create (up to the process waiting at the door) or start (through it)."""

    step: str
    call: str
    purpose: str


def sequence(config: Obj, cgroup: str, files: dict[str, str]) -> list[Syscall]:
    """The calls for `config`. `cgroup`: the group's directory, `files`: its control files (see `cgroups.py`)."""
    linux, process, root = config["linux"], config["process"], config["root"]["path"]
    calls: list[tuple[str, str, str]] = [
        ("create", f'mkdir("{cgroup}", 0755)', "make the container's control group"),
    ]
    calls += [
        ("create", f'write("{cgroup}/{name}", "{value}")', CGROUP_PURPOSES[name]) for name, value in files.items()
    ]
    calls += [
        ("create", "clone3({flags=CLONE_PARENT, exit_signal=SIGCHLD})", "a child that will become the container"),
        ("create", f'write("{cgroup}/cgroup.procs", pid)', "put it under the limits before it can do anything"),
    ]
    joined = [namespace for namespace in linux["namespaces"] if "path" in namespace]
    own = [namespace["type"] for namespace in linux["namespaces"] if "path" not in namespace]
    for namespace in joined:
        purpose = f"join the {namespace['type']} namespace that the pod's pause container holds open"
        calls.append(("create", f'setns(open("{namespace["path"]}"), {FLAGS[namespace["type"]]})', purpose))
    calls.append(("create", f"unshare({'|'.join(FLAGS[kind] for kind in own)})", f"leave the host's {', '.join(own)}"))
    if "pid" in own:
        calls.append(
            ("create", "clone3({flags=CLONE_PARENT})", "once more: the first child of a new PID namespace is PID 1")
        )
    calls += [
        ("create", "setsid()", "a session of its own, away from the runtime's terminal"),
        ("create", 'mount("", "/", NULL, MS_SLAVE|MS_REC)', "nothing mounted from here on is seen by the host"),
        ("create", f'mount("{root}", "{root}", "bind", MS_BIND|MS_REC)', "make the merged layers a mount point"),
    ]
    for mount in config["mounts"]:
        flags = "MS_BIND|MS_REC" if mount["type"] == "bind" else "|".join(_flags(mount["options"])) or "0"
        call = f'mount("{mount["source"]}", "{root}{mount["destination"]}", "{mount["type"]}", {flags})'
        calls.append(("create", call, MOUNT_PURPOSES.get(mount["type"], "a volume of the pod")))
    calls += [
        ("create", f'mknodat("{root}/dev/null", S_IFCHR|0666, 1:3)', "the handful of devices every process expects"),
        ("create", f'pivot_root("{root}", "{root}")', "the merged layers become /"),
        ("create", 'umount2(".", MNT_DETACH)', "and the host's files are out of reach"),
    ]
    if any(each["type"] == "uts" and "path" not in each for each in linux["namespaces"]):
        calls.append(("create", f'sethostname("{config["hostname"]}")', "the pod's name is its host name"))
    for path in linux["readonlyPaths"]:
        calls.append(
            ("create", f'mount("{path}", "{path}", NULL, MS_BIND|MS_REMOUNT|MS_RDONLY)', "may be read, not written")
        )
    for path in linux["maskedPaths"]:
        calls.append(("create", f'mount("/dev/null", "{path}", NULL, MS_BIND)', "hide what tells about the host"))
    if process["noNewPrivileges"]:
        calls.append(("create", "prctl(PR_SET_NO_NEW_PRIVS, 1)", "no set-uid program may raise its rights"))
    if "apparmorProfile" in process:
        call = f'write("/proc/self/attr/apparmor/exec", "exec {process["apparmorProfile"]}")'
        calls.append(("create", call, "the AppArmor profile to run under from execve on"))
    if "selinuxLabel" in process:
        call = f'write("/proc/self/attr/exec", "{process["selinuxLabel"]}")'
        calls.append(("create", call, "the SELinux label to run under from execve on"))
    user = process["user"]
    bounding = ", ".join(process["capabilities"]["bounding"]) or "none"
    calls += [
        ("create", "prctl(PR_CAPBSET_DROP, …)", f"drop every capability but: {bounding}"),
        (
            "create",
            f"setgroups({user.get('additionalGids', [])}); setgid({user['gid']}); setuid({user['uid']})",
            "become the user",
        ),
        ("create", "capset({effective, permitted})", "keep the capabilities of the config, and no other"),
    ]
    if "seccomp" in linux:
        call = "seccomp(SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, {bpf})"
        calls.append(("create", call, "from here on a system call outside of the profile is refused"))
    calls += [
        ("create", 'openat("/proc/self/fd/exec.fifo", O_WRONLY)', "wait at the door until somebody says start"),
        ("start", 'openat("exec.fifo", O_RDONLY)', "the runtime opens the other end: go"),
        (
            "start",
            f"execve({_quoted(process['args'])}, env[{len(process['env'])}])",
            "the program takes the process over",
        ),
    ]
    return [Syscall(*call) for call in calls]


CGROUP_PURPOSES = {
    "cpu.max": "the cpu limit: microseconds in each period",
    "cpu.weight": "the cpu request: its share when cpus are short",
    "memory.max": "the memory limit: beyond it the kernel kills",
    "pids.max": "how many processes it may have: no fork bombs",
}
MOUNT_PURPOSES = {
    "proc": "its own view of processes",
    "tmpfs": "an empty /dev in memory",
    "devpts": "terminals of its own",
    "mqueue": "message queues of its IPC namespace",
    "sysfs": "the kernel's objects, for reading",
    "cgroup": "its own control group, for reading",
    "bind": "a volume of the pod",
}


def _flags(options: list[str]) -> list[str]:
    known = {
        "nosuid": "MS_NOSUID",
        "noexec": "MS_NOEXEC",
        "nodev": "MS_NODEV",
        "ro": "MS_RDONLY",
        "relatime": "MS_RELATIME",
    }
    return [known[option] for option in options if option in known]


def _quoted(args: list[str]) -> str:
    return "[" + ", ".join(f'"{arg}"' for arg in args) + "]"
