"""The kubelet: registers its node, keeps its Lease, runs the pods bound to it through the container runtime, and reports.

Two control loops a node: `podworker` (the pods) and `heartbeat` (the Node and its Lease). Around them pure modules, one
idea each: `admission` and `demand` (does it fit), `containers` (what is done to a pod), `pulling`, `backoff`, `probes`,
`termination`, `environment`, and `status` (what is reported). May import `client`, `kube`, `runtime`, `network`. Start with
`podworker.py`.
"""

from core.client import Reconciler
from core.kubelet.heartbeat import NodeHeartbeat
from core.kubelet.podworker import PodWorkers

LOOPS: tuple[type[Reconciler], ...] = (PodWorkers, NodeHeartbeat)

__all__ = ["LOOPS", "NodeHeartbeat", "PodWorkers"]
