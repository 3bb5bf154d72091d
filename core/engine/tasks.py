"""The Celery tasks: one slice of driving, and the sweep that makes sure nothing is forgotten.

`drive` is idempotent and fenced: running it twice, late or never does no harm beyond delay. A worker process keeps the
hosts it drove, so the caches of a cluster stay warm where its tasks go.
"""

import logging
import os
import socket
import time
from collections import OrderedDict
from functools import cache
from typing import NamedTuple
from weakref import WeakKeyDictionary

from django.db import close_old_connections, connection

from cluster_viz.beat import SWEEP, SWEEP_EVERY
from cluster_viz.celery import app
from core.engine import memory
from core.engine.alarm import Alarm
from core.engine.clock import WallClock
from core.engine.drive import Driver
from core.engine.host import Fenced, Host
from core.engine.rests import Rests
from core.engine.roles import ROLES
from core.engine.wakeups import line
from core.etcd.lock import turn
from core.models import Cluster, RoleState
from core.models.refusals import NotWritable, Said

logger = logging.getLogger(__name__)

SLICE = 0.2  # wall seconds one cluster may work before the next gets its turn
HOSTS_MAX = 40  # clusters whose caches one worker keeps
LOOKAHEAD = 6.0  # wall seconds: timers within it are this worker's alarm, later ones the sweep's business

NOTE_EVERY = 1.0  # wall seconds
REFUSED_EVERY = 2.0  # wall seconds between attempts while the database takes no writes
said = Said()

STANDING = (
    "SELECT c.paused, s.owner FROM core_cluster c LEFT JOIN core_rolestate s ON s.cluster_id = c.id AND s.role = %s"
    " WHERE c.id = %s"
)


class Note(NamedTuple):
    """What the role's row says, as last written from here: `due` in virtual seconds, written at `wall`."""

    due: float | None
    wall: float


notes: WeakKeyDictionary[Driver, Note] = WeakKeyDictionary()
drivers: OrderedDict[tuple[int, str], Driver] = OrderedDict()
rests = Rests()
alarm = Alarm(lambda cluster_id, role: line().try_wake(cluster_id, role))


@app.task(name="core.engine.tasks.drive")
def drive(cluster_id: int, role: str) -> None:
    """Drive one role of one cluster for a slice, and see to it that it is woken when it is due next."""
    close_old_connections()
    wakeups = line()
    wakeups.begin(cluster_id, role)
    try:
        left = rests.left(cluster_id, role)
        if left > 0:
            ring_after(cluster_id, role, left)
            return
        driver = driver_of(cluster_id, role)
        if driver is None:
            return
        is_first = driver not in notes
        driven = driver.drive(budget=SLICE)
        finish(driver, role, driven.next_due, busy=driven.busy)
        said.taken()
        if is_first:
            rests.end(cluster_id, role)
    except Fenced as fenced:
        logger.info("%s", fenced)
        let_go((cluster_id, role))
        wakeups.try_wake(cluster_id, role)
    except Cluster.DoesNotExist:
        let_go((cluster_id, role))  # deleted a moment ago
    except NotWritable as error:
        let_go((cluster_id, role))
        alarm.set((cluster_id, role), REFUSED_EVERY)
        if role == ROLES[0]:  # one process says it for all
            said.refused(error)
    except Exception as error:
        # Whatever went wrong, what is in memory may be half done: the next drive starts from the database.
        let_go((cluster_id, role))
        ring_after(cluster_id, role, rests.begin(cluster_id, role, error))
    finally:
        wakeups.end()


def ring_after(cluster_id: int, role: str, delay: float) -> None:
    """Wake the role in `delay` wall seconds; of an infinite delay, whoever lets the clock run wakes it."""
    if delay < float("inf"):
        alarm.set((cluster_id, role), delay)


@cache
def owner() -> str:
    """This process's name in the fence. Not made at import: forks of one process are several owners."""
    return f"{socket.gethostname()}:{os.getpid()}:{time.monotonic_ns()}"


def driver_of(cluster_id: int, role: str) -> Driver | None:
    """The warm driver of this process, or a new one; None while the cluster is paused or gone."""
    key = (cluster_id, role)
    with connection.cursor() as cursor:
        cursor.execute(STANDING, [role, cluster_id])
        paused, claimed_by = cursor.fetchone() or (None, "")
    if paused is None:
        let_go(key)
    if paused is None or paused:
        return None
    driver = drivers.get(key)
    if driver is None or claimed_by != owner():
        let_go_of_others()
        driver = drivers[key] = Driver(Host(cluster_id, (role,), WallClock(), owner()))
        if len(drivers) > HOSTS_MAX:
            let_go(next(iter(drivers)))
    drivers.move_to_end(key)
    return driver


def let_go(key: tuple[int, str]) -> None:
    """Drop the caches of a cluster."""
    if drivers.pop(key, None) is not None:
        memory.dropped()


def let_go_of_others() -> None:
    """Drop the caches of clusters that another worker drives by now, or nobody: their next wake-ups go elsewhere."""
    mine = set(RoleState.objects.filter(owner=owner()).values_list("cluster_id", "role"))
    for key in drivers.keys() - mine:
        let_go(key)


def finish(driver: Driver, role: str, next_due: float | None, *, busy: bool) -> None:
    """Record when the role is due next, and arrange for it."""
    host, wall = driver.host, time.time()
    note(driver, role, host.now() if busy else next_due, wall)
    subject = (host.cluster_id, role)
    delay = 0.0 if busy else host.cluster.wall_delay(next_due, wall) if next_due is not None else float("inf")
    if busy:
        line().try_wake(host.cluster_id, role)
    elif delay < LOOKAHEAD:
        alarm.set(subject, delay)
    else:
        alarm.cancel(subject)


def note(driver: Driver, role: str, due: float | None, wall: float) -> None:
    """Tell the sweep when the role is due and what it has seen.

    Not after each of many small drives: a note that is due too early, or has seen too little, makes the sweep wake the role
    once for nothing. One that is due too late would lose a timer with this process, so an earlier one is noted at once.
    """
    host = driver.host
    noted = notes.get(driver)
    is_earlier = noted is not None and due is not None and (noted.due is None or due < noted.due)
    if noted is not None and not is_earlier and wall - noted.wall < NOTE_EVERY:
        return
    notes[driver] = Note(due, wall)
    with turn():
        RoleState.objects.filter(cluster_id=host.cluster_id, role=role, owner=owner()).update(
            due_at=due, seen_revision=host.informers.revision, driven_at=wall
        )


@app.task(name=SWEEP)
def sweep() -> None:
    """Wake what is overdue or has not seen the newest revision: after a crash, a flush, a lost message, a long timer."""
    close_old_connections()
    wall = time.time()
    line().note_sweep(wall)
    for cluster in Cluster.objects.filter(paused=False):
        horizon = cluster.virtual_time(wall + LOOKAHEAD / 2)
        states = {state.role: state for state in RoleState.objects.filter(cluster=cluster)}
        for role in ROLES:
            if is_overdue(states.get(role), cluster.revision, horizon, wall):
                line().try_wake(cluster.pk, role)


def is_overdue(state: RoleState | None, revision: int, horizon: float, wall: float) -> bool:
    """Whether a role was never driven, or not lately though it is due by `horizon` or behind `revision`."""
    if state is None:
        return True
    is_due = state.due_at is not None and state.due_at <= horizon
    return (is_due or state.seen_revision < revision) and state.driven_at < wall - SWEEP_EVERY
