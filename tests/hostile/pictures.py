"""Everything that shows a cluster, asked for once: what may not fail whatever the objects are."""

from urllib.parse import quote

import orjson
from django.test import Client

from core.apiserver import tables
from core.dashboard.feed.batches import Position
from core.dashboard.feed.reading import read_batch, snapshot
from core.engine.servers import server_of
from core.kube.objects import Obj, key_of
from tests.hostile.lives import Failed
from tests.hostile.samples import STORED
from tests.world import World

PAGES = (
    "text/",
    "inspect/workloads/",
    "inspect/services/",
    "inspect/scheduler/",
    "inspect/controllers/",
    "inspect/apiserver/",
)
OF_NODES = ("node", "component/kubelet", "component/runtime", "component/kube-proxy")


def picture(world: World, since: Position) -> None:
    """What the browser gets: the snapshot, the batch of what happened `since`, the home card, the text twin, the lists."""
    server = server_of(world.cluster.pk)
    orjson.dumps(snapshot(server))
    orjson.dumps(read_batch(server, since))
    visit("/")
    for page in PAGES:
        visit(f"/clusters/{world.cluster.name}/{page}")


def position(world: World) -> Position:
    """Where a browser stands that has seen all there is."""
    server_of(world.cluster.pk).cache.catch_up()
    world.cluster.refresh_from_db()
    return Position(world.cluster.revision, world.cluster.journal_seq)


def panels(world: World, resource: str, obj: Obj) -> None:
    """Every panel that can be opened about one object, and its row in `kubectl get -o wide`."""
    key = key_of(obj)
    about = [f"object/{resource}/{key}"]
    if resource == "pods":
        names = [container["name"] for container in obj["spec"].get("containers") or ()]
        about += [f"pod/{key}", *(f"container/{key}/{name}" for name in names)]
    elif resource == "services":
        about += [f"service/{key}", f"packet/{key}/1"]
    elif resource == "nodes":
        about += [f"{kind}/{key.name}" for kind in OF_NODES]
    for subject in about:
        visit(f"/clusters/{world.cluster.name}/inspect/{quote(subject)}")
    orjson.dumps(tables.table(resource, [obj], world.now, {}, include="Object"))


def every_panel(world: World) -> None:
    for resource in STORED:
        for obj in world.all(resource):
            panels(world, resource, obj)


def visit(path: str) -> None:
    answer = Client(raise_request_exception=True).get(path)
    if answer.status_code >= 500:
        raise Failed(f"{path}: {answer.status_code}")
