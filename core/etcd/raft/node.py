"""The state of one member, its duties by the clock, and the only places where its role changes.

A role changes in `become_follower`, `become_pre_candidate`, `become_candidate`, `become_leader` and nowhere else. What a
message does is in `step`. Simplified against etcd: no change of membership, so every member is a voter.
"""

import random
from collections.abc import Sequence
from enum import StrEnum

from core.etcd.raft import quorum
from core.etcd.raft.log import Log
from core.etcd.raft.messages import Message, Run, Type
from core.etcd.raft.progress import Progress
from core.etcd.raft.ready import HardState, ReadState, Ready

HEARTBEAT_TICKS = 1
ELECTION_TICKS = 10  # the least election timeout; the drawn one is below twice that


class Role(StrEnum):
    FOLLOWER = "follower"
    PRE_CANDIDATE = "pre-candidate"
    CANDIDATE = "candidate"
    LEADER = "leader"


class Member:
    """One member. `voters` are all members' ids, from 1; 0 stands for nobody. `seed` decides its timeouts."""

    def __init__(
        self,
        id: int,
        voters: Sequence[int],
        *,
        seed: str,
        log: Log | None = None,
        term: int = 0,
        vote: int = 0,
        blank: bool = False,
    ) -> None:
        self.id = id
        self.voters = tuple(sorted(voters))
        self.seed = seed
        self.log = log if log is not None else Log()
        self.term = term
        self.vote = vote
        self.blank = blank
        self.role = Role.FOLLOWER
        self.leader = 0
        self.votes: dict[int, bool] = {}
        self.progress: dict[int, Progress] = {}
        self.election_elapsed = 0
        self.heartbeat_elapsed = 0
        self.draws = 0
        self.reads: dict[int, tuple[int, set[int]]] = {}  # context → index to reach, who confirmed
        self.transferee = 0
        self._messages: list[Message] = []
        self._entries: list[Run] = []
        self._snapshot: tuple[int, int] | None = None
        self._reads: list[ReadState] = []
        self._hard = self.hard_state
        self._handed = self.log.commit
        self.draw_timeout()

    # -- What the owner asks ------------------------------------------------------------------------------------------

    @property
    def hard_state(self) -> HardState:
        return HardState(self.term, self.vote, self.log.commit, self.blank)

    def tick(self) -> None:
        """One tick of virtual time passed."""
        self.election_elapsed += 1
        if self.role is Role.LEADER:
            self._tick_leader()
        elif self.election_elapsed >= self.timeout:
            self.election_elapsed = 0
            self.campaign()

    def campaign(self, *, transfer: bool = False) -> None:
        """Stand for election: ask first whether one could win (PreVote, thesis §9.6), so that no term is wasted."""
        if self.blank or self.role is Role.LEADER:
            return
        if transfer:
            self.become_candidate()
        else:
            self.become_pre_candidate()
        self._ask_for_votes(transfer=transfer)

    def propose(self, count: int = 1) -> Run | None:
        """Append `count` entries; None if this member is not the leader or is handing over."""
        if self.role is not Role.LEADER or self.transferee:
            return None
        run = self.append(count)
        self.maybe_commit()
        self.broadcast()
        return run

    def read_index(self, context: int) -> bool:
        """Ask for a linearizable read; a ReadState follows once a majority confirms the leader (thesis §6.4).

        A leader that has not committed in its own term does not know yet what is committed, so it refuses.
        """
        if self.role is not Role.LEADER or self.log.term(self.log.commit) != self.term:
            return False
        self.reads[context] = (self.log.commit, {self.id})
        self.beat(context)
        self.confirm_reads()
        return True

    def transfer_leader(self, to: int) -> None:
        """Hand the leadership to `to` once it holds the whole log (thesis §3.10).

        Asking again for what is under way changes nothing: it must not put off the check of the quorum.
        """
        if self.role is not Role.LEADER or to in (self.id, self.transferee) or to not in self.voters:
            return
        self.transferee = to
        self.election_elapsed = 0
        if self.progress[to].match == self.log.last_index:
            self.send(Type.TIMEOUT_NOW, to)
        else:
            self.send_append(to)

    def ready(self) -> Ready | None:
        """The duties since the last call, or None."""
        hard, commit = self.hard_state, self.log.commit
        if hard == self._hard and not (self._messages or self._entries or self._reads or self._snapshot):
            return None
        committed = (self._handed + 1, commit) if commit > self._handed else None
        batch = Ready(
            hard if hard != self._hard else None,
            tuple(self._entries),
            self._snapshot,
            tuple(self._messages),
            committed,
            tuple(self._reads),
        )
        self._hard, self._handed = hard, commit
        self._messages, self._entries, self._reads, self._snapshot = [], [], [], None
        return batch

    # -- Roles --------------------------------------------------------------------------------------------------------

    def become_follower(self, term: int, leader: int) -> None:
        self._enter(Role.FOLLOWER, term, leader)

    def become_pre_candidate(self) -> None:
        """Neither term nor vote change: asking binds nobody."""
        assert self.role is not Role.LEADER
        self.role = Role.PRE_CANDIDATE
        self.leader = 0
        self.votes = {}
        self.draw_timeout()

    def become_candidate(self) -> None:
        assert self.role is not Role.LEADER
        self._enter(Role.CANDIDATE, self.term + 1, 0)
        self.vote = self.id

    def become_leader(self) -> None:
        """A no-op entry opens the term: only through it do older entries become committed (§5.4.2, §8)."""
        assert self.role is Role.CANDIDATE
        self._enter(Role.LEADER, self.term, self.id)
        last = self.log.last_index
        self.progress = {voter: Progress(match=0, next=last + 1) for voter in self.voters}
        self.progress[self.id].become_replicate()
        self.append(1)
        self.maybe_commit()
        self.broadcast()

    def _enter(self, role: Role, term: int, leader: int) -> None:
        if term != self.term:
            self.term, self.vote = term, 0
        self.role, self.leader = role, leader
        self.votes, self.progress, self.reads, self.transferee = {}, {}, {}, 0
        self.election_elapsed = self.heartbeat_elapsed = 0
        self.draw_timeout()

    def draw_timeout(self) -> None:
        """Randomised so that two members rarely stand at once (§5.2); drawn from the seed so that runs repeat."""
        self.draws += 1
        draw = random.Random(f"{self.seed}:{self.id}:{self.term}:{self.draws}")
        self.timeout = draw.randrange(ELECTION_TICKS, 2 * ELECTION_TICKS)

    # -- Votes --------------------------------------------------------------------------------------------------------

    def _ask_for_votes(self, *, transfer: bool = False) -> None:
        pre = self.role is Role.PRE_CANDIDATE
        if self.count_vote(self.id, granted=True):
            return
        for voter in self.voters:
            if voter != self.id:
                self.send(
                    Type.PRE_VOTE if pre else Type.VOTE,
                    voter,
                    term=self.term + 1 if pre else self.term,
                    index=self.log.last_index,
                    log_term=self.log.last_term,
                    transfer=transfer,
                )

    def count_vote(self, voter: int, *, granted: bool) -> bool:
        """Count one answer; whether it decided the round."""
        self.votes.setdefault(voter, granted)
        result = quorum.vote_result(self.voters, self.votes)
        if result is quorum.Vote.LOST:
            self.become_follower(self.term, 0)
        elif result is quorum.Vote.WON and self.role is Role.PRE_CANDIDATE:
            self.become_candidate()
            self._ask_for_votes()
        elif result is quorum.Vote.WON:
            self.become_leader()
        return result is not quorum.Vote.PENDING

    # -- Replication --------------------------------------------------------------------------------------------------

    def append(self, count: int) -> Run:
        run = self.log.append(self.term, count)
        self._entries.append(run)
        self.progress[self.id].accepted(run[2])
        return run

    def merge(self, entries: Sequence[Run]) -> None:
        """A follower takes in the leader's entries."""
        new = self.log.merge(entries)
        if new:
            start = new[0][1]
            kept = [(term, first, min(last, start - 1)) for term, first, last in self._entries if first < start]
            self._entries = kept + new

    def restore(self, index: int, term: int) -> None:
        """A follower takes in the leader's snapshot."""
        self.log.restore(index, term)
        self._entries = []
        self._snapshot = (index, term)

    def commit_to(self, index: int) -> None:
        self.log.commit = max(self.log.commit, min(index, self.log.last_index))

    def maybe_commit(self) -> bool:
        """Commit what a majority holds, if it is of this term: an older entry might still be replaced (Figure 8)."""
        index = quorum.committed([progress.match for progress in self.progress.values()])
        if index <= self.log.commit or self.log.term(index) != self.term:
            return False
        self.log.commit = index
        return True

    def broadcast(self) -> None:
        for voter in self.voters:
            if voter != self.id:
                self.send_append(voter)

    def send_append(self, to: int) -> None:
        """Everything the follower lacks, or a snapshot if that is no longer in the log."""
        progress = self.progress[to]
        if progress.is_paused():
            return
        before = self.log.term(progress.next - 1)
        if before is None:
            index = self.log.commit
            self.send(Type.SNAP, to, index=index, log_term=self.log.term(index) or 0)
            progress.become_snapshot(index)
            return
        last = self.log.last_index
        entries = self.log.slice(progress.next, last)
        self.send(Type.APP, to, index=progress.next - 1, log_term=before, entries=entries, commit=self.log.commit)
        progress.sent(last)

    def beat(self, context: int = 0) -> None:
        """A heartbeat commits no further than the follower is known to match."""
        for voter in self.voters:
            if voter != self.id:
                commit = min(self.progress[voter].match, self.log.commit)
                self.send(Type.HEARTBEAT, voter, commit=commit, context=context)

    def confirm_reads(self) -> None:
        """Release the reads a majority has confirmed, and with them all older ones."""
        done = [context for context, (_, acks) in self.reads.items() if len(acks) >= quorum.needed(len(self.voters))]
        if not done:
            return
        for context in [context for context in self.reads if context <= max(done)]:
            index, _ = self.reads.pop(context)
            self._reads.append(ReadState(context, index))

    # -- Time at the leader -------------------------------------------------------------------------------------------

    def _tick_leader(self) -> None:
        self.heartbeat_elapsed += 1
        if self.election_elapsed >= ELECTION_TICKS:
            self.election_elapsed = 0
            self.transferee = 0
            if not self._has_quorum():
                self.become_follower(self.term, 0)
                return
        if self.heartbeat_elapsed >= HEARTBEAT_TICKS:
            self.heartbeat_elapsed = 0
            self.beat(max(self.reads, default=0))

    def _has_quorum(self) -> bool:
        """CheckQuorum (thesis §6.2): a leader that hears no majority for an election timeout steps down."""
        heard = sum(progress.active for voter, progress in self.progress.items() if voter != self.id)
        for progress in self.progress.values():
            progress.active = False
        return heard + 1 >= quorum.needed(len(self.voters))

    # -- Sending ------------------------------------------------------------------------------------------------------

    def send(
        self,
        type: Type,
        to: int,
        *,
        term: int | None = None,
        index: int = 0,
        log_term: int = 0,
        entries: tuple[Run, ...] = (),
        commit: int = 0,
        reject: bool = False,
        hint: int = 0,
        hint_term: int = 0,
        context: int = 0,
        transfer: bool = False,
    ) -> None:
        self._messages.append(
            Message(
                type,
                self.id,
                to,
                self.term if term is None else term,
                index,
                log_term,
                entries,
                commit,
                reject,
                hint,
                hint_term,
                context,
                transfer,
                self.blank,
            )
        )
