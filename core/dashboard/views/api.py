"""The control API under `/api/`: the same verbs as the command line, open while a cluster's own API is down.

Every answer is JSON; every error says in one sentence what is wrong and what there is instead.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.csrf import csrf_exempt

from core.dashboard.security import View, guarded
from core.dashboard.views.found import UnknownCluster, cluster_named
from core.dashboard.views.openapi import document
from core.dashboard.views.pages import create_from, delete_cluster
from core.engine import control
from core.engine.clock import WallClock
from core.engine.clusters import BadCluster
from core.engine.kubeconfigs import export_line
from core.engine.status import cluster_status
from core.faults import VERBS, NothingToDo, UnknownTarget, act
from core.faults import targets as targets_of
from core.kube import nesting
from core.models import Cluster, Fault

Handler = Callable[..., JsonResponse]


class BadRequest(ValueError):
    """The request cannot be understood; the message says why."""


class UnknownAction(BadRequest):
    """The clock cannot do that."""


class NotNow(BadRequest):
    """The clock cannot do that as it stands."""


class BadSpeed(BadRequest):
    """No clock runs like that."""


REFUSALS = UnknownCluster, UnknownTarget, NothingToDo, Cluster.DoesNotExist, BadRequest, BadCluster


def answer(problem: str, status: int, **more: Any) -> JsonResponse:
    return JsonResponse({"error": problem, **more}, status=status)


def refusal(error: Exception) -> tuple[str, int, dict[str, Any]]:
    """What a command that was refused is answered: a sentence, the status, and what else there is to say."""
    match error:
        case UnknownCluster():
            return str(error), 404, {"clusters": error.names}
        case UnknownTarget():
            return str(error), 404, {"targets": error.valid}
        case NothingToDo():
            return str(error), 409, {"changed": False}
        case Cluster.DoesNotExist():
            return "the cluster was deleted meanwhile", 404, {}
        case UnknownAction():
            return str(error), 404, {}
        case NotNow():
            return str(error), 409, {"changed": False}
        case BadSpeed():
            return str(error), 400, {"changed": False}
    return str(error), 400, {}


def resource(**methods: Handler) -> View:
    """A view of a path: a handler a method, errors as JSON."""

    @wraps(next(iter(methods.values())))
    def view(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        handler = methods.get((request.method or "").lower())
        if handler is None:
            allowed = ", ".join(method.upper() for method in methods)
            return answer(f"{request.method} is not possible here; there are: {allowed}", 405)
        try:
            return handler(request, *args, **kwargs)
        except REFUSALS as error:
            problem, status, more = refusal(error)
            return answer(problem, status, **more)

    return csrf_exempt(guarded(view))


def body_of(request: HttpRequest) -> dict[str, Any]:
    try:
        body = nesting.loads(request.body or b"{}")
    except ValueError as error:
        raise BadRequest(f"the body is not JSON: {error}") from None
    if not isinstance(body, dict):
        raise BadRequest("the body is not a JSON object")
    return body


def list_clusters(request: HttpRequest) -> JsonResponse:
    return JsonResponse({"clusters": [summary(cluster) for cluster in Cluster.objects.order_by("name")]})


def create_cluster(request: HttpRequest) -> JsonResponse:
    wish = {"members": 3, "workers": 3, "profile": "classroom", "seed": 0} | body_of(request)
    unknown = set(wish) - {"name", "members", "workers", "profile", "seed"}
    if unknown:
        raise BadRequest(
            f"unknown fields: {', '.join(sorted(unknown))}; there are: name, members, workers, profile, seed"
        )
    return JsonResponse(summary(create_from(wish)), status=201)


def get_cluster(request: HttpRequest, name: str) -> JsonResponse:
    return JsonResponse(summary(cluster_named(name)))


def remove_cluster(request: HttpRequest, name: str) -> JsonResponse:
    delete_cluster(cluster_named(name))
    return JsonResponse({"message": f"cluster {name} was deleted"})


def summary(cluster: Cluster) -> dict[str, Any]:
    return {
        "name": cluster.name,
        "profile": cluster.profile,
        "seed": cluster.seed,
        "revision": cluster.revision,
        "speed": cluster.speed,
        "paused": cluster.paused,
        "kubectl": export_line(cluster.name),
        "links": {
            "stage": reverse("stage", args=[cluster.name]),
            "status": reverse("api-status", args=[cluster.name]),
            "faults": reverse("api-faults", args=[cluster.name]),
            "kubeconfig": reverse("kubeconfig", args=[cluster.name]),
        },
    }


def get_status(request: HttpRequest, name: str) -> JsonResponse:
    return JsonResponse(cluster_status(cluster_named(name)))


def get_faults(request: HttpRequest, name: str) -> JsonResponse:
    """What is broken now, and what can be."""
    cluster = cluster_named(name)
    broken = Fault.objects.filter(cluster=cluster, healed=None).values("kind", "target", "peer", "since")
    return JsonResponse({"broken": list(broken), "verbs": list(VERBS), "targets": targets_of(cluster)})


def do_fault(request: HttpRequest, name: str) -> JsonResponse:
    message = break_or_heal(cluster_named(name), body_of(request), by=person(request))
    return JsonResponse({"message": message, "changed": True})


def break_or_heal(cluster: Cluster, body: dict[str, Any], *, by: str) -> str:
    """Do what `body` says with verb, target and peer; what was done. Raises REFUSALS."""
    verb, target, peer = (body.get(key, "") for key in ("verb", "target", "peer"))
    if verb not in VERBS:
        raise BadRequest(f"there is no verb {verb!r}; there are: {', '.join(VERBS)}")
    if not isinstance(target, str) or not isinstance(peer, str):
        raise BadRequest("target and peer are names")
    if not target:
        raise UnknownTarget(target, targets_of(cluster))
    if verb == "partition" and not peer:
        raise BadRequest("partition needs two ends: target and peer")
    return act(cluster, verb, target, peer, by=by, now=WallClock().now).message


def person(request: HttpRequest) -> str:
    user = getattr(request, "user", None)
    return user.get_username() if user is not None and user.is_authenticated else ""


def do_clock(request: HttpRequest, name: str, action: str) -> JsonResponse:
    cluster = cluster_named(name)
    message = turn_clock(cluster, action, body_of(request))
    cluster.refresh_from_db()
    return JsonResponse({"message": message, "speed": cluster.speed, "paused": cluster.paused})


def turn_clock(cluster: Cluster, action: str, body: dict[str, Any]) -> str:
    """Pause, resume or step the clock, or set its speed; what was done. Raises REFUSALS."""
    if action not in CLOCK:
        raise UnknownAction(f"the clock cannot {action}; it can: {', '.join(CLOCK)}")
    try:
        return CLOCK[action](cluster, body)
    except (ValueError, TypeError) as error:
        raise (NotNow if action == "step" else BadSpeed)(str(error)) from None


def pause(cluster: Cluster, body: dict[str, Any]) -> str:
    control.pause(cluster)
    return "the clock stands still; the API still answers"


def resume(cluster: Cluster, body: dict[str, Any]) -> str:
    control.resume(cluster)
    return "the clock runs again"


def step(cluster: Cluster, body: dict[str, Any]) -> str:
    return control.step(cluster)


def speed(cluster: Cluster, body: dict[str, Any]) -> str:
    wanted = body.get("speed")
    if isinstance(wanted, bool) or not isinstance(wanted, int | float):
        raise ValueError("speed is a number of virtual seconds a second")
    control.set_speed(cluster, float(wanted))
    return f"the clock runs at {wanted:g}×"


CLOCK: dict[str, Callable[[Cluster, dict[str, Any]], str]] = {
    "pause": pause,
    "resume": resume,
    "step": step,
    "speed": speed,
}


def get_document(request: HttpRequest) -> JsonResponse:
    return JsonResponse(document())


def docs(request: HttpRequest) -> HttpResponse:
    """The document as a page, rendered here: no scripts from elsewhere."""
    found = document()
    operations = [
        {"method": method.upper(), "path": path, **operation}
        for path, methods in found["paths"].items()
        for method, operation in methods.items()
    ]
    return render(request, "dashboard/api_docs.html", {"document": found, "operations": operations})


def nothing_here(request: HttpRequest, rest: str = "") -> JsonResponse:
    return answer(f"there is nothing at /api/{rest}; see /api/docs", 404)


clusters = resource(get=list_clusters, post=create_cluster)
cluster = resource(get=get_cluster, delete=remove_cluster)
status = resource(get=get_status)
faults = resource(get=get_faults, post=do_fault)
clock = resource(post=do_clock)
openapi = resource(get=get_document)
missing = resource(get=nothing_here, post=nothing_here, put=nothing_here, patch=nothing_here, delete=nothing_here)
