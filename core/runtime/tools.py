"""The commands of the small shell: builtins and the tools every image with a shell has.

Each is a function of the machine and its arguments that answers an exit code, prints with `say` and `complain`, and raises
NotUnderstood for options it does not know. Messages are those of GNU's tools, or of BusyBox's where the image has these.
Adding one is adding a row to `TOOLS`.
"""

import re
from collections.abc import Callable
from datetime import UTC, datetime

from core.runtime.files import NO_SUCH, FileError
from core.runtime.machine import BASH, DASH, Ended, Leaving, Machine, Tool, Unfinished
from core.runtime.syntax import NAME, NotUnderstood
from core.runtime.world import BUSYBOX, DEBIAN, UNKNOWN, File, Kind

UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
INTEGER = re.compile(r"\s*[-+]?\d+\s*")
PLAIN = re.compile(r"-?(?:0|[1-9]\d{0,17})")  # a number that every tool reads alike
SEQUENCE_MAX = 10_000
ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "f": "\f", "v": "\v", "\\": "\\"}


def _escaped(text: str) -> str:
    """Backslash sequences of echo and printf, those on which all shells agree."""

    def one(match: re.Match[str]) -> str:
        char = match[1]
        if char in ESCAPES:
            return ESCAPES[char]
        raise NotUnderstood(f"\\{char}")

    return re.sub(r"\\(.?)", one, text, flags=re.DOTALL)


def _echo(machine: Machine, arguments: list[str]) -> int:
    newline, escapes = True, machine.in_shell and machine.flavour == DASH
    differs = any("\\" in each for each in arguments) or re.fullmatch("-[neE]*[eE][neE]*", (arguments or [""])[0])
    if differs and (machine.flavour if machine.in_shell else machine.world.family) == UNKNOWN:
        raise NotUnderstood("echo with escapes, in a shell that is not known")
    if escapes:
        if arguments[:1] == ["-n"]:
            newline, arguments = False, arguments[1:]
    else:
        while arguments and re.fullmatch("-[neE]+", arguments[0]):
            option = arguments.pop(0)
            newline = newline and "n" not in option
            for char in option:
                escapes = {"e": True, "E": False}.get(char, escapes)
    text = " ".join(arguments)
    machine.write(1, (_escaped(text) if escapes else text) + ("\n" if newline else ""))
    return 0


def _printf(machine: Machine, arguments: list[str]) -> int:
    if not arguments or arguments[0].startswith("-"):
        raise NotUnderstood("printf")
    form, values = arguments[0], arguments[1:]
    parts = re.split(r"(%[-0]?\d{0,3}(?:\.\d{1,3})?[a-zA-Z]|%%)", form)
    if any("%" in literal for literal in parts[::2]):
        raise NotUnderstood("printf")
    text, takes = "", any(part != "%%" for part in parts[1::2])
    for _ in range(SEQUENCE_MAX):
        for number, part in enumerate(parts):
            if number % 2 == 0:
                text += _escaped(part)
            elif part == "%%":
                text += "%"
            else:
                text += _converted(part, values.pop(0) if values else None)
        if not (values and takes):
            break
    machine.write(1, text)
    return 0


def _converted(form: str, value: str | None) -> str:
    if form[-1] == "s" and not form.startswith("%0"):
        return form % (value or "")
    if form[-1] in "dixXo" and "." not in form and (value is None or PLAIN.fullmatch(value)):
        number = int(value or 0)
        if number >= 0 or form[-1] in "di":
            return form % number
    raise NotUnderstood(f"printf {form}")


def _sleep(machine: Machine, arguments: list[str]) -> int:
    if not arguments:
        return _usage(machine, "sleep")
    total = 0.0
    for text in arguments:
        number, unit = (text[:-1], UNITS[text[-1]]) if text[-1:] in UNITS else (text, 1.0)
        if number in ("infinity", "inf"):
            raise Unfinished
        if re.fullmatch(r"\d{1,12}(?:\.\d{0,9})?|\.\d{1,9}", number):
            total += float(number) * unit
            continue
        try:
            float(number)
        except ValueError:
            _say_which(
                machine,
                f"sleep: invalid time interval '{text}'\nTry 'sleep --help' for more information.",
                f"sleep: invalid number '{text}'",
            )
            return 1
        raise NotUnderstood(f"sleep {text}")
    machine.pass_time(total)
    return 0


