"""The Raft core with one rule broken: a replacement in its own source text, executed as a package of its own.

A row names what the mutant does, the module, the text that states the rule and what stands there instead. The text must be
found exactly once, so a row cannot outlive the line it breaks.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from core.etcd import raft

SOURCE = Path(raft.__path__[0])
MODULES = ("quorum", "messages", "log", "progress", "ready", "node", "step")  # each imports earlier ones only


@dataclass(frozen=True)
class Mutant:
    does: str
    module: str
    text: str
    instead: str

    @contextmanager
    def core(self) -> Iterator[ModuleType]:
        """The mutated package; its modules are importable while the block runs."""
        name = "mutant"
        package = sys.modules[name] = ModuleType(name)
        package.__path__ = []
        try:
            for part in MODULES:
                module = self._executed(name, part)
                vars(package).update({**vars(module), "__name__": name, part: module})
            yield package
        finally:
            for made in [made for made in sys.modules if made == name or made.startswith(f"{name}.")]:
                del sys.modules[made]

    def _executed(self, name: str, part: str) -> ModuleType:
        text = (SOURCE / f"{part}.py").read_text()
        if part == self.module:
            found = text.count(self.text)
            assert found == 1, f"{self.does}: its text is {found} times in {part}.py"
            text = text.replace(self.text, self.instead)
        module = sys.modules[f"{name}.{part}"] = ModuleType(f"{name}.{part}")
        exec(compile(text.replace(raft.__name__, name), f"{part}.py of: {self.does}", "exec"), vars(module))
        return module


# What would lose or falsify data, or break an election.
UNSAFE = [
    Mutant(
        "votes for a log that lacks entries",
        "step",
        "granted = free and not self.blank and self.log.is_up_to_date(message.index, message.log_term)",
        "granted = free and not self.blank",
    ),
    Mutant(
        "compares logs by length alone",
        "log",
        "(term, index) >= (self.last_term, self.last_index)",
        "index >= self.last_index",
    ),
    Mutant("votes twice in a term", "step", "(self.vote == 0 and self.leader == 0)", "True"),
    Mutant("forgets its vote", "step", "            self.vote = message.sender\n", ""),
    Mutant("stands without a vote for itself", "node", "        self.vote = self.id\n", ""),
    Mutant(
        "forgets its vote with a snapshot",
        "node",
        "        self._entries = []\n",
        "        self._entries, self.vote = [], 0\n",
    ),
    Mutant(
        "forgets its vote when it follows",
        "node",
        "        if term != self.term:\n            self.term, self.vote = term, 0",
        "        self.term, self.vote = term, 0",
    ),
    Mutant("commits old terms by counting", "node", " or self.log.term(index) != self.term", ""),
    Mutant("commits what a minority holds", "quorum", "[needed(len(matches)) - 1]", "[needed(len(matches)) - 2]"),
    Mutant("leads by a minority", "quorum", "if yes >= needed(len(voters))", "if yes >= needed(len(voters)) - 1"),
    Mutant(
        "commits beyond what it was sent",
        "step",
        "raft.commit_to(min(message.commit, last))",
        "raft.commit_to(message.commit)",
    ),
    Mutant(
        "lets a heartbeat commit beyond the match",
        "node",
        "commit = min(self.progress[voter].match, self.log.commit)",
        "commit = self.log.commit",
    ),
    Mutant("truncates on an old append", "log", "if held is None or held[0] != term:", "if True:"),
    Mutant("keeps what conflicts", "log", "                self.truncate(index - 1)\n", ""),
    Mutant(
        "appends without the consistency check",
        "step",
        "if log.term(message.index) != message.log_term:",
        "if log.last_index < message.index:",
    ),
    Mutant(
        "confirms more than it holds",
        "step",
        "raft.send(Type.APP_RESP, message.sender, index=last)",
        "raft.send(Type.APP_RESP, message.sender, index=last + 1)",
    ),
    Mutant(
        "takes a refusal for a match",
        "step",
        "    if message.reject:\n        if message.blank:",
        "    if message.reject and message.blank:\n        if message.blank:",
    ),
    Mutant(
        "heeds messages of older terms",
        "step",
        "            self._older_term(message)\n            return\n",
        "            self._older_term(message)\n",
    ),
    Mutant(
        "reads without a majority",
        "node",
        "self.reads[context] = (self.log.commit, {self.id})",
        "self.reads[context] = (self.log.commit, set(self.voters))",
    ),
    Mutant(
        "reads before its term is opened",
        "node",
        "if self.role is not Role.LEADER or self.log.term(self.log.commit) != self.term:",
        "if self.role is not Role.LEADER:",
    ),
    Mutant("reads by an older round", "step", "            if context <= message.context:\n", "            if True:\n"),
    Mutant("votes with a replaced disk", "step", "granted = free and not self.blank and", "granted = free and"),
    Mutant(
        "stands with a replaced disk",
        "node",
        "if self.blank or self.role is Role.LEADER:",
        "if self.role is Role.LEADER:",
    ),
    Mutant(
        "trusts a replaced disk after a heartbeat",
        "step",
        "    raft.commit_to(message.commit)\n    raft.send(Type.HEARTBEAT_RESP",
        "    raft.commit_to(message.commit)\n    raft.blank = False\n    raft.send(Type.HEARTBEAT_RESP",
    ),
    Mutant("raises its term for a pre-vote", "step", "message.type is Type.PRE_VOTE or (", "("),
    Mutant(
        "stands without asking first",
        "node",
        "        if transfer:\n            self.become_candidate()",
        "        if True:\n            self.become_candidate()",
    ),
    Mutant(
        "leads on though nobody answers",
        "node",
        "if not self._has_quorum():",
        "if not self._has_quorum() and not self.progress:",
    ),
    Mutant(
        "leads on in a newer term",
        "step",
        "        if not hypothetical:\n",
        "        if not hypothetical and self.role is not Role.LEADER:\n",
    ),
    Mutant("takes an old snapshot", "step", "if message.index > raft.log.commit:", "if message.index:"),
    Mutant(
        "sends what is not committed as a snapshot",
        "node",
        "            index = self.log.commit\n",
        "            index = self.log.last_index\n",
    ),
    Mutant(
        "believes to know its followers when elected",
        "node",
        "Progress(match=0, next=last + 1)",
        "Progress(match=last, next=last + 1)",
    ),
]

# What would stop the group for ever, or until a human helps.
STUCK = [
    Mutant(
        "never sends a snapshot",
        "node",
        "            self.send(Type.SNAP, to, index=index, log_term=self.log.term(index) or 0)\n",
        "",
    ),
    Mutant(
        "waits for a lost probe", "step", "    progress.waiting = False\n    if message.blank", "    if message.blank"
    ),
    Mutant(
        "waits for a lost snapshot",
        "step",
        "            progress.become_probe()  # the snapshot or its answer may have been lost\n",
        "            pass\n",
    ),
    Mutant(
        "remembers what a replaced disk held",
        "progress",
        "        self.match, self.next = 0, 1\n",
        "        self.next = self.match + 1\n",
    ),
    Mutant(
        "probes no further back",
        "progress",
        "self.next = max(min(index, meet + 1), self.match + 1)",
        "self.next = max(index + 1, self.match + 1)",
    ),
    Mutant("opens no term", "node", "        self.append(1)\n        self.maybe_commit()\n", ""),
    Mutant("tells a stale member nothing", "step", "            self._older_term(message)\n", ""),
    Mutant("never fills a replaced disk", "step", "    raft.blank = False\n", ""),
]
