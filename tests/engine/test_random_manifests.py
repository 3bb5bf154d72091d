"""Whatever valid manifests a user applies, changes and deletes: no loop fails, and the cluster comes to rest.

Hypothesis makes up a handful of objects and what happens to them; the whole cluster lives through it in virtual time. Then
nothing may have failed on an exception, and with nothing left to happen the revision must stand still: a controller that
writes for ever, or two that undo each other, are found here. At last everything is deleted, and nothing stays behind.
"""

import logging

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.kube.errors import ApiError
from core.models import ClusterObject
from tests.engine.test_convergence import writes_since
from tests.world import World

pytestmark = [pytest.mark.search, pytest.mark.django_db(transaction=True)]

NAMES = ("a", "b")
LABELS = st.sampled_from([{"app": "a"}, {"app": "b"}, {"app": "a", "tier": "x"}])
PORT = {"port": 80, "targetPort": 80}
SCRIPTS = (
    "sleep 5",
    "sleep 5; exit 1",
    "exit 1",
    "exit 42",
    "while true; do date; sleep 10; done",
    "touch /ok; sleep 60",
)

RESOURCES = {
    "Pod": ("v1", "pods"),
    "Service": ("v1", "services"),
    "ConfigMap": ("v1", "configmaps"),
    "ReplicationController": ("v1", "replicationcontrollers"),
    "ResourceQuota": ("v1", "resourcequotas"),
    "PersistentVolumeClaim": ("v1", "persistentvolumeclaims"),
    "Deployment": ("apps/v1", "deployments.apps"),
    "ReplicaSet": ("apps/v1", "replicasets.apps"),
    "StatefulSet": ("apps/v1", "statefulsets.apps"),
    "DaemonSet": ("apps/v1", "daemonsets.apps"),
    "Job": ("batch/v1", "jobs.batch"),
    "CronJob": ("batch/v1", "cronjobs.batch"),
    "PodDisruptionBudget": ("policy/v1", "poddisruptionbudgets.policy"),
}


def some(**fields):
    """A dictionary with any of `fields`."""
    return st.fixed_dictionaries({}, optional=fields)


percent_or_number = st.sampled_from([0, 1, 2, "25%", "50%"])
probes = some(
    httpGet=st.just({"port": 80}),
    initialDelaySeconds=st.integers(0, 10),
    periodSeconds=st.integers(1, 20),
    failureThreshold=st.integers(1, 3),
).map(lambda probe: {"exec": {"command": ["cat", "/ok"]}} | probe if "httpGet" not in probe else probe)

containers = st.fixed_dictionaries(
    {
        "name": st.just("c"),
        "image": st.sampled_from(["nginx", "nginx:1.27", "redis", "ngnix", "busybox", "mysql", "me/app:2", "UPPER"]),
    },
    optional={
        "command": st.sampled_from(SCRIPTS).map(lambda script: ["sh", "-c", script]),
        "imagePullPolicy": st.sampled_from(["Always", "Never", "IfNotPresent"]),
        "readinessProbe": probes,
        "livenessProbe": probes.map(lambda probe: probe | {"failureThreshold": 3}),
        "startupProbe": probes,
        "resources": some(
            requests=some(cpu=st.sampled_from(["100m", "2", "9"]), memory=st.sampled_from(["64Mi", "3Gi"])),
        ),
        "ports": st.sampled_from([[{"containerPort": 80}], [{"containerPort": 80, "hostPort": 8080}]]),
        "env": st.just([{"name": "A", "valueFrom": {"configMapKeyRef": {"name": "a", "key": "x"}}}]),
        "lifecycle": st.sampled_from(
            [{"preStop": {"sleep": {"seconds": 3}}}, {"preStop": {"exec": {"command": ["true"]}}}]
        ),
    },
)
init_containers = containers.map(lambda container: {k: container[k] for k in ("image", "command") if k in container})
sidecars = st.booleans().map(lambda is_sidecar: {"restartPolicy": "Always"} if is_sidecar else {})

