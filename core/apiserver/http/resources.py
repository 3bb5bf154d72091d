"""Requests for resources: from a path and a method to a `Request`, and from its answer to a response."""

from dataclasses import dataclass
from typing import Any

from core.apiserver.authorization import Attributes, authorize
from core.apiserver.http import bodies, podlogs, query
from core.apiserver.http.directory import Directory, Entry
from core.apiserver.http.hub import Hub
from core.apiserver.http.incoming import Incoming
from core.apiserver.http.negotiation import Form
from core.apiserver.http.paths import ResourcePath
from core.apiserver.http.responses import Answer, of_object, page_not_found, warnings
from core.apiserver.http.views import shown
from core.apiserver.http.watching import WatchStream
from core.kube.errors import ApiError, BadRequest, MethodNotAllowed, NotAcceptable, NotFound, not_found
from core.kube.objects import Obj
from core.kube.podlogs import container_meant
from core.kube.requests import PatchType, Request, User
from core.kube.resources import REGISTRY, Resource, find_by_path

NO_RESOURCE = "the server could not find the requested resource"
NO_METHOD = "the server does not allow this method on the requested resource"
NOT_SERVED = "the server does not serve {resource}/{subresource} yet"
NO_HOST = "pod {name} does not have a host assigned"
WATCH_IN_YAML = "406: Not Acceptable\n\nAvailable representations: application/json;stream=watch"

# (method, whether the path names one object) → verb
VERBS = {
    ("GET", True): "get",
    ("HEAD", True): "get",
    ("GET", False): "list",
    ("HEAD", False): "list",
    ("POST", True): "create",
    ("POST", False): "create",
    ("PUT", True): "update",
    ("PATCH", True): "patch",
    ("DELETE", True): "delete",
    ("DELETE", False): "deletecollection",
}
ACROSS_NAMESPACES = ("list", "watch")
WITHOUT_ROWS = ("binding", "eviction", "token")
OF_MANY = ("list", "deletecollection")

# Doors into running containers, which need a kubelet that streams: known, and refused in plain words.
STREAMING = ("attach", "exec", "portforward", "proxy")

DEPRECATED = {
    "endpoints": "v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice",
}


@dataclass(frozen=True, slots=True)
class Asked:
    """A request for a resource that is understood so far: what `verb` on what `row`, with which options."""

    entry: Entry
    incoming: Incoming
    path: ResourcePath
    verb: str
    options: dict[str, Any]
    form: Form
    pretty: bool


def verb_of(incoming: Incoming, path: ResourcePath) -> str:
    """The verb, as authorization knows it. Unknown methods keep their name, which nobody may do."""
    verb = VERBS.get((incoming.method, bool(path.name)), incoming.method.lower())
    if verb == "list" and b"watch" in incoming.query_string and query.options(incoming.query_string).get("watch"):
        return "watch"
    return verb


def attributes(verb: str, path: ResourcePath) -> Attributes:
    namespace = path.name if path.plural == "namespaces" and not path.group else path.namespace
    return Attributes(verb, path.group, path.plural, path.subresource, namespace, path.name)


def has_tables(path: ResourcePath) -> bool:
    """Whether what the path names can be shown as a Table: what is only ever created is an answer, not a row."""
    row = find_by_path(path.group, path.version, path.plural)
    return path.subresource not in WITHOUT_ROWS and (row is None or "get" in row.verbs)


def is_known_version(path: ResourcePath) -> bool:
    return any(row.group == path.group and row.version == path.version for row in REGISTRY.values())


def answer(asked: Asked, user: User, directory: Directory, hub: Hub) -> Answer:
    """Raises ApiError."""
    path, verb = asked.path, asked.verb
    row = find_by_path(path.group, path.version, path.plural)
    if row is None:
        authorize(asked.entry.server.authorizer, user, attributes(verb, path))
        if not is_known_version(path):
            return page_not_found()
        raise NotFound(NO_RESOURCE)
    check_scope(row, path, verb, user, asked)
    request = Request(
        verb,
        row.name,
        path.namespace,
        path.name,
        path.subresource,
        options=asked.options,
        user=user,
        user_agent=asked.incoming.header(b"user-agent")[:256],
    )
    if verb == "watch":
        return watch(asked, request, directory, hub)
    if (row.name, path.subresource, verb) == ("pods", "log", "get"):
        authorize(asked.entry.server.authorizer, user, attributes(verb, path))
        return podlogs.answer(asked.entry.server, asked.entry.cluster, request, directory, hub)
    told = bodies.decode_into(request, row, asked.incoming)
    result = perform(asked, request)
    told = (*told, *request.warnings)
    now = virtual_now(asked.entry) if asked.form.view == "Table" else 0.0
    include = str(asked.options.get("includeObject") or "Metadata")
    content = shown(result.answer, asked.form, row.name, now, include, many=verb in OF_MANY)
    response = of_object(content, asked.form, code=result.code, pretty=asked.pretty)
    told = (*told, *request.warnings, *([DEPRECATED[row.name]] if row.name in DEPRECATED else []))
    response.headers += warnings(tuple(dict.fromkeys(told)))  # once, though a retried request is decoded again
    return response


