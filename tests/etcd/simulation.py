"""A deterministic world for the Raft core: faulty wires, crashing members, and a checker after every step.

The seed decides everything. `Disk` is what a crash leaves; a step may crash between persisting and sending, and right
after a vote. The checker looks from outside: election safety, leader append-only and log matching (entries are named by
the term and the member that made them), leader completeness, state-machine safety, and reads never older than what was
committed when they were asked.
"""

import random
from dataclasses import dataclass, field

from core.etcd.raft import ELECTION_TICKS, HardState, Log, Message, Raft, Ready, Role, Type


class Broken(AssertionError):
    """A safety property does not hold."""


@dataclass
class Disk:
    hard: HardState = field(default_factory=lambda: HardState(0, 0, 0, False))
    log: Log = field(default_factory=Log)

    def save(self, ready: Ready) -> None:
        if ready.snapshot:
            self.log.restore(*ready.snapshot)
        for term, first, last in ready.entries:
            self.log.truncate(first - 1)
            self.log.append(term, last - first + 1)
        if ready.hard_state:
            self.hard = ready.hard_state

    def boot(self, kind: type[Raft], id: int, voters: list[int], seed: str) -> Raft:
        log = Log(
            self.log.runs,
            snapshot_index=self.log.snapshot_index,
            snapshot_term=self.log.snapshot_term,
            commit=min(self.hard.commit, self.log.last_index),
        )
        return kind(id, voters, seed=seed, log=log, term=self.hard.term, vote=self.hard.vote, blank=self.hard.blank)


