"""What a real server answers to objects that break rules, and the updates it lets through."""

import re
from typing import Any

import pytest

from core.kube import formats, schema
from core.kube.defaults import apply_defaults
from core.kube.errors import Invalid
from core.kube.objects import Obj, clone
from core.kube.resources import REGISTRY
from core.kube.validation import Cause, invalid, validate_create, validate_update

SUBDOMAIN, LABEL = formats.SUBDOMAIN, formats.LABEL


def prepared(name: str, obj: Obj) -> Obj:
    result = clone(obj)
    row = REGISTRY[name]
    schema.conform(row, result)
    apply_defaults(row, result)
    return result


def told(name: str, obj: Obj) -> list[str]:
    return list(map(str, validate_create(REGISTRY[name], prepared(name, obj))))


def pod(**spec: Any) -> Obj:
    return {"metadata": {"name": "p"}, "spec": {"containers": [{"name": "c", "image": "i"}], **spec}}


def deployment(**spec: Any) -> Obj:
    template = {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "c", "image": "i"}]}}
    selector = {"matchLabels": {"app": "web"}}
    return {"metadata": {"name": "web"}, "spec": {"selector": selector, "template": template, **spec}}


MANY: Obj = {
    "metadata": {"name": "Bad_Name"},
    "spec": {
        "restartPolicy": "Sometimes",
        "containers": [
            {
                "name": "dup",
                "image": "img",
                "ports": [{"containerPort": 70000, "name": "toolongportname-x", "protocol": "ICMP"}],
                "resources": {"requests": {"cpu": "2", "memory": "2Gi"}, "limits": {"cpu": "1", "memory": "1Gi"}},
            },
            {
                "name": "dup",
                "image": "",
                "env": [{"name": "", "value": "x"}],
                "volumeMounts": [{"name": "nov", "mountPath": "/x"}],
            },
            {"name": "UPPER", "image": "img", "imagePullPolicy": "Maybe", "resources": {"requests": {"cpu": "-1"}}},
        ],
    },
}
MANY_CAUSES = [
    f'metadata.name: Invalid value: "Bad_Name": {SUBDOMAIN}',
    'spec.containers[0].ports[0].name: Invalid value: "toolongportname-x": must be no more than 15 characters',
    "spec.containers[0].ports[0].containerPort: Invalid value: 70000: must be between 1 and 65535, inclusive",
    'spec.containers[0].ports[0].protocol: Unsupported value: "ICMP": supported values: "SCTP", "TCP", "UDP"',
    'spec.containers[0].resources.requests: Invalid value: "2": must be less than or equal to cpu limit of 1',
    'spec.containers[0].resources.requests: Invalid value: "2Gi": must be less than or equal to memory limit of 1Gi',
    "spec.containers[1].image: Required value",
    "spec.containers[1].env[0].name: Required value",
    'spec.containers[1].volumeMounts[0].name: Not found: "nov"',
    'spec.containers[1].name: Duplicate value: "dup"',
    f'spec.containers[2].name: Invalid value: "UPPER": {LABEL}',
    'spec.containers[2].imagePullPolicy: Unsupported value: "Maybe":'
    ' supported values: "Always", "IfNotPresent", "Never"',
    'spec.containers[2].resources.requests[cpu]: Invalid value: "-1": must be greater than or equal to 0',
    'spec.restartPolicy: Unsupported value: "Sometimes": supported values: "Always", "OnFailure", "Never"',
]
MISMATCH = "`selector` does not match template `labels`"
RECORDED = {
    "pod without containers": (
        "pods",
        {"metadata": {"name": "Bad_Name!", "labels": {"a b": "x"}}, "spec": {"containers": []}},
        [
            f'metadata.name: Invalid value: "Bad_Name!": {SUBDOMAIN}',
            f'metadata.labels: Invalid value: "a b": {formats.QUALIFIED}',
            "spec.containers: Required value",
        ],
    ),
    "pod with many faults": ("pods", MANY, MANY_CAUSES),
    "selector of others": (
        "deployments.apps",
        deployment(selector={"matchLabels": {"app": "zz"}}),
        [f'spec.template.metadata.labels: Invalid value: {{"app":"web"}}: {MISMATCH}'],
    ),
    "no selector": (
        "deployments.apps",
        {
            "metadata": {"name": "nosel"},
            "spec": {"replicas": -1, "template": {"spec": {"containers": [{"name": "c", "image": "i"}]}}},
        },
        [
            "spec.replicas: Invalid value: -1: must be greater than or equal to 0",
            "spec.selector: Required value",
            f"spec.template.metadata.labels: Invalid value: null: {MISMATCH}",
        ],
    ),
    "service": (
        "services",
        {"metadata": {"name": "1bad"}, "spec": {"type": "Foo", "ports": [{"port": 0}, {"port": 80, "nodePort": 5}]}},
        [
            "spec.ports[0].name: Required value",
            "spec.ports[0].port: Invalid value: 0: must be between 1 and 65535, inclusive",
            "spec.ports[0].targetPort: Invalid value: 0: must be between 1 and 65535, inclusive",
            "spec.ports[1].name: Required value",
            'spec.type: Unsupported value: "Foo":'
            ' supported values: "ClusterIP", "ExternalName", "LoadBalancer", "NodePort"',
        ],
    ),
    "limit range": (
        "limitranges",
        {
            "metadata": {"name": "lrb"},
            "spec": {"limits": [{"type": "Container", "max": {"cpu": "1"}, "min": {"cpu": "2"}}]},
        },
        [
            'spec.limits[0].min[cpu]: Invalid value: "2": min value 2 is greater than max value 1',
            'spec.limits[0].defaultRequest[cpu]: Invalid value: "1": min value 2 is greater than default request value 1',
            'spec.limits[0].default[cpu]: Invalid value: "2": min value 2 is greater than default value 1',
        ],
    ),
}


