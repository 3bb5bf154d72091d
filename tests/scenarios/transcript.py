"""Scenario files: text that reads as a lesson and is checked to the letter.

    # A paragraph that says what is shown and why.

    > command arguments
    | input lines, if the command takes any
    expected output, exactly

A blank line ends an exchange. `run(path, execute)` executes every command in order and compares; with `rewrite` it writes
the real output into the file instead, for a person to read in the diff.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

Execute = Callable[[list[str], str], str]


@dataclass(slots=True)
class Exchange:
    """A command with its input and expected output; or, with an empty command, lines of comment."""

    line: int
    command: str
    given: list[str]
    expected: list[str]


def parse(text: str) -> list[Exchange]:
    exchanges: list[Exchange] = []
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith("> "):
            exchanges.append(Exchange(number, line[2:], [], []))
        elif not exchanges or line.startswith("#") or not line:
            exchanges.append(Exchange(number, "", [], [line]))
        elif line.startswith("| ") and exchanges[-1].command:
            exchanges[-1].given.append(line[2:])
        else:
            exchanges[-1].expected.append(line)
    return exchanges


def run(path: Path, execute: Execute, *, rewrite: bool = False) -> None:
    """Play the file; AssertionError with file, line and difference where the output is another."""
    exchanges = parse(path.read_text())
    lesson = exchanges[0].expected[0] if exchanges else ""
    assert lesson.startswith("# "), f"{path.name} opens with a paragraph that says what is shown and why"
    written: list[str] = []
    for exchange in exchanges:
        if exchange.command:
            output = execute(exchange.command.split(), "\n".join(exchange.given))
            actual = [line.rstrip() for line in output.rstrip("\n").splitlines()] if output else []
            if not rewrite:
                assert actual == exchange.expected, difference(path, exchange, actual)
            written += [f"> {exchange.command}", *(f"| {line}".rstrip() for line in exchange.given), *actual]
        else:
            written += exchange.expected
    if rewrite:
        path.write_text("\n".join(written) + "\n")


def difference(path: Path, exchange: Exchange, actual: list[str]) -> str:
    wanted, got = "\n".join(exchange.expected), "\n".join(actual)
    where = f"{path.name}:{exchange.line}: > {exchange.command}"
    return f"{where}\n--- expected\n{wanted}\n--- got\n{got}\n(--rewrite updates the file)"
