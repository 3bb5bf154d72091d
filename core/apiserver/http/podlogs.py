"""`GET …/pods/NAME/log`: passed on to the kubelet of the pod's node, whose answer is text and not an object.

With `follow` the answer is a stream that asks again every second for what was printed since, until the container ends, the
client leaves, or an hour is over.
"""

import asyncio
import math
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from functools import partial

from core.apiserver.http.directory import Directory
from core.apiserver.http.hub import POLL, Hub
from core.apiserver.http.responses import Answer, Response, Stream
from core.apiserver.server import ApiServer
from core.kube.errors import ApiError, Unavailable, not_found
from core.kube.objects import Obj
from core.kube.podlogs import LogOptions, LogPiece, container_meant, log_options
from core.kube.requests import Request
from core.models import Cluster

TEXT = "text/plain"
FOLLOW_SECONDS = 3600.0
NO_LINE = "this API server has no line to the kubelets"


@dataclass(frozen=True, slots=True)
class Log:
    """One container's log, as it can be asked for again and again."""

    server: ApiServer
    pod: Obj
    container: str
    options: LogOptions

    def read(self, since: float | None = None) -> LogPiece:
        """The log, or only what came after `since`. Raises ApiError."""
        kubelets = self.server.kubelets
        if kubelets is None:
            raise Unavailable(NO_LINE)
        options = self.options
        if since is not None:
            options = replace(options, since=math.nextafter(since, math.inf), tail=None)
        return kubelets.container_logs(self.pod, self.container, options)


def answer(server: ApiServer, cluster: Cluster, request: Request, directory: Directory, hub: Hub) -> Answer:
    """`request` is authorized. Raises ApiError."""
    server.cache.catch_up()
    pod = server.cache.get("pods", request.namespace, request.name)
    if pod is None:
        raise not_found("pods", request.name)
    options = log_options(request.name, request.options, server.now(cluster))
    container = container_meant(pod, request.options.get("container") or "")
    if not pod["spec"].get("nodeName"):
        return Response(204, b"", TEXT)  # nobody to ask yet, and nothing printed
    log = Log(server, pod, container, options)
    piece = log.read()
    if not request.options.get("follow") or piece.ended:
        return Response(200, piece.text.encode(), TEXT)
    hub.check_room(server.cluster_id)
    return Stream(partial(following, log, piece, directory, hub), TEXT)


async def following(log: Log, piece: LogPiece, directory: Directory, hub: Hub) -> AsyncIterator[bytes]:
    loop = asyncio.get_running_loop()
    end = loop.time() + FOLLOW_SECONDS
    tail, follower = hub.join(log.server, "pods", partial(directory.is_served, log.server))
    try:
        while True:
            if piece.text:
                yield piece.text.encode()
            if piece.ended or tail.over or loop.time() >= end:
                return
            await asyncio.sleep(POLL)
            await tail.catch_up(hub.threads)
            try:
                piece = await loop.run_in_executor(hub.threads, log.read, piece.until)
            except ApiError:
                return  # the line broke: what came so far is all there is
    finally:
        hub.leave(tail, follower)
