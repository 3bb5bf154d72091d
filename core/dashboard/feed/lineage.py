"""Who began it: from a change to the write of a person that it follows from.

Every write of a component carries the revision it was handling (`Revision.cause`): the pod's that of its ReplicaSet, the
ReplicaSet's that of its Deployment, and that one has an author. So the story can say "kubernetes-admin created Deployment
shop" and fold under it what came of it. What follows from nobody's write (a node's death, a clock) has no beginning here.
"""

from collections import OrderedDict
from collections.abc import Iterable
from typing import NamedTuple, TypeVar

Name = TypeVar("Name", int, str)
KEPT = 20_000  # changes whose beginning is known: some minutes of a busy cluster
COMPONENTS = "system:"
CLIENTS = "system:serviceaccount:"
OWN_CLIENTS = "system:serviceaccount:kube-system:"


def is_person(actor: str) -> bool:
    """Whether a user is somebody outside the control plane: a person, or a program that a person runs in a pod."""
    if actor.startswith(CLIENTS):
        return not actor.startswith(OWN_CLIENTS)
    return bool(actor) and not actor.startswith(COMPONENTS)


class Link(NamedTuple):
    """One change, as far as its beginning goes. `thing` is `resource/key`."""

    revision: int
    thing: str
    actor: str
    cause: int


class Lineage:
    """The beginnings of the changes of one cluster, followed in order. 0 stands for none."""

    def __init__(self) -> None:
        self.revision = 0
        self._of_revision: OrderedDict[int, int] = OrderedDict()
        self._of_thing: OrderedDict[str, int] = OrderedDict()

    def follow(self, links: Iterable[Link]) -> None:
        for link in links:
            if link.revision <= self.revision:
                continue
            self.revision = link.revision
            root = link.revision if is_person(link.actor) else self._of_revision.get(link.cause, 0)
            if root:
                _keep(self._of_revision, link.revision, root)
                _keep(self._of_thing, link.thing, root)

    def of_thing(self, resource: str, key: str) -> int:
        """The revision of the write that the newest followed change of an object comes from."""
        return self._of_thing.get(f"{resource}/{key}", 0)


def _keep(kept: OrderedDict[Name, int], name: Name, root: int) -> None:
    kept[name] = root
    kept.move_to_end(name)
    while len(kept) > KEPT:
        kept.popitem(last=False)
