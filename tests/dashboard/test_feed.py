"""The socket: catches up, tells what is new, and orders a fresh start when it cannot."""

import asyncio
import json
from typing import Any
from urllib.parse import quote

import pytest
from asgiref.sync import sync_to_async
from channels.testing import WebsocketCommunicator

from core.dashboard.feed.tail import QUEUE_MAX, RESET, Subscriber
from core.dashboard.routing import websocket_application
from core.models import Cluster
from tests.world import World


def repr_short(frame: str | bytes) -> str:
    return repr(frame[:12])


pytestmark = pytest.mark.django_db(transaction=True)

HEADERS = [(b"host", b"localhost"), (b"origin", b"http://localhost")]


def socket(path: str, headers: Any = None) -> WebsocketCommunicator:
    return WebsocketCommunicator(websocket_application, path, headers=HEADERS if headers is None else headers)


async def told(communicator: WebsocketCommunicator, want: Any, seconds: float = 5) -> dict[str, Any]:
    """The first message for which `want` is true."""
    async with asyncio.timeout(seconds):
        while True:
            message: dict[str, Any] = json.loads(await communicator.receive_from(seconds))
            if want(message):
                return message


async def watched_world() -> tuple[World, WebsocketCommunicator]:
    """A cluster, and a socket that is open at its newest revision."""
    world = await sync_to_async(World)("lab", workers=1)
    cluster = await Cluster.objects.aget(name="lab")
    communicator = socket(f"/ws/clusters/lab/?since={cluster.revision}.{cluster.journal_seq}")
    connected, _ = await communicator.connect()
    assert connected
    return world, communicator


async def test_socket_catches_up_and_then_tells_what_is_new() -> None:
    world, communicator = await watched_world()
    first = await told(communicator, lambda message: True)
    assert first["at"][0] == (await Cluster.objects.aget(name="lab")).revision
    assert len(first["status"]["etcd"]["members"]) == 3
    await sync_to_async(world.create)(
        "services",
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": "web", "namespace": "default"},
            "spec": {"ports": [{"port": 80}]},
        },
    )
    later = await told(communicator, lambda message: any(row[1] == "default/web" for row in message.get("objects", ())))
    assert later["objects"][0][0] == "services"
    assert later["n"] > first["n"]
    await communicator.disconnect()


async def test_without_news_the_socket_is_told_that_the_server_lives() -> None:
    _, communicator = await watched_world()
    for _ in range(2):
        assert await told(communicator, lambda message: message["t"] == "tick")
    await communicator.disconnect()


async def test_open_socket_marks_the_cluster_as_watched() -> None:
    _, communicator = await watched_world()
    async with asyncio.timeout(5):
        while not (await Cluster.objects.aget(name="lab")).watched_until:
            await asyncio.sleep(0.02)
    await communicator.disconnect()


@pytest.mark.parametrize("since", ["", "?since=nonsense", "?since=999999.0"])
async def test_position_that_means_nothing_is_answered_with_reset(since: str) -> None:
    await sync_to_async(World)("lab", workers=1)
    communicator = socket(f"/ws/clusters/lab/{since}")
    await communicator.connect()
    assert (await told(communicator, lambda message: True))["t"] == "reset"
    await communicator.disconnect()


async def test_unknown_cluster_is_said_to_be_gone() -> None:
    communicator = socket("/ws/clusters/nope/?since=0.0")
    await communicator.connect()
    assert (await told(communicator, lambda message: True))["t"] == "gone"
    await communicator.disconnect()


async def test_page_of_another_host_may_not_open_a_socket() -> None:
    communicator = socket("/ws/clusters/lab/?since=0.0", [(b"host", b"localhost"), (b"origin", b"http://evil.example")])
    connected, _ = await communicator.connect()
    assert not connected


@pytest.mark.parametrize("frame", ["{", '{"t":"reset"}', "\x00" * 70_000, b"\xff\xfe"], ids=repr_short)
async def test_whatever_a_browser_sends_changes_nothing(frame: str | bytes) -> None:
    world, communicator = await watched_world()
    await told(communicator, lambda message: True)
    await communicator.send_to(**({"text_data": frame} if isinstance(frame, str) else {"bytes_data": frame}))
    await sync_to_async(world.create)(
        "namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "n"}}
    )
    await told(communicator, lambda message: "counts" in message)
    await communicator.disconnect()


@pytest.mark.parametrize("since", ["²", "1.²", "-1.0", "9" * 5000, "%00", ""])
async def test_position_that_is_none_orders_a_fresh_start(since: str) -> None:
    await sync_to_async(World)("lab", workers=1)
    communicator = socket(f"/ws/clusters/lab/?since={quote(since)}")
    await communicator.connect()
    assert await communicator.receive_from(5) == RESET
    await communicator.disconnect()


async def test_only_what_changed_of_the_status_is_told() -> None:
    world, communicator = await watched_world()
    assert {"etcd", "components", "faults", "clock"} <= set((await told(communicator, lambda message: True))["status"])
    await sync_to_async(world.create)(
        "namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "n"}}
    )
    later = await told(communicator, lambda message: "counts" in message and "status" in message)
    assert set(later["status"]) == {"etcd"}
    await communicator.disconnect()


async def test_what_happens_while_the_past_is_read_is_told_after_it() -> None:
    subscriber = Subscriber()
    subscriber.put("new")
    subscriber.begin("past")
    assert [subscriber.queue.get_nowait(), subscriber.queue.get_nowait()] == ["past", "new"]


async def test_slow_browser_is_told_to_start_over_instead_of_buffered() -> None:
    subscriber = Subscriber()
    subscriber.begin("past")
    for number in range(QUEUE_MAX + 1):
        subscriber.put(str(number))
    assert subscriber.queue.qsize() <= 2
    assert subscriber.queue.get_nowait() == RESET
