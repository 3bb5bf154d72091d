"""What a person reads after a fault, next to what decides it: counts of members, and what follows from them."""

from core.etcd.majority import Verdict

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


def members_left(found: Verdict) -> str:
    """`2 of 3 members run, a quorum needs 2: writes go on`."""
    if found.quorum:
        outcome = "writes go on"
    elif found.voteless:
        outcome = "nothing can be written until more that remember return"
    elif found.alive >= found.needed:
        outcome = "but no majority can meet, so nothing can be written"
    else:
        outcome = "nothing can be written until more return"
    return f"{found.alive} of {found.total} members run{found.but}, a quorum needs {found.needed}: {outcome}"
