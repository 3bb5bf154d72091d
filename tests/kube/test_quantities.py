"""Quantities: exact numbers, their canonical form, what is refused."""

from decimal import Decimal

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.kube import quantities
from core.kube.quantities import BadQuantity, canonical, compare, milli, parse, whole


@pytest.mark.parametrize(
    ("text", "stored", "thousandths", "units"),
    [
        ("0.5", "500m", 500, 1),
        ("1000m", "1", 1000, 1),
        ("2", "2", 2000, 2),
        (2, "2", 2000, 2),
        (0.25, "250m", 250, 1),
        ("100k", "100k", 100_000_000, 100_000),
        ("1500", "1500", 1_500_000, 1500),
        ("1024Mi", "1Gi", 2**30 * 1000, 2**30),
        ("1.5Gi", "1536Mi", 1536 * 2**20 * 1000, 1536 * 2**20),
        ("512Ki", "512Ki", 2**19 * 1000, 2**19),
        ("0.5Ki", "512", 512_000, 512),
        ("0.1Mi", "104857600m", 104_857_600, 104_858),
        ("1e3", "1e3", 1_000_000, 1000),
        ("1E", "1E", 2**63 - 1, 10**18),
        ("0", "0", 0, 0),
        ("-1", "-1", -1000, -1),
        ("0.1n", "1n", 1, 1),
        ("+5", "5", 5000, 5),
        (".5", "500m", 500, 1),
    ],
)
def test_quantity_reads_and_writes(text: str | float, stored: str, thousandths: int, units: int) -> None:
    assert (canonical(text), milli(text), whole(text)) == (stored, thousandths, units)


@pytest.mark.parametrize("text", ["", "1z", "Mi", "1 Gi", "1,5", "٣", "1.2.3", "--1", "1e", "1kk", "0x1", "nan"])
def test_what_is_no_quantity_is_refused(text: str) -> None:
    with pytest.raises(BadQuantity) as caught:
        parse(text)
    assert str(caught.value) in (quantities.BAD, quantities.BAD_SUFFIX)


def test_too_large_is_the_largest() -> None:
    assert parse("100E") == parse("9223372036854775807")


SUFFIX = st.sampled_from(["", "n", "u", "m", "k", "M", "G", "Ki", "Mi", "Gi", "e3", "E-2"])
QUANTITY = st.builds("{}.{}{}".format, st.integers(0, 10**6), st.integers(0, 999), SUFFIX)


@given(QUANTITY)
def test_canonical_form_is_stable_and_means_the_same(text: str) -> None:
    stored = canonical(text)
    assert canonical(stored) == stored
    assert parse(stored) == parse(text)


@given(QUANTITY, QUANTITY)
def test_sums_and_comparisons_are_those_of_numbers(one: str, other: str) -> None:
    added = {"cpu": parse(one)}
    quantities.increase(added, {"cpu": parse(other)})
    assert added == {"cpu": parse(one) + parse(other)}
    assert compare(one, other) == -compare(other, one)
    assert (compare(one, other) < 0) == (parse(one) < parse(other))


def test_amounts_add_by_resource() -> None:
    added: quantities.Amounts = {}
    for listed in ({"cpu": "100m"}, {"cpu": "1", "memory": "1Ki"}, {}):
        quantities.increase(added, quantities.amounts(listed))
    assert added == {"cpu": Decimal("1.1"), "memory": Decimal(1024)}


@pytest.mark.parametrize(
    "text",
    [
        "1k",
        "1Pi",
        "2E",
        "100u",
        "9" * 64,
        "9" * 5000,
        "1e999",
        "-1e999",
        "1e-999",
        "0." + "0" * 500 + "1",
        1e300,
        5e-324,
    ],
    ids=lambda text: str(text)[:9],
)
def test_whatever_is_a_quantity_can_be_added_written_sent_and_read_again(text: str | float) -> None:
    added: quantities.Amounts = {}
    for _ in range(3):
        quantities.increase(added, {"cpu": parse(text)})
    for value in (canonical(text), quantities.write(added["cpu"])):
        assert canonical(value) == value
        assert abs(parse(value)) <= quantities.LARGEST
    orjson.dumps([milli(text), whole(text), milli(added["cpu"]), whole(added["cpu"])])


def test_memory_does_not_grow_by_what_is_read_once() -> None:
    before = quantities._parsed.cache_info().currsize
    parse("1" * 1000)
    assert quantities._parsed.cache_info().currsize == before
