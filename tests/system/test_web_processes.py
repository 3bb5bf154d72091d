"""However the dashboard is served, and by however many processes, its pictures are live and its clicks reach the workers."""

import os
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import orjson
import pytest
import requests
from websockets.sync.client import ClientConnection, connect

from tests.machine import ROOT, Machine, eventually, free_port

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]

LIVE = 0.3  # seconds from a write to its batch, in the middle of several; the poll alone has half a second
AT_ONCE = 2.0  # seconds from a click to what a worker does for it; left to the sweep it takes four to six
WRITES = 9

UP_WEB = ["manage.py", "up", "--role", "web"]
SERVERS = {
    # name → what Python runs to serve on a port
    "daphne": lambda port: ["-m", "daphne", "-p", str(port), "cluster_viz.asgi:application"],
    "runserver": lambda port: ["manage.py", "runserver", "--noreload", str(port)],
    "up --role web": lambda port: [*UP_WEB, "--port", str(port), "--api-port", str(free_port())],
}


@contextmanager
def second_web(machine: Machine, command: Callable[[int], list[str]]) -> Iterator[str]:
    """Another web process beside the machine's own; its address."""
    port = free_port()
    with subprocess.Popen(
        [sys.executable, *command(port)],
        cwd=ROOT,
        env=machine.environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            eventually(lambda: answers(f"http://127.0.0.1:{port}/"), 40)
            yield f"127.0.0.1:{port}"
        finally:
            process.terminate()
            _, said = process.communicate(timeout=20)
        assert "Traceback" not in said, said


def answers(url: str) -> bool:
    try:
        return requests.get(url, timeout=5).status_code == 200
    except requests.RequestException:
        return False


def socket_of(address: str) -> ClientConnection:
    now = requests.get(f"http://{address}/clusters/demo/snapshot.json", timeout=10).json()["at"]
    since = ".".join(map(str, now))
    return connect(f"ws://{address}/ws/clusters/demo/?since={since}", origin=f"http://{address}")  # type: ignore[arg-type]


def unbound(name: str) -> dict:
    """A pod that concerns no worker: nobody lives where it is bound to."""
    spec = {"nodeName": "nowhere", "containers": [{"name": "c", "image": "nginx"}]}
    return {"metadata": {"name": name}, "spec": spec}


def told(socket: ClientConnection, name: str) -> float:
    """When the socket tells of an object called `name`."""
    while name not in str(orjson.loads(socket.recv(timeout=20))):
        pass
    return time.monotonic()


def lag(machine: Machine, socket: ClientConnection, mark: str) -> float:
    """Seconds from a write at the machine's own door to its batch at `socket`, in the middle of several."""
    cluster, lags = machine.cluster("demo"), []
    for number in range(WRITES):
        assert cluster.post("/api/v1/namespaces/default/pods", unbound(f"{mark}-{number}")).status_code == 201
        begun = time.monotonic()
        lags.append(told(socket, f"{mark}-{number}") - begun)
        time.sleep(0.11 * (number % 3))  # not in step with the poll
    return statistics.median(lags)


@pytest.mark.parametrize("server", SERVERS)
def test_a_second_web_process_is_as_live_as_the_first(machine: Machine, server: str) -> None:
    with second_web(machine, SERVERS[server]) as address:
        assert requests.get(f"http://{address}/static/css/stage.css", timeout=5).status_code == 200
        with socket_of(address) as socket:
            assert lag(machine, socket, server.split()[0]) < LIVE
        assert statistics.median(click_seconds(machine, address) for _ in range(3)) < AT_ONCE


def click_seconds(machine: Machine, address: str) -> float:
    """From the click at `address` that starts the scheduler to the binding of a pod that waits for it."""
    cluster, name = machine.cluster("demo"), f"waits-{time.monotonic_ns()}"
    click(address, "kill", "scheduler")
    pod = {"metadata": {"name": name}, "spec": {"containers": [{"name": "c", "image": "nginx"}]}}
    assert cluster.post("/api/v1/namespaces/default/pods", pod).status_code == 201
    time.sleep(0.5)  # for what the pod itself woke to end
    begun = time.monotonic()
    click(address, "restart", "scheduler")
    eventually(lambda: cluster.get(f"/api/v1/namespaces/default/pods/{name}")["spec"].get("nodeName"), 30, 0.02)
    return time.monotonic() - begun


def click(address: str, verb: str, target: str) -> None:
    body = {"verb": verb, "target": target}
    answer = requests.post(f"http://{address}/api/clusters/demo/faults", json=body, timeout=10)
    assert answer.status_code == 200, answer.text


def test_a_picture_goes_on_without_redis(machine: Machine) -> None:
    with second_web(machine, SERVERS["daphne"]) as address, socket_of(address) as socket:
        os.kill(machine.children()["redis"], signal.SIGSTOP)  # it is there, and says nothing: worse than not there
        try:
            cluster = machine.cluster("demo")
            assert cluster.post("/api/v1/namespaces/default/pods", unbound("without-redis")).status_code == 201
            begun = time.monotonic()
            assert told(socket, "without-redis") - begun < 3
            with socket_of(address) as opened_meanwhile:
                assert orjson.loads(opened_meanwhile.recv(timeout=5))["t"] == "batch"
        finally:
            machine.kill("redis")
        eventually(lambda: "redis" in machine.children(), 20)
        eventually(lambda: lag(machine, socket, f"again-{time.monotonic_ns() % 10**9}") < LIVE, 60)