def _usage(machine: Machine, program: str) -> int:
    if machine.world.family != DEBIAN:
        raise NotUnderstood(f"{program} without arguments")
    machine.complain(f"{program}: missing operand\nTry '{program} --help' for more information.")
    return 1


def _say_which(machine: Machine, gnu: str, busybox: str) -> None:
    """Complain in the words of the image's tools."""
    machine.complain(busybox if machine.world.family == BUSYBOX else gnu)


def _exit(machine: Machine, arguments: list[str]) -> int:
    if not arguments:
        raise Ended(machine.status)
    if not re.fullmatch(r"\d{1,9}", arguments[0]) or len(arguments) > 1:
        raise NotUnderstood(f"exit {arguments[0]}")
    raise Ended(int(arguments[0]) & 255)


def _cat(machine: Machine, arguments: list[str]) -> int:
    if any(argument.startswith("-") for argument in arguments):
        raise NotUnderstood("cat with options")
    if not arguments:
        machine.write(1, machine.stdin)
    code = 0
    for path in arguments:
        try:
            machine.write(1, machine.files.read(machine.path(path)))
        except FileError as error:
            busybox = f"can't open '{path}': {error}" if str(error) == NO_SUCH else f"read error: {error}"
            _say_which(machine, f"cat: {path}: {error}", f"cat: {busybox}")
            code = 1
    return code


def _ls(machine: Machine, arguments: list[str]) -> int:
    flags, paths = _options("ls", arguments, "1d")
    if len(paths) > 1:
        raise NotUnderstood("ls of several")
    path = paths[0] if paths else "."
    entry = machine.files.look(machine.path(path))
    if entry is Kind.ABSENT:
        _say_which(machine, f"ls: cannot access '{path}': {NO_SUCH}", f"ls: {path}: {NO_SUCH}")
        return 1 if machine.world.family == BUSYBOX else 2
    if isinstance(entry, File) or entry is Kind.OPAQUE_FILE or "d" in flags:
        machine.say(path)
        return 0
    names = [name for name in machine.files.names(machine.path(path)) if not name.startswith(".")]
    if any(not re.fullmatch(r"[\w.-]+", name, re.ASCII) for name in names):
        raise NotUnderstood("ls of odd names")
    for name in names:
        machine.say(name)
    return 0


def _options(program: str, arguments: list[str], known: str) -> tuple[str, list[str]]:
    """Flags and operands. Raises NotUnderstood for other flags."""
    flags = "".join(argument[1:] for argument in arguments if argument.startswith("-") and argument != "-")
    if set(flags) - set(known) or "-" in arguments or "" in arguments:
        raise NotUnderstood(f"{program} {' '.join(arguments)}"[:60])
    return flags, [argument for argument in arguments if not argument.startswith("-")]


def _touch(machine: Machine, arguments: list[str]) -> int:
    _, paths = _options("touch", arguments, "")
    code = 0 if paths else _usage(machine, "touch")
    for text in paths:
        path = machine.path(text)
        try:
            if machine.files.look(path) is Kind.ABSENT:
                machine.change(machine.files.write, path, "")
        except FileError as error:
            _say_which(machine, f"touch: cannot touch '{text}': {error}", f"touch: {text}: {error}")
            code = 1
    return code


def _mkdir(machine: Machine, arguments: list[str]) -> int:
    flags, paths = _options("mkdir", arguments, "p")
    code = 0 if paths else _usage(machine, "mkdir")
    for text in paths:
        path = machine.path(text)
        try:
            machine.change(machine.files.make_directory, path, parents="p" in flags)
        except FileError as error:
            _say_which(
                machine,
                f"mkdir: cannot create directory '{text}': {error}",
                f"mkdir: can't create directory '{text}': {error}",
            )
            code = 1
    return code


def _rm(machine: Machine, arguments: list[str]) -> int:
    flags, paths = _options("rm", arguments, "rRf")
    if not paths:
        return 0 if "f" in flags else _usage(machine, "rm")
    code = 0
    for text in paths:
        path = machine.path(text)
        if machine.cwd == path or machine.cwd.startswith(f"{path}/"):
            raise NotUnderstood(f"rm {text}")
        try:
            machine.change(machine.files.remove, path, recursive=bool(set(flags) & set("rR")))
        except FileError as error:
            if str(error) == NO_SUCH and "f" in flags:
                continue
            why = str(error).lower() if str(error).startswith("Is") and machine.world.family == BUSYBOX else str(error)
            _say_which(machine, f"rm: cannot remove '{text}': {why}", f"rm: can't remove '{text}': {why}")
            code = 1
    return code


