"""The wires between the members of a group: who reaches whom, and carrying what they say until nothing moves.

Inside one section a wire has no latency: a message arrives, or the wire is cut or the receiver stopped, and it is lost.
Raft asks for no more. What members decide on the way (roles, votes, commits) is journaled here, as it is seen.
"""

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from core.etcd.members import Member, Roster
from core.etcd.raft import Message, ReadState, Role, Type, needed
from core.etcd.raft.quorum import Standing, can_elect
from core.etcd.status import PARTITION
from core.models import Cluster, Fault

JOURNALED_MAX = 24  # messages and commits of one section
VOTE_RESPONSES = frozenset({Type.VOTE_RESP, Type.PRE_VOTE_RESP})


class Wires:
    """confirmed   reads a majority confirmed; `opened`: (term, index) of the no-ops that opened a term"""

    def __init__(self, roster: Roster, cluster: Cluster, record: Callable[..., None], *, watched: bool = False) -> None:
        self.roster = roster
        self.members = members = roster.members
        self.by_id = {member.id: member for member in members}
        self.cluster = cluster
        self.record = record
        self.watched = watched
        self.confirmed: list[ReadState] = []
        self.opened: list[tuple[int, int]] = []
        self._journaled = 0
        self._commits: dict[str, int] = {}
        if roster.cut_at != cluster.topology:
            self.load()

    def load(self) -> None:
        """Read the cut wires."""
        ids = {member.name: member.id for member in self.members}
        cut: set[tuple[int, int]] = set()
        for one, other in Fault.objects.filter(cluster_id=self.cluster.pk, kind=PARTITION, healed=None).values_list(
            "target", "peer"
        ):
            if one in ids and other in ids:
                cut |= {(ids[one], ids[other]), (ids[other], ids[one])}
        self.roster.cut, self.roster.cut_at = cut, self.cluster.topology

    @property
    def cut(self) -> set[tuple[int, int]]:
        return self.roster.cut

    # -- Carrying -----------------------------------------------------------------------------------------------------

    def pump(self) -> None:
        """Deliver until nobody has anything left to say."""
        line: deque[Message] = deque()
        for member in self.members:
            self._collect(member, line)
        while line:
            message = line.popleft()
            receiver = self.by_id[message.receiver]
            if receiver.raft is None or not self._arrives(message):
                continue
            with self.noting(receiver):
                receiver.raft.step(message)
            self._collect(receiver, line)

    def _arrives(self, message: Message) -> bool:
        sender, receiver = self.by_id[message.sender], self.by_id[message.receiver]
        return sender.runs and receiver.runs and (message.sender, message.receiver) not in self.cut

    def _collect(self, member: Member, line: deque[Message]) -> None:
        """Take a member's duties: its disk is its row, written with everything else when the section commits."""
        ready = member.raft.ready() if member.raft else None
        if ready is None:
            return
        self.confirmed += ready.reads
        for message in ready.messages:
            if message.type in VOTE_RESPONSES:
                self.record(
                    "raft.vote",
                    member.name,
                    member=member.name,
                    candidate=self.by_id[message.receiver].name,
                    term=message.term,
                    granted=not message.reject,
                    pre=message.type is Type.PRE_VOTE_RESP,
                )
            if self.watched:
                self._note_message(message)
        if self.watched and ready.committed:
            self._commits[member.name] = ready.committed[1]
        line.extend(ready.messages)

    # -- Journal ------------------------------------------------------------------------------------------------------

    @contextmanager
    def noting(self, member: Member) -> Iterator[None]:
        """Journal what changes at `member` within."""
        raft = member.raft
        assert raft is not None
        before = (raft.role, raft.leader)
        yield
        if (raft.role, raft.leader) == before:
            return
        if raft.role is Role.LEADER and before[0] is not Role.LEADER:
            self.opened.append((raft.term, raft.log.last_index))
        leader = self.by_id[raft.leader].name if raft.leader else None
        self.record("raft.role", member.name, member=member.name, role=raft.role, term=raft.term, leader=leader)

    def flush(self) -> None:
        """Journal the newest commit of each member, once a section."""
        for name, commit in self._commits.items():
            member = next(member for member in self.members if member.name == name)
            self.record("raft.commit", name, member=name, commit=commit, term=member.raft.term if member.raft else 0)

    def _note_message(self, message: Message) -> None:
        if self._journaled >= JOURNALED_MAX:
            return
        self._journaled += 1
        sender, receiver = self.by_id[message.sender].name, self.by_id[message.receiver].name
        self.record(
            "raft.message",
            sender,
            **{"type": message.type, "from": sender, "to": receiver, "term": message.term},
            index=message.index,
            log_term=message.log_term,
            entries=sum(last - first + 1 for _, first, last in message.entries),
            commit=message.commit,
            reject=message.reject,
            lost=not self._arrives(message),
        )

    # -- What is possible ---------------------------------------------------------------------------------------------

    def joined(self, one: Member, other: Member) -> bool:
        """Whether two members run and hear each other."""
        return one.runs and other.runs and (one.id, other.id) not in self.cut and (other.id, one.id) not in self.cut

    def standings(self) -> dict[int, Standing]:
        """What of each member decides who can be elected."""
        return {member.id: self._standing(member) for member in self.members}

    def _standing(self, member: Member) -> Standing:
        log, raft = member.log, member.raft
        return Standing(
            hears=frozenset(other.id for other in self.members if self.joined(member, other)),
            blank=bool(raft.blank if raft else member.blank),
            log=(log.last_term, log.last_index),
            term=raft.term if raft else member.term,
            leads=raft is not None and raft.role is Role.LEADER,
        )

    def has_quorum(self) -> bool:
        """Whether a majority has a leader or can elect one."""
        return can_elect(self.standings())

    def settled(self) -> bool:
        """Whether time would change nothing: all that reach the leader follow it and hold its log; nobody else leads."""
        leaders = [member for member in self.members if member.runs and member.raft and member.raft.role is Role.LEADER]
        if len(leaders) != 1:
            return False
        leader = leaders[0]
        ruling = leader.raft
        assert ruling is not None
        following = 1
        for member in self.members:
            raft = member.raft
            if member is leader or raft is None or not member.runs:
                continue
            if not self.joined(leader, member):
                if raft.leader == leader.id:
                    return False  # it has yet to miss its leader
                continue
            if (raft.term, raft.leader, raft.log.commit, raft.log.last_index, raft.blank) != (
                ruling.term, leader.id, ruling.log.commit, ruling.log.last_index, False,
            ):  # fmt: skip
                return False
            following += 1
        return following >= needed(len(self.members)) and ruling.log.commit == ruling.log.last_index
