"""A pod's status, written as the real kubelet writes it: a pure function of the spec, the containers' slots and the clock.

Reference: kubelet `kubelet_pods.go` (getPhase, convertStatusToAPIStatus), `status/generate.go`. What others own in the
status (conditions of the scheduler and of readiness gates, a nominated node) is kept.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from core.kube.objects import Obj
from core.kube.pods import containers_of, qos_class, resources_of
from core.kube.quantities import amounts as exact
from core.kube.quantities import write
from core.kube.quota import family_of
from core.kube.times import timestamp
from core.runtime.cri import State, state_of
from core.runtime.disk import Record

PENDING, RUNNING, SUCCEEDED, FAILED = "Pending", "Running", "Succeeded", "Failed"
TERMINAL = frozenset({SUCCEEDED, FAILED})
OURS = ("PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled")
CONTAINER_CREATING, POD_INITIALIZING = "ContainerCreating", "PodInitializing"


@dataclass(slots=True)
class Slot:
    """One container of the spec and where it stands: its newest attempt, the one before, and why nothing runs, if so.

    `restarts`: its end is not the last word, the kubelet will start it again. `ephemeral`: added to a running pod, to look
    around in it; it counts for nothing.
    """

    spec: Obj
    init: bool
    ephemeral: bool = False
    record: Record | None = None
    previous: Record | None = None
    waiting: tuple[str, str] | None = None
    started: bool = False
    ready: bool = False
    restarts: bool = False

    @property
    def group(self) -> str:
        """The list of the pod's spec that it is in."""
        return "ephemeralContainers" if self.ephemeral else "initContainers" if self.init else "containers"

    @property
    def sidecar(self) -> bool:
        return self.init and self.spec.get("restartPolicy") == "Always"


def pod_status(
    pod: Obj,
    slots: Sequence[Slot],
    now: float,
    *,
    ephemerals: Sequence[Slot] = (),
    ip: str,
    host_ip: str,
    sandbox_ready: bool,
    done: bool = False,
    failure: tuple[str, str] | None = None,
) -> Obj:
    """The whole status. `done`: the pod's containers will never run again, its phase is final; `failure`: reason and
    message of a pod that has failed as such, whatever its containers say."""
    old = pod.get("status") or {}
    generation = pod["metadata"].get("generation", 1)
    phase = FAILED if failure else phase_of(slots, now, done=done)
    mains = [slot for slot in slots if not slot.init]
    inits = [slot for slot in slots if slot.init]
    begun = any(slot.record is not None for slot in mains)
    status: Obj = {
        "observedGeneration": generation,
        "phase": phase,
        "conditions": _conditions(old, slots, phase, generation, sandbox_ready, pod, now),
        "hostIP": host_ip,
        "hostIPs": [{"ip": host_ip}],
    }
    if ip:
        status["podIP"] = ip
        status["podIPs"] = [{"ip": ip}]
    status["startTime"] = old.get("startTime") or timestamp(now)
    if failure:
        status["reason"], status["message"] = failure
    if inits:
        status["initContainerStatuses"] = [_container_status(slot, now, begun=True) for slot in inits]
    ordered = sorted(mains, key=lambda slot: slot.spec["name"])
    status["containerStatuses"] = [_container_status(slot, now, begun=begun or not inits) for slot in ordered]
    status["qosClass"] = old.get("qosClass") or qos_class(pod["spec"])
    if asked := _asked_by_the_pod(pod["spec"]):
        if "requests" in asked:
            status["allocatedResources"] = asked["requests"]
        status["resources"] = asked
    if ephemerals:
        status["ephemeralContainerStatuses"] = [_container_status(slot, now, begun=True) for slot in ephemerals]
    for kept in ("nominatedNodeName", "resourceClaimStatuses"):
        if kept in old:
            status[kept] = old[kept]
    return status


def rejected_status(pod: Obj, reason: str, message: str, now: float) -> Obj:
    """The status of a pod that never ran here, and will not."""
    old = pod.get("status") or {}
    return {
        **old,
        "observedGeneration": pod["metadata"].get("generation", 1),
        "phase": FAILED,
        "reason": reason,
        "message": message,
        "startTime": old.get("startTime") or timestamp(now),
        "qosClass": old.get("qosClass") or qos_class(pod["spec"]),
    }


def phase_of(slots: Sequence[Slot], now: float, *, done: bool) -> str:
    """getPhase of the real one: what the containers' states together amount to."""
    waiting = running = stopped = succeeded = 0
    for slot in slots:
        state = state_of(slot.record, now) if slot.record else None
        if slot.init and not slot.sidecar:
            if state is State.EXITED and slot.record is not None and slot.record["code"] == 0:
                continue
            if done:
                return FAILED
            return PENDING
        if slot.sidecar:
            if not done and not slot.started:
                return PENDING
            continue
        if state is State.RUNNING and slot.waiting is None:
            running += 1
        elif state is State.EXITED:
            assert slot.record is not None
            stopped += 1
            succeeded += slot.record["code"] == 0
        elif slot.previous is not None:
            stopped += 1
        else:
            waiting += 1
    if done:
        return SUCCEEDED if stopped and succeeded == stopped and not waiting else FAILED
    if waiting:
        return PENDING
    return RUNNING if running or stopped else PENDING


