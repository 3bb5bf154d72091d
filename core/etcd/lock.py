"""The critical section of one cluster: its row, locked, inside a database transaction.

PostgreSQL: `SELECT … FOR UPDATE`. SQLite has one writer per database and makes the others poll with growing sleeps, which
is unfair and slow to wake; so writers first queue on an advisory file lock, where the kernel wakes the next one at once.
The file lock is an accelerator only: correctness is BEGIN IMMEDIATE's.
"""

import fcntl
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.db import connection, transaction

from core.models import Cluster
from core.models.refusals import naming_refusals

_turn = threading.Lock()
_files: dict[str, int] = {}


@contextmanager
def locked(cluster_id: int) -> Iterator[Cluster]:
    """Hold the cluster for one transaction; yields its fresh row. Raises Cluster.DoesNotExist."""
    with turn(), transaction.atomic():
        yield Cluster.read(cluster_id, lock=connection.vendor != "sqlite")


@contextmanager
def turn() -> Iterator[None]:
    """A writer's turn. Small writes outside of any critical section take it too: who jumps the queue makes others poll.

    Raises NotWritable when the database takes no writes.
    """
    with naming_refusals(), _turn_of_sqlite():
        yield


@contextmanager
def _turn_of_sqlite() -> Iterator[None]:
    if connection.vendor != "sqlite":
        yield
        return
    name = str(connection.settings_dict["NAME"])
    with _turn:  # flock is per open file, so the threads of one process take turns here
        if "memory" in name or connection.in_atomic_block:
            yield
            return
        following, turn_itself = _file(f"{name}.next"), _file(f"{name}.turn")
        # Who waits holds the place of the next, so that whoever ends and wants another turn at once finds it taken.
        fcntl.flock(following, fcntl.LOCK_EX)
        try:
            fcntl.flock(turn_itself, fcntl.LOCK_EX)
        finally:
            fcntl.flock(following, fcntl.LOCK_UN)
        try:
            yield
        finally:
            fcntl.flock(turn_itself, fcntl.LOCK_UN)


def _file(name: str) -> int:
    if name not in _files:
        _files[name] = os.open(Path(name), os.O_RDWR | os.O_CREAT, 0o600)
    return _files[name]
