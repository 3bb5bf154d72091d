"""How deep JSON may nest is counted without recursion, and never beyond what it is compared with."""

import pytest

from core.kube import nesting
from core.kube.errors import BadRequest
from core.kube.patches import json as json_patch


def nested(levels):
    value = "leaf"
    for level in range(levels):
        value = [value] if level % 2 else {"a": value}
    return value


@pytest.mark.parametrize("levels", [0, 1, 2, nesting.DEPTH_MAX, nesting.DEPTH_MAX + 1])
def test_levels_are_counted(levels):
    assert nesting.depth(nested(levels)) == levels


def test_counting_stops_soon_after_the_bound():
    assert nesting.depth(nested(50_000)) == nesting.DEPTH_MAX + 1
    assert nesting.depth(nested(9), most=3) == 4


@pytest.mark.parametrize("levels", [nesting.DEPTH_MAX + 1, 254, 500, 1024, 1025, 100_000])
def test_json_that_is_too_deep_is_an_error_whatever_would_have_read_it(levels):
    with pytest.raises(ValueError, match=r"max depth|depth limit|recursion limit"):
        nesting.loads("[" * levels + "]" * levels)


@pytest.mark.parametrize("operation", ["copy", "move", "add", "replace"])
def test_a_json_patch_cannot_build_what_no_client_could_send(operation):
    half = nesting.DEPTH_MAX // 2
    current = {"a": nested(half), "other": nested(half)}
    place = "/a" + "".join("/0" if level % 2 else "/a" for level in range(half - 1, -1, -1))
    patch = [{"op": operation, "path": place, "from": "/other", "value": nested(half)}]
    with pytest.raises(BadRequest, match="max depth"):
        json_patch.apply(current, patch)


def test_copies_of_copies_stay_within_the_bound():
    patch = [{"op": "copy", "from": "/data", "path": "/data" + "/data" * level} for level in range(1, 200)]
    with pytest.raises(BadRequest, match="max depth"):
        json_patch.apply({"data": {}}, patch)
