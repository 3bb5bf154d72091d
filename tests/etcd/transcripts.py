"""Lessons in Raft: a paragraph, then commands and exactly what each printed.

    # What is shown and why.

    add 3
    ----
    ok

    campaign 1
    ----
    1 is leader of term 1 …

Commands work on bare members without a clock or a database. Rewrite the outputs with
`pytest tests/etcd/test_transcripts.py --rewrite`, and read the difference before believing it.
"""

from collections import deque
from collections.abc import Callable
from pathlib import Path

from core.etcd.raft import HardState, Log, Message, Raft, Role, Type

FOLDER = Path(__file__).parent.parent / "scenarios" / "raft"
LINE = "----"
SEED = "lesson 0"  # decides the election timeouts


class Stage:
    """Members, the messages between them, and what is cut or stopped."""

    def __init__(self) -> None:
        self.members: dict[int, Raft] = {}
        self.stopped: set[int] = set()
        self.cut: set[int] = set()
        self.wire: deque[Message] = deque()
        self.printed: list[str] = []

    def run(self, command: str) -> str:
        verb, *words = command.split()
        self.printed = []
        COMMANDS[verb](self, [int(word) for word in words])
        return "\n".join(self.printed) or "ok"

    def add(self, words: list[int]) -> None:
        """add COUNT: so many members, all followers with empty logs."""
        ids = range(1, words[0] + 1)
        self.members = {id: Raft(id, ids, seed=SEED) for id in ids}

    def log(self, words: list[int]) -> None:
        """log ID TERM COUNT …: give a member a log, as if earlier terms had left it so."""
        id, *pairs = words
        log = Log()
        for term, count in zip(pairs[::2], pairs[1::2], strict=True):
            log.append(term, count)
        old = self.members[id]
        self.members[id] = Raft(id, old.voters, seed=SEED, log=log, term=log.last_term)

    def campaign(self, words: list[int]) -> None:
        """campaign ID: its election timeout has passed."""
        self._at(words[0], self.members[words[0]].campaign)

    def propose(self, words: list[int]) -> None:
        """propose ID COUNT: a client writes."""
        self._at(words[0], lambda: self.members[words[0]].propose(words[1]))

    def read(self, words: list[int]) -> None:
        """read ID NUMBER: a client wants a linearizable read."""
        self._at(words[0], lambda: self.members[words[0]].read_index(words[1]))

    def tick(self, words: list[int]) -> None:
        """tick ID COUNT: time passes at one member."""
        for _ in range(words[1]):
            self._at(words[0], self.members[words[0]].tick)

    def deliver(self, words: list[int]) -> None:
        """deliver [ROUNDS]: messages arrive, until nobody says anything more (or so many rounds)."""
        rounds = words[0] if words else 100
        while self.wire and rounds:
            rounds -= 1
            for _ in range(len(self.wire)):
                self._arrive(self.wire.popleft())

    def isolate(self, words: list[int]) -> None:
        """isolate ID …: cut all wires of these members."""
        self.cut |= set(words)

    def heal(self, words: list[int]) -> None:
        """heal: all wires are whole."""
        self.cut.clear()

    def kill(self, words: list[int]) -> None:
        """kill ID: the process is gone, its disk stays."""
        self.stopped.add(words[0])

    def restart(self, words: list[int], *, wiped: bool = False) -> None:
        """restart ID: from its disk."""
        (id,) = words
        old = self.members[id]
        hard: HardState = old.hard_state
        log = Log() if wiped else old.log
        self.members[id] = Raft(
            id, old.voters, seed=SEED, log=log, term=hard.term, vote=hard.vote, blank=hard.blank or wiped
        )
        self.stopped.discard(id)

    def wipe(self, words: list[int]) -> None:
        """wipe ID: start again on an empty disk."""
        self.restart(words, wiped=True)

    def compact(self, words: list[int]) -> None:
        """compact ID INDEX: forget the log up to there."""
        self.members[words[0]].log.compact(words[1])

    def status(self, words: list[int]) -> None:
        """status: every member in a line."""
        for id, raft in self.members.items():
            role = "stopped" if id in self.stopped else "blank" if raft.blank else raft.role
            self.printed.append(f"{id} {role:13} term {raft.term}  commit {raft.log.commit}  log {self._log(raft)}")

    def _log(self, raft: Raft) -> str:
        terms = " ".join(f"{term}:{first}-{last}" for term, first, last in raft.log.runs) or "empty"
        edge = raft.log.snapshot_index
        return f"snapshot to {edge}, {terms}" if edge else terms

    def _at(self, id: int, action: Callable[[], object]) -> None:
        raft = self.members[id]
        before = (raft.role, raft.term, raft.log.commit)
        action()
        self._tell(id, before)

    def _tell(self, id: int, before: tuple[Role, int, int]) -> None:
        raft = self.members[id]
        if (raft.role, raft.term) != before[:2]:
            self.printed.append(f"{id} is {raft.role} in term {raft.term}")
        ready = raft.ready()
        if ready is None:
            return
        if ready.snapshot:
            self.printed.append(
                f"{id} takes a snapshot that ends in entry {ready.snapshot[0]} of term {ready.snapshot[1]}"
            )
        if ready.entries:
            self.printed.append(f"{id} appends {self._entries(ready.entries)}")
        if ready.committed:
            self.printed.append(f"{id} commits up to {ready.committed[1]}")
        for read in ready.reads:
            self.printed.append(f"{id} may answer read {read.context} at {read.index}")
        self.wire.extend(ready.messages)

    def _arrive(self, message: Message) -> None:
        ends = {message.sender, message.receiver}
        lost = ends & self.cut or ends & self.stopped
        self.printed.append(f"{message.sender}→{message.receiver} {self._say(message)}{' (lost)' if lost else ''}")
        if not lost:
            raft = self.members[message.receiver]
            before = (raft.role, raft.term, raft.log.commit)
            raft.step(message)
            self._tell(message.receiver, before)

    def _entries(self, entries: tuple[tuple[int, int, int], ...]) -> str:
        return ", ".join(f"{first}-{last} of term {term}" for term, first, last in entries)

    def _say(self, message: Message) -> str:
        said = f"{message.type} term {message.term}"
        if message.type in (Type.APP, Type.VOTE, Type.PRE_VOTE, Type.SNAP):
            said += f" after {message.index}@{message.log_term}"
        if message.type is Type.APP:
            said += f" entries [{self._entries(message.entries)}] commit {message.commit}"
        if message.type is Type.APP_RESP:
            said += f" at {message.index}"
        if message.reject:
            said += " refused"
            if message.hint:
                said += f", try {message.hint}"
        return said


Command = Callable[[Stage, list[int]], None]
COMMANDS: dict[str, Command] = {
    "add": Stage.add,
    "log": Stage.log,
    "campaign": Stage.campaign,
    "propose": Stage.propose,
    "read": Stage.read,
    "tick": Stage.tick,
    "deliver": Stage.deliver,
    "isolate": Stage.isolate,
    "heal": Stage.heal,
    "kill": Stage.kill,
    "restart": Stage.restart,
    "wipe": Stage.wipe,
    "compact": Stage.compact,
    "status": Stage.status,
}


def replay(text: str) -> str:
    """The transcript with the outputs of today."""
    stage = Stage()
    blocks = []
    for block in text.strip().split("\n\n"):
        command, _, _ = block.partition(f"\n{LINE}")
        blocks.append(block if block.startswith("#") else f"{command}\n{LINE}\n{stage.run(command)}")
    return "\n\n".join(blocks) + "\n"


def lessons() -> list[Path]:
    return sorted(FOLDER.glob("*.txt"))
