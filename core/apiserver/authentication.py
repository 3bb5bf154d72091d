"""Authentication: who is asking? Plugins in order; the first that knows the credentials answers.

Static tokens, then service account tokens; without any credentials, anonymous. Credentials that nobody knows are refused:
a bad token never falls back to anonymous. Components in-process bring their user with them and do not pass here, but
they are authorized like everybody else.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from core.apiserver.authorization import ANONYMOUS
from core.apiserver.tokens import ISSUER, BadToken, verify
from core.apiserver.watchcache import WatchCache
from core.kube.errors import Unauthorized
from core.kube.objects import Obj
from core.kube.requests import User, service_account
from core.models import ApiToken, Cluster

TOKEN_MAX = 8192
AUTHENTICATED = "system:authenticated"
AUDIENCES = (ISSUER,)
INVALID_TOKEN = "invalid bearer token"


@dataclass(frozen=True, slots=True)
class Credentials:
    """A bearer token and what is needed to judge it. `now` is virtual, `wall` wall time, both in seconds."""

    cluster: Cluster
    cache: WatchCache
    token: str
    now: float
    wall: float
    audiences: Sequence[str] = AUDIENCES


def static_token(credentials: Credentials) -> User | None:
    """A token of `core.models.ApiToken`: what a kubeconfig holds. Compared by digest, so in constant time."""
    digest = hashlib.sha256(credentials.token.encode()).hexdigest()
    row = ApiToken.objects.filter(cluster_id=credentials.cluster.pk, digest=digest).first()
    if row is None or row.expires <= credentials.wall:
        return None
    groups = tuple(str(group) for group in row.groups)
    return User(row.username, groups if AUTHENTICATED in groups else (*groups, AUTHENTICATED))


def home_of(authorization: str) -> str:
    """The name of the cluster whose static token an Authorization header carries; empty if it carries none."""
    scheme, _, token = authorization.strip().partition(" ")
    if scheme.lower() != "bearer" or len(token) > TOKEN_MAX:
        return ""
    digest = hashlib.sha256(token.strip().encode()).hexdigest()
    return ApiToken.objects.filter(digest=digest).values_list("cluster__name", flat=True).first() or ""


def service_account_token(credentials: Credentials) -> User | None:
    """A JWT of this cluster, of a service account that still exists with the same uid, as must what it is bound to."""
    try:
        claims = verify(credentials.cluster, credentials.token, credentials.audiences, credentials.now)
        private = claims["kubernetes.io"]
        namespace, account = private["namespace"], private["serviceaccount"]
        name, uid = account["name"], account["uid"]
        bound = private.get("pod")
        if not _is_there(credentials.cache.get("serviceaccounts", namespace, name), uid):
            return None
        if bound and not _is_there(credentials.cache.get("pods", namespace, bound["name"]), bound["uid"]):
            return None
    except (BadToken, KeyError, TypeError, AttributeError):
        return None
    user = service_account(namespace, name)
    extra = {"authentication.kubernetes.io/credential-id": (f"JTI={claims.get('jti', '')}",)}
    if bound:
        extra["authentication.kubernetes.io/pod-name"] = (str(bound["name"]),)
        extra["authentication.kubernetes.io/pod-uid"] = (str(bound["uid"]),)
    return User(user.name, user.groups, uid, extra)


PLUGINS: tuple[Callable[[Credentials], User | None], ...] = (static_token, service_account_token)


def authenticate(cluster: Cluster, headers: Mapping[str, str], *, cache: WatchCache, now: float, wall: float) -> User:
    """The user whose credentials are in `headers`. Raises Unauthorized."""
    header = headers.get("Authorization") or headers.get("authorization") or ""
    if not header.strip():
        return ANONYMOUS
    scheme, _, token = header.strip().partition(" ")
    user = None
    if scheme.lower() == "bearer" and token.strip():
        user = known(Credentials(cluster, cache, token.strip(), now, wall))
    if user is None:
        raise Unauthorized("Unauthorized")
    return user


def known(credentials: Credentials) -> User | None:
    """Whom the first plugin that knows the token says it belongs to."""
    if not credentials.token or len(credentials.token) > TOKEN_MAX or not credentials.token.isascii():
        return None
    return next((user for plugin in PLUGINS if (user := plugin(credentials)) is not None), None)


def _is_there(obj: Obj | None, uid: str) -> bool:
    return obj is not None and obj["metadata"]["uid"] == uid
