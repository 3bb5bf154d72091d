"""Impersonation: acting as somebody else, for those who may (`kubectl --as`).

Each part that is impersonated (user, groups, uid, extra) must be allowed by RBAC: verb `impersonate` on `users`,
`serviceaccounts`, `groups`, `uids` and `userextras`. Reference: apiserver `pkg/endpoints/filters/impersonation.go`.
"""

from collections.abc import Sequence

from core.apiserver.authentication import AUTHENTICATED
from core.apiserver.authorization import ANONYMOUS, Attributes, Authorizer, forbidden
from core.kube.errors import ApiError
from core.kube.requests import User, service_account

ACCOUNT_PREFIX = "system:serviceaccount:"
AUTHENTICATION = "authentication.k8s.io"
WITHOUT_USER = "requested {parts} without impersonating a user"
CONSTRAINED = "impersonate-on:user-info:{verb}"


def impersonate(
    authorizer: Authorizer, user: User, asked: Attributes, name: str, groups: Sequence[str] = (), uid: str = ""
) -> User:
    """The user to go on as. `asked` is what the request wants, for the words of a refusal. Raises Forbidden, ApiError."""
    if not name:
        if groups or uid:
            raise ApiError(WITHOUT_USER.format(parts=[*groups, uid]), code=400, reason="BadRequest")
        return user
    wanted = [_of_user(name)]
    wanted += [Attributes("impersonate", resource="groups", name=group) for group in groups]
    if uid:
        wanted.append(Attributes("impersonate", AUTHENTICATION, "uids", name=uid))
    if not all(authorizer.decide(user, attributes).allowed for attributes in wanted):
        # Since 1.36 the server then tries the constrained form of impersonation, and it is that one's refusal it tells.
        raise forbidden(user, asked._replace(verb=CONSTRAINED.format(verb=asked.verb)))
    if name.startswith(ACCOUNT_PREFIX) and not groups and name.count(":") == 3:
        groups = service_account(*name.removeprefix(ACCOUNT_PREFIX).split(":")).groups
    elif name == ANONYMOUS.name:
        groups = groups or ANONYMOUS.groups
    elif AUTHENTICATED not in groups:
        groups = (*groups, AUTHENTICATED)
    return User(name, tuple(groups), uid)


def _of_user(name: str) -> Attributes:
    if name.startswith(ACCOUNT_PREFIX) and name.count(":") == 3:
        namespace, account = name.removeprefix(ACCOUNT_PREFIX).split(":")
        return Attributes("impersonate", resource="serviceaccounts", namespace=namespace, name=account)
    return Attributes("impersonate", resource="users", name=name)
