"""Endpoints and EndpointSlices: who stands behind a Service."""

import pytest

from core.controllers.endpointslice import RESOURCE, plan_slices
from core.kube.objects import clone, controller_of, labels_of
from tests.controllers.stage import LABELS, deployment, pod, service

pytestmark = pytest.mark.django_db(transaction=True)


def slices(stage, name="web"):
    return [each for each in stage.all(RESOURCE) if labels_of(each).get("kubernetes.io/service-name") == name]


def endpoints_in(stage, name="web"):
    return [endpoint for each in slices(stage, name) for endpoint in each["endpoints"]]


def addresses(stage, field="addresses"):
    subsets = stage.get("endpoints", "default", "web").get("subsets", ())
    return [entry["targetRef"]["name"] for subset in subsets for entry in subset.get(field, ())]


def ready_pod(stage, name, **spec):
    stage.create("pods", pod(name, **spec))
    stage.make_ready([stage.get("pods", "default", name)])


def test_endpoints_follow_readiness(stage):
    stage.create("services", service())
    ready_pod(stage, "a")
    ready_pod(stage, "b")
    stage.run()
    assert sorted(addresses(stage)) == ["a", "b"]
    stage.make_ready([stage.get("pods", "default", "a")], ready=False)
    stage.run()
    assert (addresses(stage), addresses(stage, "notReadyAddresses")) == (["b"], ["a"])
    conditions = {each["targetRef"]["name"]: each["conditions"] for each in endpoints_in(stage)}
    assert conditions == {
        "a": {"ready": False, "serving": False, "terminating": False},
        "b": {"ready": True, "serving": True, "terminating": False},
    }


def test_a_slice_looks_as_the_real_one(stage):
    stage.create("services", service(ports=[{"name": "http", "port": 80}]))
    ready_pod(stage, "a", nodeName="worker-1")
    stage.run()
    (found,) = slices(stage)
    meta = found["metadata"]
    assert meta["name"].startswith("web-")
    assert len(meta["name"]) == len("web-") + 5
    assert meta["generateName"] == "web-"
    assert meta["labels"] == {
        "endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io",
        "kubernetes.io/service-name": "web",
    }
    assert controller_of(found)["kind"] == "Service"
    assert found["addressType"] == "IPv4"
    assert found["ports"] == [{"name": "http", "protocol": "TCP", "port": 80}]
    (endpoint,) = found["endpoints"]
    each = stage.get("pods", "default", "a")
    assert endpoint == {
        "addresses": [each["status"]["podIP"]],
        "conditions": {"ready": True, "serving": True, "terminating": False},
        "targetRef": {"kind": "Pod", "namespace": "default", "name": "a", "uid": each["metadata"]["uid"]},
        "nodeName": "worker-1",
    }


def test_a_pod_that_terminates_still_serves_but_is_not_ready(stage):
    stage.create("services", service())
    ready_pod(stage, "a", nodeName="worker-1")
    stage.run()
    stage.api("delete", "pods", "default", "a")
    stage.run()
    (endpoint,) = endpoints_in(stage)
    assert endpoint["conditions"] == {"ready": False, "serving": True, "terminating": True}
    assert addresses(stage) == []


def test_publish_not_ready_addresses_makes_everything_ready(stage):
    stage.create("services", service(publishNotReadyAddresses=True))
    ready_pod(stage, "a")
    stage.make_ready([stage.get("pods", "default", "a")], ready=False)
    stage.run()
    assert endpoints_in(stage)[0]["conditions"]["ready"] is True
    assert addresses(stage) == ["a"]


def test_a_named_port_is_looked_up_in_each_pod(stage):
    stage.create("services", service(ports=[{"name": "web", "port": 80, "targetPort": "http"}]))
    for name, number in (("a", 8080), ("b", 9090)):
        container = {"name": "c", "image": "nginx:1.27", "ports": [{"name": "http", "containerPort": number}]}
        ready_pod(stage, name, containers=[container])
    stage.run()
    found = {
        each["ports"][0]["port"]: [entry["targetRef"]["name"] for entry in each["endpoints"]] for each in slices(stage)
    }
    assert found == {8080: ["a"], 9090: ["b"]}


