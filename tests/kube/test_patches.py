"""The three patches, against what the RFCs and kubectl do."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.kube.errors import ApiError, BadRequest, Invalid, TooLarge
from core.kube.objects import clone
from core.kube.patches import apply_patch, merge
from core.kube.requests import PatchType
from core.kube.resources import REGISTRY

PODS = REGISTRY["pods"]
DEPLOYMENTS = REGISTRY["deployments.apps"]


def strategic(current, patch, resource=PODS):
    before = clone(current)
    result = apply_patch(resource, PatchType.STRATEGIC, current, patch)
    assert current == before, "the object given is not changed"
    return result


def pod(*containers, **spec):
    return {"metadata": {"name": "p"}, "spec": {"containers": list(containers), **spec}}


def container(name, **more):
    return {"name": name, **more}


@pytest.mark.parametrize(
    ("current", "patch", "expected"),
    [
        pytest.param({"a": 1}, {"a": None}, {}, id="null deletes"),
        pytest.param({"a": {"b": 1}}, {"a": {"c": 2}}, {"a": {"b": 1, "c": 2}}, id="objects merge"),
        pytest.param({"a": [1, 2]}, {"a": [3]}, {"a": [3]}, id="lists are replaced"),
        pytest.param({"a": 1}, {"a": {"b": None}}, {"a": {}}, id="nulls in new objects vanish"),
    ],
)
def test_merge_patch(current, patch, expected):
    assert apply_patch(PODS, PatchType.MERGE, current, patch) == expected


VALUES = st.recursive(
    st.booleans() | st.integers(-9, 9) | st.text("ab", max_size=2),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text("ab", max_size=2), inner, max_size=3),
    max_leaves=8,
)
OBJECTS = st.dictionaries(st.text("abc", max_size=2), VALUES, max_size=4)


@given(OBJECTS, OBJECTS)
def test_merge_patch_is_idempotent(current, patch):
    once = merge.apply(current, patch)
    assert merge.apply(once, patch) == once


def test_strategic_patch_changes_one_container_and_keeps_the_other():
    result = strategic(
        pod(container("a", image="x:1"), container("b", image="y:1")),
        {"spec": {"containers": [{"name": "b", "image": "y:2"}]}},
    )
    assert result["spec"]["containers"] == [container("a", image="x:1"), container("b", image="y:2")]


def test_strategic_patch_reaches_into_a_deployments_template():
    deployment = {"spec": {"template": pod(container("a", image="x:1", env=[{"name": "K", "value": "1"}]))}}
    patch = {"spec": {"template": {"spec": {"containers": [{"name": "a", "env": [{"name": "L", "value": "2"}]}]}}}}
    result = strategic(deployment, patch, DEPLOYMENTS)
    assert result["spec"]["template"]["spec"]["containers"][0]["env"] == [
        {"name": "L", "value": "2"},
        {"name": "K", "value": "1"},
    ]


def test_strategic_patch_deletes_an_item_by_directive():
    result = strategic(
        pod(container("a"), container("b")), {"spec": {"containers": [{"name": "a", "$patch": "delete"}]}}
    )
    assert result["spec"]["containers"] == [container("b")]


def test_strategic_patch_replaces_by_directive():
    result = strategic(pod(container("a")), {"spec": {"containers": [container("c"), {"$patch": "replace"}]}})
    assert result["spec"]["containers"] == [container("c")]


def test_strategic_patch_orders_as_told_and_keeps_strangers_in_place():
    result = strategic(
        pod(container("a"), container("stranger"), container("b")),
        {"spec": {"$setElementOrder/containers": [{"name": "b"}, {"name": "a"}]}},
    )
    names = [item["name"] for item in result["spec"]["containers"]]
    assert names.index("b") < names.index("a")
    assert "stranger" in names


@pytest.mark.parametrize(
    ("before", "patched", "after"),
    [
        pytest.param("ab", "x", "xab", id="what is new comes first"),
        pytest.param("ab", "b", "ab", id="what is changed stays"),
        pytest.param("abc", "ca", "bca", id="the patch's own order wins"),
        pytest.param("abc", "xc", "xabc", id="strangers come before what they stood before"),
        pytest.param("abc", "bx", "abxc", id="and after what they stood after"),
    ],
)
def test_strategic_patch_orders_lists_as_the_real_server(before, patched, after):
    result = strategic(pod(*map(container, before)), {"spec": {"containers": [*map(container, patched)]}})
    assert "".join(item["name"] for item in result["spec"]["containers"]) == after


def test_strategic_patch_merges_primitive_lists_and_deletes_from_them():
    current = {"metadata": {"finalizers": ["x", "y"]}}
    assert strategic(current, {"metadata": {"finalizers": ["z"]}})["metadata"]["finalizers"] == ["z", "x", "y"]
    gone = {"metadata": {"$deleteFromPrimitiveList/finalizers": ["x"]}}
    assert strategic(current, gone)["metadata"]["finalizers"] == ["y"]
    assert strategic({"metadata": {"finalizers": ["x"]}}, gone)["metadata"] == {}


def test_strategic_patch_retains_only_the_keys_named():
    current = {"spec": {"strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1}}}}
    patch = {"spec": {"strategy": {"$retainKeys": ["type"], "type": "Recreate"}}}
    assert strategic(current, patch, DEPLOYMENTS)["spec"]["strategy"] == {"type": "Recreate"}


@pytest.mark.parametrize(
    ("operation", "expected"),
    [
        ({"op": "add", "path": "/a/-", "value": 3}, {"a": [1, 2, 3], "b": {"c": 1}}),
        ({"op": "add", "path": "/a/0", "value": 0}, {"a": [0, 1, 2], "b": {"c": 1}}),
        ({"op": "remove", "path": "/a/0"}, {"a": [2], "b": {"c": 1}}),
        ({"op": "replace", "path": "/b/c", "value": 9}, {"a": [1, 2], "b": {"c": 9}}),
        ({"op": "move", "from": "/b/c", "path": "/d"}, {"a": [1, 2], "b": {}, "d": 1}),
        ({"op": "copy", "from": "/a", "path": "/b/a"}, {"a": [1, 2], "b": {"c": 1, "a": [1, 2]}}),
        ({"op": "test", "path": "/b/c", "value": 1}, {"a": [1, 2], "b": {"c": 1}}),
        ({"op": "add", "path": "/x~1y", "value": 1}, {"a": [1, 2], "b": {"c": 1}, "x/y": 1}),
    ],
    ids=lambda value: value.get("op") if "op" in value else None,
)
def test_json_patch(operation, expected):
    assert apply_patch(PODS, PatchType.JSON, {"a": [1, 2], "b": {"c": 1}}, [operation]) == expected


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "test", "path": "/b", "value": True},
        {"op": "remove", "path": "/none"},
        {"op": "replace", "path": "/none", "value": 1},
        {"op": "add", "path": "/a/7", "value": 1},
        {"op": "add", "path": "/a/01", "value": 1},
        {"op": "add", "path": "/a/²", "value": 1},
        {"op": "add", "path": "a", "value": 1},
        {"op": "add", "path": "/a"},
        {"op": "move", "from": "/a", "path": "/a/0"},
        {"op": "remove", "path": ""},
        {"op": "add", "path": "", "value": 3},
        {"op": "fly", "path": "/a"},
        {"path": "/a"},
        7,
    ],
    ids=str,
)
def test_json_patch_that_cannot_be_done_is_422(operation):
    with pytest.raises(Invalid):
        apply_patch(PODS, PatchType.JSON, {"a": [1], "b": 1}, [operation])


def test_json_patch_that_doubles_and_doubles_is_stopped():
    operations = [{"op": "add", "path": "/a", "value": "x" * 1000}]
    operations += [{"op": "copy", "from": "", "path": f"/c{n}"} for n in range(20)]
    with pytest.raises(TooLarge):
        apply_patch(PODS, PatchType.JSON, {}, operations)


def test_json_patch_of_too_many_operations_is_refused():
    with pytest.raises(TooLarge):
        apply_patch(PODS, PatchType.JSON, {}, [{"op": "add", "path": "/a", "value": 1}] * 10_001)


@pytest.mark.parametrize("patch_type", [PatchType.MERGE, PatchType.STRATEGIC])
@pytest.mark.parametrize("patch", [[], "x", 7, None])
def test_patches_that_are_no_objects_are_bad_requests(patch_type, patch):
    with pytest.raises(BadRequest):
        apply_patch(PODS, patch_type, {}, patch)


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["spec", "containers", "name", "$patch", "$setElementOrder/containers", "$retainKeys", "env"]
            ),
            inner,
            max_size=3,
        )
    ),
    max_leaves=12,
)


def test_long_lists_are_patched_in_time_that_grows_with_their_length():
    """What fits into a body of 3 MiB: comparing every item with every other would take minutes."""
    many = [container(f"c{number}") for number in range(30_000)]
    began = time.monotonic()
    result = strategic(pod(*many), {"spec": {"containers": many[::-1], "$setElementOrder/containers": many}})
    assert result["spec"]["containers"] == many
    assert time.monotonic() - began < 10


@given(ANYTHING)
def test_no_strategic_patch_breaks_anything(patch):
    try:
        apply_patch(PODS, PatchType.STRATEGIC, pod(container("a", env=[{"name": "k"}])), patch)
    except ApiError as error:
        assert 400 <= error.code < 500
