"""A deterministic world for the Raft core: faulty wires, crashing members, and a checker after every step.

The seed decides everything, also how much there is of each fault: a run with few kinds of them, in many mixtures, finds
what one mixture of all hides (swarm testing). Faults are aimed: a step may crash between persisting and sending, and right
after a vote; two members may stand in one term; an old message may come once more, long after; a wire may cut an append
short, as a limit on the size of messages would; who was stopped for a while first goes on with what it did.

The checker looks from outside, after every step at the member it touched:

- election safety: a term has one leader;
- durability: what a leader commits is of its own term (or before such an entry) and on the disks of a majority; nobody
  commits anything else, and nobody's commit goes back;
- leader completeness: a later leader holds it;
- state-machine safety: nobody commits anything else in its place;
- log matching (entries are named by the term and the member that made them), now and then across all pairs;
- a read is never older than what was committed when it was asked;
- PreVote: neither a timeout nor being asked raises a term;
- CheckQuorum: who hears no majority leads no longer than four election timeouts.
"""

import random
from collections import deque
from dataclasses import dataclass, field
from types import ModuleType

from core.etcd import raft
from core.etcd.raft import ELECTION_TICKS, HardState, Message, Raft, Ready, Role, Type, needed

FROM_FOLLOWER = {Type.APP_RESP, Type.HEARTBEAT_RESP}
UNHEARD_TICKS_MAX = 4 * ELECTION_TICKS  # an answer counts for the window it falls into, and a handover doubles a window
STEPS = 3000  # of one run
MESSAGES_MAX = 20_000  # of one tick; what was under way when everything healed included
MIXTURE = (0.0, 0.1, 0.3, 1.0)  # of a kind of fault: none, or one in 1000, 300, 100 steps; an election takes about 150


class Broken(AssertionError):
    """A safety property does not hold."""


@dataclass
class Disk:
    """What a crash leaves. `core` is the package under test: the real one, or a mutant of it."""

    core: ModuleType = raft
    hard: HardState = field(default_factory=lambda: HardState(0, 0, 0, False))

    def __post_init__(self) -> None:
        self.log = self.core.Log()

    def save(self, ready: Ready) -> None:
        if ready.snapshot:
            self.log.restore(*ready.snapshot)
        for term, first, last in ready.entries:
            self.log.truncate(first - 1)
            self.log.append(term, last - first + 1)
        if ready.hard_state:
            self.hard = ready.hard_state

    def holds(self, index: int, term: int) -> bool:
        return index <= self.log.snapshot_index or self.log.term(index) == term

    def boot(self, id: int, voters: list[int], seed: str) -> Raft:
        log = self.core.Log(
            self.log.runs,
            snapshot_index=self.log.snapshot_index,
            snapshot_term=self.log.snapshot_term,
            commit=min(self.hard.commit, self.log.last_index),
        )
        member: Raft = self.core.Raft(
            id, voters, seed=seed, log=log, term=self.hard.term, vote=self.hard.vote, blank=self.hard.blank
        )
        return member


