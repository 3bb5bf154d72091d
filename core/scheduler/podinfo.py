"""A pod as the scheduler reads it: everything the plugins ask for, worked out once when the pod is first seen."""

from dataclasses import dataclass
from typing import Any

import orjson

from core.kube.nodeselectors import NodeTerm, node_terms, preferred_node_terms
from core.kube.objects import Obj, key_of, labels_of
from core.kube.pods import containers_of, host_ports
from core.kube.remembering import remembered
from core.scheduler.affinity import PodAffinity, pod_affinity
from core.scheduler.resources import Demand, demand

TEMPLATE_MAX = 16_384  # bytes of JSON of a template that is kept

HostPort = tuple[str, str, int]  # address on the host, protocol, port


@dataclass(slots=True, eq=False)
class PodInfo:
    """`pod` is the newest object; the rest follows from its metadata and spec."""

    pod: Obj
    key: str
    uid: str
    namespace: str
    labels: dict[str, str]
    priority: int
    demand: Demand
    host_ports: tuple[HostPort, ...]
    tolerations: list[dict[str, Any]]
    node_selector: tuple[tuple[str, str], ...]
    node_required: tuple[NodeTerm, ...] | None
    node_preferred: tuple[NodeTerm, ...]
    affinity: PodAffinity | None
    images: tuple[str, ...]
    terminating: bool = False

    @property
    def spec(self) -> Obj:
        spec: Obj = self.pod["spec"]
        return spec

    def __repr__(self) -> str:
        return f"PodInfo({self.key})"


@dataclass(frozen=True, slots=True)
class Template:
    """What follows from the spec alone, shared by the pods of one template."""

    demand: Demand
    host_ports: tuple[HostPort, ...]
    images: tuple[str, ...]


def pod_info(pod: Obj) -> PodInfo:
    meta, spec = pod["metadata"], pod["spec"]
    key = key_of(pod)
    affinity = spec.get("affinity") or {}
    near = affinity.get("nodeAffinity") or {}
    required = near.get("requiredDuringSchedulingIgnoredDuringExecution")
    template = _template(
        orjson.dumps([spec["containers"], spec.get("initContainers"), spec.get("overhead"), spec.get("resources")])
    )
    return PodInfo(
        pod=pod,
        key=str(key),
        uid=meta.get("uid", ""),
        namespace=key.namespace,
        labels=labels_of(pod),
        priority=spec.get("priority") or 0,
        demand=template.demand,
        host_ports=template.host_ports,
        tolerations=spec.get("tolerations") or [],
        node_selector=tuple((spec.get("nodeSelector") or {}).items()),
        node_required=None if required is None else node_terms(required["nodeSelectorTerms"]),
        node_preferred=preferred_node_terms(near.get("preferredDuringSchedulingIgnoredDuringExecution") or ()),
        affinity=pod_affinity(key.namespace, affinity),
        images=template.images,
        terminating="deletionTimestamp" in meta,
    )


@remembered(1024, TEMPLATE_MAX)
def _template(text: bytes) -> Template:
    containers, init_containers, overhead, resources = orjson.loads(text)
    spec = {"containers": containers, "initContainers": init_containers, "overhead": overhead, "resources": resources}
    return Template(demand(spec), tuple(host_ports(spec)), tuple(each["image"] for each in containers_of(spec)))
