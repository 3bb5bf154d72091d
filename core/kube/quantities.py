"""Quantities: `100m` of cpu, `1.5Gi` of memory. Exact numbers, their canonical form, sums.

A quantity is a number and one of three families of suffixes: binary (Ki, Mi …), decimal (n, u, m, k, M …) or an exponent.
The canonical form keeps the family, has no fraction and the largest suffix that allows that. Nothing finer than a nano is
kept; it is rounded up, as the real one does, because rounding a demand down would promise what is not there.

What is larger than an int64 counts as the largest, in what is read, in sums and in whole numbers: a client may store `1E`
a hundred times, and whatever adds that up must be able to write it down, send it and read it again.

Reference: apimachinery `pkg/api/resource/quantity.go`.
"""

import re
from collections.abc import Mapping
from decimal import MAX_EMAX, MIN_EMIN, ROUND_CEILING, ROUND_UP, Context, Decimal
from functools import lru_cache
from typing import Final, TypeAlias

from core.kube.numbers import INT64_MAX, saturated
from core.kube.remembering import remembered

Quantity: TypeAlias = str | int | float
Amounts: TypeAlias = "dict[str, Decimal]"

BAD = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
BAD_SUFFIX = "unable to parse quantity's suffix"

BINARY = {suffix: 1024**power for power, suffix in enumerate(("Ki", "Mi", "Gi", "Ti", "Pi", "Ei"), 1)}
DECIMAL = {
    suffix: power
    for power, suffix in zip(range(-9, 21, 3), ("n", "u", "m", "", "k", "M", "G", "T", "P", "E"), strict=True)
}
DECIMAL_SUFFIX = {power: suffix for suffix, power in DECIMAL.items()}
NANO = Decimal(1).scaleb(-9)
REMEMBERED_MAX = 64  # characters; what is longer is worked out anew rather than kept in memory

_SHAPE: Final = re.compile(r"([+-]?)([0-9]+(?:\.[0-9]*)?|\.[0-9]+)([A-Za-z]*[-+]?[0-9]*)")
_EXPONENT: Final = re.compile(r"[eE]([-+]?[0-9]{1,3})")
_EXACT = Context(
    prec=120, Emax=MAX_EMAX, Emin=MIN_EMIN, traps=[]
)  # of `1e999` comes a number or infinity, no exception
LARGEST = Decimal(INT64_MAX)


class BadQuantity(ValueError):
    """The text is no quantity. Its message is what a client is told."""


def parse(text: Quantity) -> Decimal:
    """The exact number. Raises BadQuantity."""
    return _parsed(str(text))[0]


@remembered(8192, REMEMBERED_MAX)
def _parsed(text: str) -> tuple[Decimal, str]:
    """The number and the family of its suffix: binary, decimal or exponent."""
    found = _SHAPE.fullmatch(text)
    if found is None:
        raise BadQuantity(BAD)
    sign, number, suffix = found.groups()
    value, family = Decimal(sign + number), "decimal"
    exponent = _EXPONENT.fullmatch(suffix)
    if suffix in BINARY:
        value, family = _EXACT.multiply(value, Decimal(BINARY[suffix])), "binary"
    elif suffix in DECIMAL:
        value = value.scaleb(DECIMAL[suffix], _EXACT)
    elif exponent:
        value, family = value.scaleb(int(exponent[1]), _EXACT), "exponent"
    else:
        raise BadQuantity(BAD if suffix and suffix[0] not in "eEinumkKMGTP" else BAD_SUFFIX)
    value = _saturated(value)
    if value != value.quantize(NANO, context=_EXACT):
        value = value.quantize(NANO, ROUND_UP, _EXACT)
    return value, family


def _saturated(value: Decimal) -> Decimal:
    return LARGEST.copy_sign(value) if value.copy_abs() > LARGEST else value


def canonical(text: Quantity) -> str:
    """The form the API server stores: `0.5` → `500m`, `1024Mi` → `1Gi`. Raises BadQuantity."""
    value, family = _parsed(str(text))
    return write(value, family)


def write(value: Decimal, family: str = "decimal") -> str:
    """`value` in the canonical form of a family."""
    value = _saturated(value)
    if not value:
        return "0"
    if family == "binary" and abs(value) >= 1024 and value == value.to_integral_value():
        return _binary(int(value))
    nanos = int(value.scaleb(9, _EXACT))
    power = -9
    while nanos % 1000 == 0 and power < 18:
        nanos, power = nanos // 1000, power + 3
    if family == "exponent" and power:
        return f"{nanos}e{power}"
    return f"{nanos}{DECIMAL_SUFFIX[power]}"


def _binary(number: int) -> str:
    suffix = ""
    for name, factor in BINARY.items():
        if number % factor:
            break
        suffix = name
    return f"{number // BINARY[suffix]}{suffix}" if suffix else str(number)


def milli(quantity: Quantity | Decimal) -> int:
    """Thousandths, rounded up: millicores of cpu."""
    return _rounded(_number(quantity) * 1000)


def whole(quantity: Quantity | Decimal) -> int:
    """Units, rounded up: bytes of memory."""
    return _rounded(_number(quantity))


def _number(quantity: Quantity | Decimal) -> Decimal:
    return quantity if isinstance(quantity, Decimal) else parse(quantity)


@lru_cache(maxsize=8192)
def _rounded(value: Decimal) -> int:
    return saturated(int(value.to_integral_value(ROUND_CEILING)))


def count(resource: str, quantity: Quantity | Decimal) -> int:
    """In the unit that nodes count a resource in: thousandths of a core, bytes, pieces of the rest. Rounded up."""
    return milli(quantity) if resource == "cpu" else whole(quantity)


def counts(quantities: Mapping[str, Quantity] | Mapping[str, Decimal] | None) -> dict[str, int]:
    """A resource list in these units."""
    return {name: count(name, quantity) for name, quantity in (quantities or {}).items()}


def compare(one: Quantity, other: Quantity) -> int:
    """Negative, zero or positive as `one` is less than, equal to or more than `other`."""
    difference = parse(one) - parse(other)
    return (difference > 0) - (difference < 0)


def amounts(quantities: Mapping[str, Quantity] | None) -> Amounts:
    """A resource list as exact numbers."""
    return {name: parse(quantity) for name, quantity in (quantities or {}).items()}


def increase(amounts: Amounts, more: Mapping[str, Decimal]) -> None:
    """Add `more`, resource by resource, in place. The one place where quantities are added up."""
    for name, value in more.items():
        amounts[name] = _saturated(amounts.get(name, Decimal(0)) + value)
