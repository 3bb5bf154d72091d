"""How long the kubelet waits before it tries again: 10 s, doubling to 300 s. Pure; the past is in the runtime's records.

Reference: client-go `flowcontrol.Backoff` as the kubelet uses it for crashed containers and failed pulls. The real one keeps
its table in memory and forgets it with the process; here each attempt's record carries what the next one waits.
"""

BASE, MOST = 10.0, 300.0  # seconds; MaxContainerBackOff
FORGIVEN_AFTER = 2 * MOST  # what ran this long starts with a clean record


def restart_delay(backoff: float, started: float, ended: float) -> float:
    """Seconds from a container's end to its next start. `backoff`: what the attempt that ended carries."""
    return 0.0 if ended - started > FORGIVEN_AFTER else backoff


def next_backoff(backoff: float, started: float, ended: float) -> float:
    """What the next attempt carries."""
    if not backoff or ended - started > FORGIVEN_AFTER:
        return BASE
    return min(backoff * 2, MOST)


def pull_delay(failures: int) -> float:
    """Seconds from the latest failed pull to the next, after `failures` in a row."""
    return float(min(BASE * 2 ** min(failures - 1, 10), MOST))


def spoken(seconds: float) -> str:
    """As Go prints a duration: 10s, 1m20s, 5m0s."""
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes}m{rest}s" if minutes else f"{rest}s"
