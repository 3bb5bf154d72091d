"""Finding the cluster a command names, with one clear sentence when there is none."""

from django.core.management.base import CommandError

from core.models import Cluster


def named(name: str) -> Cluster:
    """The cluster called `name`. CommandError that names those there are."""
    try:
        return Cluster.objects.get(name=name)
    except Cluster.DoesNotExist:
        names = ", ".join(Cluster.objects.values_list("name", flat=True)) or "none"
        raise CommandError(f"there is no cluster {name!r}; there are: {names}") from None
