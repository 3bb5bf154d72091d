"""A kubeconfig: the file that lets kubectl and other clients into one cluster as one user.

It carries the authority to trust and a fresh token. Of the token only its SHA-256 is kept, so it is shown once, here.
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


def issue_token(cluster: Cluster, username: str, groups: Sequence[str], now: float) -> str:
    """A new token, valid from `now` (wall seconds since the Unix epoch) for twelve hours."""
    token = secrets.token_urlsafe(TOKEN_BYTES)
    ApiToken.objects.filter(expires__lt=now).delete()
    ApiToken.objects.create(
        cluster=cluster,
        digest=hashlib.sha256(token.encode()).hexdigest(),
        username=username,
        groups=list(groups),
        expires=now + LIFETIME,
    )
    return token


def kubeconfig(cluster: Cluster, user: str, groups: Sequence[str], server_url: str, ca_pem: bytes, now: float) -> str:
    """The YAML text. `user` may be one of KNOWN_USERS; `server_url` is without the cluster's path."""
    username, known_groups = KNOWN_USERS.get(user, (user, ()))
    token = issue_token(cluster, username, tuple(groups) or known_groups, now)
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
