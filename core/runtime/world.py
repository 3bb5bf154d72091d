"""What a simulated process finds around it when it starts: its variables, its image, its files. Pure values."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias

BUSYBOX, DEBIAN, UNKNOWN = "busybox", "debian", ""


class Kind(StrEnum):
    """A thing in the file system that is no file of known text."""

    DIRECTORY = "directory"  # every name in it is known
    OPAQUE_DIRECTORY = "directory of unknown content"
    OPAQUE_FILE = "file of unknown content"
    ABSENT = "nothing"


@dataclass(frozen=True, slots=True)
class File:
    """A file whose text is known."""

    text: str


Entry: TypeAlias = File | Kind


@dataclass(frozen=True, slots=True)
class World:
    """`env`: the variables in order. `family`: whose tools the image has, BUSYBOX or DEBIAN; UNKNOWN: nobody knows.

    programs    everything that can be called by its name; None: nobody knows
    known       the image's root directory holds the usual directories and nothing else
    mounts      (path, whether it can be written to): what is below was put there by others
    read_only   the root file system is;  root  the process runs as uid 0
    files       what is there beyond the image: (path, entry)
    seed        for $RANDOM;  started  virtual time of the start
    """

    env: tuple[tuple[str, str], ...] = ()
    family: str = UNKNOWN
    programs: frozenset[str] | None = None
    hostname: str = ""
    cwd: str = "/"
    known: bool = True
    mounts: tuple[tuple[str, bool], ...] = ()
    read_only: bool = False
    root: bool = True
    files: tuple[tuple[str, Entry], ...] = field(default=())
    seed: str = ""
    started: float = 0.0
