"""What a person reads after a fault, next to what decides it: counts of members, and what follows from them."""

from collections.abc import Sequence

from core.etcd.members import Member
from core.etcd.raft import needed

PAST = {
    "kill": "was killed",
    "restart": "was started",
    "pause": "was paused",
    "resume": "runs on",
    "wipe": "has a new, empty disk",
}
ALREADY = {
    "kill": "{target} is stopped already",
    "restart": "{target} runs; kill it first",
    "pause": "{target} is not running, so it cannot be paused",
    "resume": "{target} is not paused",
    "wipe": "{target} still runs; kill it before its disk is replaced",
}
LAST_COPIES = (
    "{target} holds one of the last copies: without a majority of members that remember, nobody could lead again"
)
CUT_ALREADY = "the wire between {target} and {peer} is cut already"
NOT_CUT = "nothing is cut between {target} and {peer}"
NOTHING_CUT = "nothing is cut at {target}"
NO_PEER = "say what {target} is to be cut off from"
NO_WIRE = (
    "there is no wire between {target} and {peer}: etcd members talk to each other, nodes to nodes and the apiserver"
)


def members_left(members: Sequence[Member], *, quorum: bool) -> str:
    """`2 of 3 members run, a quorum needs 2: writes go on`."""
    alive, need = sum(member.runs for member in members), needed(len(members))
    if quorum:
        outcome = "writes go on"
    elif alive >= need:
        outcome = "but no majority can meet, so nothing can be written"
    else:
        outcome = "nothing can be written until more return"
    return f"{alive} of {len(members)} members run, a quorum needs {need}: {outcome}"
