"""Options of the test run."""

import gc

import pytest
from django.db.models.signals import post_migrate


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--rewrite", action="store_true", help="write the real output into the scenario transcripts")


def pytest_collection_finish() -> None:
    """Look for garbage as rarely as the workers do: what was imported is looked at no more."""
    from core.engine.worker import GC_THRESHOLDS

    gc.collect()
    gc.freeze()
    gc.set_threshold(*GC_THRESHOLDS)


@pytest.fixture
def rewrite(request: pytest.FixtureRequest) -> bool:
    return bool(request.config.getoption("--rewrite"))


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None) -> None:
    """Emptying the tables after a test would make Django write all its permissions anew: a quarter of a test's time."""
    post_migrate.receivers.clear()
    post_migrate.sender_receivers_cache.clear()
