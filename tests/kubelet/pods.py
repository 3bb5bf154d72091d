"""Builders: a valid pod already bound to a node, in one line, and the events and statuses to look at."""

from typing import Any

from core.kube.objects import Obj
from tests.world import World


def make_pod(
    name: str = "web",
    *,
    image: str = "nginx:1.27",
    node: str = "worker-1",
    command: list[str] | None = None,
    annotations: dict[str, str] | None = None,
    inits: list[Obj] | None = None,
    spec: Obj | None = None,
    **container: Any,
) -> Obj:
    """A pod with one container `c`; further keywords go into the container, `spec` into the pod's spec."""
    meta: Obj = {"name": name, "namespace": "default"}
    if annotations:
        meta["annotations"] = annotations
    main: Obj = {"name": "c", "image": image, **container}
    if command:
        main["command"] = command
    body: Obj = {"nodeName": node, "containers": [main], **(spec or {})}
    if inits:
        body["initContainers"] = inits
    return {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": body}


def sh(script: str) -> list[str]:
    return ["sh", "-c", script]


def status(world: World, name: str = "web") -> Obj:
    found: Obj = world.get("pods", "default", name)["status"]
    return found


def container(world: World, name: str = "web", index: int = 0) -> Obj:
    found: Obj = status(world, name)["containerStatuses"][index]
    return found


def ready(world: World, name: str = "web") -> bool:
    return any(c["type"] == "Ready" and c["status"] == "True" for c in status(world, name)["conditions"])


def events(world: World, name: str = "web") -> list[str]:
    """Reasons of the kubelet's events about the pod, in order, repeated by count."""
    found = [
        event
        for event in world.all("events")
        if event["involvedObject"]["name"] == name and event["source"].get("component") == "kubelet"
    ]
    return [event["reason"] for event in found for _ in range(event["count"])]


def messages(world: World, name: str = "web") -> list[str]:
    return [event["message"] for event in world.all("events") if event["involvedObject"]["name"] == name]
