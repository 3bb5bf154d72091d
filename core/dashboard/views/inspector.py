"""The inspector's door: a fragment for htmx about one thing. What is gone is said in a panel, not as an error."""

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from core.dashboard.inspect.registry import KINDS
from core.dashboard.inspect.view import NothingThere, View
from core.dashboard.security import HtmxHttpRequest
from core.dashboard.views.found import cluster_named
from core.models import Cluster


@require_GET
def inspect(request: HtmxHttpRequest, name: str, kind: str, subject: str = "") -> HttpResponse:
    return panel_of(request, cluster_named(name), kind, subject)


def panel_of(request: HtmxHttpRequest, cluster: Cluster, kind: str, subject: str) -> HttpResponse:
    """The panel about one thing. Raises Http404 when there is no such kind, unless a panel was asked for."""
    if kind not in KINDS:
        unknown = f"there is nothing called {kind!r} to look into; there are: {', '.join(KINDS)}"
        if not request.htmx:
            raise Http404(unknown)
        return gone(request, unknown, kind)
    try:
        panel = KINDS[kind](View(cluster), subject)
    except NothingThere as error:
        return gone(request, str(error), subject or kind)
    response = render(request, panel.template, {"panel": panel, "cluster": cluster, **panel.more})
    response.headers["Cache-Control"] = "no-store"
    return response


def gone(request: HtmxHttpRequest, message: str, subject: str) -> HttpResponse:
    return render(request, "dashboard/inspect/gone.html", {"message": message, "subject": subject})
