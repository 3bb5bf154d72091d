"""Majorities: pure functions over sets of members."""

from collections.abc import Collection, Mapping
from enum import Enum


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
