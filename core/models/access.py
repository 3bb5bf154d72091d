"""Who may knock at a cluster's API: static tokens, kept as hashes."""

from django.db import models

from core.models.cluster import Cluster


class ApiToken(models.Model):
    """A bearer token of one user of one cluster. Only its SHA-256 is kept; it is shown once, in a kubeconfig."""

    cluster = models.ForeignKey(Cluster, on_delete=models.CASCADE, related_name="tokens")
    digest = models.CharField(max_length=64, unique=True, help_text="SHA-256 of the token, hexadecimal")
    username = models.CharField(max_length=253)
    groups = models.JSONField(default=list)
    expires = models.FloatField(help_text="wall seconds since the Unix epoch")

    def __str__(self) -> str:
        return f"{self.username}@{self.cluster}"
