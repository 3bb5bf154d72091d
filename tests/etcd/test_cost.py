"""What a write costs, so that nobody makes the healthy path slow unseen. Generous bounds: the machine is shared."""

from time import process_time

import pytest

from tests.etcd.conftest import Store

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_batch_of_a_hundred_is_cheap(store: Store) -> None:
    best = 1.0
    for turn in range(10):
        start = process_time()
        store.write(*(f"k{turn}-{number}" for number in range(100)))
        best = min(best, process_time() - start)
    assert best / 100 < 400e-6, f"{best * 1e4:.0f} µs a write"
