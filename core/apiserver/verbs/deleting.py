"""delete and deletecollection: graceful deletion, finalizers, propagation.

Deleting happens in up to three steps, each its own revision: a deletion timestamp with a grace period (pods), then
finalizers that must be taken off by those who put them there, then the removal. The cascade to dependents is not done
here: `Foreground` and `Orphan` are finalizers that the garbage collector acts upon; `Background` lets it find out later.
Reference: apiserver `pkg/registry/rest/delete.go` and `generic/registry/store.go`.
"""

from typing import Any

from core.apiserver import admission, listing
from core.apiserver.admission import Attempt
from core.apiserver.authorization import ANONYMOUS
from core.apiserver.batch import Batch
from core.apiserver.options import invalid
from core.apiserver.strategies import strategy_of
from core.apiserver.verbs.reading import find
from core.kube.errors import BadRequest, Conflict
from core.kube.objects import Obj, clone
from core.kube.requests import Request
from core.kube.resources import Resource
from core.kube.times import parse_timestamp, timestamp

ORPHAN, FOREGROUND = "orphan", "foregroundDeletion"

POLICIES = {
    # propagation policy → (finalizer it puts on, finalizers it takes off)
    "Orphan": (ORPHAN, (FOREGROUND,)),
    "Foreground": (FOREGROUND, (ORPHAN,)),
    "Background": (None, (ORPHAN, FOREGROUND)),
}

UID_MISMATCH = (
    "the UID in the precondition ({given}) does not match the UID in record ({actual}). The object might have been"
    " deleted and then recreated"
)
VERSION_MISMATCH = (
    "the ResourceVersion in the precondition ({given}) does not match the ResourceVersion in record ({actual}). The"
    " object might have been modified"
)
GRACE_MAX = 2**31 - 1
KIND = "DeleteOptions"
BOTH_SET = "orphanDependents and deletionPropagation cannot be both set"


def delete(row: Resource, request: Request, batch: Batch) -> Obj:
    options = delete_options(request)
    old = find(row, request, batch)
    _check_preconditions(row, old, options.get("preconditions") or {})
    strategy = strategy_of(row.name)
    dry = bool(options.get("dryRun"))
    user = request.user or ANONYMOUS
    attempt = Attempt("delete", row, "", request.namespace, request.name, user, None, old, dry)
    admission.mutate(attempt, batch)
    admission.validate(attempt, batch)
    new = clone(old)
    grace = strategy.grace_seconds(old, options)
    pending = _mark(new, old, grace, options, batch)
    removed = not pending and not _finalizers_left(new)
    if not removed and new["metadata"] != old["metadata"]:
        strategy.prepare_delete(new)
        if strategy.has_generation and "deletionTimestamp" not in old["metadata"]:
            new["metadata"]["generation"] = old["metadata"].get("generation", 0) + 1
    if removed:
        if not dry:
            batch.remove(row, old, request)
        return old if strategy.returns_deleted else _success(row, old)
    if new == old or dry:
        return new
    return batch.put(row, new, old, request)


def delete_collection(row: Resource, request: Request, batch: Batch) -> Obj:
    """Delete each object the list would answer; answers that list, as it was."""
    options = delete_options(request)
    found = listing.answer(row, request, batch)
    for obj in found["items"]:
        meta = obj["metadata"]
        one = Request(
            "delete",
            row.name,
            meta.get("namespace", ""),
            meta["name"],
            options=options,
            user=request.user,
            cause=request.cause,
        )
        delete(row, one, batch)
    return found


def finish_if_released(row: Resource, request: Request, batch: Batch, old: Obj, new: Obj) -> bool:
    """Remove an object whose deletion waited for the finalizers that this update takes off."""
    meta = new["metadata"]
    if "deletionTimestamp" not in meta or _finalizers_left(new) or meta.get("deletionGracePeriodSeconds"):
        return False
    batch.remove(row, old, request)
    return True


