"""Timestamps in the wire format: RFC 3339 in UTC, to the second (Time) or the microsecond (MicroTime)."""

import calendar
import time

# `time.gmtime` and `strftime` only format the number they are given; nothing here reads a clock.


def timestamp(seconds: float) -> str:
    """metav1.Time: `2026-11-24T01:12:19Z`."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def micro_timestamp(seconds: float) -> str:
    """metav1.MicroTime: `2026-11-24T01:12:19.123456Z`."""
    micros = round(seconds * 1_000_000)
    whole, fraction = divmod(micros, 1_000_000)
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(whole)) + f".{fraction:06d}Z"


def parse_timestamp(text: str) -> float:
    """Seconds since the Unix epoch of an RFC 3339 time, with or without a fraction. ValueError otherwise."""
    if text[-1:] in ("Z", "z"):
        head, offset = text[:-1], 0
    else:
        head, sign, hours, minutes = text[:-6], text[-6:-5], text[-5:-3], text[-2:]
        if sign not in ("+", "-") or text[-3] != ":":
            raise ValueError(f"{text!r} has no time zone")
        offset = (int(hours) * 3600 + int(minutes) * 60) * (1 if sign == "+" else -1)
    whole, _, fraction = head.partition(".")
    if len(whole) != 19 or not text.isascii():
        raise ValueError(f"{text!r} is not RFC 3339")
    seconds = calendar.timegm(time.strptime(whole, "%Y-%m-%dT%H:%M:%S")) - offset
    return seconds + (float(f"0.{int(fraction):0{len(fraction)}d}") if fraction else 0.0)
