"""A pod: its life line, its containers, and why it is as it is.

What the API says of a pod is the last report of its kubelet. When that kubelet or its machine is silent, the panel says
whose word it is, instead of taking it for the state of things.
"""

from typing import Any

from core.dashboard.feed.pods import dots_of, restarts_of, tone_of, word_of
from core.dashboard.inspect.objects import owners, split
from core.dashboard.inspect.view import Act, NothingThere, Panel, View, counted, span
from core.dashboard.inspect.yaml import highlighted
from core.kube.objects import Obj, condition, controller_of, key_of

STEPS = (
    ("PodScheduled", "a node was chosen"),
    ("PodReadyToStartContainers", "sandbox and network are there"),
    ("Initialized", "init containers are done"),
    ("ContainersReady", "containers are ready"),
    ("Ready", "it may get requests"),
)
RESTARTED = {"Always": "is started again", "OnFailure": "is started again when it fails", "Never": "stays ended"}


def pod(view: View, subject: str) -> Panel:
    namespace, name = split(subject)
    obj = view.find("pods", namespace, name)
    word = word_of(obj)
    spec, status = obj.get("spec", {}), obj.get("status", {})
    story = []
    for kind, words in STEPS:
        entry = condition(obj, kind)
        if entry:
            story.append(
                {
                    "done": entry["status"] == "True",
                    "words": words,
                    "why": entry.get("message") or entry.get("reason") or "",
                    "ago": view.ago_of(entry.get("lastTransitionTime")),
                }
            )
    silence = silent(view, spec.get("nodeName", ""))
    up = any("running" in state.get("state", {}) for state in status.get("containerStatuses") or ())
    return Panel(
        kick="pod",
        title=name,
        tone={"ok": "node", "bad": "bad"}.get(tone_of(word), "sch"),
        why=silent_why(obj, word, silence) if silence else why(view, obj, word),
        wrong=tone_of(word) == "bad" or bool(silence),
        facts=[
            ("status", word),
            ("node", spec.get("nodeName") or "none yet"),
            ("address", status.get("podIP") or "–"),
            ("restarts", restarts_of(obj)),
            ("namespace", namespace),
            ("made", view.ago_of(obj["metadata"].get("creationTimestamp"))),
        ],
        acts=[Act("kill", f"pod/{namespace}/{name}", label="Kill its containers")] if up and not silence else [],
        commands=[f"kubectl -n {namespace} describe pod {name}", f"kubectl -n {namespace} logs {name}"],
        template="dashboard/inspect/pod.html",
        more={
            "story": story,
            "node": spec.get("nodeName", ""),
            "containers": containers(view, obj),
            "owners": owners(view, obj),
            "events": view.events_of("Pod", namespace, name),
            "yaml": highlighted(obj),
        },
    )


def silent(view: View, node: str) -> str:
    """Why nobody speaks for the pods of a node: its machine, its kubelet, or the wire they speak over; nothing when all
    is well."""
    for target, words in ((f"node/{node}", f"the machine {node}"), (f"kubelet/{node}", f"the kubelet of {node}")):
        try:
            row = view.component(target)
        except NothingThere:
            continue
        if row["state"] != "running":
            return f"{words} has been {row['state']} for {span(view.now - row['since'])}"
    ends = {f"node/{node}", "apiserver"}
    for cut in view.status["faults"]:
        if {cut["target"], cut["peer"]} == ends:
            return f"the wire of {node} to the API server has been cut for {span(view.now - cut['since'])}"
    return ""


def silent_why(obj: Obj, word: str, silence: str) -> str:
    if obj["metadata"].get("deletionTimestamp"):
        return (
            f"Why is it still there? Its deletion was asked for, but {silence}: nobody can say that its containers ended. "
            "It stays until the kubelet is back or the pod is deleted by force."
        )
    if silence.startswith("the machine"):
        return f"Does it run? {word} is the last that was heard of it: {silence}. Nothing runs there now."
    if silence.startswith("the wire"):
        return f"Does it run? {word} is the last report, but {silence}: its kubelet looks after it, and nobody hears of it."
    return f"Does it run? {word} is the last report, but {silence}: its containers go on, unwatched and unprobed."


