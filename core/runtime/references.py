"""Image references as people write them, and what they stand for: `nginx` is `docker.io/library/nginx:latest`.

Rules of the distribution project's `reference` package: the first part is a registry if it holds a dot or a colon or is
`localhost`; without one the registry is Docker Hub, whose official images live under `library/`.
"""

import re
from typing import NamedTuple

from core.kube.remembering import remembered

REFERENCE_MAX = 512  # characters of a reference that is remembered
DOCKER_HUB = "docker.io"
OLD_DOCKER_HUB = "index.docker.io"
PATTERN = re.compile(
    r"(?P<name>[a-z0-9][a-zA-Z0-9.:/_-]*?)(?::(?P<tag>[A-Za-z0-9_][A-Za-z0-9._-]{0,127}))?(?:@(?P<digest>sha256:[0-9a-f]{64}))?"
)
PATH = re.compile(r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*")


class BadReference(ValueError):
    """The text names no image; the message is the one of the reference package."""

    def __init__(self) -> None:
        super().__init__("invalid reference format")


class Reference(NamedTuple):
    """`digest` is empty unless the reference pins one; then it, not the tag, decides what is pulled."""

    registry: str
    repository: str
    tag: str
    digest: str

    @property
    def repository_name(self) -> str:
        """With its registry: `docker.io/library/nginx`."""
        return f"{self.registry}/{self.repository}"

    def __str__(self) -> str:
        """In full, as containerd writes it: `docker.io/library/nginx:1.27`."""
        return self.repository_name + (f"@{self.digest}" if self.digest else f":{self.tag}")


@remembered(4096, REFERENCE_MAX)
def parse_reference(text: str) -> Reference:
    """Raises BadReference."""
    match = PATTERN.fullmatch(text)
    if match is None:
        raise BadReference
    name, tag, digest = match["name"], match["tag"] or "", match["digest"] or ""
    first, slash, rest = name.partition("/")
    if slash and ("." in first or ":" in first or first == "localhost"):
        registry, repository = DOCKER_HUB if first == OLD_DOCKER_HUB else first, rest
        if registry == DOCKER_HUB and "/" not in repository:
            repository = f"library/{repository}"
    else:
        registry, repository = DOCKER_HUB, name if slash else f"library/{name}"
    if PATH.fullmatch(repository) is None:
        raise BadReference
    return Reference(registry, repository, tag or ("" if digest else "latest"), digest)