NUMBERS: dict[str, Callable[[int, int], bool]] = {
    "-eq": lambda a, b: a == b,
    "-ne": lambda a, b: a != b,
    "-lt": lambda a, b: a < b,
    "-le": lambda a, b: a <= b,
    "-gt": lambda a, b: a > b,
    "-ge": lambda a, b: a >= b,
}
FILE_TESTS = frozenset(["-e", "-f", "-d", "-s", "-r", "-w", "-x"])
BINARY_TESTS = frozenset({"=", "!=", "==", "-a", "-o", "<", ">", "-nt", "-ot", "-ef", *NUMBERS})


def _bracket(machine: Machine, arguments: list[str]) -> int:
    if not arguments or arguments[-1] != "]":
        if machine.flavour not in (DASH, BASH) or not machine.in_shell:
            raise NotUnderstood("[ without ]")
        machine.complain(machine.shell_error("[: missing " + ("]" if machine.flavour == DASH else "`]'")))
        return 2
    return _test(machine, arguments[:-1])


def _test(machine: Machine, arguments: list[str]) -> int:
    match arguments:
        case []:
            return 1
        case [text]:
            return int(text == "")
        case ["!", *rest] if len(rest) != 2 or rest[0] not in BINARY_TESTS:
            code = _test(machine, rest)
            return code if code > 1 else int(not code)
        case ["-n", text]:
            return int(text == "")
        case ["-z", text]:
            return int(text != "")
        case [how, path] if how in FILE_TESTS:
            return int(not _file_test(machine, how, path))
        case [left, "=", right]:
            return int(left != right)
        case [left, "!=", right]:
            return int(left == right)
        case [left, "==", right] if machine.flavour in (BASH, BUSYBOX):
            return int(left != right)
        case [left, operator, right] if operator in NUMBERS and left not in ("(", "!"):
            return _compare(machine, left, operator, right)
    raise NotUnderstood("test")


def _compare(machine: Machine, left: str, operator: str, right: str) -> int:
    for text in (left, right):
        if not INTEGER.fullmatch(text) or len(text) > 18:
            if machine.flavour != DASH or not machine.in_shell or not text.isalpha():
                raise NotUnderstood(f"test {operator}")
            machine.complain(machine.shell_error(f"[: Illegal number: {text}"))
            return 2
    return int(not NUMBERS[operator](int(left), int(right)))


def _file_test(machine: Machine, how: str, text: str) -> bool:
    if text == "":
        return False
    entry = machine.files.look(machine.path(text))
    is_directory = entry in (Kind.DIRECTORY, Kind.OPAQUE_DIRECTORY)
    if entry is Kind.ABSENT:
        return False
    if (how in ("-r", "-w") and not machine.world.root) or (how == "-w" and machine.world.read_only):
        raise NotUnderstood(f"test {how}")
    if how == "-s" and not is_directory:
        return bool(machine.files.read(machine.path(text)))
    if how == "-x" and entry is Kind.OPAQUE_FILE:
        raise NotUnderstood(f"test {how}")
    return {"-f": not is_directory, "-d": is_directory, "-x": is_directory}.get(how, True)


def _seq(machine: Machine, arguments: list[str]) -> int:
    if not 1 <= len(arguments) <= 3 or not all(PLAIN.fullmatch(each) for each in arguments):
        raise NotUnderstood("seq")
    numbers = [int(each) for each in arguments]
    first, step, last = {1: (1, 1, numbers[-1]), 2: (numbers[0], 1, numbers[-1])}.get(len(numbers)) or numbers
    if not step or abs(last - first) // abs(step) > SEQUENCE_MAX:
        raise NotUnderstood("seq")
    machine.write(1, "".join(f"{number}\n" for number in range(first, last + (1 if step > 0 else -1), step)))
    return 0


OPERATORS: dict[str, Callable[[int, int], int]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: int(a / b) if abs(a) < 1 << 50 else a // b,
    "%": lambda a, b: a - b * int(a / b),
    "<": lambda a, b: int(a < b),
    "<=": lambda a, b: int(a <= b),
    ">": lambda a, b: int(a > b),
    ">=": lambda a, b: int(a >= b),
    "=": lambda a, b: int(a == b),
    "!=": lambda a, b: int(a != b),
}


