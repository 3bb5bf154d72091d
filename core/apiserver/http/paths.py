"""Which resource a URL names: exact segments, no tricks.

`/clusters/NAME` comes off first; what is left is a Kubernetes path. `/api/VERSION/…` and `/apis/GROUP/VERSION/…` name
resources, the rest are paths of their own (`/version`, `/openapi/v3`). Segments are taken from the undecoded path, so a
`%2f` never makes a new one; empty segments, `.` and `..` name nothing, but behind a proxy. Reference: apiserver
`pkg/endpoints/request`.
"""

from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

CLUSTERS = "clusters"
PATH_MAX = 4096  # bytes
PROXIED = (b"nodes", b"pods", b"services")


class NoSuchPath(Exception):
    """The URL cannot name anything."""


@dataclass(frozen=True, slots=True)
class ResourcePath:
    """`/apis/GROUP/VERSION/namespaces/NAMESPACE/PLURAL/NAME/SUBRESOURCE…`; `rest` is what follows the subresource."""

    group: str
    version: str
    plural: str
    namespace: str = ""
    name: str = ""
    subresource: str = ""
    rest: tuple[str, ...] = ()


def segments(raw_path: bytes) -> tuple[str, ...]:
    """The decoded segments of a path; one slash at the end is let pass. Raises NoSuchPath."""
    if len(raw_path) > PATH_MAX or not raw_path.startswith(b"/"):
        raise NoSuchPath
    parts = raw_path[1:].removesuffix(b"/").split(b"/") if raw_path != b"/" else []
    own = _own(parts)
    return (*(_segment(part) for part in parts[:own]), *(part.decode("latin-1") for part in parts[own:]))


def _own(parts: list[bytes]) -> int:
    """How many segments are the API's: what follows `proxy` is a path on another server, which knows its own slashes."""
    for index, part in enumerate(parts):
        if part == b"proxy" and index >= 2 and parts[index - 2] in PROXIED:
            return index + 1
    return len(parts)


def _segment(raw: bytes) -> str:
    try:
        text = unquote_to_bytes(raw).decode()
    except UnicodeDecodeError:
        raise NoSuchPath from None
    if text in ("", ".", "..") or "/" in text or "\0" in text:
        raise NoSuchPath
    return text


def split_cluster(parts: tuple[str, ...]) -> tuple[str, tuple[str, ...]]:
    """The cluster's name and the Kubernetes path. Raises NoSuchPath."""
    if len(parts) < 2 or parts[0] != CLUSTERS:
        raise NoSuchPath
    return parts[1], parts[2:]


def resource_path(parts: tuple[str, ...]) -> ResourcePath | None:
    """The resource that a Kubernetes path names, None if it is not of that form."""
    match parts:
        case ("api", version, first, *rest):
            return _named("", version, first, rest)
        case ("apis", group, version, first, *rest):
            return _named(group, version, first, rest)
        case _:
            return None


# These two belong to the namespace itself: `/namespaces/NAME/status` is not a list of `status` in it.
OF_NAMESPACES = ("status", "finalize")


def _named(group: str, version: str, first: str, rest: list[str]) -> ResourcePath:
    namespace = ""
    if first == "namespaces" and len(rest) > 1 and rest[1] not in OF_NAMESPACES:
        namespace, first, *rest = rest
    name, subresource, *more = [*rest, "", ""][: max(2, len(rest))]
    return ResourcePath(group, version, first, namespace, name, subresource, tuple(more))
