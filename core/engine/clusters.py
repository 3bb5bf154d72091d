"""Making and deleting clusters: the rows a cluster starts with, and its first objects."""

import time

from django.db import transaction

from core.apiserver.bootstrap import bootstrap_objects
from core.apiserver.server import ApiServer
from core.engine.clock import Clock, WallClock
from core.journal import Announcement, announce
from core.kube.errors import ApiError
from core.kube.requests import Request, User
from core.models import (
    Cluster,
    ClusterObject,
    Component,
    Container,
    EtcdMember,
    Image,
    JournalEntry,
    KernelTable,
    Revision,
    Sandbox,
)

ADMIN = User("kubernetes-admin", ("system:masters", "system:authenticated"))

CONTROL_PLANE = ("apiserver", "controller-manager", "scheduler", "cloud-controller-manager")
SEEDS = range(-(2**63), 2**63)
ON_EACH_NODE = ("node", "kubelet", "kube-proxy", "runtime")


class BadCluster(ValueError):
    """The wish for a cluster cannot be granted; the message says why."""


def create(
    name: str,
    *,
    members: int = 3,
    workers: int = 3,
    profile: str = "classroom",
    seed: int = 0,
    start: float | None = None,
    clock: Clock | None = None,
) -> Cluster:
    """A new cluster with its etcd members, components and first objects. Raises BadCluster.

    start   virtual time it begins at (seconds since the Unix epoch); default: now
    """
    check(name, members, workers, profile)
    if seed not in SEEDS:
        raise BadCluster("a seed is a whole number of 64 bits")
    wall = time.time()
    with transaction.atomic():
        cluster = Cluster.objects.create(
            name=name,
            profile=profile,
            seed=seed,
            clock_base=wall if start is None else start,
            clock_anchor=wall,
        )
        EtcdMember.objects.bulk_create(
            EtcdMember(cluster=cluster, name=f"etcd-{number}", node_id=number + 1) for number in range(members)
        )
        Component.objects.bulk_create(_components(cluster, workers))
    server = ApiServer(cluster.pk, (clock or WallClock()).now)
    requests = [
        Request("create", resource, obj["metadata"].get("namespace", ""), body=obj, user=ADMIN)
        for resource, obj in bootstrap_objects()
    ]
    for answer in server.execute(requests):
        if isinstance(answer, ApiError):
            raise answer
    cluster.refresh_from_db()
    return cluster


def check(name: str, members: int, workers: int, profile: str) -> None:
    """Raise BadCluster with one clear sentence when such a cluster cannot be."""
    if not 1 <= members <= 7:
        raise BadCluster(f"an etcd group has 1 to 7 members, not {members}")
    if not 0 <= workers <= 5000:
        raise BadCluster(f"a cluster has 0 to 5000 workers, not {workers}")
    if profile not in Cluster.Profile.values:
        raise BadCluster(f"there is no profile {profile!r}; there are {', '.join(Cluster.Profile.values)}")
    if Cluster.objects.filter(name=name).exists():
        raise BadCluster(f"cluster {name!r} exists already")


def _components(cluster: Cluster, workers: int) -> list[Component]:
    rows = [Component(cluster=cluster, target=kind, kind=kind, since=cluster.clock_base) for kind in CONTROL_PLANE]
    for number in range(1, workers + 1):
        node = f"worker-{number}"
        rows += [
            Component(cluster=cluster, target=f"{kind}/{node}", kind=kind, node=node, since=cluster.clock_base)
            for kind in ON_EACH_NODE
        ]
    return rows


def delete(cluster: Cluster) -> None:
    """Delete a cluster and everything in it. The big tables go first and by one statement each."""
    for model in (Revision, ClusterObject, JournalEntry, Container, Sandbox, Image, KernelTable):
        rows = model._default_manager.filter(cluster=cluster)
        rows._raw_delete(rows.db)
    pk = cluster.pk
    cluster.delete()
    announce(Announcement(pk, 0, 0, frozenset(), topology=True))
