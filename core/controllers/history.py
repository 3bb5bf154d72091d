"""ControllerRevisions: the templates that a DaemonSet or a StatefulSet has had, so that `kubectl rollout undo` can go back.

A Deployment keeps its history in old ReplicaSets; these two own their pods themselves and write each template down. A
template that comes back gets its old revision with a new, higher number. Reference: `pkg/controller/history`.
"""

from collections.abc import Collection, Iterable
from typing import Any, NamedTuple

from core.client import Client
from core.client.calls import deletion
from core.kube.errors import AlreadyExists
from core.kube.names import template_hash
from core.kube.numbers import following, saturated
from core.kube.objects import Obj, labels_of, owner_reference

RESOURCE = "controllerrevisions.apps"
HASH_LABEL = "controller-revision-hash"
LIMIT = 10  # revisions kept if the owner does not say


class Found(NamedTuple):
    """The revision of the owner's current template, and how many hashes collided on the way to it."""

    revision: Obj
    collisions: int


async def ensure_revision(client: Client, owner: Obj, known: Iterable[Obj], collisions: int) -> Found:
    """The revision that says what the owner's template is now, written down if it was not."""
    revisions = sorted(known, key=number_of)
    data = {"spec": {"template": {**owner["spec"]["template"], "$patch": "replace"}}}
    last = number_of(revisions[-1]) if revisions else 0
    same = next((each for each in reversed(revisions) if each["data"] == data), None)
    if same is not None:
        if number_of(same) == last:
            return Found(same, collisions)
        return Found(await client.update(RESOURCE, {**same, "revision": saturated(last + 1)}), collisions)
    while True:
        revision = _revision(owner, data, saturated(last + 1), collisions)
        try:
            return Found(await client.create(RESOURCE, revision), collisions)
        except AlreadyExists:
            meta = revision["metadata"]
            taken = await client.get(RESOURCE, meta["namespace"], meta["name"])
            if taken["data"] == data:
                return Found(taken, collisions)
            collisions = following(collisions)


async def forget_history(client: Client, owner: Obj, known: Iterable[Obj], live: Collection[str]) -> None:
    """Delete the oldest revisions beyond `revisionHistoryLimit`; those named in `live` are in use and do not count."""
    limit = owner["spec"].get("revisionHistoryLimit")
    spare = sorted((each for each in known if each["metadata"]["name"] not in live), key=number_of)
    surplus = spare[: max(0, len(spare) - (LIMIT if limit is None else limit))]
    if surplus:
        # One that is gone already is as well; others come up again.
        await client.batch(
            [deletion(RESOURCE, each["metadata"]["namespace"], each["metadata"]["name"]) for each in surplus]
        )


def template_of(revision: Obj) -> Obj:
    """The pod template that a revision wrote down."""
    return {name: value for name, value in revision["data"]["spec"]["template"].items() if name != "$patch"}


def number_of(revision: Obj) -> int:
    return int(revision.get("revision") or 0)


def hash_of(obj: Obj) -> str:
    """The hash of a revision, or of the one that a pod was made from."""
    return labels_of(obj).get(HASH_LABEL, "")


def _revision(owner: Obj, data: Obj, number: int, collisions: int) -> Obj:
    meta: dict[str, Any] = owner["metadata"]
    digest = template_hash(data, collisions)
    labels = labels_of(owner["spec"]["template"]) | {HASH_LABEL: digest}
    return {
        "apiVersion": "apps/v1",
        "kind": "ControllerRevision",
        "metadata": {
            "name": f"{meta['name']}-{digest}",
            "namespace": meta["namespace"],
            "labels": labels,
            "ownerReferences": [owner_reference(owner)],
        },
        "data": data,
        "revision": number,
    }
