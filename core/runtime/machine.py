"""One run of the small shell: variables, words, control flow, descriptors. `shell.py` says what it is for and plays it.

Three shells are told apart where they differ: dash (`sh` of Debian), bash, and BusyBox's.
"""

import random
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from core.runtime.arithmetic import evaluate
from core.runtime.files import NO_SUCH, FileError, Files
from core.runtime.syntax import (
    NAME,
    PARAMETER,
    Command,
    For,
    If,
    Node,
    NotUnderstood,
    Redirection,
    Sequence,
    While,
    Word,
    parse,
)
from core.runtime.world import BUSYBOX, DEBIAN, UNKNOWN, Entry, Kind, World

WORD_MAX = 1 << 16  # characters of an expanded word
OUTPUT_MAX = 1 << 20  # characters printed in one run
SHELLS = frozenset({"sh", "bash", "ash", "dash"})
DASH, BASH = "dash", "bash"  # and BUSYBOX, UNKNOWN
PATTERN = re.compile(r"[*?]|\[.+\]")
BRACES = re.compile(r"\{[^}]*(?:,|\.\.)[^}]*\}")
BLANKS = " \t\n"
BIN = frozenset({"/bin", "/usr/bin", "/sbin", "/usr/sbin", "/usr/local/bin"})
# What a shell sets by itself, or takes a meaning from, beyond what is understood here.
OWN_NAMES = frozenset(
    [
        "IFS",
        "PATH",
        "PPID",
        "OPTIND",
        "OPTARG",
        "PS1",
        "PS2",
        "PS4",
        "ENV",
        "CDPATH",
        "OLDPWD",
        "SECONDS",
        "LINENO",
        "SRANDOM",
        "EPOCHSECONDS",
        "EPOCHREALTIME",
        "UID",
        "EUID",
        "GROUPS",
        "SHELL",
        "SHLVL",
        "OSTYPE",
        "HOSTTYPE",
        "MACHTYPE",
        "FUNCNAME",
        "PIPESTATUS",
        "DIRSTACK",
        "REPLY",
        "LANG",
        "LC_ALL",
        "TZ",
        "POSIXLY_CORRECT",
        "_",
    ]
)
SPECIAL = frozenset({"exec", "exit", "export", "set", "trap", "unset", ":", "break", "continue"})
# Builtin commands of any of the shells that are not understood here; they are never "not found".
BUILTINS = frozenset(
    [
        ".",
        "alias",
        "bg",
        "bind",
        "builtin",
        "caller",
        "command",
        "compgen",
        "complete",
        "declare",
        "dirs",
        "disown",
        "enable",
        "eval",
        "fc",
        "fg",
        "getopts",
        "hash",
        "help",
        "history",
        "jobs",
        "kill",
        "let",
        "local",
        "logout",
        "mapfile",
        "popd",
        "pushd",
        "read",
        "readarray",
        "readonly",
        "return",
        "shift",
        "shopt",
        "source",
        "suspend",
        "times",
        "type",
        "typeset",
        "ulimit",
        "umask",
        "unalias",
        "wait",
        "[[",
        "select",
        "time",
    ]
)


@dataclass(slots=True)
class Run:
    """`ends_after`: seconds until it ended with `code`; None when it did not within the time given, or never does.

    lines      (offset, text) printed;  files  (offset, path, what is there from then on) in order
    term_code  its exit code on SIGTERM, if it set a trap for it that ends it; None: it is deaf
    """

    ends_after: float | None = None
    code: int = 0
    lines: list[tuple[float, str]] = field(default_factory=list)
    files: list[tuple[float, str, Entry]] = field(default_factory=list)
    term_code: int | None = None


class Ended(Exception):
    """The shell ends with this code."""

    def __init__(self, code: int) -> None:
        self.code = code


class Unfinished(Exception):
    """Out of time: it is still running."""


class Exhausted(Exception):
    """Out of steps."""


class Leaving(Exception):
    """`break` or `continue`."""

    def __init__(self, again: bool) -> None:
        self.again = again


Tool = Callable[["Machine", list[str]], int]
"""A command: its arguments in, its exit code out."""

Sink = list[str] | tuple[str, str] | int | None
"""Where a descriptor leads: a `$(…)`'s pieces, ("file", path), the log's stream 1 or 2, or nowhere."""


