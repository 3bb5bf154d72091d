"""The Lease `kube-system/kube-controller-manager`, by which the manager of all the other controllers is known to work."""

from core.client import LeaderElection
from core.kube.requests import User


class ControllerManagerLease(LeaderElection):
    name = "leader-election"
    lease_name = "kube-controller-manager"
    user = User("system:kube-controller-manager", ("system:authenticated",))
