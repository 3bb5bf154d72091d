"""The files a process sees, as far as they are known: what it wrote itself, `/tmp`, and that the usual directories exist.

The content of images and volumes is not simulated. So a path is either known (there, with its text; or surely absent) or
asking for it raises NotUnderstood: "No such file" is an answer, too, and must be true.
"""

from posixpath import dirname, join, normpath

from core.runtime.syntax import NotUnderstood
from core.runtime.world import Entry, File, Kind, World

USUAL = frozenset(
    [
        "bin",
        "boot",
        "dev",
        "etc",
        "home",
        "lib",
        "lib64",
        "media",
        "mnt",
        "opt",
        "proc",
        "root",
        "run",
        "sbin",
        "srv",
        "sys",
        "tmp",
        "usr",
        "var",
    ]
)  # in `/` of every image with a shell
IN_ALL = frozenset(
    {"/bin", "/dev", "/etc", "/home", "/lib", "/proc", "/root", "/sys", "/tmp", "/usr", "/usr/bin", "/var"}
)
OPAQUE_FILES = frozenset({"/etc/hosts", "/etc/passwd", "/etc/group", "/etc/resolv.conf", "/bin/sh"})
TERMINATION_LOG = "/dev/termination-log"
READ_ONLY = "Read-only file system"
NO_SUCH = "No such file or directory"
IS_DIRECTORY = "Is a directory"
NO_DIRECTORY = "Not a directory"
TEXT_MAX = 1 << 16  # characters of one file that are kept


class FileError(Exception):
    """The system call fails; the message is strerror's."""


class Files:
    """`changes`: (path, entry) in order, as they were made."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.entries: dict[str, Entry] = {"/tmp": Kind.DIRECTORY, TERMINATION_LOG: File("")}
        if world.hostname:
            self.entries["/etc/hostname"] = File(f"{world.hostname}\n")
        self.entries |= dict(world.files)
        self.changes: list[tuple[str, Entry]] = []

    def look(self, path: str) -> Entry:
        """What is at an absolute `path`. Raises NotUnderstood."""
        path = normpath(path)
        if path in self.entries:
            return self.entries[path]
        if any(path == mount or path.startswith(f"{mount}/") for mount, _ in self.world.mounts):
            # The mount point itself is there; what is in it others may have put there.
            if any(path == mount for mount, _ in self.world.mounts):
                return Kind.OPAQUE_DIRECTORY
            raise NotUnderstood(path)
        if path == "/" or path in IN_ALL:
            return Kind.OPAQUE_DIRECTORY
        if path in OPAQUE_FILES:
            return Kind.OPAQUE_FILE
        parent = dirname(path)
        above = self.look(parent)
        if above is Kind.ABSENT or above is Kind.DIRECTORY:
            return Kind.ABSENT
        if above is not Kind.OPAQUE_DIRECTORY:
            raise NotUnderstood(path)
        if parent == "/" and self.world.known and path[1:] not in USUAL and not self._holds_mount(path):
            return Kind.ABSENT
        raise NotUnderstood(path)

    def read(self, path: str) -> str:
        """Raises FileError, NotUnderstood."""
        entry = self.look(path)
        if isinstance(entry, File):
            return entry.text
        if entry is Kind.ABSENT:
            raise FileError(NO_SUCH)
        if entry is Kind.OPAQUE_FILE:
            raise NotUnderstood(path)
        raise FileError(IS_DIRECTORY)

    def names(self, path: str) -> list[str]:
        """The names in a directory, sorted. Raises NotUnderstood."""
        path = normpath(path)
        if self.look(path) is not Kind.DIRECTORY or self._holds_mount(path):
            raise NotUnderstood(path)
        below = path.rstrip("/") + "/"
        return sorted(
            each[len(below) :]
            for each, entry in self.entries.items()
            if each.startswith(below) and entry is not Kind.ABSENT and "/" not in each[len(below) :]
        )

    def write(self, path: str, text: str, *, append: bool = False) -> None:
        """Raises FileError, NotUnderstood."""
        path = normpath(path)
        try:
            before = self.look(path)
        except NotUnderstood:
            before = Kind.OPAQUE_FILE  # there or not: once its directory is, it can be written
        if before in (Kind.DIRECTORY, Kind.OPAQUE_DIRECTORY):
            raise FileError(IS_DIRECTORY)
        self._check_parent(path)
        self._check_writable(path)
        if append and before is Kind.OPAQUE_FILE:
            self._change(path, before)
            return
        text = before.text + text if append and isinstance(before, File) else text
        if len(text) > TEXT_MAX:
            self._change(path, Kind.OPAQUE_FILE)
            return
        self._change(path, File(text))

    def make_directory(self, path: str, *, parents: bool = False) -> None:
        """Raises FileError, NotUnderstood."""
        path = normpath(path)
        try:
            before = self.look(path)
        except NotUnderstood:
            if not parents:
                raise
            self._check_writable(path)
            self._change(path, Kind.OPAQUE_DIRECTORY)  # there already or not: it is now, with whatever is in it
            return
        if before is not Kind.ABSENT:
            if parents and before in (Kind.DIRECTORY, Kind.OPAQUE_DIRECTORY):
                return
            raise FileError("File exists")
        if parents and self.look(dirname(path)) is Kind.ABSENT:
            self.make_directory(dirname(path), parents=True)
        self._check_parent(path)
        self._check_writable(path)
        self._change(path, Kind.DIRECTORY)

    def remove(self, path: str, *, recursive: bool = False) -> None:
        """Raises FileError, NotUnderstood."""
        path = normpath(path)
        before = self.look(path)
        if before is Kind.ABSENT:
            raise FileError(NO_SUCH)
        if before in (Kind.DIRECTORY, Kind.OPAQUE_DIRECTORY) and not recursive:
            raise FileError(IS_DIRECTORY)
        if path not in self.entries or path == "/tmp" or self._holds_mount(path):
            raise NotUnderstood(path)
        self._check_writable(path)
        for each in [each for each in self.entries if each == path or each.startswith(f"{path}/")]:
            self._change(each, Kind.ABSENT)

    def absolute(self, path: str, cwd: str) -> str:
        """Raises NotUnderstood for a relative path if nobody knows where the process works (`cwd` empty)."""
        if not cwd and not path.startswith("/"):
            raise NotUnderstood(path)
        return normpath(join(cwd, path))

    def _change(self, path: str, entry: Entry) -> None:
        self.entries[path] = entry
        self.changes.append((path, entry))

    def _check_parent(self, path: str) -> None:
        above = self.look(dirname(path))
        if above is Kind.ABSENT:
            raise FileError(NO_SUCH)
        if above not in (Kind.DIRECTORY, Kind.OPAQUE_DIRECTORY):
            raise FileError(NO_DIRECTORY)

    def _check_writable(self, path: str) -> None:
        if path == TERMINATION_LOG:
            return
        if path.startswith(("/dev/", "/proc/", "/sys/")):
            raise NotUnderstood(path)
        mount = max((each for each in self.world.mounts if path.startswith(f"{each[0]}/")), default=None)
        if mount is not None:
            if not mount[1]:
                raise NotUnderstood(path)
            return
        if self.world.read_only:
            raise FileError(READ_ONLY)
        if not self.world.root and not path.startswith("/tmp/"):
            raise NotUnderstood(path)  # who owns the directory is not known

    def _holds_mount(self, path: str) -> bool:
        return any(mount.startswith(f"{path.rstrip('/')}/") for mount, _ in self.world.mounts)
