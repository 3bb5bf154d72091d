"""The Lease `kube-system/kube-scheduler`, by which the scheduler is known to work."""

from core.client import LeaderElection
from core.kube.requests import User


class SchedulerLease(LeaderElection):
    name = "leader-election"
    lease_name = "kube-scheduler"
    user = User("system:kube-scheduler", ("system:authenticated",))
