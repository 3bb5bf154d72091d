"""Schedules of CronJobs: five fields, or `@hourly`, `@every 90m` and the like. Times are in UTC.

Fields are minute, hour, day of the month, month, day of the week, each a list of numbers, names, ranges and steps. When both
days are restricted, either may match; that is cron's old habit. Reference: robfig/cron, as the real controller uses it.
"""

from dataclasses import dataclass

from core.kube.times import day_of, parse_duration

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
    (0, 7, WEEKDAYS),
)
DAY, HOUR, MINUTE = 86400, 3600, 60
DAYS_MAX = 366 * 5  # a schedule without a time in so many days never comes


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

    def next(self, after: float) -> float | None:
        """The first time later than `after`; None when there is none."""
        if self.every:
            return int(after) + self.every
        earliest = (int(after) // MINUTE + 1) * MINUTE
        midnight = earliest // DAY * DAY
        for day in range(midnight, midnight + DAYS_MAX * DAY, DAY):
            if not self._has_day(day):
                continue
            for hour in self.hours:
                for minute in self.minutes:
                    moment = day + hour * HOUR + minute * MINUTE
                    if moment >= earliest:
                        return moment
        return None

    def latest(self, after: float, now: float) -> float | None:
        """The last time later than `after` and not later than `now`; None when there is none."""
        if self.every:
            rounds = (int(now) - int(after)) // self.every
            return int(after) + rounds * self.every if rounds > 0 else None
        first = int(after) // DAY * DAY
        for day in range(int(now) // DAY * DAY, first - DAY, -DAY):
            if not self._has_day(day):
                continue
            for hour in reversed(self.hours):
                for minute in reversed(self.minutes):
                    moment = day + hour * HOUR + minute * MINUTE
                    if moment <= now:
                        return moment if moment > after else None
        return None

    def _has_day(self, midnight: int) -> bool:
        month, day, weekday = day_of(midnight)
        by_date, by_week = day in self.days, weekday in self.weekdays
        return month in self.months and (by_date or by_week if self.either_day else by_date and by_week)


def parse_schedule(text: str) -> Schedule:
    """Raises ValueError, whose message says what is wrong."""
    text = text.strip().lower()
    if text.startswith("@every "):
        return Schedule(every=_duration(text.removeprefix("@every ").strip()))
    parts = NAMED.get(text, text).split()
    if len(parts) != len(FIELDS):
        raise ValueError(f"expected exactly 5 fields, found {len(parts)}: [{text}]")
    minutes, hours, days, months, weekdays = (_field(part, *bounds) for part, bounds in zip(parts, FIELDS, strict=True))
    return Schedule(
        tuple(sorted(minutes)),
        tuple(sorted(hours)),
        days,
        months,
        frozenset(day % 7 for day in weekdays),
        either_day=parts[2][0] not in "*?" and parts[4][0] not in "*?",
    )


def _field(text: str, least: int, most: int, names: dict[str, int]) -> frozenset[int]:
    found: set[int] = set()
    for part in text.split(","):
        span, slash, step_text = part.partition("/")
        step = _number(step_text, {}) if slash else 1
        if span in ("*", "?"):
            first, last = least, most if most != 7 else 6
        else:
            low, dash, high = span.partition("-")
            first = _number(low, names)
            last = _number(high, names) if dash else most if slash else first
        if not least <= first <= last <= most or step < 1:
            raise ValueError(f"{part} is not within {least}-{most}")
        found.update(range(first, last + 1, step))
    return frozenset(found)


def _number(text: str, names: dict[str, int]) -> int:
    if text in names:
        return names[text]
    if not (text.isascii() and text.isdigit() and len(text) <= 4):
        raise ValueError(f"failed to parse int from {text}")
    return int(text)


def _duration(text: str) -> int:
    try:
        return max(1, int(parse_duration(text)))  # shorter than a second is a second, as the real one rounds
    except ValueError as error:
        raise ValueError(f"failed to parse duration @every {text}: {error}") from None
