"""The small vocabulary: names, conditions, taints, reading pods, texts of causes."""

from decimal import Decimal
from random import Random
from typing import Any

import pytest

from core.kube import formats, pods
from core.kube.causes import duplicate, invalid, invalid_value, not_supported, required
from core.kube.conditions import new_condition, with_condition, without_condition
from core.kube.names import ALPHABET, fnv32a, generated, safe_encode, template_hash
from core.kube.taints import first_untolerated, tolerates


def test_hash_is_fnv_1a() -> None:
    assert fnv32a(b"") == 0x811C9DC5
    assert fnv32a(b"a") == 0xE40C292C
    assert fnv32a(b"foobar") == 0xBF9CF968


def test_template_hash_depends_on_content_only() -> None:
    assert template_hash({"a": 1, "b": 2}) == template_hash({"b": 2, "a": 1})
    assert (
        len({template_hash({"a": 1}), template_hash({"a": 2}), template_hash({"a": 1}, 0), template_hash({"a": 1}, 1)})
        == 4
    )


def test_encoding_uses_the_safe_alphabet() -> None:
    assert safe_encode("1234567890") == "56789bcdf4"
    assert set(safe_encode("any text")) <= set(ALPHABET)


def test_generated_names_stay_labels() -> None:
    name = generated("x" * 80, Random(1))
    assert len(name) == 63
    assert formats.dns_label(name) is None
    assert generated("web-", Random(7)) == generated("web-", Random(7))


def test_condition_keeps_its_time_until_the_status_changes() -> None:
    first = with_condition(None, new_condition("Ready", "False", "t1", "Starting"))
    same = with_condition(first, new_condition("Ready", "False", "t2", "Starting"))
    assert same is first
    explained = with_condition(first, new_condition("Ready", "False", "t2", "Failing"))
    assert (explained[0]["lastTransitionTime"], explained[0]["reason"]) == ("t1", "Failing")
    changed = with_condition(explained, new_condition("Ready", "True", "t3"))
    assert changed == [{"type": "Ready", "status": "True", "lastTransitionTime": "t3"}]
    assert len(with_condition(changed, new_condition("Other", "True", "t4"))) == 2
    assert without_condition(changed, "Ready") == []


TAINT = {"key": "gpu", "value": "yes", "effect": "NoSchedule"}


@pytest.mark.parametrize(
    ("toleration", "expected"),
    [
        ({"key": "gpu", "value": "yes", "effect": "NoSchedule"}, True),
        ({"key": "gpu", "operator": "Equal", "value": "yes"}, True),
        ({"key": "gpu", "operator": "Exists"}, True),
        ({"operator": "Exists"}, True),
        ({"key": "gpu", "value": "no"}, False),
        ({"key": "cpu", "operator": "Exists"}, False),
        ({"key": "gpu", "operator": "Exists", "effect": "NoExecute"}, False),
        ({"value": "yes"}, False),
    ],
)
def test_toleration(toleration: dict[str, str], expected: bool) -> None:
    assert tolerates(toleration, TAINT) is expected
    assert (first_untolerated([TAINT], [toleration]) is None) is expected


def test_preferences_do_not_keep_pods_off() -> None:
    assert first_untolerated([{"key": "a", "effect": "PreferNoSchedule"}], []) is None


def container(
    requests: dict[str, str] | None = None, limits: dict[str, str] | None = None, **more: Any
) -> dict[str, Any]:
    return {"name": "c", "resources": {"requests": requests or {}, "limits": limits or {}}, **more}


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ({"containers": [container({"cpu": "1"}), container({"cpu": "500m"})]}, "1.5"),
        (
            {
                "containers": [container({"cpu": "1"})],
                "initContainers": [container({"cpu": "3"}), container({"cpu": "2"})],
            },
            "3",
        ),
        (
            {
                "containers": [container({"cpu": "1"})],
                "initContainers": [container({"cpu": "1"}, restartPolicy="Always")],
            },
            "2",
        ),
        (
            {
                "containers": [container({"cpu": "1"})],
                "initContainers": [container({"cpu": "1"}, restartPolicy="Always"), container({"cpu": "4"})],
            },
            "5",
        ),
        ({"containers": [container({"cpu": "1"})], "overhead": {"cpu": "250m"}}, "1.25"),
    ],
    ids=["sum", "largest init", "sidecar", "init beside sidecar", "overhead"],
)
def test_a_pod_takes(spec: dict[str, Any], expected: str) -> None:
    assert pods.resources_of(spec)["cpu"] == Decimal(expected)