pod_specs = st.builds(
    lambda container, inits, more: (
        {"containers": [container], **more}
        | (
            {"initContainers": [init | kind | {"name": f"i{n}"} for n, (init, kind) in enumerate(inits)]}
            if inits
            else {}
        )
    ),
    containers,
    st.lists(st.tuples(init_containers, sidecars), max_size=2),
    some(
        terminationGracePeriodSeconds=st.sampled_from([0, 1, 10]),
        activeDeadlineSeconds=st.just(40),
        nodeSelector=st.sampled_from([{"kubernetes.io/hostname": "worker-1"}, {"disk": "ssd"}]),
        volumes=st.sampled_from([[{"name": "v", "configMap": {"name": "b"}}], [{"name": "v", "emptyDir": {}}]]),
        tolerations=st.just([{"operator": "Exists"}]),
        topologySpreadConstraints=st.just(
            [{"maxSkew": 1, "topologyKey": "kubernetes.io/hostname", "whenUnsatisfiable": "DoNotSchedule"}]
        ),
        affinity=LABELS.map(
            lambda labels: {
                "podAntiAffinity": {
                    "requiredDuringSchedulingIgnoredDuringExecution": [
                        {"topologyKey": "kubernetes.io/hostname", "labelSelector": {"matchLabels": labels}}
                    ]
                }
            }
        ),
    ),
)


def workload(**spec):
    """A spec with a selector and a template that it matches."""
    return st.builds(
        lambda labels, pod, more: {
            "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"labels": labels},
                "spec": {k: v for k, v in pod.items() if k != "activeDeadlineSeconds"},
            },
            **more,
        },
        LABELS,
        pod_specs,
        some(**spec),
    )


def ending(pod, policy):
    return {"spec": pod | {"restartPolicy": policy}}


job_specs = st.builds(
    lambda pod, policy, more: {"template": ending(pod, policy), **more},
    pod_specs,
    st.sampled_from(["Never", "OnFailure"]),
    some(
        parallelism=st.integers(0, 3),
        completions=st.integers(1, 4),
        backoffLimit=st.integers(0, 2),
        activeDeadlineSeconds=st.just(60),
        ttlSecondsAfterFinished=st.just(20),
        suspend=st.booleans(),
        completionMode=st.just("Indexed"),
        podReplacementPolicy=st.just("Failed"),
    ),
).map(lambda spec: spec | {"completions": spec.get("completions", 2)} if "completionMode" in spec else spec)

