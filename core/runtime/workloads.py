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
   arguments say what they do, as `programs.py` does; an image outside of the catalogue has no program that we know
3. a command that the small shell understands (`shell.py`): played from start to end, among the variables and files that
   the container has (`World`); a program that the image is known not to have cannot be started
4. anything else: taken to do its job, and `beyond` says so. It serves what the pod declares and stays up; in an init
   container, or in a pod that is meant to complete (restartPolicy other than Always), it ends well after a few seconds.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, NamedTuple

from core.runtime.files import TERMINATION_LOG
from core.runtime.images import Image
from core.runtime.programs import changes
from core.runtime.shell import SHELLS, Run, lacks, run
from core.runtime.syntax import NotUnderstood
from core.runtime.world import Entry, File, World

ANNOTATION = "cluster-viz.dev/"
SETTINGS = {
    # name → the most it may be; the least is 0
    "exit-after": 1e9,
    "exit-code": 255.0,
    "start-seconds": 1e9,
    "unhealthy-after": 1e9,
    "memory-growth": 1e6,
}
REMEMBERED_MAX = 16_384  # characters of a command and its variables whose behaviour is remembered
JOB_SECONDS = 5.0  # how long a command takes that is meant to complete and that we do not understand
OOM_KILLED, SIGKILLED = "OOMKilled", 137
MIB = 1 << 20
TIMED_OUT = 'command "{command}" timed out'
START_ERROR, START_ERROR_CODE = "StartError", 128
CANNOT_START = (
    "failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: "
    "unable to start container process: error during container init: {why}: unknown"
)
MESSAGE_MAX = 4096  # characters of a termination message; of one made from the log, half as many and 80 lines
LOG_LINES = 80
NOTHING = World()


@dataclass(frozen=True, slots=True)
class Behaviour:
    """Seconds are counted from the start of the process.

    ends_after   None: it stays up;  reason  OOMKilled, when that is how it ends
    ports        what it listens on; None: everything the pod declares and its probes ask for
    serves_from, serves_until   when it answers;  stop_code  None: deaf to SIGTERM
    beyond       what of it is not understood, if it is taken to do its job for that
    message      what it leaves behind for its status when it ends by itself
    http_error   the status of its HTTP answers from serves_until on; 0: it gives none
    world        what it started in;  files  (offset, path, what is there) in order: what a probe's `cat` finds
    lines        the last (offset, text) it printed before it ended by itself
    """

    ends_after: float | None = None
    code: int = 0
    reason: str = ""
    ports: tuple[int, ...] | None = None
    serves_from: float = 0.0
    serves_until: float = float("inf")
    http_error: int = 0
    stop_code: int | None = 0
    world: World = NOTHING
    files: tuple[tuple[float, str, Entry], ...] = ()
    lines: tuple[tuple[float, str], ...] = ()
    cpu_millis: float = 1.0
    memory_mib: float = 10.0
    memory_growth: float = 0.0
    beyond: str = ""
    message: str = ""

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
        try:
            played = self.plays(argv, offset, timeout)
        except NotUnderstood:
            return Executed(self.serves(offset), "")
        if played.ends_after is None:
            return Executed(False, TIMED_OUT.format(command=" ".join(argv)))
        return Executed(played.code == 0, "\n".join(line for _, line in played.lines))

    def plays(self, argv: tuple[str, ...], offset: float, until: float = float("inf")) -> Run:
        """`argv`, run inside the container at `offset`, for at most `until` seconds. Raises NotUnderstood."""
        world = self.world
        there = dict(world.files) | {path: entry for moment, path, entry in self.files if moment <= offset}
        return run(argv, replace(world, files=tuple(there.items()), started=world.started + offset), until=until)

    def message_at(self, offset: float, path: str) -> str:
        """What is in its termination message file by then."""
        found = [entry for moment, name, entry in self.files if name == path and moment <= offset]
        return found[-1].text[:MESSAGE_MAX] if found and isinstance(found[-1], File) else ""


