"""The hand on the clock: pause, resume, speed, step. Each is one transaction, journaled and announced."""

from collections.abc import Callable

from core.engine import memory
from core.engine.clock import ManualClock, WallClock
from core.engine.drive import Driven, Driver
from core.engine.host import Fenced, Host
from core.engine.roles import ROLES
from core.etcd import Group
from core.journal import Announcement, announce, on_announcement
from core.models import Cluster, RoleState

SPEEDS = (0.05, 100.0)
CLAIMS = 5  # times a step takes the roles back from workers that just finish
STEPPER = "stepper"  # names the owner of the roles while a paused cluster is stepped; see core.models.RoleState
STEPPERS_MAX = 8  # clusters whose caches are kept between two steps

_steppers: dict[int, Driver] = {}


def pause(cluster: Cluster) -> None:
    """Freeze virtual time: the components rest, the API still answers. Pausing what is paused changes nothing."""
    _set_clock(cluster, lambda row: setattr(row, "paused", True), by_stepping=False)


def resume(cluster: Cluster) -> None:
    """Let virtual time run on from where it stood."""
    _forget(cluster.pk)
    _set_clock(cluster, lambda row: setattr(row, "paused", False), by_stepping=False)


def set_speed(cluster: Cluster, speed: float) -> None:
    """Virtual seconds per wall second, 0.05 to 100. Raises ValueError outside."""
    low, high = SPEEDS
    if not low <= speed <= high:
        raise ValueError(f"speed is {low:g} to {high:g} virtual seconds a second, not {speed:g}")
    _set_clock(cluster, lambda row: setattr(row, "speed", speed), by_stepping=False)


def step(cluster: Cluster) -> str:
    """In a paused cluster, run the next thing that changes something, jumping to the next timer when nothing is ready.

    Answers what it was, as a sentence. Raises ValueError when the cluster is not paused.
    """
    cluster.refresh_from_db()
    if not cluster.paused:
        raise ValueError(f"cluster {cluster.name} runs; pause it first, then step")
    driven, now = _one_step(cluster)
    passed = now - cluster.clock_base
    _set_clock(cluster, lambda row: row.anchor(WallClock().wall(), now=now), by_stepping=True)
    if not driven.done:
        return "nothing wants to change within the next hour"
    return "; ".join(driven.done) + (f" (after {passed:.1f} s)" if passed >= 0.1 else "")


def _one_step(cluster: Cluster) -> tuple[Driven, float]:
    """What one step did, and the virtual time after it."""
    for attempt in range(CLAIMS):
        try:
            driver = _stepper(cluster)
            driven = driver.drive(until=cluster.clock_base + 3600, steps=1)
        except Fenced:  # a worker that had not seen the pause yet took the roles once more
            _forget(cluster.pk)
            if attempt == CLAIMS - 1:
                raise
        else:
            return driven, driver.host.now()
    raise AssertionError("the last attempt answers or raises")


def _stepper(cluster: Cluster) -> Driver:
    """The inline driver of all roles; kept between steps, built anew when a worker drove since."""
    driver = _steppers.get(cluster.pk)
    owners = RoleState.objects.filter(cluster=cluster, role__in=ROLES).values_list("owner", flat=True)
    owner = f"{STEPPER}:{id(_steppers)}"
    if driver is None or set(owners) != {owner}:
        driver = Driver(Host(cluster.pk, ROLES, ManualClock(cluster.clock_base, WallClock().wall), owner))
    _steppers.pop(cluster.pk, None)
    _steppers[cluster.pk] = driver  # the newest last
    for oldest in tuple(_steppers)[:-STEPPERS_MAX]:
        _forget(oldest)
    assert isinstance(driver.host.clock, ManualClock)
    driver.host.clock.time = cluster.clock_base
    return driver


def _forget(cluster_id: int) -> None:
    if _steppers.pop(cluster_id, None) is not None:
        memory.dropped()


def _hear(announcement: Announcement) -> None:
    if announcement.is_deletion:
        _forget(announcement.cluster_id)


on_announcement(_hear)


def _set_clock(cluster: Cluster, change: Callable[[Cluster], None], *, by_stepping: bool) -> None:
    clock = WallClock()
    with Group(cluster.pk, clock.now).transaction() as section:
        row = section.cluster
        row.anchor(clock.wall())
        change(row)
        row.topology += 1
        row.save(update_fields=["paused", "speed", "clock_base", "clock_anchor", "topology"])
        section.record("clock", paused=row.paused, speed=row.speed, stepped=by_stepping)
        said = Announcement(cluster.pk, row.revision, row.journal_seq, frozenset(), topology=True)
    cluster.refresh_from_db()
    announce(said)