class Simulation:
    def __init__(self, seed: int, kind: type[Raft] = Raft, disk: type[Disk] = Disk, members: int | None = None) -> None:
        self.seed = seed
        self.random = random.Random(seed)
        self.kind = kind
        count = members or self.random.choice((3, 3, 5))
        self.ids = list(range(1, count + 1))
        self.disks = {id: disk() for id in self.ids}
        self.boots = 0
        self.nodes: dict[int, Raft | None] = {}
        self.wire: list[Message] = []
        self.cut: set[tuple[int, int]] = set()
        self.drop = self.random.choice((0.0, 0.01, 0.1))
        self.duplicate = self.random.choice((0.0, 0.05))
        self.leaders: dict[int, int] = {}  # term → who led it
        self.decided: dict[int, int] = {}  # index → term of the committed entry
        self.reads: dict[int, int] = {}  # context → what was committed when it was asked
        for id in self.ids:
            self.boot(id)

    # -- What can happen --------------------------------------------------------------------------------------------

    def boot(self, id: int) -> None:
        self.boots += 1
        self.nodes[id] = self.disks[id].boot(self.kind, id, self.ids, f"{self.seed}:{self.boots}")

    def crash(self, id: int) -> None:
        self.nodes[id] = None

    def wipe(self, id: int) -> None:
        """A new disk in place of the old; what was under way to and from it is lost with its connections."""
        hard = self.disks[id].hard
        self.crash(id)
        self.disks[id] = type(self.disks[id])()
        self.disks[id].hard = HardState(hard.term, hard.vote, 0, True)
        self.wire = [message for message in self.wire if id not in (message.sender, message.receiver)]
        self.boot(id)

    def step(self) -> None:
        draw = self.random.random()
        alive = [id for id in self.ids if self.nodes[id]]
        if draw < 0.55 and self.wire:
            self.deliver(self.random.randrange(min(len(self.wire), 20)))
        elif draw < 0.80 and alive:
            self.tick(self.random.choice(alive))
        elif draw < 0.90 and alive:
            self.propose()
        elif draw < 0.93:
            self.ask()
        elif draw < 0.96:
            self.fault()
        elif draw < 0.97:
            self.compact()
        else:
            for id in self.ids:
                if not self.nodes[id] and self.random.random() < 0.5:
                    self.boot(id)
        if self.random.random() < 0.02:
            self.cut.clear()

    def fault(self) -> None:
        id = self.random.choice(self.ids)
        kind = self.random.random()
        if kind < 0.45:
            self.crash(id)
            if self.random.random() < 0.5:
                self.boot(id)
        elif kind < 0.9:
            for other in self.ids:
                self.cut.add((id, other))
                if self.random.random() < 0.7:
                    self.cut.add((other, id))
        elif not any(disk.hard.blank for disk in self.disks.values()):
            self.wipe(id)

    def deliver(self, position: int = 0) -> None:
        message = self.wire.pop(position)
        if self.random.random() < self.duplicate:
            self.wire.append(message)
        node = self.nodes[message.receiver]
        if node is None or (message.sender, message.receiver) in self.cut or self.random.random() < self.drop:
            return
        node.step(message)
        voted = message.type is Type.VOTE
        self.handle(message.receiver)
        if voted and self.random.random() < 0.1:
            self.crash(message.receiver)
            self.boot(message.receiver)

    def tick(self, id: int) -> None:
        node = self.nodes[id]
        if node:
            node.tick()
            self.handle(id)

    def propose(self) -> None:
        for id in self.ids:
            node = self.nodes[id]
            if node and node.role is Role.LEADER:
                node.propose(self.random.randint(1, 3))
                self.handle(id)

    def ask(self) -> None:
        for id in self.ids:
            node = self.nodes[id]
            if node and node.role is Role.LEADER:
                context = len(self.reads) + 1
                self.reads[context] = max(self.decided, default=0)
                node.read_index(context)
                self.handle(id)

    def compact(self) -> None:
        id = self.random.choice(self.ids)
        node, disk = self.nodes[id], self.disks[id]
        if node and node.log.commit > node.log.snapshot_index and disk.log.last_index >= node.log.commit:
            node.log.compact(node.log.commit)
            disk.log.commit = node.log.commit
            disk.log.compact(node.log.commit)

    def handle(self, id: int) -> None:
        """The owner's duties: persist, then (unless it crashes in between) send."""
        node = self.nodes[id]
        assert node is not None
        ready = node.ready()
        if ready is None:
            return
        self.disks[id].save(ready)
        self.check(id, ready)
        if self.random.random() < 0.01 and not self.calm:
            self.crash(id)
            return
        self.wire += ready.messages

    # -- What must hold ---------------------------------------------------------------------------------------------

    calm = False

    def check(self, id: int, ready: Ready) -> None:
        node = self.nodes[id]
        assert node is not None
        if node.role is Role.LEADER:
            led = self.leaders.setdefault(node.term, id)
            if led != id:
                raise Broken(f"seed {self.seed}: term {node.term} has two leaders, {led} and {id}")
            for index, term in self.decided.items():
                if index > node.log.snapshot_index and node.log.term(index) != term:
                    raise Broken(f"seed {self.seed}: leader {id} of term {node.term} lacks entry {index}@{term}")
        if ready.committed:
            first, last = ready.committed
            for term, start, end in node.log.slice(first, last):
                for index in range(start, end + 1):
                    if self.decided.setdefault(index, term) != term:
                        raise Broken(f"seed {self.seed}: entry {index} was committed twice")
        for read in ready.reads:
            if read.index < self.reads[read.context]:
                raise Broken(f"seed {self.seed}: read {read.context} at {read.index} is stale")

    def check_matching(self) -> None:
        """Log matching: logs that share an entry share everything before it."""
        logs = [node.log for node in self.nodes.values() if node]
        for one in logs:
            for other in logs:
                low = max(one.snapshot_index, other.snapshot_index) + 1
                same = False
                for index in range(min(one.last_index, other.last_index), low - 1, -1):
                    equal = one.term(index) == other.term(index)
                    if same and not equal:
                        raise Broken(f"seed {self.seed}: logs agree after {index} but not at it")
                    same = equal

    def run(self, steps: int) -> None:
        for number in range(steps):
            self.step()
            if number % 100 == 0:
                self.check_matching()
        self.check_matching()

    def heal(self, timeouts: int = 10) -> None:
        """Everything works again: a leader is there and commits within `timeouts` election time-outs."""
        self.calm, self.drop, self.duplicate = True, 0.0, 0.0
        self.cut.clear()
        for id in self.ids:
            if not self.nodes[id]:
                self.boot(id)
        before = max(self.decided, default=0)
        for _ in range(timeouts * 2 * ELECTION_TICKS):
            for id in self.ids:
                self.tick(id)
            while self.wire:
                self.deliver()
            self.propose()
        commits = {node.log.commit for node in self.nodes.values() if node}
        if min(commits) <= before or any(disk.hard.blank for disk in self.disks.values()):
            raise Broken(f"seed {self.seed}: no progress after everything healed, commits {commits}")
