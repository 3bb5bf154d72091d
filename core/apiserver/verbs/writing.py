"""create, update and patch: what a write goes through between being let in and being staged.

decode → mutating admission → defaulting → the resource's strategy → validation → validating admission → stage. An update
that changes nothing is answered with what is there and makes no revision, as in the real server. What is compared, owned,
answered and stored is the `completed` object; what is validated is the one before, which says what was left out.
"""

from collections.abc import Callable

import orjson

from core.apiserver import admission, decoding, effectless, ownership
from core.apiserver.admission import Attempt
from core.apiserver.authorization import ANONYMOUS, attributes_of, authorize
from core.apiserver.batch import Batch
from core.apiserver.options import is_dry_run
from core.apiserver.strategies import strategy_of
from core.apiserver.verbs.deleting import finish_if_released
from core.apiserver.verbs.reading import find
from core.kube.causes import invalid_value
from core.kube.conversion import from_stored, spoken_row
from core.kube.defaults import apply_defaults
from core.kube.errors import (
    BadRequest,
    UnsupportedMediaType,
    already_exists,
    conflict,
)
from core.kube.objects import Obj, clone
from core.kube.patches import apply_patch
from core.kube.requests import PatchType, Request, User
from core.kube.resources import Resource
from core.kube.structs import completed
from core.kube.times import timestamp
from core.kube.validation import Cause, invalid, validate_create, validate_update

NAME_ALPHABET = "bcdfghjklmnpqrstvwxz2456789"  # without vowels and look-alikes, so that no words come out
NAME_LENGTH_MAX = 63
GENERATE_TRIES = 8

VERSION_ON_CREATE = "resourceVersion should not be set on objects to be created"
VERSION_ON_UPDATE = "must be specified for an update"
NAME_MISMATCH = "the name of the object ({given}) does not match the name on the URL ({wanted})"
UID_PRECONDITION = (
    "StorageError: invalid object, Code: 4, Key: {key}, ResourceVersion: 0, AdditionalErrorMsg: Precondition failed:"
    " UID in precondition: {given}, UID in object meta: {actual}"
)
MEDIA_TYPE = "415: Unsupported Media Type"

SYSTEM_FIELDS = (
    "uid",
    "creationTimestamp",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "selfLink",
    "generation",
)


def user_of(request: Request) -> User:
    return request.user or ANONYMOUS


def create(row: Resource, request: Request, batch: Batch) -> Obj:
    obj = decoding.decode(row, request)
    batch.trace.note("decode", "is a " + row.kind)
    _warn(row, request, obj, None)
    return _create(row, request, batch, obj)


def _create(row: Resource, request: Request, batch: Batch, obj: Obj) -> Obj:
    meta = obj["metadata"]
    if meta.get("resourceVersion"):
        raise BadRequest(VERSION_ON_CREATE)
    for name in SYSTEM_FIELDS:
        meta.pop(name, None)
    if not meta.get("name") and meta.get("generateName"):
        meta["name"] = _generate(row, request, batch, meta["generateName"])
    if request.verb == "create":
        _record_created(row, request, batch, obj)
    attempt = Attempt(
        "create", row, "", request.namespace, meta.get("name", ""), user_of(request), obj, None, is_dry_run(request)
    )
    admission.mutate(attempt, batch)
    apply_defaults(row, obj)
    batch.trace.note("defaulting", "done")
    strategy = strategy_of(row.name)
    strategy.prepare_create(obj, batch)
    _validate(row, obj, validate_create(row, obj), batch)
    admission.validate(attempt, batch)
    if batch.find(row.name, request.namespace, meta["name"]) is not None:
        raise already_exists(row.name, meta["name"])
    obj = completed(row, obj)
    if "uid" not in meta:  # a strategy may have needed it already
        meta["uid"] = batch.new_uid()
    meta["creationTimestamp"] = timestamp(batch.now)
    if strategy.has_generation:
        meta["generation"] = 1
    if is_dry_run(request):
        return obj
    return batch.put(row, obj, None, request)


def _record_created(row: Resource, request: Request, batch: Batch, obj: Obj) -> None:
    """The client owns what it wrote and what that means by default, but nothing of what admission adds."""
    if not request.user_agent and "managedFields" not in obj["metadata"]:
        return
    full = clone(obj)
    apply_defaults(row, full)
    if strategy_of(row.name).has_status:
        full.pop("status", None)  # a client may send one, but what is created begins with the server's
    ownership.record(row, request, None, full, batch)
    if "managedFields" in full["metadata"]:
        obj["metadata"]["managedFields"] = full["metadata"]["managedFields"]


def update(row: Resource, request: Request, batch: Batch) -> Obj:
    old = find(row, request, batch)
    new = decoding.decode(row, request)
    batch.trace.note("decode", "is a " + row.kind)
    check_preconditions(row, request, new, old)
    return replace(row, request, batch, old, new)


def patch(row: Resource, request: Request, batch: Batch) -> Obj:
    if request.is_apply and batch.find(row.name, request.namespace, request.name) is None:
        return _create_by_apply(row, request, batch)
    old = find(row, request, batch)
    new = patched(row, request, old, batch)
    batch.trace.note("decode", f"patched: {request.patch_type}")
    check_preconditions(row, request, new, old)
    return replace(row, request, batch, old, new)


