"""The demo cluster: what a visitor sees first."""

from core.engine import clusters
from core.engine.servers import server_of
from core.kube.errors import ApiError
from core.kube.objects import Obj
from core.kube.requests import Request
from core.models import Cluster


def make_demo(name: str = "demo") -> Cluster:
    """A cluster of 3 members and 3 workers with a web Deployment of 4 and its Service. Raises BadCluster, ApiError."""
    cluster = clusters.create(name, members=3, workers=3, profile="classroom", seed=1)
    requests = [
        Request("create", resource, "default", body=obj, user=clusters.ADMIN)
        for resource, obj in (("deployments.apps", deployment()), ("services", service()))
    ]
    for answer in server_of(cluster.pk).execute(requests):
        if isinstance(answer, ApiError):
            raise answer
    return cluster


def deployment() -> Obj:
    labels = {"app": "web"}
    container = {
        "name": "nginx",
        "image": "nginx:1.27",
        "ports": [{"containerPort": 80}],
        "resources": {"requests": {"cpu": "100m", "memory": "64Mi"}},
        "readinessProbe": {"httpGet": {"path": "/", "port": 80}},
    }
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web", "namespace": "default", "labels": labels},
        "spec": {
            "replicas": 4,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}},
        },
    }


def service() -> Obj:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "web", "namespace": "default", "labels": {"app": "web"}},
        "spec": {"selector": {"app": "web"}, "ports": [{"port": 80, "targetPort": 80}]},
    }
