"""Small valid objects."""


def config_map(name, namespace="default", **more):
    meta = {"name": name, "namespace": namespace} | more.pop("meta", {})
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta} | more


def pod(name, namespace="default", **spec):
    container = {"name": "c", "image": "registry.k8s.io/pause:3.10"}
    if "resources" in spec:
        container["resources"] = spec.pop("resources")
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": namespace, "labels": {"app": name}},
        "spec": {"containers": [container]} | spec,
    }


def deployment(name, namespace="default", replicas=1):
    labels = {"app": name}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"labels": labels},
                "spec": {"containers": [{"name": "c", "image": "registry.k8s.io/pause:3.10"}]},
            },
        },
    }


def service(name, namespace="default", **spec):
    meta = {"name": name, "namespace": namespace}
    return {"apiVersion": "v1", "kind": "Service", "metadata": meta, "spec": {"ports": [{"port": 80}]} | spec}


def namespace(name):
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
