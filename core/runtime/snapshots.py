"""The snapshotter: an image's layers as read-only directories under one writable directory a container, joined by overlayfs.

Each unpacked layer is a snapshot, known by its chain id (the digest of the layers up to it), so containers of one image,
and images on one base, share directories. A container adds an empty `upper` directory: writing a file that comes from
below copies it up first, and the lower one stays as it was; deleting one leaves a whiteout. Computed from the records on
demand; nothing of it is stored.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from core.runtime.disk import Record

ROOT = "/var/lib/containerd/io.containerd.snapshotter.v1.overlayfs/snapshots"
RUN = "/run/containerd/io.containerd.runtime.v2.task/k8s.io"


@dataclass(frozen=True, slots=True)
class Mount:
    """The overlay mount of one container: `lower` from the topmost layer down, as the kernel wants it."""

    lower: tuple[str, ...]
    upper: str
    work: str
    merged: str

    @property
    def options(self) -> str:
        return f"index=off,lowerdir={':'.join(self.lower)},upperdir={self.upper},workdir={self.work}"

    @property
    def command(self) -> str:
        """What one would type to make the same mount."""
        return f"mount -t overlay overlay -o {self.options} {self.merged}"


def chain_ids(digests: Sequence[str]) -> list[str]:
    """The chain id of each layer, from the bottom up (OCI image spec, *Layer ChainID*)."""
    chain: list[str] = []
    for digest in digests:
        chain.append(digest if not chain else f"sha256:{hashlib.sha256(f'{chain[-1]} {digest}'.encode()).hexdigest()}")
    return chain


def mount_of(container: Record, image: Record) -> Mount:
    """The container's root filesystem over the layers of its image."""
    layers = [f"{ROOT}/{chain[7:19]}/fs" for chain in chain_ids([layer[0] for layer in image["layers"]])]
    own = f"{ROOT}/{container['id'][:12]}"
    return Mount(tuple(reversed(layers)), f"{own}/fs", f"{own}/work", f"{RUN}/{container['id']}/rootfs")


@dataclass(slots=True)
class View:
    """What a process sees: files of the merged directory and where each really lies.

    `layers` from the bottom up, path → content; `upper` is the container's own, None standing for a whiteout.
    """

    layers: Sequence[Mapping[str, str]]
    upper: dict[str, str | None] = field(default_factory=dict)

    def read(self, path: str) -> str | None:
        """The content of `path`, from the topmost layer that has it; None when there is no such file."""
        if path in self.upper:
            return self.upper[path]
        return next((layer[path] for layer in reversed(self.layers) if path in layer), None)

    def write(self, path: str, content: str) -> bool:
        """Write a whole file; whether it had to be copied up from a layer below."""
        copied = path not in self.upper and self.read(path) is not None
        self.upper[path] = content
        return copied

    def append(self, path: str, content: str) -> bool:
        """Add to a file; whether it had to be copied up, all of it, for that."""
        return self.write(path, (self.read(path) or "") + content)

    def delete(self, path: str) -> None:
        """Remove a file: from the upper directory, or, if it shines through from below, by a whiteout over it."""
        if any(path in layer for layer in self.layers):
            self.upper[path] = None
        else:
            self.upper.pop(path, None)

    def paths(self) -> list[str]:
        below = {path for layer in self.layers for path in layer}
        return sorted(path for path in below | set(self.upper) if self.read(path) is not None)
