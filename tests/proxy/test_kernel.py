"""The rules in a real Linux kernel: it must take them, show them again as they are, and balance by them.

Needs root, and Debian's iptables and iproute2. Everything happens in a network namespace of its own, made by `unshare` and
gone with its process; the host's rules are never touched.
"""

import json
import shutil
import subprocess
import sys
import textwrap

import pytest

from core.proxy.iptables import rules_of, table_text
from core.proxy.services import service_ports
from tests.builders import make_service, make_slice

pytestmark = pytest.mark.slow

VIP = "10.96.0.77"
BACKENDS = ("10.244.1.5", "10.244.2.7", "10.244.3.2")
CONNECTIONS = 300


def rules() -> str:
    web = make_service().at(VIP).port(80, "http", targetPort=8080).of_type("NodePort").obj()
    web["spec"]["ports"][0]["nodePort"] = 30080
    backends = make_slice().port(8080, "http")
    for number, address in enumerate(BACKENDS, 1):
        backends.endpoint(address, f"node-{number}")
    sticky = make_service("sticky").at("10.96.0.78").port(80).with_spec(sessionAffinity="ClientIP").obj()
    sticky_backends = make_slice("sticky").port(8080)
    for address in BACKENDS:
        sticky_backends.endpoint(address)
    empty = make_service("empty").at("10.96.0.79").port(80).obj()
    local = (
        make_service("local")
        .at("10.96.0.80")
        .port(80)
        .with_spec(internalTrafficPolicy="Local", externalIPs=["203.0.113.9"])
    )
    local_slice = make_slice("local").port(8080).endpoint(BACKENDS[0], "node-1").endpoint(BACKENDS[1], "node-2")
    ports = [
        *service_ports(web, [backends.obj()]),
        *service_ports(sticky, [sticky_backends.obj()]),
        *service_ports(empty, []),
        *service_ports(local.obj(), [local_slice.obj()]),
    ]
    return table_text(rules_of(port, "node-1") for port in ports)


# Runs inside the namespace. The client is the node itself, so its connections pass OUTPUT as a kubelet's probes do.
INSIDE = """
import collections, json, socket, subprocess, sys, threading

restore, save, connections = sys.argv[1], sys.argv[2], int(sys.argv[3])
rules = sys.stdin.read()

def run(*command, **more):
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, **more)
    if done.returncode:
        sys.exit(f"{' '.join(command)}: {done.stderr}")
    return done.stdout

run("ip", "link", "set", "lo", "up")
run("ip", "link", "add", "eth0", "type", "veth", "peer", "name", "wire")
run("ip", "link", "set", "wire", "up")
run("ip", "link", "set", "eth0", "up")
run("ip", "addr", "add", "192.0.2.10/24", "dev", "eth0")
run("ip", "route", "add", "default", "dev", "eth0")
for address in BACKENDS:
    run("ip", "addr", "add", f"{address}/32", "dev", "lo")
run(restore, input=rules)
saved = run(save, "-t", "nat") + run(save, "-t", "filter")

def serve(server, name):
    while True:
        connection, _ = server.accept()
        with connection:
            connection.sendall(name.encode())

for address in BACKENDS:
    server = socket.create_server((address, 8080), backlog=64)
    threading.Thread(target=serve, args=(server, address), daemon=True).start()

def ask(address, port, source=None):
    with socket.create_connection((address, port), timeout=5, source_address=source and (source, 0)) as connection:
        return connection.recv(64).decode()

def refused(address, port):
    try:
        ask(address, port)
    except ConnectionRefusedError:
        return True
    return False

print(json.dumps({
    "saved": saved,
    "vip": collections.Counter(ask("10.96.0.77", 80) for _ in range(connections)),
    "node port": collections.Counter(ask("192.0.2.10", 30080) for _ in range(30)),
    "sticky": collections.Counter(ask("10.96.0.78", 80, "192.0.2.10") for _ in range(20)),
    "local": collections.Counter(ask("10.96.0.80", 80) for _ in range(20)),
    "refused": refused("10.96.0.79", 80),
}))
"""


def usable_tools() -> tuple[str, str]:
    """The iptables whose kernel half is there: nf_tables if it is, else the older x_tables."""
    failures = []
    for flavour in ("iptables-nft", "iptables-legacy"):
        restore, save = shutil.which(f"{flavour}-restore"), shutil.which(f"{flavour}-save")
        if restore is None or save is None:
            failures.append(f"{flavour} is not installed")
            continue
        rule = "-A POSTROUTING -m statistic --mode random --probability 0.5 -m comment --comment x -j MASQUERADE"
        probe = f"*nat\n{rule}\nCOMMIT\n"
        done = subprocess.run(
            ["unshare", "-n", restore], input=probe, capture_output=True, text=True, timeout=30, check=False
        )
        if done.returncode == 0:
            return restore, save
        failures.append(f"{flavour}: {done.stderr.strip()}")
    pytest.fail("no usable iptables: " + "; ".join(failures))


@pytest.fixture(scope="module")
def outcome():
    restore, save = usable_tools()
    program = f"BACKENDS = {BACKENDS!r}\n" + textwrap.dedent(INSIDE)
    done = subprocess.run(
        ["unshare", "-n", sys.executable, "-c", program, restore, save, str(CONNECTIONS)],
        input=rules(),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def appended(text: str) -> list[str]:
    return sorted(line for line in text.splitlines() if line.startswith("-A "))


def test_kernel_shows_the_rules_as_we_write_them(outcome):
    assert appended(outcome["saved"]) == appended(rules())


def test_kernel_balances_a_virtual_ip_over_its_endpoints(outcome):
    counts = outcome["vip"]
    assert set(counts) == set(BACKENDS)
    # A third each; five standard deviations of a binomial of 300 are 41: one false alarm in a million runs.
    assert all(abs(count - CONNECTIONS / 3) < 45 for count in counts.values()), counts


def test_kernel_opens_the_node_port(outcome):
    assert sum(outcome["node port"].values()) == 30
    assert len(outcome["node port"]) == 3


def test_kernel_keeps_a_client_at_its_endpoint(outcome):
    assert list(outcome["sticky"].values()) == [20]


def test_kernel_keeps_local_traffic_on_the_node(outcome):
    assert outcome["local"] == {BACKENDS[0]: 20}


def test_kernel_refuses_a_service_without_endpoints(outcome):
    assert outcome["refused"]
