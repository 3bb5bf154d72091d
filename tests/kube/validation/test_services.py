"""Services, Ingresses, policies of the network, endpoints: one row a rule, with what a real server says."""

from typing import Any

import pytest

from core.kube import formats
from core.kube.objects import Obj
from tests.kube.validation.table import GONE, Table, changed, created, rows, updated

PORTS = "must be between 1 and 65535, inclusive"
SERVICE: Obj = {"metadata": {"name": "s"}, "spec": {"ports": [{"port": 80}], "selector": {"a": "b"}}}
TIME = "spec.sessionAffinityConfig.clientIP.timeoutSeconds"
SERVICES: Table = {
    "plain": ({},),
    "no ports": ({"spec.ports": []}, "spec.ports: Required value"),
    "headless": ({"spec.ports": [], "spec.clusterIP": "None"},),
    "headless node port": (
        {"spec.type": "NodePort", "spec.clusterIP": "None", "spec.clusterIPs": ["None"]},
        "spec.clusterIPs[0]: Invalid value: \"None\": may not be set to 'None' for NodePort services",
    ),
    "external": ({"spec.type": "ExternalName", "spec.externalName": "a.b", "spec.ports": []},),
    "external without name": ({"spec.type": "ExternalName"}, "spec.externalName: Required value"),
    "external with address": (
        {
            "spec.type": "ExternalName",
            "spec.externalName": "a.b",
            "spec.clusterIPs": ["10.0.0.1"],
            "spec.clusterIP": "10.0.0.1",
        },
        "spec.clusterIPs: Forbidden: may not be set for ExternalName services",
    ),
    "type": (
        {"spec.type": "X"},
        'spec.type: Unsupported value: "X": supported values: "ClusterIP", "ExternalName", "LoadBalancer", "NodePort"',
    ),
    "port": (
        {"spec.ports": [{"port": 70000, "targetPort": 1}]},
        f"spec.ports[0].port: Invalid value: 70000: {PORTS}",
    ),
    "names of two ports": (
        {"spec.ports": [{"port": 1}, {"port": 2, "name": "b"}]},
        "spec.ports[0].name: Required value",
    ),
    "one name twice": (
        {"spec.ports": [{"port": 1, "name": "a"}, {"port": 2, "name": "a"}]},
        'spec.ports[1].name: Duplicate value: "a"',
    ),
    "one port twice": (
        {"spec.ports": [{"port": 1, "name": "a"}, {"port": 1, "name": "b"}]},
        'spec.ports[1]: Duplicate value: {"Name":"","Protocol":"TCP","AppProtocol":null,"Port":1,"TargetPort":0,'
        '"NodePort":0}',
    ),
    "one port of two protocols": (
        {"spec.ports": [{"port": 1, "name": "a"}, {"port": 1, "name": "b", "protocol": "UDP"}]},
    ),
    "node port of a cluster address": (
        {"spec.ports[0].nodePort": 30000},
        "spec.ports[0].nodePort: Forbidden: may not be used when `type` is 'ClusterIP'",
    ),
    "application": (
        {"spec.ports[0].appProtocol": "a b"},
        f'spec.ports[0].appProtocol: Invalid value: "a b": {formats.QUALIFIED}',
    ),
    "affinity": (
        {"spec.sessionAffinity": "X"},
        'spec.sessionAffinity: Unsupported value: "X": supported values: "ClientIP", "None"',
    ),
    "affinity for ever": (
        {"spec.sessionAffinity": "ClientIP", "spec.sessionAffinityConfig": {"clientIP": {"timeoutSeconds": 90000}}},
        f"{TIME}: Invalid value: 90000: must be greater than 0 and less than 86400",
    ),
    "external address": (
        {"spec.externalIPs": ["127.0.0.1"]},
        'spec.externalIPs[0]: Invalid value: "127.0.0.1": may not be in the loopback range (127.0.0.0/8, ::1/128)',
    ),
    "class": (
        {"spec.loadBalancerClass": "a/b"},
        "spec.loadBalancerClass: Forbidden: may only be used when `type` is 'LoadBalancer'",
    ),
    "health": (
        {"spec.type": "LoadBalancer", "spec.healthCheckNodePort": 30000},
        "spec.healthCheckNodePort: Invalid value: 30000: may only be set when `type` is 'LoadBalancer' and"
        " `externalTrafficPolicy` is 'Local'",
    ),
    "outside policy inside": (
        {"spec.externalTrafficPolicy": "Local"},
        'spec.externalTrafficPolicy: Invalid value: "Local": may only be set for externally-accessible services',
    ),
    "distribution": (
        {"spec.trafficDistribution": "X"},
        'spec.trafficDistribution: Unsupported value: "X": supported values: "PreferClose", "PreferSameZone",'
        ' "PreferSameNode"',
    ),
    "a name with digits first": ({"metadata.name": "1s"},),
}
GIVEN = changed(SERVICE, {"spec.clusterIP": "10.0.0.1", "spec.clusterIPs": ["10.0.0.1"], "spec.ipFamilies": ["IPv4"]})
SERVICE_CHANGES: Table = {
    "selector": ({"spec.selector": {"c": "d"}},),
    "address": (
        {"spec.clusterIP": "10.0.0.2", "spec.clusterIPs": ["10.0.0.2"]},
        'spec.clusterIPs[0]: Invalid value: ["10.0.0.2"]: may not change once set',
    ),
    "family": (
        {"spec.ipFamilies": ["IPv6"]},
        'spec.clusterIPs[0]: Invalid value: "10.0.0.1": expected an IPv6 value as indicated by `ipFamilies[0]`',
        'spec.ipFamilies[0]: Invalid value: ["IPv6"]: may not change once set',
    ),
}
BACKEND = {"service": {"name": "s", "port": {"number": 80}}}
PATH = {"path": "/", "pathType": "Prefix", "backend": BACKEND}
INGRESS: Obj = {"metadata": {"name": "i"}, "spec": {"rules": [{"host": "a.b", "http": {"paths": [PATH]}}]}}
P = "spec.rules[0].http.paths[0]"
INGRESSES: Table = {
    "plain": ({},),
    "nothing": (
        {"spec.rules": GONE},
        "spec: Invalid value: null: either `defaultBackend` or `rules` must be specified",
    ),
    "address as host": (
        {"spec.rules[0].host": "1.2.3.4"},
        'spec.rules[0].host: Invalid value: "1.2.3.4": must be a DNS name, not an IP address',
    ),
    "any host": ({"spec.rules[0].host": "*.a.b"},),
    "bad host": (
        {"spec.rules[0].host": "*.*.b"},
        f'spec.rules[0].host: Invalid value: "*.*.b": {formats.WILDCARD}',
    ),
    "no paths": ({"spec.rules[0].http.paths": []}, "spec.rules[0].http.paths: Required value"),
    "no type": ({f"{P}.pathType": GONE}, f"{P}.pathType: Required value: pathType must be specified"),
    "type": (
        {f"{P}.pathType": "X"},
        f'{P}.pathType: Unsupported value: "X": supported values: "Exact", "ImplementationSpecific", "Prefix"',
    ),
    "relative": ({f"{P}.path": "x"}, f'{P}.path: Invalid value: "x": must be an absolute path'),
    "two slashes": ({f"{P}.path": "//x"}, f"{P}.path: Invalid value: \"//x\": must not contain '//'"),
    "dots at the end": ({f"{P}.path": "/x/.."}, f"{P}.path: Invalid value: \"/x/..\": cannot end with '/..'"),
    "no backend": (
        {f"{P}.backend": {}},
        f'{P}.backend: Invalid value: "": resource or service backend is required',
    ),
    "two backends": (
        {f"{P}.backend": BACKEND | {"resource": {"kind": "a", "name": "b"}}},
        f'{P}.backend: Invalid value: "": cannot set both resource and service backends',
    ),
    "no port": (
        {f"{P}.backend": {"service": {"name": "s"}}},
        f"{P}.backend: Required value: port name or number is required",
    ),
    "two ports": (
        {f"{P}.backend": {"service": {"name": "s", "port": {"name": "a", "number": 1}}}},
        f'{P}.backend: Invalid value: "": cannot set both port name & port number',
    ),
    "class twice": (
        {"metadata.annotations": {"kubernetes.io/ingress.class": "x"}, "spec.ingressClassName": "y"},
        'annotations.kubernetes.io/ingress.class: Invalid value: "x": can not be set when the class field is also set',
    ),
}
INGRESS_CLASS: Obj = {"metadata": {"name": "c"}, "spec": {"controller": "example.com/c"}}
CLASSES: Table = {
    "plain": ({},),
    "controller": (
        {"spec.controller": "c"},
        'spec.controller: Invalid value: "c": must be a domain-prefixed path (such as "acme.io/foo")',
    ),
}
POLICY: Obj = {"metadata": {"name": "n"}, "spec": {"podSelector": {}, "ingress": [{"from": [{"podSelector": {}}]}]}}
PEER, PORT = "spec.ingress[0].from[0]", "spec.ingress[0].ports[0]"
POLICIES: Table = {
    "plain": ({},),
    "no peer": ({PEER: {}}, f"{PEER}: Required value: must specify a peer"),
    "block and peer": (
        {PEER: {"ipBlock": {"cidr": "10.0.0.0/8"}, "podSelector": {}}},
        f"{PEER}: Forbidden: may not specify both ipBlock and another peer",
    ),
    "block": ({PEER: {"ipBlock": {"cidr": "10.0.0.0/8", "except": ["10.1.0.0/16"]}}},),
    "no block": ({PEER: {"ipBlock": {"cidr": "x"}}}, f'{PEER}.ipBlock.cidr: Invalid value: "x": {formats.CIDR}'),
    "hole elsewhere": (
        {PEER: {"ipBlock": {"cidr": "10.0.0.0/8", "except": ["11.0.0.0/16"]}}},
        f'{PEER}.ipBlock.except[0]: Invalid value: "11.0.0.0/16": must be a strict subset of `cidr`',
    ),
    "ports": ({"spec.ingress[0].ports": [{"port": 80, "endPort": 90}]},),
    "ports backwards": (
        {"spec.ingress[0].ports": [{"port": 80, "endPort": 70}]},
        f"{PORT}.endPort: Invalid value: 80: must be greater than or equal to `port`",
    ),
    "end of a name": (
        {"spec.ingress[0].ports": [{"port": "http", "endPort": 70}]},
        f"{PORT}.endPort: Invalid value: 70: may not be specified when `port` is non-numeric",
    ),
    "protocol": (
        {"spec.ingress[0].ports": [{"protocol": "X"}]},
        f'{PORT}.protocol: Unsupported value: "X": supported values: "TCP", "UDP", "SCTP"',
    ),
    "type": (
        {"spec.policyTypes": ["X"]},
        'spec.policyTypes[0]: Unsupported value: "X": supported values: "Egress", "Ingress"',
    ),
}
SLICE: Obj = {
    "metadata": {"name": "e"},
    "addressType": "IPv4",
    "endpoints": [{"addresses": ["10.1.0.1"]}],
    "ports": [{"port": 1}],
}
SLICES: Table = {
    "plain": ({},),
    "type": (
        {"addressType": "X"},
        'addressType: Unsupported value: "X": supported values: "FQDN", "IPv4", "IPv6"',
    ),
    "no address": (
        {"endpoints[0].addresses": []},
        "endpoints[0].addresses: Required value: must contain at least 1 address",
    ),
    "loopback": (
        {"endpoints[0].addresses": ["127.0.0.1"]},
        'endpoints[0].addresses[0]: Invalid value: "127.0.0.1": may not be in the loopback range (127.0.0.0/8, ::1/128)',
    ),
}
RANGES: Table = {
    "plain": ({},),
    "none": ({"spec.cidrs": []}, "spec.cidrs: Required value: at least one CIDR required"),
}
RANGE: Obj = {"metadata": {"name": "r"}, "spec": {"cidrs": ["10.0.0.0/24"]}}


