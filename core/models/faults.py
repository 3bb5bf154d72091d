"""What runs where and what is broken now. Out of band: true while the cluster's own API is down."""

from django.db import models

from core.models.cluster import Cluster


class Component(models.Model):
    """One process of the simulated cluster, named as a fault names its target (`scheduler`, `kubelet/worker-1`)."""

    class State(models.TextChoices):
        RUNNING = "running"
        STOPPED = "stopped"
        PAUSED = "paused"

    cluster = models.ForeignKey(Cluster, on_delete=models.CASCADE, related_name="components")
    target = models.CharField(max_length=128)
    kind = models.CharField(max_length=32, help_text="apiserver, scheduler, node, kubelet, kube-proxy, runtime …")
    node = models.CharField(max_length=63, blank=True, help_text="the worker node it lives on, if any")
    state = models.CharField(max_length=8, choices=State, default=State.RUNNING)
    starts = models.PositiveIntegerField(default=1, help_text="times started: a new number is a new process")
    driven = models.PositiveBigIntegerField(
        default=0, help_text="the newest start that was driven, its node's counted in"
    )
    since = models.FloatField(default=0, help_text="virtual seconds of the last change of state")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["cluster", "target"], name="one_component_per_target")]
        ordering = ["id"]

    def __str__(self) -> str:
        return self.target


class Fault(models.Model):
    """Something broken between or inside parts that is not simply stopped, such as a cut wire."""

    cluster = models.ForeignKey(Cluster, on_delete=models.CASCADE, related_name="faults")
    kind = models.CharField(max_length=32, help_text="partition …")
    target = models.CharField(max_length=128)
    peer = models.CharField(max_length=128, blank=True)
    since = models.FloatField(help_text="virtual seconds")
    healed = models.FloatField(null=True, help_text="virtual seconds; null: still broken")

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.kind} {self.target} {self.peer}".strip()
