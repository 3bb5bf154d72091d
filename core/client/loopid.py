"""Which control loop: the one name it is found by, logged under, and shown as failed by."""

from typing import NamedTuple


class LoopId(NamedTuple):
    """`loop` of the process `component`, on `node` if it lives on one: each node has a kubelet, and a kubelet two loops."""

    component: str
    """The kind of process, as on the diagram: `controller-manager`, `scheduler`, `kubelet` …"""
    node: str
    """Empty for the control plane."""
    loop: str
    """The loop's own name, `Reconciler.name`: alone in its process."""

    @property
    def target(self) -> str:
        """The process, as a fault names it: `scheduler`, `kubelet/worker-1`."""
        return f"{self.component}/{self.node}" if self.node else self.component

    @property
    def speaker(self) -> str:
        """Who is meant where no node is told apart: a controller by its own name, what is on a node by its process."""
        return self.component if self.node else self.loop

    def __str__(self) -> str:
        return self.target if self.loop == self.component else f"{self.target}/{self.loop}"
