"""Numbers in text: whatever a client wrote, an answer within bounds, and never an exception."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.kube.numbers import INT64_MAX, clamped, count, measure, saturated

NINES = "9" * 4301  # Python refuses to convert so many digits


@pytest.mark.parametrize(
    ("text", "number"),
    [("0", 0), ("007", 7), ("9223372036854775807", INT64_MAX), ("9223372036854775808", INT64_MAX), (NINES, INT64_MAX)],
    ids=lambda value: str(value)[:9],
)
def test_digits_are_counted_up_to_the_most(text, number):
    assert count(text) == number
    assert count(text, 5) == min(number, 5)


@pytest.mark.parametrize("text", ["", "²", "٣", "-1", "+1", "1.0", "1e3", " 1", "1_000", "inf", "nan", "x"])
def test_what_is_no_count_is_none(text):
    assert count(text) is None


@pytest.mark.parametrize(
    ("text", "number"),
    [("1.5", 1.5), (" 2 ", 2), ("1e2", 100), ("-3", -3), ("1e400", 10), ("-1e400", -5), (NINES, 10), (".5", 0.5)],
    ids=lambda value: str(value)[:9],
)
def test_measures_are_put_within_their_bounds(text, number):
    assert measure(text, -5, 10) == min(number, 10)


@pytest.mark.parametrize("text", ["", "inf", "-inf", "nan", "infinity", "1_0", "0x10", "1e", "e5", "²", "--1"])
def test_what_is_no_measure_is_none(text):
    assert measure(text, 0, 10) is None


@given(st.floats(), st.integers(), st.text())
def test_every_answer_is_finite(number, whole, text):
    assert math.isfinite(clamped(number, -1e9, 1e9))
    assert abs(saturated(whole)) <= 2**63
    assert count(text) is None or 0 <= count(text) <= INT64_MAX
    assert measure(text, 0, 9) is None or 0 <= measure(text, 0, 9) <= 9
