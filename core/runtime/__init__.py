"""The container runtime of a node, on two levels as the article draws them.

High level (containerd's part): images with layers by digest, pulls, snapshots, sandboxes and containers behind the CRI
verbs. Low level (runc's part): from image config and pod spec to an OCI `config.json` and the sequence of system calls.
Processes are simulated; what they do is in `workloads`. All state is records on the node's `Disk`, which the engine keeps
in the database; this package does no I/O and may import only `kube`. Start with `cri.py`.
"""

from core.runtime.disk import Disk

__all__ = ["Disk"]
