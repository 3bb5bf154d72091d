"""What a process in a container does: the one interface between the simulated world and everything above it.

`behaviour` answers, from an image and a command line, a value that says when the process ends by itself and how, what it
listens on, what it does on SIGTERM, and what it prints. All of it is a function of the time since its start, so nothing
has to run: whoever wants to know compares with the clock. Four sources, the first that applies:

1. annotations of the pod, for what cannot be inferred:
   cluster-viz.dev/exit-after: "90"        ends by itself after so many seconds …
   cluster-viz.dev/exit-code: "1"          … with this code (default 0)
   cluster-viz.dev/start-seconds: "20"     serves only from then on
   cluster-viz.dev/unhealthy-after: "60"   from then on it runs but answers no probe
   cluster-viz.dev/memory-growth: "5"      MiB a second; ends with OOMKilled when its limit is reached
   each may be given for one container by `cluster-viz.dev/CONTAINER.exit-after`
2. the image's own program (no command given, or one that starts it): as the catalogue says, and for a few whose
   arguments say what they do, as `programs.py` does
3. a command that the small shell understands (`shell.py`): played from start to end
4. any other command: taken to do its job. It serves what the pod declares and stays up; in an init container, or in a
   pod that is meant to complete (restartPolicy other than Always), it ends well after a few seconds.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, NamedTuple

from core.kube.numbers import measure
from core.kube.times import LONGEST
from core.runtime.images import Image
from core.runtime.programs import changes
from core.runtime.shell import SHELLS, Run, is_known, run
from core.runtime.syntax import NotUnderstood

ANNOTATION = "cluster-viz.dev/"
SETTINGS: dict[str, tuple[float, float]] = {
    # annotation → the least and the most it may say
    "exit-after": (0, LONGEST),
    "exit-code": (0, 255),
    "start-seconds": (0, LONGEST),
    "unhealthy-after": (0, LONGEST),
    "memory-growth": (-1_000_000, 1_000_000),
}
JOB_SECONDS = 5.0  # how long a command takes that is meant to complete and that we do not understand
OOM_KILLED, SIGKILLED = "OOMKilled", 137
MIB = 1 << 20
TIMED_OUT = 'command "{command}" timed out'


@dataclass(frozen=True, slots=True)
class Behaviour:
    """Seconds are counted from the start of the process.

    ends_after   None: it stays up;  reason  OOMKilled, when that is how it ends
    ports        what it listens on; None: everything the pod declares and its probes ask for
    serves_from, serves_until   when it answers;  stop_code  None: deaf to SIGTERM
    beyond       what in its script the small shell does not understand, if it is taken to do its job for that
    http_error   the status of its HTTP answers from serves_until on; 0: it gives none
    files        (offset, path, present) in order: what a probe's `cat` finds
    """

    ends_after: float | None = None
    code: int = 0
    reason: str = ""
    ports: tuple[int, ...] | None = None
    serves_from: float = 0.0
    serves_until: float = float("inf")
    http_error: int = 0
    stop_code: int | None = 0
    files: tuple[tuple[float, str, bool], ...] = ()
    lines: tuple[tuple[float, str], ...] = ()
    cpu_millis: float = 1.0
    memory_mib: float = 10.0
    memory_growth: float = 0.0
    beyond: str = ""

    def changes(self) -> list[float]:
        """The moments at which an answer to a probe may change, in order."""
        moments = {self.serves_from, self.serves_until, *(offset for offset, _, _ in self.files)}
        return sorted(moment for moment in moments if 0 < moment < float("inf"))

    def serves(self, offset: float, port: int | None = None) -> bool:
        """Whether it answers at `offset` (on `port`)."""
        if not self.serves_from <= offset < self.serves_until:
            return False
        return self.ports is None or port is None or port in self.ports

    def executes(self, argv: tuple[str, ...], offset: float, timeout: float = 60.0) -> "Executed":
        """`argv`, run inside the container at `offset`; what is not understood asks for its health."""
        files: set[str] = set()
        for moment, path, present in self.files:
            if moment <= offset:
                (files.add if present else files.discard)(path)
        try:
            played = run(argv, {}, until=timeout, files=frozenset(files))
        except NotUnderstood:
            return Executed(self.serves(offset), "")
        if played.ends_after is None:
            return Executed(False, TIMED_OUT.format(command=" ".join(argv)))
        return Executed(played.code == 0, "\n".join(line for _, line in played.lines))


class Executed(NamedTuple):
    """How a command run beside the process went, and what it printed."""

    ok: bool
    output: str


def settings_of(annotations: Mapping[str, str], container: str) -> dict[str, float]:
    """The `cluster-viz.dev/` annotations that apply to `container`, within the bounds of SETTINGS; what is not a finite
    number is left out."""
    if not annotations:
        return {}
    found = {}
    for name, (least, most) in SETTINGS.items():
        text = annotations.get(f"{ANNOTATION}{container}.{name}", annotations.get(ANNOTATION + name))
        number = measure(text, least, most) if text is not None else None
        if number is not None:
            found[name] = number
    return found


def behaviour(
    image: Image,
    command: tuple[str, ...],
    args: tuple[str, ...],
    *,
    env: Mapping[str, str] | None = None,
    completes: bool = False,
    stdin: bool = False,
    settings: Mapping[str, float] | None = None,
    memory_limit: float | None = None,
) -> Behaviour:
    """What the process does. `command` and `args` are the pod's, expanded; `completes`: an end is expected of it.

    stdin   the container's standard input is kept open, so a shell waits for a command
    memory_limit   bytes
    """
    argv = command_line(image, command, args)
    known = tuple(sorted(env.items())) if env else ()
    plain = _behaviour(image, argv, bool(command or args), known, completes, stdin)
    if not settings and memory_limit is None:
        return plain
    return _with_settings(plain, settings or {}, memory_limit)


def command_line(image: Image, command: tuple[str, ...], args: tuple[str, ...]) -> tuple[str, ...]:
    """The pod's command replaces ENTRYPOINT (and with it CMD), its args replace CMD."""
    if command:
        return command + args
    return image.entrypoint + (args or image.cmd)


