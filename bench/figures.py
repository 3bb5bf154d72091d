"""The figures: what is measured, how, and what it must reach. Ratios within one run matter; absolute times vary."""

import statistics
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import orjson
import requests

from bench import browser, restarting
from bench.manifests import config_map, deployment
from tests.machine import ClusterClient, Machine, eventually, is_ready


@dataclass(frozen=True, slots=True)
class Budget:
    """A bound: at least (`low`) or at most (`high`)."""

    low: float | None = None
    high: float | None = None

    @property
    def text(self) -> str:
        return f">= {self.low:g}" if self.low is not None else f"<= {self.high:g}"

    def is_met(self, value: float) -> bool:
        return value >= self.low if self.low is not None else value <= (self.high or 0)


BUDGETS = {
    "first_picture_s": Budget(high=5),
    "demo_running_s": Budget(high=10),
    "idle_cpu_percent": Budget(high=3),
    "rss_mib": Budget(high=450),
    "create_p50_ms": Budget(high=8),
    "create_p99_ms": Budget(high=24),
    "members_7_create_p50_ms": Budget(high=12),
    "members_7_create_ratio": Budget(high=1.5),
    "creates_per_second_8": Budget(low=600),
    "watch_event_ms": Budget(high=13),
    "pods_per_second": Budget(low=150),
    "pods_deleted_per_second": Budget(low=250),
    "list_6600_ms": Budget(high=169),
    "mib_per_node": Budget(high=0.2),
    "restart_ready_s": Budget(high=8),
    "event_to_pixel_p99_ms": Budget(high=100),
    "fps": Budget(low=30),
    "pods_per_second_1000_nodes": Budget(low=75),
    "rss_mib_1000_nodes_10000_pods": Budget(high=1536),
    "clusters_40_idle_cpu_percent": Budget(high=50),
    "clusters_40_rss_mib": Budget(high=1024),
}
SIZE = 500  # replicas of the measured Deployment
BIG_NODES, BIG_SIZE = 1000, 10_000
SEEN = {"event_to_pixel_p99_ms", "fps"}
BIG = {"mib_per_node", "pods_per_second_1000_nodes", "rss_mib_1000_nodes_10000_pods"}
RESTART = {"restart_ready_s"}
MANY = {"clusters_40_idle_cpu_percent", "clusters_40_rss_mib"}
CREATES = 300  # of each cluster whose latency is measured
TURNS = 6  # the two clusters that are compared take turns, so that the machine's moods meet both
MANY_CLUSTERS, MANY_NODES = 40, 5


def measure(wanted: set[str]) -> Iterator[tuple[str, float]]:
    """Each figure as it is known; the machines are started as far as somebody wants their figures."""
    if not wanted or wanted - BIG - SEEN - RESTART - MANY:
        with Machine() as machine:
            yield from ((name, value) for name, value in _figures(machine) if not wanted or name in wanted)
    if not wanted or wanted & SEEN:
        with Machine() as machine:
            yield from ((name, value) for name, value in browser.figures(machine) if not wanted or name in wanted)
    if not wanted or wanted & BIG:
        with Machine("--no-demo") as machine:
            yield from ((name, value) for name, value in _big_figures(machine) if not wanted or name in wanted)
    if not wanted or wanted & RESTART:
        with Machine() as machine:
            yield "restart_ready_s", restarting.ready_seconds(machine)
    if not wanted or wanted & MANY:
        with Machine("--no-demo") as machine:
            yield from ((name, value) for name, value in _many_figures(machine) if not wanted or name in wanted)


