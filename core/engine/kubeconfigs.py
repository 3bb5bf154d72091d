"""Each cluster's own kubeconfig: a file in the data folder, there from its creation to its deletion.

Who may read it is who may read the database beside it, so its token lives for a year, as the certificate in kubeadm's
admin.conf. When the machine starts, a file that no longer leads into its cluster (another port, another authority, a token
that ends soon) is written anew; a token that still holds is kept, and so is what kubectl wrote into a file that is right.
"""

import base64
import hashlib
import logging
import os
import shlex
from pathlib import Path
from urllib.parse import quote

import yaml
from django.conf import settings

from core.apiserver.http.certificates import authority_pem
from core.apiserver.kubeconfig import KNOWN_USERS, issue_token, kubeconfig_with
from core.engine.addresses import api_url
from core.engine.clock import WallClock
from core.models import ApiToken, Cluster

FOLDER = "kubeconfig"
USER = "admin"
LIFETIME, RENEW = 365 * 86_400.0, 30 * 86_400.0  # wall seconds of a token; left when it is replaced

log = logging.getLogger(__name__)


def path_of(name: str) -> Path:
    """Where the file of the cluster `name` is."""
    return Path(settings.DATA_DIR) / FOLDER / f"{quote(name, safe='')}.yaml"


def export_line(name: str) -> str:
    """What to type in a shell so that kubectl goes to the cluster `name`."""
    return f"export KUBECONFIG={shlex.quote(str(path_of(name)))}"


def keep(cluster: Cluster) -> Path:
    """See to it that the cluster's file is there and right; where it is. Raises OSError."""
    path, url, authority = path_of(cluster.name), api_url(), authority_pem(settings.DATA_DIR)
    found = _read(path)
    token = next((token for token in _tokens(found) if _holds(cluster, token)), "")
    if not token or (f"{url}/clusters/{cluster.name}", authority) not in _doors(found):
        username, groups = KNOWN_USERS[USER]
        token = token or issue_token(cluster, username, groups, WallClock().wall(), LIFETIME)
        path.parent.mkdir(mode=0o700, exist_ok=True)
        _write(path, kubeconfig_with(cluster, USER, token, url, authority))
    return path


def keep_quietly(cluster: Cluster) -> None:
    """A cluster without its file is a cluster all the same."""
    try:
        keep(cluster)
    except OSError as error:
        log.warning("the kubeconfig of %s cannot be written: %s", cluster.name, error)


def keep_all() -> None:
    """When the machine starts: a right file for each cluster, and none for those that are gone. Raises OSError."""
    files = {keep(cluster) for cluster in Cluster.objects.all()}
    for path in (Path(settings.DATA_DIR) / FOLDER).glob("*.yaml"):
        if path not in files:
            path.unlink(missing_ok=True)


def drop(name: str) -> None:
    """The cluster `name` was deleted."""
    try:
        path_of(name).unlink(missing_ok=True)
    except OSError as error:
        log.warning("the kubeconfig of %s cannot be removed: %s", name, error)


def _read(path: Path) -> object:
    """What is in a file that people and kubectl may have changed; None if it says nothing."""
    try:
        return yaml.safe_load(path.read_text())
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        return None


def _entries(config: object, plural: str, single: str) -> list[dict[str, object]]:
    listed = config.get(plural) if isinstance(config, dict) else None
    found = [entry.get(single) for entry in listed or () if isinstance(entry, dict)] if isinstance(listed, list) else []
    return [entry for entry in found if isinstance(entry, dict)]


def _tokens(config: object) -> list[str]:
    return [str(user.get("token") or "") for user in _entries(config, "users", "user")]


def _doors(config: object) -> list[tuple[str, bytes]]:
    """The servers, each with the authority to trust."""
    return [
        (str(cluster.get("server")), _decoded(str(cluster.get("certificate-authority-data") or "")))
        for cluster in _entries(config, "clusters", "cluster")
    ]


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text)
    except ValueError:
        return b""


def _holds(cluster: Cluster, token: str) -> bool:
    digest = hashlib.sha256(token.encode()).hexdigest()
    return ApiToken.objects.filter(cluster=cluster, digest=digest, expires__gt=WallClock().wall() + RENEW).exists()


def _write(path: Path, text: str) -> None:
    """At once, and readable by the owner only."""
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text)
    draft.replace(path)
