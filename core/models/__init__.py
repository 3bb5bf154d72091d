"""The Django models: everything that outlives a process.

One row of `Cluster` is one simulated cluster, and its lock. `ClusterObject` is the current state of each Kubernetes
object, `Revision` every committed change (an MVCC version and a Raft entry's payload in one), `EtcdMember` what a member
keeps on its disk. `Component` and `Fault` say what runs and what is broken, out of band; `Failure`, what of our own machine
does not run though it should. `Sandbox`, `Container` and `Image` are a node's local state, which the API server cannot see.
May import nothing of ours. Start with `cluster.py`.
"""

from core.models.access import ApiToken
from core.models.cluster import Cluster, RoleState
from core.models.etcd import ClusterObject, EtcdMember, Revision
from core.models.failures import Failure
from core.models.faults import Component, Fault
from core.models.journal import JournalEntry
from core.models.node import Container, Image, KernelTable, Sandbox

__all__ = [
    "ApiToken",
    "Cluster",
    "ClusterObject",
    "Component",
    "Container",
    "EtcdMember",
    "Failure",
    "Fault",
    "Image",
    "JournalEntry",
    "KernelTable",
    "Revision",
    "RoleState",
    "Sandbox",
]
