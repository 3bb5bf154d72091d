"""What registries have: from a reference to an image with its layers, its config and what its process does.

The catalogue (`catalogue.toml`) holds the well-known ones, and the names of all others that Docker Hub calls official, so a
typo in a short name fails as in life. Those others, and images of other registries and users, are taken to exist with any
tag, and made up: sizes and layers are derived from the reference, so the same reference is the same image everywhere; what
is in them is not known. Simplified: one platform (linux/amd64), manifest lists are skipped, and a tag never moves; a pinned
digest is believed.
"""

import hashlib
import re
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from core.kube.remembering import remembered
from core.runtime.references import DOCKER_HUB, REFERENCE_MAX, BadReference, Reference, parse_reference
from core.runtime.world import BUSYBOX, DEBIAN, UNKNOWN

CATALOGUE = Path(__file__).with_name("catalogue.toml")
MB = 1_000_000

DENIED = (
    'failed to pull and unpack image "{0}": failed to resolve reference "{0}": pull access denied, repository does not '
    "exist or may require authorization: server message: insufficient_scope: authorization failed"
)
NO_SUCH_TAG = (
    'rpc error: code = NotFound desc = failed to pull and unpack image "{0}": '
    'failed to resolve reference "{0}": {0}: not found'
)
INVALID_NAME = 'Failed to apply default image tag "{0}": couldn\'t parse image name "{0}": invalid reference format'


class PullError(Exception):
    """The pull fails. `reason` is the one a container waits with: ErrImagePull, InvalidImageName."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message


class Layer(NamedTuple):
    """A layer blob: its digest and compressed size in bytes."""

    digest: str
    size: int


@dataclass(frozen=True, slots=True)
class Image:
    """An image of a registry: the parts of its manifest and config that the node needs.

    known            the catalogue says what it is; else it is made up, and nobody knows what its program does
    family           whose tools it has (see `World`)
    programs         all programs on its PATH; None: nobody knows
    ports            what the process listens on; None: whatever the pod declares
    program          the executable that is the image's own behaviour, by its file name
    stop_code        its exit code on SIGTERM; None: it ignores the signal
    completes_after  seconds after which it ends by itself; None: it stays up
    needs_env        without one of these variables it ends at once with code 1 and `needs_env_message`
    """

    name: str
    known: bool
    family: str
    programs: frozenset[str] | None
    digest: str
    layers: tuple[Layer, ...]
    entrypoint: tuple[str, ...]
    cmd: tuple[str, ...]
    env: tuple[tuple[str, str], ...]
    user: str
    ports: tuple[int, ...] | None
    program: str
    stop_code: int | None
    completes_after: float | None
    needs_env: tuple[str, ...]
    needs_env_message: str
    cpu_millis: float
    memory_mib: float
    log: tuple[str, ...]

    @property
    def id(self) -> str:
        """As a container status names it: `docker.io/library/nginx@sha256:…`."""
        return f"{self.name.rpartition('@')[0] or _without_tag(self.name)}@{self.digest}"

    @property
    def size(self) -> int:
        return sum(layer.size for layer in self.layers)


@remembered(2048, REFERENCE_MAX)
def resolve(reference: str) -> Image:
    """The image `reference` names, as its registry would answer. Raises PullError."""
    try:
        parsed = parse_reference(reference)
    except BadReference:
        raise PullError("InvalidImageName", INVALID_NAME.format(reference)) from None
    entry = _catalogue()["images"].get(parsed.repository_name)
    if entry is None:
        _refuse_what_is_not_official(parsed)
        return _build(parsed, _made_up(parsed), known=False)
    if parsed.tag and not parsed.digest and not _tag_pattern(parsed.repository_name).fullmatch(parsed.tag):
        raise PullError("ErrImagePull", NO_SUCH_TAG.format(parsed))
    return _build(parsed, entry, known=True)


def full_name(reference: str) -> str:
    """The reference in full, the name under which a node's image store keeps it. Raises PullError."""
    try:
        return str(parse_reference(reference))
    except BadReference:
        raise PullError("InvalidImageName", INVALID_NAME.format(reference)) from None


