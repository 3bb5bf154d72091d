"""What the buttons do: commands by htmx, answered with the fragment that changed.

The same verbs as the control API (`views.api`), which is for tools and speaks JSON. A command names in `here` what its page
shows: a panel (`member/etcd-0`), or the text twin (`twin`); that is what comes back, so one's own command is seen at once.
What was done, or why not, is an event of the answer (`said`), which the page shows and reads out (`static/js/commands.js`).
"""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST
from django_htmx.http import reswap, trigger_client_event

from core.dashboard.security import HtmxHttpRequest, View
from core.dashboard.views import pages
from core.dashboard.views.api import REFUSALS, break_or_heal, person, refusal, turn_clock
from core.dashboard.views.found import cluster_named
from core.dashboard.views.inspector import panel_of
from core.models import Cluster

SAID = "said"  # the event: {message, tone}
TWIN = "twin"
NO_CONTENT = 204


def command(view: Callable[..., HttpResponse]) -> View:
    """A command: by POST; a refusal changes nothing on the page but is said."""

    @require_POST
    @wraps(view)
    def commanded(request: HtmxHttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            return view(request, *args, **kwargs)
        except REFUSALS as error:
            problem, status, _ = refusal(error)
            refused = reswap(HttpResponse(problem, "text/plain", status), "none")
            return said(refused, problem, "wait" if status == 409 else "bad")

    return commanded


def said(response: HttpResponse, message: str, tone: str = "ok") -> HttpResponse:
    return trigger_client_event(response, SAID, {"message": message, "tone": tone})


@command
def fault(request: HtmxHttpRequest, name: str) -> HttpResponse:
    cluster = cluster_named(name)
    message = break_or_heal(cluster, request.POST.dict(), by=person(request))
    return said(changed(request, cluster), message)


@command
def clock(request: HtmxHttpRequest, name: str, action: str) -> HttpResponse:
    cluster = cluster_named(name)
    message = turn_clock(cluster, action, {"speed": number(request.POST.get("speed", ""))})
    return said(changed(request, cluster), message)


@command
def delete(request: HtmxHttpRequest, name: str) -> HttpResponse:
    pages.delete_cluster(cluster_named(name))
    message = f"cluster {name} was deleted"
    if request.htmx:
        return said(pages.cards(request), message)
    messages.info(request, message)
    return redirect("home")


def number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def changed(request: HtmxHttpRequest, cluster: Cluster) -> HttpResponse:
    """What the page shows, as it is now; nothing when it shows nothing that the command changed."""
    cluster.refresh_from_db()
    here = request.POST.get("here", "")
    if here == TWIN:
        return pages.tables(request, cluster)
    kind, _, subject = here.partition("/")
    return panel_of(request, cluster, kind, subject) if kind else HttpResponse(status=NO_CONTENT)
