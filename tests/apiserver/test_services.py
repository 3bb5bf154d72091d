"""Cluster IPs and node ports: given, kept, taken, free again."""

import ipaddress

import pytest

from core.kube.requests import PatchType
from tests.apiserver.objects import service

RANGE = ipaddress.ip_network("10.96.0.0/12")


def test_service_gets_an_address_of_the_range(world):
    spec = world.create("services", service("web"))["spec"]
    assert ipaddress.ip_address(spec["clusterIP"]) in RANGE
    assert spec["clusterIPs"] == [spec["clusterIP"]]
    assert (spec["ipFamilies"], spec["ipFamilyPolicy"]) == (["IPv4"], "SingleStack")
    assert spec["internalTrafficPolicy"] == "Cluster"


def test_no_two_services_share_an_address(world):
    addresses = {world.create("services", service(f"s{number}"))["spec"]["clusterIP"] for number in range(30)}
    assert len(addresses) == 30


def test_headless_service_has_none(world):
    spec = world.create("services", service("hl", clusterIP="None"))["spec"]
    assert (spec["clusterIP"], spec["clusterIPs"]) == ("None", ["None"])


def test_external_name_has_no_address(world):
    made = world.create("services", service("ext", type="ExternalName", externalName="example.com"))
    assert "clusterIP" not in made["spec"]


@pytest.mark.parametrize(
    ("ip", "why"),
    [
        ("10.96.0.1", "failed to allocate IP 10.96.0.1: provided IP is already allocated"),
        ("10.1.0.1", "failed to allocate IP 10.1.0.1: the provided network does not match the current range"),
    ],
    ids=["taken", "out of range"],
)
def test_address_that_cannot_be_had_is_invalid(refused, ip, why):
    error = refused("create", "services", "default", body=service("kk", clusterIP=ip))
    assert error.message == f'Service "kk" is invalid: spec.clusterIPs: Invalid value: ["{ip}"]: {why}'


def test_address_does_not_change(world, refused):
    world.create("services", service("web"))
    patch = {"spec": {"clusterIP": "10.96.5.5", "clusterIPs": ["10.96.5.5"]}}
    error = refused("patch", "services", "default", "web", patch, patch_type=PatchType.MERGE)
    assert error.message == (
        'Service "web" is invalid: spec.clusterIPs[0]: Invalid value: ["10.96.5.5"]: may not change once set'
    )


def test_update_that_does_not_mention_the_address_keeps_it(world):
    made = world.create("services", service("web"))
    new = world.api("update", "services", "default", "web", service("web", ports=[{"port": 81}]))
    assert new["spec"]["clusterIP"] == made["spec"]["clusterIP"]


def test_node_ports_are_given_kept_and_released(world):
    made = world.create("services", service("web", type="NodePort"))
    (port,) = made["spec"]["ports"]
    assert port["nodePort"] in range(30000, 32768)
    same = world.api("update", "services", "default", "web", service("web", type="NodePort", selector={"a": "b"}))
    assert same["spec"]["ports"][0]["nodePort"] == port["nodePort"]
    back = world.patch("services", "default", "web", {"spec": {"type": "ClusterIP"}})
    assert "nodePort" not in back["spec"]["ports"][0]


def test_node_port_is_taken_once(world, refused):
    world.create("services", service("a", type="NodePort", ports=[{"port": 80, "nodePort": 30080}]))
    error = refused(
        "create", "services", "default", body=service("b", type="NodePort", ports=[{"port": 80, "nodePort": 30080}])
    )
    assert error.message == (
        'Service "b" is invalid: spec.ports[0].nodePort: Invalid value: 30080: provided port is already allocated'
    )


def test_same_seed_gives_the_same_addresses(world):
    from tests.world import World

    other = World("other", workers=0)
    one, two = (each.create("services", service("web"))["spec"]["clusterIP"] for each in (world, other))
    assert one == two


def test_local_balancer_gets_a_port_for_health_checks(world):
    spec = world.create("services", service("lb", type="LoadBalancer", externalTrafficPolicy="Local"))["spec"]
    assert spec["healthCheckNodePort"] in range(30000, 32768)
    assert spec["healthCheckNodePort"] != spec["ports"][0]["nodePort"]
    kept = world.patch("services", "default", "lb", {"metadata": {"labels": {"a": "b"}}})["spec"]
    assert kept["healthCheckNodePort"] == spec["healthCheckNodePort"]
    assert "healthCheckNodePort" not in world.create("services", service("all", type="LoadBalancer"))["spec"]


def test_health_check_port_is_nobody_elses(world, refused):
    taken = world.create("services", service("lb", type="LoadBalancer", externalTrafficPolicy="Local"))["spec"]
    body = service("b", type="NodePort", ports=[{"port": 80, "nodePort": taken["healthCheckNodePort"]}])
    assert "already allocated" in refused("create", "services", "default", body=body).message


LEFT_BEHIND = ("externalTrafficPolicy", "allocateLoadBalancerNodePorts", "healthCheckNodePort", "loadBalancerClass")
TYPES = [
    ("LoadBalancer", "ClusterIP", LEFT_BEHIND),
    ("LoadBalancer", "NodePort", ("allocateLoadBalancerNodePorts", "healthCheckNodePort", "loadBalancerClass")),
    ("NodePort", "ClusterIP", ("externalTrafficPolicy",)),
    ("ClusterIP", "ExternalName", ("clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy", "internalTrafficPolicy")),
]


@pytest.mark.parametrize(("before", "after", "gone"), TYPES, ids=[f"{row[0]} to {row[1]}" for row in TYPES])
def test_what_only_the_old_type_needed_goes(world, before, after, gone):
    extra = {"externalTrafficPolicy": "Local", "loadBalancerClass": "a/b"} if before == "LoadBalancer" else {}
    made = world.create("services", service("web", type=before, **extra))["spec"]
    assert set(gone) <= set(made)
    changed = world.patch("services", "default", "web", {"spec": {"type": after, "externalName": "a.example.com"}})[
        "spec"
    ]
    assert not set(gone) & set(changed)
    assert after == "NodePort" or not any("nodePort" in port for port in changed["ports"])