@cache
def _catalogue() -> dict[str, Any]:
    return tomllib.loads(CATALOGUE.read_text())


def _refuse_what_is_not_official(reference: Reference) -> None:
    """Raises PullError for a name under `library/` that Docker Hub does not have, and for a tag that is never made."""
    group, _, name = reference.repository.partition("/")
    if reference.registry != DOCKER_HUB or group != "library":
        return
    official = _catalogue()["official"]
    if name not in official["names"]:
        raise PullError("ErrImagePull", DENIED.format(reference))
    if reference.tag == "latest" and name in official["without_latest"]:
        raise PullError("ErrImagePull", NO_SUCH_TAG.format(reference))


@cache
def _tag_pattern(repository: str) -> re.Pattern[str]:
    entry = _catalogue()["images"][repository]
    heads = [re.escape(name) for name in entry.get("names", ())]
    if "versions" in entry:
        heads.append(entry["versions"])
    variants = "|".join(re.escape(name) for name in entry.get("variants", ()))
    return re.compile(f"(?:{'|'.join(heads)})" + (f"(?:-(?:{variants}))?" if variants else ""))


def _made_up(reference: Reference) -> dict[str, Any]:
    """A plausible image that nobody told us about: the same one every time."""
    draw = hashlib.sha256(reference.repository_name.encode()).digest()
    program = reference.repository.rpartition("/")[2]
    return {
        "base": ("alpine", "debian", "distroless", "distroless")[draw[0] % 4],
        "size": 8 + draw[1] / 4,
        "layers": 2 + draw[2] % 5,
        "entrypoint": [f"/{program}"],
        "program": program,
        "cpu": 1 + draw[3] % 5,
        "memory": 10 + draw[4] / 4,
    }


def _build(reference: Reference, entry: dict[str, Any], *, known: bool) -> Image:
    layers = []
    family = entry.get("family", _family(entry["base"], reference.tag))
    base_size = _catalogue()["bases"][entry["base"]]
    if base_size:
        layers.append(Layer(_digest(f"base:{entry['base']}"), int(base_size * MB)))
    # Most of an image's bytes are in one layer (the program), the others add little.
    count = entry["layers"]
    weights = [8 if number == 0 else 1 for number in range(count)]
    of_version = f"{reference.repository_name}:{reference.digest or reference.tag}"
    for number, weight in enumerate(weights):
        size = int(entry["size"] * MB * weight / sum(weights))
        layers.append(Layer(_digest(f"{of_version}#{number}"), size))
    return Image(
        name=str(reference),
        known=known,
        family=family if known else UNKNOWN,
        programs=frozenset(_catalogue()["programs"].get(family, ())) | set(entry["has"]) if "has" in entry else None,
        digest=reference.digest or _digest(of_version),
        layers=tuple(layers),
        entrypoint=tuple(entry.get("entrypoint", ())),
        cmd=tuple(entry.get("cmd", ())),
        env=tuple(entry.get("env", {}).items()),
        user=entry.get("user", ""),
        ports=tuple(entry["ports"]) if "ports" in entry else None,
        program=entry.get("program", ""),
        stop_code=None if entry.get("deaf") else entry.get("stop", 0),
        completes_after=entry.get("completes_after"),
        needs_env=tuple(entry.get("needs_env", ())),
        needs_env_message=entry.get("needs_env_message", ""),
        cpu_millis=entry.get("cpu", 1),
        memory_mib=entry.get("memory", 10),
        log=tuple(entry.get("log", ())),
    )


def _family(base: str, tag: str) -> str:
    """Whose tools an image on this base has; a variant that is named in the tag goes before."""
    if "alpine" in tag or base in ("alpine", "busybox"):
        return BUSYBOX
    return DEBIAN if base in ("debian", "ubuntu") else UNKNOWN


def _digest(text: str) -> str:
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


def _without_tag(name: str) -> str:
    head, slash, last = name.rpartition("/")
    return f"{head}{slash}{last.partition(':')[0]}"
