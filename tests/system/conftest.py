"""Real processes: one started machine for the tests of this folder that leave it as they found it."""

from collections.abc import Iterator

import pytest

from tests.machine import Machine


@pytest.fixture(scope="session")
def machine() -> Iterator[Machine]:
    with Machine() as started:
        yield started
