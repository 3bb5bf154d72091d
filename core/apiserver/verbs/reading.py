"""get and list.

A list is a consistent picture at one revision: the current one from memory, an older one (`continue`, or
`resourceVersionMatch=Exact`) from the changes that etcd has kept since.
"""

from dataclasses import dataclass

from core.apiserver import listing
from core.apiserver.authorization import Authorizer
from core.apiserver.listing import View
from core.apiserver.trace import Trace
from core.apiserver.watchcache import WatchCache
from core.kube.conversion import spoken_row
from core.kube.errors import not_found
from core.kube.objects import Obj
from core.kube.requests import Request
from core.kube.resources import Resource


@dataclass(slots=True)
class Glance:
    """The cache as it is, for a read outside of any critical section."""

    cache: WatchCache
    authorizer: Authorizer
    trace: Trace
    revision: int

    def find(self, resource: str, namespace: str, name: str) -> Obj | None:
        return self.cache.get(resource, namespace, name)

    def all(self, resource: str, namespace: str = "") -> list[Obj]:
        return self.cache.all(resource, namespace)


def get(row: Resource, request: Request, view: View) -> Obj:
    listing.check_revision(request.options.get("resourceVersion"), view.revision)
    return find(row, request, view)


def find(row: Resource, request: Request, view: View) -> Obj:
    """The object a request names. Raises NotFound."""
    found = view.find(row.name, request.namespace, request.name)
    if found is None:
        raise not_found(spoken_row(row, request).title, request.name)
    return found


def list_objects(row: Resource, request: Request, view: View) -> Obj:
    return listing.answer(row, request, view)
