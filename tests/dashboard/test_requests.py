"""The rows of the API server's panel: one a request, with the time its client waited first."""

from types import SimpleNamespace
from typing import Any, cast

import pytest

from core.dashboard.feed.happenings import MOVING_MAX, Entry, thin
from core.dashboard.inspect.requests import each_once, request_row
from core.dashboard.inspect.view import View

WRITE = {"verb": "create", "resource": "configmaps", "name": "a", "code": 500, "micros": 350}


def entry(seq: int, time: float = 100.0, **more: Any) -> Entry:
    return Entry(seq, time, "request", "kubernetes-admin", WRITE | more)


def view(now: float, speed: float = 1.0, *, paused: bool = False) -> View:
    ago = lambda time: f"{now - time:g} s ago"  # noqa: E731
    return cast("View", SimpleNamespace(now=now, status={"clock": {"speed": speed, "paused": paused}}, ago=ago))


ROWS = [
    pytest.param(entry(1, waits="etcd", patience=7.0), view(103.2), "…", "waits for etcd, 3.2 of 7 s", id="it waits"),
    pytest.param(
        entry(1, waits="etcd", patience=7.0), view(220.0, 60),
        "…", "waits for etcd, 120.0 s so far; after 7 s of its own time its client is answered", id="at sixty times",
    ),
    pytest.param(
        entry(1, waits="etcd", patience=7.0), view(101.0, paused=True),
        "…", "waits for etcd, 1.0 s so far: the clock stands, its client does not", id="while the clock stands",
    ),
    pytest.param(
        entry(1, waits="etcd", patience=0.0), view(131.0),
        "…", "waits for etcd, 31.0 s so far: who asks keeps trying", id="a component",
    ),
    pytest.param(
        entry(1, waits="etcd", patience=7.0), view(140.0),
        "…", "waited for etcd; an answer was not recorded", id="its server ended before it answered",
    ),
    pytest.param(entry(2, 107.0, of=1, waited=7.0), view(110.0), 500, "answered after 7.0 s", id="answered"),
    pytest.param(entry(1), view(100.0), 500, "answered at once", id="answered at once"),
]  # fmt: skip


@pytest.mark.parametrize(("row", "seen", "code", "took"), ROWS)
def test_a_row_tells_how_long_its_client_waited(row: Entry, seen: View, code: int | str, took: str) -> None:
    told = request_row(seen, row)
    assert (told["code"], told["took"]) == (code, took)
    assert told["failed"] == (code == 500)


def test_a_request_that_waited_is_one_row() -> None:
    rows = each_once([entry(9), entry(8, of=3, waited=7.0), entry(5, waits="etcd"), entry(3, waits="etcd")])
    assert [row.seq for row in rows] == [9, 8, 5]


def test_the_end_of_a_wait_is_told_in_the_thickest_flood() -> None:
    flood = [entry(number) for number in range(MOVING_MAX + 5)]
    told, more = thin([*flood, entry(90, waits="etcd"), entry(91, of=4, waited=1.0)])
    assert [one["s"] for one in told[-2:]] == [90, 91]
    assert more == {"request": 5}
