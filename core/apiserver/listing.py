"""Lists: options, selection, pages that stay consistent while the cluster moves on.

A page's `continue` token names the revision the first page was read at and the key to go on from, in the real server's
form. An older revision is had by undoing, in reverse, what the watch cache remembers happened since; what it no longer
remembers is answered with 410, and the client starts over. Reference: apiserver `pkg/storage/continue.go`, `etcd3/store.go`.
"""

import base64
import binascii
from collections.abc import Callable, Iterable
from typing import Any, Protocol

import orjson

from core.apiserver.authorization import Authorizer
from core.apiserver.options import invalid
from core.apiserver.trace import Trace
from core.apiserver.watchcache import WatchCache
from core.kube import nesting
from core.kube.errors import ApiError, BadRequest, Expired, Invalid, ServerTimeout
from core.kube.objects import Key, Obj, key_of
from core.kube.requests import Request
from core.kube.resources import Resource
from core.kube.selectors import field_selector, label_selector

BAD_REVISION = (
    'invalid resource version: resourceVersion: Invalid value: "{text}":'
    ' strconv.ParseUint: parsing "{text}": invalid syntax'
)
BAD_LIMIT = 'strconv.ParseInt: parsing "{text}": invalid syntax'
WITH_CONTINUE = "specifying resource version is not allowed when using continue"
MATCH_WITHOUT_REVISION = "resourceVersionMatch is forbidden unless resourceVersion is provided"
MATCH_WITH_CONTINUE = "resourceVersionMatch is forbidden when continue is provided"
EXACT_ZERO = 'resourceVersionMatch "Exact" is forbidden for resourceVersion "0"'
BAD_MATCH = 'Unsupported value: "{text}": supported values: "Exact", "NotOlderThan", ""'
TOO_OLD = "The resourceVersion for the provided list is too old."
CONTINUE_TOO_OLD = (
    "The provided continue parameter is too old to display a consistent list result. You can start a new list without the"
    " continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing"
    " with the provided token results in an inconsistent list - objects that were created, modified, or deleted between"
    " the time the first chunk was returned and now may show up in the list."
)
TOKEN_INVALID = "continue key is not valid: {why}"
TOO_LARGE_REVISION = "Too large resource version: {wanted}, current: {current}"

REVISION_MAX = 2**63 - 1
TOKEN_MAX = 4096


class View(Protocol):
    """What a read looks at: the batch being decided, or the cache as it is."""

    cache: WatchCache
    authorizer: Authorizer
    trace: Trace

    @property
    def revision(self) -> int: ...
    def find(self, resource: str, namespace: str, name: str) -> Obj | None: ...
    def all(self, resource: str, namespace: str = "") -> Iterable[Obj]: ...


Predicate = Callable[[Obj], bool]


def answer(row: Resource, request: Request, view: View) -> Obj:
    """The List object a request asks for."""
    options = request.options
    limit = _parse_limit(options.get("limit"))
    token = options.get("continue") or ""
    wanted = parse_revision(options.get("resourceVersion"))
    _check_match(options, wanted, token)
    matches = predicate(row, request)
    start, revision = "", view.revision
    objects: Iterable[Obj]
    if token:
        if wanted not in (None, 0):
            raise BadRequest(WITH_CONTINUE)
        at, start = _parse_token(token)
        if at < 0:
            objects = view.all(row.name, request.namespace)
        else:
            objects, revision = _at(row, request, view, at, _expired_token(start)), at
    elif options.get("resourceVersionMatch") == "Exact" or (wanted and limit and "resourceVersionMatch" not in options):
        assert wanted is not None
        objects, revision = _at(row, request, view, wanted, Expired(TOO_OLD)), wanted
    else:
        check_revision(options.get("resourceVersion"), view.revision)
        objects = view.all(row.name, request.namespace)
    return _page(row, request, objects, revision, start, limit, matches)


def predicate(row: Resource, request: Request) -> Predicate | None:
    """What label and field selectors (and a name, as in a watch of one object) ask for; None when nothing. BadRequest."""
    labels, fields = request.options.get("labelSelector") or "", request.options.get("fieldSelector") or ""
    if not isinstance(labels, str) or not isinstance(fields, str):
        raise BadRequest("selectors must be text")
    tests: list[Predicate] = []
    if labels:
        by_label = label_selector(labels)
        tests.append(lambda obj: by_label(obj["metadata"].get("labels") or {}))
    if fields:
        tests.append(field_selector(fields, row.name))
    if request.name:
        tests.append(lambda obj: obj["metadata"]["name"] == request.name)
    if not tests:
        return None
    return tests[0] if len(tests) == 1 else lambda obj: all(test(obj) for test in tests)


def parse_revision(text: Any) -> int | None:
    """A resourceVersion option; None when it is not given. Raises BadRequest."""
    if text is None or text == "":
        return None
    text = str(text)
    if not (text.isascii() and text.isdigit() and len(text) < 20):
        raise BadRequest(BAD_REVISION.format(text=text))
    return min(int(text), REVISION_MAX)


