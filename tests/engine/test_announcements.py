"""Claims about what web processes hear of one another's commits."""

import asyncio
from typing import Any

import pytest
from channels.layers import channel_layers, get_channel_layer

from core.engine import announcements
from core.engine.announcements import GROUP, LAYER, from_message, listen_on_this_loop, to_message
from core.journal import Announcement, on_announcement

SAID = Announcement(7, 12, 34, frozenset({"pods", "nodes"}), topology=True)


@pytest.fixture(autouse=True)
def layer(settings: Any) -> None:
    settings.CHANNEL_LAYERS = {LAYER: {"BACKEND": "channels.layers.InMemoryChannelLayer"}}
    channel_layers.backends.clear()


@pytest.mark.parametrize("said", [SAID, Announcement(1, 0, 0, frozenset())], ids=["much", "nothing"])
def test_announcement_survives_the_layer(said: Announcement) -> None:
    assert from_message(to_message(said, "somebody")) == said


async def test_what_others_say_is_passed_on_and_ones_own_is_not() -> None:
    told: list[Announcement] = []
    unlisten = on_announcement(told.append)
    listen_on_this_loop("me")
    await settled()
    for sender in ("me", "another"):
        await get_channel_layer(LAYER).group_send(GROUP, to_message(SAID, sender))
    await settled()
    unlisten()
    assert told == [SAID]


async def test_a_process_joins_the_group_once_for_each_event_loop() -> None:
    listen_on_this_loop("me")
    first = announcements._listening[asyncio.get_running_loop()]
    listen_on_this_loop("me")
    assert announcements._listening[asyncio.get_running_loop()] is first


async def settled() -> None:
    for _ in range(10):
        await asyncio.sleep(0)
