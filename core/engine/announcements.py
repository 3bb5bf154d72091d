"""Announcements between processes, over Channels' layer: whoever commits tells the group, and every web process hears it.

A hint, as all announcements are (`core.journal.announce`): with Redis away nothing is said and nothing waits, and the tails
of the pictures look for themselves once a second. Each web process, however it is started (`manage.py up`, `runserver`, a
bare daphne), hears from its first connection on; a worker only tells.
"""

import asyncio
import logging
import os
from time import monotonic
from typing import Any
from weakref import WeakKeyDictionary

from channels.layers import get_channel_layer  # type: ignore[import-untyped]

from core.journal import Announcement, heard

logger = logging.getLogger(__name__)

LAYER = GROUP = "announcements"
MOVED = "cluster.moved"  # the type of the only message
SEND_SECONDS = 2.0
AGAIN_SECONDS = 0.5  # between two attempts to join the group


class Speaker:
    """Tells the group, from one thread at a time that has no event loop: a loop of its own keeps its connection open."""

    def __init__(self) -> None:
        self.name = f"{os.getpid()}:{monotonic()}"
        self._loop: asyncio.AbstractEventLoop | None = None

    def say(self, announcement: Announcement) -> None:
        """Returns when Redis has it. Raises whatever the layer does when it cannot be reached, TimeoutError included."""
        if self._loop is None:
            self._loop = asyncio.new_event_loop()
        sending = get_channel_layer(LAYER).group_send(GROUP, to_message(announcement, self.name))
        self._loop.run_until_complete(asyncio.wait_for(sending, SEND_SECONDS))

    def close(self) -> None:
        loop, self._loop = self._loop, None
        if loop is not None:
            loop.close()  # the layer closes its connection of this loop with it


def to_message(said: Announcement, sender: str) -> dict[str, Any]:
    """What the group is told; the layer carries plain values only."""
    return {"type": MOVED, "sender": sender, **said._asdict(), "resources": sorted(said.resources)}


def from_message(message: dict[str, Any]) -> Announcement:
    fields = {name: message[name] for name in Announcement._fields}
    return Announcement(**fields | {"resources": frozenset(fields["resources"])})


async def listen(me: str) -> None:
    """Pass on what other processes than `me` announce, for ever."""
    layer = get_channel_layer(LAYER)
    while True:
        try:
            channel = await layer.new_channel()
            await layer.group_add(GROUP, channel)
            break
        except Exception as error:  # Redis is not there yet
            logger.info("the group of announcements cannot be joined yet (%s)", error)
            await asyncio.sleep(AGAIN_SECONDS)
    while True:
        message = await layer.receive(channel)  # the layer joins again by itself after Redis was away
        if message.get("type") == MOVED and message["sender"] != me:  # one's own listeners were told at the commit
            heard(from_message(message))


_listening: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Task[None]] = WeakKeyDictionary()


def listen_on_this_loop(me: str) -> None:
    """Hear other processes' announcements from now on; nothing happens when this event loop does already."""
    loop = asyncio.get_running_loop()
    if loop not in _listening:
        _listening[loop] = loop.create_task(listen(me))
