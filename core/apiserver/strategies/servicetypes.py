"""What a type of service needs: addresses, node ports, a health check, policies; and what goes when the type changes.

A client that changes `type` by a patch leaves behind what the old type was given. What it did not touch and the new type has
no use for is taken away; what it did touch stays, for validation to refuse.
Reference: pkg/registry/core/service/strategy.go (dropTypeDependentFields).
"""

from collections.abc import Callable

from core.kube.objects import Obj

WITH_NODE_PORTS = ("NodePort", "LoadBalancer")


def kind(spec: Obj) -> str:
    found: str = spec.get("type") or "ClusterIP"
    return found


def needs_cluster_ip(spec: Obj) -> bool:
    return kind(spec) != "ExternalName"


def needs_node_ports(spec: Obj) -> bool:
    return kind(spec) in WITH_NODE_PORTS and spec.get("allocateLoadBalancerNodePorts") is not False


def needs_health_check(spec: Obj) -> bool:
    """A balancer that may send to nodes with an endpoint only has to be told which they are."""
    return is_balanced(spec) and spec.get("externalTrafficPolicy") == "Local"


def is_balanced(spec: Obj) -> bool:
    return kind(spec) == "LoadBalancer"


def is_reached_from_outside(spec: Obj) -> bool:
    return kind(spec) in WITH_NODE_PORTS or bool(kind(spec) == "ClusterIP" and spec.get("externalIPs"))


NEEDS: tuple[tuple[Callable[[Obj], bool], tuple[str, ...]], ...] = (
    (needs_cluster_ip, ("clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy", "internalTrafficPolicy")),
    (needs_health_check, ("healthCheckNodePort",)),
    (is_balanced, ("allocateLoadBalancerNodePorts", "loadBalancerClass")),
    (is_reached_from_outside, ("externalTrafficPolicy",)),
)


def tidy(new: Obj, old: Obj) -> None:
    """Take from `new` what only the type of `old` needed and the client left as it was."""
    spec, before = new["spec"], old["spec"]
    for needs, fields in NEEDS:
        if needs(before) and not needs(spec):
            for name in fields:
                if name in spec and spec[name] == before.get(name):
                    del spec[name]
    if kind(before) in WITH_NODE_PORTS and not needs_node_ports(spec):
        known = {port.get("nodePort") for port in before.get("ports") or ()}
        for port in spec.get("ports") or ():
            if port.get("nodePort") in known:
                port.pop("nodePort", None)
