"""The WebSocket door: only pages of this host may open it."""

from channels.routing import URLRouter  # type: ignore[import-untyped]
from channels.security.websocket import AllowedHostsOriginValidator  # type: ignore[import-untyped]
from django.urls import path

from core.dashboard.feed.consumers import ClusterConsumer

websocket_application = AllowedHostsOriginValidator(
    URLRouter([path("ws/clusters/<slug:name>/", ClusterConsumer.as_asgi())])
)
