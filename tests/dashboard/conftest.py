"""Servers and tails are kept per process; each test starts without."""

from collections.abc import Iterator

import pytest

from core.dashboard.feed import tail
from core.engine import servers


@pytest.fixture(autouse=True)
def fresh_process() -> Iterator[None]:
    servers._servers.clear()
    tail.tails.clear()
    yield
    servers._servers.clear()
    tail.tails.clear()
