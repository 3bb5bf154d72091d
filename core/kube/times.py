"""Timestamps in the wire format: RFC 3339 in UTC, to the second (Time) or the microsecond (MicroTime).

Total: any number of seconds has a timestamp. A grace period may be as long as an int64, so what lies beyond the year 9999 is
written as its last second, and what is no number as the first of the year 0; the real server, whose sums wrap around, would
write some other year. `parse_timestamp` and `is_timestamp` take exactly what Go's `time.RFC3339` takes.
"""

import re
from functools import lru_cache
from typing import Final

from core.kube.numbers import clamped
from core.kube.remembering import remembered

DAY = 86_400
FIRST: Final = -62_167_219_200  # 0000-01-01T00:00:00Z
LAST: Final = 253_402_300_799  # 9999-12-31T23:59:59Z
LONGEST: Final = LAST - FIRST
"""Seconds; no time that can be written is further from another."""
DAYS_OF_MONTH = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
NANOS_MAX: Final = 2**63 - 1
"""Go counts a duration in nanoseconds in an int64: 292 years."""

_SHAPE: Final = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})T([0-9]{2}):([0-9]{2}):([0-9]{2})(?:[.,]([0-9]+))?(?:Z|([+-])([0-9]{2}):([0-9]{2}))",
    re.ASCII,
)
_DURATION: Final = re.compile(r"([0-9]+(?:\.[0-9]*)?|\.[0-9]+)(ns|us|µs|μs|ms|s|m|h)", re.ASCII)
UNITS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "μs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
BAD_DURATION = 'time: invalid duration "{text}"'


def timestamp(seconds: float) -> str:
    """metav1.Time: `2026-11-24T01:12:19Z`."""
    return _second(int(clamped(seconds, FIRST, LAST) // 1)) + "Z"


def micro_timestamp(seconds: float) -> str:
    """metav1.MicroTime: `2026-11-24T01:12:19.123456Z`."""
    whole, micros = divmod(round(clamped(seconds, FIRST, LAST) * 1_000_000), 1_000_000)
    return f"{_second(whole)}.{micros:06d}Z"


def parse_timestamp(text: str) -> float:
    """Seconds since the Unix epoch of an RFC 3339 time, with or without a fraction. ValueError otherwise."""
    found = _SHAPE.fullmatch(text)
    if found is None:
        raise ValueError(f"{text[:40]!r} is not RFC 3339")
    year, month, day, hour, minute, second = map(int, found.groups()[:6])
    if not (1 <= month <= 12 and 1 <= day <= _days_in(year, month) and hour < 24 and minute < 60 and second < 60):
        raise ValueError(f"{text[:40]!r} is no time of any day")
    fraction, sign, hours, minutes = found.groups()[6:]
    seconds = _day_number(year, month, day) * DAY + hour * 3600 + minute * 60 + second
    if sign:
        if int(hours) > 24 or int(minutes) > 60:
            raise ValueError(f"{text[:40]!r} has no time zone")
        seconds -= (int(hours) * 3600 + int(minutes) * 60) * (1 if sign == "+" else -1)
    return seconds + (float(f"0.{fraction}") if fraction else 0.0)


@remembered(4096)
def is_timestamp(text: str) -> bool:
    """Whether it is one. Asked of every time in every object that is written, mostly of the same few."""
    try:
        parse_timestamp(text)
    except ValueError:
        return False
    return True


def parse_duration(text: str) -> float:
    """Seconds of a duration as Go writes it: `90m`, `1h30m`, `1.5s`. ValueError otherwise, also beyond 292 years."""
    body = text.removeprefix("-") if text.startswith("-") else text.removeprefix("+")
    if body == "0":
        return 0.0
    parts = _DURATION.findall(body)
    if not parts or "".join(number + unit for number, unit in parts) != body:
        raise ValueError(BAD_DURATION.format(text=text[:40]))
    seconds = sum(float(number) * UNITS[unit] for number, unit in parts)
    if seconds * 1e9 > NANOS_MAX:
        raise ValueError(BAD_DURATION.format(text=text[:40]))
    return -seconds if text.startswith("-") else seconds


def day_of(seconds: float) -> tuple[int, int, int]:
    """The day in UTC as cron sees it: month, day of the month, day of the week (Sunday is 0)."""
    number = int(clamped(seconds, FIRST, LAST) // DAY)
    _, month, day = _date(number)
    return month, day, (number + 4) % 7  # the epoch was a Thursday


@lru_cache(maxsize=1024)
def _day_text(number: int) -> str:
    year, month, day = _date(number)
    return f"{year:04d}-{month:02d}-{day:02d}"


def _second(seconds: int) -> str:
    number, rest = divmod(seconds, DAY)
    return f"{_day_text(number)}T{rest // 3600:02d}:{rest // 60 % 60:02d}:{rest % 60:02d}"


def _is_leap(year: int) -> bool:
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def _days_in(year: int, month: int) -> int:
    return 29 if month == 2 and _is_leap(year) else DAYS_OF_MONTH[month - 1]


# A year here begins in March, so that the leap day is its last and months have lengths that a line through them gives.


def _day_number(year: int, month: int, day: int) -> int:
    """Days since 1970-01-01 in the Gregorian calendar, for any year."""
    year -= month <= 2
    era, of_era = divmod(year, 400)
    of_year = (153 * ((month + 9) % 12) + 2) // 5 + day - 1
    return era * 146_097 + of_era * 365 + of_era // 4 - of_era // 100 + of_year - 719_468


def _date(number: int) -> tuple[int, int, int]:
    """(year, month, day) of a day since 1970-01-01."""
    era, of_era = divmod(number + 719_468, 146_097)
    year = (of_era - of_era // 1460 + of_era // 36_524 - of_era // 146_096) // 365
    of_year = of_era - (365 * year + year // 4 - year // 100)
    month = (5 * of_year + 2) // 153
    day = of_year - (153 * month + 2) // 5 + 1
    month = month + 3 if month < 10 else month - 9
    return era * 400 + year + (month <= 2), month, day
