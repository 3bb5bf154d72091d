"""How running containers are stopped: preStop hooks, SIGTERM, the grace period, SIGKILL; sidecars in their turn.

Everything is settled at once, as moments in the containers' records; a later request with less grace brings the end
forward. All containers are told at the same moment, but a sidecar waits until the containers, and the sidecars that were
started after it, have ended; what is left of the grace period is its own, two seconds at least.
Reference: kubelet `kuberuntime_container.go` killContainer, `kuberuntime_termination_order.go`.
"""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from core.kube.objects import Obj
from core.kubelet.status import Slot
from core.runtime.cri import State, state_of
from core.runtime.files import TERMINATION_LOG
from core.runtime.syntax import NotUnderstood
from core.runtime.workloads import Behaviour

if TYPE_CHECKING:
    from core.kubelet.containers import PodSync

KILLING = "Stopping container {name}"
CHANGED = "Container {name} definition changed, will be restarted"
INIT_CHANGED = "Init container {name} definition changed"
MINIMUM_GRACE = 2.0  # seconds SIGTERM is given at least


def stop_all(sync: "PodSync", slots: Sequence[Slot], grace: float) -> list[Slot]:
    """Stop what runs of `slots`; answers those that still do."""
    running = [slot for slot in slots if runs(slot, sync.now)]
    for slot in running:
        if not slot.sidecar:
            _stop(sync, slot, grace, sync.now)
    turn = _last_end((slot for slot in running if not slot.sidecar), sync.now)
    for slot in reversed(running):
        if slot.sidecar:
            _stop(sync, slot, grace, turn)
            turn = _last_end([slot], turn)
    return [slot for slot in running if runs(slot, sync.now)]


def replace(sync: "PodSync", slot: Slot, grace: float) -> None:
    """Stop a running container whose definition changed; noted on its record, that another takes its place."""
    assert slot.record is not None
    if slot.record["notes"].get("replaced"):
        return
    slot.record["notes"]["replaced"] = True
    _stop(sync, slot, grace, sync.now, INIT_CHANGED if slot.init else CHANGED)


def runs(slot: Slot, now: float) -> bool:
    return slot.record is not None and state_of(slot.record, now) is not State.EXITED


def hook_seconds(container: Obj, does: Behaviour, offset: float) -> float:
    """How long the preStop hook takes, run `offset` seconds after the start; one that is not understood is over at once."""
    hook = (container.get("lifecycle") or {}).get("preStop") or {}
    if "sleep" in hook:
        return float(hook["sleep"].get("seconds", 0))
    if "exec" in hook:
        try:
            played = does.plays(tuple(hook["exec"].get("command") or ()), offset)
        except NotUnderstood:
            return 0.0
        return float("inf") if played.ends_after is None else played.ends_after
    return 0.0


def stop_one(sync: "PodSync", slot: Slot, grace: float, why: str) -> None:
    """Stop one running container, for the reason `why`."""
    _stop(sync, slot, grace, sync.now, why)
    assert slot.record is not None
    sync.wake(slot.record["exits_at"])


def _stop(sync: "PodSync", slot: Slot, grace: float, turn: float, why: str = KILLING) -> None:
    """`turn`: not before this moment."""
    record = slot.record
    assert record is not None
    before = record["notes"].get("grace")
    if before is not None and before <= grace:
        return
    if before is None:
        sync.say("Normal", slot, "Killing", why.format(name=slot.spec["name"]))
    record["notes"]["grace"] = grace
    does = sync.behaviour(slot)
    began = record["started_at"] if record["started_at"] is not None else sync.now
    hook = hook_seconds(slot.spec, does, max(sync.now - began, 0.0))
    pause = max(min(hook, grace), turn - sync.now) if grace else 0.0
    given = pause + max(grace - pause, MINIMUM_GRACE) if pause else grace
    sync.runtime.stop_container(record, does, sync.now, given, pause)
    ended = max(record["exits_at"] - record["started_at"], 0.0)
    record["message"] = does.message_at(ended, slot.spec.get("terminationMessagePath") or TERMINATION_LOG)
    sync.runtime.disk.put("container", record["id"], record)


def _last_end(slots: Iterable[Slot], at_least: float) -> float:
    return max((slot.record["exits_at"] for slot in slots if slot.record is not None), default=at_least)
