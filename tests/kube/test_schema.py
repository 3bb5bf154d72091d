"""What bodies become: typed fields or the decoder's words, unknown fields gone and named, nulls gone."""

from typing import Any

import pytest

from core.kube import schema
from core.kube.errors import BadRequest
from core.kube.objects import Obj, clone
from core.kube.resources import REGISTRY, TABLE, Resource
from core.kube.times import parse_timestamp

PODS, SECRETS, EVENTS = (REGISTRY[name] for name in ("pods", "secrets", "events"))
POD: Obj = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "uf", "foo": "bar", "labels": {"app": "web"}},
    "spec": {
        "containers": [
            {
                "name": "c",
                "image": "registry.k8s.io/pause:3.10",
                "resources": {"requests": {"cpu": "50m", "memory": "32Mi"}},
                "imagee": "x",
            }
        ],
        "bogus": 1,
    },
}


def with_value(path: tuple[str | int, ...], value: Any) -> Obj:
    obj = clone(POD)
    parent: Any = obj
    for step in path[:-1]:
        parent = parent[step]
    parent[path[-1]] = value
    return obj


def test_unknown_fields_are_named_in_order_and_taken_away() -> None:
    expected = ["metadata.foo", "spec.containers[0].imagee", "spec.bogus"]
    assert schema.unknown_fields(PODS, POD) == expected
    obj = clone(POD)
    assert schema.conform(PODS, obj) == expected
    assert schema.conform(PODS, obj) == []
    assert "imagee" not in obj["spec"]["containers"][0]


CANNOT = 'Pod in version "v1" cannot be handled as a Pod: '
UNMARSHAL = CANNOT + "json: cannot unmarshal "


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (
            ("spec", "containers", 0, "resources", "requests", "cpu"),
            "1z",
            CANNOT + "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
        ),
        (("spec",), 3, UNMARSHAL + "number into Go struct field Pod.spec of type v1.PodSpec"),
        (
            ("spec", "containers"),
            "x",
            UNMARSHAL + "string into Go struct field PodSpec.spec.containers of type []v1.Container",
        ),
        (
            ("spec", "containers", 0, "image"),
            True,
            UNMARSHAL + "bool into Go struct field Container.spec.containers.image of type string",
        ),
        (
            ("metadata", "labels"),
            ["a"],
            UNMARSHAL + "array into Go struct field ObjectMeta.metadata.labels of type map[string]string",
        ),
        (
            ("metadata", "labels", "app"),
            1,
            UNMARSHAL + "number into Go struct field ObjectMeta.metadata.labels.app of type string",
        ),
        (
            ("spec", "priority"),
            2**31,
            UNMARSHAL + "number 2147483648 into Go struct field PodSpec.spec.priority of type int32",
        ),
        (("spec", "priority"), 1.5, UNMARSHAL + "number 1.5 into Go struct field PodSpec.spec.priority of type int32"),
        (
            ("metadata", "creationTimestamp"),
            "yesterday",
            CANNOT + 'parsing time "yesterday" as "2006-01-02T15:04:05Z07:00": cannot parse "yesterday" as "2006"',
        ),
        (
            ("metadata", "creationTimestamp"),
            "2026-02-30T00:00:00Z",
            CANNOT + 'parsing time "2026-02-30T00:00:00Z" as "2006-01-02T15:04:05Z07:00":'
            ' cannot parse "2026-02-30T00:00:00Z" as "2006"',
        ),
    ],
)
def test_wrong_types_are_told_as_the_decoder_tells_them(path: tuple[str | int, ...], value: Any, message: str) -> None:
    with pytest.raises(BadRequest) as caught:
        schema.conform(PODS, with_value(path, value))
    assert caught.value.message == message


def test_nulls_and_whole_floats_become_what_go_reads() -> None:
    obj = with_value(("metadata", "creationTimestamp"), None)
    obj["spec"] |= {"priority": 2.0, "volumes": None, "terminationGracePeriodSeconds": 1e16}
    schema.conform(PODS, obj)
    assert "creationTimestamp" not in obj["metadata"]
    assert "volumes" not in obj["spec"]
    for name in ("priority", "terminationGracePeriodSeconds"):
        assert isinstance(obj["spec"][name], int)


def test_times_that_go_writes_as_null_stay_null() -> None:
    event: Obj = {"metadata": {"name": "e"}, "involvedObject": {}, "eventTime": None}
    assert schema.conform(EVENTS, event) == []
    assert event["eventTime"] is None
    condition = {"type": "Ready", "status": "True", "lastProbeTime": None}
    pod: Obj = {"metadata": {"name": "p"}, "status": {"conditions": [condition]}}
    schema.conform(PODS, pod)
    assert condition["lastProbeTime"] is None


def test_secret_data_must_be_base64() -> None:
    good: Obj = {"metadata": {"name": "s"}, "data": {"a": "aGk=", "b": ""}}
    assert schema.conform(SECRETS, good) == []
    with pytest.raises(BadRequest, match="illegal base64"):
        schema.conform(SECRETS, {"metadata": {"name": "s"}, "data": {"a": "hi!"}})


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.name)
def test_every_kind_has_a_schema(row: Resource) -> None:
    assert schema.conform(row, {"apiVersion": row.api_version, "kind": row.kind, "metadata": {}}) == []


def test_kinds_without_schema_are_left_alone() -> None:
    widgets = Resource("example.com", "v1", "Widget", "widgets")
    obj: Obj = {"metadata": {"name": "w"}, "anything": [None]}
    assert schema.conform(widgets, obj) == []
    assert schema.validate(widgets, obj) == []


def test_kinds_without_rules_have_those_of_the_schema() -> None:
    obj: Obj = {"metadata": {"name": "f"}, "driver": "x"}
    causes = schema.validate(REGISTRY["csidrivers.storage.k8s.io"], obj)
    assert list(map(str, causes)) == ["spec: Required value"]


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1970-01-01T00:00:01Z", 1),
        ("1970-01-01T01:00:01+01:00", 1),
        ("1969-12-31T23:30:01-00:30", 1),
        ("1970-01-01T00:00:01.500000Z", 1.5),
    ],
)
def test_times_of_every_zone_are_read(text: str, seconds: float) -> None:
    assert parse_timestamp(text) == pytest.approx(seconds)


@pytest.mark.parametrize(
    "text", ["", "Z", "2026", "2026-11-24", "2026-11-24T01:11:35", "2026-13-01T00:00:00Z", "x" * 25]
)
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        parse_timestamp(text)
