"""Times: what Go reads is read, what can be reckoned can be written, and the calendar is the calendar."""

import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.kube.times import (
    DAY,
    FIRST,
    LAST,
    day_of,
    is_timestamp,
    micro_timestamp,
    parse_duration,
    parse_timestamp,
    timestamp,
)

EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
BEYOND = [
    2**63 - 1,
    -(2**63),
    10**400,
    -(10**400),
    float("inf"),
    float("-inf"),
    float("nan"),
    1e300,
    LAST + 1,
    FIRST - 1,
]


@pytest.mark.parametrize("seconds", BEYOND, ids=lambda value: str(value)[:9])
def test_what_no_time_can_say_is_the_first_or_the_last(seconds):
    assert timestamp(seconds) in ("0000-01-01T00:00:00Z", "9999-12-31T23:59:59Z")
    assert parse_timestamp(micro_timestamp(seconds)) == parse_timestamp(timestamp(seconds))
    assert 1 <= day_of(seconds)[0] <= 12


@given(st.datetimes(datetime.datetime(1, 1, 1), timezones=st.just(datetime.UTC)))
def test_the_calendar_is_that_of_everybody(moment):
    seconds = (moment - EPOCH) // datetime.timedelta(seconds=1)
    assert timestamp(seconds) == moment.strftime("%Y-%m-%dT%H:%M:%SZ").rjust(20, "0")
    assert parse_timestamp(timestamp(seconds)) == seconds
    assert day_of(seconds) == (moment.month, moment.day, moment.isoweekday() % 7)


@given(st.floats(FIRST, LAST))
def test_what_is_written_is_read_again(seconds):
    assert parse_timestamp(timestamp(seconds)) == seconds // 1
    assert parse_timestamp(micro_timestamp(seconds)) == pytest.approx(seconds, abs=1e-4)


@pytest.mark.parametrize(
    "text",
    [
        "2024-02-30T00:00:00Z",
        "2023-02-29T00:00:00Z",
        "2024-13-01T00:00:00Z",
        "2024-01-01T24:00:00Z",
        "2024-01-01T23:59:60Z",
        "2024-01-01t00:00:00Z",
        "2024-01-01T00:00:00z",
        "2024-01-01 00:00:00Z",
        "2024-01-01T00:00:00+99:00",
        "12024-01-01T00:00:00Z",
        "٢٠٢٤-01-01T00:00:00Z",
        "2024-01-01T00:00:00",
        "",
    ],
)
def test_what_go_does_not_read_is_no_time(text):
    assert not is_timestamp(text)


@pytest.mark.parametrize(
    "text", ["0000-01-01T00:00:00Z", "0000-01-01T00:00:00+23:59", "2024-01-01T00:00:00." + "9" * 5000 + "Z"]
)
def test_strange_times_that_go_reads_are_times(text):
    assert is_timestamp(text)
    assert timestamp(parse_timestamp(text))


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90m", 5400),
        ("1h30m", 5400),
        ("1.5s", 1.5),
        ("100ms", 0.1),
        ("0", 0),
        ("-2s", -2),
        ("2562047h", 2562047 * 3600),
    ],
)
def test_durations_are_those_of_go(text, seconds):
    assert parse_duration(text) == pytest.approx(seconds)


@pytest.mark.parametrize(
    "text", ["", "1", "1d", "s", "1h 2m", "9" * 30 + "h", "9" * 5000 + "s", "1e9h", "inf", "2562048h"]
)
def test_what_go_does_not_read_is_no_duration(text):
    with pytest.raises(ValueError, match="invalid duration"):
        parse_duration(text)


def test_a_day_has_its_seconds():
    assert day_of(DAY - 1) == (1, 1, 4)
    assert day_of(DAY) == (1, 2, 5)
