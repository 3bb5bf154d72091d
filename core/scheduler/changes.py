"""What changed between two states of a node or a pod, in the terms of `events.Action`."""

from core.kube.objects import Obj, labels_of
from core.scheduler.events import Action
from core.scheduler.resources import demand


def node_change(old: Obj | None, new: Obj) -> Action:
    """NONE for a heartbeat: most updates of a node are one."""
    if old is None:
        return Action.ADD
    action = Action.NONE
    before, after = old.get("spec") or {}, new.get("spec") or {}
    if before.get("taints") != after.get("taints") or before.get("unschedulable") != after.get("unschedulable"):
        action |= Action.TAINTS
    if labels_of(old) != labels_of(new):
        action |= Action.LABELS
    was, now = old.get("status") or {}, new.get("status") or {}
    if any(was.get(name) != now.get(name) for name in ("allocatable", "capacity", "images")):
        action |= Action.ALLOCATABLE
    return action


def pod_change(old: Obj, new: Obj) -> Action:
    """NONE when only the status changed; a change of the spec shows in the generation."""
    action = Action.NONE
    if labels_of(old) != labels_of(new):
        action |= Action.LABELS
    if old["metadata"].get("generation") == new["metadata"].get("generation"):
        return action
    before, after = old["spec"], new["spec"]
    if before.get("tolerations") != after.get("tolerations"):
        action |= Action.TOLERATIONS
    if before.get("schedulingGates") != after.get("schedulingGates"):
        action |= Action.GATES
    if before != after:
        action |= Action.SPEC
        was, now = demand(before).amounts, demand(after).amounts
        if any(value > now.get(name, 0) for name, value in was.items()):
            action |= Action.SCALE_DOWN
    return action
