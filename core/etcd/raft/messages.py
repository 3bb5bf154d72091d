"""What members say to one another, and the run: how a stretch of the log travels.

(index, term) names one entry for ever (log matching, §5.3), so a stretch of the log is a list of runs of equal terms. The
payloads stay where they are stored, once per cluster; a run is the reference to them.
"""

from dataclasses import dataclass
from enum import StrEnum

Run = tuple[int, int, int]  # term, first index, last index


class Type(StrEnum):
    PRE_VOTE = "MsgPreVote"
    PRE_VOTE_RESP = "MsgPreVoteResp"
    VOTE = "MsgVote"
    VOTE_RESP = "MsgVoteResp"
    APP = "MsgApp"
    APP_RESP = "MsgAppResp"
    HEARTBEAT = "MsgHeartbeat"
    HEARTBEAT_RESP = "MsgHeartbeatResp"
    SNAP = "MsgSnap"
    TIMEOUT_NOW = "MsgTimeoutNow"


FROM_LEADER = frozenset({Type.APP, Type.HEARTBEAT, Type.SNAP})


@dataclass(frozen=True, slots=True)
class Message:
    """One message. What `index` and `log_term` name depends on the type:

    vote, pre-vote   the candidate's last entry
    append           the entry before `entries`
    append response  the last entry now held, or the rejected one; `hint`, `hint_term`: where the logs may meet
    snapshot         the last entry the snapshot covers

    `context` numbers a round of heartbeats that confirms reads. `blank` says that the sender's disk was replaced, so
    that what the leader remembers of it no longer holds.
    """

    type: Type
    sender: int
    receiver: int
    term: int
    index: int = 0
    log_term: int = 0
    entries: tuple[Run, ...] = ()
    commit: int = 0
    reject: bool = False
    hint: int = 0
    hint_term: int = 0
    context: int = 0
    transfer: bool = False
    blank: bool = False