def why(view: View, obj: Obj, word: str) -> str:
    """What it waits for, or why it fails, or who keeps it running."""
    meta, spec, status = obj["metadata"], obj.get("spec", {}), obj.get("status", {})
    scheduled = condition(obj, "PodScheduled")
    if meta.get("deletionTimestamp"):
        return (
            "Why is it still there? Deletion was asked for; its containers get "
            f"{meta.get('deletionGracePeriodSeconds', 30)} s to end, then the kubelet takes it away."
        )
    if not spec.get("nodeName"):
        if scheduler := view.absent("scheduler"):
            return f"Why is it Pending? The scheduler is {scheduler}: nobody chooses a node for it."
        if scheduled and scheduled.get("message"):
            return f"Why is it Pending? {scheduled['message']}"
        return "Why is it Pending? No node has been chosen for it yet: it stands in the scheduler's queue."
    for state in (*(status.get("initContainerStatuses") or ()), *(status.get("containerStatuses") or ())):
        if said := why_container(view, obj, word, state):
            return said
    owner = controller_of(obj)
    if word == "Running":
        keeper = (
            f"{owner['kind']} {owner['name']} wants it"
            if owner
            else "somebody made it by hand; nobody replaces it when it dies"
        )
        return (
            f"Why does it run here? {keeper}; the scheduler chose {spec['nodeName']}; its kubelet keeps the "
            "containers up."
        )
    if word in ("Completed", "Succeeded"):
        return "Why does it not run? Its containers ended with exit code 0: it did what it was made for, and stays to tell."
    return f"Why is it {word}? The kubelet of {spec['nodeName']} is at work on it."


def why_container(view: View, obj: Obj, word: str, state: Obj) -> str:
    """Why one container makes the pod look as it does; nothing when it does not."""
    name = state["name"]
    waiting = state.get("state", {}).get("waiting") or {}
    ended = state.get("state", {}).get("terminated") or state.get("lastState", {}).get("terminated") or {}
    if waiting.get("reason") == "CrashLoopBackOff" and ended:
        return (
            f"Why is it {word}? Container {name} ended with exit code {ended.get('exitCode')} "
            f"({ended.get('reason', 'Error')}) {view.ago_of(ended.get('finishedAt'))}, after "
            f"{counted(restarts_of(obj), 'restart')}. The kubelet waits longer each time before it starts it again: "
            f"{pause(waiting.get('message', ''))} now, 5 min at most."
        )
    if waiting.get("message"):
        return f"Why is it {word}? Container {name}: {waiting['message']}"
    if "terminated" in state.get("state", {}) and ended.get("exitCode"):
        policy = RESTARTED.get(obj.get("spec", {}).get("restartPolicy", "Always"), "")
        return (
            f"Why is it {word}? Container {name} ended with exit code {ended['exitCode']} "
            f"({ended.get('reason', 'Error')}); by its restartPolicy it {policy}."
        )
    return ""


def pause(message: str) -> str:
    """The time of `back-off 10s restarting failed container=…`."""
    words = message.split()
    return words[1] if len(words) > 1 and words[0] == "back-off" else "a while"


def containers(view: View, obj: Obj) -> list[dict[str, Any]]:
    states = {state["name"]: state for state in obj.get("status", {}).get("containerStatuses") or ()}
    rows = []
    for container, dot in zip(obj.get("spec", {}).get("containers") or (), dots_of(obj), strict=False):
        state = states.get(container["name"], {})
        (word, detail), *_ = state.get("state", {}).items() or [("waiting", {})]
        rows.append(
            {
                "name": container["name"],
                "subject": f"container/{key_of(obj).namespace}/{key_of(obj).name}/{container['name']}"
                if "containerID" in state
                else "",
                "image": container.get("image", ""),
                "word": detail.get("reason") or word,
                "ready": dot == "r",
                "restarts": state.get("restartCount", 0),
                "ago": view.ago_of(detail.get("startedAt")) if word == "running" else "",
            }
        )
    return rows
