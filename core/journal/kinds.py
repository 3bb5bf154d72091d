"""The kinds of journal entries, what `data` holds for each, and whether it is fine detail.

Fine detail is written only while somebody watches the cluster (`Cluster.watched_until`) or a recording runs; the rest
always. docs/journal.md is generated from this table's texts and checked against it.
"""

from typing import NamedTuple


class Kind(NamedTuple):
    fine: bool
    text: str


KINDS: dict[str, Kind] = {
    "raft.message": Kind(
        True, "a Raft message was sent: type, from, to, term, index, log_term, entries, commit, reject"
    ),
    "raft.role": Kind(False, "a member changed its role: member, role, term, leader"),
    "raft.vote": Kind(False, "a member granted or refused a vote: member, candidate, term, granted, pre"),
    "raft.commit": Kind(True, "a member learned a commit index: member, commit, term"),
    "etcd.quorum": Kind(
        False, "the group lost or regained its quorum: has, alive, but (who of them does not count), needed"
    ),
    "request": Kind(
        True,
        "the API server answered: verb, resource, namespace, name, code, stages, micros (of CPU), and `of`, `waited` when it"
        " waited; or it lets it wait: `waits` (for what), `patience` (wall seconds). `of` is the entry that said it waits",
    ),
    "reconcile": Kind(
        True, "a control loop handled a key and did something: target, loop, key, writes, note, retry_after"
    ),
    "loop": Kind(False, "a control loop, or a whole role, fails or runs again: target, loop, fails, error, key"),
    "schedule": Kind(False, "the scheduler decided on a pod: pod, filters, scores, winner, message"),
    "runtime": Kind(True, "a container runtime did something: node, call, subject, detail"),
    "fault": Kind(False, "something was broken or healed: verb, target, peer, by"),
    "component": Kind(False, "a component started or stopped: target, state"),
    "clock": Kind(False, "the clock was paused, resumed, stepped or its speed set: paused, speed"),
}
