"""kube-proxy: watches Services and EndpointSlices and writes iptables rules. May import `client`, `kube`, `network`. Start
with `iptables.py`, which says what the rules mean; `kubeproxy.py` is the control loop.
"""

from core.client import Reconciler
from core.proxy.kubeproxy import KubeProxy

LOOPS: tuple[type[Reconciler], ...] = (KubeProxy,)
"""The control loops of the component `kube-proxy`, one set on each node."""
