"""What the simulated etcd keeps: members' disks, the log, the key space.

A Raft entry is stored once per cluster as one or more `Revision` rows, because (index, term) names one entry for ever
(Raft's log-matching property). A member's log is then only the list of runs of terms it holds.
"""

from django.db import models

from core.models.cluster import Cluster


class EtcdMember(models.Model):
    """One member. `term`, `vote`, `commit`, `runs`, `snapshot_*` are its disk; `memory` is lost when it is killed."""

    class State(models.TextChoices):
        RUNNING = "running"
        STOPPED = "stopped"
        PAUSED = "paused"

    cluster = models.ForeignKey(Cluster, on_delete=models.CASCADE, related_name="members")
    name = models.CharField(max_length=63)
    node_id = models.PositiveIntegerField(help_text="the Raft id, from 1")
    state = models.CharField(max_length=8, choices=State, default=State.RUNNING)

    term = models.BigIntegerField(default=0)
    vote = models.PositiveIntegerField(default=0, help_text="node_id voted for in term, 0 for none")
    commit = models.BigIntegerField(default=0)
    snapshot_index = models.BigIntegerField(default=0)
    snapshot_term = models.BigIntegerField(default=0)
    runs = models.JSONField(default=list, help_text="the log as runs [term, first index, last index]")

    blank = models.BooleanField(default=False, help_text="its disk was replaced: no vote until a leader has filled it")

    applied = models.BigIntegerField(default=0, help_text="index up to which the key space of this member is applied")
    memory = models.JSONField(default=dict, help_text="volatile Raft state: role, leader, timers, progress")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["cluster", "name"], name="one_member_per_name")]
        ordering = ["node_id"]

    def __str__(self) -> str:
        return f"{self.cluster}/{self.name}"


class Revision(models.Model):
    """One change: a Raft entry's payload from the moment it is appended, an MVCC version once it is applied.

    A no-op or membership change has an empty key. A transaction over several keys is several rows of one index, told
    apart by `sub`. `revision` is given when the entry is applied; what never committed has none.
    """

    cluster = models.ForeignKey(Cluster, on_delete=models.CASCADE, related_name="revisions")
    term = models.BigIntegerField()
    index = models.BigIntegerField()
    sub = models.PositiveSmallIntegerField(default=0)
    revision = models.BigIntegerField(null=True)

    key = models.CharField(max_length=640, blank=True)
    resource = models.CharField(max_length=253, blank=True, help_text='as kubectl names it: "pods", "deployments.apps"')
    value = models.TextField(  # noqa: DJ001  null is a tombstone, the empty text is not
        null=True, help_text="the object as JSON; null is a tombstone or an entry without a change"
    )
    expected = models.BigIntegerField(null=True, help_text="mod_revision the key must have; 0: must not exist")
    prev_revision = models.BigIntegerField(default=0, help_text="mod_revision of the version it replaced")
    create_revision = models.BigIntegerField(default=0)
    version = models.BigIntegerField(default=0, help_text="changes since created; 0 for a tombstone")

    actor = models.CharField(max_length=253, blank=True, help_text="username that made the request")
    cause = models.BigIntegerField(default=0, help_text="revision that was being handled when this was written")
    time = models.FloatField(help_text="virtual seconds")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["cluster", "index", "term", "sub"], name="one_row_per_entry")]
        indexes = [
            models.Index(fields=["cluster", "revision"]),
            models.Index(fields=["cluster", "key", "revision"]),
        ]

    def __str__(self) -> str:
        return f"{self.index}@{self.term} {self.key}"


class ClusterObject(models.Model):
    """The current state of one Kubernetes object: the newest applied version of its key."""

    cluster = models.ForeignKey(Cluster, on_delete=models.CASCADE, related_name="objects_now")
    key = models.CharField(max_length=640)
    resource = models.CharField(max_length=253, help_text='as kubectl names it: "pods", "deployments.apps"')
    namespace = models.CharField(max_length=63, blank=True)
    name = models.CharField(max_length=253)
    uid = models.CharField(max_length=36)
    revision = models.BigIntegerField(help_text="mod_revision")
    create_revision = models.BigIntegerField()
    version = models.BigIntegerField()
    value = models.TextField(help_text="the object as JSON, without its resourceVersion")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["cluster", "key"], name="one_object_per_key")]
        indexes = [models.Index(fields=["cluster", "resource", "namespace", "name"])]

    def __str__(self) -> str:
        return self.key
