"""The way to the API, as client-go is for the real components: the only way a component reaches the cluster's state.

`Client` has the typed verbs; its methods are coroutines that yield a `Call` to whoever runs them, so a component does no
I/O of its own and the driver puts the calls of many reconciles into one batch. `Informer` is a list-watch cache with
indexes and handlers, `WorkQueue` the deduplicating, delaying, rate-limited queue, `Recorder` writes Events, `Reconciler`
is what a control loop is made of. May import `kube`; the transport to the API server is plugged in. Start with
`reconciler.py`.
"""

from core.client.agenda import Agenda
from core.client.calls import Call, Client
from core.client.informer import Informer, Informers
from core.client.leaderelection import LeaderElection
from core.client.loopid import LoopId
from core.client.queue import WorkQueue
from core.client.reconciler import DONE, Context, Phase, Queue, Reconciler, Result, again
from core.client.recorder import Recorder
from core.client.series import SeriesRecorder
from core.client.transport import Transport

__all__ = [
    "DONE",
    "Agenda",
    "Call",
    "Client",
    "Context",
    "Informer",
    "Informers",
    "LeaderElection",
    "LoopId",
    "Phase",
    "Queue",
    "Reconciler",
    "Recorder",
    "Result",
    "SeriesRecorder",
    "Transport",
    "WorkQueue",
    "again",
]
