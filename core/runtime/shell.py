"""A small POSIX-like shell in virtual time: enough for the commands of tutorials' manifests.

`run` plays a command from its start and answers what it printed when, which files came and went, and when it ended with
which code. Nothing waits: `sleep 30` adds thirty to a number. Understood are lists (`;`, `&&`, `||`, `!`), `if`, `while`,
`until`, `for`, `break`, assignments, `$VAR`, `$(date)`, `$((i + 1))`, redirection, and the commands of `tools.py`. Whatever
else appears (pipes, functions, other programs, files nobody knows) raises NotUnderstood, and the caller decides what to take
it for: an honest boundary rather than a wrong answer. Nothing here can reach the machine it runs on.
"""

from core.runtime.machine import BIN, SHELLS, Ended, Exhausted, Machine, Run, Unfinished
from core.runtime.syntax import NotUnderstood
from core.runtime.tools import TOOLS
from core.runtime.world import World

__all__ = ["SHELLS", "Run", "lacks", "run"]

STEPS_MAX = 5000  # commands of one run
HIDDEN = frozenset(
    ["etc", "lib", "lib64", "opt", "home", "root", "usr", "var", "dev", "proc", "sys", "tmp"]
)  # where programs could lie unseen


def lacks(argv: tuple[str, ...], world: World) -> str:
    """Why the program cannot be started at all, in the container runtime's words; empty when it can, or nobody knows."""
    program = argv[0] if argv else ""
    if world.programs is None or not program:
        return ""
    folder, slash, name = program.rpartition("/")
    if not slash:
        return "" if name in world.programs else f'exec: "{program}": executable file not found in $PATH'
    if folder in BIN and name in world.programs:
        return ""
    inside = any(program.startswith(f"{mount}/") for mount, _ in world.mounts)
    hidden = not world.known or program.startswith(tuple(f"/{usual}/" for usual in HIDDEN))
    if inside or (hidden and folder not in BIN):
        return ""
    return f'exec: "{program}": stat {program}: no such file or directory'


def run(
    argv: tuple[str, ...],
    world: World | None = None,
    *,
    until: float = float("inf"),
    steps: int = STEPS_MAX,
) -> Run:
    """Play `argv` from its start to its end, for at most `until` seconds. Raises NotUnderstood.

    A script that needs more than `steps` commands runs for ever if it plainly does (`while true`); else, as long as
    `until` is not given, it is not understood.
    """
    machine = Machine(world or World(), TOOLS, until, steps)
    try:
        machine.result.code = machine.execute(list(argv)) if argv else 0
        machine.result.ends_after = machine.clock
    except Ended as ended:
        machine.result.code, machine.result.ends_after = ended.code, machine.clock
    except Unfinished:
        pass
    except Exhausted:
        if not machine.endless and until == float("inf"):
            raise NotUnderstood(f"more than {steps} commands") from None
    except RecursionError:
        raise NotUnderstood("nested too deeply") from None
    machine.flush()
    return machine.result
