"""From nothing to a live picture: every process is killed at once, the machine is started again over what they left."""

import os
import signal
import time

import orjson
import requests
from websockets.sync.client import connect
from websockets.typing import Origin

from bench.manifests import config_map
from tests.machine import ClusterClient, Machine, eventually

PATH = "/api/v1/namespaces/default/configmaps"


def ready_seconds(machine: Machine) -> float:
    """Seconds from the start until a write is answered and the picture shows it, on the demo's cluster."""
    eventually(lambda: "demo" in machine.manage("cluster", "list"), 60, 0.5)
    demo = machine.cluster("demo")
    eventually(lambda: len(demo.ready_pods()) == 4, 60)
    kill_all(machine)
    machine.start()  # returns when the first page came
    write_until_answered(demo)
    see_a_write(machine, demo)
    return time.monotonic() - machine.started


def kill_all(machine: Machine) -> None:
    assert machine.process is not None
    for pid in (machine.process.pid, *machine.children().values()):
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue  # it ended with its parent
    machine.process.wait(10)


def write_until_answered(cluster: ClusterClient) -> None:
    def is_answered() -> bool:
        try:
            return cluster.post(PATH, config_map("again")).status_code in (201, 409)
        except requests.ConnectionError:
            return False

    eventually(is_answered, 60, 0.02)


def see_a_write(machine: Machine, cluster: ClusterClient) -> None:
    """Open the picture as a browser does, write, and wait until the socket tells of it."""
    page = f"127.0.0.1:{machine.port}/clusters/{cluster.name}/"
    picture = requests.get(f"http://{page}snapshot.json", timeout=10).json()
    since = ".".join(map(str, picture["at"]))
    door = f"127.0.0.1:{machine.port}"
    with connect(f"ws://{door}/ws/clusters/{cluster.name}/?since={since}", origin=Origin(f"http://{door}")) as socket:
        written = int(cluster.post(PATH, config_map("seen")).json()["metadata"]["resourceVersion"])
        while orjson.loads(socket.recv(timeout=30)).get("at", [0])[0] < written:
            pass