BOTH = {"cpu": "1", "memory": "1Gi"}


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ({"containers": [container()]}, "BestEffort"),
        ({"containers": [container(BOTH, BOTH)]}, "Guaranteed"),
        ({"containers": [container(BOTH, {"cpu": "1000m", "memory": "1024Mi"})]}, "Guaranteed"),
        ({"containers": [{"name": "c", "resources": {"limits": BOTH}}]}, "Guaranteed"),
        ({"containers": [container(BOTH, BOTH), container()]}, "Burstable"),
        ({"containers": [container({"cpu": "1"})]}, "Burstable"),
        ({"containers": [container({"cpu": "0"})]}, "Burstable"),
    ],
)
def test_class_of_service(spec: dict[str, Any], expected: str) -> None:
    assert pods.qos_class(spec) == expected


def test_invalid_lists_every_cause_once() -> None:
    error = invalid(
        "Scale.autoscaling", "web", [invalid_value("spec.replicas", -1, "must be greater than or equal to 0")]
    )
    assert error.message == (
        'Scale.autoscaling "web" is invalid: spec.replicas: Invalid value: -1: must be greater than or equal to 0'
    )
    assert error.status["details"] == {
        "name": "web",
        "group": "autoscaling",
        "kind": "Scale",
        "causes": [
            {
                "reason": "FieldValueInvalid",
                "message": "Invalid value: -1: must be greater than or equal to 0",
                "field": "spec.replicas",
            }
        ],
    }
    several = invalid(
        "Pod", "", [required("a"), required("a"), duplicate("b", "x"), not_supported("c", "z", ("q", "p"))]
    )
    assert several.message == (
        'Pod "" is invalid: [a: Required value, b: Duplicate value: "x",'
        ' c: Unsupported value: "z": supported values: "q", "p"]'
    )
    assert "name" not in several.details


@pytest.mark.parametrize(
    ("check", "good", "bad"),
    [
        (formats.dns_subdomain, ["a", "a.b-c", "1.2"], ["", "A", "a_b", "-a", "a.", "x" * 254, "a\n"]),
        (formats.dns_label, ["a", "1-b"], ["", "a.b", "x" * 64, "a\n"]),
        (formats.dns_1035_label, ["a", "a1"], ["1a", ""]),
        (formats.path_segment, ["system:node", "A b"], [".", "..", "a/b", "a%b"]),
        (formats.qualified_name, ["a", "A.b_c", "x.y/Z"], ["", "/a", "a/", "a/b/c", "A/b", "a b", "x" * 64, "é"]),
        (formats.label_value, ["", "a", "A_b.c"], ["-a", "a ", "x" * 64, "é"]),
        (formats.config_key, ["a", ".hidden", "A_b-c"], ["", ".", "..", "..a", "a/b"]),
        (formats.port_name, ["http", "a-1"], ["", "1", "A", "a--b", "-a", "a" * 16]),
        (formats.port_number, [1, 65535], [0, 65536, True, "80", -1]),
        (formats.ip_address, ["10.0.0.1", "::1"], ["10.0.0", "10.0.0.256", "x"]),
        (formats.cidr, ["10.0.0.0/8", "::/0"], ["10.0.0.0", "10.0.0.0/33", ""]),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_formats(check: Any, good: list[Any], bad: list[Any]) -> None:
    assert [value for value in good if check(value)] == []
    assert [value for value in bad if not check(value)] == []
