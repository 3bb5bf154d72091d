"""A member's log: a snapshot's end, then runs of equal terms.

Invariant: runs are contiguous from `snapshot_index + 1`, their terms never fall, and nothing at or below `commit` is ever
replaced.
"""

from collections.abc import Iterable

from core.etcd.raft.messages import Run


class Log:
    __slots__ = ("commit", "runs", "snapshot_index", "snapshot_term")

    def __init__(
        self, runs: Iterable[Iterable[int]] = (), *, snapshot_index: int = 0, snapshot_term: int = 0, commit: int = 0
    ) -> None:
        self.runs: list[Run] = [(term, first, last) for term, first, last in runs]
        self.snapshot_index = snapshot_index
        self.snapshot_term = snapshot_term
        self.commit = max(commit, snapshot_index)

    @property
    def last_index(self) -> int:
        return self.runs[-1][2] if self.runs else self.snapshot_index

    @property
    def last_term(self) -> int:
        return self.runs[-1][0] if self.runs else self.snapshot_term

    def term(self, index: int) -> int | None:
        """The term of the entry at `index`; None if it is compacted away or not there yet."""
        for term, first, last in reversed(self.runs):
            if first <= index <= last:
                return term
        return self.snapshot_term if index == self.snapshot_index else None

    def append(self, term: int, count: int) -> Run:
        """Append `count` new entries of `term`, as only a leader does."""
        first = self.last_index + 1
        last = first + count - 1
        self._extend((term, first, last))
        return (term, first, last)

    def is_up_to_date(self, index: int, term: int) -> bool:
        """Whether a log that ends in (index, term) is at least as new as this one (§5.4.1)."""
        return (term, index) >= (self.last_term, self.last_index)

    def merge(self, entries: Iterable[Run]) -> list[Run]:
        """Take in a leader's entries after a match; returns what is new. Entries already held are left alone.

        Only a real conflict truncates: a late append must not cut off what a newer one brought (§5.3).
        """
        new: list[Run] = []
        for term, first, last in entries:
            index = first
            while index <= last and not new:
                held = next((run for run in self.runs if run[1] <= index <= run[2]), None)
                if held is None or held[0] != term:
                    break
                index = min(last, held[2]) + 1
            if index > last:
                continue
            if not new:
                assert index > self.commit, f"entry {index} is committed and cannot be replaced"
                self.truncate(index - 1)
            new.append((term, index, last))
            self._extend((term, index, last))
        return new

    def slice(self, first: int, last: int) -> tuple[Run, ...]:
        """The runs of entries `first` to `last`, both included."""
        return tuple(
            (term, max(first, start), min(last, end))
            for term, start, end in self.runs
            if start <= last and end >= first
        )

    def last_possible_match(self, index: int, term: int) -> int:
        """The newest own entry at or below `index` of at most `term`: the next place worth probing (§5.3)."""
        index = min(index, self.last_index)
        for own, first, last in reversed(self.runs):
            if first <= index and own <= term:
                return min(index, last)
        return min(index, self.snapshot_index)

    def truncate(self, last: int) -> None:
        """Drop everything after `last`."""
        self.runs = [(term, start, min(end, last)) for term, start, end in self.runs if start <= last]

    def compact(self, index: int) -> None:
        """Forget entries up to `index`; they are in the snapshot."""
        term = self.term(index)
        if term is None or index <= self.snapshot_index:
            return
        assert index <= self.commit, "only what is committed may go into a snapshot"
        self.runs = list(self.slice(index + 1, self.last_index))
        self.snapshot_index, self.snapshot_term = index, term

    def restore(self, index: int, term: int) -> None:
        """Replace the whole log by a snapshot that ends in (index, term)."""
        self.runs = []
        self.snapshot_index, self.snapshot_term = index, term
        self.commit = index

    def _extend(self, run: Run) -> None:
        if self.runs and self.runs[-1][0] == run[0]:
            self.runs[-1] = (run[0], self.runs[-1][1], run[2])
        else:
            self.runs.append(run)