def check_scope(row: Resource, path: ResourcePath, verb: str, user: User, asked: Asked) -> None:
    """Whether such a path exists for the resource, and the method on it. Raises NotFound, MethodNotAllowed."""
    if path.rest and path.subresource != "proxy":
        raise NotFound(NO_RESOURCE)
    if path.namespace and not row.namespaced:
        raise NotFound(NO_RESOURCE)
    if row.namespaced and not path.namespace and verb not in ACROSS_NAMESPACES:
        if path.name:
            raise NotFound(NO_RESOURCE)
        if verb != "create" or "create" not in row.verbs or not _is_review(row):
            raise MethodNotAllowed(NO_METHOD)
    if asked.incoming.method not in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE") or (
        verb in ("put", "patch") and not path.name
    ):
        raise MethodNotAllowed(NO_METHOD)
    if verb == "create" and path.name and not path.subresource:
        raise MethodNotAllowed(NO_METHOD)
    if path.subresource in STREAMING and path.subresource in row.subresources:
        authorize(asked.entry.server.authorizer, user, attributes(verb, path))
        check_target(row, path, asked)
        raise MethodNotAllowed(NOT_SERVED.format(resource=row.plural, subresource=path.subresource))


def check_target(row: Resource, path: ResourcePath, asked: Asked) -> None:
    """Whether there is anything behind such a door, as would be asked before it opens. Raises NotFound, BadRequest."""
    name = path.name
    if path.subresource == "proxy":  # `NAME:PORT`, `SCHEME:NAME:PORT`
        parts = name.split(":")
        name = parts[1] if len(parts) == 3 else parts[0]
    asked.entry.server.cache.catch_up()
    found = asked.entry.server.cache.get(row.name, path.namespace, name)
    if found is None:
        raise not_found(row.name, name)
    if row.name != "pods":
        return
    if path.subresource in ("attach", "exec"):
        container_meant(found, asked.options.get("container") or "")
    if not found["spec"].get("nodeName"):
        raise BadRequest(NO_HOST.format(name=name))


def _is_review(row: Resource) -> bool:
    return row.verbs == ("create",)


@dataclass(frozen=True, slots=True)
class Result:
    answer: Obj
    code: int


def perform(asked: Asked, request: Request) -> Result:
    """Have the API server decide. Raises ApiError."""
    if request.verb in ("get", "list"):
        answer = asked.entry.batcher.read(request)
        code = 200
    else:
        code = 201 if _creates(asked, request) else 200
        answer = asked.entry.batcher.submit(request)
    if isinstance(answer, ApiError):
        raise answer
    if answer.get("kind") == "Status":
        code = answer.get("code") or code
    return Result(answer, code)


def _creates(asked: Asked, request: Request) -> bool:
    """Whether success means that something new is there: 201. An apply may be either."""
    if request.verb == "create":
        return True
    cache = asked.entry.server.cache
    return request.patch_type is PatchType.APPLY and not cache.get(request.resource, request.namespace, request.name)


def watch(asked: Asked, request: Request, directory: Directory, hub: Hub) -> Answer:
    if asked.form.media_type != "application/json":
        raise NotAcceptable(WATCH_IN_YAML)
    server = asked.entry.server
    hub.check_room(server.cluster_id)
    opened = server.watch(request)
    now = virtual_now(asked.entry) if asked.form.view == "Table" else 0.0
    stream = WatchStream(server, opened, hub, directory.is_served, asked.form, asked.options, now)
    response = stream.response
    if request.resource in DEPRECATED:
        response.headers += warnings([DEPRECATED[request.resource]])
    return response


def virtual_now(entry: Entry) -> float:
    """The cluster's clock, by which ages are told."""
    return entry.server.now(entry.cluster)
