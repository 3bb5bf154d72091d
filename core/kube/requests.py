"""What one asks an API server, and who asks: the same value whether it came over HTTPS or from a component in-process."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


@dataclass(frozen=True, slots=True)
class User:
    """Who asks, as an authenticator says it (`user.Info`)."""

    name: str
    groups: tuple[str, ...] = ()
    uid: str = ""
    extra: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def service_account(namespace: str, name: str) -> User:
    """The identity of a service account, with the groups every service account has."""
    groups = ("system:serviceaccounts", f"system:serviceaccounts:{namespace}", "system:authenticated")
    return User(f"system:serviceaccount:{namespace}:{name}", groups)


class PatchType(StrEnum):
    JSON = "application/json-patch+json"
    MERGE = "application/merge-patch+json"
    STRATEGIC = "application/strategic-merge-patch+json"
    APPLY = "application/apply-patch+yaml"


@dataclass(slots=True)
class Waiting:
    """That a request is asked again for a while before it is answered; filled by the API server that is asked.

    seconds   wall seconds after which it is answered whatever comes; 0: for as long as whoever asks likes
    began     virtual time of its first try
    entry     number of the journal entry that told that it waits; 0 when nobody watched
    trace     of its last try
    """

    seconds: float = 0.0
    began: float | None = None
    entry: int = 0
    trace: Any = None


@dataclass(slots=True)
class Request:
    """One request for one resource. `resource` is named as kubectl does: `pods`, `deployments.apps`.

    verb        get, list, create, update, patch, delete, deletecollection (watch is a stream, not a Request)
    body        the object, the patch (a dict, or a list for JSON patch), or DeleteOptions; None when there is none
    options     query options under their wire names: dryRun, fieldManager, fieldValidation, force, propagationPolicy,
                gracePeriodSeconds, preconditions, labelSelector, fieldSelector, limit, continue, resourceVersion,
                resourceVersionMatch. Values as in the wire format, already parsed (int, bool, dict).
    cause       the revision that was being handled when this was sent; 0 when a person sent it
    waiting     how long it may wait for an answer, when it may
    duplicates  what was wrong with the body's text though it could be read: `duplicate field "spec.replicas"`
    warnings    what the server wants to say besides its answer, as in Warning headers; filled while it is decided
    """

    verb: str
    resource: str
    namespace: str = ""
    name: str = ""
    subresource: str = ""
    body: Any = None
    patch_type: PatchType | None = None
    options: dict[str, Any] = field(default_factory=dict)
    user: User | None = None
    cause: int = 0
    user_agent: str = ""
    waiting: Waiting | None = None
    duplicates: tuple[str, ...] = ()
    warnings: list[str] = field(default_factory=list)

    @property
    def is_apply(self) -> bool:
        """Whether it is a server-side apply."""
        return self.verb == "patch" and self.patch_type is PatchType.APPLY