def _figures(machine: Machine) -> Iterator[tuple[str, float]]:
    yield "first_picture_s", time.monotonic() - machine.started
    demo = eventually(lambda: _cluster(machine, "demo"), 30, 0.2)
    eventually(lambda: len(demo.ready_pods()) == 4, 60, 0.1)
    yield "demo_running_s", time.monotonic() - machine.started
    time.sleep(5)
    yield "idle_cpu_percent", cpu_percent(machine, 20)
    machine.manage("cluster", "create", "bench", "--workers", "8", "--profile", "instant")
    bench = machine.cluster("bench")
    eventually(lambda: len(bench.get("/api/v1/nodes")["items"]) == 8, 30)
    machine.manage("cluster", "create", "seven", "--members", "7", "--workers", "0", "--profile", "instant")
    three, seven = create_latencies(bench, machine.cluster("seven"))
    yield "create_p50_ms", statistics.median(three) * 1000
    yield "create_p99_ms", statistics.quantiles(three, n=100)[98] * 1000
    yield "members_7_create_p50_ms", statistics.median(seven) * 1000
    yield "members_7_create_ratio", statistics.median(seven) / statistics.median(three)
    machine.manage("cluster", "delete", "seven")
    yield "creates_per_second_8", creates_per_second(machine, "bench", 8, 100)
    yield "watch_event_ms", watch_event_ms(bench)
    up, down = deployment_round(bench, SIZE)
    yield "pods_per_second", SIZE / up
    yield "rss_mib", rss_mib(machine)
    yield "pods_deleted_per_second", SIZE / down
    fill(bench, 6600)
    yield "list_6600_ms", min(timed(lambda: bench.get("/api/v1/namespaces/fill/configmaps")) for _ in range(5)) * 1000


def _big_figures(machine: Machine) -> Iterator[tuple[str, float]]:
    """A machine of its own: memory that other figures needed would count here."""
    machine.manage("cluster", "create", "small", "--workers", "0", "--profile", "instant")
    small = machine.cluster("small")
    eventually(lambda: small.get("/api/v1/namespaces/default/serviceaccounts")["items"], 30)
    before = rss_mib(machine)
    machine.manage("cluster", "create", "big", "--workers", str(BIG_NODES), "--profile", "instant")
    big = machine.cluster("big")
    eventually(partial(all_ready, big, BIG_NODES), 120, 2)
    yield "mib_per_node", (rss_mib(machine) - before) / BIG_NODES
    path = "/apis/apps/v1/namespaces/default/deployments"
    up = until(big, lambda: big.post(path, deployment(BIG_SIZE)), lambda ready, there: len(ready) == BIG_SIZE, 300)
    yield "pods_per_second_1000_nodes", BIG_SIZE / up
    yield "rss_mib_1000_nodes_10000_pods", rss_mib(machine)


def _many_figures(machine: Machine) -> Iterator[tuple[str, float]]:
    """A class, each with a cluster of its own, and everybody listens to the teacher."""
    names = [f"many-{number}" for number in range(MANY_CLUSTERS)]
    for name in names:
        wish = {"name": name, "members": 3, "workers": MANY_NODES}
        requests.post(f"http://127.0.0.1:{machine.port}/api/clusters", json=wish, timeout=60).raise_for_status()
    clients = [machine.cluster(name) for name in names]
    for client in clients:
        eventually(partial(all_ready, client, MANY_NODES), 120, 0.5)
    time.sleep(10)
    yield "clusters_40_idle_cpu_percent", cpu_percent(machine, 30)
    yield "clusters_40_rss_mib", rss_mib(machine)


def all_ready(cluster: ClusterClient, nodes: int) -> bool:
    return sum(map(is_ready, cluster.get("/api/v1/nodes")["items"])) == nodes


def _cluster(machine: Machine, name: str) -> ClusterClient | None:
    try:
        return machine.cluster(name)
    except AssertionError:
        return None


