"""The trouble that no click can mend: the database takes no writes. A banner on every page, an answer for every command.

The banner asks for itself every few seconds, so it comes and goes with the trouble and needs nothing of the live picture.
"""

import os
from collections.abc import Callable
from pathlib import Path

from django.db import DatabaseError, connection
from django.db.models import F
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from core.models import Cluster
from core.models.refusals import FULL, READ_ONLY, naming_refusals, refusal

RETRY_SECONDS = 5
ROOM_MIN = 1 << 20  # bytes of disk below which the next transaction may not fit
Respond = Callable[[HttpRequest], HttpResponse]


class Unwritable:
    """Middleware: what a view could not write is answered with 503 and the reason, JSON to commands, a page to people."""

    def __init__(self, get_response: Respond) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        why = refusal(error)
        if not why:
            return None
        headers = {"Retry-After": str(RETRY_SECONDS)}
        if request.path.startswith("/api/"):
            return JsonResponse({"error": why}, status=503, headers=headers)
        return HttpResponse(why, "text/plain", 503, headers=headers)


@require_GET
def banner(request: HttpRequest) -> HttpResponse:
    """The fragment: empty while all is well."""
    response = render(request, "dashboard/trouble.html", {"why": why_not(), "asked": True})
    response.headers["Cache-Control"] = "no-store"
    return response


def why_not() -> str:
    """Why the database takes no writes; empty when it does. That it can be written at all is only known by writing what
    stands there already; but so small a write may still find room where the next one will not."""
    if why := _of_disk():
        return why
    try:
        with naming_refusals():
            Cluster.objects.filter(pk__in=Cluster.objects.order_by("pk")[:1]).update(speed=F("speed"))
    except DatabaseError as error:
        return refusal(error)
    return ""


def _of_disk() -> str:
    path = Path(str(connection.settings_dict["NAME"]))
    if connection.vendor != "sqlite" or not path.is_file():
        return ""
    disk = os.statvfs(path)
    if disk.f_flag & os.ST_RDONLY:
        return READ_ONLY
    return FULL if disk.f_bavail * disk.f_frsize < ROOM_MIN else ""
