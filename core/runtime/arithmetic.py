"""`$((…))` of the small shell: whole numbers of 64 bits, as POSIX has them. Pure; knows the variables it is given.

Precedence climbing over a table of operators: an operand, then operators as long as they bind at least as tightly as what
stands to the left. `$NAME` has been replaced by its value before; assignments within an expression are not understood.
"""

import re
from collections.abc import Callable, Mapping

from core.runtime.syntax import NAME, NotUnderstood

TOKEN = re.compile(r"\s*(?:(0[xX][0-9a-fA-F]+|\d+)(?!\w)|([A-Za-z_]\w*)|(<=|>=|==|!=|&&|\|\||[-+*/%<>!()]))", re.ASCII)
DEPTH_MAX = 20  # of what a variable's value may name in turn
DIGITS_MAX = 19


def _divided(left: int, right: int) -> int:
    """Towards zero, as C divides; Python would round down."""
    if right == 0:
        raise NotUnderstood("divide by zero")
    return abs(left) // abs(right) * (1 if (left < 0) == (right < 0) else -1)


BINARY: dict[str, tuple[int, Callable[[int, int], int]]] = {
    # operator → how tightly it binds, and what it does
    "||": (1, lambda left, right: int(bool(left or right))),
    "&&": (2, lambda left, right: int(bool(left and right))),
    "==": (3, lambda left, right: int(left == right)),
    "!=": (3, lambda left, right: int(left != right)),
    "<": (4, lambda left, right: int(left < right)),
    "<=": (4, lambda left, right: int(left <= right)),
    ">": (4, lambda left, right: int(left > right)),
    ">=": (4, lambda left, right: int(left >= right)),
    "+": (5, lambda left, right: left + right),
    "-": (5, lambda left, right: left - right),
    "*": (6, lambda left, right: left * right),
    "/": (6, _divided),
    "%": (6, lambda left, right: left - right * _divided(left, right)),
}
UNARY: dict[str, Callable[[int], int]] = {"-": lambda it: -it, "+": lambda it: it, "!": lambda it: int(not it)}


def evaluate(text: str, variables: Mapping[str, str]) -> int:
    """The value of an expression; a variable that is not set counts as 0. Raises NotUnderstood."""
    if "++" in text or "--" in text:
        raise NotUnderstood(f"$(({text}))")
    reader = _Reader(text, variables)
    value = reader.expression(1)
    if reader.tokens:
        raise NotUnderstood(f"$(({text}))")
    return value


class _Reader:
    def __init__(self, text: str, variables: Mapping[str, str]) -> None:
        self.text = text
        self.variables = variables
        self.tokens: list[tuple[str, str, str]] = []  # (number, name, operator), the next one last
        position = 0
        while text[position:].strip():
            match = TOKEN.match(text, position)
            if match is None:
                raise NotUnderstood(f"$(({text}))")
            self.tokens.append((match[1] or "", match[2] or "", match[3] or ""))
            position = match.end()
        self.tokens.reverse()

    def expression(self, tightness: int) -> int:
        left = self.operand()
        while self.tokens and (found := BINARY.get(self.tokens[-1][2])) and found[0] >= tightness:
            self.tokens.pop()
            left = _wrapped(found[1](left, self.expression(found[0] + 1)))
        return left

    def operand(self) -> int:
        number, name, operator = self.tokens.pop() if self.tokens else ("", "", "")
        if number:
            return self.number(number)
        if name:
            return self.variable(name)
        if operator in UNARY:
            return UNARY[operator](self.operand())
        if operator == "(":
            value = self.expression(1)
            if self.tokens and self.tokens.pop()[2] == ")":
                return value
        raise NotUnderstood(f"$(({self.text}))")

    def number(self, digits: str) -> int:
        base = 16 if digits[:2] in ("0x", "0X") else 8 if digits[0] == "0" else 10
        try:
            value = int(digits[:DIGITS_MAX], base)
        except ValueError:
            raise NotUnderstood(digits[:DIGITS_MAX]) from None
        if len(digits) > DIGITS_MAX or value >= 2**63:
            raise NotUnderstood(digits[:DIGITS_MAX])
        return value

    def variable(self, name: str) -> int:
        """Its value as a number; a value that is a name is looked up in turn."""
        for _ in range(DEPTH_MAX):
            value = self.variables.get(name, "").strip(" \t\n") or "0"
            if re.fullmatch(r"-?\d+", value, re.ASCII):
                return -self.number(value[1:]) if value[0] == "-" else self.number(value)
            if not NAME.fullmatch(value):
                break
            name = value
        raise NotUnderstood(f"$(({self.text}))")


def _wrapped(value: int) -> int:
    """As 64 bits hold it."""
    return (value + 2**63) % 2**64 - 2**63
