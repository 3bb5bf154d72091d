"""Majorities: pure functions over sets of members."""

from collections.abc import Collection, Mapping
from enum import Enum
from typing import NamedTuple


class Vote(Enum):
    PENDING = "pending"
    WON = "won"
    LOST = "lost"


def needed(members: int) -> int:
    """The size of a majority. Any two majorities share a member: that is the whole of Raft's safety."""
    return members // 2 + 1


def vote_result(voters: Collection[int], votes: Mapping[int, bool]) -> Vote:
    """What the answers so far decide: won by a majority of yes, lost once yes can no longer reach it."""
    yes = sum(votes.get(voter) is True for voter in voters)
    no = sum(votes.get(voter) is False for voter in voters)
    if yes >= needed(len(voters)):
        return Vote.WON
    if len(voters) - no < needed(len(voters)):
        return Vote.LOST
    return Vote.PENDING


def committed(matches: Collection[int]) -> int:
    """The highest index that a majority holds, given how far each member's log matches the leader's."""
    return sorted(matches, reverse=True)[needed(len(matches)) - 1]


class Standing(NamedTuple):
    """What of one member decides who can be elected.

    hears    ids of those it can talk with, itself included; empty while it does not run
    blank    its disk was replaced: it neither stands nor votes until a leader has filled it
    log      (term, index) of its last entry
    """

    hears: frozenset[int]
    blank: bool = False
    log: tuple[int, int] = (0, 0)
    term: int = 0
    leads: bool = False


def followers(candidate: int, members: Mapping[int, Standing]) -> frozenset[int]:
    """Whom a member leads, or would lead after an election, itself included; nobody when it cannot have a majority.

    Votes are given by those that remember, to a log that holds all that theirs holds (§5.4.1). A leader fills a blank
    member with its first append, so whoever leads already may count it.
    """
    own = members[candidate]
    enough = needed(len(members))
    if own.blank or len(own.hears) < enough:
        return frozenset()
    heard = [members[id] for id in own.hears]
    if own.leads and all(one.term <= own.term for one in heard):
        return own.hears
    votes = sum(not one.blank and one.log <= own.log for one in heard)
    return own.hears if votes >= enough else frozenset()


def can_elect(members: Mapping[int, Standing]) -> bool:
    """Whether a majority has a leader or can elect one: whether anything can be written, now or after an election."""
    return any(followers(id, members) for id in members)
