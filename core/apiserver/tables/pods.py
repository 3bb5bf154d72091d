"""The table of pods, and the word in its Status column.

That word is not a field: it is read off the phase and the states of the containers, the way kubectl's users know it
(`Init:0/1`, `CrashLoopBackOff`, `Completed`, `Terminating`). Reference: kubernetes `pkg/printers/internalversion`,
`printPod`.
"""

from dataclasses import dataclass
from typing import Any

from core.apiserver.tables.columns import AGE, NAME, NONE, WIDE, Column, at, text
from core.apiserver.tables.durations import human
from core.kube.objects import Obj, condition
from core.kube.times import parse_timestamp

TERMINAL = ("Succeeded", "Failed")


@dataclass(slots=True)
class Summary:
    """What the containers of a pod add up to. `last_restart` is virtual seconds, 0 for never."""

    reason: str
    ready: int = 0
    total: int = 0
    restarts: int = 0
    last_restart: float = 0.0

    def count_restarts(self, status: Obj) -> None:
        self.restarts += status.get("restartCount", 0)
        finished = at(status, "lastState", "terminated", "finishedAt")
        if finished:
            self.last_restart = max(self.last_restart, parse_timestamp(finished))


def summarize(pod: Obj) -> Summary:
    """The state of a pod in one word and three numbers."""
    status = at(pod, "status", default={})
    scheduled = condition(pod, "PodScheduled") or {}
    word = status.get("reason") or status.get("phase") or "Unknown"
    if scheduled.get("reason") == "SchedulingGated":
        word = "SchedulingGated"
    sidecars = {
        container["name"]
        for container in at(pod, "spec", "initContainers", default=())
        if container.get("restartPolicy") == "Always"
    }
    summary = Summary(word, total=len(at(pod, "spec", "containers", default=())) + len(sidecars))
    if _initialized(pod, summary, sidecars):
        _running(pod, summary)
    if "deletionTimestamp" in pod["metadata"]:
        if status.get("reason") == "NodeLost":
            summary.reason = "Unknown"
        elif status.get("phase") not in TERMINAL:
            summary.reason = "Terminating"
    return summary


def _initialized(pod: Obj, summary: Summary, sidecars: set[str]) -> bool:
    """Go through the init containers; False when the pod still hangs in one of them, which then names the state."""
    statuses = at(pod, "status", "initContainerStatuses", default=())
    of_sidecars = Summary("")
    blocked = False
    for position, status in enumerate(statuses):
        summary.count_restarts(status)
        terminated, waiting = at(status, "state", "terminated"), at(status, "state", "waiting")
        if status["name"] in sidecars:
            of_sidecars.count_restarts(status)
        if terminated and terminated.get("exitCode") == 0:
            continue
        if status["name"] in sidecars and status.get("started"):
            summary.ready += bool(status.get("ready"))
            continue
        blocked = True
        if terminated:
            summary.reason = f"Init:{terminated.get('reason') or _ended(terminated)}"
        elif waiting and waiting.get("reason") not in (None, "", "PodInitializing"):
            summary.reason = f"Init:{waiting['reason']}"
        else:
            summary.reason = f"Init:{position}/{len(at(pod, 'spec', 'initContainers', default=()))}"
        break
    if blocked and (condition(pod, "Initialized") or {}).get("status") != "True":
        return False
    # Once the pod runs, only restarts of what is running count: sidecars and, from here, the containers.
    summary.restarts, summary.last_restart = of_sidecars.restarts, of_sidecars.last_restart
    return True


def _running(pod: Obj, summary: Summary) -> None:
    running = False
    for status in reversed(at(pod, "status", "containerStatuses", default=())):
        summary.count_restarts(status)
        terminated, waiting = at(status, "state", "terminated"), at(status, "state", "waiting")
        if waiting and waiting.get("reason"):
            summary.reason = waiting["reason"]
        elif terminated:
            summary.reason = terminated.get("reason") or _ended(terminated)
        elif status.get("ready") and at(status, "state", "running") is not None:
            running = True
            summary.ready += 1
    if summary.reason == "Completed" and running:
        ready = (condition(pod, "Ready") or {}).get("status") == "True"
        summary.reason = "Running" if ready else "NotReady"


def _ended(terminated: Any) -> str:
    signal = terminated.get("signal")
    return f"Signal:{signal}" if signal else f"ExitCode:{terminated.get('exitCode', 0)}"


def _ready(pod: Obj, now: float) -> str:
    summary = summarize(pod)
    return f"{summary.ready}/{summary.total}"


def _restarts(pod: Obj, now: float) -> str:
    summary = summarize(pod)
    if not (summary.restarts and summary.last_restart):
        return str(summary.restarts)
    return f"{summary.restarts} ({human(now - summary.last_restart)} ago)"


def _gates(pod: Obj, now: float) -> str:
    gates = at(pod, "spec", "readinessGates", default=())
    if not gates:
        return NONE
    passed = sum((condition(pod, gate["conditionType"]) or {}).get("status") == "True" for gate in gates)
    return f"{passed}/{len(gates)}"


def row_conditions(pod: Obj) -> list[Obj]:
    """What marks a row of a pod that has ended, so that clients may grey it out."""
    phase = at(pod, "status", "phase")
    if phase not in TERMINAL:
        return []
    message = f"The pod has {'completed successfully' if phase == 'Succeeded' else 'failed'}."
    return [{"type": "Completed", "status": "True", "reason": phase, "message": message}]


PODS = (
    NAME,
    Column("Ready", _ready, description="The aggregate readiness state of this pod for accepting traffic."),
    Column(
        "Status",
        lambda pod, now: summarize(pod).reason,
        description="The aggregate status of the containers in this pod.",
    ),
    Column("Restarts", _restarts, description="How often the containers were restarted, and when last."),
    AGE,
    text("IP", "status", "podIP", default=NONE, priority=WIDE, description="The pod's address, once it has one."),
    text("Node", "spec", "nodeName", default=NONE, priority=WIDE, description="The node the pod is scheduled to."),
    text(
        "Nominated Node",
        "status",
        "nominatedNodeName",
        default=NONE,
        priority=WIDE,
        description="The node where the pod preempts others.",
    ),
    Column(
        "Readiness Gates", _gates, priority=WIDE, description="Conditions the pod waits for besides its containers."
    ),
)
