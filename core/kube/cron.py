"""Schedules of CronJobs: five fields, or `@hourly`, `@every 90m` and the like, in UTC or in a time zone.

Fields are minute, hour, day of the month, month, day of the week, each a list of numbers, names, ranges and steps. When both
days are restricted, either may match; that is cron's old habit. In a zone with summer time an hour that the clocks skip does
not come, and one that they repeat comes twice. Reference: robfig/cron, as the real controller uses it, messages included.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

from core.kube.numbers import clamped
from core.kube.remembering import remembered
from core.kube.times import parse_duration

NAMED = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
MONTH_NAMES = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
MONTHS = {name: number for number, name in enumerate(MONTH_NAMES, 1)}
WEEKDAYS = {name: number for number, name in enumerate(("sun", "mon", "tue", "wed", "thu", "fri", "sat"))}
FIELDS: tuple[tuple[int, int, dict[str, int]], ...] = (
    (0, 59, {}),
    (0, 23, {}),
    (1, 31, {}),
    (1, 12, MONTHS),
    (0, 6, WEEKDAYS),
)
DAY, HOUR, MINUTE = 86400, 3600, 60
SPAN = (datetime(100, 1, 1, tzinfo=UTC).timestamp(), datetime(9900, 1, 1, tzinfo=UTC).timestamp())
"""Seconds between which a calendar can be turned: a time that a client wrote may lie anywhere."""
DAYS_MAX = 366 * 5  # a schedule without a time in so many days never comes

FIELD_COUNT = "expected exactly 5 fields, found {count}: [{fields}]"
NO_DESCRIPTOR = "unrecognized descriptor: {text}"
BAD_DURATION = 'failed to parse duration {text}: time: invalid duration "{duration}"'
NO_NUMBER = 'failed to parse int from {text}: strconv.Atoi: parsing "{text}": invalid syntax'
MANY_HYPHENS, MANY_SLASHES = "too many hyphens: {part}", "too many slashes: {part}"
BELOW = "beginning of range ({number}) below minimum ({bound}): {part}"
ABOVE = "end of range ({number}) above maximum ({bound}): {part}"
BACKWARDS = "beginning of range ({first}) beyond end of range ({last}): {part}"
NO_STEP = "step of range should be a positive number: {part}"


@remembered(256)
def time_zone(name: str) -> tzinfo | None:
    """The zone called so in the IANA database (`tzdata`, or the system's); None if there is none."""
    if name in ("", "UTC"):
        return UTC
    try:
        return ZoneInfo(name)
    except (KeyError, OSError, ValueError):  # unknown, a folder of zones, no name of a file
        return None


@dataclass(frozen=True, slots=True)
class Schedule:
    """`every`: seconds between two times, counted from any of them; else the times are those that match the fields."""

    minutes: tuple[int, ...] = ()
    hours: tuple[int, ...] = ()
    days: frozenset[int] = frozenset()
    months: frozenset[int] = frozenset()
    weekdays: frozenset[int] = frozenset()
    either_day: bool = False
    every: int = 0
    zone: tzinfo = UTC

    def next(self, after: float) -> float | None:
        """The first time later than `after`; None when there is none."""
        if self.every:
            return int(after) + self.every
        day = self._local(after)
        for _ in range(min(DAYS_MAX, (datetime.max - day).days)):
            found = [moment for moment in self._times(day) if moment > after]
            if found:
                return min(found)
            day += timedelta(days=1)
        return None

    def latest(self, after: float, now: float) -> float | None:
        """The last time later than `after` and not later than `now`; None when there is none."""
        if self.every:
            rounds = (int(now) - int(after)) // self.every
            return int(after) + rounds * self.every if rounds > 0 else None
        day, first = self._local(now), self._local(after)
        for _ in range(DAYS_MAX):
            if day < first:
                return None
            found = [moment for moment in self._times(day) if moment <= now]
            if found:
                return max(found) if max(found) > after else None
            day -= timedelta(days=1)
        return None

    def _local(self, moment: float) -> datetime:
        """The midnight, as the zone's clocks show it, of the day of `moment`."""
        local = datetime.fromtimestamp(clamped(moment, *SPAN), self.zone)
        return datetime(local.year, local.month, local.day)

    def _times(self, day: datetime) -> Iterator[float]:
        """The times of one day, as seconds since the epoch."""
        by_date, by_week = day.day in self.days, day.isoweekday() % 7 in self.weekdays
        if day.month not in self.months or not (by_date or by_week if self.either_day else by_date and by_week):
            return
        if self.zone is UTC:
            midnight = day.replace(tzinfo=UTC).timestamp()
            yield from (midnight + hour * HOUR + minute * MINUTE for hour in self.hours for minute in self.minutes)
            return
        for hour in self.hours:
            for minute in self.minutes:
                yield from self._moments(day.replace(hour=hour, minute=minute))

    def _moments(self, local: datetime) -> Iterator[float]:
        """When the zone's clocks show `local`: once; not at all, or twice, when they are changed."""
        shown = {local.replace(tzinfo=self.zone, fold=fold).timestamp() for fold in (0, 1)}
        for moment in shown:
            if datetime.fromtimestamp(moment, self.zone).replace(tzinfo=None, fold=0) == local:
                yield moment


def parse_schedule(text: str, zone: tzinfo = UTC) -> Schedule:
    """Raises ValueError, whose message says what is wrong."""
    if not text:
        raise ValueError("empty spec string")
    if text.startswith("@every "):
        return Schedule(every=_duration(text))
    if text.startswith("@") and text not in NAMED:
        raise ValueError(NO_DESCRIPTOR.format(text=text))
    parts = NAMED.get(text, text).split()
    if len(parts) != len(FIELDS):
        raise ValueError(FIELD_COUNT.format(count=len(parts), fields=" ".join(parts)))
    minutes, hours, days, months, weekdays = (_field(part, *bounds) for part, bounds in zip(parts, FIELDS, strict=True))
    return Schedule(
        tuple(sorted(minutes)),
        tuple(sorted(hours)),
        days,
        months,
        weekdays,
        either_day=not _is_open(parts[2]) and not _is_open(parts[4]),
        zone=zone,
    )


def _is_open(text: str) -> bool:
    """Whether a field restricts nothing: it has a star, and no step after it."""
    return any(part[:1] in ("*", "?") and part.partition("/")[2] in ("", "0", "1") for part in text.split(","))


def _field(text: str, least: int, most: int, names: dict[str, int]) -> frozenset[int]:
    found: set[int] = set()
    for part in filter(None, text.split(",")):
        first, last, step = _range(part, least, most, names)
        if first < least:
            raise ValueError(BELOW.format(number=first, bound=least, part=part))
        if last > most:
            raise ValueError(ABOVE.format(number=last, bound=most, part=part))
        if first > last:
            raise ValueError(BACKWARDS.format(first=first, last=last, part=part))
        if step == 0:
            raise ValueError(NO_STEP.format(part=part))
        found.update(range(first, last + 1, step))
    return frozenset(found)


def _range(part: str, least: int, most: int, names: dict[str, int]) -> tuple[int, int, int]:
    """The first, the last and the step of `5`, `*`, `1-5`, `*/15`, `10-20/2`."""
    span, *steps = part.split("/")
    low, *high = span.split("-")
    if low in ("*", "?"):
        first, last = least, most
    elif len(high) > 1:
        raise ValueError(MANY_HYPHENS.format(part=part))
    else:
        first = _number(low, names)
        last = _number(high[0], names) if high else first
    if len(steps) > 1:
        raise ValueError(MANY_SLASHES.format(part=part))
    if not steps:
        return first, last, 1
    return first, last if high else most, _number(steps[0], {})


def _number(text: str, names: dict[str, int]) -> int:
    if text.lower() in names:
        return names[text.lower()]
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise ValueError(NO_NUMBER.format(text=text))
    return int(text)


def _duration(text: str) -> int:
    duration = text.removeprefix("@every ")
    try:
        return max(1, int(parse_duration(duration)))  # shorter than a second is a second, as the real one rounds
    except ValueError:
        raise ValueError(BAD_DURATION.format(text=text, duration=duration)) from None
