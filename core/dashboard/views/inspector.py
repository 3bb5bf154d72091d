"""The inspector's door: a fragment for htmx about one thing. What is gone is said in a panel, not as an error."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from core.dashboard.inspect.registry import KINDS
from core.dashboard.inspect.view import NothingThere, View
from core.dashboard.views.found import cluster_named


@require_GET
def inspect(request: HttpRequest, name: str, kind: str, subject: str = "") -> HttpResponse:
    cluster = cluster_named(name)
    if kind not in KINDS:
        raise Http404(f"there is nothing called {kind!r} to look into; there are: {', '.join(KINDS)}")
    try:
        panel = KINDS[kind](View(cluster), subject)
    except NothingThere as error:
        return render(request, "dashboard/inspect/gone.html", {"message": str(error), "subject": subject or kind})
    response = render(request, panel.template, {"panel": panel, "cluster": cluster, **panel.more})
    response.headers["Cache-Control"] = "no-store"
    return response
