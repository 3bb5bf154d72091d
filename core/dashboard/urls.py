"""The dashboard's doors."""

from django.urls import path, re_path

from core.dashboard import trouble
from core.dashboard.views import api, pages
from core.dashboard.views.inspector import inspect

urlpatterns = [
    path("", pages.home, name="home"),
    path("trouble", trouble.banner, name="trouble"),
    path("clusters/<slug:name>/", pages.stage, name="stage"),
    path("clusters/<slug:name>/delete", pages.delete, name="delete"),
    path("clusters/<slug:name>/snapshot.json", pages.snapshot, name="snapshot"),
    path("clusters/<slug:name>/text/", pages.text, name="text"),
    path("clusters/<slug:name>/inspect/<str:kind>/", inspect, name="inspect"),
    path("clusters/<slug:name>/inspect/<str:kind>/<path:subject>", inspect, name="inspect-subject"),
    path("api/docs", api.docs, name="api-docs"),
    path("api/openapi.json", api.openapi, name="api-openapi"),
    path("api/clusters", api.clusters, name="api-clusters"),
    path("api/clusters/<slug:name>", api.cluster, name="api-cluster"),
    path("api/clusters/<slug:name>/status", api.status, name="api-status"),
    path("api/clusters/<slug:name>/faults", api.faults, name="api-faults"),
    path("api/clusters/<slug:name>/clock/<slug:action>", api.clock, name="api-clock"),
    re_path(r"^api/(?P<rest>.*)$", api.missing),
]
