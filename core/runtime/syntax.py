"""The grammar of the small shell (`shell.py`): from text to a tree of commands. Pure; runs nothing.

A word is a tuple of pieces (kind, text). `bare` stands for itself, and may be a keyword or a pattern; `text` is what stood
in quotes. `variable` is `$NAME` outside of quotes (its value is split at blanks), `quoted` the same within double quotes;
likewise `substitution` and `captured`, a `$(…)`; `arithmetic` is a `$((…))`.
"""

import re
from dataclasses import dataclass, field
from typing import TypeAlias

Word: TypeAlias = tuple[tuple[str, str], ...]
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
PARAMETER = re.compile(r"(#?)([A-Za-z_][A-Za-z0-9_]*|[0-9]|[?#])(?:(:?[-+])([^\"'$`\\}]*))?")
REDIRECTION = re.compile(r"(\d?)(>>|>&|>|<)(?![<>|&(])")
OPERATORS = ("&&", "||", ">>", "<<", ";;", ";", "\n", "|", "&", ">", "<", "(", ")")
RESERVED = frozenset({"do", "done", "then", "else", "elif", "fi", "esac", "in", "}"})
BEYOND = frozenset({"case", "function", "{", "select", "time", "coproc"})
OPENING = frozenset({"if", "while", "until", "for", "!"})
SEPARATORS = frozenset({";", "\n"})
ESCAPED_IN_QUOTES = '$`"\\'


class NotUnderstood(Exception):
    """The script uses what this shell does not know; the message names it."""


@dataclass(slots=True)
class Command:
    words: list[Word] = field(default_factory=list)
    assignments: list[tuple[str, Word]] = field(default_factory=list)
    redirections: list[tuple["Redirection", Word]] = field(default_factory=list)
    negated: bool = False
    line: int = 1


@dataclass(frozen=True, slots=True)
class Redirection:
    """`2>`: the descriptor and the operator (>, >>, <, >&); where to is the next word."""

    descriptor: int
    operator: str


@dataclass(slots=True)
class Sequence:
    """`parts`: the operator before each (`;`, `&&`, `||`) and the part."""

    parts: list[tuple[str, "Node"]] = field(default_factory=list)

    def is_condition(self, position: int) -> bool:
        """Whether the part is tested: an `&&` or `||` is behind it."""
        return position + 1 < len(self.parts) and self.parts[position + 1][0] != ";"


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
Token: TypeAlias = str | Word | Redirection  # a string is an operator


def parse(script: str) -> Sequence:
    """Raises NotUnderstood."""
    parser = _Parser(*_tokens(script))
    tree = parser.sequence(frozenset())
    if parser.peek() is not None:
        raise NotUnderstood(str(parser.peek()))
    return tree


class _Parser:
    """Recursive descent, one method a rule."""

    def __init__(self, tokens: list[Token], lines: list[int]) -> None:
        self.tokens = tokens
        self.lines = lines
        self.position = 0

    def peek(self) -> Token | None:
        return self.tokens[self.position] if self.position < len(self.tokens) else None

    def keyword(self) -> str:
        """The next token as a plain word, if it is one."""
        token = self.peek()
        if isinstance(token, tuple) and len(token) == 1 and token[0][0] == "bare":
            return token[0][1]
        return ""

    def expect(self, keyword: str) -> None:
        if self.peek() == ";":
            self.position += 1
        self.skip_newlines()
        if self.keyword() != keyword:
            raise NotUnderstood(f"{keyword} is missing")
        self.position += 1

    def skip_newlines(self) -> None:
        while self.peek() == "\n":
            self.position += 1

    def sequence(self, ends: frozenset[str]) -> Sequence:
        result, operator = Sequence(), ";"
        while True:
            self.skip_newlines()
            if self.peek() is None or self.keyword() in ends:
                if operator != ";" or (ends and not result.parts):
                    raise NotUnderstood("a list that ends too early")
                return result
            result.parts.append((operator, self.compound()))
            token = self.peek()
            if token in ("&&", "||"):
                operator = str(token)
                self.position += 1
            elif token is None or token in SEPARATORS:
                operator = ";"
                self.position += token is not None
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
        if keyword in RESERVED or keyword in BEYOND:
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
        if self.peek() not in SEPARATORS:
            raise NotUnderstood("for")
        return For(name, words, self.body())

    def command(self) -> Command:
        command = Command(line=self.lines[self.position] if self.position < len(self.lines) else 1)
        if self.keyword() == "!":
            command.negated = True
            self.position += 1
            if self.keyword() in RESERVED | BEYOND | OPENING:
                raise NotUnderstood("!")
        while (token := self.peek()) is not None:
            if isinstance(token, tuple):
                self.position += 1
                self._word(command, token)
            elif isinstance(token, Redirection):
                self.position += 1
                target = self.peek()
                if not isinstance(target, tuple):
                    raise NotUnderstood(token.operator)
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
        if kind == "bare" and equals and not command.words and NAME.fullmatch(name):
            command.assignments.append((name, (("bare", rest), *word[1:])))
        elif not command.words and (command.assignments or command.redirections) and self._is_reserved(word):
            raise NotUnderstood(text)
        else:
            command.words.append(word)

    def _is_reserved(self, word: Word) -> bool:
        return len(word) == 1 and word[0][0] == "bare" and word[0][1] in RESERVED | BEYOND | OPENING


