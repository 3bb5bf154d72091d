"""Giving memory back, in each process: what was let go of, and what the C library keeps of what was freed.

Objects of the API are trees, which counting references frees at once. The caches of a whole cluster are not: loops,
informers and timers know each other, and the collector, which `worker.spare_memory` lets look rarely, would find them in
hours. So whoever drops one says so here, and a thread looks once a minute.
"""

import ctypes
import gc
import threading
import time

EVERY = 60.0  # wall seconds; a look costs some milliseconds

_dropped = threading.Event()


def dropped() -> None:
    """Something large was let go of that only the collector can free."""
    _dropped.set()


def give_back() -> None:
    """Free what was dropped, and return free pages to the system; glibc by itself returns only those at the end."""
    if _dropped.is_set():
        _dropped.clear()
        gc.collect()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:  # another C library than glibc
        trim(0)


def keep_giving_back() -> None:
    """Do so from now on, in a thread of its own."""
    threading.Thread(target=_run, name="memory", daemon=True).start()


def _run() -> None:
    while True:
        time.sleep(EVERY)
        give_back()