class Simulation:
    def __init__(self, seed: int, core: ModuleType = raft, disk: type[Disk] = Disk, members: int | None = None) -> None:
        self.seed = seed
        self.random = random.Random(seed)
        count = members or self.random.choice((3, 3, 3, 4, 5))
        self.ids = list(range(1, count + 1))
        self.disks = {id: disk(core) for id in self.ids}
        self.boots = 0
        self.nodes: dict[int, Raft | None] = {}
        self.wire: list[Message] = []
        self.cut: set[tuple[int, int]] = set()
        self.paused: set[int] = set()
        self.drop = self.random.choice((0.0, 0.01, 0.1))
        self.duplicate = self.random.choice((0.0, 0.05, 0.2))
        self.shorten = self.random.choice((0.0, 0.0, 0.5))
        self.unsent = self.random.choice((0.0, 0.003, 0.01))  # crash between persisting and sending
        self.window = self.random.choice((1, 5, 20))  # how far messages overtake one another
        self.hurry = self.random.choice(self.ids)  # whose clock runs fast
        self.hurried = self.random.choice((0.0, 0.1, 0.5))
        self.leaders: dict[int, int] = {}  # term → who led it
        self.decided: dict[int, int] = {}  # index → term of the committed entry
        self.newest = 0  # index decided so far
        self.reads: dict[int, int] = {}  # context → what was committed when it was asked
        self.ticked: dict[int, int] = dict.fromkeys(self.ids, 0)  # own ticks of each member
        self.heard: dict[int, dict[int, int]] = {}  # leader → follower → own tick at which it last answered
        self.past: deque[Message] = deque(maxlen=100)  # what was delivered, and may be so again
        usual = [self.deliver, self.tick_one, self.propose, self.ask, self.revive, self.resume, self.mend]
        faults = [
            self.repeat,
            self.crash,
            self.isolate,
            self.pause,
            self.stand,
            self.hand_over,
            self.compact,
            self.wipe,
        ]
        self.events = [*usual, *faults]
        self.weights = [50.0, 30.0, 4.0, 4.0]
        self.weights += [self.random.choice(often) for often in ((1.0, 4.0), (0.2, 1.0), (0.1, 0.3, 1.0))]
        self.weights += [self.random.choice(MIXTURE) for _ in faults]
        for id in self.ids:
            self.boot(id)

    # -- What can happen --------------------------------------------------------------------------------------------

    def boot(self, id: int) -> None:
        self.boots += 1
        self.nodes[id] = self.disks[id].boot(id, self.ids, f"{self.seed}:{self.boots}")

    def stop(self, id: int) -> None:
        self.nodes[id] = None
        self.heard.pop(id, None)
        self.paused.discard(id)

    def step(self) -> None:
        (event,) = self.random.choices(self.events, self.weights)
        event()

    def alive(self) -> list[int]:
        return [id for id in self.ids if self.nodes[id] and id not in self.paused]

    def leading(self) -> list[int]:
        """Who leads in its own eyes: after a partition that may be several."""
        return [id for id in self.alive() if (node := self.nodes[id]) and node.role == Role.LEADER]

    def deliver(self) -> None:
        if self.wire:
            self.carry(self.wire.pop(self.random.randrange(min(len(self.wire), self.window))))

    def tick_one(self) -> None:
        id = self.hurry if self.random.random() < self.hurried else self.random.choice(self.ids)
        self.tick(id)

    def tick(self, id: int) -> None:
        node = self.nodes[id]
        if node is None or id in self.paused:
            return
        before = node.term
        self.ticked[id] += 1
        node.tick()
        if node.term != before and len(self.ids) > 1:
            raise Broken(f"seed {self.seed}: {id} raised the term though nobody said that it could win")
        self.handle(id)

    def propose(self) -> None:
        for id in self.leading():
            self.at(id).propose(self.random.randint(1, 3))
            self.handle(id)

    def ask(self) -> None:
        for id in self.leading():
            context = len(self.reads) + 1
            self.reads[context] = self.newest
            self.at(id).read_index(context)
            self.handle(id)

    def revive(self) -> None:
        for id in self.ids:
            if not self.nodes[id]:
                self.boot(id)

    def resume(self) -> None:
        self.paused.clear()
        self.ask()

    def repeat(self) -> None:
        if self.past:
            self.carry(self.random.choice(self.past))

    def victim(self) -> int:
        """Leaders as often as all others together."""
        return self.random.choice((self.random.random() < 0.5 and self.leading()) or self.ids)

    def crash(self) -> None:
        id = self.victim()
        self.stop(id)
        if self.random.random() < 0.5:
            self.boot(id)

    def isolate(self) -> None:
        """Cut somebody off from all, or all but one; now and then in one direction only. Mostly the others are whole."""
        if self.random.random() < 0.7:
            self.mend()
        id = self.victim()
        friend = self.random.choice((0, 0, *self.ids))
        for other in self.ids:
            if other != friend:
                self.cut.add((id, other))
                if self.random.random() < 0.7:
                    self.cut.add((other, id))

    def mend(self) -> None:
        self.cut.clear()

    def pause(self) -> None:
        """Stop somebody as SIGSTOP does: it keeps its role in its own eyes, and what is sent to it waits."""
        self.paused.add(self.victim())

    def stand(self) -> None:
        """One or two members stand unasked, as if a leader had told them to: terms and votes are contested."""
        for id in self.random.sample(self.alive(), min(len(self.alive()), self.random.choice((1, 2)))):
            if self.nodes[id]:
                self.at(id).campaign(transfer=True)
                self.handle(id)

    def hand_over(self) -> None:
        """Not over and over: each new successor is given an election timeout, in which the quorum is not checked."""
        for id in self.leading():
            if self.at(id).transferee:
                continue
            self.at(id).transfer_leader(self.random.choice(self.ids))
            self.handle(id)

    def compact(self) -> None:
        id = self.random.choice(self.ids)
        node, disk = self.nodes[id], self.disks[id]
        if node and node.log.commit > node.log.snapshot_index and disk.log.last_index >= node.log.commit:
            node.log.compact(node.log.commit)
            disk.log.commit = node.log.commit
            disk.log.compact(node.log.commit)

    def wipe(self) -> None:
        """A new disk in place of the old, where a majority still remembers; what is under way to and from it is lost."""
        id = self.random.choice(self.ids)
        if sum(not disk.hard.blank for other, disk in self.disks.items() if other != id) < needed(len(self.ids)):
            return
        old = self.disks[id]
        self.stop(id)
        self.disks[id] = type(old)(old.core, HardState(old.hard.term, old.hard.vote, 0, True))
        self.wire = [message for message in self.wire if id not in (message.sender, message.receiver)]
        self.past = deque((message for message in self.past if id not in (message.sender, message.receiver)), 100)
        self.boot(id)

    # -- Carrying and keeping ---------------------------------------------------------------------------------------

    def at(self, id: int) -> Raft:
        node = self.nodes[id]
        assert node is not None
        return node

    def carry(self, message: Message) -> None:
        if self.random.random() < self.duplicate:
            self.wire.append(message)
        to = message.receiver
        node = self.nodes[to]
        if to in self.paused and self.random.random() < 0.9:
            self.wire.append(message)
            return
        if node is None or to in self.paused or (message.sender, to) in self.cut or self.random.random() < self.drop:
            return
        if message.type == Type.APP and not node.blank and self.random.random() < self.shorten:
            message = shortened(message, self.random)
        if message.type in FROM_FOLLOWER and message.term == node.term:
            self.heard.setdefault(to, {})[message.sender] = self.ticked[to]
        before = node.term
        node.step(message)
        if message.type == Type.PRE_VOTE and node.term != before:
            raise Broken(f"seed {self.seed}: being asked whether {message.sender} could win raised the term of {to}")
        self.past.append(message)
        self.handle(to)
        if message.type == Type.VOTE and self.nodes[to] and self.random.random() < 0.1:
            self.stop(to)
            self.boot(to)

    def handle(self, id: int) -> None:
        """The owner's duties: persist, then (unless it crashes in between) send."""
        node = self.at(id)
        ready = node.ready()
        if ready is None:
            return
        if ready.hard_state and ready.hard_state.commit < self.disks[id].hard.commit:
            raise Broken(f"seed {self.seed}: the commit of {id} went back to {ready.hard_state.commit}")
        self.disks[id].save(ready)
        self.check(id, node, ready)
        if self.random.random() < self.unsent:
            self.stop(id)
            return
        self.wire += ready.messages

    # -- What must hold ---------------------------------------------------------------------------------------------

    def check(self, id: int, node: Raft, ready: Ready) -> None:
        if node.role == Role.LEADER:
            self.check_leader(id, node)
        if ready.committed:
            first, last = ready.committed
            if node.role == Role.LEADER and node.log.term(last) != node.term:
                raise Broken(f"seed {self.seed}: leader {id} committed {last} of an older term by counting (Figure 8)")
            for term, start, end in node.log.slice(first, last):
                for index in range(start, end + 1):
                    self.check_commit(id, node, index, term)
        for read in ready.reads:
            if read.index < self.reads[read.context]:
                raise Broken(f"seed {self.seed}: read {read.context} at {read.index} is stale")

    def check_leader(self, id: int, node: Raft) -> None:
        if node.term not in self.leaders:
            self.leaders[node.term] = id
            self.heard[id] = dict.fromkeys(self.ids, self.ticked[id])
            for index, term in self.decided.items():
                self.check_complete(id, node, index, term)
        if self.leaders[node.term] != id:
            raise Broken(f"seed {self.seed}: term {node.term} has two leaders, {self.leaders[node.term]} and {id}")
        if id not in self.heard:
            raise Broken(f"seed {self.seed}: {id} crashed as the leader of term {node.term} and leads it again")
        heard = sorted(self.heard[id].get(other, 0) if other != id else self.ticked[id] for other in self.ids)
        if self.ticked[id] - heard[-needed(len(self.ids))] > UNHEARD_TICKS_MAX:
            raise Broken(f"seed {self.seed}: {id} leads though no majority answered for four election timeouts")

    def check_complete(self, id: int, node: Raft, index: int, term: int) -> None:
        if index > node.log.snapshot_index and node.log.term(index) != term:
            raise Broken(f"seed {self.seed}: leader {id} of term {node.term} lacks entry {index}@{term}")

    def check_commit(self, id: int, node: Raft, index: int, term: int) -> None:
        """A leader decides; the others only learn."""
        if index not in self.decided and node.role == Role.LEADER:
            self.decided[index], self.newest = term, max(self.newest, index)
            kept = sum(disk.holds(index, term) or disk.hard.blank for disk in self.disks.values())
            if kept < needed(len(self.ids)):
                raise Broken(f"seed {self.seed}: {id} committed {index}@{term}, which {kept} disks hold")
            for other in self.leading():
                if self.at(other).term > node.term:
                    self.check_complete(other, self.at(other), index, term)
        if self.decided.get(index) != term:
            raise Broken(f"seed {self.seed}: {id} committed {index}@{term}, decided is {self.decided.get(index)}")

    def check_matching(self) -> None:
        """Log matching: logs that share an entry share everything before it."""
        logs = [node.log for node in self.nodes.values() if node]
        for position, one in enumerate(logs):
            for other in logs[position + 1 :]:
                low = max(one.snapshot_index, other.snapshot_index) + 1
                same = False
                for index in range(min(one.last_index, other.last_index), low - 1, -1):
                    equal = one.term(index) == other.term(index)
                    if same and not equal:
                        raise Broken(f"seed {self.seed}: logs agree after {index} but not at it")
                    same = equal

    # -- Runs -------------------------------------------------------------------------------------------------------

    def run(self, steps: int) -> None:
        for number in range(steps):
            self.step()
            if number % 100 == 0:
                self.check_matching()
        self.check_matching()

    def heal(self, timeouts: int = 10) -> None:
        """Everything works again: within `timeouts` election time-outs all is committed, and then what is new, too."""
        self.drop = self.duplicate = self.shorten = self.unsent = 0.0
        self.cut.clear()
        self.paused.clear()
        for id in self.ids:
            if not self.nodes[id]:
                self.boot(id)
        asked = False
        for _ in range(timeouts * 2 * ELECTION_TICKS):
            for id in self.ids:
                self.tick(id)
            self.carry_all()
            if self.is_settled():
                if asked:
                    return
                asked = True
                self.propose()
        logs = {id: (node.log.commit, node.log.last_index) for id, node in self.nodes.items() if node}
        raise Broken(f"seed {self.seed}: no progress after everything healed; commit, last: {logs}")

    def is_settled(self) -> bool:
        """One leads, everybody follows and has committed all there is, and nobody waits for a disk to be filled."""
        nodes = [self.at(id) for id in self.ids]
        (first, *others) = {
            (node.term, node.leader, node.log.commit, node.log.last_index, node.blank) for node in nodes
        }
        _, leader, commit, last, blank = first
        return not others and leader != 0 and commit == last and not blank

    def carry_all(self) -> None:
        for _ in range(MESSAGES_MAX):
            if not self.wire:
                return
            self.carry(self.wire.pop(0))
        raise Broken(f"seed {self.seed}: the members talk without end")


def shortened(message: Message, draw: random.Random) -> Message:
    """The append without its last entries: what a leader would send that may not send much at once."""
    if not message.entries:
        return message
    last = draw.randint(message.index, message.entries[-1][2])
    entries = tuple((term, first, min(end, last)) for term, first, end in message.entries if first <= last)
    return Message(
        message.type, message.sender, message.receiver, message.term, message.index, message.log_term, entries,
        message.commit,
    )  # fmt: skip
