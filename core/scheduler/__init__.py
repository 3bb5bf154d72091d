"""kube-scheduler: a queue, a cache, and a framework of plugins, one file each. May import `client` and `kube`. Start with
`scheduling.py`, which reads as one cycle: filter, score, select; then `scheduler.py`, which carries the decision out.
"""

from core.client import Reconciler
from core.scheduler.leaderelection import SchedulerLease
from core.scheduler.scheduler import Scheduler

LOOPS: tuple[type[Reconciler], ...] = (Scheduler, SchedulerLease)
"""The control loops of the component `scheduler`."""
