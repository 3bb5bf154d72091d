"""What the leader believes about one follower.

PROBE      it does not know where the logs meet: one append at a time, then wait for the answer
REPLICATE  they meet: appends are sent optimistically
SNAPSHOT   the follower needs entries that are compacted away: wait until the snapshot is in

Simplified: no in-flight window and no size limit, since an append is a few runs however many entries it stands for.
"""

from dataclasses import dataclass
from enum import StrEnum


class Sending(StrEnum):
    PROBE = "probe"
    REPLICATE = "replicate"
    SNAPSHOT = "snapshot"


@dataclass(slots=True)
class Progress:
    """match: highest index known to be held; next: first index to send. match < next always."""

    match: int
    next: int
    state: Sending = Sending.PROBE
    waiting: bool = False  # PROBE: an append is out
    pending: int = 0  # SNAPSHOT: the index it ends at
    active: bool = False  # heard from since the last check of the quorum

    def become_probe(self) -> None:
        self.next = max(self.match, self.pending if self.state is Sending.SNAPSHOT else 0) + 1
        self.state, self.waiting, self.pending = Sending.PROBE, False, 0

    def become_replicate(self) -> None:
        self.state, self.waiting, self.pending = Sending.REPLICATE, False, 0
        self.next = self.match + 1

    def become_snapshot(self, index: int) -> None:
        self.state, self.waiting, self.pending = Sending.SNAPSHOT, False, index

    def is_paused(self) -> bool:
        return self.state is Sending.SNAPSHOT or (self.state is Sending.PROBE and self.waiting)

    def sent(self, last: int) -> None:
        """An append up to `last` went out."""
        if self.state is Sending.REPLICATE:
            self.next = last + 1
        else:
            self.waiting = True

    def accepted(self, index: int) -> bool:
        """The follower holds everything up to `index`; whether that is news."""
        news = index > self.match
        self.match = max(self.match, index)
        self.next = max(self.next, index + 1)
        if news:
            self.waiting = False
        return news

    def rejected(self, index: int, meet: int) -> bool:
        """The follower refused the append after `index`; probe at `meet` next. False if the answer is stale."""
        if self.state is Sending.REPLICATE:
            if index <= self.match:
                return False
            self.next = self.match + 1
            return True
        if self.next - 1 != index:
            return False
        self.next = max(min(index, meet + 1), self.match + 1)
        self.waiting = False
        return True

    def forget(self) -> None:
        """The follower's disk was replaced: nothing known of it holds."""
        self.match, self.next = 0, 1
        self.state, self.waiting, self.pending = Sending.PROBE, False, 0
