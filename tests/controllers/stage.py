"""A cluster on which only the controllers act: the test plays the kubelets, by writing pods' status as they would."""

from core.controllers import REGISTRY
from core.engine import roles
from core.kube.objects import clone, is_deleting, is_true, labels_of
from core.kube.requests import Request
from core.kube.times import timestamp
from tests.world import World

LABELS = {"app": "web"}


def make_stage(monkeypatch, only=None):
    """A World without nodes whose controller manager runs the controllers `only` (default: all).

    It does not renew its Lease: then a cluster in which nothing changes writes nothing.
    """
    wanted = only if only is not None else REGISTRY.keys() - {"leader-election"}
    loops = tuple(loop for name, loop in REGISTRY.items() if name in wanted)
    monkeypatch.setitem(roles.LOOPS, "controller-manager", (roles.CONTROL_PLANE, loops))
    monkeypatch.setitem(roles.LOOPS, "scheduler", (roles.CONTROL_PLANE, ()))
    stage = Stage(workers=0)
    stage.run()
    return stage


class Stage(World):
    """`settle` runs controllers and the played kubelets in turn until nothing moves."""

    def pods(self, **labels):
        return [pod for pod in self.all("pods") if labels.items() <= labels_of(pod).items()]

    def active(self, **labels):
        return [pod for pod in self.pods(**labels) if not is_deleting(pod)]

    def make_ready(self, pods, ready=True, phase="Running"):
        requests = []
        for pod in pods:
            fresh = clone(pod)
            fresh["status"] = running_status(pod, self.now, ready, phase)
            meta = pod["metadata"]
            requests.append(
                Request("update", "pods", meta["namespace"], meta["name"], "status", fresh, user=self.admin)
            )
        answers = self.host.transport.execute(requests)
        for answer in answers:
            assert isinstance(answer, dict), answer

    def settle(self, *, ready=True, rounds=60):
        """Let controllers work; pods that are not ready become so, and deleted ones go."""
        for _ in range(rounds):
            self.run(1)
            waiting = [pod for pod in self.all("pods") if not is_true(pod, "Ready") and not is_deleting(pod)]
            waiting = [pod for pod in waiting if pod["status"].get("phase") not in ("Succeeded", "Failed")]
            going = [pod for pod in self.all("pods") if is_deleting(pod)]
            if (not waiting or not ready) and not going:
                return
            if ready:
                self.make_ready(waiting)
            self.bury(going)
        raise AssertionError("the cluster does not come to rest")

    def bind(self, pods, node="worker-1"):
        """Play the scheduler: pods on a node are not removed by whoever deletes them."""
        for pod in pods:
            meta = pod["metadata"]
            binding = {
                "apiVersion": "v1",
                "kind": "Binding",
                "metadata": {"name": meta["name"], "namespace": meta["namespace"]},
                "target": {"kind": "Node", "name": node},
            }
            self.api("create", "pods", meta["namespace"], meta["name"], binding, subresource="binding")

    def bury(self, pods):
        for pod in pods:
            meta = pod["metadata"]
            self.api("delete", "pods", meta["namespace"], meta["name"], options={"gracePeriodSeconds": 0})

    @property
    def admin(self):
        from core.engine.clusters import ADMIN

        return ADMIN

    def events_of(self, kind, reason=None):
        return [
            event["message"]
            for event in self.all("events")
            if event["involvedObject"]["kind"] == kind and (reason is None or event["reason"] == reason)
        ]

    def condition(self, resource, name, kind, namespace="default"):
        status = self.get(resource, namespace, name).get("status", {})
        return next((entry for entry in status.get("conditions", ()) if entry["type"] == kind), None)


def running_status(pod, now, ready, phase):
    number = int(pod["metadata"]["resourceVersion"])
    value = "True" if ready else "False"
    return pod["status"] | {
        "phase": phase,
        "podIP": f"10.244.{number // 250 % 250}.{number % 250 + 1}",
        "conditions": [{"type": "Ready", "status": value, "lastTransitionTime": timestamp(now)}],
    }


def template(image="nginx:1.27", labels=LABELS, **spec):
    containers = [{"name": "nginx", "image": image, "ports": [{"name": "http", "containerPort": 80}]}]
    return {"metadata": {"labels": labels}, "spec": {"containers": containers, **spec}}


def replica_set(name="web", replicas=3, labels=LABELS, **spec):
    return {
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "metadata": {"name": name, "namespace": "default"},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": labels},
            "template": template(labels=labels),
            **spec,
        },
    }


def deployment(name="web", replicas=3, image="nginx:1.27", labels=LABELS, **spec):
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": "default"},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": labels},
            "template": template(image, labels),
            "progressDeadlineSeconds": 600,
            "revisionHistoryLimit": 10,
            **spec,
        },
    }


def service(name="web", selector=LABELS, ports=({"port": 80},), **spec):
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name, "namespace": "default"},
        "spec": {"selector": selector, "ports": list(ports), **spec},
    }


def pod(name="lone", labels=LABELS, **spec):
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": "default", "labels": labels},
        "spec": {"containers": [{"name": "nginx", "image": "nginx:1.27"}], **spec},
    }