@pytest.mark.parametrize(("name", "obj", "causes"), RECORDED.values(), ids=RECORDED.keys())
def test_causes_are_those_a_real_server_told(name: str, obj: Obj, causes: list[str]) -> None:
    assert told(name, obj) == causes


def test_the_answer_is_the_recorded_one() -> None:
    obj = prepared("deployments.apps", deployment(selector={"matchLabels": {"app": "zz"}}))
    error = invalid(REGISTRY["deployments.apps"], "mm", validate_create(REGISTRY["deployments.apps"], obj))
    assert isinstance(error, Invalid)
    assert error.message == (
        'Deployment.apps "mm" is invalid: spec.template.metadata.labels: Invalid value: {"app":"web"}: ' + MISMATCH
    )


GOOD: dict[str, tuple[str, Obj]] = {
    "pod": ("pods", pod()),
    "pod with everything": (
        "pods",
        pod(
            volumes=[{"name": "v", "configMap": {"name": "x"}}, {"name": "e"}],
            initContainers=[
                {"name": "i", "image": "i", "restartPolicy": "Always", "startupProbe": {"tcpSocket": {"port": 1}}}
            ],
            tolerations=[{"operator": "Exists"}, {"key": "a", "effect": "NoExecute", "tolerationSeconds": 5}],
            topologySpreadConstraints=[
                {"maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "DoNotSchedule", "labelSelector": {}}
            ],
            affinity={
                "podAntiAffinity": {
                    "requiredDuringSchedulingIgnoredDuringExecution": [
                        {"topologyKey": "kubernetes.io/hostname", "labelSelector": {"matchLabels": {"a": "b"}}}
                    ]
                }
            },
        ),
    ),
    "deployment": ("deployments.apps", deployment()),
    "statefulset with claims": (
        "statefulsets.apps",
        {
            "metadata": {"name": "db"},
            "spec": {
                "selector": {"matchLabels": {"app": "db"}},
                "template": {
                    "metadata": {"labels": {"app": "db"}},
                    "spec": {
                        "containers": [
                            {"name": "c", "image": "i", "volumeMounts": [{"name": "data", "mountPath": "/data"}]}
                        ]
                    },
                },
                "volumeClaimTemplates": [{"metadata": {"name": "data"}, "spec": {"accessModes": ["ReadWriteOnce"]}}],
            },
        },
    ),
    "cluster role named as the system's": (
        "clusterroles.rbac.authorization.k8s.io",
        {"metadata": {"name": "system:node"}, "rules": [{"verbs": ["get"], "apiGroups": [""], "resources": ["pods"]}]},
    ),
    "headless service": ("services", {"metadata": {"name": "h"}, "spec": {"clusterIP": "None"}}),
    "generated name": ("configmaps", {"metadata": {"generateName": "x-", "name": "x-abc"}}),
}


@pytest.mark.parametrize(("name", "obj"), GOOD.values(), ids=GOOD.keys())
def test_good_objects_have_no_causes(name: str, obj: Obj) -> None:
    assert told(name, obj) == []


BAD: dict[str, tuple[str, Obj, str]] = {
    "no name": ("configmaps", {"metadata": {}}, "metadata.name: Required value: name or generateName is required"),
    "config key": ("configmaps", {"metadata": {"name": "c"}, "data": {"a/b": ""}}, "data[a/b]: Invalid value"),
    "toleration without key": (
        "pods",
        pod(tolerations=[{"value": "x"}]),
        "spec.tolerations[0].operator: Invalid value",
    ),
    "probe without handler": (
        "pods",
        pod(containers=[{"name": "c", "image": "i", "livenessProbe": {}}]),
        "spec.containers[0].livenessProbe: Required value: must specify a handler type",
    ),
    "two sources": (
        "pods",
        pod(volumes=[{"name": "v", "emptyDir": {}, "secret": {"secretName": "s"}}]),
        "spec.volumes[0].secret: Forbidden: may not specify more than 1 volume type",
    ),
    "job that restarts always": (
        "jobs.batch",
        {"metadata": {"name": "j"}, "spec": {"template": {"spec": {"containers": [{"name": "c", "image": "i"}]}}}},
        'spec.template.spec.restartPolicy: Required value: valid values: "OnFailure", "Never"',
    ),
    "schedule": (
        "cronjobs.batch",
        {"metadata": {"name": "c"}, "spec": {"schedule": "* *"}},
        'spec.schedule: Invalid value: "* *": expected exactly 5 fields, found 2: [* *]',
    ),
    "nothing rolls": (
        "deployments.apps",
        deployment(strategy={"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 0, "maxUnavailable": "0%"}}),
        'spec.strategy.rollingUpdate.maxUnavailable: Invalid value: "0%": may not be 0 when `maxSurge` is 0',
    ),
    "deployment of jobs": (
        "deployments.apps",
        deployment(
            template={
                "metadata": {"labels": {"app": "web"}},
                "spec": {"restartPolicy": "Never", "containers": [{"name": "c", "image": "i"}]},
            }
        ),
        'spec.template.spec.restartPolicy: Unsupported value: "Never": supported values: "Always"',
    ),
    "both budgets": (
        "poddisruptionbudgets.policy",
        {"metadata": {"name": "p"}, "spec": {"minAvailable": 1, "maxUnavailable": 1}},
        "minAvailable and maxUnavailable cannot be both set",
    ),
    "role without verbs": (
        "roles.rbac.authorization.k8s.io",
        {"metadata": {"name": "r"}, "rules": [{"apiGroups": [""], "resources": ["pods"]}]},
        "rules[0].verbs: Required value: verbs must contain at least one value",
    ),
    "tls secret": (
        "secrets",
        {"metadata": {"name": "s"}, "type": "kubernetes.io/tls", "data": {"tls.crt": ""}},
        "data[tls.key]: Required value",
    ),
    "two controllers": (
        "configmaps",
        {
            "metadata": {
                "name": "c",
                "ownerReferences": [
                    {"apiVersion": "v1", "kind": "A", "name": n, "uid": n, "controller": True} for n in ("x", "y")
                ],
            }
        },
        "Only one reference can have Controller set to true",
    ),
}


@pytest.mark.parametrize(("name", "obj", "part"), BAD.values(), ids=BAD.keys())
def test_bad_objects_are_told_why(name: str, obj: Obj, part: str) -> None:
    assert part in "; ".join(told(name, obj))


def changed(name: str, old: Obj, change: Any, subresource: str = "") -> list[Cause]:
    before = prepared(name, old)
    after = clone(before)
    change(after)
    return validate_update(REGISTRY[name], after, before, subresource)


@pytest.mark.parametrize(
    ("name", "old", "change", "expected"),
    [
        (
            "configmaps",
            {"metadata": {"name": "immcm"}, "immutable": True, "data": {"a": "1"}},
            lambda obj: obj["data"].update(a="2"),
            "data: Forbidden: field is immutable when `immutable` is set",
        ),
        (
            "deployments.apps",
            deployment(),
            lambda obj: (
                obj["spec"]["selector"].update(matchLabels={"app": "other"}),
                obj["spec"]["template"]["metadata"].update(labels={"app": "other"}),
            ),
            'spec.selector: Invalid value: {"matchLabels":{"app":"other"}}: field is immutable',
        ),
        ("pods", pod(), lambda obj: obj["spec"].update(nodeName="n"), "spec: Forbidden: pod updates may not change"),
        (
            "pods",
            pod(),
            lambda obj: obj["spec"]["containers"].append({"name": "d", "image": "i"}),
            "spec.containers: Forbidden",
        ),
        (
            "clusterrolebindings.rbac.authorization.k8s.io",
            {"metadata": {"name": "b"}, "roleRef": {"kind": "ClusterRole", "name": "a"}},
            lambda obj: obj["roleRef"].update(name="b"),
            "cannot change roleRef",
        ),
    ],
    ids=["frozen config", "selector", "pod's node", "pod's containers", "role of a binding"],
)
def test_what_may_not_change(name: str, old: Obj, change: Any, expected: str) -> None:
    assert expected in "; ".join(map(str, changed(name, old, change)))


@pytest.mark.parametrize(
    "change",
    [
        lambda obj: obj["spec"]["containers"][0].update(image="other"),
        lambda obj: obj["spec"].update(activeDeadlineSeconds=5),
        lambda obj: obj["spec"].update(tolerations=[{"operator": "Exists"}]),
        lambda obj: obj["metadata"].update(labels={"a": "b"}),
        lambda obj: None,
    ],
    ids=["image", "deadline", "toleration added", "label", "nothing"],
)
def test_what_of_a_pod_may_change(change: Any) -> None:
    assert changed("pods", pod(), change) == []


def test_through_a_subresource_only_metadata_counts() -> None:
    assert changed("pods", pod(), lambda obj: obj["spec"].update(nodeName="n"), "binding") == []
    causes = changed("pods", pod(), lambda obj: obj["metadata"].update(labels={"a b": ""}), "status")
    assert [cause.field for cause in causes] == ["metadata.labels"]


@pytest.mark.parametrize("name", sorted(REGISTRY))
def test_rules_survive_the_emptiest_object(name: str) -> None:
    """Conforming objects may lack anything: rules must say so, not fall over."""
    row = REGISTRY[name]
    for obj in ({"metadata": {}}, {"metadata": {"name": "x"}, "spec": {}}):
        told(name, obj)
        ready = prepared(name, obj)
        assert all(re.match(r"[A-Z]", cause.message) for cause in validate_create(row, ready))
