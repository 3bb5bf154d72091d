"""What happened: revisions, requests, Raft messages, decisions, faults; the live tail and the replay.

Everything is recorded inside the transaction that did it (`etcd.Transaction.record`), numbered under the cluster's lock.
This package names the kinds, reads them back, and tells the world that there is something new (`announce`). May import
`models`. Start with `kinds.py`.
"""

from core.journal.announce import Announcement, announce, heard, on_announcement, on_commit
from core.journal.kinds import KINDS

__all__ = ["KINDS", "Announcement", "announce", "heard", "on_announcement", "on_commit"]