def _create_by_apply(row: Resource, request: Request, batch: Batch) -> Obj:
    """To apply what is not there is to create it, and needs the right to."""
    authorize(batch.authorizer, user_of(request), attributes_of(request)._replace(verb="create"))
    obj = ownership.applied(row, request, None, batch)
    _warn(row, request, obj, None)
    batch.trace.note("decode", "applied: is a new " + row.kind)
    return _create(row, request, batch, obj)


def patched(row: Resource, request: Request, current: Obj, batch: Batch) -> Obj:
    """A new object: `current` with the request's patch applied."""
    if request.patch_type is None:
        raise UnsupportedMediaType(MEDIA_TYPE)
    if request.is_apply:
        return ownership.applied(row, request, current, batch)
    spoken = spoken_row(row, request)
    decoding.check_size(orjson.dumps(request.body))
    # Copied, because a patch shares with the current object what it leaves alone, and the stages after it change in place.
    made = apply_patch(spoken, request.patch_type, from_stored(spoken, current), request.body)
    new = decoding.unpack(orjson.dumps(made))
    if request.patch_type is PatchType.STRATEGIC:  # patches fields of the type that is there, whatever it says it is
        new |= {"kind": spoken.kind, "apiVersion": spoken.api_version}
    return decoding.accept(row, request, new)


def check_preconditions(row: Resource, request: Request, new: Obj, old: Obj) -> None:
    """The name is the URL's; uid and resourceVersion, where given, are those of the object that is there. Whether a
    resourceVersion has to be given is the strategy's say (registry/generic/registry/store.go, Update)."""
    meta, current = new["metadata"], old["metadata"]
    if meta.get("name", request.name) != request.name:
        raise BadRequest(NAME_MISMATCH.format(given=meta["name"], wanted=request.name))
    if meta.get("uid", current["uid"]) != current["uid"]:
        key = row.storage_key(request.namespace, request.name)
        raise conflict(
            row.name, request.name, UID_PRECONDITION.format(key=key, given=meta["uid"], actual=current["uid"])
        )
    if is_unversioned(new):
        if not strategy_of(row.name).unconditional_update:
            # The real server knows only the resource there, so the resource stands where else the kind would.
            raise invalid(row.title, request.name, [invalid_value("metadata.resourceVersion", 0, VERSION_ON_UPDATE)])
    elif meta["resourceVersion"] != current["resourceVersion"]:
        raise conflict(row.name, request.name)


def is_unversioned(obj: Obj) -> bool:
    """Whether it does not say which state of the object it was made from; 0 says nothing either."""
    return obj["metadata"].get("resourceVersion") in (None, "", "0")


def replace(
    row: Resource,
    request: Request,
    batch: Batch,
    old: Obj,
    new: Obj,
    prepare: Callable[[Obj, Obj, Batch], None] | None = None,
) -> Obj:
    """Put `new` over `old`, keeping what no client may change. `prepare` replaces the strategy's own preparation."""
    strategy = strategy_of(row.name)
    meta, current = new["metadata"], old["metadata"]
    for name in SYSTEM_FIELDS:
        if name in current:
            meta[name] = current[name]
        else:
            meta.pop(name, None)
    meta["name"] = request.name
    if row.namespaced:
        meta["namespace"] = request.namespace
    _warn(row, request, new, old)
    subresource, user = request.subresource, user_of(request)
    attempt = Attempt("update", row, subresource, request.namespace, request.name, user, new, old, is_dry_run(request))
    admission.mutate(attempt, batch)
    apply_defaults(row, new)
    managed = meta.get("managedFields")
    (prepare or strategy.prepare_update)(new, old, batch)
    meta = new["metadata"]
    if managed is not None:
        meta["managedFields"] = managed
    draft, new = new, completed(row, new)
    meta = new["metadata"]
    if strategy.has_generation and strategy.content(new) != strategy.content(old):
        meta["generation"] = current.get("generation", 0) + 1
    meta["resourceVersion"] = current["resourceVersion"]
    ownership.record(row, request, old, new, batch)
    if new == old:
        return old
    _validate(row, draft, validate_update(row, draft, old, subresource, new), batch)
    admission.validate(attempt, batch)
    if is_dry_run(request):
        return new
    if finish_if_released(row, request, batch, old, new):
        return new
    return batch.put(row, new, old, request)


def _warn(row: Resource, request: Request, new: Obj, old: Obj | None) -> None:
    """Whoever can read is told what will have no effect."""
    if request.user_agent:
        request.warnings += effectless.said(row.name, new, old)


def _validate(row: Resource, obj: Obj, causes: list[Cause], batch: Batch) -> None:
    """Raises Invalid, with every cause there is."""
    if causes:
        error = invalid(row, obj["metadata"].get("name", ""), causes)
        batch.trace.note("validation", f"refused: {error.message}")
        raise error
    batch.trace.note("validation", "valid")


def _generate(row: Resource, request: Request, batch: Batch, prefix: str) -> str:
    """A free name: the prefix and five characters."""
    prefix = prefix[: NAME_LENGTH_MAX - 5]
    for _ in range(GENERATE_TRIES):
        name = prefix + "".join(batch.random.choices(NAME_ALPHABET, k=5))
        if batch.find(row.name, request.namespace, name) is None:
            return name
    return name
