"""`/healthz`, `/livez`, `/readyz`: named checks, each of which looks at something real.

The real server has some forty, most of them one per start hook; here are those that can fail.
"""

from collections.abc import Callable

from core.apiserver.http.directory import Entry
from core.apiserver.http.responses import TEXT, Response, of_text
from core.kube.errors import ApiError
from core.kube.requests import Request, User

PROBE = User("system:apiserver", ("system:masters",))


def ping(entry: Entry) -> str:
    return ""


def etcd(entry: Entry) -> str:
    """A read that the group has to confirm: without a quorum it fails."""
    answer = entry.server.read(Request("get", "namespaces", name="default", user=PROBE))
    return str(answer) if isinstance(answer, ApiError) and answer.code >= 500 else ""


def informer_sync(entry: Entry) -> str:
    """The watch cache follows the store."""
    behind = entry.cluster.revision - entry.server.cache.revision
    return f"the watch cache is {behind} revisions behind" if behind > 0 else ""


def bootstrap_roles(entry: Entry) -> str:
    found = entry.server.cache.get("clusterroles.rbac.authorization.k8s.io", "", "cluster-admin")
    return "" if found else "the ClusterRole cluster-admin is missing"


CHECKS: dict[str, Callable[[Entry], str]] = {
    "ping": ping,
    "etcd": etcd,
    "informer-sync": informer_sync,
    "poststarthook/rbac/bootstrap-roles": bootstrap_roles,
}
FOR_LIVENESS = ("ping", "etcd", "poststarthook/rbac/bootstrap-roles")
ENDPOINTS = {"healthz": FOR_LIVENESS, "livez": FOR_LIVENESS, "readyz": tuple(CHECKS)}


def answer(entry: Entry, endpoint: str, check: str, verbose: bool, excluded: list[str]) -> Response | None:
    """None if there is no check of that name."""
    names = ENDPOINTS[endpoint]
    if check:
        if check not in names:
            return None
        why = CHECKS[check](entry)
        if why:
            return of_text(f"internal server error: {why}\n", 500)
        return Response(
            200, b"ok", TEXT
        )  # alone among answers in plain text without the word that it is not to be guessed
    lines, failed = [], False
    for name in names:
        if name in excluded:
            lines.append(f"[+]{name} excluded: ok")
            continue
        why = CHECKS[name](entry)
        failed |= bool(why)
        lines.append(f"[-]{name} failed: {why}" if why else f"[+]{name} ok")
    if failed:
        return of_text("\n".join([*lines, f"{endpoint} check failed", ""]), 500)
    return of_text("\n".join([*lines, f"{endpoint} check passed", ""]) if verbose else "ok")
