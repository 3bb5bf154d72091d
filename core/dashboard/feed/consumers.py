"""One open browser: accepts, hands over what its tail puts into its queue, leaves."""

import asyncio
from typing import Any
from urllib.parse import parse_qs

from channels.generic.websocket import AsyncWebsocketConsumer  # type: ignore[import-untyped]

from core.dashboard.feed.batches import Position
from core.dashboard.feed.tail import GONE, RESET, Subscriber, Tail, in_thread, tail_of
from core.models import Cluster

UNKNOWN_CLUSTER = 4404  # close code


class ClusterConsumer(AsyncWebsocketConsumer):  # type: ignore[misc]
    """`/ws/clusters/NAME/?since=REVISION.SEQ`"""

    tail: Tail | None = None
    subscriber: Subscriber | None = None
    pump: asyncio.Task[None] | None = None

    async def connect(self) -> None:
        name = self.scope["url_route"]["kwargs"]["name"]
        cluster_id = await in_thread(lambda: Cluster.objects.filter(name=name).values_list("pk", flat=True).first())
        await self.accept()
        if cluster_id is None:
            await self.send(text_data=GONE)
            await self.close(UNKNOWN_CLUSTER)
            return
        query = parse_qs(self.scope["query_string"].decode(errors="replace"))
        since = Position.parse(query.get("since", [""])[0])
        if since is None:
            await self.send(text_data=RESET)
            await self.close()
            return
        self.tail = tail_of(cluster_id)
        self.subscriber = await self.tail.subscribe(since)
        self.pump = asyncio.create_task(self._pump(self.subscriber))

    async def _pump(self, subscriber: Subscriber) -> None:
        while True:
            await self.send(text_data=await subscriber.queue.get())

    async def disconnect(self, code: int) -> None:
        if self.pump is not None:
            self.pump.cancel()
        if self.tail is not None and self.subscriber is not None:
            self.tail.unsubscribe(self.subscriber)

    async def receive(self, text_data: Any = None, bytes_data: Any = None) -> None:
        """The socket only tells; commands go through `/api/`."""
