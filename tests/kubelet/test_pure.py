"""Tables: demand, quality of service, admission, environment, back-off."""

import pytest

from core.kube.pods import requests_of
from core.kube.quantities import count
from core.kubelet.admission import Occupancy, admit
from core.kubelet.backoff import next_backoff, pull_delay, restart_delay, spoken
from core.kubelet.environment import ConfigError, environment, expand, service_variables
from core.kubelet.status import OURS, pod_status
from core.kubelet.volumes import missing_volume


@pytest.mark.parametrize(
    ("resource", "text", "value"),
    [
        ("cpu", "100m", 100),
        ("cpu", "2", 2000),
        ("cpu", "0.5", 500),
        ("memory", "64Mi", 64 << 20),
        ("memory", "1G", 10**9),
        ("memory", "1e3", 1000),
        ("pods", "110", 110),
    ],
)
def test_count(resource: str, text: str, value: int) -> None:
    assert count(resource, text) == value


def pod(*containers: dict, inits: tuple = (), **spec) -> dict:
    return {
        "metadata": {"name": "p", "namespace": "default", "uid": "u", "labels": {"app": "x"}},
        "spec": {"containers": list(containers) or [{"name": "c"}], "initContainers": list(inits), **spec},
    }


def asks(cpu: str, limit: str | None = None, **more) -> dict:
    limits = {"limits": {"cpu": limit, "memory": "1Gi"}} if limit else {}
    return {"name": "c", "resources": {"requests": {"cpu": cpu, "memory": "1Gi"}, **limits}, **more}


def test_largest_init_container_counts_when_it_asks_for_more() -> None:
    assert requests_of(pod(asks("1"), asks("1"), inits=(asks("3"),)))["cpu"] == 3000


def test_sidecar_counts_with_the_containers_and_beside_later_init_containers() -> None:
    sidecar = asks("500m", restartPolicy="Always")
    assert requests_of(pod(asks("1"), inits=(sidecar,)))["cpu"] == 1500
    assert requests_of(pod(asks("1"), inits=(sidecar, asks("2"))))["cpu"] == 2500


def test_what_is_held_counts_until_it_is_released() -> None:
    held = Occupancy()
    big = pod(asks("3"))
    room = {"cpu": "4", "memory": "8Gi", "pods": "110"}
    assert admit(big, None, room, held) is None
    held.take(big)
    rejection = admit(pod(asks("2")), None, room, held)
    assert rejection
    assert rejection.reason == "OutOfcpu"
    held.release("u")
    assert admit(pod(asks("2")), None, room, held) is None


def test_taint_that_is_not_tolerated_keeps_a_pod_off() -> None:
    taints = [{"key": "k", "value": "v", "effect": "NoExecute"}]
    node = {"metadata": {"labels": {}}, "spec": {"taints": taints}}
    room = {"cpu": "4", "memory": "8Gi", "pods": "110"}
    rejection = admit(pod(asks("1")), node, room, Occupancy())
    assert rejection
    assert rejection.reason == "TaintToleration"
    assert admit(pod(asks("1"), tolerations=[{"operator": "Exists"}]), node, room, Occupancy()) is None


@pytest.mark.parametrize(
    ("text", "expanded"),
    [("$(A)-$(B)", "1-$(B)"), ("$$(A)", "$(A)"), ("plain", "plain"), ("$A", "$A"), ("$(A)$(A)", "11")],
)
def test_expansion(text: str, expanded: str) -> None:
    assert expand(text, {"A": "1"}) == expanded


def test_environment_is_gathered_in_order() -> None:
    objects = {
        ("configmaps", "cm"): {"data": {"level": "3"}},
        ("secrets", "s"): {"data": {"password": "c2VjcmV0"}},
    }
    container = {
        "name": "c",
        "resources": {"limits": {"memory": "64Mi"}},
        "envFrom": [{"configMapRef": {"name": "cm"}, "prefix": "X_"}],
        "env": [
            {"name": "P", "valueFrom": {"secretKeyRef": {"name": "s", "key": "password"}}},
            {"name": "Q", "value": "$(P)/$(X_level)"},
            {"name": "NODE", "valueFrom": {"fieldRef": {"fieldPath": "spec.nodeName"}}},
            {"name": "APP", "valueFrom": {"fieldRef": {"fieldPath": "metadata.labels['app']"}}},
            {"name": "IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}},
            {"name": "M", "valueFrom": {"resourceFieldRef": {"resource": "limits.memory", "divisor": "1Mi"}}},
        ],
    }
    found = environment(pod(container, nodeName="n"), container, lambda *key: objects.get(key), ip="10.0.0.1")
    assert found == {
        "HOSTNAME": "p",
        "X_level": "3",
        "P": "secret",
        "Q": "secret/3",
        "NODE": "n",
        "APP": "x",
        "IP": "10.0.0.1",
        "M": "64",
    }


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        ({"configMapKeyRef": {"name": "no", "key": "k"}}, 'configmap "no" not found'),
        ({"secretKeyRef": {"name": "s", "key": "k"}}, "couldn't find key k in Secret default/s"),
    ],
)
def test_missing_reference_is_an_error_unless_optional(reference: dict, message: str) -> None:
    objects = {("secrets", "s"): {"data": {}}}
    container = {"name": "c", "env": [{"name": "X", "valueFrom": reference}]}
    with pytest.raises(ConfigError) as failure:
        environment(pod(container), container, lambda *key: objects.get(key))
    assert str(failure.value) == message
    for source in reference.values():
        source["optional"] = True
    assert "X" not in environment(pod(container), container, lambda *key: objects.get(key))


