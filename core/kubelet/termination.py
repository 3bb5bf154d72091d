"""The end of a pod: preStop hooks, SIGTERM, the grace period, SIGKILL; sidecars after the others.

A deleted pod carries `deletionTimestamp` and the grace period that was asked for. Everything is settled at once, as moments
in the containers' records; a later request with less grace brings the end forward. Reference: kubelet
`kuberuntime_container.go` killContainer, `pod_workers.go`.
"""

from core.kube.objects import Obj
from core.kubelet.containers import PodSync
from core.kubelet.status import Slot
from core.runtime.cri import State, state_of
from core.runtime.shell import run
from core.runtime.syntax import NotUnderstood

KILLING = "Stopping container {name}"
MINIMUM_GRACE = 2.0  # seconds SIGTERM is given after a hook that used the whole grace period up


def terminate(sync: PodSync) -> bool:
    """Bring the pod nearer to its end; whether all its processes are gone."""
    sync.ending = True
    for slot in sync.slots:
        sync.observe(slot)
    sync.due = None  # only the end counts now
    grace_of_spec = sync.pod["spec"].get("terminationGracePeriodSeconds", 30)
    grace = float(sync.pod["metadata"].get("deletionGracePeriodSeconds", grace_of_spec))
    running = [slot for slot in sync.mains if _runs(slot, sync.now)]
    for slot in running:
        _stop(sync, slot, grace)
    running = [slot for slot in running if _runs(slot, sync.now)]
    if not running:
        sidecars = [slot for slot in sync.inits if _runs(slot, sync.now)]
        for slot in sidecars:
            _stop(sync, slot, grace)
        running = [slot for slot in sidecars if _runs(slot, sync.now)]
    for slot in running:
        assert slot.record is not None
        sync.wake(slot.record["exits_at"])
    for slot in sync.slots:
        if not _runs(slot, sync.now):
            slot.ready = slot.started = False
    return not running


def hook_seconds(container: Obj) -> float:
    """How long the preStop hook takes; one that is not understood is over at once."""
    hook = (container.get("lifecycle") or {}).get("preStop") or {}
    if "sleep" in hook:
        return float(hook["sleep"].get("seconds", 0))
    if "exec" in hook:
        try:
            played = run(tuple(hook["exec"].get("command") or ()), {})
        except NotUnderstood:
            return 0.0
        return float("inf") if played.ends_after is None else played.ends_after
    return 0.0


def _stop(sync: PodSync, slot: Slot, grace: float) -> None:
    record = slot.record
    assert record is not None
    before = record["notes"].get("grace")
    if before is not None and before <= grace:
        return
    if before is None:
        sync.say("Normal", slot, "Killing", KILLING.format(name=slot.spec["name"]))
    record["notes"]["grace"] = grace
    hook = hook_seconds(slot.spec) if slot.spec.get("lifecycle") else 0.0
    given = max(grace, MINIMUM_GRACE) if hook and grace else grace
    if hook >= given:
        hook, given = given, given + MINIMUM_GRACE
    sync.runtime.stop_container(record, sync.behaviour(slot), sync.now, given, hook)


def _runs(slot: Slot, now: float) -> bool:
    return slot.record is not None and state_of(slot.record, now) is not State.EXITED