@pytest.mark.parametrize(
    ("name", "obj", "changes", "causes"),
    list(
        rows(
            services=("services", SERVICE, SERVICES),
            ingresses=("ingresses.networking.k8s.io", INGRESS, INGRESSES),
            classes=("ingressclasses.networking.k8s.io", INGRESS_CLASS, CLASSES),
            policies=("networkpolicies.networking.k8s.io", POLICY, POLICIES),
            slices=("endpointslices.discovery.k8s.io", SLICE, SLICES),
            ranges=("servicecidrs.networking.k8s.io", RANGE, RANGES),
        )
    ),
)
def test_new_ways_to_pods(name: str, obj: Obj, changes: dict[str, Any], causes: list[str]) -> None:
    assert created(name, changed(obj, changes)) == causes


FIXED = "field is immutable"


@pytest.mark.parametrize(
    ("name", "obj", "changes", "causes"),
    list(
        rows(
            services=("services", GIVEN, SERVICE_CHANGES),
            classes=(
                "ingressclasses.networking.k8s.io",
                INGRESS_CLASS,
                {"controller": ({"spec.controller": "a.b/c"}, f'spec.controller: Invalid value: "a.b/c": {FIXED}')},
            ),
            slices=(
                "endpointslices.discovery.k8s.io",
                changed(SLICE, {"endpoints": []}),
                {"type": ({"addressType": "IPv6"}, f'addressType: Invalid value: "IPv6": {FIXED}')},
            ),
            ranges=(
                "servicecidrs.networking.k8s.io",
                RANGE,
                {"range": ({"spec.cidrs": ["10.1.0.0/24"]}, f'spec.cidrs: Invalid value: ["10.1.0.0/24"]: {FIXED}')},
            ),
        )
    ),
)
def test_ways_to_pods_change(name: str, obj: Obj, changes: dict[str, Any], causes: list[str]) -> None:
    assert updated(name, obj, changes) == causes


def test_only_a_balancer_has_an_address_outside() -> None:
    given = {"status.loadBalancer": {"ingress": [{"ip": "1.2.3.4"}]}}
    assert updated("services", SERVICE, given, "status") == [
        "status.loadBalancer.ingress: Forbidden: may only be used when `spec.type` is 'LoadBalancer'"
    ]
    assert updated("services", changed(SERVICE, {"spec.type": "LoadBalancer"}), given, "status") == []
