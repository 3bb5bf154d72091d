"""Quantities: `100m` of cpu, `1.5Gi` of memory. Exact numbers, their canonical form, sums.

A quantity is a number and one of three families of suffixes: binary (Ki, Mi …), decimal (n, u, m, k, M …) or an exponent.
The canonical form keeps the family, has no fraction and the largest suffix that allows that. Nothing finer than a nano is
kept; it is rounded up, as the real one does, because rounding a demand down would promise what is not there.

Reference: apimachinery `pkg/api/resource/quantity.go`.
"""

import re
from collections.abc import Iterable, Mapping
from decimal import ROUND_UP, Context, Decimal
from functools import lru_cache
from typing import Final, TypeAlias

Quantity: TypeAlias = "str | int | float"
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
TEXT_MAX = 64  # characters; a longer number is nobody's cpu

_SHAPE: Final = re.compile(r"([+-]?)([0-9]+(?:\.[0-9]*)?|\.[0-9]+)([A-Za-z]*[-+]?[0-9]*)")
_EXPONENT: Final = re.compile(r"[eE]([-+]?[0-9]{1,3})")
_EXACT = Context(prec=120)
LARGEST = Decimal(2**63 - 1)


class BadQuantity(ValueError):
    """The text is no quantity. Its message is what a client is told."""


@lru_cache(maxsize=8192)
def parse(text: Quantity) -> Decimal:
    """The exact number. Raises BadQuantity."""
    return _read(str(text))[0]


def _read(text: str) -> tuple[Decimal, str]:
    """The number and the family of its suffix: binary, decimal or exponent."""
    found = _SHAPE.fullmatch(text) if len(text) <= TEXT_MAX else None
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
    if abs(value) > LARGEST:
        value = LARGEST.copy_sign(value)
    if value != value.quantize(NANO, context=_EXACT):
        value = value.quantize(NANO, ROUND_UP, _EXACT)
    return value, family


def is_quantity(text: object) -> bool:
    try:
        return isinstance(text, (str, int, float)) and not isinstance(text, bool) and parse(text) is not None
    except BadQuantity:
        return False


@lru_cache(maxsize=8192)
def canonical(text: Quantity) -> str:
    """The form the API server stores: `0.5` → `500m`, `1024Mi` → `1Gi`. Raises BadQuantity."""
    value, family = _read(str(text))
    return write(value, family)


def write(value: Decimal, family: str = "decimal") -> str:
    """`value` in the canonical form of a family."""
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


@lru_cache(maxsize=8192)
def milli(text: Quantity) -> int:
    """Thousandths, rounded up: millicores of cpu."""
    return -int((-parse(text) * 1000).__floor__())


@lru_cache(maxsize=8192)
def whole(text: Quantity) -> int:
    """Units, rounded up: bytes of memory."""
    return -int((-parse(text)).__floor__())


def compare(one: Quantity, other: Quantity) -> int:
    """Negative, zero or positive as `one` is less than, equal to or more than `other`."""
    difference = parse(one) - parse(other)
    return (difference > 0) - (difference < 0)


def add(*quantities: Quantity) -> str:
    """The sum, in the family of the first."""
    total = sum((parse(quantity) for quantity in quantities), Decimal(0))
    return write(total, _read(str(quantities[0]))[1] if quantities else "decimal")


def amounts(quantities: Mapping[str, Quantity] | None) -> Amounts:
    """A resource list as exact numbers."""
    return {name: parse(quantity) for name, quantity in (quantities or {}).items()}


def total(lists: Iterable[Mapping[str, Decimal]]) -> Amounts:
    """The sum of several, by resource."""
    result: Amounts = {}
    for entry in lists:
        for name, value in entry.items():
            result[name] = result.get(name, Decimal(0)) + value
    return result
