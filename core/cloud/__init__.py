"""The cloud controller manager: what of a cluster's control is one cloud's business and not Kubernetes' own.

`provider` is the cloud itself, small and simulated: addresses it hands out, and how long its work takes. `service` gives
every Service of type LoadBalancer one of them. Meets the rest only through the API server. May import `client` and `kube`.
Start with `service.py`.
"""

from core.client import Reconciler
from core.cloud.service import ServiceController

LOOPS: tuple[type[Reconciler], ...] = (ServiceController,)

__all__ = ["LOOPS", "ServiceController"]
