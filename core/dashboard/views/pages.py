"""The pages: home, stage, text twin; and the stage's first picture as JSON."""

from dataclasses import replace
from typing import Any

import orjson
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.http import require_GET, require_http_methods

from core.dashboard import gallery
from core.dashboard.feed.reading import snapshot as take_snapshot
from core.dashboard.feed.tail import mark_watched
from core.dashboard.security import HtmxHttpRequest
from core.dashboard.views.cards import card_of
from core.dashboard.views.found import cluster_named
from core.dashboard.views.textual import text_picture
from core.engine import clusters
from core.engine.kubeconfigs import export_line
from core.engine.servers import forget, server_of
from core.models import Cluster

OWN_NAME = "lab"
BAD_NUMBER = "members, workers and seed are whole numbers"


@ensure_csrf_cookie
@require_http_methods(["GET", "POST"])
def home(request: HtmxHttpRequest) -> HttpResponse:
    """The clusters as cards, the gallery of starting points, and the form for a cluster of one's own."""
    if request.htmx:
        return cards(request)
    wish: dict[str, Any] = {"members": "3", "workers": "3", "profile": "classroom", "seed": "1"}
    wish["name"] = gallery.free_name(OWN_NAME)
    problem, status = "", 200
    if "start" in request.POST:
        try:
            return begin(request.POST["start"])
        except gallery.UnknownStart as error:
            problem, status = str(error), 400
    elif request.method == "POST":
        wish |= {name: request.POST.get(name, "") for name in ("name", "members", "workers", "profile", "seed")}
        try:
            cluster = create_from(wish)
            return opened(cluster, gallery.BLANK)
        except clusters.BadCluster as error:
            problem, status = str(error), 400
    context = {
        "cards": all_cards(),
        "wish": wish,
        "problem": problem,
        "name_pattern": clusters.NAME_PATTERN,
        "name_max": clusters.NAME_MAX,
        "profiles": Cluster.Profile.choices,
        "starts": gallery.all_starts(),
        "sizes": ("1", "3", "5", "7"),
    }
    return render(request, "dashboard/home.html", context, status=status)


def cards(request: HttpRequest) -> HttpResponse:
    """The clusters alone, as htmx puts them into the page."""
    return render(request, "dashboard/cards.html", {"cards": all_cards()})


def all_cards() -> list[dict[str, Any]]:
    return [card_of(cluster) for cluster in Cluster.objects.order_by("name")]


def begin(slug: str) -> HttpResponse:
    """Open a starting point as a cluster of its own, under the first name that is free. Raises UnknownStart."""
    start = gallery.start_named(slug)
    return opened(gallery.begin(start, gallery.free_name(slug)), slug)


def opened(cluster: Cluster, slug: str) -> HttpResponse:
    """To the stage, whose side begins with what can be tried there."""
    return redirect(f"{reverse('stage', args=[cluster.name])}?start={slug}")


def create_from(wish: dict[str, Any]) -> Cluster:
    """A new cluster as wished for in a form or over the API. Raises BadCluster with one clear sentence."""
    name = wish.get("name", "")
    try:
        members, workers, seed = (int(wish.get(key) or 0) for key in ("members", "workers", "seed"))
    except (TypeError, ValueError, OverflowError):
        raise clusters.BadCluster(BAD_NUMBER) from None
    return clusters.create(name, members=members, workers=workers, profile=str(wish.get("profile")), seed=seed)


def delete_cluster(cluster: Cluster) -> None:
    pk = cluster.pk
    clusters.delete(cluster)
    forget(pk)


@ensure_csrf_cookie
@require_GET
def stage(request: HttpRequest, name: str) -> HttpResponse:
    """The live diagram. The picture itself comes as `snapshot.json`, then over the socket."""
    cluster = cluster_named(name)
    mark_watched(cluster.pk)
    try:
        start = gallery.start_named(request.GET["start"]) if "start" in request.GET else None
    except gallery.UnknownStart:
        start = None  # a link of another version: the stage without suggestions
    context = {"cluster": cluster, "kubectl": export_line(cluster.name), "tries": tries_of(start, cluster)}
    return render(request, "dashboard/stage.html", context)


def tries_of(start: gallery.Start | None, cluster: Cluster) -> list[gallery.Try]:
    """What can be tried, with commands that can be copied as they are."""
    tries = start.tries if start else ()
    return [replace(entry, command=entry.command.replace("NAME", cluster.name)) for entry in tries]


@require_GET
def snapshot(request: HttpRequest, name: str) -> HttpResponse:
    cluster = cluster_named(name)
    return HttpResponse(
        orjson.dumps(take_snapshot(server_of(cluster.pk))), "application/json", headers={"Cache-Control": "no-store"}
    )


@ensure_csrf_cookie
@require_GET
def text(request: HtmxHttpRequest, name: str) -> HttpResponse:
    """The whole picture as tables and a log; asked for again by htmx every two seconds."""
    cluster = cluster_named(name)
    mark_watched(cluster.pk)
    return tables(request, cluster) if request.htmx else render(request, "dashboard/text.html", twin(cluster))


def tables(request: HttpRequest, cluster: Cluster) -> HttpResponse:
    """The tables alone, as htmx puts them into the page."""
    return render(request, "dashboard/text_tables.html", twin(cluster))


def twin(cluster: Cluster) -> dict[str, Any]:
    return {"cluster": cluster, **text_picture(cluster)}
