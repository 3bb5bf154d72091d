"""What happened besides object changes: elections, messages, requests, decisions, faults."""

from django.db import models

from core.models.cluster import Cluster


class JournalEntry(models.Model):
    """One happening, numbered per cluster under the cluster's lock, so that order is total and repeatable."""

    cluster = models.ForeignKey(Cluster, on_delete=models.CASCADE, related_name="journal")
    seq = models.BigIntegerField()
    time = models.FloatField(help_text="virtual seconds")
    revision = models.BigIntegerField(help_text="the store's revision when it happened")
    kind = models.CharField(max_length=32, help_text="one of core.journal.KINDS")
    actor = models.CharField(max_length=253, blank=True)
    data = models.JSONField(default=dict)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["cluster", "seq"], name="one_entry_per_number")]
        indexes = [models.Index(fields=["cluster", "kind", "seq"])]
        ordering = ["cluster", "seq"]
        verbose_name_plural = "journal entries"

    def __str__(self) -> str:
        return f"#{self.seq} {self.kind}"
