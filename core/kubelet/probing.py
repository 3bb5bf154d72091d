"""What follows from a running container's probes: whether it has started, whether it is ready, and when it is killed.

`probes.py` says how a prober stands at a moment; this module asks it for each probe of a container, tells failures as
Events, and ends a container whose liveness or startup probe has failed. Startup gates the other two.
"""

from typing import TYPE_CHECKING

from core.kube.objects import Obj
from core.kubelet.probes import failure_text, judge, named_ports
from core.kubelet.status import Slot

if TYPE_CHECKING:
    from core.kubelet.containers import PodSync

KINDS = ("startup", "liveness", "readiness")
PROBE_KILLED = "Container {name} failed {kind} probe{restarted}"
RESTARTED = ", will be restarted"
UNHEALTHY = "{kind} probe failed: {why}"


def probe(sync: "PodSync", slot: Slot) -> None:
    """Fill in `started` and `ready` of a running container; note the next moment a probe may change anything."""
    spec, record = slot.spec, slot.record
    assert record is not None
    probes = {kind: spec[f"{kind}Probe"] for kind in KINDS if f"{kind}Probe" in spec}
    slot.started, slot.ready = "startup" not in probes, "readiness" not in probes and "startup" not in probes
    if not probes:
        return
    does, ports = sync.behaviour(slot), named_ports(spec)
    stopping = sync.ending or "stopping" in record["notes"]
    begun = started = record["started_at"]
    for kind, each in probes.items():
        if kind != "startup" and not slot.started:
            break
        verdict = judge(each, does, ports, begun, started, sync.now)
        is_through = kind == "startup" and verdict.success is True  # a startup probe that succeeded looks no more
        if verdict.next_at is not None and not is_through:
            sync.wake(verdict.next_at)
        if verdict.failures and verdict.failed_at is not None and not is_through and not stopping:
            _tell(sync, slot, kind, each, verdict.failed_at)
        if kind == "startup":
            slot.started = verdict.success is True
            slot.ready = slot.started and "readiness" not in probes
            begun = verdict.turned_at
        elif kind == "readiness":
            slot.ready = verdict.success is True
        if kind != "readiness" and verdict.success is False and not stopping:
            restarted = "" if sync.policy == "Never" and not slot.sidecar else RESTARTED
            sync.say("Normal", slot, "Killing", PROBE_KILLED.format(name=spec["name"], kind=kind, restarted=restarted))
            of_pod = sync.pod["spec"].get("terminationGracePeriodSeconds", 30)
            grace = each.get("terminationGracePeriodSeconds", of_pod)
            sync.runtime.stop_container(record, does, sync.now, grace)
            sync.wake(record["exits_at"])
            break


def _tell(sync: "PodSync", slot: Slot, kind: str, each: Obj, failed_at: float) -> None:
    """The event Unhealthy, once for each look that failed."""
    assert slot.record is not None
    told = (slot.record["id"], kind)
    if sync.kubelet.told.get(told, -1.0) >= failed_at:
        return
    sync.kubelet.told[told] = failed_at
    ip = sync.sandbox["ip"] if sync.sandbox is not None else ""
    offset = failed_at - slot.record["started_at"]
    why = failure_text(each, sync.behaviour(slot), named_ports(slot.spec), ip, offset)
    sync.say("Warning", slot, "Unhealthy", UNHEALTHY.format(kind=kind.capitalize(), why=why))
