"""A small POSIX-like shell in virtual time: enough for the commands of tutorials' manifests.

`run` plays a command from its start and answers what it printed when, which files came and went, and when it ended with
which code. Nothing waits: `sleep 30` adds thirty to a number. Understood are lists (`;`, `&&`, `||`, `!`), `if`, `while`,
`until`, `for`, assignments, `$VAR`, `$(date)`, `$((i + 1))`, redirection to files, and the commands of `COMMANDS`. Whatever
else appears (pipes, functions, other programs) raises NotUnderstood, and the caller decides what to take it for: an honest
boundary rather than a wrong answer. Nothing here can reach the machine it runs on.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from core.kube.numbers import count, measure
from core.kube.times import LONGEST, timestamp
from core.runtime.arithmetic import evaluate
from core.runtime.syntax import Command, For, If, Node, NotUnderstood, Sequence, While, Word, parse

STEPS_MAX = 600  # commands of one run; a script that needs more is taken to run for ever
WORD_MAX = 4096  # characters of an expanded word
SHELLS = frozenset({"sh", "bash", "ash", "dash"})
UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


@dataclass(slots=True)
class Run:
    """`ends_after`: seconds until it ended with `code`; None when it did not within the time or steps given.

    lines   (offset, text) printed;  files  (offset, path, present) in order;  handles_term  whether it set a trap
    """

    ends_after: float | None = None
    code: int = 0
    lines: list[tuple[float, str]] = field(default_factory=list)
    files: list[tuple[float, str, bool]] = field(default_factory=list)
    handles_term: bool = False


class _Ended(Exception):
    def __init__(self, code: int) -> None:
        self.code = code


class _Unfinished(Exception):
    """Out of time or steps: it is still running."""


def run(
    argv: tuple[str, ...],
    env: Mapping[str, str],
    *,
    until: float = float("inf"),
    started: float = 0.0,
    files: frozenset[str] = frozenset(),
    steps: int = STEPS_MAX,
) -> Run:
    """Play `argv` from its start to its end, for at most `until` seconds. Raises NotUnderstood.

    started   virtual time of the start, for `date`;  files  paths that exist at the start
    """
    machine = _Machine(dict(env), until, started, set(files), steps)
    try:
        machine.result.code = machine.execute(list(argv))
        machine.result.ends_after = machine.clock
    except _Ended as ended:
        machine.result.code, machine.result.ends_after = ended.code, machine.clock
    except _Unfinished:
        pass
    except RecursionError:
        raise NotUnderstood("nested too deeply") from None
    return machine.result


def is_known(argv: tuple[str, ...]) -> bool:
    """Whether the program itself is one of ours; a script may still turn out not to be understood."""
    program = argv[0].rpartition("/")[2] if argv else ""
    return program in COMMANDS or program in SHELLS


class _Machine:
    def __init__(self, env: dict[str, str], until: float, started: float, files: set[str], steps: int) -> None:
        self.env = env
        self.until = until
        self.started = started
        self.files = files
        self.steps = steps
        self.clock = 0.0
        self.status = 0
        self.exit_on_error = False
        self.result = Run()

    def execute(self, argv: list[str]) -> int:
        """Run one command with its words expanded."""
        self.steps -= 1
        if self.steps < 0:
            raise _Unfinished
        program = argv[0].rpartition("/")[2]
        if program in SHELLS:
            return self._shell(argv[1:])
        command = COMMANDS.get(program)
        if command is None:
            raise NotUnderstood(argv[0])
        return command(self, argv[1:])

    def pass_time(self, seconds: float) -> None:
        self.clock += seconds
        if self.clock > self.until:
            raise _Unfinished

    def set_file(self, path: str, present: bool) -> None:
        if path.startswith("/dev/"):
            return
        (self.files.add if present else self.files.discard)(path)
        self.result.files.append((self.clock, path, present))

    def _shell(self, arguments: list[str]) -> int:
        flags = ""
        while arguments and arguments[0].startswith("-"):
            flags += arguments.pop(0)[1:]
        if not arguments:
            return 0  # an interactive shell without a terminal reads the end of its input at once
        if "c" not in flags:
            raise NotUnderstood(arguments[0])
        self.exit_on_error = self.exit_on_error or "e" in flags
        try:
            return self.visit(parse(arguments[0]))
        except _Ended as ended:
            return ended.code

    def visit(self, node: Node, *, tested: bool = False) -> int:
        """Run a piece of syntax. `tested`: its failure is a condition, so `set -e` does not end the script."""
        if isinstance(node, Command):
            code = self._command(node)
            code = int(not code) if node.negated else code
        elif isinstance(node, Sequence):
            code = 0
            for operator, part in node.parts:
                if (operator == "&&" and code) or (operator == "||" and not code):
                    continue
                code = self.visit(part, tested=tested or operator in node.operators_after(part))
            return code
        elif isinstance(node, If):
            for condition, body in node.branches:
                if self.visit(condition, tested=True) == 0:
                    return self.visit(body)
            return self.visit(node.otherwise) if node.otherwise else 0
        elif isinstance(node, While):
            while (self.visit(node.condition, tested=True) == 0) is not node.until:
                self.visit(node.body)
            return 0
        else:
            assert isinstance(node, For)
            for value in [value for word in node.words for value in self._expand(word)]:
                self.env[node.name] = value
                self.visit(node.body)
            return 0
        self.status = code
        if code and self.exit_on_error and not tested and not node.negated:
            raise _Ended(code)
        return code

    def _command(self, node: Command) -> int:
        for name, word in node.assignments:
            self.env[name] = " ".join(self._expand(word))
        argv = [value for word in node.words for value in self._expand(word)]
        silenced = False
        for operator, word in node.redirections:
            (path,) = self._expand(word) or [""]
            if operator in (">", ">>"):
                silenced = True
                self.set_file(path, True)
        if not argv:
            return 0
        before = len(self.result.lines)
        code = self.execute(argv)
        if silenced:
            del self.result.lines[before:]
        return code

    def _expand(self, word: Word) -> list[str]:
        text = ""
        for kind, piece in word:
            if kind == "text":
                text += piece
            elif kind in ("variable", "quoted"):
                text += self._variable(piece)
            elif kind == "arithmetic":
                text += str(evaluate(piece, self.env))
            else:
                text += self._substitute(piece)
        # Cut, or a variable doubled in a loop would fill the memory of the machine we run on.
        text = text[:WORD_MAX]
        return text.split() if len(word) == 1 and word[0][0] in ("variable", "substitution") else [text]

    def _variable(self, name: str) -> str:
        name, _, default = name.partition(":-")
        return str(self.status) if name == "?" else self.env.get(name) or default

    def _substitute(self, script: str) -> str:
        printed, before = self.result.lines, len(self.result.lines)
        self.visit(parse(script), tested=True)
        lines = [text for _, text in printed[before:]]
        del printed[before:]
        return "\n".join(lines)


def _echo(machine: _Machine, arguments: list[str]) -> int:
    while arguments and arguments[0] in ("-n", "-e", "-ne", "-en"):
        arguments = arguments[1:]
    machine.result.lines += [(machine.clock, line) for line in " ".join(arguments).split("\n")]
    return 0


def _sleep(machine: _Machine, arguments: list[str]) -> int:
    for text in arguments:
        if text in ("infinity", "inf"):
            raise _Unfinished
        unit = UNITS.get(text[-1:], 0.0)
        seconds = measure(text[:-1] if unit else text, -1, LONGEST)
        if seconds is None or seconds < 0:
            machine.result.lines.append((machine.clock, f"sleep: invalid number '{text}'"))
            return 1
        machine.pass_time(seconds * (unit or 1.0))
    return 0


def _exit(machine: _Machine, arguments: list[str]) -> int:
    code = count(arguments[0]) if arguments else None
    raise _Ended(machine.status if code is None else code & 255)


def _cat(machine: _Machine, arguments: list[str]) -> int:
    for path in arguments:
        if path not in machine.files:
            machine.result.lines.append((machine.clock, f"cat: can't open '{path}': No such file or directory"))
            return 1
    return 0


def _ls(machine: _Machine, arguments: list[str]) -> int:
    for path in (argument for argument in arguments if not argument.startswith("-")):
        if path not in machine.files:
            machine.result.lines.append((machine.clock, f"ls: {path}: No such file or directory"))
            return 1
    return 0


def _touch(machine: _Machine, arguments: list[str]) -> int:
    for path in arguments:
        machine.set_file(path, True)
    return 0


def _rm(machine: _Machine, arguments: list[str]) -> int:
    forced, code = any(argument.startswith("-") and "f" in argument for argument in arguments), 0
    for path in (argument for argument in arguments if not argument.startswith("-")):
        if path not in machine.files and not forced:
            machine.result.lines.append((machine.clock, f"rm: can't remove '{path}': No such file or directory"))
            code = 1
        machine.set_file(path, False)
    return code


NUMBERS: dict[str, Callable[[float, float], bool]] = {
    "-eq": lambda a, b: a == b,
    "-ne": lambda a, b: a != b,
    "-lt": lambda a, b: a < b,
    "-le": lambda a, b: a <= b,
    "-gt": lambda a, b: a > b,
    "-ge": lambda a, b: a >= b,
}


def _test(machine: _Machine, arguments: list[str]) -> int:
    arguments = [argument for argument in arguments if argument not in ("]", "]]")]
    if arguments[:1] == ["!"]:
        return int(not _test(machine, arguments[1:]))
    match arguments:
        case ["-f" | "-e" | "-s" | "-r", path]:
            return int(path not in machine.files)
        case ["-n", text] | [text]:
            return int(not text)
        case ["-z", text]:
            return int(bool(text))
        case [left, "=" | "==", right]:
            return int(left != right)
        case [left, "!=", right]:
            return int(left == right)
        case [left, operator, right] if operator in NUMBERS:
            try:
                return int(not NUMBERS[operator](float(left), float(right)))
            except ValueError:
                return 2
        case _:
            raise NotUnderstood("test")


def _seq(machine: _Machine, arguments: list[str]) -> int:
    try:
        first, last = (1, int(arguments[0])) if len(arguments) == 1 else (int(arguments[0]), int(arguments[-1]))
    except (ValueError, IndexError):
        raise NotUnderstood("seq") from None
    if last - first > 10_000:
        raise NotUnderstood("seq")
    machine.result.lines += [(machine.clock, str(number)) for number in range(first, last + 1)]
    return 0


def _date(machine: _Machine, arguments: list[str]) -> int:
    machine.result.lines.append((machine.clock, timestamp(machine.started + machine.clock)))
    return 0


def _hostname(machine: _Machine, arguments: list[str]) -> int:
    machine.result.lines.append((machine.clock, machine.env.get("HOSTNAME", "")))
    return 0


def _env(machine: _Machine, arguments: list[str]) -> int:
    machine.result.lines += [(machine.clock, f"{name}={value}") for name, value in machine.env.items()]
    return 0


def _set(machine: _Machine, arguments: list[str]) -> int:
    machine.exit_on_error = machine.exit_on_error or any("e" in flag for flag in arguments if flag.startswith("-"))
    return 0


def _trap(machine: _Machine, arguments: list[str]) -> int:
    machine.result.handles_term = machine.result.handles_term or bool({"TERM", "SIGTERM", "15"} & set(arguments))
    return 0


def _exec(machine: _Machine, arguments: list[str]) -> int:
    raise _Ended(machine.execute(arguments) if arguments else 0)


COMMANDS: dict[str, Callable[[_Machine, list[str]], int]] = {
    "echo": _echo,
    "printf": _echo,
    "sleep": _sleep,
    "exit": _exit,
    "cat": _cat,
    "ls": _ls,
    "stat": _ls,
    "touch": _touch,
    "rm": _rm,
    "test": _test,
    "[": _test,
    "[[": _test,
    "seq": _seq,
    "date": _date,
    "hostname": _hostname,
    "env": _env,
    "set": _set,
    "trap": _trap,
    "exec": _exec,
    "true": lambda machine, arguments: 0,
    ":": lambda machine, arguments: 0,
    "mkdir": lambda machine, arguments: 0,
    "cd": lambda machine, arguments: 0,
    "export": lambda machine, arguments: 0,
    "false": lambda machine, arguments: 1,
}
