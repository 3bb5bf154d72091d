"""Everything the inspector can open: a word in the address → the function that answers."""

from collections.abc import Callable

from core.dashboard.inspect import containers, control, etcd, lists, nodes, objects, packets, pods, services, workers
from core.dashboard.inspect.view import Panel, View

KINDS: dict[str, Callable[[View, str], Panel]] = {
    "member": etcd.member,
    "apiserver": control.apiserver,
    "controllers": control.controllers,
    "controller": control.controller,
    "scheduler": control.scheduler,
    "node": nodes.node,
    "component": nodes.component,
    "pod": pods.pod,
    "container": containers.container,
    "service": services.service,
    "packet": packets.packet,
    "object": objects.anything,
    "workloads": lists.workloads,
    "services": lists.services,
    "workers": workers.workers,
}
