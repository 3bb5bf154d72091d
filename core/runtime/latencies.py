"""How long a node's work takes, in virtual seconds, by the cluster's profile.

Nothing waits: a record says when its work is due to be done (`ready_at`, `started_at`, `exits_at`), and whoever reads it
compares that with `now`. So a killed process loses no progress, and a benchmark costs no time.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Latencies:
    """All in seconds, but for the bandwidth.

    sandbox    namespaces, the pause container and the network plug-in
    start      creating and starting one container
    stop       a process that handles SIGTERM ending its work
    resolve    asking a registry for a manifest; also how long a failed pull takes
    bandwidth  bytes a second of a pull; 0 means at once
    node       from a kubelet's start until its container runtime says that it is ready
    """

    sandbox: float
    start: float
    stop: float
    resolve: float
    bandwidth: float
    node: float


PROFILES: dict[str, Latencies] = {
    "instant": Latencies(sandbox=0, start=0, stop=0, resolve=0, bandwidth=0, node=0),
    "classroom": Latencies(sandbox=0.4, start=0.4, stop=0.6, resolve=0.5, bandwidth=35e6, node=0.3),
    "realistic": Latencies(sandbox=0.8, start=0.35, stop=0.25, resolve=0.9, bandwidth=25e6, node=2.0),
}
