"""Raft without I/O (Ongaro and Ousterhout 2014; § numbers are the paper's, "thesis" is Ongaro's), read as etcd does it.

A `Raft` is one member: a pure state machine with no clock, socket, disk or randomness of its own. Its owner

1. gives it input: `step(message)`, `tick()`, `propose(count)`, `read_index(context)`, `transfer_leader(to)`;
2. takes one `Ready` and, in this order, makes its snapshot, entries and hard state durable, sends its messages, applies
   what is committed;
3. goes on. After a crash it makes a new `Raft` of what is durable; role, timers and progress are lost, as they may be.

Messages may be lost, repeated and reordered. An entry is named by (term, index), and the log is runs of them (`log`): the
payloads stay with the owner, who finds them by that name. Election: `node` (PreVote, randomised timeouts, CheckQuorum);
replication: `node.send_append`, `progress`, `step`; majorities: `quorum`.

A member whose disk was replaced starts `blank`, with its old term and vote but no log. It neither stands nor votes until
a leader has filled its log, since until then it has forgotten entries that it once confirmed; in a real cluster it would
be removed and added as a learner, to the same effect. Its messages in flight are lost with its connections.
"""

from core.etcd.raft.log import Log
from core.etcd.raft.messages import Message, Run, Type
from core.etcd.raft.node import ELECTION_TICKS, HEARTBEAT_TICKS, Role
from core.etcd.raft.progress import Progress, Sending
from core.etcd.raft.quorum import needed
from core.etcd.raft.ready import HardState, ReadState, Ready
from core.etcd.raft.step import Raft

__all__ = [
    "ELECTION_TICKS",
    "HEARTBEAT_TICKS",
    "HardState",
    "Log",
    "Message",
    "Progress",
    "Raft",
    "ReadState",
    "Ready",
    "Role",
    "Run",
    "Sending",
    "Type",
    "needed",
]
