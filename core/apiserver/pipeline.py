"""A request's way through the stages, in order; what follows authorization depends on the verb or the subresource.

authentication → authorization → then the verb's handler: decode → mutating admission → defaulting → validation →
validating admission → the staged etcd operation. A handler answers the object and raises ApiError. Each stage leaves a
line in the request's trace.
"""

import logging
from collections.abc import Callable
from typing import Any

from core.apiserver import options
from core.apiserver.authorization import ANONYMOUS, attributes_of, authorize
from core.apiserver.batch import Batch
from core.apiserver.listing import View
from core.apiserver.reviews import REVIEWS
from core.apiserver.subresources import SUBRESOURCES
from core.apiserver.verbs import deleting, reading, writing
from core.kube.conversion import answered, stored_row
from core.kube.errors import ApiError, BadRequest, MethodNotAllowed, NotFound
from core.kube.objects import Obj
from core.kube.requests import Request
from core.kube.resources import REGISTRY, Resource

logger = logging.getLogger(__name__)

Handler = Callable[[Resource, Request, Any], Obj]

NO_RESOURCE = "the server could not find the requested resource"
NO_METHOD = "the server does not allow this method on the requested resource"
TOO_DEEP = "the object is nested too deeply"
INTERNAL = "Internal error occurred: {kind}"

READS: dict[str, Handler] = {"get": reading.get, "list": reading.list_objects}
WRITES: dict[str, Handler] = {
    "create": writing.create,
    "update": writing.update,
    "patch": writing.patch,
    "delete": deleting.delete,
    "deletecollection": deleting.delete_collection,
}
VERBS = READS | WRITES


def decide(request: Request, view: Batch | View) -> Obj:
    """Answer one request, staging what it changes; a `View` will do for those that change nothing. Raises ApiError."""
    row = admit(request, view)
    handler = handler_of(row, request)
    options.check(request)
    try:
        return answered(row, handler(stored_row(row), request, view))
    except ApiError:
        raise
    except RecursionError:
        raise BadRequest(TOO_DEEP) from None
    except Exception as error:  # our own mistake: this request's answer, and nobody else's misfortune
        logger.exception("%s %s/%s %s failed", request.verb, request.resource, request.subresource, request.name)
        raise ApiError(INTERNAL.format(kind=type(error).__name__)) from error


def admit(request: Request, view: Batch | View) -> Resource:
    """Who asks, and may they? Answers the resource's row. Raises NotFound, Forbidden."""
    row = REGISTRY.get(request.resource)
    if row is None:
        raise NotFound(NO_RESOURCE)
    user = request.user or ANONYMOUS
    view.trace.note("authentication", "authenticated" if request.user else "anonymous", user.name)
    try:
        decision = authorize(view.authorizer, user, attributes_of(request))
    except ApiError as error:
        view.trace.note("authorization", "denied", error.message)
        raise
    view.trace.note("authorization", "allowed", decision.reason)
    return row


def handler_of(row: Resource, request: Request) -> Handler:
    if request.subresource:
        if request.subresource not in row.subresources:
            raise NotFound(NO_RESOURCE)
        handler = SUBRESOURCES.get((request.subresource, request.verb))
    elif row.name in REVIEWS:
        handler = REVIEWS[row.name] if request.verb == "create" else None
    else:
        handler = VERBS.get(request.verb) if request.verb in row.verbs else None
    if handler is None:
        raise MethodNotAllowed(NO_METHOD)
    return handler
