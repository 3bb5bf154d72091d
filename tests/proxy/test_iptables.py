import pytest

from core.proxy.iptables import chain_name, count_rules, probability, rules_of, table_text
from core.proxy.services import service_ports
from tests.builders import make_service, make_slice


def rules(service, *slices, node="node-1"):
    (port,) = service_ports(service.obj(), [each.obj() for each in slices])
    return rules_of(port, node)


@pytest.mark.parametrize(
    ("prefix", "parts", "expected"),
    [
        pytest.param("KUBE-SVC-", ("default/kubernetes:https", "tcp"), "KUBE-SVC-NPX46M4PTMTKRN6Y", id="kubernetes"),
        pytest.param("KUBE-SVC-", ("kube-system/kube-dns:dns", "udp"), "KUBE-SVC-TCOU7JCQXEZGVUNU", id="dns"),
        pytest.param("KUBE-SEP-", ("ns1/svc1:p80", "tcp", "10.180.0.1:80"), "KUBE-SEP-SXIVWICOYRO3J4NJ", id="endpoint"),
    ],
)
def test_chain_names_are_the_real_ones(prefix, parts, expected):
    assert chain_name(prefix, *parts) == expected


@pytest.mark.parametrize(("choices", "expected"), [(2, "0.50000000000"), (3, "0.33333333349"), (7, "0.14285714272")])
def test_probability_is_what_the_kernel_keeps(choices, expected):
    assert probability(choices) == expected


def test_three_endpoints_are_equally_likely():
    web = make_service().at("10.96.0.10").port(80, "http")
    slices = make_slice().port(8080, "http")
    for number in (3, 1, 2):
        slices.endpoint(f"10.244.{number}.5", f"node-{number}")
    svc = chain_name("KUBE-SVC-", "default/web:http", "tcp")
    seps = [chain_name("KUBE-SEP-", "default/web:http", "tcp", f"10.244.{number}.5:8080") for number in (1, 2, 3)]
    written = rules(web, slices)
    assert written.services == [
        '-A KUBE-SERVICES -d 10.96.0.10/32 -p tcp -m comment --comment "default/web:http cluster IP" '
        f"-m tcp --dport 80 -j {svc}"
    ]
    assert written.own == [
        f'-A {svc} ! -s 10.244.0.0/16 -d 10.96.0.10/32 -p tcp -m comment --comment "default/web:http cluster IP" '
        "-m tcp --dport 80 -j KUBE-MARK-MASQ",
        f'-A {svc} -m comment --comment "default/web:http -> 10.244.1.5:8080" '
        f"-m statistic --mode random --probability 0.33333333349 -j {seps[0]}",
        f'-A {svc} -m comment --comment "default/web:http -> 10.244.2.5:8080" '
        f"-m statistic --mode random --probability 0.50000000000 -j {seps[1]}",
        f'-A {svc} -m comment --comment "default/web:http -> 10.244.3.5:8080" -j {seps[2]}',
        *(
            line
            for number, sep in enumerate(seps, 1)
            for line in (
                f'-A {sep} -s 10.244.{number}.5/32 -m comment --comment "default/web:http" -j KUBE-MARK-MASQ',
                f'-A {sep} -p tcp -m comment --comment "default/web:http" -m tcp '
                f"-j DNAT --to-destination 10.244.{number}.5:8080",
            )
        ),
    ]


def test_service_without_endpoints_is_refused():
    written = rules(make_service().at("10.96.0.10").port(80))
    assert not written.own
    assert not written.services
    assert written.filter == [
        '-A KUBE-SERVICES -d 10.96.0.10/32 -p tcp -m comment --comment "default/web has no endpoints" '
        "-m tcp --dport 80 -j REJECT --reject-with icmp-port-unreachable"
    ]


@pytest.mark.parametrize(
    ("conditions", "is_used"),
    [
        pytest.param([{"ready": True}], [True], id="ready"),
        pytest.param([{"ready": False, "serving": False}], [False], id="not ready"),
        pytest.param(
            [{"ready": True}, {"ready": False, "serving": True, "terminating": True}],
            [True, False],
            id="terminating, others ready",
        ),
        pytest.param(
            [{"ready": False, "serving": True, "terminating": True}], [True], id="only terminating ones are left"
        ),
        pytest.param(
            [{"ready": False, "serving": False, "terminating": True}], [False], id="terminating and no longer serving"
        ),
    ],
)
def test_traffic_goes_to(conditions, is_used):
    slices = make_slice().port(80)
    for number, told in enumerate(conditions, 1):
        slices.endpoint(f"10.244.1.{number}", **told)
    written = "\n".join(rules(make_service().at("10.96.0.10").port(80), slices).own)
    assert [f"--to-destination 10.244.1.{number}:80" in written for number in range(1, len(conditions) + 1)] == is_used


@pytest.mark.parametrize("service", [make_service().headless().port(80), make_service().of_type("ExternalName")])
def test_service_without_virtual_ip_has_no_rules(service):
    assert list(service_ports(service.obj(), [])) == []


def test_local_policy_uses_endpoints_of_the_node_only():
    web = make_service().at("10.96.0.10").port(80).with_spec(internalTrafficPolicy="Local")
    slices = make_slice().port(80).endpoint("10.244.1.2", "node-1").endpoint("10.244.2.2", "node-2")
    here = "\n".join(rules(web, slices, node="node-1").own)
    assert "10.244.1.2:80" in here
    assert "10.244.2.2:80" not in here
    (nowhere,) = rules(web, slices, node="node-3").filter
    assert '"default/web has no local endpoints"' in nowhere
    assert nowhere.endswith("-j DROP")


def test_node_port_enters_by_the_external_chain():
    web = make_service().at("10.96.0.10").of_type("NodePort").port(80, nodePort=30080)
    written = rules(web, make_slice().port(80).endpoint("10.244.1.2"))
    ext = chain_name("KUBE-EXT-", "default/web", "tcp")
    assert written.node_ports == [
        f'-A KUBE-NODEPORTS -p tcp -m comment --comment "default/web" -m tcp --dport 30080 -j {ext}'
    ]
    assert f"-A {ext} -j {chain_name('KUBE-SVC-', 'default/web', 'tcp')}" in written.own


def test_client_affinity_is_asked_before_chance():
    web = (
        make_service()
        .at("10.96.0.10")
        .port(80)
        .with_spec(sessionAffinity="ClientIP", sessionAffinityConfig={"clientIP": {"timeoutSeconds": 600}})
    )
    written = rules(web, make_slice().port(80).endpoint("10.244.1.2").endpoint("10.244.1.3")).own
    kinds = ["rcheck --seconds 600" in line for line in written if "statistic" in line or "rcheck" in line]
    assert kinds == [True, True, False]


def test_every_chain_is_declared_once_and_before_use():
    web = (
        make_service()
        .at("10.96.0.10")
        .of_type("NodePort")
        .port(80, nodePort=30080)
        .with_spec(externalTrafficPolicy="Local")
    )
    text = table_text([rules(web, make_slice().port(80).endpoint("10.244.1.2"))])
    nat = text[text.index("*nat") :].splitlines()
    declared = [line.split()[0][1:] for line in nat if line.startswith(":")]
    used = {line.split(" -j ")[1].split()[0] for line in nat if " -j KUBE" in line}
    assert len(declared) == len(set(declared))
    assert used <= set(declared)
    assert count_rules(text) == text.count("-A ")
