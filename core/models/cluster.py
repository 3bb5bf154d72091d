"""A simulated cluster, its virtual clock, and who drives which part of it."""

import json
from typing import Any

from django.conf import settings
from django.db import connection, models


class Cluster(models.Model):
    """One simulated cluster. Its row lock is the critical section of every change to it.

    Virtual time is `clock_base + (wall - clock_anchor) * speed`, in seconds since the Unix epoch; while `paused` it is
    `clock_base`. Changing speed or pausing re-anchors, so time never jumps.
    """

    class Profile(models.TextChoices):
        INSTANT = "instant", "instant: no latencies, for measurements"
        CLASSROOM = "classroom", "classroom: slow enough to follow with the eye"
        REALISTIC = "realistic", "realistic: latencies of a real cluster"

    name = models.SlugField(max_length=63, unique=True)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.CASCADE)
    profile = models.CharField(max_length=16, choices=Profile, default=Profile.CLASSROOM)
    seed = models.BigIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)

    speed = models.FloatField(default=1.0)
    paused = models.BooleanField(default=False)
    clock_base = models.FloatField(help_text="virtual seconds at the anchor")
    clock_anchor = models.FloatField(help_text="wall seconds when the clock read clock_base")

    revision = models.BigIntegerField(default=0, help_text="the newest applied MVCC revision")
    compacted = models.BigIntegerField(default=0, help_text="revisions at or below are no longer readable one by one")
    journal_seq = models.BigIntegerField(default=0, help_text="number of the newest journal entry")
    topology = models.BigIntegerField(default=0, help_text="counts changes of members, components, faults and clock")
    watched_until = models.FloatField(default=0, help_text="wall seconds until which fine detail is journaled")
    signing_key = models.TextField(blank=True, help_text="PEM of the RSA key that signs service account tokens")

    admission = models.JSONField(
        default=dict, blank=True, help_text="admission plugins switched against their default: name → on"
    )

    def __str__(self) -> str:
        return self.name

    @classmethod
    def read(cls, pk: int, *, lock: bool = False) -> "Cluster":
        """The row as it is now, `created_at` deferred. Raises Cluster.DoesNotExist.

        Every critical section and every look of a driver begins with it, and `objects.get` costs more than the rest of a
        small section; so the statement is built once. `lock`: hold the row until the transaction ends (PostgreSQL).
        """
        for_update = " FOR UPDATE" if lock else ""
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT {', '.join(COLUMNS)} FROM core_cluster WHERE id = %s{for_update}", [pk])
            row = cursor.fetchone()
        if row is None:
            raise cls.DoesNotExist(f"there is no cluster with the id {pk}")
        values: dict[str, Any] = dict(zip(COLUMNS, row, strict=True))
        values["paused"] = bool(values["paused"])
        if isinstance(values["admission"], str):
            values["admission"] = json.loads(values["admission"])
        return cls.from_db(connection.alias, COLUMNS, list(values.values()))

    def virtual_time(self, wall: float) -> float:
        """The cluster's time at the wall time `wall`, both in seconds since the Unix epoch."""
        if self.paused:
            return self.clock_base
        return self.clock_base + (wall - self.clock_anchor) * self.speed

    def wall_delay(self, due: float, wall: float) -> float:
        """Wall seconds from `wall` until virtual time `due`; infinite while the clock stands."""
        if self.paused or self.speed <= 0:
            return float("inf")
        return max(0.0, (due - self.virtual_time(wall)) / self.speed)

    def anchor(self, wall: float, *, now: float | None = None) -> None:
        """Re-anchor at `wall`, keeping virtual time or setting it to `now`; call before changing speed or pausing."""
        self.clock_base = self.virtual_time(wall) if now is None else now
        self.clock_anchor = wall


COLUMNS = [field.attname for field in Cluster._meta.concrete_fields if field.attname != "created_at"]


class RoleState(models.Model):
    """Who drives one role of one cluster, and when it is due next.

    `epoch` fences: a driver that finds another owner's epoch drops its in-memory caches and starts from the database.
    """

    cluster = models.ForeignKey(Cluster, on_delete=models.CASCADE)
    role = models.CharField(max_length=32)
    owner = models.CharField(max_length=64, blank=True, help_text="HOST:PID:START of the worker that drives it")
    epoch = models.BigIntegerField(default=0)
    claimed_at = models.FloatField(default=0, help_text="wall seconds since which the owner has it")
    due_at = models.FloatField(null=True, help_text="virtual seconds; null: only an event wakes it")
    seen_revision = models.BigIntegerField(default=0, help_text="revision up to which this role has acted")
    driven_at = models.FloatField(default=0, help_text="wall seconds of the last slice")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["cluster", "role"], name="one_state_per_role")]

    def __str__(self) -> str:
        return f"{self.cluster}/{self.role}"
