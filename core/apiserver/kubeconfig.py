"""A kubeconfig: the file that lets kubectl and other clients into one cluster as one user.

It carries the authority to trust and a token. Of the token the database keeps only the SHA-256, so it is shown once, here.
"""

import base64
import hashlib
import secrets
from collections.abc import Sequence

import yaml

from core.models import ApiToken, Cluster

TOKEN_BYTES = 32
LIFETIME = 12 * 3600  # wall seconds

# Users with a name of their own in every cluster: name on the command line → (username, groups).
KNOWN_USERS = {"admin": ("kubernetes-admin", ("system:masters",))}


def new_token() -> str:
    """A secret of letters, digits, `-` and `_` that begins with no `-`: `--token "$T"` would take it for an option."""
    while (token := secrets.token_urlsafe(TOKEN_BYTES)).startswith("-"):
        pass
    return token


def issue_token(cluster: Cluster, username: str, groups: Sequence[str], now: float, lifetime: float = LIFETIME) -> str:
    """A new token, valid from `now` (wall seconds since the Unix epoch) for `lifetime` seconds."""
    token = new_token()
    ApiToken.objects.filter(expires__lt=now).delete()
    ApiToken.objects.create(
        cluster=cluster,
        digest=hashlib.sha256(token.encode()).hexdigest(),
        username=username,
        groups=list(groups),
        expires=now + lifetime,
    )
    return token


def kubeconfig(cluster: Cluster, user: str, groups: Sequence[str], server_url: str, ca_pem: bytes, now: float) -> str:
    """The YAML text with a fresh token. `user` may be one of KNOWN_USERS; `server_url` is without the cluster's path."""
    username, known_groups = KNOWN_USERS.get(user, (user, ()))
    token = issue_token(cluster, username, tuple(groups) or known_groups, now)
    return kubeconfig_with(cluster, user, token, server_url, ca_pem)


def kubeconfig_with(cluster: Cluster, user: str, token: str, server_url: str, ca_pem: bytes) -> str:
    """The YAML text with the token given."""
    name = f"{user}@{cluster.name}"
    content = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": name,
        "clusters": [
            {
                "name": cluster.name,
                "cluster": {
                    "server": f"{server_url.rstrip('/')}/clusters/{cluster.name}",
                    "certificate-authority-data": base64.b64encode(ca_pem).decode(),
                },
            }
        ],
        "contexts": [{"name": name, "context": {"cluster": cluster.name, "user": name}}],
        "users": [{"name": name, "user": {"token": token}}],
        "preferences": {},
    }
    text: str = yaml.safe_dump(content, sort_keys=False)
    return text
