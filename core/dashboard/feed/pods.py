"""A pod's one word and one tone, as `kubectl get pods` says it (printPod in pkg/printers/internalversion).

The word goes beside the colour everywhere, so that colour is never the only sign.
"""

from typing import Any

from core.kube.objects import Obj

# word → tone; what is not named here and not in FAILED is waiting
TONES = {
    "Running": "ok",
    "Completed": "done",
    "Succeeded": "done",
    "ContainerCreating": "make",
    "PodInitializing": "make",
    "Terminating": "gone",
    "Unknown": "gone",
    "NodeLost": "gone",
    "Pending": "wait",
}
FAILED = frozenset(
    {
        "Error",
        "Failed",
        "CrashLoopBackOff",
        "ImagePullBackOff",
        "ErrImagePull",
        "OOMKilled",
        "Evicted",
        "CreateContainerError",
        "CreateContainerConfigError",
        "InvalidImageName",
        "RunContainerError",
    }
)


def word_of(pod: Obj) -> str:
    """The STATUS column."""
    status = pod.get("status", {})
    word: str = status.get("reason") or status.get("phase") or "Pending"
    spec_init = pod.get("spec", {}).get("initContainers") or ()
    initializing = False
    for number, state in enumerate(status.get("initContainerStatuses") or ()):
        now = state.get("state", {})
        ended = now.get("terminated")
        if ended and ended.get("exitCode") == 0:
            continue
        reason = (ended or now.get("waiting") or {}).get("reason", "")
        word = f"Init:{reason}" if reason and reason != "PodInitializing" else f"Init:{number}/{len(spec_init)}"
        initializing = True
        break
    if not initializing:
        for state in reversed(status.get("containerStatuses") or ()):
            now = state.get("state", {})
            if reason := (now.get("waiting") or {}).get("reason"):
                word = reason
            elif ended := now.get("terminated"):
                word = ended.get("reason") or f"ExitCode:{ended.get('exitCode', 0)}"
    if pod["metadata"].get("deletionTimestamp"):
        return "Unknown" if status.get("reason") == "NodeLost" else "Terminating"
    return word


def tone_of(word: str) -> str:
    if word in TONES:
        return TONES[word]
    if word in FAILED or word.startswith(("ExitCode:", "Init:Error", "Init:CrashLoop")):
        return "bad"
    return "make" if word.startswith("Init:") else "wait"


def dots_of(pod: Obj) -> str:
    """One letter a container: r ready, u up but not ready, w waiting, d done, x failed."""
    states = {state["name"]: state for state in pod.get("status", {}).get("containerStatuses") or ()}
    return "".join(_dot(states.get(container["name"])) for container in pod.get("spec", {}).get("containers") or ())


def _dot(state: dict[str, Any] | None) -> str:
    now = (state or {}).get("state", {})
    if "running" in now:
        return "r" if state and state.get("ready") else "u"
    if ended := now.get("terminated"):
        return "d" if ended.get("exitCode") == 0 else "x"
    return "x" if (now.get("waiting") or {}).get("reason", "") in FAILED else "w"


def restarts_of(pod: Obj) -> int:
    return sum(state.get("restartCount", 0) for state in pod.get("status", {}).get("containerStatuses") or ())
