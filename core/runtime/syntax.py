"""The grammar of the small shell (`shell.py`): from text to a tree of commands. Pure; runs nothing.

A word is a tuple of pieces (kind, text): `text` stands for itself, `variable` is `$NAME` outside of quotes (its value is
split at blanks), `quoted` the same within double quotes, `substitution` a `$(…)`, `arithmetic` a `$((…))`.
"""

import re
from dataclasses import dataclass, field
from typing import TypeAlias

Word: TypeAlias = tuple[tuple[str, str], ...]
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
REDIRECTED = re.compile(
    r"2>(?:&1|\s*/dev/null)|&>\s*/dev/null|>&2|1>&2"
)  # where error messages go changes nothing here
OPERATORS = ("&&", "||", ">>", "<<", ";;", ";", "\n", "|", "&", ">", "<", "(", ")")
RESERVED = frozenset({"do", "done", "then", "else", "elif", "fi"})
SEPARATORS = frozenset({";", "\n"})


class NotUnderstood(Exception):
    """The script uses what this shell does not know; the message names it."""


@dataclass(slots=True)
class Command:
    words: list[Word] = field(default_factory=list)
    assignments: list[tuple[str, Word]] = field(default_factory=list)
    redirections: list[tuple[str, Word]] = field(default_factory=list)
    negated: bool = False


@dataclass(slots=True)
class Sequence:
    """`parts`: the operator before each (`;`, `&&`, `||`) and the part."""

    parts: list[tuple[str, "Node"]] = field(default_factory=list)

    def operators_after(self, part: "Node") -> tuple[str, ...]:
        """What makes `part` a condition: an `&&` or `||` behind it."""
        for (_, this), (operator, _) in zip(self.parts, self.parts[1:], strict=False):
            if this is part and operator != ";":
                return (";", "&&", "||")
        return ()


@dataclass(slots=True)
class If:
    branches: list[tuple["Node", "Node"]]
    otherwise: "Node | None"


@dataclass(slots=True)
class While:
    condition: "Node"
    body: "Node"
    until: bool


@dataclass(slots=True)
class For:
    name: str
    words: list[Word]
    body: "Node"


Node: TypeAlias = Command | Sequence | If | While | For
Token: TypeAlias = str | Word  # an operator, or a word


def parse(script: str) -> Sequence:
    """Raises NotUnderstood."""
    parser = _Parser(_tokens(script))
    tree = parser.sequence(frozenset())
    if parser.peek() is not None:
        raise NotUnderstood(str(parser.peek()))
    return tree


class _Parser:
    """Recursive descent, one method a rule."""

    def __init__(self, tokens: list[Token]) -> None:
        self.tokens = tokens
        self.position = 0

    def peek(self) -> Token | None:
        return self.tokens[self.position] if self.position < len(self.tokens) else None

    def keyword(self) -> str:
        """The next token as a plain word, if it is one."""
        token = self.peek()
        if isinstance(token, tuple) and len(token) == 1 and token[0][0] == "text":
            return token[0][1]
        return ""

    def expect(self, keyword: str) -> None:
        self.skip_separators()
        if self.keyword() != keyword:
            raise NotUnderstood(f"{keyword} is missing")
        self.position += 1

    def skip_separators(self) -> None:
        while (token := self.peek()) is not None and token in SEPARATORS:
            self.position += 1

    def sequence(self, ends: frozenset[str]) -> Sequence:
        result, operator = Sequence(), ";"
        while True:
            if operator == ";":
                self.skip_separators()
            elif self.peek() == "\n":
                self.position += 1
                continue
            if self.peek() is None or self.keyword() in ends:
                return result
            result.parts.append((operator, self.compound()))
            token = self.peek()
            if token in ("&&", "||"):
                operator = str(token)
                self.position += 1
            elif token is None or token in SEPARATORS or self.keyword() in ends:
                operator = ";"
            else:
                raise NotUnderstood(str(token))

    def compound(self) -> Node:
        keyword = self.keyword()
        if keyword == "if":
            return self.condition()
        if keyword in ("while", "until"):
            self.position += 1
            test = self.sequence(frozenset({"do"}))
            return While(test, self.body(), keyword == "until")
        if keyword == "for":
            return self.loop()
        if keyword in RESERVED or keyword in ("case", "function", "{"):
            raise NotUnderstood(keyword)
        return self.command()

    def body(self) -> Sequence:
        self.expect("do")
        body = self.sequence(frozenset({"done"}))
        self.expect("done")
        return body

    def condition(self) -> If:
        branches: list[tuple[Node, Node]] = []
        otherwise = None
        while self.keyword() in ("if", "elif"):
            self.position += 1
            test = self.sequence(frozenset({"then"}))
            self.expect("then")
            branches.append((test, self.sequence(frozenset({"elif", "else", "fi"}))))
        if self.keyword() == "else":
            self.position += 1
            otherwise = self.sequence(frozenset({"fi"}))
        self.expect("fi")
        return If(branches, otherwise)

    def loop(self) -> For:
        self.position += 1
        name = self.keyword()
        self.position += 1
        if not NAME.fullmatch(name) or self.keyword() != "in":
            raise NotUnderstood("for")
        self.position += 1
        words: list[Word] = []
        while isinstance(token := self.peek(), tuple):
            words.append(token)
            self.position += 1
        return For(name, words, self.body())

    def command(self) -> Command:
        command = Command()
        if self.keyword() == "!":
            command.negated = True
            self.position += 1
        while (token := self.peek()) is not None:
            if isinstance(token, tuple):
                self.position += 1
                self._word(command, token)
            elif token in (">", ">>", "<"):
                self.position += 1
                target = self.peek()
                if not isinstance(target, tuple):
                    raise NotUnderstood(token)
                self.position += 1
                command.redirections.append((token, target))
            else:
                break
        if not (command.words or command.assignments or command.redirections):
            raise NotUnderstood(str(self.peek()))
        return command

    def _word(self, command: Command, word: Word) -> None:
        kind, text = word[0]
        name, equals, rest = text.partition("=")
        if kind == "text" and equals and not command.words and NAME.fullmatch(name):
            command.assignments.append((name, (("text", rest), *word[1:])))
        else:
            command.words.append(word)


