"""A request's trace tells its way through the stages."""

from core.apiserver import trace
from core.apiserver.server import ApiServer
from core.engine.clusters import ADMIN
from core.kube.requests import Request
from core.models import JournalEntry
from tests.apiserver.conftest import ALICE
from tests.apiserver.objects import config_map, pod


def stages(server):
    names = [line.stage for line in server.traces[-1].lines]
    return list(dict.fromkeys(names))


def test_create_passes_every_stage_in_order(world):
    world.create("pods", pod("web"))
    wanted = ["authentication", "authorization", "decode", "mutating admission", "validating admission", "etcd"]
    assert [name for name in stages(world.host.server) if name in wanted] == wanted


def test_refusal_is_where_the_way_ends(world, refused):
    refused("create", "pods", "default", body=pod("web"), user=ALICE)
    newest = world.host.server.traces[-1]
    assert stages(world.host.server) == ["authentication", "authorization"]
    assert (newest.lines[-1].verdict, newest.code) == ("denied", 403)


def test_ring_is_bounded(world):
    world.host.server.execute([Request("get", "namespaces", name="default", user=ADMIN) for _ in range(300)])
    assert len(world.host.server.traces) == 200


def test_a_trace_outlives_its_request_without_what_the_client_sent(world, refused):
    world.create("configmaps", config_map("huge") | {"data": {"text": "a" * 100_000}})
    assert world.host.server.traces[-1].request.body is None
    refused("get", "configmaps", "default", "n" * 100_000)
    assert len(world.host.server.traces[-1].message) <= trace.MESSAGE_MAX + 1


def test_stopwatch_is_handed_in(world):
    ticks = iter(range(0, 10**9, 5000))
    server = ApiServer(world.cluster.pk, lambda cluster: world.now, stopwatch=lambda: next(ticks))
    server.execute([Request("create", "configmaps", "default", body=config_map("a"), user=ADMIN)])
    assert {line.micros for line in server.traces[-1].lines} == {5}
    assert server.traces[-1].micros > 0


def test_requests_are_journaled_while_somebody_watches(world):
    watched = ApiServer(world.cluster.pk, lambda cluster: world.now, watched=lambda cluster: True)
    quiet = ApiServer(world.cluster.pk, lambda cluster: world.now)
    for server, name in ((watched, "a"), (quiet, "b")):
        server.execute([Request("create", "configmaps", "default", body=config_map(name), user=ADMIN)])
    (entry,) = JournalEntry.objects.filter(kind="request")
    assert entry.actor == "kubernetes-admin"
    assert (entry.data["verb"], entry.data["resource"], entry.data["code"]) == ("create", "configmaps", 201)
    assert entry.data["stages"][0][0] == "authentication"
