"""Schedules: when they come next, when they came last, and what is none."""

import pytest

from core.kube.cron import parse_schedule
from core.kube.times import parse_timestamp, timestamp

NOW = "2026-01-01T00:00:00Z"  # a Thursday


@pytest.mark.parametrize(
    ("text", "after", "expected"),
    [
        ("* * * * *", NOW, "2026-01-01T00:01:00Z"),
        ("* * * * *", "2026-01-01T00:00:59Z", "2026-01-01T00:01:00Z"),
        ("*/15 * * * *", "2026-01-01T00:16:00Z", "2026-01-01T00:30:00Z"),
        ("5/20 * * * *", NOW, "2026-01-01T00:05:00Z"),
        ("30 4 * * *", "2026-01-01T04:30:00Z", "2026-01-02T04:30:00Z"),
        ("0 9-17/4 * * mon-fri", "2026-01-02T17:30:00Z", "2026-01-05T09:00:00Z"),
        ("0 0 * * 0", NOW, "2026-01-04T00:00:00Z"),
        ("1,, * * * *", NOW, "2026-01-01T00:01:00Z"),
        ("0 0 */2 * 1", "2026-01-02T00:00:00Z", "2026-01-03T00:00:00Z"),
        ("0 0 13 * 5", NOW, "2026-01-02T00:00:00Z"),
        ("0 0 29 2 *", NOW, "2028-02-29T00:00:00Z"),
        ("0 0 1 feb,apr ?", NOW, "2026-02-01T00:00:00Z"),
        ("@hourly", NOW, "2026-01-01T01:00:00Z"),
        ("@yearly", NOW, "2027-01-01T00:00:00Z"),
        ("@every 1h30m", NOW, "2026-01-01T01:30:00Z"),
    ],
)
def test_a_schedule_says_when_next(text, after, expected):
    assert timestamp(parse_schedule(text).next(parse_timestamp(after))) == expected


def test_a_day_that_never_comes_has_no_time():
    assert parse_schedule("0 0 31 2 *").next(parse_timestamp(NOW)) is None


@pytest.mark.parametrize(
    ("text", "after", "now", "expected"),
    [
        ("*/5 * * * *", NOW, "2026-01-01T00:04:59Z", None),
        ("*/5 * * * *", NOW, "2026-01-01T00:05:00Z", "2026-01-01T00:05:00Z"),
        ("*/5 * * * *", NOW, "2026-03-01T12:03:00Z", "2026-03-01T12:00:00Z"),
        ("0 0 1 * *", NOW, "2026-01-31T00:00:00Z", None),
        ("@every 10m", NOW, "2026-01-01T00:35:00Z", "2026-01-01T00:30:00Z"),
        ("@every 10m", NOW, "2026-01-01T00:09:00Z", None),
    ],
)
def test_a_schedule_says_when_last(text, after, now, expected):
    found = parse_schedule(text).latest(parse_timestamp(after), parse_timestamp(now))
    assert (None if found is None else timestamp(found)) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "* * * *",
        "60 * * * *",
        "* * 0 * *",
        "*/0 * * * *",
        "a * * * *",
        "5-1 * * * *",
        "@every",
        "@every x",
    ],
)
def test_what_is_no_schedule_is_told(text):
    with pytest.raises(ValueError, match=r".+"):
        parse_schedule(text)


@pytest.mark.parametrize("moment", [-1e18, -62_135_596_800.0, 253_402_300_799.0, 1e18], ids=str)
def test_any_time_a_client_can_write_has_an_answer(moment):
    never = parse_schedule("0 0 30 2 *")
    assert never.next(moment) is None
    assert never.latest(moment, 1_767_225_600.0) is None
