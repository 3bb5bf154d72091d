"""The inspector's door: a fragment for htmx about one thing. What is gone is said in a panel, not as an error."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from core.dashboard.inspect.registry import KINDS
from core.dashboard.inspect.view import NothingThere, View
from core.dashboard.security import HtmxHttpRequest
from core.dashboard.views.found import UnknownCluster, cluster_named
from core.models import Cluster


@require_GET
def inspect(request: HtmxHttpRequest, name: str, kind: str, subject: str = "") -> HttpResponse:
    try:
        cluster = cluster_named(name)
    except UnknownCluster as error:
        return gone(request, str(error), name, status=404)
    return panel_of(request, cluster, kind, subject)


def panel_of(request: HttpRequest, cluster: Cluster, kind: str, subject: str) -> HttpResponse:
    """The panel about one thing, also when there is none: an address typed by hand goes into the panel like all others."""
    if kind not in KINDS:
        message = f"there is nothing called {kind!r} to look into; there are: {', '.join(KINDS)}"
        return gone(request, message, kind, status=404)
    try:
        panel = KINDS[kind](View(cluster), subject)
    except NothingThere as error:
        return gone(request, str(error), subject or kind)
    response = render(request, panel.template, {"panel": panel, "cluster": cluster, **panel.more})
    response.headers["Cache-Control"] = "no-store"
    return response


@require_GET
def misspelt(request: HttpRequest, rest: str) -> HttpResponse:
    """An address typed by hand that names no thing: it goes into the panel like all others, so it is a fragment too."""
    return gone(request, "this address names nothing to look into", rest, status=404)


def gone(request: HttpRequest, message: str, subject: str, status: int = 200) -> HttpResponse:
    context = {"message": message, "subject": subject}
    return render(request, "dashboard/inspect/gone.html", context, status=status)
