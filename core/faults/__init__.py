"""What can be broken, and how: the one out-of-band door, open while the cluster's own API is down.

`act(cluster, verb, target, peer)` is the only entry; `VERBS` and `targets` say what there is. May import `models`, `etcd`,
`journal`, `engine.clock`. Start with `verbs.py`.
"""

from core.faults.verbs import VERBS, Done, NothingToDo, UnknownTarget, act, targets

__all__ = ["VERBS", "Done", "NothingToDo", "UnknownTarget", "act", "targets"]
