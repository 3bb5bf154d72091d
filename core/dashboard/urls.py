"""The dashboard's doors."""

from django.urls import path, re_path, register_converter

from core.dashboard import trouble
from core.dashboard.converters import ClusterName
from core.dashboard.views import api, commands, pages
from core.dashboard.views.inspector import inspect, misspelt
from core.dashboard.views.kubectl import kubeconfig

register_converter(ClusterName, "cluster")

urlpatterns = [
    path("", pages.home, name="home"),
    path("trouble", trouble.banner, name="trouble"),
    path("clusters/<cluster:name>/", pages.stage, name="stage"),
    path("clusters/<cluster:name>/delete", commands.delete, name="delete"),
    path("clusters/<cluster:name>/do/fault", commands.fault, name="do-fault"),
    path("clusters/<cluster:name>/do/clock/<slug:action>", commands.clock, name="do-clock"),
    path("clusters/<cluster:name>/kubeconfig", kubeconfig, name="kubeconfig"),
    path("clusters/<cluster:name>/snapshot.json", pages.snapshot, name="snapshot"),
    path("clusters/<cluster:name>/text/", pages.text, name="text"),
    path("clusters/<cluster:name>/inspect/<str:kind>/", inspect, name="inspect"),
    path("clusters/<cluster:name>/inspect/<str:kind>/<path:subject>", inspect, name="inspect-subject"),
    re_path(r"^clusters/[^/]+/inspect/(?P<rest>.*)$", misspelt),
    path("api/docs", api.docs, name="api-docs"),
    path("api/openapi.json", api.openapi, name="api-openapi"),
    path("api/clusters", api.clusters, name="api-clusters"),
    path("api/clusters/<cluster:name>", api.cluster, name="api-cluster"),
    path("api/clusters/<cluster:name>/status", api.status, name="api-status"),
    path("api/clusters/<cluster:name>/faults", api.faults, name="api-faults"),
    path("api/clusters/<cluster:name>/clock/<slug:action>", api.clock, name="api-clock"),
    re_path(r"^api/(?P<rest>.*)$", api.missing),
]