def delete_options(request: Request) -> dict[str, Any]:
    """The DeleteOptions of a request: those of the body count where the query says nothing. Raises Invalid, BadRequest."""
    options = dict(request.options)
    if isinstance(request.body, dict):
        options = {name: value for name, value in request.body.items() if name not in ("kind", "apiVersion")} | options
    if options.get("propagationPolicy") is not None and options.get("orphanDependents") is not None:
        raise invalid(
            KIND,
            "propagationPolicy",
            "FieldValueInvalid",
            f'Invalid value: "{options["propagationPolicy"]}": {BOTH_SET}',
        )
    policy = options.get("propagationPolicy")
    if policy is not None and (not isinstance(policy, str) or policy not in POLICIES):
        supported = ", ".join(f'"{name}"' for name in ("Foreground", "Background", "Orphan", "nil"))
        raise invalid(
            KIND,
            "propagationPolicy",
            "FieldValueNotSupported",
            f'Unsupported value: "{policy}": supported values: {supported}',
        )
    grace = options.get("gracePeriodSeconds")
    if grace is not None and (type(grace) is not int or abs(grace) > GRACE_MAX):
        raise BadRequest(f"gracePeriodSeconds: {grace!r} is not a number of seconds")
    if not isinstance(options.get("preconditions") or {}, dict):
        raise BadRequest("preconditions must be an object")
    if options.get("orphanDependents") is not None:
        options["propagationPolicy"] = "Orphan" if options["orphanDependents"] else "Background"
    return options


def _check_preconditions(row: Resource, old: Obj, wanted: dict[str, Any]) -> None:
    for name, text in (("uid", UID_MISMATCH), ("resourceVersion", VERSION_MISMATCH)):
        given, actual = wanted.get(name), old["metadata"][name]
        if given is not None and given != actual:
            details = (
                {"name": old["metadata"]["name"]} | ({"group": row.group} if row.group else {}) | {"kind": row.kind}
            )
            kind = f"{row.kind}.{row.group}" if row.group else row.kind
            why = text.format(given=given, actual=actual)
            raise Conflict(
                f'Operation cannot be fulfilled on {kind} "{old["metadata"]["name"]}": {why}', details=details
            )


def _mark(new: Obj, old: Obj, grace: int, options: dict[str, Any], batch: Batch) -> bool:
    """Write into `new` what the deletion asks for; answers whether it still waits for its grace period."""
    meta = new["metadata"]
    finalizers = list(meta.get("finalizers") or ())
    add, take_off = POLICIES.get(options.get("propagationPolicy") or "", (None, ()))
    if options.get("propagationPolicy"):
        finalizers = [name for name in finalizers if name not in take_off]
        if add is not None and add not in finalizers:
            finalizers.append(add)
    if finalizers:
        meta["finalizers"] = finalizers
    else:
        meta.pop("finalizers", None)
    if "deletionTimestamp" in meta:
        left = meta.get("deletionGracePeriodSeconds") or 0
        if not left:
            return False
        if grace >= left or (options.get("gracePeriodSeconds") is None and grace):
            return True
        asked_at = parse_timestamp(meta["deletionTimestamp"]) - left
        if asked_at < parse_timestamp(meta["creationTimestamp"]):
            asked_at = batch.now  # the grace period was longer than any time that can be written
        meta["deletionTimestamp"] = timestamp(asked_at + grace)
        meta["deletionGracePeriodSeconds"] = grace
        return grace > 0
    if grace or _finalizers_left(new):
        meta["deletionTimestamp"] = timestamp(batch.now + grace)
        meta["deletionGracePeriodSeconds"] = grace
    return grace > 0


def _finalizers_left(obj: Obj) -> bool:
    """Whether somebody still has to clean up: metadata.finalizers, and of namespaces spec.finalizers."""
    return bool(obj["metadata"].get("finalizers")) or (
        obj["kind"] == "Namespace" and bool((obj.get("spec") or {}).get("finalizers"))
    )


def _success(row: Resource, old: Obj) -> Obj:
    meta = old["metadata"]
    details = (
        {"name": meta["name"]} | ({"group": row.group} if row.group else {}) | {"kind": row.plural, "uid": meta["uid"]}
    )
    return {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details}
