"""Real processes: one started machine for the tests of this folder that leave it as they found it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.machine import Machine
from tests.system import recordings


@pytest.fixture(scope="session")
def machine() -> Iterator[Machine]:
    with Machine() as started:
        yield started


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Module | None:
    """Recorded answers are replayed only where there are some: elsewhere that is no test, rather than a skipped one."""
    if file_path.name == "replay.py" and recordings.are_there():
        module: pytest.Module = pytest.Module.from_parent(parent, path=file_path)
        return module
    return None
