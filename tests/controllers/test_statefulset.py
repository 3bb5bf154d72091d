"""StatefulSets on a whole cluster: names that stay, one after the other, from one template to the next."""

import pytest

from core.controllers.ordinals import ordinal_of
from core.kube.objects import is_deleting, is_true
from tests.controllers.stage import template
from tests.world import World

pytestmark = pytest.mark.django_db(transaction=True)

SETS = "statefulsets.apps"
CLAIM = {
    "metadata": {"name": "data"},
    "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
}


def stateful_set(replicas=3, **spec):
    return {
        "apiVersion": "apps/v1",
        "kind": "StatefulSet",
        "metadata": {"name": "web", "namespace": "default"},
        "spec": {
            "replicas": replicas,
            "serviceName": "nginx",
            "selector": {"matchLabels": {"app": "web"}},
            "template": template(),
            **spec,
        },
    }


@pytest.fixture
def world():
    """Slow enough to see the steps."""
    world = World(workers=2, profile="classroom")
    world.run(5)
    return world


def pods(world):
    return {pod["metadata"]["name"]: pod for pod in world.all("pods") if not is_deleting(pod)}


def images(world):
    return {name[-1]: pod["spec"]["containers"][0]["image"][-4:] for name, pod in sorted(pods(world).items())}


def status(world):
    return world.get(SETS, "default", "web")["status"]


def change(world, **spec):
    world.patch(SETS, "default", "web", {"spec": spec})


def test_pods_come_one_after_the_other_each_when_the_one_before_is_ready(world):
    world.create(SETS, stateful_set())
    seen = []
    for _ in range(80):
        world.run(0.5)
        found = pods(world)
        if len(found) > len(seen):
            assert all(is_true(found[name], "Ready") for name in seen)
            seen = sorted(found)
    assert seen == ["web-0", "web-1", "web-2"]
    found = status(world)
    assert (found["replicas"], found["readyReplicas"], found["updatedReplicas"], found["currentReplicas"]) == (3,) * 4
    assert found["currentRevision"] == found["updateRevision"]


def test_a_pod_carries_its_identity(world):
    world.create(SETS, stateful_set(1))
    world.run(20)
    pod = pods(world)["web-0"]
    assert (pod["spec"]["hostname"], pod["spec"]["subdomain"]) == ("web-0", "nginx")
    labels = pod["metadata"]["labels"]
    assert labels["statefulset.kubernetes.io/pod-name"] == "web-0"
    assert labels["apps.kubernetes.io/pod-index"] == "0"
    assert labels["controller-revision-hash"] == status(world)["currentRevision"]


def test_in_parallel_all_come_at_once(world):
    world.create(SETS, stateful_set(podManagementPolicy="Parallel"))
    world.run(0.5)
    assert sorted(pods(world)) == ["web-0", "web-1", "web-2"]


def test_a_lost_pod_comes_back_under_its_name(world):
    world.create(SETS, stateful_set())
    world.run(40)
    before = pods(world)["web-1"]["metadata"]["uid"]
    world.api("delete", "pods", "default", "web-1")
    world.run(60)
    assert sorted(pods(world)) == ["web-0", "web-1", "web-2"]
    assert pods(world)["web-1"]["metadata"]["uid"] != before


def test_scaling_down_takes_the_last_first(world):
    world.create(SETS, stateful_set())
    world.run(40)
    change(world, replicas=1)
    world.run(0.3)
    assert sorted(pods(world)) == ["web-0", "web-1"]
    world.run(100)
    assert sorted(pods(world)) == ["web-0"]


def test_a_new_template_goes_from_the_highest_ordinal_down(world):
    world.create(SETS, stateful_set())
    world.run(40)
    change(world, template=template("nginx:1.28"))
    seen = []
    for _ in range(400):
        world.run(0.5)
        fresh = [name for name, image in images(world).items() if image == "1.28"]
        if fresh and fresh not in seen:
            seen.append(fresh)
    assert seen == [["2"], ["1", "2"], ["0", "1", "2"]]
    found = status(world)
    assert found["currentRevision"] == found["updateRevision"]
    assert found["currentReplicas"] == 3


def test_below_the_partition_the_old_template_stays_even_for_a_lost_pod(world):
    strategy = {"type": "RollingUpdate", "rollingUpdate": {"partition": 2}}
    world.create(SETS, stateful_set(updateStrategy=strategy))
    world.run(40)
    change(world, template=template("nginx:1.28"))
    world.run(60)
    assert images(world) == {"0": "1.27", "1": "1.27", "2": "1.28"}
    world.api("delete", "pods", "default", "web-0")
    world.run(60)
    assert images(world) == {"0": "1.27", "1": "1.27", "2": "1.28"}
    assert status(world)["updatedReplicas"] == 1


def test_on_delete_waits_for_somebody_to_delete(world):
    world.create(SETS, stateful_set(2, updateStrategy={"type": "OnDelete"}))
    world.run(40)
    change(world, template=template("nginx:1.28"))
    world.run(40)
    assert images(world) == {"0": "1.27", "1": "1.27"}
    world.api("delete", "pods", "default", "web-0")
    world.run(60)
    assert images(world) == {"0": "1.28", "1": "1.27"}


def test_ordinals_may_start_elsewhere(world):
    world.create(SETS, stateful_set(2, ordinals={"start": 5}))
    world.run(40)
    assert sorted(pods(world)) == ["web-5", "web-6"]


def test_each_pod_gets_claims_that_outlive_it(world):
    world.create(SETS, stateful_set(1, volumeClaimTemplates=[CLAIM]))
    world.run(5)
    assert [claim["metadata"]["name"] for claim in world.all("persistentvolumeclaims")] == ["data-web-0"]
    volumes = pods(world)["web-0"]["spec"]["volumes"]
    assert {"name": "data", "persistentVolumeClaim": {"claimName": "data-web-0"}} in volumes
    change(world, replicas=0)
    world.run(40)
    assert pods(world) == {}
    assert len(world.all("persistentvolumeclaims")) == 1


def test_claims_may_go_with_the_set(world):
    retention = {"whenDeleted": "Delete", "whenScaled": "Retain"}
    world.create(SETS, stateful_set(1, volumeClaimTemplates=[CLAIM], persistentVolumeClaimRetentionPolicy=retention))
    world.run(5)
    world.api("delete", SETS, "default", "web")
    world.run(60)
    assert world.all("pods") == world.all("persistentvolumeclaims") == world.all("controllerrevisions.apps") == []


@pytest.mark.parametrize(
    ("name", "expected"),
    [("web-0", 0), ("web-12", 12), ("web-x", None), ("other-1", None), ("web-web-1", None), ("web-", None)],
)
def test_an_ordinal_is_read_from_a_name(name, expected):
    owner = {"metadata": {"name": "web"}}
    assert ordinal_of(owner, {"metadata": {"name": name}}) == expected