replicas = st.integers(0, 4)
SPECS = {
    "Pod": pod_specs,
    "Service": some(
        type=st.sampled_from(["ClusterIP", "NodePort", "LoadBalancer"]),
        selector=LABELS,
        publishNotReadyAddresses=st.booleans(),
        sessionAffinity=st.just("ClientIP"),
        internalTrafficPolicy=st.just("Local"),
    ).map(lambda spec: spec | {"ports": [PORT]}),
    "ReplicationController": workload(replicas=replicas).map(
        lambda spec: spec | {"selector": spec["selector"]["matchLabels"]}
    ),
    "ResourceQuota": st.just({"hard": {"pods": "6", "count/jobs.batch": "2"}}),
    "PersistentVolumeClaim": st.just({"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}),
    "Deployment": workload(
        replicas=replicas,
        minReadySeconds=st.integers(0, 5),
        paused=st.booleans(),
        progressDeadlineSeconds=st.just(30),
        revisionHistoryLimit=st.integers(0, 2),
        strategy=st.one_of(
            st.just({"type": "Recreate"}),
            st.builds(
                lambda surge, unavailable: {"rollingUpdate": {"maxSurge": surge, "maxUnavailable": unavailable or 1}},
                percent_or_number,
                percent_or_number,
            ),
        ),
    ),
    "ReplicaSet": workload(replicas=replicas, minReadySeconds=st.integers(0, 5)),
    "StatefulSet": workload(
        replicas=replicas,
        podManagementPolicy=st.just("Parallel"),
        minReadySeconds=st.integers(0, 5),
        updateStrategy=st.sampled_from([{"type": "OnDelete"}, {"rollingUpdate": {"partition": 1}}]),
        ordinals=st.just({"start": 2}),
    ),
    "DaemonSet": workload(
        minReadySeconds=st.integers(0, 5),
        updateStrategy=st.sampled_from(
            [
                {"type": "OnDelete"},
                {"rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}},
                {"rollingUpdate": {"maxUnavailable": "50%"}},
            ]
        ),
    ),
    "Job": job_specs,
    "CronJob": st.builds(
        lambda job, more: {"schedule": "*/2 * * * *", "jobTemplate": {"spec": job}, **more},
        job_specs,
        some(concurrencyPolicy=st.sampled_from(["Forbid", "Replace"]), suspend=st.booleans()),
    ),
    "PodDisruptionBudget": st.builds(
        lambda labels, more: {"selector": {"matchLabels": labels}, **more},
        LABELS,
        st.one_of(
            st.fixed_dictionaries({"minAvailable": percent_or_number}),
            st.fixed_dictionaries({"maxUnavailable": percent_or_number}),
        ),
    ),
}


WORKLOADS = ("CronJob", "DaemonSet", "Deployment", "Job", "Pod", "ReplicaSet", "ReplicationController", "StatefulSet")
KINDS = st.sampled_from(sorted([*RESOURCES, *WORKLOADS, *WORKLOADS]))  # what makes pods is the more interesting half


@st.composite
def manifests(draw, kinds=KINDS):
    kind = draw(kinds)
    version, _ = RESOURCES[kind]
    obj = {"apiVersion": version, "kind": kind, "metadata": {"name": draw(st.sampled_from(NAMES)), "namespace": "shop"}}
    if kind == "Pod":
        obj["metadata"]["labels"] = draw(LABELS)
    return obj | ({"data": {"x": "1"}} if kind == "ConfigMap" else {"spec": draw(SPECS[kind])})


policies = st.sampled_from(["Background", "Foreground", "Orphan"])
steps = st.one_of(
    st.tuples(st.just("create"), manifests()),
    st.tuples(st.just("update"), manifests(st.sampled_from(WORKLOADS))),
    st.tuples(st.just("delete"), st.integers(0, 9), policies),
    st.tuples(st.just("kill"), st.integers(0, 9)),
    st.tuples(st.just("taint"), st.sampled_from(["NoSchedule", "NoExecute"])),
    st.tuples(st.just("pass"), st.sampled_from([0.3, 5, 45, 130])),
)
stories = st.builds(
    lambda first, then: [("create", obj) for obj in first] + then,
    st.lists(manifests(), min_size=2, max_size=5),
    st.lists(steps, max_size=8),
)


def live_through(world, story):
    for step in story:
        try:
            take(world, *step)
        except ApiError as error:
            assert error.code < 500, (step, error)
        world.run(0.2)


def take(world, verb, *told):
    if verb == "pass":
        world.run(told[0])
    elif verb == "kill":
        pods = world.all("pods", "shop")
        if pods:
            world.api("delete", "pods", "shop", pods[told[0] % len(pods)]["metadata"]["name"])
    elif verb == "taint":
        world.patch("nodes", "", "worker-2", {"spec": {"taints": [{"key": "x", "effect": told[0]}]}})
    elif verb == "create":
        world.create(RESOURCES[told[0]["kind"]][1], told[0])
    elif verb == "update":
        resource = RESOURCES[told[0]["kind"]][1]
        for obj in world.all(resource, "shop")[:1]:
            changed = {name: value for name, value in told[0]["spec"].items() if name != "selector"}
            world.patch(resource, "shop", obj["metadata"]["name"], {"spec": changed})
    else:
        there = [(resource, obj) for _, resource in RESOURCES.values() for obj in world.all(resource, "shop")]
        for resource, obj in there[told[0] % (len(there) or 1) :][:1]:
            world.api("delete", resource, "shop", obj["metadata"]["name"], options={"propagationPolicy": told[1]})


def contents(world):
    rows = ClusterObject.objects.filter(cluster=world.cluster, namespace="shop").exclude(resource="events")
    return sorted(rows.values_list("resource", "name"))


@settings(
    max_examples=6,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
@given(stories, st.integers(0, 9))
def test_a_cluster_lives_through_any_manifests_and_comes_to_rest(caplog_at_warning, story, seed):
    caplog_at_warning.clear()
    check(story, seed)
    assert not [record.getMessage() for record in caplog_at_warning.records if record.levelno >= logging.ERROR]


def check(story, seed):
    world = World("random", workers=2, seed=seed)
    try:
        world.create("namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}})
        world.run(5)
        live_through(world, story)
        for cron in world.all("cronjobs.batch", "shop"):
            world.patch("cronjobs.batch", "shop", cron["metadata"]["name"], {"spec": {"suspend": True}})
        world.run(1500)  # every back-off has reached its longest pause
        before = world.host.cluster.revision
        world.run(250)
        if not any(map(is_restless, world.all("pods", "shop"))):
            writes = writes_since(world, before)
            assert set(writes.values()) <= {1}, writes  # each node's report every five minutes
        world.api("delete", "namespaces", "", "shop")
        world.run(400)
        assert contents(world) == []
    finally:
        world.cluster.delete()


def is_restless(pod):
    """Whether its kubelet has reason to go on trying."""
    return any(
        each["restartCount"] or each["state"].get("waiting", {}).get("reason") in ("ErrImagePull", "ImagePullBackOff")
        for each in statuses(pod)
    )


def statuses(pod):
    return [*pod["status"].get("containerStatuses", ()), *pod["status"].get("initContainerStatuses", ())]


@pytest.fixture
def caplog_at_warning(caplog):
    caplog.set_level(logging.WARNING)
    return caplog
