"""`kubectl logs`: what a container printed by now, in the CRI's line format or plain. Computed from its record on demand."""

from core.kube.times import micro_timestamp
from core.runtime.cri import image_of
from core.runtime.disk import Disk
from core.runtime.workloads import output


class NoSuchContainer(LookupError):
    """The node does not have the container; the message is the real one's."""


NOT_FOUND = (
    "unable to retrieve container logs for containerd://{0}: "
    'an error occurred when try to find container "{0}": not found'
)


def logs(
    disk: Disk, container_id: str, now: float, *, tail: int | None = None, timestamps: bool = False, since: float = 0.0
) -> str:
    """The text; `tail` its last lines only, `since` a virtual time. Raises NoSuchContainer."""
    record = disk.get("container", container_id)
    if record is None:
        raise NoSuchContainer(NOT_FOUND.format(container_id))
    lines = [(moment, line) for moment, line in output(image_of(record), record, now) if moment >= since]
    if tail is not None:
        lines = lines[-tail:] if tail > 0 else []
    return "".join(f"{micro_timestamp(moment)} {line}\n" if timestamps else f"{line}\n" for moment, line in lines)
