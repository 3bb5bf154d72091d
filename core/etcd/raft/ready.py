"""One batch of duties that the core hands to its owner."""

from dataclasses import dataclass
from typing import NamedTuple

from core.etcd.raft.messages import Message, Run


class HardState(NamedTuple):
    """What must survive a crash besides the log. `blank`: the disk was replaced and is not caught up yet."""

    term: int
    vote: int
    commit: int
    blank: bool


@dataclass(frozen=True, slots=True)
class ReadState:
    """The read `context` may be answered from a state that has applied `index`."""

    context: int
    index: int


@dataclass(frozen=True, slots=True)
class Ready:
    """In this order: make `snapshot`, `entries` and `hard_state` durable; send `messages`; apply `committed`.

    entries    new entries; they replace everything from their first index on
    snapshot   (index, term) of a snapshot that replaces the whole log
    committed  (first, last) index that became committed
    """

    hard_state: HardState | None
    entries: tuple[Run, ...]
    snapshot: tuple[int, int] | None
    messages: tuple[Message, ...]
    committed: tuple[int, int] | None
    reads: tuple[ReadState, ...]