def output(image: Image, record: Mapping[str, Any], now: float, *, lines_max: int = 2000) -> list[tuple[float, str]]:
    """What a recorded container printed by `now`: (virtual time, line), the newest `lines_max`."""
    started = record["started_at"]
    if started is None or now < started:
        return []
    end = now if record.get("exits_at") is None else min(now, record["exits_at"])
    argv = command_line(image, tuple(record.get("command", ())), tuple(record.get("args", ())))
    overridden = bool(record.get("command") or record.get("args"))
    lines: list[tuple[float, str]] = []
    if is_own(image, argv, overridden):
        env = record.get("env", {})
        lines = [(0.0, line) for line in _complaint(image, env) or image.log]
    elif is_known(argv):
        try:
            lines = run(argv, record.get("env", {}), until=end - started, started=started, steps=4 * lines_max).lines
        except NotUnderstood:
            lines = []
    return [(started + offset, line) for offset, line in lines[-lines_max:] if started + offset <= end]


@lru_cache(maxsize=1024)
def _behaviour(
    image: Image,
    argv: tuple[str, ...],
    overridden: bool,
    env: tuple[tuple[str, str], ...],
    completes: bool,
    stdin: bool,
) -> Behaviour:
    if stdin and len(argv) == 1 and _program(argv) in SHELLS:
        return Behaviour(ports=(), stop_code=None, cpu_millis=0.2, memory_mib=2.0)
    special = changes(_program(argv), argv[1:])
    if special:
        return replace(_plain(image), **special)
    if is_own(image, argv, overridden):
        complaint = _complaint(image, dict(env))
        if complaint:
            return Behaviour(ends_after=1.0, code=1, ports=(), memory_mib=image.memory_mib)
        if image.stop_code is None and image.completes_after is None:
            return _played(run(argv, dict(env)), image)  # a bare shell: it ends at once, its input being empty
        return _plain(image)
    beyond = ""
    if is_known(argv):
        try:
            return _played(run(argv, dict(env)), image)
        except NotUnderstood as error:
            beyond = str(error)
    return Behaviour(
        ends_after=JOB_SECONDS if completes else None,
        cpu_millis=image.cpu_millis,
        memory_mib=image.memory_mib,
        beyond=beyond,
    )


def _plain(image: Image) -> Behaviour:
    """What the image's own program does."""
    return Behaviour(
        ends_after=image.completes_after,
        ports=image.ports,
        stop_code=image.stop_code,
        cpu_millis=image.cpu_millis,
        memory_mib=image.memory_mib,
    )


def _played(played: Run, image: Image) -> Behaviour:
    # A shell, or a tool such as sleep, has no SIGTERM handler, and the kernel spares PID 1 the default action.
    return Behaviour(
        ends_after=played.ends_after,
        code=played.code,
        ports=(),
        stop_code=143 if played.handles_term else None,
        files=tuple(played.files),
        cpu_millis=0.2,
        memory_mib=min(image.memory_mib, 2.0),
    )


def _with_settings(plain: Behaviour, settings: Mapping[str, float], memory_limit: float | None) -> Behaviour:
    changed = replace(
        plain,
        ends_after=settings.get("exit-after", plain.ends_after),
        code=int(settings.get("exit-code", plain.code)),
        serves_from=settings.get("start-seconds", plain.serves_from),
        serves_until=settings.get("unhealthy-after", plain.serves_until),
        memory_growth=settings.get("memory-growth", 0.0),
    )
    if memory_limit is None:
        return changed
    room = memory_limit / MIB - changed.memory_mib
    if room < 0 or changed.memory_growth > 0:
        full_after = 1.0 if room < 0 else room / changed.memory_growth
        if changed.ends_after is None or full_after < changed.ends_after:
            return replace(changed, ends_after=full_after, code=SIGKILLED, reason=OOM_KILLED)
    return changed


def is_own(image: Image, argv: tuple[str, ...], overridden: bool) -> bool:
    """Whether the image's own program runs: nothing else was asked for, or the command names it."""
    program = _program(argv)
    return not overridden or (program == image.program and program not in SHELLS)


def _program(argv: tuple[str, ...]) -> str:
    return argv[0].rpartition("/")[2] if argv else ""


def _complaint(image: Image, env: Mapping[str, str]) -> tuple[str, ...]:
    """Why the image's program refuses to start without its settings, if it does."""
    if image.needs_env and not any(env.get(name) for name in image.needs_env):
        return (image.needs_env_message,)
    return ()