def _expr(machine: Machine, arguments: list[str]) -> int:
    """Of two whole numbers, which is what scripts count with."""
    if len(arguments) != 3 or arguments[1] not in OPERATORS:
        raise NotUnderstood("expr")
    left, operator, right = arguments
    if not (PLAIN.fullmatch(left) and PLAIN.fullmatch(right)) or (operator in "/%" and int(right) == 0):
        raise NotUnderstood("expr")
    if len(left) > 9 or len(right) > 9:
        raise NotUnderstood("expr of large numbers")
    value = OPERATORS[operator](int(left), int(right))
    machine.say(str(value))
    return int(value == 0)


DATES = frozenset(["%Y", "%m", "%d", "%H", "%M", "%S", "%j", "%a", "%A", "%b", "%B", "%y", "%p", "%I", "%u", "%w"])
DATE = "%a %b %e %H:%M:%S UTC %Y"


def _date(machine: Machine, arguments: list[str]) -> int:
    forms = [argument for argument in arguments if argument != "-u"]
    if len(forms) > 1 or (forms and not forms[0].startswith("+")) or "TZ" in machine.variables:
        raise NotUnderstood(f"date {' '.join(arguments)}")
    if isinstance(machine.sinks[1], list):
        machine.wavers = True
    moment = machine.world.started + machine.clock
    machine.say(_formatted(forms[0][1:] if forms else DATE, moment))
    return 0


def _formatted(form: str, moment: float) -> str:
    when = datetime.fromtimestamp(int(moment), UTC)

    def one(match: re.Match[str]) -> str:
        code = match[0]
        ours = {
            "%s": str(int(moment)),
            "%Z": "UTC",
            "%z": "+0000",
            "%e": f"{when.day:2}",
            "%%": "%",
            "%n": "\n",
            "%t": "\t",
        }
        wider = {"%F": "%Y-%m-%d", "%T": "%H:%M:%S", "%R": "%H:%M", "%D": "%m/%d/%y", "%c": "%a %b %e %H:%M:%S %Y"}
        if code in ours:
            return ours[code]
        if code in wider:
            return _formatted(wider[code], moment)
        if code in DATES:
            return when.strftime(code)
        raise NotUnderstood(f"date {code}")

    return re.sub(r"%.?", one, form, flags=re.DOTALL)


def _hostname(machine: Machine, arguments: list[str]) -> int:
    if arguments or not machine.world.hostname:
        raise NotUnderstood("hostname")
    machine.say(machine.world.hostname)
    return 0


def _whoami(machine: Machine, arguments: list[str]) -> int:
    if arguments or not machine.world.root:
        raise NotUnderstood("whoami")
    machine.say("root")
    return 0


def _environment(machine: Machine) -> dict[str, str]:
    """What a child process gets, in order; a shell adds its own."""
    found = {name: value for name, value in machine.variables.items() if name in machine.exported}
    if machine.in_shell:
        if machine.flavour not in (DASH, BUSYBOX):
            raise NotUnderstood("the environment of this shell")
        found |= {"SHLVL": "1"} if machine.flavour == BUSYBOX else {}
        found["PWD"] = machine.path(".")
    return found


def _env(machine: Machine, arguments: list[str]) -> int:
    given: dict[str, str] = {}
    while arguments and "=" in arguments[0] and not arguments[0].startswith("="):
        name, _, given[name] = arguments.pop(0).partition("=")
    if arguments and arguments[0].startswith("-"):
        raise NotUnderstood(f"env {arguments[0]}")
    if not arguments:
        for name, value in (_environment(machine) | given).items():
            machine.say(f"{name}={value}")
        return 0
    if machine.in_shell and arguments[0] in SHELL_ONLY:
        raise NotUnderstood(f"env {arguments[0]}")
    kept = dict(machine.variables), set(machine.exported), machine.in_shell
    machine.variables |= given
    machine.exported |= set(given)
    machine.in_shell = False
    try:
        return machine.execute(arguments)
    finally:
        machine.variables, machine.exported, machine.in_shell = kept


def _printenv(machine: Machine, arguments: list[str]) -> int:
    if any(argument.startswith("-") for argument in arguments):
        raise NotUnderstood("printenv")
    if not arguments:
        return _env(machine, [])
    found, code = _environment(machine), 0
    for name in arguments:
        if name in found:
            machine.say(found[name])
        else:
            code = 1
    return code


