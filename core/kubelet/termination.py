"""The end of a pod that is deleted, or has outlived its deadline: its containers are stopped (`stopping`).

A deleted pod carries `deletionTimestamp` and the grace period that was asked for. Reference: kubelet `pod_workers.go`.
"""

from core.kubelet.containers import PodSync
from core.kubelet.stopping import runs, stop_all


def terminate(sync: PodSync) -> bool:
    """Bring the pod nearer to its end; whether all its processes are gone."""
    sync.ending = True
    for slot in sync.everything:
        sync.observe(slot)
    sync.due = None  # only the end counts now
    grace_of_spec = sync.pod["spec"].get("terminationGracePeriodSeconds", 30)
    grace = float(sync.pod["metadata"].get("deletionGracePeriodSeconds", grace_of_spec))
    running = stop_all(sync, sync.everything, grace)
    for slot in running:
        assert slot.record is not None
        sync.wake(slot.record["exits_at"])
    for slot in sync.everything:
        if not runs(slot, sync.now):
            slot.ready = slot.started = False
    return not running
