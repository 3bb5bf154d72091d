"""Builders of valid objects that keep a test row on one line: `make_pod("web").asks(cpu="1").on("worker-1").obj()`."""

from typing import Any

from core.kube.objects import Obj

DEFAULT_TOLERATIONS = [
    {"key": f"node.kubernetes.io/{key}", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300}
    for key in ("not-ready", "unreachable")
]


class Builder:
    """Holds the object; each method changes it and answers the builder."""

    def __init__(self, obj: Obj) -> None:
        self._obj = obj

    def obj(self) -> Obj:
        return self._obj

    @property
    def spec(self) -> Obj:
        return self._obj.setdefault("spec", {})

    @property
    def status(self) -> Obj:
        return self._obj.setdefault("status", {})

    def label(self, key: str, value: str = "") -> "Any":
        self._obj["metadata"].setdefault("labels", {})[key] = value
        return self

    def labels(self, labels: dict[str, str]) -> "Any":
        self._obj["metadata"].setdefault("labels", {}).update(labels)
        return self

    def annotation(self, key: str, value: str) -> "Any":
        self._obj["metadata"].setdefault("annotations", {})[key] = value
        return self

    def uid(self, uid: str) -> "Any":
        self._obj["metadata"]["uid"] = uid
        return self

    def owned_by(self, owner: Obj) -> "Any":
        reference = {"apiVersion": owner["apiVersion"], "kind": owner["kind"], "name": owner["metadata"]["name"]}
        reference |= {"uid": owner["metadata"]["uid"], "controller": True, "blockOwnerDeletion": True}
        self._obj["metadata"].setdefault("ownerReferences", []).append(reference)
        return self