def _tokens(script: str) -> tuple[list[Token], list[int]]:
    """The tokens, and the line each is on."""
    tokens: list[Token] = []
    lines: list[int] = []
    position, line = 0, 1

    def add(token: Token) -> None:
        tokens.append(token)
        lines.append(line)

    while position < len(script):
        char = script[position]
        if char in " \t":
            position += 1
        elif script.startswith("\\\n", position):
            position += 2
            line += 1
        elif char == "#":
            end = script.find("\n", position)
            position = len(script) if end < 0 else end
        elif (redirected := REDIRECTION.match(script, position)) is not None:
            descriptor, operator = redirected[1], redirected[2]
            add(Redirection(int(descriptor) if descriptor else int(operator != "<"), operator))
            position = redirected.end()
        elif (operator := next((each for each in OPERATORS if script.startswith(each, position)), "")) != "":
            if operator not in ("&&", "||", ";", "\n"):
                raise NotUnderstood(operator)
            add(operator)
            position += len(operator)
            line += operator == "\n"
        else:
            word, end = _word(script, position)
            add(word)
            line += script.count("\n", position, end)
            position = end
    return tokens, lines


def _word(script: str, position: int) -> tuple[Word, int]:
    pieces: list[tuple[str, str]] = []
    started, quoted = position, False

    def put(kind: str, text: str) -> None:
        """Add a piece; neighbours of one literal kind become one."""
        if pieces and pieces[-1][0] == kind and kind in ("bare", "text"):
            text = pieces.pop()[1] + text
        pieces.append((kind, text))

    while position < len(script):
        char = script[position]
        if char == "\\":
            if position + 1 == len(script):
                raise NotUnderstood("\\")
            following = script[position + 1]
            if following != "\n":
                put("text", following if not quoted or following in ESCAPED_IN_QUOTES else char + following)
            position += 2
        elif char == "'" and not quoted:
            end = script.find("'", position + 1)
            if end < 0:
                raise NotUnderstood("unterminated quoted string")
            put("text", script[position + 1 : end])
            position = end + 1
        elif char == '"':
            put("text", "")
            quoted = not quoted
            position += 1
        elif char == "$":
            piece, position = _dollar(script, position, quoted=quoted)
            put(*piece)
        elif char == "`":
            raise NotUnderstood("`")
        elif not quoted and (char in " \t\n" or any(script.startswith(each, position) for each in OPERATORS)):
            break
        else:
            put("text" if quoted else "bare", char)
            position += 1
    if quoted:
        raise NotUnderstood("unterminated quoted string")
    assert position > started
    return tuple(pieces) or (("bare", ""),), position


def _dollar(script: str, position: int, *, quoted: bool) -> tuple[tuple[str, str], int]:
    kind, substitution = ("quoted", "captured") if quoted else ("variable", "substitution")
    rest = script[position + 1 :]
    if rest.startswith("(("):
        end = _end_of_arithmetic(rest)
        return ("arithmetic", rest[2:end]), position + end + 3
    if rest.startswith("("):
        end = rest.find(")")
        if end < 0 or "(" in rest[1:end] or "#" in rest[1:end]:
            raise NotUnderstood("$(")
        return (substitution, rest[1:end]), position + end + 2
    if rest.startswith("{"):
        end = rest.find("}")
        if end < 0 or not PARAMETER.fullmatch(rest[1:end]):
            raise NotUnderstood("${")
        return (kind, rest[1:end]), position + end + 2
    if rest[:1] in tuple("?#0123456789"):
        return (kind, rest[0]), position + 2
    match = NAME.match(rest)
    if match is not None:
        return (kind, match.group()), position + 1 + match.end()
    if rest[:1] in tuple("@*!$-'\"") and not (quoted and rest[0] == '"'):
        raise NotUnderstood("$" + rest[0])
    return ("text", "$"), position + 1


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
