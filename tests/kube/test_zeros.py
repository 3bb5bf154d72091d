"""A zero that Go cannot tell from absence is defaulted as absence is: one rule, for every field of every kind."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from core.kube.defaults import apply_defaults
from core.kube.definitions import REFERENCE, definition_name, definitions
from core.kube.gotypes import left_out_when_zero
from core.kube.objects import Obj, clone
from core.kube.resources import REGISTRY, Resource, find_by_kind
from core.kube.schema import conform, type_of

ZERO: dict[str, Any] = {"string": "", "integer": 0, "boolean": False, "array": [], "object": {}}

CONTAINER = {
    "name": "c",
    "image": "nginx:1.28",
    "ports": [{"containerPort": 80}],
    "env": [{"name": "N", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}],
    "livenessProbe": {"httpGet": {"port": 80}},
    "readinessProbe": {"grpc": {"port": 80}},
}
POD: Obj = {
    "containers": [CONTAINER],
    "volumes": [{"name": "v", "configMap": {"name": "c"}}, {"name": "s", "secret": {"secretName": "s"}}],
}
TEMPLATE: Obj = {"metadata": {"labels": {"a": "b"}}, "spec": POD}
SELECTOR = {"matchLabels": {"a": "b"}}
RULE = {"operations": ["CREATE"], "apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"]}
HOOK = {"name": "a.b.c", "clientConfig": {"service": {"name": "s", "namespace": "n"}}, "rules": [RULE]}
SPARSE: dict[str, Obj] = {
    "pods": {"spec": POD},
    "services": {"spec": {"ports": [{"port": 80}], "selector": {"a": "b"}}},
    "endpoints": {"subsets": [{"addresses": [{"ip": "10.0.0.1"}], "ports": [{"port": 80}]}]},
    "secrets": {},
    "persistentvolumes": {"spec": {"hostPath": {"path": "/x"}, "capacity": {"storage": "1Gi"}}},
    "persistentvolumeclaims": {"spec": {"resources": {"requests": {"storage": "1Gi"}}}},
    "replicationcontrollers": {"spec": {"template": TEMPLATE}},
    "deployments.apps": {"spec": {"selector": SELECTOR, "template": TEMPLATE}},
    "replicasets.apps": {"spec": {"selector": SELECTOR, "template": TEMPLATE}},
    "daemonsets.apps": {"spec": {"selector": SELECTOR, "template": TEMPLATE}},
    "statefulsets.apps": {"spec": {"selector": SELECTOR, "template": TEMPLATE, "serviceName": "s"}},
    "jobs.batch": {"spec": {"template": TEMPLATE}},
    "cronjobs.batch": {"spec": {"schedule": "* * * * *", "jobTemplate": {"spec": {"template": TEMPLATE}}}},
    "networkpolicies.networking.k8s.io": {"spec": {"podSelector": {}, "egress": [{"ports": [{"port": 80}]}]}},
    "rolebindings.rbac.authorization.k8s.io": {
        "roleRef": {"kind": "Role", "name": "r"},
        "subjects": [{"kind": "User", "name": "u"}, {"kind": "ServiceAccount", "name": "s", "namespace": "n"}],
    },
    "storageclasses.storage.k8s.io": {"provisioner": "a/b"},
    "priorityclasses.scheduling.k8s.io": {"value": 1},
    "validatingwebhookconfigurations.admissionregistration.k8s.io": {"webhooks": [HOOK]},
}


def defaulted(row: Resource, obj: Obj) -> Obj:
    result = {"metadata": {"name": "x"}} | clone(obj)
    assert conform(row, result) == []
    apply_defaults(row, result)
    return result


def added_zeros(schema: Obj, given: Any, full: Any, path: str) -> Iterator[tuple[list[Any], str, Any]]:
    """(the way to a part, a field of it, its zero) where defaulting added a field whose zero means absence."""
    name = schema["$ref"].removeprefix(REFERENCE) if "$ref" in schema else ""
    definition = definitions()[name] if name else schema
    if isinstance(full, dict) and isinstance(given, dict):
        for field in left_out_when_zero(name) & (full.keys() - given.keys()):
            yield [], field, ZERO[type_of(definition["properties"][field])]
        for key in given.keys() & definition.get("properties", {}).keys():
            for way, field, zero in added_zeros(definition["properties"][key], given[key], full.get(key), path):
                yield [key, *way], field, zero
    elif isinstance(full, list) and isinstance(given, list) and "items" in definition:
        for index, (before, after) in enumerate(zip(given, full, strict=False)):
            for way, field, zero in added_zeros(definition["items"], before, after, path):
                yield [index, *way], field, zero


def cases() -> Iterator[Any]:
    for name, obj in SPARSE.items():
        row = REGISTRY[name]
        schema = {"$ref": REFERENCE + definition_name(row)}
        for way, field, zero in added_zeros(schema, {"metadata": {"name": "x"}} | obj, defaulted(row, obj), name):
            yield pytest.param(row, obj, way, field, zero, id=f"{row.kind}:{'.'.join(map(str, [*way, field]))}")


CASES = list(cases())


def test_there_are_many_such_fields() -> None:
    fields = {case.id.rpartition(".")[2].rpartition(":")[2] for case in CASES}
    assert len(CASES) > 60
    assert {"type", "protocol", "restartPolicy", "imagePullPolicy", "concurrencyPolicy", "policyTypes"} <= fields


@pytest.mark.parametrize(("row", "obj", "way", "field", "zero"), CASES)
def test_zero_is_defaulted_as_absence(row: Resource, obj: Obj, way: list[Any], field: str, zero: Any) -> None:
    written = {"metadata": {"name": "x"}} | clone(obj)
    part: Any = written
    for step in way:
        part = part[step]
    part[field] = zero
    assert defaulted(row, written) == defaulted(row, obj)


def test_zero_behind_a_pointer_was_meant() -> None:
    obj = {"spec": {"replicas": 0, "selector": SELECTOR, "template": TEMPLATE}}
    assert defaulted(REGISTRY["deployments.apps"], obj)["spec"]["replicas"] == 0


def test_reference_to_a_role_has_its_group() -> None:
    obj = {"roleRef": {"apiGroup": "", "kind": "Role", "name": "r"}}
    full = defaulted(REGISTRY["rolebindings.rbac.authorization.k8s.io"], obj)
    assert full["roleRef"]["apiGroup"] == "rbac.authorization.k8s.io"


def test_empty_lists_and_maps_are_left_out() -> None:
    row = REGISTRY["pods"]
    obj: Obj = {"metadata": {"name": "x", "labels": {}, "annotations": {}}, "spec": POD | {"tolerations": []}}
    conform(row, obj)
    assert obj["metadata"] == {"name": "x"}
    assert "tolerations" not in obj["spec"]


EXAMPLES = sorted((Path(__file__).parents[2] / "docs" / "examples").glob("*.yaml"))


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_examples_lose_nothing(path: Path) -> None:
    for obj in yaml.safe_load_all(path.read_text()):
        row = find_by_kind(obj["apiVersion"], obj["kind"])
        assert row is not None
        before = clone(obj)
        conform(row, obj)
        assert obj == before
