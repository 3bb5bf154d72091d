"""A container, as its node has it: what the process is and prints, its image's layers, mount, cgroup and system calls.

None of this is known to the API server: it is read from the node's disk, as `crictl` and `/proc` would on the machine.
"""

from typing import Any

from core.dashboard.inspect.pods import silent
from core.dashboard.inspect.view import NothingThere, Panel, View, span
from core.dashboard.inspect.yaml import highlighted
from core.engine.disks import load_disk
from core.kubelet.inspection import inspect
from core.runtime.logs import logs

LINES = 12  # of the log
STATES = {
    "running": "it runs",
    "created": "it was created and waits at the door: its process is not started yet",
    "exited": "its process ended",
}


def container(view: View, subject: str) -> Panel:
    """NAMESPACE/POD/CONTAINER."""
    namespace, pod_name, name = (*subject.split("/", 2), "", "")[:3]
    pod = view.find("pods", namespace, pod_name)
    node = pod.get("spec", {}).get("nodeName", "")
    if not node:
        raise NothingThere(f"pod {namespace}/{pod_name} has no node yet, and so no containers")
    disk = load_disk(view.cluster.pk, node)
    found = inspect(
        pod, name, disk, view.now, lambda kind, key: view.cache.get(kind, namespace, key), view.all("services")
    )
    if found is None:
        raise NothingThere(
            f"container {name!r} of pod {namespace}/{pod_name} is not on {node}: not made yet, or no such name"
        )
    process = found["config"]["process"]
    short = found["id"][:12]
    return Panel(
        kick="container",
        title=f"{name} in {pod_name}",
        tone="run",
        why=why(view, node, name, found["state"], disk.records["container"][found["id"]]),
        wrong=bool(silent(view, node)),
        facts=[
            ("state", found["state"]),
            ("attempt", found["attempt"]),
            ("image", found["image"]["name"]),
            ("command", " ".join(process["args"])),
            ("cpu", f"{found['usage']['cpuMillis']} m"),
            ("memory", f"{found['usage']['memoryBytes'] / 2**20:.1f} Mi"),
        ],
        commands=[
            f"kubectl -n {namespace} logs {pod_name} -c {name}",
            f"crictl inspect {short}",
            f"cat {found['cgroup']['path']}/memory.max",
        ],
        template="dashboard/inspect/container.html",
        more={
            **found,
            "config": highlighted(found["config"]),
            "env": process.get("env") or [],
            "namespaces": namespaces(found["config"]),
            "layers": [layer(row) for row in found["image"]["layers"]],
            "log": logs(disk, found["id"], view.now, tail=LINES).splitlines(),
            "pod": f"{namespace}/{pod_name}",
        },
    )


def why(view: View, node: str, name: str, state: str, record: dict[str, Any]) -> str:
    if silence := silent(view, node):
        return f"How is it? This is what the disk says; {silence}."
    said = STATES[state]
    if state == "exited":
        reason = f" ({record['reason']})" if record.get("reason") else ""
        said += f" with exit code {record['code']}{reason}" if record.get("code") is not None else ""
        said += f" {span(view.now - record['exits_at'])} ago"
    elif state == "running":
        said += f" for {span(view.now - record['started_at'])}"
    return (
        f"What is it? Container {name} is a process of {node} with namespaces, a cgroup and a root of its own; {said}."
    )


def namespaces(config: dict[str, Any]) -> list[dict[str, str]]:
    """Which namespaces are its own, and which it shares with the other containers of the pod."""
    return [
        {"kind": row["type"], "whose": f"the pod's, joined at {row['path']}" if "path" in row else "its own"}
        for row in config["linux"]["namespaces"]
    ]


def layer(row: dict[str, Any]) -> dict[str, Any]:
    fetched = "there" if row["fetched"] >= 1 else f"{row['fetched']:.0%} fetched"
    return {
        "digest": row["digest"].removeprefix("sha256:")[:12],
        "size": f"{row['size'] / 2**20:.1f} Mi",
        "fetched": fetched,
    }
