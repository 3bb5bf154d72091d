"""Reading and building objects: an object is a plain dict in the wire format, and these give it meaning.

Objects that came from a cache are shared and never mutated: copy with `clone` first.
"""

from typing import Any, NamedTuple, TypeAlias

import orjson

Obj: TypeAlias = dict[str, Any]


class Key(NamedTuple):
    """Names one object of a resource. `namespace` is empty for cluster-scoped ones. Prints as kubectl writes it."""

    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}" if self.namespace else self.name


def key_of(obj: Obj) -> Key:
    meta = obj["metadata"]
    return Key(meta.get("namespace", ""), meta["name"])


def clone(obj: Obj) -> Obj:
    """A deep copy. Ten times faster than copy.deepcopy, and an object is JSON anyway."""
    copy: Obj = orjson.loads(orjson.dumps(obj))
    return copy


def revision_of(obj: Obj) -> int:
    return int(obj["metadata"].get("resourceVersion") or 0)


def labels_of(obj: Obj) -> dict[str, str]:
    return obj["metadata"].get("labels") or {}


def annotations_of(obj: Obj) -> dict[str, str]:
    return obj["metadata"].get("annotations") or {}


def is_deleting(obj: Obj) -> bool:
    """Whether deletion was asked for and the object waits for its finalizers or its grace period."""
    return "deletionTimestamp" in obj["metadata"]


def controller_of(obj: Obj) -> dict[str, Any] | None:
    """The owner reference that manages the object, if any (`metadata.ownerReferences[controller=true]`)."""
    references: list[Obj] = obj["metadata"].get("ownerReferences") or []
    for reference in references:
        if reference.get("controller"):
            return reference
    return None


def owner_reference(owner: Obj, *, controller: bool = True) -> dict[str, Any]:
    """A reference from a child to `owner`, as a controller writes it."""
    reference = {
        "apiVersion": owner["apiVersion"],
        "kind": owner["kind"],
        "name": owner["metadata"]["name"],
        "uid": owner["metadata"]["uid"],
    }
    if controller:
        reference |= {"controller": True, "blockOwnerDeletion": True}
    return reference


def condition(obj: Obj, kind: str) -> dict[str, Any] | None:
    """The condition of type `kind` in `status.conditions`."""
    entries: list[Obj] = (obj.get("status") or {}).get("conditions") or []
    for entry in entries:
        if entry["type"] == kind:
            return entry
    return None


def is_true(obj: Obj, kind: str) -> bool:
    found = condition(obj, kind)
    return found is not None and found["status"] == "True"
