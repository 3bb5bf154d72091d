"""What an API server answers instead of an object: `Status` as an exception, one class per reason a caller can act on.

Reference: apimachinery `pkg/api/errors` and `metav1.StatusReason`. The message texts of the constructors are those that
clients match on.
"""

from typing import Any

from core.kube.objects import Obj


class ApiError(Exception):
    """A failed request. `status` is the `Status` object a client receives; `code` its HTTP status."""

    code = 500
    reason = "InternalError"
    premature = False
    """Whether the cluster itself is about to make what the request lacked: asked again in a moment, it may well succeed."""

    def __init__(
        self,
        message: str,
        *,
        code: int | None = None,
        reason: str | None = None,
        details: dict[str, Any] | None = None,
        retry_after: int | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or self.code
        self.reason = self.reason if reason is None else reason
        self.details = details or {}
        self.retry_after = retry_after
        if retry_after is not None:
            self.details["retryAfterSeconds"] = retry_after

    @property
    def status(self) -> Obj:
        body: Obj = {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": self.message,
        }
        if self.reason:
            body["reason"] = self.reason
        if self.details:
            body["details"] = self.details
        body["code"] = self.code
        return body

    def has_cause(self, reason: str) -> bool:
        """Whether one of its causes is `reason`, as `errors.HasStatusCause` in client-go."""
        return any(cause.get("reason") == reason for cause in self.details.get("causes") or ())


NAMESPACE_TERMINATING = "NamespaceTerminating"
"""The cause of a refusal to create anything in a namespace that ends: nothing is wrong, and nothing needs to be done."""


class BadRequest(ApiError):
    code, reason = 400, "BadRequest"


class Unauthorized(ApiError):
    code, reason = 401, "Unauthorized"


class Forbidden(ApiError):
    code, reason = 403, "Forbidden"


class NotAuthorized(Forbidden):
    """The authorizer's refusal, not admission's: the request was not looked into at all."""


class NotFound(ApiError):
    code, reason = 404, "NotFound"


class MethodNotAllowed(ApiError):
    code, reason = 405, "MethodNotAllowed"


class NotAcceptable(ApiError):
    code, reason = 406, "NotAcceptable"


class AlreadyExists(ApiError):
    code, reason = 409, "AlreadyExists"


class Conflict(ApiError):
    """Somebody else changed the object first: read it again and decide again."""

    code, reason = 409, "Conflict"


class Expired(ApiError):
    """The revision asked for was compacted: list again."""

    code, reason = 410, "Expired"


class TooLarge(ApiError):
    code, reason = 413, "RequestEntityTooLarge"


class UnsupportedMediaType(ApiError):
    code, reason = 415, "UnsupportedMediaType"


class Invalid(ApiError):
    """The object breaks rules; `details.causes` names each field."""

    code, reason = 422, "Invalid"


class TooManyRequests(ApiError):
    code, reason = 429, "TooManyRequests"


class StoreTimeout(ApiError):
    """etcd did not answer in time: no leader or no quorum. The write may or may not happen later.

    `is_untouched` when it certainly will not, because nothing was proposed: it may be tried again.
    """

    code, reason = 500, ""

    def __init__(self, message: str = "etcdserver: request timed out", *, is_untouched: bool = False) -> None:
        super().__init__(message)
        self.is_untouched = is_untouched


class StoreFull(ApiError):
    """etcd takes no more: everything that would make its store larger is refused, as with a real one after its alarm."""

    code, reason = 500, ""

    def __init__(self) -> None:
        super().__init__("etcdserver: mvcc: database space exceeded")


class ServerTimeout(ApiError):
    code, reason = 504, "Timeout"


class Unavailable(ApiError):
    """The API server itself is stopped or cut off: nobody answered."""

    code, reason = 503, "ServiceUnavailable"


def qualified(plural: str, group: str) -> str:
    """A resource as error texts name it: `pods`, `deployments.apps`."""
    return f"{plural}.{group}" if group else plural


def not_found(resource: str, name: str) -> NotFound:
    """`resource` as kubectl names it, e.g. `deployments.apps`."""
    plural, _, group = resource.partition(".")
    return NotFound(f'{resource} "{name}" not found', details=_details(name, group, plural))


def already_exists(resource: str, name: str) -> AlreadyExists:
    plural, _, group = resource.partition(".")
    return AlreadyExists(f'{resource} "{name}" already exists', details=_details(name, group, plural))


CONFLICT_TEXT = "the object has been modified; please apply your changes to the latest version and try again"


def conflict(resource: str, name: str, why: str = CONFLICT_TEXT) -> Conflict:
    plural, _, group = resource.partition(".")
    return Conflict(
        f'Operation cannot be fulfilled on {resource} "{name}": {why}', details=_details(name, group, plural)
    )


def _details(name: str, group: str, kind: str) -> dict[str, Any]:
    details = {"name": name}
    if group:
        details["group"] = group
    return details | {"kind": kind}
