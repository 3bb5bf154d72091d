"""The simulated cloud hands out addresses."""

import pytest

from core.cloud.provider import FIRST, LAST, NETWORK, ProviderError, allot

POOL = [f"{NETWORK}.{number}" for number in range(FIRST, LAST + 1)]


@pytest.mark.parametrize(
    ("in_use", "wish", "expected"),
    [
        pytest.param([], "", "203.0.113.1", id="the first"),
        pytest.param(["203.0.113.1", "203.0.113.3"], "", "203.0.113.2", id="the lowest free one"),
        pytest.param(["203.0.113.1"], "203.0.113.77", "203.0.113.77", id="the one wished for"),
    ],
)
def test_an_address_is_allotted(in_use, wish, expected):
    assert allot(in_use, wish) == expected


@pytest.mark.parametrize(
    ("in_use", "wish", "why"),
    [
        pytest.param(POOL, "", "no address of 203.0.113.0/24 is free", id="exhausted"),
        pytest.param([], "8.8.8.8", "does not belong to this cloud", id="foreign"),
        pytest.param(["203.0.113.9"], "203.0.113.9", "is in use", id="taken"),
    ],
)
def test_the_cloud_refuses(in_use, wish, why):
    with pytest.raises(ProviderError, match=why):
        allot(in_use, wish)