def _container_status(slot: Slot, now: float, *, begun: bool) -> Obj:
    """`begun`: the pod's initialization is over, so what waits waits for itself."""
    spec, record = slot.spec, slot.record
    status: Obj = {"name": spec["name"]}
    last: Obj = _terminated(slot.previous) if slot.previous else {}
    if record is None:
        reason, message = slot.waiting or (CONTAINER_CREATING if begun else POD_INITIALIZING, "")
        status["state"] = {"waiting": _reason(reason, message)}
    else:
        state = state_of(record, now)
        if state is State.EXITED and slot.waiting is not None:
            status["state"], last = {"waiting": _reason(*slot.waiting)}, _terminated(record)
        elif state is State.EXITED:
            status["state"] = _terminated(record)
        elif state is State.RUNNING:
            status["state"] = {"running": {"startedAt": timestamp(record["started_at"])}}
        else:
            status["state"] = {"waiting": {"reason": CONTAINER_CREATING}}
    status["lastState"] = last
    status["ready"] = slot.ready and not slot.ephemeral
    status["restartCount"] = record["attempt"] if record else 0
    status["image"] = spec["image"] if record is None else record["image"]
    status["imageID"] = record["image_id"] if record else ""
    if record:
        status["containerID"] = f"containerd://{record['id']}"
    if not slot.ephemeral:
        status["started"] = slot.started
    resources = spec.get("resources")
    if resources:
        if "requests" in resources:
            status["allocatedResources"] = resources["requests"]
        status["resources"] = resources
    mounts = spec.get("volumeMounts")
    if mounts:
        status["volumeMounts"] = [_mount(mount) for mount in mounts]
    return status


def _asked_by_the_pod(spec: Obj) -> Obj:
    """What is set aside for the pod as a whole, all containers together (KEP-5419); none for one that asks for none."""
    lists = [container.get("resources") or {} for container in containers_of(spec)] + [spec.get("resources") or {}]
    written = {
        name: quantity
        for resources in lists
        for field in ("limits", "requests")
        for name, quantity in (resources.get(field) or {}).items()
    }
    asked: Obj = {}
    for field in ("limits", "requests"):
        amounts = resources_of(spec, field) | exact((spec.get("resources") or {}).get(field))
        if amounts:
            asked[field] = {name: write(value, family_of(written.get(name, ""))) for name, value in amounts.items()}
    return asked


def _terminated(record: Record) -> Obj:
    state = {
        "exitCode": record["code"],
        "reason": record["reason"],
        **({"message": record["message"]} if record.get("message") else {}),
        "startedAt": timestamp(record["started_at"] if record["started_at"] is not None else record["exits_at"]),
        "finishedAt": timestamp(record["exits_at"]),
        "containerID": f"containerd://{record['id']}",
    }
    return {"terminated": state}


def _reason(reason: str, message: str) -> Obj:
    return {"reason": reason, "message": message} if message else {"reason": reason}


def _mount(mount: Obj) -> Obj:
    result = {"name": mount["name"], "mountPath": mount["mountPath"]}
    if mount.get("readOnly"):
        result |= {"readOnly": True, "recursiveReadOnly": "Disabled"}
    return result


def _conditions(
    old: Obj, slots: Sequence[Slot], phase: str, generation: int, sandbox_ready: bool, pod: Obj, now: float
) -> list[Obj]:
    known = {condition["type"]: condition for condition in old.get("conditions") or ()}
    terminal = phase in TERMINAL
    not_ready = [slot.spec["name"] for slot in slots if not slot.ready and (slot.sidecar or not slot.init)]
    incomplete = [slot.spec["name"] for slot in slots if slot.init and not slot.ready]
    unready: tuple[str, str] | None = None
    if phase == SUCCEEDED:
        unready = ("PodCompleted", "")
    elif phase == FAILED:
        unready = ("PodFailed", "")
    elif not_ready:
        unready = ("ContainersNotReady", f"containers with unready status: [{' '.join(not_ready)}]")
    uninitialized: tuple[str, str] | None = None
    begun = any(slot.record is not None for slot in slots if not slot.init)
    if phase == SUCCEEDED:
        uninitialized = None
    elif incomplete and not begun:
        uninitialized = ("ContainersNotInitialized", f"containers with incomplete status: [{' '.join(incomplete)}]")
    gates = [
        gate["conditionType"]
        for gate in pod["spec"].get("readinessGates") or ()
        if known.get(gate["conditionType"], {}).get("status") != "True"
    ]
    not_gated = (
        ("ReadinessGatesNotReady", f'corresponding condition of pod readiness gate "{gates[0]}" does not exist.')
        if gates
        else None
    )
    verdicts: dict[str, tuple[bool, tuple[str, str] | None]] = {
        "PodReadyToStartContainers": (sandbox_ready and not terminal, None),
        "Initialized": (uninitialized is None, (("PodCompleted", "") if phase == SUCCEEDED else uninitialized)),
        "Ready": (unready is None and not gates, unready or not_gated),
        "ContainersReady": (unready is None, unready),
        "PodScheduled": (True, None),
    }
    moment = timestamp(now)
    result = [condition for kind, condition in known.items() if kind not in verdicts]
    for kind in OURS:
        holds, why = verdicts[kind]
        result.append(_condition(kind, holds, why, known.get(kind), generation, moment))
    return result


def _condition(
    kind: str, holds: bool, why: tuple[str, str] | None, before: dict[str, Any] | None, generation: int, moment: str
) -> Obj:
    status = "True" if holds else "False"
    since = before["lastTransitionTime"] if before and before["status"] == status else None
    condition: Obj = {
        "type": kind,
        "observedGeneration": generation,
        "status": status,
        "lastProbeTime": None,
        "lastTransitionTime": since or moment,
    }
    if why:
        condition["reason"] = why[0]
        if why[1]:
            condition["message"] = why[1]
    return condition