class PodBuilder(Builder):
    @property
    def container(self) -> Obj:
        return self.spec["containers"][0]

    def on(self, node: str) -> "PodBuilder":
        self.spec["nodeName"] = node
        return self

    def asks(self, **requests: str) -> "PodBuilder":
        """`asks(cpu="1", memory="1Gi")`; a second call is a second container. Dashes as underscores."""
        named = {name.replace("_", "-"): value for name, value in requests.items()}
        if "resources" in self.container:
            self.spec["containers"].append(
                {"name": f"c{len(self.spec['containers'])}", "image": self.container["image"]}
            )
        self.spec["containers"][-1]["resources"] = {"requests": named}
        return self

    def init(self, *, sidecar: bool = False, **requests: str) -> "PodBuilder":
        containers = self.spec.setdefault("initContainers", [])
        containers.append(
            {"name": f"init{len(containers)}", "image": "busybox:1.36", "resources": {"requests": requests}}
            | ({"restartPolicy": "Always"} if sidecar else {})
        )
        return self

    def image(self, image: str) -> "PodBuilder":
        self.container["image"] = image
        return self

    def port(self, port: int, **more: Any) -> "PodBuilder":
        self.container.setdefault("ports", []).append({"containerPort": port, "protocol": "TCP"} | more)
        return self

    def host_port(self, port: int, protocol: str = "TCP", ip: str = "") -> "PodBuilder":
        return self.port(port, hostPort=port, protocol=protocol, **({"hostIP": ip} if ip else {}))

    def priority(self, value: int) -> "PodBuilder":
        self.spec["priority"] = value
        return self

    def created(self, moment: str) -> "PodBuilder":
        self._obj["metadata"]["creationTimestamp"] = moment
        return self

    def tolerates(self, key: str = "", operator: str = "Exists", value: str = "", effect: str = "") -> "PodBuilder":
        toleration = {"key": key, "operator": operator, "value": value, "effect": effect}
        self.spec.setdefault("tolerations", []).append({name: text for name, text in toleration.items() if text})
        return self

    def selects(self, **labels: str) -> "PodBuilder":
        self.spec["nodeSelector"] = labels
        return self

    def requires_node(self, *terms: list[dict[str, Any]]) -> "PodBuilder":
        """Each term is a list of requirements; a key of `metadata.name` makes it a field."""
        listed = []
        for term in terms:
            fields = [each for each in term if each["key"] == "metadata.name"]
            labels = [each for each in term if each["key"] != "metadata.name"]
            listed.append(
                ({"matchExpressions": labels} if labels else {}) | ({"matchFields": fields} if fields else {})
            )
        affinity = self.spec.setdefault("affinity", {}).setdefault("nodeAffinity", {})
        affinity["requiredDuringSchedulingIgnoredDuringExecution"] = {"nodeSelectorTerms": listed}
        return self

    def prefers_node(self, weight: int, *requirements: dict[str, Any]) -> "PodBuilder":
        affinity = self.spec.setdefault("affinity", {}).setdefault("nodeAffinity", {})
        affinity.setdefault("preferredDuringSchedulingIgnoredDuringExecution", []).append(
            {"weight": weight, "preference": {"matchExpressions": list(requirements)}}
        )
        return self

    def near(self, topology: str, weight: int = 0, **labels: str) -> "PodBuilder":
        return self._affinity("podAffinity", topology, weight, labels)

    def apart(self, topology: str, weight: int = 0, **labels: str) -> "PodBuilder":
        return self._affinity("podAntiAffinity", topology, weight, labels)

    def spread(self, topology: str, max_skew: int = 1, when: str = "DoNotSchedule", **more: Any) -> "PodBuilder":
        """Over pods of the same labels, unless `labelSelector` says otherwise."""
        constraint = {"topologyKey": topology, "maxSkew": max_skew, "whenUnsatisfiable": when}
        constraint["labelSelector"] = {"matchLabels": dict(self._obj["metadata"].get("labels", {}))}
        self.spec.setdefault("topologySpreadConstraints", []).append(constraint | more)
        return self

    def gated(self, *names: str) -> "PodBuilder":
        self.spec["schedulingGates"] = [{"name": name} for name in names]
        return self

    def terminating(self, moment: str = "2026-01-01T00:00:30Z") -> "PodBuilder":
        self._obj["metadata"]["deletionTimestamp"] = moment
        return self

    def ip(self, address: str) -> "PodBuilder":
        self.status.update(podIP=address, podIPs=[{"ip": address}])
        return self

    def phase(self, phase: str) -> "PodBuilder":
        self.status["phase"] = phase
        return self

    def _affinity(self, kind: str, topology: str, weight: int, labels: dict[str, str]) -> "PodBuilder":
        term: dict[str, Any] = {"topologyKey": topology, "labelSelector": {"matchLabels": labels}}
        affinity = self.spec.setdefault("affinity", {}).setdefault(kind, {})
        if weight:
            entry = {"weight": weight, "podAffinityTerm": term}
            affinity.setdefault("preferredDuringSchedulingIgnoredDuringExecution", []).append(entry)
        else:
            affinity.setdefault("requiredDuringSchedulingIgnoredDuringExecution", []).append(term)
        return self


class NodeBuilder(Builder):
    def offers(self, **allocatable: str) -> "NodeBuilder":
        named = {name.replace("_", "-"): value for name, value in allocatable.items()}
        self.status["allocatable"].update(named)
        self.status["capacity"].update(named)
        return self

    def zone(self, zone: str) -> "NodeBuilder":
        return self.label("topology.kubernetes.io/zone", zone)

    def taint(self, key: str, value: str = "", effect: str = "NoSchedule") -> "NodeBuilder":
        taint = {"key": key, "effect": effect} | ({"value": value} if value else {})
        self.spec.setdefault("taints", []).append(taint)
        return self

    def cordoned(self) -> "NodeBuilder":
        self.spec["unschedulable"] = True
        return self.taint("node.kubernetes.io/unschedulable")

    def has_image(self, name: str, size: int) -> "NodeBuilder":
        self.status.setdefault("images", []).append({"names": [name], "sizeBytes": size})
        return self

    def pod_cidr(self, cidr: str) -> "NodeBuilder":
        self.spec.update(podCIDR=cidr, podCIDRs=[cidr])
        return self

    def address(self, address: str) -> "NodeBuilder":
        self.status["addresses"] = [
            {"type": "InternalIP", "address": address},
            {"type": "Hostname", "address": self._obj["metadata"]["name"]},
        ]
        return self