def _tokens(script: str) -> list[Token]:
    tokens: list[Token] = []
    position = 0
    while position < len(script):
        char = script[position]
        if char in " \t\r":
            position += 1
        elif char == "\\" and script[position : position + 2] == "\\\n":
            position += 2
        elif char == "#":
            end = script.find("\n", position)
            position = len(script) if end < 0 else end
        elif (redirected := REDIRECTED.match(script, position)) is not None:
            position = redirected.end()
        elif (operator := next((each for each in OPERATORS if script.startswith(each, position)), "")) != "":
            if operator in ("|", "&", "(", ")", ";;", "<<"):
                raise NotUnderstood(operator)
            tokens.append(operator)
            position += len(operator)
        else:
            word, position = _word(script, position)
            tokens.append(word)
    return tokens


def _word(script: str, position: int) -> tuple[Word, int]:
    pieces: list[tuple[str, str]] = []
    text = ""

    def flush() -> None:
        nonlocal text
        if text:
            pieces.append(("text", text))
            text = ""

    quote = ""
    started = position
    while position < len(script):
        char = script[position]
        if quote == "'":
            if char == "'":
                quote = ""
            else:
                text += char
            position += 1
        elif char == "\\" and position + 1 < len(script):
            text += script[position + 1]
            position += 2
        elif char == '"':
            quote = "" if quote else '"'
            position += 1
        elif char == "'" and not quote:
            quote = "'"
            position += 1
        elif char == "$":
            flush()
            piece, position = _dollar(script, position, quoted=bool(quote))
            pieces.append(piece)
        elif char == "`":
            raise NotUnderstood("`")
        elif not quote and (char in " \t\r\n" or any(script.startswith(each, position) for each in OPERATORS)):
            break
        else:
            text += char
            position += 1
    if quote:
        raise NotUnderstood("unterminated quoted string")
    flush()
    assert position > started
    return tuple(pieces) or (("text", ""),), position


def _dollar(script: str, position: int, *, quoted: bool) -> tuple[tuple[str, str], int]:
    kind = "quoted" if quoted else "variable"
    rest = script[position + 1 :]
    if rest.startswith("(("):
        end = _end_of_arithmetic(rest)
        return ("arithmetic", rest[2:end]), position + end + 3
    if rest.startswith("("):
        end = rest.find(")")
        if end < 0 or "(" in rest[1:end]:
            raise NotUnderstood("$(")
        return ("substitution", rest[1:end]), position + end + 2
    if rest.startswith("{"):
        end = rest.find("}")
        name = rest[1:end]
        if end < 0 or not NAME.fullmatch(name.partition(":-")[0]):
            raise NotUnderstood("${")
        return (kind, name), position + end + 2
    if rest.startswith("?"):
        return (kind, "?"), position + 2
    match = NAME.match(rest)
    if match is None:
        return ("text", "$"), position + 1
    return (kind, match.group()), position + 1 + match.end()


def _end_of_arithmetic(rest: str) -> int:
    """Where the `))` of `((…))` begins: the parentheses in between come in pairs."""
    depth = 0
    for position in range(2, len(rest)):
        if rest[position] == "(":
            depth += 1
        elif rest[position] == ")":
            if depth == 0 and rest[position + 1 : position + 2] == ")":
                return position
            depth -= 1
    raise NotUnderstood("$((")
