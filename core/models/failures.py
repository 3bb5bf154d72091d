"""What of our own machine does not run though it should: a control loop, or all that one worker drives."""

from django.db import models

from core.models.cluster import Cluster


class Failure(models.Model):
    """A control loop, or a whole role, that failed and has not run since. Gone when it runs again.

    Nothing is decided by these rows: whoever drives the role tries again by its own memory, and a process that takes the
    role over tries at once. They tell people, also while the process that wrote them is dead. `loop` is empty for a whole
    role, which then stands in `component`; `key` is empty when the loop itself does not run, else the loop runs, and it is
    an object that it fails on.
    """

    cluster = models.ForeignKey(Cluster, on_delete=models.CASCADE, related_name="failures")
    role = models.CharField(max_length=32)
    component = models.CharField(max_length=32)
    node = models.CharField(max_length=63, blank=True)
    loop = models.CharField(max_length=63, blank=True)
    key = models.TextField(blank=True, help_text="the object it has failed on the longest")
    keys = models.PositiveIntegerField(default=0, help_text="how many objects it fails on")
    error = models.TextField()
    since = models.FloatField(help_text="virtual seconds of the first failure in a row")
    tries = models.PositiveIntegerField(help_text="failures in a row")
    next_try = models.FloatField(help_text="virtual seconds")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["cluster", "component", "node", "loop"], name="one_failure_per_loop")
        ]
        ordering = ["id"]

    def __str__(self) -> str:
        return "/".join(filter(None, (self.component, self.node, self.loop)))
