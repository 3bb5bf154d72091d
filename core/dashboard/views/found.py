"""Finding the cluster a URL names, with a page or an answer that names those there are."""

from django.http import Http404

from core.models import Cluster


class UnknownCluster(Http404):
    """There is no such cluster; `names` are those there are."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.names = list(Cluster.objects.order_by("name").values_list("name", flat=True))
        there = ", ".join(self.names) if self.names else "none yet"
        super().__init__(f"there is no cluster {name!r}; there are: {there}")


def cluster_named(name: str) -> Cluster:
    """The cluster called `name`. Raises UnknownCluster."""
    try:
        return Cluster.objects.get(name=name)
    except Cluster.DoesNotExist:
        raise UnknownCluster(name) from None