def check_revision(text: Any, current: int) -> None:
    """A plain resourceVersion means: not older than that. Raises ServerTimeout when the store is not there yet."""
    wanted = parse_revision(text)
    if wanted is not None and wanted > current:
        raise ServerTimeout(
            TOO_LARGE_REVISION.format(wanted=wanted, current=current),
            details={
                "causes": [{"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}],
            },
            retry_after=1,
        )


def collection(row: Resource, items: list[Obj], revision: int) -> Obj:
    return {
        "kind": f"{row.kind}List",
        "apiVersion": row.api_version,
        "metadata": {"resourceVersion": str(revision)},
        "items": items,
    }


def order(row: Resource, obj: Obj) -> str:
    """Where etcd keeps the object among its kind: lists are ordered by it."""
    meta = obj["metadata"]
    return f"{meta.get('namespace', '')}/{meta['name']}" if row.namespaced else str(meta["name"])


def _page(
    row: Resource,
    request: Request,
    objects: Iterable[Obj],
    revision: int,
    start: str,
    limit: int,
    matches: Predicate | None,
) -> Obj:
    prefix = f"{request.namespace}/" if request.namespace and row.namespaced else ""
    keyed = sorted(((order(row, obj), obj) for obj in objects), key=lambda pair: pair[0])
    if start:
        keyed = [pair for pair in keyed if pair[0] >= prefix + start]
    if matches is not None:
        keyed = [pair for pair in keyed if matches(pair[1])]
    page = keyed[:limit] if limit else keyed
    result = collection(row, [obj for _, obj in page], revision)
    if len(page) < len(keyed):
        last = page[-1][0].removeprefix(prefix)
        result["metadata"]["continue"] = _token(revision, f"/{last}\0")
        if matches is None:
            result["metadata"]["remainingItemCount"] = len(keyed) - len(page)
    return result


def _at(row: Resource, request: Request, view: View, revision: int, expired: ApiError) -> Iterable[Obj]:
    """The objects as of `revision`."""
    current = view.cache.revision
    if revision > current:
        check_revision(revision, current)
    with view.cache.lock:
        objects: dict[Key, Obj] = dict(view.cache.objects.get(row.name, {}))
        try:
            events = view.cache.since(revision)
        except Expired:
            raise expired from None
    for event in reversed(events):
        if event.resource != row.name:
            continue
        if event.old is None:
            objects.pop(event.key, None)
        else:
            objects[event.key] = event.old
    return [obj for obj in objects.values() if not request.namespace or key_of(obj).namespace == request.namespace]


def _parse_limit(value: Any) -> int:
    if value is None or value == "":
        return 0
    text = str(value)
    digits = text[1:] if text[:1] in "+-" else text
    if isinstance(value, bool) or not (digits.isascii() and digits.isdigit()):
        raise BadRequest(BAD_LIMIT.format(text=text))
    return max(0, int(text)) if len(text) < 20 else REVISION_MAX


def _check_match(options: dict[str, Any], wanted: int | None, token: str) -> None:
    match = options.get("resourceVersionMatch")
    if not match:
        options.pop("resourceVersionMatch", None)
        return
    if token:
        raise invalid_option("resourceVersionMatch", "FieldValueForbidden", f"Forbidden: {MATCH_WITH_CONTINUE}")
    if wanted is None:
        raise invalid_option("resourceVersionMatch", "FieldValueForbidden", f"Forbidden: {MATCH_WITHOUT_REVISION}")
    if match not in ("Exact", "NotOlderThan"):
        raise invalid_option("resourceVersionMatch", "FieldValueNotSupported", BAD_MATCH.format(text=match))
    if match == "Exact" and wanted == 0:
        raise invalid_option("resourceVersionMatch", "FieldValueForbidden", f"Forbidden: {EXACT_ZERO}")


def invalid_option(field: str, reason: str, message: str) -> Invalid:
    return invalid("ListOptions", field, reason, message)


def _token(revision: int, start: str) -> str:
    text = orjson.dumps({"v": "meta.k8s.io/v1", "rv": revision, "start": start})
    return base64.urlsafe_b64encode(text).decode().rstrip("=")


def _parse_token(token: Any) -> tuple[int, str]:
    """(revision, key to start from, relative to the list) of a continue token. Raises BadRequest."""
    if not isinstance(token, str) or len(token) > TOKEN_MAX:
        raise BadRequest(TOKEN_INVALID.format(why="not a token of this server"))
    try:
        data = nesting.loads(base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True))
        version, revision, start = data["v"], data["rv"], data["start"]
    except (ValueError, binascii.Error, KeyError, TypeError):
        raise BadRequest(TOKEN_INVALID.format(why="not a token of this server")) from None
    if version != "meta.k8s.io/v1" or not isinstance(start, str) or type(revision) is not int or revision == 0:
        raise BadRequest(TOKEN_INVALID.format(why="incorrect encoded start resourceVersion (version meta.k8s.io/v1)"))
    return revision, start.removeprefix("/")


class ExpiredToken(Expired):
    """Carries a token that goes on at the newest revision, for clients that prefer an inconsistent list to none."""

    def __init__(self, token: str) -> None:
        super().__init__(CONTINUE_TOO_OLD)
        self.token = token

    @property
    def status(self) -> Obj:
        return super().status | {"metadata": {"continue": self.token}}


def _expired_token(start: str) -> ExpiredToken:
    return ExpiredToken(_token(-1, start))
