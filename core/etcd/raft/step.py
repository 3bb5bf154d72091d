"""What each message does, by role: one small handler per cell of the table.

`Raft.step` checks terms for everybody first, then looks the handler up. A message without a cell means nothing to that
role and is dropped, as Raft allows: whatever matters is sent again.
"""

from collections.abc import Callable

from core.etcd.raft.messages import FROM_LEADER, Message, Type
from core.etcd.raft.node import ELECTION_TICKS, Member, Role
from core.etcd.raft.progress import Sending

VOTES = frozenset({Type.VOTE, Type.PRE_VOTE})


class Raft(Member):
    """One member with ears: see `Member` for what it holds and what its owner may ask."""

    def step(self, message: Message) -> None:
        """Take in one message."""
        if message.term > self.term and not self._newer_term(message):
            return
        if message.term < self.term:
            self._older_term(message)
            return
        if message.type in VOTES:
            self._decide_vote(message)
        elif handler := HANDLERS[self.role].get(message.type):
            handler(self, message)

    def _newer_term(self, message: Message) -> bool:
        """Join the newer term, where the message says there is one; False: the message is ignored."""
        if message.type in VOTES and not message.transfer and self._hears_leader():
            return False  # leader stickiness: who hears a leader helps nobody to depose it (thesis §4.2.3)
        hypothetical = message.type is Type.PRE_VOTE or (message.type is Type.PRE_VOTE_RESP and not message.reject)
        if not hypothetical:
            self.become_follower(message.term, message.sender if message.type in FROM_LEADER else 0)
        return True

    def _older_term(self, message: Message) -> None:
        """Tell a stale leader or pre-candidate of the newer term, so that it steps down and can rejoin."""
        if message.type in FROM_LEADER:
            self.send(Type.APP_RESP, message.sender, reject=True)
        elif message.type is Type.PRE_VOTE:
            self.send(Type.PRE_VOTE_RESP, message.sender, reject=True)

    def _hears_leader(self) -> bool:
        return self.leader != 0 and self.election_elapsed < ELECTION_TICKS

    def _decide_vote(self, message: Message) -> None:
        """One vote per term, first come first served, for a log at least as new as one's own (§5.2, §5.4.1)."""
        pre = message.type is Type.PRE_VOTE
        free = (
            self.vote == message.sender or (self.vote == 0 and self.leader == 0) or (pre and message.term > self.term)
        )
        granted = free and not self.blank and self.log.is_up_to_date(message.index, message.log_term)
        self.send(
            Type.PRE_VOTE_RESP if pre else Type.VOTE_RESP,
            message.sender,
            term=message.term if granted else self.term,
            reject=not granted,
        )
        if granted and not pre:
            self.vote = message.sender
            self.election_elapsed = 0


# -- Followers ------------------------------------------------------------------------------------------------------------


def on_append(raft: Raft, message: Message) -> None:
    """The consistency check (§5.3): the entry before the new ones must be the leader's, else refuse with a hint."""
    _follow(raft, message)
    log = raft.log
    if message.index < log.commit:  # an old append; all it says is already certain
        raft.send(Type.APP_RESP, message.sender, index=log.commit)
        return
    if log.term(message.index) != message.log_term:
        hint = log.last_possible_match(message.index, message.log_term)
        raft.send(
            Type.APP_RESP, message.sender, index=message.index, reject=True, hint=hint, hint_term=log.term(hint) or 0
        )
        return
    raft.merge(message.entries)
    last = message.entries[-1][2] if message.entries else message.index
    raft.commit_to(min(message.commit, last))
    # An append always reaches to the end of the leader's log, so a replaced disk now holds all that it ever confirmed.
    raft.blank = False
    raft.send(Type.APP_RESP, message.sender, index=last)


def on_heartbeat(raft: Raft, message: Message) -> None:
    _follow(raft, message)
    raft.commit_to(message.commit)
    raft.send(Type.HEARTBEAT_RESP, message.sender, context=message.context)


def on_snapshot(raft: Raft, message: Message) -> None:
    """Take the leader's state in place of a log that lacks too much (§7), unless it is already held."""
    _follow(raft, message)
    if message.index > raft.log.commit:
        if raft.log.term(message.index) == message.log_term:
            raft.commit_to(message.index)
        else:
            raft.restore(message.index, message.log_term)
    raft.send(Type.APP_RESP, message.sender, index=raft.log.commit)


def on_timeout_now(raft: Raft, message: Message) -> None:
    """The leader hands over: stand at once, and say so, that nobody's loyalty to it is in the way."""
    raft.campaign(transfer=True)


def _follow(raft: Raft, message: Message) -> None:
    if raft.role is not Role.FOLLOWER:
        raft.become_follower(message.term, message.sender)
    raft.leader = message.sender
    raft.election_elapsed = 0


# -- Candidates -----------------------------------------------------------------------------------------------------------


def on_vote_response(raft: Raft, message: Message) -> None:
    raft.count_vote(message.sender, granted=not message.reject)


# -- Leaders --------------------------------------------------------------------------------------------------------------


def on_append_response(raft: Raft, message: Message) -> None:
    """Learn how far a follower's log matches; commit, send on, or look further back for where the logs meet."""
    progress = raft.progress[message.sender]
    progress.active = True
    if message.reject:
        if message.blank:
            progress.forget()
        else:
            meet = raft.log.last_possible_match(message.hint, message.hint_term)
            if not progress.rejected(message.index, meet):
                return
            if progress.state is Sending.REPLICATE:
                progress.become_probe()
        raft.send_append(message.sender)
        return
    was_paused = progress.is_paused()
    if not progress.accepted(message.index) and progress.state is not Sending.PROBE:
        return
    if progress.state is Sending.PROBE or progress.match >= progress.pending > 0:
        progress.become_replicate()
    if raft.maybe_commit():
        raft.broadcast()
    elif was_paused or progress.next <= raft.log.last_index:
        raft.send_append(message.sender)
    if raft.transferee == message.sender and progress.match == raft.log.last_index:
        raft.send(Type.TIMEOUT_NOW, message.sender)


def on_heartbeat_response(raft: Raft, message: Message) -> None:
    """The follower is alive: let a stuck probe go on, and count it for the reads that wait."""
    progress = raft.progress[message.sender]
    progress.active = True
    progress.waiting = False
    if message.blank and progress.match:
        progress.forget()
    if progress.match < raft.log.last_index:
        if progress.state is Sending.SNAPSHOT:
            progress.become_probe()  # the snapshot or its answer may have been lost
        elif progress.state is Sending.REPLICATE:
            progress.next = progress.match + 1  # so may an append
        raft.send_append(message.sender)
    if message.context:
        for context, (_, acks) in raft.reads.items():
            if context <= message.context:
                acks.add(message.sender)
        raft.confirm_reads()


Handler = Callable[[Raft, Message], None]

_FROM_LEADER: dict[Type, Handler] = {Type.APP: on_append, Type.HEARTBEAT: on_heartbeat, Type.SNAP: on_snapshot}

HANDLERS: dict[Role, dict[Type, Handler]] = {
    Role.FOLLOWER: {**_FROM_LEADER, Type.TIMEOUT_NOW: on_timeout_now},
    Role.PRE_CANDIDATE: {**_FROM_LEADER, Type.PRE_VOTE_RESP: on_vote_response},
    Role.CANDIDATE: {**_FROM_LEADER, Type.VOTE_RESP: on_vote_response},
    Role.LEADER: {Type.APP_RESP: on_append_response, Type.HEARTBEAT_RESP: on_heartbeat_response},
}
