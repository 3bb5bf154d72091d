"""Judging from outside whether an API is linearizable: recorded operations against the log of what was committed.

A general checker searches for an order of the operations; here each answer carries revisions and each written value is
unique, so the log says the order, also what became of the writes nobody had an answer to. What is left to check takes
O(n log n): everything acknowledged is in the log once, nothing else is, and every answer was true at a revision between
the newest one anybody knew of when it was asked and the newest one there was when it was given. After etcd's
`tests/robustness` (validate operations, patch history).
"""

from bisect import bisect_right
from collections import defaultdict
from dataclasses import dataclass, field
from itertools import accumulate, pairwise

INFINITY = 1 << 62


class NotLinearizable(AssertionError):
    pass


@dataclass(frozen=True)
class Entry:
    """One committed change. `value` is None for a deletion."""

    revision: int
    key: str
    value: str | None


@dataclass
class Op:
    """One operation of a client, from `begin` to `end` (logical time).

    did      written (`revision` if it was told), read (`value`, `revision` of the key), listed (`items`, at `revision`),
             refused (what held then: the key was not at `expected`; None: whatever, but there; 0: absent),
             unknown (a write that may or may not happen, even later), untouched (one that certainly does not)
    newest   the newest revision there was when it ended
    """

    did: str
    key: str
    begin: int
    end: int
    newest: int = INFINITY
    value: str | None = None
    revision: int | None = None
    expected: int | None = None
    items: dict[str, tuple[str, int]] = field(default_factory=dict)


class Log:
    """What was committed, by key."""

    def __init__(self, entries: list[Entry]) -> None:
        self.entries = entries
        self.revisions: dict[str, list[int]] = defaultdict(list)
        self.values: dict[str, list[str | None]] = defaultdict(list)
        for entry in entries:
            self.revisions[entry.key].append(entry.revision)
            self.values[entry.key].append(entry.value)

    def at(self, key: str, revision: int) -> tuple[str | None, int]:
        """The value of `key` at `revision`, and the revision it is from (0: absent)."""
        position = bisect_right(self.revisions[key], revision) - 1
        value = self.values[key][position] if position >= 0 else None
        return value, self.revisions[key][position] if value is not None else 0

    def states(self, key: str, low: int, high: int) -> list[tuple[str | None, int]]:
        """All that `key` was from revision `low` to `high`."""
        between = [revision for revision in self.revisions[key] if low < revision <= high]
        return [self.at(key, revision) for revision in (low, *between)]


def check(ops: list[Op], entries: list[Entry]) -> None:
    """Raise NotLinearizable unless some order of `ops` explains all answers and `entries`."""
    log = Log(entries)
    if any(one.revision >= other.revision for one, other in pairwise(entries)):
        raise NotLinearizable("revisions do not rise")
    check_writes(ops, log)
    # What was known when: the newest revision of all answers up to a time.
    told = sorted((op.end, op.revision) for op in ops if op.revision is not None)
    ends, known = [end for end, _ in told], list(accumulate((revision for _, revision in told), max))
    for op in ops:
        position = bisect_right(ends, op.begin - 1) - 1
        check_answer(op, log, known[position] if position >= 0 else 0)


def check_writes(ops: list[Op], log: Log) -> None:
    """Every acknowledged write is there once; what is there, somebody wrote; what was refused is not."""
    committed = [(entry.key, entry.value) for entry in log.entries if entry.value is not None]
    if len(set(committed)) != len(committed):
        raise NotLinearizable("one write was committed twice")
    possible = {(op.key, op.value) for op in ops if op.did in ("written", "unknown")}
    for key, value in committed:
        if (key, value) not in possible:
            raise NotLinearizable(f"{key} became {value}, which nobody wrote or which was refused")
    for op in ops:
        if op.did == "written" and op.revision is not None and Entry(op.revision, op.key, op.value) not in log.entries:
            raise NotLinearizable(f"{op} was acknowledged and is not there")


def check_answer(op: Op, log: Log, known: int) -> None:
    states = log.states(op.key, known, op.newest)
    if op.did == "written" and op.revision is not None:
        if op.revision <= known:
            raise NotLinearizable(f"{op} began when revision {known} was known")
        value, revision = log.at(op.key, op.revision - 1)
        if op.expected is not None and op.expected != revision:
            raise NotLinearizable(f"{op} replaced {value} of revision {revision}")
    elif op.did == "read" and (op.value, op.revision or 0) not in states:
        raise NotLinearizable(f"{op} read what was not so: it was {states}")
    elif op.did == "listed":
        assert op.revision is not None
        keys = log.revisions.keys() | op.items.keys()
        there = {key: found for key in keys if (found := log.at(key, op.revision))[1]}
        if op.revision < known or there != op.items:
            raise NotLinearizable(f"{op} listed what was not so at {known}: it was {there}")
    elif op.did == "refused" and op.expected is None and all(revision == 0 for _, revision in states):
        raise NotLinearizable(f"{op}: it was not there")
    elif op.did == "refused" and op.expected is not None and all(revision == op.expected for _, revision in states):
        raise NotLinearizable(f"{op} was refused though {op.key} was at revision {op.expected}")
