"""etcd: a consistent key-value store whose members are simulated and whose algorithm is not.

`raft` is a sans-IO consensus core, `mvcc` the revisions of the key space, `members` the members' disks and memory,
`wires` what carries their messages, `group` all of it over the Django models. One `Transaction` is one critical section on
one cluster: it loads the members, lets Raft catch up with virtual time, proposes a batch, pumps messages until nothing
moves, persists what changed, and commits. Only `apiserver` (and `faults`, from outside the cluster's world) may import
this package; it may import only `models`. Start with `group.Group.transaction`.
"""

from core.etcd.group import Change, Group, Op, Outcome, Transaction
from core.etcd.status import group_status

__all__ = ["Change", "Group", "Op", "Outcome", "Transaction", "group_status"]
