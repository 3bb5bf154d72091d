"""Making and deleting clusters: the rows a cluster starts with, its first objects, and its kubeconfig."""

import re
import time

from django.db import IntegrityError, transaction

from core.apiserver.bootstrap import bootstrap_objects
from core.apiserver.server import ApiServer
from core.engine import kubeconfigs
from core.engine.clock import HEAD_START, Clock, WallClock
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
ON_EACH_NODE = ("node", "kubelet", "kube-proxy", "runtime")


NAME_PATTERN = r"[a-z0-9]([a-z0-9\-]*[a-z0-9])?"
NAME_MAX = 63
"""A DNS label, as a namespace's name is: it becomes part of URLs, of a kubeconfig's contexts and of file names. Browsers
read the pattern too, and their `pattern` attribute wants the dash escaped."""

BAD_NAME = (
    "a cluster's name has lower-case letters, digits and dashes only, begins and ends with a letter or digit, and has at"
    " most {most} characters; {name!r} is none"
)
TAKEN = "cluster {name!r} exists already"
SEEDS = (-(2**63), 2**63 - 1)


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

    start   virtual time it begins at (seconds since the Unix epoch); default: `HEAD_START` before the wall clock
    """
    check(name, members, workers, profile, seed)
    wall = time.time()
    with transaction.atomic():
        try:
            cluster = Cluster.objects.create(
                name=name,
                profile=profile,
                seed=seed,
                clock_base=wall - HEAD_START if start is None else start,
                clock_anchor=wall,
            )
        except IntegrityError:
            raise BadCluster(TAKEN.format(name=name)) from None  # by somebody else, a moment ago
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
    kubeconfigs.keep_quietly(cluster)
    return cluster


def check(name: str, members: int, workers: int, profile: str, seed: int = 0) -> None:
    """Raise BadCluster with one clear sentence when such a cluster cannot be: for the form, the command line and the API."""
    if not isinstance(name, str) or len(name) > NAME_MAX or re.fullmatch(NAME_PATTERN, name) is None:
        shown = name if not isinstance(name, str) or len(name) <= 2 * NAME_MAX else f"{name[:NAME_MAX]}…"
        raise BadCluster(BAD_NAME.format(most=NAME_MAX, name=shown))
    if not 1 <= members <= 7:
        raise BadCluster(f"an etcd group has 1 to 7 members, not {members}")
    if not 0 <= workers <= 5000:
        raise BadCluster(f"a cluster has 0 to 5000 workers, not {workers}")
    if profile not in Cluster.Profile.values:
        raise BadCluster(f"there is no profile {profile!r}; there are {', '.join(Cluster.Profile.values)}")
    if not SEEDS[0] <= seed <= SEEDS[1]:
        raise BadCluster(f"a seed is a whole number of 64 bits, not {seed}")
    if Cluster.objects.filter(name=name).exists():
        raise BadCluster(TAKEN.format(name=name))


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
    kubeconfigs.drop(cluster.name)
    announce(Announcement(pk, 0, 0, frozenset(), topology=True))