def make_pod(name: str = "pod", namespace: str = "default") -> PodBuilder:
    """A valid pod of one container without requests."""
    return PodBuilder(
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": name, "namespace": namespace, "uid": f"uid-{namespace}-{name}"},
            "spec": {"containers": [{"name": "app", "image": "registry.k8s.io/pause:3.10"}]},
        }
    )


def make_node(name: str = "node-1") -> NodeBuilder:
    """A ready node with 4 cores, 8 GiB and room for 110 pods."""
    size = {"cpu": "4", "memory": "8Gi", "ephemeral-storage": "50Gi", "pods": "110"}
    return NodeBuilder(
        {
            "apiVersion": "v1",
            "kind": "Node",
            "metadata": {"name": name, "uid": f"uid-{name}", "labels": {"kubernetes.io/hostname": name}},
            "spec": {},
            "status": {
                "capacity": dict(size),
                "allocatable": dict(size),
                "conditions": [
                    {
                        "type": "Ready",
                        "status": "True",
                        "reason": "KubeletReady",
                        "message": "kubelet is posting ready status",
                    }
                ],
            },
        }
    )


class ServiceBuilder(Builder):
    def port(self, port: int, name: str = "", **more: Any) -> "ServiceBuilder":
        entry = {"port": port, "protocol": "TCP", "targetPort": port} | ({"name": name} if name else {})
        self.spec.setdefault("ports", []).append(entry | more)
        return self

    def selects(self, **labels: str) -> "ServiceBuilder":
        self.spec["selector"] = labels
        return self

    def at(self, cluster_ip: str) -> "ServiceBuilder":
        self.spec.update(clusterIP=cluster_ip, clusterIPs=[cluster_ip])
        return self

    def headless(self) -> "ServiceBuilder":
        return self.at("None")

    def of_type(self, kind: str) -> "ServiceBuilder":
        self.spec["type"] = kind
        return self

    def with_spec(self, **fields: Any) -> "ServiceBuilder":
        """`with_spec(internalTrafficPolicy="Local")`."""
        self.spec.update(fields)
        return self


class SliceBuilder(Builder):
    def port(self, port: int, name: str = "", protocol: str = "TCP") -> "SliceBuilder":
        self._obj["ports"].append({"port": port, "protocol": protocol, "name": name})
        return self

    def endpoint(self, address: str, node: str = "node-1", *, hostname: str = "", **conditions: bool) -> "SliceBuilder":
        """Ready, unless `conditions` say otherwise."""
        told = {"ready": True, "serving": True, "terminating": False} | conditions
        entry: dict[str, Any] = {"addresses": [address], "conditions": told, "nodeName": node}
        self._obj["endpoints"].append(entry | ({"hostname": hostname} if hostname else {}))
        return self


def make_service(name: str = "web", namespace: str = "default") -> ServiceBuilder:
    """A ClusterIP Service without ports or selector."""
    return ServiceBuilder(
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": name, "namespace": namespace, "uid": f"uid-{namespace}-{name}"},
            "spec": {"type": "ClusterIP"},
        }
    )


def make_slice(service: str = "web", namespace: str = "default", suffix: str = "abc12") -> SliceBuilder:
    """An EndpointSlice of `service`, without ports or endpoints."""
    return SliceBuilder(
        {
            "apiVersion": "discovery.k8s.io/v1",
            "kind": "EndpointSlice",
            "metadata": {
                "name": f"{service}-{suffix}",
                "namespace": namespace,
                "uid": f"uid-{namespace}-{service}-{suffix}",
                "labels": {"kubernetes.io/service-name": service},
            },
            "addressType": "IPv4",
            "ports": [],
            "endpoints": [],
        }
    )
