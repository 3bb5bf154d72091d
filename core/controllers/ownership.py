"""Adopting and releasing: how a controller comes to own what its selector matches (`controller_ref_manager.go`).

An owner reference with `controller: true` says who manages an object; there is at most one. A controller adopts an object
that matches its selector and has no controller, and releases one that it controls but that matches no more: the object
lives on, for somebody else to adopt. Both are patches that carry the object's uid and resourceVersion, so that two
controllers that want the same orphan cannot both have it. A controller that is being deleted adopts nothing.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from core.client import Client
from core.kube.errors import ApiError, NotFound
from core.kube.objects import Obj, controller_of, is_deleting, labels_of, owner_reference
from core.kube.requests import PatchType, Request

Matches = Callable[[Mapping[str, str]], bool]


class Claim(NamedTuple):
    """What is owned now, what there is to adopt and what to release."""

    kept: list[Obj]
    adopt: list[Obj]
    release: list[Obj]

    @property
    def is_settled(self) -> bool:
        return not self.adopt and not self.release


def claim(owner: Obj, matches: Matches, owned: Sequence[Obj], orphans: Sequence[Obj]) -> Claim:
    """Sort `owned` (controlled by `owner`) and `orphans` (controlled by nobody) by whether the selector matches."""
    if is_deleting(owner):
        return Claim([child for child in owned if matches(labels_of(child))], [], [])
    kept: list[Obj] = []
    release: list[Obj] = []
    for child in owned:
        if matches(labels_of(child)):
            kept.append(child)
        elif not is_deleting(child):
            release.append(child)
    adopt = [child for child in orphans if not is_deleting(child) and matches(labels_of(child))]
    return Claim(kept, adopt, release)


async def settle(client: Client, resource: str, owner: Obj, found: Claim) -> None:
    """Write what `found` asks for. Raises the first error; an object that is gone needs nothing."""
    requests = [_set_owners(resource, child, [*_others(child), owner_reference(owner)]) for child in found.adopt]
    uid = owner["metadata"]["uid"]
    for child in found.release:
        owners = [entry for entry in _others(child) if entry["uid"] != uid]
        requests.append(_set_owners(resource, child, owners))
    for answer in await client.batch(requests):
        if isinstance(answer, ApiError) and not isinstance(answer, NotFound):
            raise answer


def _others(child: Obj) -> list[Obj]:
    return list(child["metadata"].get("ownerReferences") or ())


def _set_owners(resource: str, child: Obj, owners: list[Obj]) -> Request:
    meta = child["metadata"]
    precondition = {"uid": meta["uid"], "resourceVersion": meta["resourceVersion"]}
    patch = {"metadata": precondition | {"ownerReferences": owners or None}}
    return Request("patch", resource, meta["namespace"], meta["name"], body=patch, patch_type=PatchType.MERGE)


def by_orphan_namespace(obj: Obj) -> list[str]:
    """Index function: the namespace of an object that no controller owns."""
    return [] if controller_of(obj) else [obj["metadata"].get("namespace", "")]
