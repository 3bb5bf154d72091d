"""The kubelet's own server (port 10250), as far as the API server asks it: `/containerLogs/NAMESPACE/POD/CONTAINER`.

Which attempt of a container is meant is read from the pod's status, as the real kubelet does; what it printed comes from
the node's runtime. Reference: kubelet `kubelet_pods.go` (validateContainerLogStatus), `server/server.go`.
"""

from collections.abc import Iterator

from core.kube.errors import BadRequest
from core.kube.objects import Obj
from core.kube.podlogs import LogOptions, LogPiece
from core.runtime.cri import State, state_of
from core.runtime.disk import Disk
from core.runtime.logs import NoSuchContainer, logs

PORT = 10250
STATUSES = ("containerStatuses", "initContainerStatuses", "ephemeralContainerStatuses")

NOT_AVAILABLE = 'container "{name}" in pod "{pod}" is not available'
NO_PREVIOUS = 'previous terminated container "{name}" in pod "{pod}" not found'
TERMINATED = 'container "{name}" in pod "{pod}" is terminated'
WAITING = 'container "{name}" in pod "{pod}" is waiting to start: {why}'
NO_LOGS = 'container "{name}" in pod "{pod}" is waiting to start - no logs yet'
WHY_WAITING = {
    "ErrImagePull": "image can't be pulled",
    "ImagePullBackOff": "trying and failing to pull image",
}


def container_id(pod: Obj, name: str, *, previous: bool = False) -> str:
    """The runtime's id of the attempt whose log is asked for. Raises BadRequest."""
    words = {"name": name, "pod": pod["metadata"]["name"]}
    status = next((each for each in _statuses(pod) if each["name"] == name), None)
    if status is None:
        raise BadRequest(NOT_AVAILABLE.format(**words))
    state, last = status.get("state") or {}, (status.get("lastState") or {}).get("terminated")
    earlier = last.get("containerID", "") if last else ""
    if previous:
        if not earlier:
            raise BadRequest(NO_PREVIOUS.format(**words))
        return _bare(earlier)
    if "running" in state:
        return _bare(status["containerID"])
    ended = state.get("terminated")
    if ended is not None or last is not None:
        found = (ended.get("containerID") if ended else "") or earlier
        if not found:
            raise BadRequest(TERMINATED.format(**words))
        return _bare(found)
    reason = (state.get("waiting") or {}).get("reason", "")
    if not reason:
        raise BadRequest(NO_LOGS.format(**words))
    raise BadRequest(WAITING.format(**words, why=WHY_WAITING.get(reason, reason)))


def read_log(disk: Disk, container: str, options: LogOptions, now: float) -> LogPiece:
    """What the container printed by `now`. One that is gone is told of in the text itself, as the real one does."""
    try:
        text = logs(disk, container, now, tail=options.tail, timestamps=options.timestamps, since=options.since)
    except NoSuchContainer as gone:
        return LogPiece(str(gone), now, ended=True)
    if options.limit_bytes is not None:
        text = text.encode()[: options.limit_bytes].decode(errors="ignore")
    record = disk.get("container", container)
    assert record is not None
    return LogPiece(text, now, state_of(record, now) is State.EXITED)


def _statuses(pod: Obj) -> Iterator[Obj]:
    for group in STATUSES:
        yield from (pod.get("status") or {}).get(group) or ()


def _bare(reference: str) -> str:
    """The id without the name of the runtime: `containerd://…`."""
    return reference.rpartition("/")[2]
