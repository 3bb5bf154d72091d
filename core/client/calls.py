"""The typed verbs. Awaiting one yields a `Call` to the driver, which answers with the object or throws the ApiError.

This is the sans-IO form of an API client: `await client.create(…)` reads as in any client library, yet nothing here
waits, locks or talks. The driver collects the calls of all reconciles that stand at an `await`, executes them as one
batch in one transaction, and resumes each with its own answer.
"""

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Any

from core.kube.errors import ApiError
from core.kube.objects import Obj
from core.kube.requests import PatchType, Request, User

Answers = list[Obj | ApiError]


@dataclass(slots=True)
class Call:
    """Requests handed to the driver; the value sent back is one answer or error for each."""

    requests: Sequence[Request]

    def __await__(self) -> Generator["Call", Answers, Answers]:
        return (yield self)


class Client:
    """Verbs with one identity. Resources are named as kubectl does: `pods`, `deployments.apps`.

    Every method raises the ApiError the server answered (NotFound, Conflict, Invalid, Forbidden, StoreTimeout …). Objects
    returned are shared with the cache: `clone` before changing one.
    """

    def __init__(self, user: User) -> None:
        self.user = user

    async def batch(self, requests: Sequence[Request]) -> Answers:
        """Many requests at once, each with its own answer or error; nothing is raised."""
        for request in requests:
            request.user = self.user
        return await Call(requests)

    async def request(self, request: Request) -> Obj:
        (answer,) = await self.batch([request])
        if isinstance(answer, ApiError):
            raise answer
        return answer

    async def get(self, resource: str, namespace: str, name: str, subresource: str = "") -> Obj:
        return await self.request(Request("get", resource, namespace, name, subresource))

    async def list(self, resource: str, namespace: str = "", **options: Any) -> Obj:
        """A List object. `options` under their wire names: labelSelector, fieldSelector, limit …"""
        return await self.request(Request("list", resource, namespace, options=options))

    async def create(self, resource: str, obj: Obj, *, name: str = "", subresource: str = "") -> Obj:
        """Create `obj`, or post it to a subresource of the object `name` (binding, eviction, token)."""
        return await self.request(creation(resource, obj, name=name, subresource=subresource))

    async def update(self, resource: str, obj: Obj, subresource: str = "") -> Obj:
        """Replace the object; its resourceVersion is the precondition. `subresource="status"` replaces the status only."""
        return await self.request(replacement(resource, obj, subresource))

    async def update_status(self, resource: str, obj: Obj) -> Obj:
        return await self.update(resource, obj, "status")

    async def patch(
        self,
        resource: str,
        namespace: str,
        name: str,
        patch: Any,
        *,
        subresource: str = "",
        patch_type: PatchType = PatchType.MERGE,
    ) -> Obj:
        return await self.request(Request("patch", resource, namespace, name, subresource, patch, patch_type))

    async def delete(self, resource: str, namespace: str, name: str, **options: Any) -> Obj:
        """`options`: gracePeriodSeconds, propagationPolicy, preconditions={"uid": …, "resourceVersion": …}."""
        return await self.request(deletion(resource, namespace, name, **options))


def creation(resource: str, obj: Obj, *, name: str = "", subresource: str = "") -> Request:
    return Request("create", resource, obj["metadata"].get("namespace", ""), name, subresource, obj)


def replacement(resource: str, obj: Obj, subresource: str = "") -> Request:
    meta = obj["metadata"]
    return Request("update", resource, meta.get("namespace", ""), meta["name"], subresource, obj)


def deletion(resource: str, namespace: str, name: str, **options: Any) -> Request:
    return Request("delete", resource, namespace, name, options=options)