def test_a_service_without_pods_has_one_empty_slice(stage):
    stage.create("services", service())
    stage.run()
    assert [each["endpoints"] for each in slices(stage)] == [[]]
    ready_pod(stage, "a")
    stage.run()
    assert [len(each["endpoints"]) for each in slices(stage)] == [1]
    stage.api("delete", "pods", "default", "a")
    stage.run()
    assert [each["endpoints"] for each in slices(stage)] == [[]]


def test_a_service_without_a_selector_is_left_alone(stage):
    stage.create("services", service(selector=None))
    ready_pod(stage, "a")
    stage.run()
    assert slices(stage) == []
    assert [each for each in stage.all("endpoints", "default") if each["metadata"]["name"] == "web"] == []


def test_a_deleted_service_takes_its_endpoints_with_it(stage):
    stage.create("services", service())
    ready_pod(stage, "a")
    stage.run()
    stage.api("delete", "services", "default", "web")
    stage.run()
    assert slices(stage) == []
    assert [each for each in stage.all("endpoints", "default") if each["metadata"]["name"] == "web"] == []


def test_what_somebody_else_broke_is_put_right(stage):
    stage.create("services", service())
    ready_pod(stage, "a")
    stage.run()
    broken = clone(stage.get("endpoints", "default", "web"))
    broken["subsets"] = []
    stage.api("update", "endpoints", "default", "web", broken)
    stage.api("delete", RESOURCE, "default", slices(stage)[0]["metadata"]["name"])
    stage.run()
    assert addresses(stage) == ["a"]
    assert len(endpoints_in(stage)) == 1


def test_a_changed_selector_changes_the_endpoints(stage):
    stage.create("services", service(selector={"app": "other"}))
    ready_pod(stage, "a")
    stage.run()
    assert endpoints_in(stage) == []
    stage.patch("services", "default", "web", {"spec": {"selector": LABELS}})
    stage.run()
    assert len(endpoints_in(stage)) == 1


def test_two_hundred_and_fifty_pods_are_three_slices_and_few_writes(stage):
    stage.create("services", service())
    stage.create("deployments.apps", deployment(replicas=250))
    stage.run()
    stage.make_ready(stage.pods())
    before = stage.get("endpoints", "default", "web")["metadata"]["resourceVersion"]
    driven = stage.run()
    assert sorted(len(each["endpoints"]) for each in slices(stage)) == [50, 100, 100]
    assert len(addresses(stage)) == 250
    assert int(stage.get("endpoints", "default", "web")["metadata"]["resourceVersion"]) > int(before)
    assert driven.writes < 12


def test_one_pod_of_many_rewrites_one_slice(stage):
    stage.create("services", service())
    stage.create("deployments.apps", deployment(replicas=250))
    stage.run()
    stage.make_ready(stage.pods())
    stage.run()
    before = {each["metadata"]["name"]: each["metadata"]["resourceVersion"] for each in slices(stage)}
    stage.make_ready(stage.pods()[:1], ready=False)
    stage.run()
    after = {each["metadata"]["name"]: each["metadata"]["resourceVersion"] for each in slices(stage)}
    assert before.keys() == after.keys()
    assert sum(before[name] != after[name] for name in before) == 1


def endpoint(number):
    return {"targetRef": {"uid": str(number)}}


def a_slice(*numbers):
    return {"endpoints": [endpoint(number) for number in numbers]}


@pytest.mark.parametrize(
    ("existing", "desired", "changed", "new"),
    [
        ([a_slice(1, 2)], [1, 2], [], []),
        ([a_slice(1, 2)], [2, 3], [[2, 3]], []),
        ([a_slice(*range(100))], range(101), [], [[100]]),
        ([a_slice(*range(100)), a_slice(200)], [*range(100), 200, 201], [[200, 201]], []),
        ([a_slice(1), a_slice(2)], [2], [[]], []),
        ([], range(150), [], [list(range(100)), list(range(100, 150))]),
    ],
    ids=["nothing to do", "one went and one came", "full", "the one with room", "one is empty", "all new"],
)
def test_endpoints_stay_in_their_slices(existing, desired, changed, new):
    plan = plan_slices(existing, [endpoint(number) for number in desired])
    assert [[int(each["targetRef"]["uid"]) for each in endpoints] for _, endpoints in plan.changed] == changed
    assert [[int(each["targetRef"]["uid"]) for each in endpoints] for endpoints in plan.new] == new
