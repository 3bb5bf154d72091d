"""Disruption budgets: how many pods may go, and what an eviction takes from them."""

import pytest

from core.kube.errors import TooManyRequests
from tests.controllers.stage import LABELS, deployment, pod

pytestmark = pytest.mark.django_db(transaction=True)

BUDGETS = "poddisruptionbudgets.policy"


def make_budget(stage, **spec):
    body = {"selector": {"matchLabels": LABELS}, **spec}
    meta = {"name": "web", "namespace": "default"}
    stage.create(BUDGETS, {"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": meta, "spec": body})
    stage.run(1)


def status(stage):
    return stage.get(BUDGETS, "default", "web")["status"]


def numbers(stage):
    names = ("expectedPods", "currentHealthy", "desiredHealthy", "disruptionsAllowed")
    return [status(stage)[name] for name in names]


def evict(stage, name):
    body = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": name, "namespace": "default"}}
    stage.api("create", "pods", "default", name, body, subresource="eviction")


@pytest.mark.parametrize(
    ("spec", "told"),
    [
        ({"minAvailable": 3}, [4, 4, 3, 1]),
        ({"minAvailable": "50%"}, [4, 4, 2, 2]),
        ({"minAvailable": "30%"}, [4, 4, 2, 2]),
        ({"maxUnavailable": 1}, [4, 4, 3, 1]),
        ({"maxUnavailable": "30%"}, [4, 4, 2, 2]),
        ({"maxUnavailable": 0}, [4, 4, 4, 0]),
        ({"minAvailable": 9}, [4, 4, 9, 0]),
    ],
    ids=str,
)
def test_a_budget_says_how_many_pods_may_go(stage, spec, told):
    stage.create("deployments.apps", deployment(replicas=4))
    stage.settle()
    make_budget(stage, **spec)
    assert numbers(stage) == told
    found = stage.condition(BUDGETS, "web", "DisruptionAllowed")
    assert (found["status"], found["reason"]) == (
        ("True", "SufficientPods") if told[-1] else ("False", "InsufficientPods")
    )


def test_a_budget_follows_its_pods(stage):
    stage.create("deployments.apps", deployment(replicas=3))
    stage.settle(ready=False)
    make_budget(stage, minAvailable=2)
    assert numbers(stage) == [3, 0, 2, 0]
    stage.settle()
    stage.run(1)
    assert numbers(stage) == [3, 3, 2, 1]
    stage.make_ready(stage.pods()[:1], ready=False)
    stage.run(1)
    assert numbers(stage) == [3, 2, 2, 0]


def test_a_drain_goes_on_as_replacements_become_ready(stage):
    stage.create("deployments.apps", deployment(replicas=3))
    stage.settle()
    make_budget(stage, minAvailable=2)
    stage.bind(stage.pods())
    first, second, _ = sorted(each["metadata"]["name"] for each in stage.pods())
    evict(stage, first)
    with pytest.raises(TooManyRequests):
        evict(stage, second)
    stage.settle()
    stage.run(1)
    assert "disruptedPods" not in status(stage)
    evict(stage, second)


def test_an_eviction_whose_pod_stays_is_forgotten_after_two_minutes(stage):
    stage.create("deployments.apps", deployment(replicas=3))
    stage.settle()
    make_budget(stage, minAvailable=1)
    budget = stage.get(BUDGETS, "default", "web")
    name = stage.pods()[0]["metadata"]["name"]
    charged = budget["status"] | {"disruptionsAllowed": 1, "disruptedPods": {name: "2026-01-01T00:00:00Z"}}
    stage.api("update", BUDGETS, "default", "web", budget | {"status": charged}, subresource="status")
    stage.run(1)
    assert numbers(stage) == [3, 2, 1, 1]
    stage.run(130)
    assert numbers(stage) == [3, 3, 1, 2]
    assert stage.events_of("Pod", "NotDeleted") == ["Pod was expected by PDB default/web to be deleted but it wasn't"]


def test_a_share_of_pods_that_nobody_scales_cannot_be_told(stage):
    stage.create("pods", pod())
    make_budget(stage, maxUnavailable=1)
    assert status(stage)["disruptionsAllowed"] == 0
    assert stage.condition(BUDGETS, "web", "DisruptionAllowed")["reason"] == "SyncFailed"
    (told,) = stage.events_of("PodDisruptionBudget", "CalculateExpectedPodCountFailed")
    assert told == 'Failed to calculate the number of expected pods: found no controller ref for pod "lone"'


def test_a_budget_without_pods_says_so(stage):
    make_budget(stage, minAvailable=1)
    assert numbers(stage) == [0, 0, 1, 0]
    assert stage.events_of("PodDisruptionBudget", "NoPods") == ["No matching pods found"]
