import pytest

from core.network.addresses import Exhausted, allocate, gateway


def test_gateway_is_the_first_address():
    assert gateway("10.244.3.0/24") == "10.244.3.1"


@pytest.mark.parametrize(
    ("used", "after", "expected"),
    [
        pytest.param((), "", "10.244.1.2", id="first pod comes behind the bridge"),
        pytest.param(("10.244.1.2",), "", "10.244.1.3", id="taken ones are skipped"),
        pytest.param((), "10.244.1.7", "10.244.1.8", id="goes on behind the last one"),
        pytest.param((), "10.244.1.254", "10.244.1.2", id="goes round at the end"),
    ],
)
def test_allocate(used, after, expected):
    assert allocate("10.244.1.0/24", used, after) == expected


def test_full_range_is_exhausted():
    with pytest.raises(Exhausted, match=r"no IP addresses available in network: 10\.244\.1\.0/30"):
        allocate("10.244.1.0/30", {"10.244.1.2"})
