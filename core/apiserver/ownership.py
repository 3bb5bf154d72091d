"""Field ownership of the objects that clients write: which request is recorded as whose, and server-side apply.

What a client sends over HTTPS is recorded under its `fieldManager`, or what its user agent calls itself. The cluster's own
components write in-process and without a user agent: they are recorded only where a record exists already, so that the
thousands of pods, events and leases they write carry none. The rules are `core.kube.fields`.
"""

import orjson

from core.apiserver import decoding
from core.apiserver.batch import Batch
from core.apiserver.options import MANAGER_MAX
from core.kube.conversion import from_stored, spoken_row, to_stored
from core.kube.definitions import definition_of
from core.kube.errors import BadRequest, TooLarge, UnsupportedMediaType, conflict
from core.kube.fields import Author, apply, update
from core.kube.fields.typed import Malformed
from core.kube.objects import Obj, clone
from core.kube.requests import Request
from core.kube.resources import Resource
from core.kube.structs import completed
from core.kube.times import timestamp

KUBECTL, LAST_APPLIED = "kubectl", "kubectl.kubernetes.io/last-applied-configuration"
"""Kept up to date for a client-side `kubectl apply` that may come after a server-side one."""

NAME_MISMATCH = "the name of the object ({given}) does not match the name on the URL ({wanted})"
FIELDS_MAX = 20_000
"""Fields of an object whose owners are told apart, about a second's work under the cluster's lock; more are not recorded."""
TOO_MANY_FIELDS = "server-side apply takes objects of at most {most} fields"

MANAGED = "metadata.managedFields must be nil"
NO_SCHEMA = "server-side apply is not supported for {kind}: its fields are not known"
MALFORMED = "failed to create typed patch object ({namespace}/{name}; {version}, Kind={kind}): {why}"
NO_SUCH_UID = "uid mismatch: the provided object specified uid {uid}, and no existing object was found"


def record(row: Resource, request: Request, old: Obj | None, new: Obj, batch: Batch) -> None:
    """Write into `new` that this request made it out of `old`.

    An apply has said already who owns what; but one to `scale` is, to the object behind it, an update of its replicas.
    """
    if request.is_apply and request.subresource != "scale":
        return
    given = new["metadata"].get("managedFields") or (old is not None and old["metadata"].get("managedFields"))
    if not given and not request.user_agent:
        return
    if not request.user_agent and request.subresource == "status":
        if old is not None and "managedFields" in old["metadata"]:
            new["metadata"]["managedFields"] = old["metadata"]["managedFields"]
        return
    if _fields(orjson.dumps(new)) > FIELDS_MAX:
        new["metadata"].pop("managedFields", None)
        return
    try:
        schema = definition_of(row)
    except KeyError:
        return
    author = Author(_manager(request), "Update", row.api_version, request.subresource)
    before, after = (completed(row, obj) for obj in (old or {"metadata": {}}, new))
    update(before, after, schema, author, timestamp(batch.now))
    new["metadata"] = after["metadata"]


def applied(row: Resource, request: Request, current: Obj | None, batch: Batch) -> Obj:
    """A new object: `current`, or nothing yet, with what is applied. Raises ApiError."""
    try:
        schema = definition_of(row)
    except KeyError:
        raise UnsupportedMediaType(NO_SCHEMA.format(kind=row.kind)) from None
    spoken = spoken_row(row, request)
    wanted = to_stored(spoken, _wanted(spoken, request))
    if _fields(orjson.dumps([wanted, current])) > FIELDS_MAX:
        raise TooLarge(TOO_MANY_FIELDS.format(most=FIELDS_MAX))
    if current is None:
        if uid := wanted["metadata"].get("uid"):
            raise conflict(row.name, request.name, NO_SUCH_UID.format(uid=uid))
        current = {"apiVersion": row.api_version, "kind": row.kind, "metadata": {}}
    author = Author(request.options["fieldManager"], "Apply", "", request.subresource)
    force = bool(request.options.get("force"))
    try:
        new = apply(current, wanted, schema, author, timestamp(batch.now), force=force)
    except Malformed as error:
        # The real server answers 500 here; but it is the client who is to blame.
        version = row.api_version if row.group else f"/{row.version}"
        name, namespace = request.name, (request.body.get("metadata") or {}).get("namespace", "")
        raise BadRequest(
            MALFORMED.format(namespace=namespace, name=name, version=version, kind=row.kind, why=error)
        ) from None
    new = clone(new)
    annotations = new["metadata"].get("annotations") or {}
    if author.manager == KUBECTL and LAST_APPLIED in annotations:
        annotations[LAST_APPLIED] = orjson.dumps(wanted, option=orjson.OPT_SORT_KEYS).decode() + "\n"
    return decoding.accept(row, request, from_stored(spoken, new))


def _wanted(row: Resource, request: Request) -> Obj:
    """What is applied, checked to be about the object of the URL."""
    body = request.body
    if not isinstance(body, dict) or not isinstance(body.get("metadata", {}), dict):
        raise BadRequest(decoding.NOT_AN_OBJECT.format(kind=row.kind))
    wanted: Obj = decoding.without_nulls(body)
    meta = wanted.setdefault("metadata", {})
    if "managedFields" in meta:
        raise BadRequest(MANAGED)
    if meta.setdefault("name", request.name) != request.name:
        raise BadRequest(NAME_MISMATCH.format(given=meta["name"], wanted=request.name))
    decoding.accept_kind(row, wanted)
    decoding.accept_place(row, request, meta)
    if request.subresource == "status":
        return {name: wanted[name] for name in ("apiVersion", "kind", "metadata", "status") if name in wanted}
    if "status" in row.subresources:
        wanted.pop("status", None)
    return wanted


def _fields(packed: bytes) -> int:
    """About how many fields there are in a piece of JSON."""
    return packed.count(b'":')


def _manager(request: Request) -> str:
    """`fieldManager`, else the program that its user agent names, else the component that its user is."""
    named = request.options.get("fieldManager") or request.user_agent.partition("/")[0]
    if not named:
        user = request.user.name if request.user else ""
        named = "kubelet" if user.startswith("system:node:") else user.rpartition(":")[2]
    return "".join(filter(str.isprintable, str(named)))[:MANAGER_MAX] or "unknown"
