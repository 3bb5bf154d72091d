"""Decode: from a request's body to an object of the resource's kind, strictly or leniently.

What the bytes say was read at the door; here the body must be an object of the right kind and version, for the namespace
and name of the URL. A body without kind or version is taken for what the URL says, as the real server does.
"""

from typing import Any

import orjson

from core.kube.conversion import spoken_row, to_stored
from core.kube.decode import BODY_BYTES_MAX
from core.kube.errors import BadRequest, TooLarge
from core.kube.objects import Obj
from core.kube.requests import Request
from core.kube.resources import Resource
from core.kube.schema import conform

NAMESPACE_MISMATCH = "the namespace of the provided object does not match the namespace sent on the request"
WRONG_KIND = '{kind} in version "{version}" cannot be handled as a {wanted}: '
NO_CONVERSION = "converting ({short}.{kind}) to ({group}.{wanted}): unknown conversion"
NOT_REGISTERED = 'no kind "{kind}" is registered for version "{version}" in scheme "pkg/api/legacyscheme/scheme.go:30"'
WITH_SPEC = frozenset({"deployments.apps", "nodes", "pods", "replicasets.apps", "replicationcontrollers", "services"})
"""Kinds whose spec may be left out of a body but is there, empty, for the stages that follow."""
VALUE_MAX = 1_572_864  # bytes; etcd's --max-request-bytes
TOO_LARGE = "etcdserver: request is too large"
STRICT, UNKNOWN_FIELD = "strict decoding error: ", 'unknown field "{path}"'
METADATA = "metadata is not an object"
NOT_AN_OBJECT = (
    "the object provided is unrecognized (must be of type {kind}): couldn't get version/kind; json parse error"
)


def decode(row: Resource, request: Request) -> Obj:
    """A fresh copy of the request's body, checked to be one for this request, as `row` stores it. Raises BadRequest."""
    if not isinstance(request.body, dict):
        raise BadRequest(NOT_AN_OBJECT.format(kind=row.kind))
    try:
        packed = orjson.dumps(request.body)
    except TypeError as error:
        raise BadRequest(f"{NOT_AN_OBJECT.format(kind=row.kind)}: {error}") from None
    return accept(row, request, unpack(packed))


def check_size(packed: bytes) -> None:
    """What the store cannot take is refused, after validation has had its say. Raises TooLarge."""
    if len(packed) > VALUE_MAX:
        raise TooLarge(TOO_LARGE)


def unpack(packed: bytes) -> Obj:
    """A copy of what may be looked at. Raises TooLarge."""
    if len(packed) > BODY_BYTES_MAX:
        raise TooLarge(TOO_LARGE)
    obj: Obj = orjson.loads(packed)
    return obj


def accept(stored: Resource, request: Request, obj: Obj) -> Obj:
    """Check that `obj`, sent or made by a patch, is one for this request; complete what the URL says. Raises BadRequest.

    The client may speak another kind than the one that is stored: `obj` is that, what is answered is the stored one.
    """
    row = spoken_row(stored, request)
    accept_kind(row, obj)
    if obj.get("metadata") is None:
        obj["metadata"] = {}
    check_fields(row, request, obj)
    if row.name in WITH_SPEC:
        obj.setdefault("spec", {})
    meta = obj["metadata"]
    if not isinstance(meta, dict):
        raise BadRequest(WRONG_KIND.format(kind=row.kind, version=row.version, wanted=row.kind) + METADATA)
    accept_place(row, request, meta)
    if row is stored:
        return obj
    converted = to_stored(row, obj)
    conform(stored, converted)  # what rode along in annotations was not looked at yet
    return converted


def accept_place(row: Resource, request: Request, meta: Obj) -> None:
    """The namespace is the URL's. Raises BadRequest."""
    if row.namespaced:
        if meta.get("namespace", request.namespace) != request.namespace:
            raise BadRequest(NAMESPACE_MISMATCH)
        meta["namespace"] = request.namespace
    else:
        meta.pop("namespace", None)


def check_fields(row: Resource, request: Request, obj: Obj) -> None:
    """Types must be right; unknown fields are dropped; they and duplicates are refused, told or ignored as the client says.

    How is the query option `fieldValidation`: Strict, Warn or Ignore.
    """
    unknown = conform(row, obj)
    mode = request.options.get("fieldValidation") or "Warn"
    said = [*request.duplicates, *(UNKNOWN_FIELD.format(path=path) for path in unknown)]
    if not said or mode == "Ignore":
        return
    if mode == "Strict":
        raise BadRequest(
            WRONG_KIND.format(kind=row.kind, version=row.version, wanted=row.kind) + STRICT + ", ".join(said)
        )
    request.warnings += said


def without_nulls(value: Any) -> Any:
    """A copy in which fields that are null are absent, as they are once the object is decoded."""
    if isinstance(value, dict):
        return {key: without_nulls(child) for key, child in value.items() if child is not None}
    if isinstance(value, list):
        return [without_nulls(child) for child in value if child is not None]
    return value


def accept_kind(row: Resource, obj: Obj) -> None:
    """Kind and version are the resource's, and written into `obj` where it leaves them out. Raises BadRequest."""
    kind, version = obj.get("kind") or row.kind, obj.get("apiVersion") or row.api_version
    if version != row.api_version:
        raise BadRequest(
            WRONG_KIND.format(kind=row.kind, version=row.version, wanted=row.kind)
            + NOT_REGISTERED.format(kind=kind, version=version)
        )
    if kind != row.kind:
        raise BadRequest(
            WRONG_KIND.format(kind=kind, version=row.version, wanted=row.kind)
            + NO_CONVERSION.format(short=row.version, kind=kind, group=row.group or "core", wanted=row.kind)
        )
    obj["kind"], obj["apiVersion"] = kind, version
