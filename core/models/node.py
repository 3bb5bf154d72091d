"""A worker node's local state: what its container runtime keeps on the node. The API server cannot see it.

The columns are what is looked up; `data` is the record itself as `core.runtime` defines it (JSON).
"""

from django.db import models

from core.models.cluster import Cluster


class Sandbox(models.Model):
    """A pod sandbox (CRI PodSandbox): the pause container and the namespaces that a pod's containers share."""

    cluster = models.ForeignKey(Cluster, on_delete=models.CASCADE)
    node = models.CharField(max_length=63)
    sandbox_id = models.CharField(max_length=64)
    pod_uid = models.CharField(max_length=36)
    data = models.JSONField(default=dict)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["cluster", "node", "sandbox_id"], name="one_sandbox_per_id")]
        verbose_name_plural = "sandboxes"

    def __str__(self) -> str:
        return f"{self.node}/{self.sandbox_id[:12]}"


class Container(models.Model):
    """A container (CRI Container) in a sandbox."""

    cluster = models.ForeignKey(Cluster, on_delete=models.CASCADE)
    node = models.CharField(max_length=63)
    container_id = models.CharField(max_length=64)
    sandbox_id = models.CharField(max_length=64)
    name = models.CharField(max_length=63)
    data = models.JSONField(default=dict)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["cluster", "node", "container_id"], name="one_container_per_id")]

    def __str__(self) -> str:
        return f"{self.node}/{self.name}/{self.container_id[:12]}"


class Image(models.Model):
    """An image in a node's store, or one being pulled."""

    cluster = models.ForeignKey(Cluster, on_delete=models.CASCADE)
    node = models.CharField(max_length=63)
    reference = models.CharField(max_length=512)
    data = models.JSONField(default=dict)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["cluster", "node", "reference"], name="one_image_per_reference")]

    def __str__(self) -> str:
        return f"{self.node}/{self.reference}"


class KernelTable(models.Model):
    """What a node keeps besides pods: its kernel's iptables rules, and what its daemons note for themselves."""

    cluster = models.ForeignKey(Cluster, on_delete=models.CASCADE)
    node = models.CharField(max_length=63)
    name = models.CharField(max_length=63, help_text="iptables, kubelet …")
    data = models.JSONField(default=dict)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["cluster", "node", "name"], name="one_kernel_table_per_name")]

    def __str__(self) -> str:
        return f"{self.node}/{self.name}"
