"""What a person at the stage waits for, measured in headless Chromium: from a write to its picture, and frames a second.

Both clocks are this machine's: the writer notes when its answer came, the page when the element was in its document.
Without a GPU the browser composites in software, so the frames are a lower bound.
"""

import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import Page, sync_playwright

from bench.manifests import deployment
from tests.machine import ClusterClient, Machine, eventually, is_ready

CHROMIUM = "/usr/bin/chromium"
CHANGES = 120  # pods made and taken away again
CROWD_NODES, RESTING_PODS, ROLLING_PODS = 100, 500, 500
DEPLOYMENTS = "/apis/apps/v1/namespaces/default/deployments"

WATCH = """() => {
  window.seen = {};
  const stamp = (nodes, kind) => {
    for (const node of nodes) {
      const subject = node.dataset?.inspect;
      if (subject) window.seen[`${kind} ${subject}`] ??= performance.timeOrigin + performance.now();
    }
  };
  new MutationObserver((records) => {
    for (const record of records) { stamp(record.addedNodes, 'came'); stamp(record.removedNodes, 'went'); }
  }).observe(document.getElementById('picture'), { childList: true, subtree: true });
}"""

COUNT_FRAMES = """() => {
  const start = performance.now();
  let frames = 0;
  const tick = () => { frames += 1; requestAnimationFrame(tick); };
  requestAnimationFrame(tick);
  window.framesPerSecond = () => frames / ((performance.now() - start) / 1000);
}"""


def figures(machine: Machine) -> Iterator[tuple[str, float]]:
    """`event_to_pixel_p99_ms` on the demo cluster, `fps` with 100 nodes and 1,000 pods, half of which are replaced."""
    eventually(lambda: "demo" in machine.manage("cluster", "list"), 60, 0.5)
    demo = machine.cluster("demo")
    eventually(lambda: len(demo.ready_pods()) == 4, 60)
    yield "event_to_pixel_p99_ms", p99(event_to_pixel_ms(demo))
    yield "fps", frames_per_second(crowd(machine))


@contextmanager
def stage(cluster: ClusterClient) -> Iterator[Page]:
    """The open stage of a cluster, live."""
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        try:
            page = browser.new_page(viewport={"width": 1440, "height": 900})
            page.goto(f"http://127.0.0.1:{cluster.machine.port}/clusters/{cluster.name}/")
            page.wait_for_selector('body[data-link="live"]')
            page.wait_for_timeout(1500)
            yield page
        finally:
            browser.close()


def event_to_pixel_ms(cluster: ClusterClient) -> list[float]:
    """Milliseconds from the answer of each write to its element in the picture, for pods that come and pods that go."""
    path = "/api/v1/namespaces/default/pods"
    waits = []
    with stage(cluster) as page:
        page.evaluate(WATCH)
        for number in range(CHANGES):
            name = f"seen-{number}"
            cluster.post(path, unplaced(name)).raise_for_status()
            waits.append(wait_for(page, f"came pod/default/{name}", time.time()))
            cluster.session.delete(f"{cluster.url}{path}/{name}", timeout=30).raise_for_status()
            waits.append(wait_for(page, f"went pod/default/{name}", time.time()))
    return waits


def wait_for(page: Page, mark: str, answered: float) -> float:
    seen: float = page.wait_for_function("mark => window.seen[mark]", arg=mark, polling=20).json_value()
    return seen - answered * 1000


def p99(waits: list[float]) -> float:
    return statistics.quantiles(waits, n=100)[98]


def frames_per_second(cluster: ClusterClient) -> float:
    """Of the stage while a Deployment of ROLLING_PODS replaces all its pods among others that rest."""
    with stage(cluster) as page:
        page.evaluate(COUNT_FRAMES)
        annotation = {"spec": {"template": {"metadata": {"annotations": {"rolled": "once"}}}}}
        headers = {"Content-Type": "application/merge-patch+json"}
        cluster.session.patch(
            f"{cluster.url}{DEPLOYMENTS}/rolling", json=annotation, headers=headers, timeout=30
        ).raise_for_status()
        eventually(lambda: is_rolled_out(cluster, "rolling", ROLLING_PODS), 120, 0.25)
        frames: float = page.evaluate("() => window.framesPerSecond()")
    return frames


def is_rolled_out(cluster: ClusterClient, name: str, replicas: int) -> bool:
    found = cluster.get(f"{DEPLOYMENTS}/{name}")
    status = found.get("status", {})
    is_seen = status.get("observedGeneration") == found["metadata"]["generation"]
    return is_seen and all(
        status.get(count) == replicas for count in ("replicas", "updatedReplicas", "availableReplicas")
    )


def crowd(machine: Machine) -> ClusterClient:
    """A cluster of many nodes, full of running pods."""
    machine.manage("cluster", "create", "crowd", "--workers", str(CROWD_NODES), "--profile", "instant")
    cluster = machine.cluster("crowd")
    eventually(lambda: sum(map(is_ready, cluster.get("/api/v1/nodes")["items"])) == CROWD_NODES, 60, 0.5)
    for name, replicas in (("resting", RESTING_PODS), ("rolling", ROLLING_PODS)):
        cluster.post(DEPLOYMENTS, deployment(replicas, name)).raise_for_status()
        eventually(lambda name=name, replicas=replicas: is_rolled_out(cluster, name, replicas), 120, 1)
    return cluster


def unplaced(name: str) -> dict[str, Any]:
    """A pod that no scheduler takes: the picture shows it at once, and nothing else changes it."""
    container = {"name": "c", "image": "registry.k8s.io/pause:3.10"}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": "default"},
        "spec": {"schedulerName": "nobody", "containers": [container]},
    }