class Executed(NamedTuple):
    """How a command run beside the process went, and what it printed."""

    ok: bool
    output: str


def settings_of(annotations: Mapping[str, str], container: str) -> dict[str, float]:
    """The `cluster-viz.dev/` annotations that apply to `container`; what is not a number in `SETTINGS` is left out."""
    if not annotations:
        return {}
    found = {}
    for name in SETTINGS:
        text = annotations.get(f"{ANNOTATION}{container}.{name}", annotations.get(ANNOTATION + name))
        if text is not None:
            try:
                number = float(text)
            except ValueError:
                continue
            if 0 <= number <= SETTINGS[name]:  # neither for "nan" nor for "inf"
                found[name] = number
    return found


def behaviour(
    image: Image,
    command: tuple[str, ...],
    args: tuple[str, ...],
    *,
    world: World | None = None,
    completes: bool = False,
    stdin: bool = False,
    settings: Mapping[str, float] | None = None,
    memory_limit: float | None = None,
    message_path: str = TERMINATION_LOG,
    message_from_log: bool = False,
) -> Behaviour:
    """What the process does. `command` and `args` are the pod's, expanded; `completes`: an end is expected of it.

    world   what it finds around it; what the image has to do with it is added here
    stdin   the container's standard input is kept open, so a shell waits for a command
    memory_limit   bytes
    message_from_log   a failure without a message tells the end of its log (FallbackToLogsOnError)
    """
    argv = command_line(image, command, args)
    around = world_in(image, world or World())
    does = _behaving(argv, around)(image, argv, bool(command or args), around, completes, stdin)
    if settings or memory_limit is not None:
        does = _with_settings(does, settings or {}, memory_limit)
    if does.ends_after is None or does.message:
        return does
    message = does.message_at(does.ends_after, message_path)
    if not message and message_from_log and does.code:
        text = "".join(f"{line}\n" for moment, line in does.lines[-LOG_LINES:] if moment <= does.ends_after)
        message = text[-MESSAGE_MAX // 2 :]
    return replace(does, message=message) if message else does


def world_in(image: Image, world: World) -> World:
    """`world` in a container of `image`."""
    known = image.programs is not None
    return replace(
        world,
        family=image.family,
        programs=image.programs,
        known=known and not image.entrypoint,  # an image with an entry point has it somewhere
        cwd=world.cwd or ("/" if known else ""),
    )


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
    argv, overridden = effective(image, argv), bool(record.get("command") or record.get("args"))
    world = world_in(image, world_of(record, argv, started))
    lines: list[tuple[float, str]] = []
    if record.get("reason") == START_ERROR:
        return []
    if is_own(image, argv, overridden):
        lines = [(0.0, line) for line in _complaint(image, dict(world.env)) or image.log]
    else:
        try:
            lines = run(argv, world, until=end - started, steps=4 * lines_max).lines
        except NotUnderstood:
            lines = []
    return [(started + offset, line) for offset, line in lines[-lines_max:] if started + offset <= end]


def world_of(record: Mapping[str, Any], argv: tuple[str, ...], started: float) -> World:
    """What the process of a recorded container finds. Time and chance are in it only if its command asks for them,
    so that a thousand containers with one command are one behaviour."""
    words = " ".join(argv)
    around = record.get("world", {})
    return World(
        env=tuple(record.get("env", {}).items()),
        hostname=around.get("hostname", ""),
        cwd=around.get("cwd", ""),
        mounts=tuple((path, writable) for path, writable in around.get("mounts", ())),
        read_only=around.get("read_only", False),
        root=around.get("root", True),
        files=tuple((path, File("")) for path in around.get("message", ())),
        seed=str(record["id"]) if "RANDOM" in words else "",
        started=started if "date" in words or around.get("clock") else 0.0,
    )


def _behaving(argv: tuple[str, ...], world: World) -> Callable[..., Behaviour]:
    """`_behaviour`; of a huge script or environment worked out anew, rather than kept in memory with a thousand others."""
    size = sum(map(len, argv)) + sum(len(value) for _, value in world.env)
    return _behaviour if size <= REMEMBERED_MAX else _behaviour.__wrapped__


@lru_cache(maxsize=1024)
def _behaviour(
    image: Image,
    argv: tuple[str, ...],
    overridden: bool,
    world: World,
    completes: bool,
    stdin: bool,
) -> Behaviour:
    given = overridden and not (image.entrypoint and argv[: len(image.entrypoint)] == image.entrypoint)
    missing = lacks(argv, world) if given else ""  # what the image itself names, it has
    if missing:
        message = CANNOT_START.format(why=missing)
        return Behaviour(ends_after=0.0, code=START_ERROR_CODE, reason=START_ERROR, ports=(), message=message)
    argv = effective(image, argv)
    if stdin and _waits_for_input(image, argv, overridden):
        return Behaviour(ports=(), stop_code=None, cpu_millis=0.2, memory_mib=2.0, world=world)
    special = changes(_program(argv), argv[1:])
    if special:
        return replace(_plain(image, world), **special)
    if is_own(image, argv, overridden):
        complaint = _complaint(image, dict(world.env))
        if complaint:
            lines = tuple((0.0, line) for line in complaint)
            return Behaviour(ends_after=1.0, code=1, ports=(), memory_mib=image.memory_mib, lines=lines, world=world)
        if image.stop_code is None and image.completes_after is None:
            return _played(run(argv, world), image, world)  # a bare shell: it ends at once, its input being empty
        plain = _plain(image, world)
        if image.completes_after is not None and overridden:
            return replace(plain, beyond=_program(argv))  # an interpreter: what it does is in its arguments
        # Of a made-up image nobody knows what its program does; that an end is expected of it is known.
        return replace(plain, ends_after=JOB_SECONDS) if completes and not image.known else plain
    try:
        return _played(run(argv, world), image, world)
    except NotUnderstood as error:
        return Behaviour(
            ends_after=JOB_SECONDS if completes else None,
            cpu_millis=image.cpu_millis,
            memory_mib=image.memory_mib,
            beyond=str(error),
            world=world,
        )


def _waits_for_input(image: Image, argv: tuple[str, ...], overridden: bool) -> bool:
    """A shell without a script, or an image's interpreter without one."""
    if len(argv) == 1 and _program(argv) in SHELLS:
        return True
    return not overridden and image.completes_after == 0 and not image.program


def _plain(image: Image, world: World) -> Behaviour:
    """What the image's own program does."""
    return Behaviour(
        ends_after=image.completes_after,
        ports=image.ports,
        stop_code=image.stop_code,
        cpu_millis=image.cpu_millis,
        memory_mib=image.memory_mib,
        world=world,
    )


def _played(played: Run, image: Image, world: World) -> Behaviour:
    # A shell, or a tool such as sleep, has no SIGTERM handler, and the kernel spares PID 1 the default action.
    return Behaviour(
        ends_after=played.ends_after,
        code=played.code,
        ports=(),
        stop_code=played.term_code,
        world=world,
        files=tuple(played.files),
        lines=tuple(played.lines[-LOG_LINES:]) if played.ends_after is not None else (),
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


def effective(image: Image, argv: tuple[str, ...]) -> tuple[str, ...]:
    """The command that runs in the end: the images' `docker-entrypoint.sh` prepares things and executes its arguments.

    Arguments that are options only are its own program's.
    """
    entry = image.entrypoint
    rest = argv[len(entry) :]
    if not (image.known and entry and rest and argv[: len(entry)] == entry and entry[-1].endswith("entrypoint.sh")):
        return argv
    if rest[0].startswith("-"):
        return (image.program, *rest) if image.program else argv
    return rest


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
