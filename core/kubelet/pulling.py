"""imagePullPolicy: whether a container's image is fetched, joined or found, and what is said when it cannot be had.

Reference: kubelet `images/image_manager.go`. What is under way is noted on the sandbox (`notes.pulls`: by container, when
it began and ends, or how often it failed and when last), so a kubelet that comes back goes on in the middle of a pull and
in the middle of a back-off. Simplified: registries take every secret.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from core.kubelet.backoff import pull_delay
from core.kubelet.status import Slot
from core.runtime.cri import Runtime
from core.runtime.disk import Record
from core.runtime.images import Image, PullError, resolve

if TYPE_CHECKING:
    from core.kubelet.containers import PodSync

PULLING = 'Pulling image "{image}"'
PRESENT = 'Container image "{image}" already present on machine and can be accessed by the pod'
PULLED = 'Successfully pulled image "{image}" in {took} ({waited} including waiting). Image size: {size} bytes.'
FAILED_TO_PULL = 'Failed to pull image "{image}": {why}'
BACK_OFF = 'Back-off pulling image "{image}"'
NEVER = 'Container image "{image}" is not present with pull policy of Never'
SHOW_ERROR_FOR = 1.0  # seconds a container waits with ErrImagePull before it is ImagePullBackOff


@dataclass(frozen=True, slots=True)
class Pull:
    """An image that is there: how long it took to fetch, if it had to be."""

    image: Image
    size: int
    seconds: float | None


def ensure_image(sync: "PodSync", slot: Slot) -> Pull | None:
    """The image when it is there; else None, and the slot says what it waits for."""
    assert sync.sandbox is not None
    runtime: Runtime = sync.runtime
    pulls: dict[str, Any] = sync.sandbox["notes"].get("pulls", {})
    image, name, now = slot.spec["image"], slot.spec["name"], sync.now
    mark = pulls.get(name)
    if mark is not None and mark.get("image", image) != image:
        mark = None  # another image was asked for then: neither its pull nor its back-off is this one's
    if mark is not None and "failures" in mark:
        if now < mark["at"]:  # the registry has not answered yet
            sync.wake(mark["at"])
            return None
        if not mark.get("told"):
            _tell_failure(sync, slot, mark)
        resumes = mark["at"] + pull_delay(mark["failures"])
        if now < resumes:
            shown = mark["at"] + SHOW_ERROR_FOR
            if now < shown:
                slot.waiting = (mark["reason"], mark["message"])
                sync.wake(shown)
                return None
            why = f"{mark['reason']}: {mark['message']}"
            slot.waiting = ("ImagePullBackOff", f"{BACK_OFF.format(image=image)}: {why}")
            if not mark.get("backed"):
                mark["backed"] = True
                sync.say("Normal", slot, "BackOff", BACK_OFF.format(image=image))
                sync.say("Warning", slot, "Failed", "Error: ImagePullBackOff")
            sync.wake(resumes)
            return None
    policy = slot.spec.get("imagePullPolicy", "IfNotPresent")
    try:
        present = runtime.image_status(image, now)
        began = mark if mark is not None and "failures" not in mark else None
        if began is None and present is not None and policy != "Always":
            return _pull(present, None)
        if began is None and policy == "Never":
            slot.waiting = ("ErrImageNeverPull", NEVER.format(image=image))
            sync.say("Warning", slot, "ErrImageNeverPull", NEVER.format(image=image))
            sync.wake(now + pull_delay(1))
            return None
        if began is None:
            sync.say("Normal", slot, "Pulling", PULLING.format(image=image))
            record = runtime.pull_image(image, now)
            done = max(record["done_at"], now + runtime.latencies.resolve)
            began = {"image": image, "started": now, "done": done}
            if done > now:
                _note(sync, name, began)
        if now < began["done"]:
            sync.wake(began["done"])
            return None
    except PullError as error:
        failures = mark["failures"] if mark is not None and "failures" in mark else 0
        at = now + runtime.latencies.resolve
        mark = {"image": image, "failures": failures + 1, "at": at, "reason": error.reason, "message": error.message}
        if error.reason == "InvalidImageName":
            slot.waiting = (error.reason, error.message)
            if sync.kubelet.told.setdefault((sync.uid, f"{name} {image}"), now) == now:
                sync.say("Warning", slot, "InspectFailed", error.message)
                sync.say("Warning", slot, "Failed", "Error: InvalidImageName")
            return None  # no retry helps: the spec has to change
        _note(sync, name, mark)
        return ensure_image(sync, slot)
    _note(sync, name, None)
    found = runtime.image_status(image, now)
    assert found is not None, "a pull that is through leaves its image"
    return _pull(found, began["done"] - began["started"])


def pulled_text(image: str, pull: Pull) -> str:
    """The message of the event Pulled."""
    if pull.seconds is None:
        return PRESENT.format(image=image)
    took = f"{pull.seconds:.3f}s" if pull.seconds >= 1 else f"{round(pull.seconds * 1000)}ms"
    return PULLED.format(image=image, took=took, waited=took, size=pull.size)


def _pull(record: Record, seconds: float | None) -> Pull:
    return Pull(resolve(record["name"]), record["size"], seconds)


def _tell_failure(sync: "PodSync", slot: Slot, mark: dict[str, Any]) -> None:
    mark["told"] = True
    _note(sync, slot.spec["name"], mark)
    text = FAILED_TO_PULL.format(image=slot.spec["image"], why=mark["message"])
    sync.say("Warning", slot, "Failed", text)
    sync.say("Warning", slot, "Failed", f"Error: {mark['reason']}")


def _note(sync: "PodSync", container: str, mark: dict[str, Any] | None) -> None:
    """Keep `mark` on the sandbox; None takes it away."""
    assert sync.sandbox is not None
    pulls: dict[str, Any] = sync.sandbox["notes"].setdefault("pulls", {})
    if mark is None and container not in pulls:
        return
    if mark is None:
        del pulls[container]
    else:
        pulls[container] = mark
    sync.runtime.disk.put("sandbox", sync.sandbox["id"], sync.sandbox)
