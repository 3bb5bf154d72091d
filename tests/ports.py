"""Free loopback ports that nobody else gets: neither another test run on this machine nor an outgoing connection."""

import fcntl
import os
import random
import socket
import tempfile
from pathlib import Path

# Below what the kernel gives to outgoing connections (32768 and up), away from the defaults of the product.
RANGE = range(20_000, 32_000)
TAKEN = Path(tempfile.gettempdir()) / f"cluster-viz-ports-{os.getuid()}"

_locks: list[int] = []  # held until this process ends


def free_port() -> int:
    return next(port for port in random.sample(RANGE, len(RANGE)) if take(port))


def take(port: int) -> bool:
    """Whether `port` is free; from now on it is this process's, as far as other test runs are concerned."""
    TAKEN.mkdir(exist_ok=True)
    lock = os.open(TAKEN / str(port), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))
    except OSError:
        os.close(lock)
        return False
    _locks.append(lock)
    return True