def timed(action: Any) -> float:
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def create_latencies(*clusters: ClusterClient) -> list[list[float]]:
    """Seconds of each of CREATES creates of a ConfigMap over HTTPS, one client, for each cluster."""
    path = "/api/v1/namespaces/default/configmaps"
    times: list[list[float]] = [[] for _ in clusters]
    for cluster in clusters:
        cluster.post(path, config_map("warm")).raise_for_status()
    for turn in range(TURNS):
        for cluster, found in zip(clusters, times, strict=True):
            names = (f"one-{turn}-{number}" for number in range(CREATES // TURNS))
            found += [timed(partial(create, cluster, path, name)) for name in names]
    return times


def create(cluster: ClusterClient, path: str, name: str) -> None:
    cluster.post(path, config_map(name)).raise_for_status()


def creates_per_second(machine: Machine, name: str, clients: int, each: int) -> float:
    sessions = [machine.cluster(name) for _ in range(clients)]

    def run(client: int) -> None:
        for number in range(each):
            sessions[client].post("/api/v1/namespaces/default/configmaps", config_map(f"c{client}-{number}"))

    with ThreadPoolExecutor(clients) as pool:
        seconds = timed(lambda: list(pool.map(run, range(clients))))
    return clients * each / seconds


def watch_event_ms(cluster: ClusterClient) -> float:
    """Median milliseconds from sending a write to the arrival of its watch event."""
    seen: dict[str, float] = {}
    revision = cluster.get("/api/v1/namespaces/default/configmaps", limit=1)["metadata"]["resourceVersion"]

    def follow() -> None:
        query = {"watch": "1", "resourceVersion": revision, "timeoutSeconds": "20"}
        with cluster.session.get(
            f"{cluster.url}/api/v1/namespaces/default/configmaps", params=query, stream=True, timeout=30
        ) as stream:
            for line in stream.iter_lines():
                seen[orjson.loads(line)["object"]["metadata"]["name"]] = time.perf_counter()
                if len(seen) == 50:
                    return

    thread = threading.Thread(target=follow)
    thread.start()
    time.sleep(0.5)
    writer = cluster.machine.cluster(cluster.name)
    sent = {}
    for number in range(50):
        sent[f"w-{number}"] = time.perf_counter()
        create(writer, "/api/v1/namespaces/default/configmaps", f"w-{number}")
        time.sleep(0.02)
    thread.join(30)
    return statistics.median(seen[name] - at for name, at in sent.items()) * 1000


def deployment_round(cluster: ClusterClient, size: int) -> tuple[float, float]:
    """Seconds from apply to the last Ready, and from delete to the last pod gone, seen through a watch."""
    path = "/apis/apps/v1/namespaces/default/deployments"

    def apply() -> None:
        cluster.post(path, deployment(size)).raise_for_status()

    def delete() -> None:
        cluster.session.delete(f"{cluster.url}{path}/bench", timeout=30).raise_for_status()

    up = until(cluster, apply, lambda ready, there: len(ready) == size)
    down = until(cluster, delete, lambda ready, there: not there)
    return up, down


def until(cluster: ClusterClient, action: Any, done: Any, limit: float = 120) -> float:
    """Seconds from before `action` until `done(ready, there)` holds of the watched pods of app=bench."""
    selector = "app=bench"
    listing = cluster.get("/api/v1/namespaces/default/pods", labelSelector=selector)
    there = {pod["metadata"]["name"] for pod in listing["items"]}
    ready = {pod["metadata"]["name"] for pod in listing["items"] if is_ready(pod)}
    start = time.perf_counter()
    action()
    query = {
        "watch": "1",
        "labelSelector": selector,
        "resourceVersion": listing["metadata"]["resourceVersion"],
        "timeoutSeconds": str(int(limit)),
    }
    session = cluster.machine.cluster(cluster.name).session
    with session.get(
        f"{cluster.url}/api/v1/namespaces/default/pods", params=query, stream=True, timeout=limit
    ) as stream:
        for line in stream.iter_lines(chunk_size=65536):
            event = orjson.loads(line)
            name = event["object"]["metadata"]["name"]
            if event["type"] == "DELETED":
                there.discard(name)
                ready.discard(name)
            else:
                there.add(name)
                if is_ready(event["object"]):
                    ready.add(name)
            if done(ready, there):
                return time.perf_counter() - start
    raise AssertionError(f"only {len(ready)} of {len(there)} pods became ready")


def fill(cluster: ClusterClient, count: int) -> None:
    cluster.post("/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "fill"}})
    sessions = [cluster.machine.cluster(cluster.name) for _ in range(8)]

    def run(client: int) -> None:
        for number in range(client, count, 8):
            sessions[client].post("/api/v1/namespaces/fill/configmaps", config_map(f"f-{number}", "fill"))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(run, range(8)))


def pids(machine: Machine) -> list[int]:
    assert machine.process is not None
    return [machine.process.pid, *machine.children().values()]


def rss_mib(machine: Machine) -> float:
    """Resident memory of all processes together. A page that several share (forks do, libraries are) counts once."""
    return sum(_resident(pid) for pid in pids(machine))


def _resident(pid: int) -> float:
    """MiB of a process, each shared page in proportion: PSS of proc_pid_smaps(5)."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) / 1024
    return 0.0


def cpu_percent(machine: Machine, seconds: float) -> float:
    """CPU of all processes together over `seconds`, in percent of one core."""
    processes = pids(machine)
    before = sum(_ticks(pid) for pid in processes)
    time.sleep(seconds)
    return (sum(_ticks(pid) for pid in processes) - before) / seconds  # 100 ticks a second: percent


def _ticks(pid: int) -> int:
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return int(fields[11]) + int(fields[12])
