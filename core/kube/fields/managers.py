"""The rules of field ownership: what an update and an apply do to an object's `managedFields`.

`update` is for everything that is not an apply: it never fails, it only records. `apply` merges, and raises a Conflict
that names each field and its owner. Both leave `managedFields` alone, its times included, when nothing has changed
hands.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import orjson

from core.kube.definitions import Definition
from core.kube.errors import Conflict
from core.kube.fields import typed
from core.kube.fields.paths import Path, Paths, read, text, with_ancestors, write
from core.kube.objects import Obj

UPDATES_MAX = 10  # managers that update; more are thrown together, as in the real server
ANCIENT = "ancient-changes"
BEFORE_FIRST_APPLY = "before-first-apply"

NOT_OWNED = frozenset(
    {("f:apiVersion",), ("f:kind",), ("f:metadata",)}
    | {
        ("f:metadata", f"f:{name}")
        for name in (
            "creationTimestamp",
            "deletionGracePeriodSeconds",
            "deletionTimestamp",
            "generation",
            "managedFields",
            "name",
            "namespace",
            "resourceVersion",
            "selfLink",
            "uid",
        )
    }
)
"""What the server itself sets; nobody owns it."""

ONE_CONFLICT = "Apply failed with 1 conflict: conflict with {manager}: {path}"
CONFLICTS = "Apply failed with {count} conflicts: {which}"


class Author(NamedTuple):
    """Who writes, how, and to which part: one entry of managedFields. `version` is empty for those that apply."""

    manager: str
    operation: str
    version: str = ""
    subresource: str = ""

    @property
    def shown(self) -> str:
        """As a conflict names its owner."""
        name = f'"{self.manager}"' + (f' with subresource "{self.subresource}"' if self.subresource else "")
        return f"{name} using {self.version}" if self.operation == "Update" else name

    @property
    def rank(self) -> bytes:
        """Conflicts are told in this order."""
        fields = {"manager": self.manager, "operation": self.operation, "apiVersion": self.version}
        named = {name: value for name, value in (fields | {"subresource": self.subresource}).items() if value}
        return orjson.dumps(named)


@dataclass(frozen=True, slots=True)
class Share:
    """What one author owns, since when; `version` is that of the objects it wrote."""

    paths: Paths
    time: str
    version: str


Shares = dict[Author, Share]


def update(before: Obj, new: Obj, schema: Definition, author: Author, now: str) -> None:
    """Record in `new` that `author` made it out of `before`, both complete; what is new is made out of an empty object.
    A client may send managedFields of its own: they count."""
    shares = _shares(new["metadata"].get("managedFields"))
    if shares is None:
        shares = _shares(before["metadata"].get("managedFields")) or {}
    difference = typed.compare(_content(before), _content(new), schema)
    changed = frozenset(difference.added | difference.modified) - NOT_OWNED
    taken = changed | difference.removed
    kept = {
        other: Share(share.paths - (difference.removed if other == author else taken), share.time, share.version)
        for other, share in shares.items()
    }
    mine = kept.get(author)
    paths = changed | (mine.paths if mine else frozenset())
    if paths != (shares[author].paths if author in shares else frozenset()):
        kept[author] = Share(paths, now, new["apiVersion"])
    _put(new, _capped({other: share for other, share in kept.items() if share.paths}))


def apply(live: Obj, wanted: Obj, schema: Definition, author: Author, now: str, *, force: bool = False) -> Obj:
    """A new object: `live` as `author` wants it. Raises Conflict, and typed.Malformed if `wanted` cannot be read."""
    typed.check(wanted, schema)
    shares = _shares(live["metadata"].get("managedFields"))
    if shares is None:
        shares = _claimed_by_nobody(live, schema, now)
    paths = frozenset(typed.members(wanted, schema)) - NOT_OWNED
    before = shares.pop(author, None)
    merged: Obj = typed.merge(_content(live), _content(wanted), schema)
    if before is not None:
        others = with_ancestors(path for share in shares.values() for path in share.paths)
        dropped = before.paths - with_ancestors(paths) - others
        merged = typed.remove(merged, set(dropped), schema)
        merged.setdefault("metadata", {})
    difference = typed.compare(_content(live), merged, schema)
    changed = difference.added | difference.modified
    conflicts = {other: share.paths & changed for other, share in shares.items() if share.paths & changed}
    if conflicts and not force:
        raise _conflict(conflicts)
    for other, share in list(shares.items()):
        left = share.paths - conflicts.get(other, frozenset()) - difference.removed
        shares[other] = Share(left, share.time, share.version)
    unchanged = before is not None and before.paths == paths
    shares[author] = before if before is not None and unchanged else Share(paths, now, wanted["apiVersion"])
    _put(merged, {other: share for other, share in shares.items() if share.paths})
    return merged


def _content(obj: Obj) -> Obj:
    """The object without its own bookkeeping."""
    if "managedFields" not in obj["metadata"]:
        return obj
    return obj | {"metadata": {name: value for name, value in obj["metadata"].items() if name != "managedFields"}}


def _claimed_by_nobody(live: Obj, schema: Definition, now: str) -> Shares:
    """What is there and was never recorded belongs to a manager of its own, so that an apply does not take it silently."""
    if "uid" not in live["metadata"]:
        return {}
    paths = frozenset(typed.members(_content(live), schema)) - NOT_OWNED
    paths = frozenset(path for path in paths if path[0] != "f:status")
    return {Author(BEFORE_FIRST_APPLY, "Update", live["apiVersion"]): Share(paths, now, live["apiVersion"])}


def _conflict(conflicts: Mapping[Author, Paths]) -> Conflict:
    ordered = sorted(conflicts.items(), key=lambda pair: pair[0].rank)
    told: list[tuple[Author, Path]] = [(owner, path) for owner, paths in ordered for path in sorted(paths)]
    causes = [
        {"reason": "FieldManagerConflict", "message": f"conflict with {owner.shown}", "field": text(path)}
        for owner, path in told
    ]
    if len(told) == 1:
        message = ONE_CONFLICT.format(manager=told[0][0].shown, path=text(told[0][1]))
    else:
        which = [
            "\n".join([f"conflicts with {owner.shown}:", *(f"- {text(path)}" for path in sorted(paths))])
            for owner, paths in ordered
        ]
        message = CONFLICTS.format(count=len(told), which="\n".join(which))
    return Conflict(message, details={"causes": causes})


def _shares(entries: Any) -> Shares | None:
    """What `managedFields` say; None if they say nothing, or nothing that can be read. One empty entry is a reset."""
    if not entries or not isinstance(entries, list):
        return None
    if entries == [{}]:
        return {}
    shares: Shares = {}
    try:
        for entry in entries:
            operation, version = entry["operation"], entry["apiVersion"]
            author = Author(
                entry.get("manager", ""),
                operation,
                version if operation == "Update" else "",
                entry.get("subresource", ""),
            )
            shares[author] = Share(read(entry.get("fieldsV1", {})), entry.get("time", ""), version)
    except (KeyError, TypeError, ValueError, AttributeError):
        return None
    return shares


def _capped(shares: Shares) -> Shares:
    """With few enough managers that update: the oldest become one."""
    updates = sorted((author for author in shares if author.operation == "Update"), key=lambda a: shares[a].time)
    excess = updates[: max(0, len(updates) - UPDATES_MAX + 1)] if len(updates) > UPDATES_MAX else []
    for author in excess:
        share = shares.pop(author)
        ancient = Author(ANCIENT, "Update", author.version)
        known = shares.get(ancient)
        shares[ancient] = Share(share.paths | (known.paths if known else frozenset()), share.time, share.version)
    return shares


def _put(obj: Obj, shares: Shares) -> None:
    ordered = sorted(
        shares.items(), key=lambda pair: (pair[0].operation, pair[1].time, pair[0].manager, pair[0].version, pair[0])
    )
    entries = [
        {
            "manager": author.manager,
            "operation": author.operation,
            "apiVersion": share.version,
            "time": share.time,
            "fieldsType": "FieldsV1",
            "fieldsV1": write(share.paths),
        }
        | ({"subresource": author.subresource} if author.subresource else {})
        for author, share in ordered
    ]
    if entries:
        obj["metadata"] = obj["metadata"] | {"managedFields": entries}
    else:
        obj["metadata"] = {name: value for name, value in obj["metadata"].items() if name != "managedFields"}
