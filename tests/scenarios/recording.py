"""Recording a starting point of the gallery: the very run of it, as frames for the miniature on its card.

The cluster is driven inline in virtual time, so that a start has one recording. A frame is what a miniature shows:

    t      virtual seconds since the cluster began
    m      a letter a member: L leads, F follows, V asks for votes or pre-votes, ? knows no leader, X is down
    n      a sign a node: + ready, x dead and nobody has noticed, - not ready
    p      for each node, and last for those on none, the tones of its pods in order of creation: "ok ok make"
"""

from collections.abc import Iterator
from typing import Any

from core.dashboard.feed.pods import tone_of, word_of
from core.dashboard.gallery import Start, requests_of
from core.engine.status import cluster_status
from core.faults import act
from core.kube.errors import ApiError
from core.kube.requests import PatchType
from tests.world import World

Frame = dict[str, Any]
VOTING = ("candidate", "pre-candidate")
SETTLE = 2.0  # virtual seconds that a new cluster's nodes take to come up, before its objects are created


def record(start: Start) -> dict[str, Any]:
    """`{"pace": virtual seconds a second, "seconds": …, "frames": […]}`; only frames that differ from the one before."""
    script = start.recording
    frames: list[Frame] = []
    for frame in _run(start, script):
        if not frames or {**frame, "t": 0} != {**frames[-1], "t": 0}:
            frames.append(frame)
    return {"pace": script["pace"], "seconds": script["seconds"], "frames": frames}


def _run(start: Start, script: dict[str, Any]) -> Iterator[Frame]:
    world = World("recorded", members=start.members, workers=start.workers, profile=start.profile)
    world.run(SETTLE)
    began = world.now
    for answer in world.host.transport.execute(requests_of(start)):
        assert not isinstance(answer, ApiError), answer
    acts = list(script["acts"])
    for number in range(int(script["seconds"] / script["every"]) + 1):
        at = number * script["every"]
        while acts and acts[0]["at"] <= at:
            _act(world, acts.pop(0))
        yield _frame(world, round(at, 2))
        world.run(began + at + script["every"] - world.now)


def _act(world: World, step: dict[str, Any]) -> None:
    if "patch" in step:
        kind = PatchType.STRATEGIC
        world.patch(step["patch"], "default", step["name"], step["with"], kind)
    for verb in ("kill", "restart"):
        for target in _targets(world, step[verb]) if verb in step else ():
            act(world.cluster, verb, target, now=world.clock.now)


def _targets(world: World, wanted: str) -> list[str]:
    """`leader`, `follower` (the first), `all` that is broken, or a target by name."""
    status = cluster_status(world.cluster)
    running = [member for member in status["etcd"]["members"] if member["state"] == "running"]
    match wanted:
        case "leader" | "follower":
            return [next(member["name"] for member in running if member["role"] == wanted)]
        case "all":
            return [
                row["name"] for row in (*status["etcd"]["members"], *status["components"]) if row["state"] == "stopped"
            ]
    return [wanted]


def _frame(world: World, at: float) -> Frame:
    status = cluster_status(world.cluster)
    nodes = status["nodes"]
    tones: dict[str, list[str]] = {node["name"]: [] for node in nodes} | {"": []}
    for pod in sorted(
        world.all("pods"), key=lambda pod: (pod["metadata"]["creationTimestamp"], pod["metadata"]["name"])
    ):
        tones[pod["spec"].get("nodeName", "")].append(tone_of(word_of(pod)))
    return {
        "t": at,
        "m": "".join(_letter(member) for member in status["etcd"]["members"]),
        "n": "".join(_sign(node) for node in nodes),
        "p": [" ".join(found) for found in tones.values()],
    }


def _sign(node: dict[str, Any]) -> str:
    if not node["ready"]:
        return "-"
    return "+" if node["state"] == "running" else "x"


def _letter(member: dict[str, Any]) -> str:
    if member["state"] != "running":
        return "X"
    return {"leader": "L", "follower": "F"}.get(member["role"], "V" if member["role"] in VOTING else "?")
