"""What happened, as one plain sentence: the story beside the picture, the marks on the time bar, the spoken log.

One function a kind of journal entry, in the table SENTENCES. A kind that is not there is drawn but not told, because it
happens many times a second.
"""

import re
from collections.abc import Callable
from typing import Any

Data = dict[str, Any]


def role(actor: str, data: Data) -> str:
    member, term = data.get("member", "?"), data.get("term", "?")
    match data.get("role"):
        case "leader":
            return f"{member} became leader of term {term}"
        case "candidate":
            return f"{member} stands for election in term {term}: it heard no leader in time"
        case "pre-candidate":
            return f"{member} asks whether it could win an election (pre-vote, term {term})"
        case "follower":
            leader = data.get("leader")
            return f"{member} follows {leader} in term {term}" if leader else f"{member} is a follower in term {term}"
    return f"{member} is {data.get('role')} in term {term}"


def vote(actor: str, data: Data) -> str:
    verb = "would vote" if data.get("pre") else "voted"
    if not data.get("granted"):
        verb = "would not vote" if data.get("pre") else "refused its vote"
    return f"{data.get('member')} {verb} for {data.get('candidate')} in term {data.get('term')}"


def quorum(actor: str, data: Data) -> str:
    alive = data.get("alive")
    counts = f"{alive} member{'' if alive == 1 else 's'} alive{data.get('but', '')}, {data.get('needed')} needed"
    return f"etcd has its quorum again: {counts}" if data.get("has") else f"etcd lost its quorum: {counts}; writes stop"


def schedule(actor: str, data: Data) -> str:
    if winner := data.get("winner"):
        return f"the scheduler bound {data.get('pod')} to {winner}"
    return f"the scheduler found no node for {data.get('pod')}: {data.get('message', '')}".rstrip(": ")


PAST = {
    "kill": "killed",
    "kill pod": "killed",
    "restart": "restarted",
    "pause": "paused",
    "resume": "resumed",
    "wipe": "wiped",
    "partition": "cut off from",
    "heal": "connected again with",
}


def fault(actor: str, data: Data) -> str:
    verb, target, peer = data.get("verb", ""), data.get("target", ""), data.get("peer", "")
    by = data.get("by")
    if verb == "heal" and not peer:
        return f"all wires of {target} were joined again" + (f" by {by}" if by else "")
    if target.startswith("pod/"):  # a pod is an object: what can be killed are its processes
        target, verb = f"the processes of {target.removeprefix('pod/')}", f"{verb} pod"
    return f"{target} {'were' if 'pod' in verb else 'was'} {PAST.get(verb, verb)} {peer}".strip() + (
        f" by {by}" if by else ""
    )


def component(actor: str, data: Data) -> str:
    return f"{data.get('target')} is {data.get('state')}"


def loop(actor: str, data: Data) -> str:
    """A fault of the simulator's own: told as loud as the cluster's."""
    subject = (
        f"the loop {data['loop']} of {data.get('target')}" if data.get("loop") else f"the whole {data.get('target')}"
    )
    if not data.get("fails"):
        return f"{subject} runs again"
    return f"{subject} failed{' on ' + data['key'] if data.get('key') else ''}: {data.get('error')}"


def clock(actor: str, data: Data) -> str:
    if data.get("stepped"):
        return "the clock was stepped"
    return "the clock was paused" if data.get("paused") else f"the clock runs at {data.get('speed', 1):g}×"


def packet(actor: str, data: Data) -> str:
    return f"a packet from {data.get('source')} to {data.get('destination')}: {data.get('verdict')}"


SENTENCES: dict[str, Callable[[str, Data], str]] = {
    "raft.role": role,
    "raft.vote": vote,
    "etcd.quorum": quorum,
    "schedule": schedule,
    "fault": fault,
    "component": component,
    "loop": loop,
    "clock": clock,
    "packet": packet,
}


def sentence(kind: str, actor: str, data: Data) -> str:
    """One sentence, or nothing for what is only drawn."""
    function = SENTENCES.get(kind)
    return function(actor, data) if function else ""


# (reason, what its message begins with, what it comes to): one reason has several messages, and only the message says what
# happened; `{}` is what the message names. An Event with a message that is not here is told in its own words.
GISTS = tuple(
    (reason, re.compile(begins), words)
    for reason, begins, words in (
        ("Pulling", r'Pulling image "([^"]+)"', "pulls {}"),
        ("Pulled", r"Successfully pulled image", "has its image"),
        ("Pulled", r"Container image .* already present", "has its image"),
        ("Created", r"(?:Container created|Created container)", "container created"),
        ("Started", r"(?:Container started|Started container)", "container started"),
        ("Killing", r"Stopping container", "container is stopped"),
        ("Killing", r"Container \S+ failed (\w+) probe", "container failed its {} probe and is stopped"),
        ("NodeNotReady", r"Node \S+ status is now: NodeNotReady", "is not ready"),
        ("NodeNotReady", r"Node is not ready", "its node is not ready"),
        ("NodeReady", r"Node \S+ status is now: NodeReady", "is ready"),
        ("RegisteredNode", r"Node \S+ event: Registered Node", "is known to the node controller"),
        ("TaintManagerEviction", r"Marking for deletion Pod", "is evicted"),
        ("TaintManagerEviction", r"Cancelling deletion of Pod", "may stay: its eviction is called off"),
        ("BackOff", r"Back-off restarting failed container (\S+)", "container {} failed again: its restart is put off"),
    )
)
# drawn, told by its own entry, or by the NodeReady beside it
TOLD_ELSEWHERE = frozenset(
    {
        "Scheduled",
        "FailedScheduling",
        "SuccessfulCreate",
        "SuccessfulDelete",
        "NodeHasSufficientMemory",
        "NodeHasNoDiskPressure",
        "NodeHasSufficientPID",
        "NodeAllocatableEnforced",
    }
)


def event_gist(obj: Data) -> str:
    """What an Event comes to in a few words, without its subject; nothing for what another entry tells."""
    reason, text = obj.get("reason", ""), obj.get("message") or obj.get("note") or ""
    if reason in TOLD_ELSEWHERE:
        return ""
    if reason == "Failed" and text.startswith("Error: "):
        return ""  # repeats in one word what the event before it said
    for known, begins, words in GISTS:
        if reason == known and (named := begins.match(text)):
            return words.format(*named.groups())
    return text or reason


def cluster_event(obj: Data) -> str:
    """A Kubernetes Event as a sentence: `pod default/web-1: Started — Started container nginx`."""
    about = obj.get("involvedObject") or obj.get("regarding") or {}
    subject = "/".join(filter(None, (about.get("namespace"), about.get("name"))))
    text = obj.get("message") or obj.get("note") or ""
    return f"{about.get('kind', '').lower()} {subject}: {text or obj.get('reason', '')}"