class Machine:
    """One shell and the commands it runs. `flavour`: which shell, DASH, BASH or BUSYBOX; UNKNOWN in a direct command too."""

    def __init__(self, world: World, tools: Mapping[str, Tool], until: float, steps: int) -> None:
        self.world = world
        self.tools = tools
        self.until = until
        self.steps = steps
        self.clock = 0.0
        self.files = Files(world)
        self.result = Run()
        self.endless = False
        self.wavers = False  # it asked for the time or for chance, so the same state is not the same future
        self.printed = 0
        self.partial = {1: "", 2: ""}
        self.sinks: dict[int, Sink] = {1: 1, 2: 2}
        self.stdin = ""
        self.seed = random.Random(world.seed)
        self.in_shell = False
        self.cwd = world.cwd
        self._begin(dict(world.env), UNKNOWN, "")

    def _begin(self, variables: dict[str, str], flavour: str, name: str) -> None:
        """What a shell starts with."""
        self.variables = variables
        self.exported = set(variables)
        self.flavour = flavour
        self.name = name
        self.arguments: list[str] = []
        self.line = 1
        self.status = 0
        self.loops = 0
        self.exit_on_error = self.unset_is_error = False
        self.substituted: int | None = None  # the code of the command's latest $(…)

    # What commands use

    def pass_time(self, seconds: float) -> None:
        self.clock += seconds
        if self.clock > self.until:
            raise Unfinished

    def write(self, descriptor: int, text: str) -> None:
        self.printed += len(text)
        if self.printed > OUTPUT_MAX:
            raise NotUnderstood("that much output")
        sink = self.sinks[descriptor]
        if isinstance(sink, list):
            sink.append(text)
        elif isinstance(sink, tuple):
            self.change(self.files.write, sink[1], text, append=True)
        elif sink is not None:
            *whole, self.partial[sink] = (self.partial[sink] + text).split("\n")
            self.result.lines += [(self.clock, line) for line in whole]

    def say(self, line: str) -> None:
        self.write(1, f"{line}\n")

    def complain(self, line: str) -> None:
        self.write(2, f"{line}\n")

    def shell_error(self, text: str) -> str:
        """A message of the shell itself, as it prints it."""
        where = {DASH: f"{self.line}: ", BASH: f"line {self.line}: "}.get(self.flavour, "")
        return f"{self.name}: {where}{text}"

    def change(self, make: Callable[..., None], *arguments: str, **options: bool) -> None:
        """Change files, noting what changed. Raises FileError."""
        before = len(self.files.changes)
        make(*arguments, **options)
        self.result.files += [(self.clock, path, entry) for path, entry in self.files.changes[before:]]

    def path(self, text: str) -> str:
        return self.files.absolute(text, self.cwd)

    def flush(self) -> None:
        for stream, text in self.partial.items():
            if text:
                self.result.lines.append((self.clock, text))
                self.partial[stream] = ""

    def execute(self, argv: list[str]) -> int:
        """Run one command with its words expanded."""
        self.steps -= 1
        if self.steps < 0:
            raise Exhausted
        folder, slash, program = argv[0].rpartition("/")
        if slash and folder not in BIN:
            return self._execute_path(argv)
        if program in SHELLS and self._is_there(program) is not False:
            return self._shell(program, argv[1:])
        tool = self.tools.get(program)
        if tool is not None and (self.in_shell or program not in SPECIAL):
            if self._is_there(program) is False and not (self.in_shell and not slash):
                return self._not_found(argv[0])
            return tool(self, argv[1:])
        if program in BUILTINS and self.in_shell and not (program == "[[" and self.flavour == DASH):
            raise NotUnderstood(argv[0])
        if self._is_there(program) is False and argv[0] != "":
            return self._not_found(argv[0])
        raise NotUnderstood(argv[0] or "an empty command")

    def _is_there(self, program: str) -> bool | None:
        """None: nobody knows."""
        return None if self.world.programs is None else program in self.world.programs

    def _execute_path(self, argv: list[str]) -> int:
        if self.files.look(self.path(argv[0])) is Kind.ABSENT:
            return self._not_found(argv[0])
        raise NotUnderstood(argv[0])

    def _not_found(self, program: str) -> int:
        if not self.in_shell:
            raise NotUnderstood(program)
        why = "not found"
        if self.flavour == BASH:
            why = NO_SUCH if "/" in program else "command not found"
        elif self.flavour == UNKNOWN:
            raise NotUnderstood(program)
        self.complain(self.shell_error(f"{program}: {why}"))
        return 127

    def _shell(self, program: str, arguments: list[str]) -> int:
        flags = ""
        while arguments and re.fullmatch("-[a-z]+", arguments[0]):
            flags += arguments.pop(0)[1:]
        if not arguments and not flags.strip("i"):
            return 0  # an interactive shell without a terminal reads the end of its input at once
        if "c" not in flags or not arguments or set(flags) - set("ceul"):
            raise NotUnderstood(f"{program} {arguments[0] if arguments else '-' + flags}")
        kept = dict(vars(self))
        variables = {name: self.variables[name] for name in self.variables if name in self.exported}
        flavour = BASH if program == "bash" else {DEBIAN: DASH, BUSYBOX: BUSYBOX}.get(self.world.family, UNKNOWN)
        if "l" in flags and self.world.family != BUSYBOX:
            raise NotUnderstood("a login shell")
        self._begin(variables, flavour, arguments[1] if len(arguments) > 1 else program)
        self.in_shell = True
        self.arguments = arguments[2:]
        self.exit_on_error, self.unset_is_error = "e" in flags, "u" in flags
        try:
            return self.visit(parse(arguments[0]))
        except Ended as ended:
            return ended.code
        finally:
            self._return_to(kept)

    def _return_to(self, kept: dict[str, object]) -> None:
        """Forget what a child process had of its own."""
        for name in ("variables", "exported", "flavour", "name", "arguments", "line", "loops", "in_shell", "cwd"):
            setattr(self, name, kept[name])
        for name in ("exit_on_error", "unset_is_error", "status", "sinks", "stdin", "substituted"):
            setattr(self, name, kept[name])

    # Syntax

    def visit(self, node: Node, *, tested: bool = False) -> int:
        """Run a piece of syntax. `tested`: its failure is a condition, so `set -e` does not end the script."""
        code = 0
        if isinstance(node, Command):
            code = self._command(node)
            if node.negated:
                code = int(not code)
            self.status = code
            if code and self.exit_on_error and not tested and not node.negated:
                raise Ended(code)
        elif isinstance(node, Sequence):
            for position, (operator, part) in enumerate(node.parts):
                if (operator == "&&" and code) or (operator == "||" and not code):
                    continue
                code = self.visit(part, tested=tested or node.is_condition(position))
        elif isinstance(node, If):
            code = self._if(node, tested)
        elif isinstance(node, While):
            code = self._while(node, tested)
        else:
            assert isinstance(node, For)
            code = self._for(node, tested)
        self.status = code
        return code

    def _if(self, node: If, tested: bool) -> int:
        for condition, body in node.branches:
            if self.visit(condition, tested=True) == 0:
                return self.visit(body, tested=tested)
        return self.visit(node.otherwise, tested=tested) if node.otherwise else 0

    def _while(self, node: While, tested: bool) -> int:
        code, before = 0, None
        for_ever = _is_constant(node) and not _leaves(node.body) and not self.exit_on_error
        while True:
            self.endless = self.endless or for_ever
            # The same state again is the same future: nobody else is there to change it.
            state = (dict(self.variables), len(self.files.changes), self.cwd)
            self.endless = self.endless or (state == before and not self.wavers)
            before = state
            self.steps -= 1
            if self.steps < 0:
                raise Exhausted
            self.loops += 1
            try:
                if (self.visit(node.condition, tested=True) == 0) is node.until:
                    break
                code = self.visit(node.body, tested=tested)
            except Leaving as leaving:
                if not leaving.again:
                    code = 0
                    break
                code = 0
            finally:
                self.loops -= 1
        self.endless = False
        return code

    def _for(self, node: For, tested: bool) -> int:
        code = 0
        if node.name in OWN_NAMES:
            raise NotUnderstood(node.name)
        self.substituted = None
        for value in [value for word in node.words for value in self.expand(word)]:
            self.variables[node.name] = value
            self.loops += 1
            try:
                code = self.visit(node.body, tested=tested)
            except Leaving as leaving:
                code = 0
                if not leaving.again:
                    break
            finally:
                self.loops -= 1
        return code

    def _command(self, node: Command) -> int:
        self.line = node.line
        self.substituted = None
        argv = [value for word in node.words for value in self.expand(word)]
        if argv and node.assignments and argv[0].rpartition("/")[2] in SPECIAL | SHELLS:
            raise NotUnderstood(f"a variable for {argv[0]}")
        sinks, stdin, kept = dict(self.sinks), self.stdin, (dict(self.variables), set(self.exported))
        try:
            failed = self._redirect(node.redirections, argv)
            if failed:
                return failed
            for name, word in node.assignments:
                self.assign(name, self._joined(word))
            if not argv:
                return self.substituted or 0
            self.exported |= {name for name, _ in node.assignments}
            return self.execute(argv)
        finally:
            if argv and node.assignments:
                self.variables, self.exported = kept
            if argv[:1] != ["exec"] or len(argv) > 1:
                self.sinks, self.stdin = sinks, stdin

    def _redirect(self, redirections: list[tuple[Redirection, Word]], argv: list[str]) -> int:
        """Lead descriptors elsewhere; the code of a failure, or 0."""
        for redirection, word in redirections:
            target = self._joined(word)
            descriptor, operator = redirection.descriptor, redirection.operator
            if descriptor not in (0, 1, 2) or (descriptor == 0) is not (operator == "<"):
                raise NotUnderstood(f"{descriptor}{operator}")
            if operator == ">&":
                if target not in ("1", "2"):
                    raise NotUnderstood(f">&{target}")
                self.sinks[descriptor] = self.sinks[int(target)]
                continue
            if target in ("/dev/null", "/dev/stdout", "/dev/stderr") and operator != "<":
                self.sinks[descriptor] = {"/dev/stdout": self.sinks[1], "/dev/stderr": self.sinks[2]}.get(target)
                continue
            try:
                if operator == "<":
                    self.stdin = "" if target == "/dev/null" else self.files.read(self.path(target))
                else:
                    path, append = self.path(target), operator == ">>"
                    self.change(self.files.write, path, "", append=append)
                    self.sinks[descriptor] = ("file", path)
            except FileError as error:
                return self._redirection_failed(target, operator, str(error), argv)
        return 0

    def _redirection_failed(self, target: str, operator: str, why: str, argv: list[str]) -> int:
        if self.flavour == UNKNOWN or not argv or argv[0] in SPECIAL:
            raise NotUnderstood(target)
        words = f"{target}: {why}"
        if self.flavour != BASH:
            missing = {DASH: "Directory nonexistent", BUSYBOX: "nonexistent directory"}[self.flavour]
            verb = {DASH: "cannot", BUSYBOX: "can't"}[self.flavour]
            if operator == "<":
                missing = {DASH: "No such file", BUSYBOX: "no such file"}[self.flavour]
            words = f"{verb} {'open' if operator == '<' else 'create'} {target}: {missing if why == NO_SUCH else why}"
        self.complain(self.shell_error(words))
        return 2 if self.flavour == DASH else 1

    # Words

    def assign(self, name: str, value: str) -> None:
        if name in OWN_NAMES or (name in ("RANDOM", "PWD")):
            raise NotUnderstood(name)
        self.variables[name] = value

    def expand(self, word: Word) -> list[str]:
        """The fields a word stands for."""
        fields: list[str] = []
        current: str | None = None
        self._refuse_patterns(word)
        for kind, piece in word:
            value = self._value(kind, piece)
            if kind not in ("variable", "substitution"):
                current = (current or "") + value
                continue
            if PATTERN.search(value) or "\\" in value:
                raise NotUnderstood(f"the pattern {value[:40]}")
            if value[:1] in tuple(BLANKS) and current is not None:
                fields.append(current)
                current = None
            parts = [part for part in re.split(f"[{BLANKS}]+", value) if part]
            if parts:
                fields += [(current or "") + parts[0], *parts[1:]]
                current = None if value[-1] in BLANKS else fields.pop()
        if current is not None:
            fields.append(current)
        if any(len(value) > WORD_MAX for value in fields):
            raise NotUnderstood(f"a word of more than {WORD_MAX} characters")
        return fields

    def _joined(self, word: Word) -> str:
        """The value of a word where nothing is split: an assignment, or a redirection's target."""
        kind, first = word[0]
        if kind == "bare" and (first.startswith("~") or ":~" in first):
            raise NotUnderstood("~")
        text = "".join(self._value(kind, piece) for kind, piece in word)
        if len(text) > WORD_MAX:
            raise NotUnderstood(f"a word of more than {WORD_MAX} characters")
        return text

    def _refuse_patterns(self, word: Word) -> None:
        bare = "".join(piece if kind == "bare" else "x" for kind, piece in word)
        if word[0][0] == "bare" and bare.startswith("~"):
            raise NotUnderstood("~")
        if PATTERN.search(bare):
            raise NotUnderstood(f"the pattern {bare[:40]}")
        if BRACES.search(bare) and self.flavour not in (DASH, BUSYBOX):
            raise NotUnderstood(bare[:40])

    def _value(self, kind: str, piece: str) -> str:
        if kind in ("bare", "text"):
            return piece
        if kind in ("variable", "quoted"):
            return self._parameter(piece)
        if kind == "arithmetic":
            return str(self._arithmetic(piece))
        return self._substitute(piece)

    def _parameter(self, text: str) -> str:
        match = PARAMETER.fullmatch(text)
        if match is None or (match[1] and match[3]):
            raise NotUnderstood(f"${{{text}}}")
        length, name, operator, word = match.groups()
        if text == "#":
            return str(len(self.arguments))
        value = self._variable(name)
        if operator:
            given = value is not None and (value != "" or operator[0] != ":")
            if operator[-1] == "-":
                return value if given and value is not None else word
            return word if given else ""
        if value is None:
            if self.unset_is_error:
                self._unset(name)
            value = ""
        return str(len(value)) if length else value

    def _variable(self, name: str) -> str | None:
        if name == "?":
            if self.substituted is not None:
                raise NotUnderstood("$? beside a $(…)")
            return str(self.status)
        if name == "#":
            return str(len(self.arguments))
        if name.isdecimal():
            number = int(name)
            if number == 0:
                return self.name
            return self.arguments[number - 1] if number <= len(self.arguments) else None
        if name == "PWD" and self.in_shell:
            return self.path(".")
        if name == "RANDOM" and self.flavour != DASH:
            if not self.world.seed or self.flavour == UNKNOWN:
                raise NotUnderstood("$RANDOM")
            self.wavers = True
            return str(self.seed.randrange(32768))
        if name in OWN_NAMES and name not in self.variables:
            raise NotUnderstood(f"${name}")
        return self.variables.get(name)

    def _unset(self, name: str) -> None:
        if self.flavour == UNKNOWN:
            raise NotUnderstood(f"${name}")
        words = "unbound variable" if self.flavour == BASH else "parameter not set"
        self.complain(self.shell_error(f"{name}: {words}"))
        raise Ended(127 if self.flavour == BASH else 2)

    def _arithmetic(self, text: str) -> int:
        def value(match: re.Match[str]) -> str:
            return self._parameter(match[1] or match[2])

        text = re.sub(r"\$(?:\{([^}]*)\}|([A-Za-z_]\w*|\d|[?#]))", value, text, flags=re.ASCII)
        names = set(NAME.findall(re.sub(r"0[xX][0-9a-fA-F]+", "", text)))
        if any(name in OWN_NAMES or name in ("RANDOM", "PWD") for name in names) and self.flavour != DASH:
            if names != {"RANDOM"}:
                raise NotUnderstood(f"$(({text}))")
            text = re.sub(r"\bRANDOM\b", lambda _: str(self._variable("RANDOM")), text)
        if self.unset_is_error and any(name not in self.variables for name in names):
            raise NotUnderstood(f"$(({text}))")
        if self.flavour == DASH and any(not re.fullmatch(r"\s*-?\d*\s*", self.variables.get(n, "")) for n in names):
            raise NotUnderstood(f"$(({text}))")
        return evaluate(text, self.variables)

    def _substitute(self, script: str) -> str:
        tree = parse(script)
        if self.exit_on_error and len(tree.parts) > 1:
            raise NotUnderstood("$(…) of several commands under set -e")
        pieces: list[str] = []
        kept = dict(vars(self))
        self.variables, self.exported, self.sinks = dict(self.variables), set(self.exported), {**self.sinks, 1: pieces}
        self.loops = 0
        try:
            code = self.visit(tree, tested=True)
        except Ended as ended:
            code = ended.code
        finally:
            self._return_to(kept)
        self.substituted = code
        return "".join(pieces).rstrip("\n")


def _is_constant(node: While) -> bool:
    """`while true`, `while :`, `until false`."""
    if not isinstance(node.condition, Sequence) or len(node.condition.parts) != 1:
        return False
    command = node.condition.parts[0][1]
    if not isinstance(command, Command) or len(command.words) != 1 or command.negated or command.redirections:
        return False
    words = (("bare", "false"),) if node.until else ((("bare", "true"),), (("bare", ":"),))
    return command.words[0] in words if not node.until else command.words[0] == words


def _leaves(node: Node) -> bool:
    """Whether a loop's body may end it: `break`, `exit`, `exec`, or `set -e` somewhere."""
    if isinstance(node, Command):
        first = node.words[0] if node.words else ()
        return first in tuple((("bare", name),) for name in ("break", "exit", "exec", "set"))
    if isinstance(node, Sequence):
        return any(_leaves(part) for _, part in node.parts)
    if isinstance(node, If):
        return any(_leaves(body) for _, body in node.branches) or (
            node.otherwise is not None and _leaves(node.otherwise)
        )
    return _leaves(node.body)