def test_service_variables() -> None:
    service = {
        "metadata": {"name": "redis-master"},
        "spec": {"clusterIP": "10.0.0.11", "ports": [{"port": 6379, "name": "tcp"}]},
    }
    found = service_variables([service, {"metadata": {"name": "h"}, "spec": {"clusterIP": "None"}}])
    assert found["REDIS_MASTER_SERVICE_HOST"] == "10.0.0.11"
    assert found["REDIS_MASTER_SERVICE_PORT_TCP"] == "6379"
    assert found["REDIS_MASTER_PORT_6379_TCP_ADDR"] == "10.0.0.11"
    assert found["REDIS_MASTER_PORT"] == "tcp://10.0.0.11:6379"


def test_back_off_doubles_to_five_minutes() -> None:
    steps, value = [], 0.0
    for _ in range(8):
        value = next_backoff(value, 0, 1)
        steps.append(value)
    assert steps == [10, 20, 40, 80, 160, 300, 300, 300]
    assert restart_delay(300, 0, 601) == 0
    assert next_backoff(300, 0, 601) == 10
    assert [pull_delay(number) for number in (1, 2, 3, 9)] == [10, 20, 40, 300]
    assert [spoken(seconds) for seconds in (10, 80, 300)] == ["10s", "1m20s", "5m0s"]


@pytest.mark.parametrize(
    ("volume", "why"),
    [
        ({"secret": {"secretName": "pass"}}, 'secret "pass" not found'),
        ({"secret": {"secretName": "pass", "optional": True}}, ""),
        (
            {"secret": {"secretName": "there", "items": [{"key": "y", "path": "y"}]}},
            "references non-existent secret key: y",
        ),
        ({"projected": {"sources": [{"secret": {"name": "there"}}]}}, ""),
        (
            {"projected": {"sources": [{"secret": {"name": "pass"}}, {"configMap": {"name": "levels"}}]}},
            '[secret "pass" not found, configmap "levels" not found]',
        ),
        ({"emptyDir": {}}, ""),
    ],
    ids=str,
)
def test_a_volume_that_cannot_be_mounted_says_why(volume: dict, why: str) -> None:
    there = {("secrets", "there"): {"data": {"x": ""}}}
    pod = {"spec": {"volumes": [{"name": "v", **volume}]}}
    told = missing_volume(pod, lambda resource, name: there.get((resource, name)))
    assert told == (f'MountVolume.SetUp failed for volume "v" : {why}' if why else "")


BURSTABLE = {"requests": {"cpu": "50m", "memory": "32Mi"}}


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        pytest.param([], {}, id="nothing"),
        pytest.param([BURSTABLE], BURSTABLE, id="one container"),
        pytest.param([BURSTABLE, BURSTABLE], {"requests": {"cpu": "100m", "memory": "64Mi"}}, id="together"),
        pytest.param(
            [{"limits": {"cpu": "1"}, "requests": {"cpu": "1"}}],
            {"limits": {"cpu": "1"}, "requests": {"cpu": "1"}},
            id="limits",
        ),
    ],
)
def test_what_is_set_aside_for_a_pod(asked: list[dict], told: dict) -> None:
    wanted = pod(*({"name": f"c{number}", "resources": resources} for number, resources in enumerate(asked)))
    status = pod_status(wanted, [], 0.0, ip="", host_ip="172.18.0.2", sandbox_ready=True)
    assert status.get("resources", {}) == told
    assert status.get("allocatedResources", {}) == told.get("requests", {})


def test_conditions_of_others_stand_first() -> None:
    theirs = {"type": "example.com/x", "status": "True", "lastProbeTime": None, "lastTransitionTime": None}
    before = pod() | {
        "status": {"conditions": [{"type": "PodScheduled", "status": "True", "lastTransitionTime": None}, theirs]}
    }
    conditions = pod_status(before, [], 0.0, ip="", host_ip="172.18.0.2", sandbox_ready=True)["conditions"]
    assert conditions[0] == theirs
    assert [condition["type"] for condition in conditions[1:]] == list(OURS)
