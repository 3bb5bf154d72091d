"""Numbers in text that a client wrote: annotations, names, arguments of programs. Total: no text makes these raise.

Python reads more as a number than a cluster should: `²` is a digit to it, `inf`, `nan` and `1e400` are floats, and beyond
4,300 digits it refuses to convert at all. Here only ASCII counts, and a number too large becomes the largest there may be.
"""

import re
from typing import Final

INT64_MAX = 2**63 - 1
INT64_MIN = -(2**63)
DIGITS_MAX = 19  # of an int64

_DIGITS: Final = re.compile(r"[0-9]+", re.ASCII)
_NUMBER: Final = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?", re.ASCII)


def saturated(number: int) -> int:
    """The nearest int64: what JSON can carry to any reader, and a database can hold."""
    return min(max(number, INT64_MIN), INT64_MAX)


def following(number: int) -> int:
    """The next int32; after the last comes the first, as Go counts. For counters that a client may have set."""
    return (number + 1 + 2**31) % 2**32 - 2**31


def count(text: str, most: int = INT64_MAX) -> int | None:
    """A whole number in ASCII digits, `most` at most; None for anything else."""
    if not _DIGITS.fullmatch(text):
        return None
    digits = text.lstrip("0")
    return min(int(digits or "0"), most) if len(digits) <= DIGITS_MAX else most


def measure(text: str, least: float, most: float) -> float | None:
    """A decimal number with or without an exponent, put within the bounds; None for anything else, `inf` and `nan` too."""
    found = _NUMBER.fullmatch(text.strip())
    return clamped(float(text), least, most) if found else None  # float() takes any length, and makes 1e400 infinite


def clamped(number: float, least: float, most: float) -> float:
    """`number` put within the bounds; what is no number is the least."""
    is_nan = number != number  # math.isnan refuses whole numbers beyond any float
    return least if is_nan else min(max(number, least), most)
