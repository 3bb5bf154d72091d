"""A cluster and the application in front of it, in one process and one database thread."""

from collections.abc import Iterator
from concurrent.futures import Executor, ThreadPoolExecutor

import pytest
from django.db import connection

from core.apiserver.http.application import KubernetesApplication
from core.apiserver.kubeconfig import issue_token
from core.apiserver.server import ApiServer
from core.engine.clock import ManualClock
from core.models import Cluster
from tests.http.client import Client
from tests.world import START, fresh_cluster

WALL = 1_800_000_000.0


@pytest.fixture
def threads() -> Iterator[Executor]:
    """One thread for everything: the in-memory database of the tests knows no concurrent writers."""
    executor = ThreadPoolExecutor(1)
    yield executor
    executor.submit(lambda: connection.close()).result()
    executor.shutdown()


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(START)


@pytest.fixture
def cluster(transactional_db: None, clock: ManualClock) -> Cluster:
    return fresh_cluster("test", clock, {"members": 1, "workers": 0, "profile": "instant", "seed": 1})


@pytest.fixture
def application(cluster: Cluster, clock: ManualClock, threads: Executor) -> KubernetesApplication:
    servers: dict[int, ApiServer] = {}

    def lookup(name: str) -> ApiServer:
        pk = Cluster.objects.values_list("pk", flat=True).get(name=name)
        return servers.setdefault(pk, ApiServer(pk, clock.now))

    return KubernetesApplication(lookup, lambda: WALL, readers=threads, writers=threads)


@pytest.fixture
def api(application: KubernetesApplication, cluster: Cluster) -> Client:
    """The administrator of the cluster `test`."""
    token = issue_token(cluster, "kubernetes-admin", ["system:masters"], WALL)
    return Client(application, "/clusters/test", token)


@pytest.fixture
def alice(application: KubernetesApplication, cluster: Cluster) -> Client:
    """Somebody who may do nothing in particular."""
    return Client(application, "/clusters/test", issue_token(cluster, "alice", [], WALL))


@pytest.fixture
def anonymous(application: KubernetesApplication, cluster: Cluster) -> Client:
    return Client(application, "/clusters/test")