def _export(machine: Machine, arguments: list[str]) -> int:
    if not arguments or arguments[0].startswith("-"):
        raise NotUnderstood("export")
    for argument in arguments:
        name, equals, value = argument.partition("=")
        if not NAME.fullmatch(name):
            raise NotUnderstood(f"export {argument}")
        if equals:
            machine.assign(name, value)
        elif name not in machine.variables:
            raise NotUnderstood(f"export {name}")
        machine.exported.add(name)
    return 0


def _unset(machine: Machine, arguments: list[str]) -> int:
    for name in arguments:
        if not NAME.fullmatch(name):
            raise NotUnderstood(f"unset {name}")
        machine.assign(name, "")  # raises for names with a meaning
        del machine.variables[name]
        machine.exported.discard(name)
    return 0


def _set(machine: Machine, arguments: list[str]) -> int:
    words = {"errexit": "e", "nounset": "u"}
    if not arguments:
        raise NotUnderstood("set")
    arguments = list(arguments)
    while arguments:
        option = arguments.pop(0)
        if not re.fullmatch("[-+][euo]+", option):
            raise NotUnderstood(f"set {option}")
        for char in option[1:]:
            if char == "o":
                name = arguments.pop(0) if arguments else ""
                if name == "pipefail" and machine.flavour in (BASH, BUSYBOX):
                    continue  # there are no pipes here
                char = words.get(name, "")
            if char == "e":
                machine.exit_on_error = option[0] == "-"
            elif char == "u":
                machine.unset_is_error = option[0] == "-"
            else:
                raise NotUnderstood("set -o")
    return 0


def _trap(machine: Machine, arguments: list[str]) -> int:
    if len(arguments) < 2 or (arguments[0].startswith("-") and arguments[0] != "-"):
        raise NotUnderstood("trap")
    action, signals = arguments[0], {signal.removeprefix("SIG") for signal in arguments[1:]}
    if signals - {"TERM", "15", "INT", "2", "QUIT", "3", "HUP", "1"}:
        raise NotUnderstood(f"trap {' '.join(arguments[1:])}")
    if signals & {"TERM", "15"}:
        ending = re.search(r"\bexit\b(?:\s+(\d{1,3})\b)?", action)
        machine.result.term_code = int(ending[1] or 0) & 255 if ending else None
    return 0


def _exec(machine: Machine, arguments: list[str]) -> int:
    if not arguments:
        return 0
    machine.in_shell = False  # from here on no builtin answers, the program of that name does
    raise Ended(machine.execute(arguments))


def _cd(machine: Machine, arguments: list[str]) -> int:
    if len(arguments) != 1 or arguments[0].startswith("-") or not arguments[0]:
        raise NotUnderstood("cd")
    path = machine.path(arguments[0])
    entry = machine.files.look(path)
    if entry in (Kind.DIRECTORY, Kind.OPAQUE_DIRECTORY):
        machine.cwd = path
        return 0
    if machine.flavour != DASH:
        raise NotUnderstood(f"cd {arguments[0]}")
    machine.complain(machine.shell_error(f"cd: can't cd to {arguments[0]}"))
    return 2


def _pwd(machine: Machine, arguments: list[str]) -> int:
    if arguments or not machine.cwd:
        raise NotUnderstood("pwd")
    machine.say(machine.cwd)
    return 0


def _leave(again: bool) -> Tool:
    def leave(machine: Machine, arguments: list[str]) -> int:
        if arguments not in ([], ["1"]) or not machine.loops:
            raise NotUnderstood("continue" if again else "break")
        raise Leaving(again)

    return leave


TOOLS: dict[str, Tool] = {
    "echo": _echo,
    "printf": _printf,
    "sleep": _sleep,
    "exit": _exit,
    "cat": _cat,
    "ls": _ls,
    "touch": _touch,
    "mkdir": _mkdir,
    "rm": _rm,
    "test": _test,
    "[": _bracket,
    "seq": _seq,
    "expr": _expr,
    "date": _date,
    "hostname": _hostname,
    "whoami": _whoami,
    "env": _env,
    "printenv": _printenv,
    "export": _export,
    "unset": _unset,
    "set": _set,
    "trap": _trap,
    "exec": _exec,
    "cd": _cd,
    "pwd": _pwd,
    "true": lambda machine, arguments: 0,
    ":": lambda machine, arguments: 0,
    "false": lambda machine, arguments: 1,
    "break": _leave(again=False),
    "continue": _leave(again=True),
}
SHELL_ONLY = frozenset({"exit", "export", "unset", "set", "trap", "exec", "cd", ":", "break", "continue"})
