"""All doors of the web server; the Kubernetes API is another application (see asgi.py)."""

from django.contrib import admin
from django.urls import include, path

urlpatterns = [path("admin/", admin.site.urls), path("", include("core.dashboard.urls"))]
