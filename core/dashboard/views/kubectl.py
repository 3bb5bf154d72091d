"""The kubeconfig of a cluster, for the browser of the person who sits at this machine."""

from ipaddress import ip_address

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_GET

from core.dashboard.views.found import cluster_named
from core.engine import kubeconfigs

NOT_HERE = (
    "a kubeconfig holds a key to its whole cluster: it is given out on this machine only, to pages of this server"
)


@require_GET
def kubeconfig(request: HttpRequest, name: str) -> HttpResponse:
    """The file as it is in the data folder. It holds a token, so nobody else is to have it or keep it."""
    if not is_from_here(request.META.get("REMOTE_ADDR", "")) or is_from_elsewhere(request):
        raise PermissionDenied(NOT_HERE)
    path = kubeconfigs.keep(cluster_named(name))
    headers = {"Content-Disposition": f'attachment; filename="{name}.yaml"', "Cache-Control": "no-store"}
    return HttpResponse(path.read_bytes(), "application/yaml", headers=headers)


def is_from_here(address: str) -> bool:
    try:
        return ip_address(address).is_loopback
    except ValueError:
        return False


def is_from_elsewhere(request: HttpRequest) -> bool:
    """Whether a page of another site sent the browser here."""
    return request.headers.get("Sec-Fetch-Site", "none") not in ("none", "same-origin")
