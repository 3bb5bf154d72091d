"""The ASGI entry point: which application a connection is for.

The Kubernetes API has a port of its own (TLS, bearer tokens, no cookies); everything else is the dashboard's: pages and the
control API through Django, static files, and the WebSocket that keeps the picture moving. Whatever server runs it
(`manage.py up`, `manage.py runserver`, `daphne cluster_viz.asgi:application`), its first connection makes the process hear
the others.
"""

import os
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from django.conf import settings
from django.contrib.staticfiles.handlers import ASGIStaticFilesHandler
from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cluster_viz.settings")
pages = get_asgi_application()  # sets Django up, so it comes before everything that needs models

# ruff: noqa: E402
from core.apiserver.http.application import KubernetesApplication
from core.dashboard.routing import websocket_application
from core.engine.clock import WallClock
from core.engine.servers import server_by_name
from core.engine.wakeups import start_listening

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]

kubernetes = KubernetesApplication(server_by_name, WallClock().wall)
dashboard = ASGIStaticFilesHandler(pages)


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    start_listening()
    server = scope.get("server") or ("", 0)
    if server[1] == settings.API_PORT:
        await kubernetes(scope, receive, send)
    elif scope["type"] == "websocket":
        await websocket_application(scope, receive, send)
    else:
        await dashboard(dict(scope), receive, send)
