"""Which instance a command means: the one that is named, else the one that runs.

`manage.py up` leaves a note of its settings in its data folder, and in the project's folder a pointer to that folder. So a
command in another shell finds database, Redis and ports wherever they are, with nothing exported there. What the environment
or `--data` says goes first. Whether an instance runs, its lock says, which the kernel frees when the last of its processes
ends: a pointer that was left behind is recognised, and taken away by whoever comes across it.
"""

import fcntl
import hashlib
import json
import os
import sys
import time
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NoReturn

from cluster_viz.environment import DATABASE, refuse

HERE = Path(__file__).resolve().parent.parent
DEFAULT_DATA = HERE / ".data"
LOCK, NOTE = "up.lock", "instance.json"
LOOK_SECONDS = 0.5  # somebody who only looks holds the lock for a moment

DATA = "CLUSTER_VIZ_DATA"
REGISTRY = "CLUSTER_VIZ_INSTANCES"  # the folder of the pointers; tests have one of their own
ADDRESS = ("CLUSTER_VIZ_HOST", "CLUSTER_VIZ_PORT", "CLUSTER_VIZ_API_PORT")
ELSEWHERE = ("DATABASE_URL", "REDIS_URL")
NOTED = (DATA, *ADDRESS, *ELSEWHERE)

OWN = frozenset(path.stem for path in (HERE / "core/management/commands").glob("[a-z]*.py")) - {"up"}
# Of Django's commands, those that are about the data. They make a database where there is none, if that is their way.
OF_DJANGO = frozenset(
    [
        "changepassword",
        "createsuperuser",
        "dbshell",
        "dumpdata",
        "flush",
        "inspectdb",
        "loaddata",
        "migrate",
        "runserver",
        "shell",
        "showmigrations",
    ]
)

Note = dict[str, str]
"""The environment that leads to an instance: names of NOTED → values."""


class AlreadyRunning(Exception):
    """Another process holds the data folder."""


def hold(folder: Path) -> int:
    """One machine a data folder: the lock is inherited by the supervisor and freed when it ends, however it ends.

    Answers the file that holds it. Raises AlreadyRunning, OSError.
    """
    handle = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    deadline = time.monotonic() + LOOK_SECONDS
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                os.close(handle)
                raise AlreadyRunning from None
            time.sleep(0.02)  # noqa: TID251  no component: `up`, before anything runs
        else:
            os.set_inheritable(handle, True)
            return handle


@contextmanager
def kept_free(folder: Path) -> Iterator[bool]:
    """Whether nothing runs on `folder`; if so, nothing can start there meanwhile."""
    try:
        handle = os.open(folder / LOCK, os.O_RDONLY)
    except OSError:
        yield True
        return
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
        yield True
    except BlockingIOError:
        yield False
    finally:
        os.close(handle)


def leave_note(note: Note) -> None:
    """For the commands of other shells; called by the instance that holds its folder. Raises OSError."""
    folder = Path(note[DATA])
    _write(folder / NOTE, json.dumps(note, indent=2))
    with suppress(OSError):  # a project that others own: its commands want --data then
        registry().mkdir(exist_ok=True, mode=0o700)
        _write(registry() / f"{hashlib.sha256(os.fsencode(folder)).hexdigest()[:16]}.path", str(folder))


def registry() -> Path:
    return Path(os.environ.get(REGISTRY) or HERE / ".instances")


def running() -> list[Note]:
    """The instances of this project that run, by data folder."""
    found = []
    for pointer in registry().glob("*.path"):
        with suppress(OSError, UnicodeDecodeError):
            folder = Path(pointer.read_text())
            with kept_free(folder) as is_free:
                if is_free:
                    pointer.unlink(missing_ok=True)
                else:
                    found.append(note_of(folder))
    return sorted(found, key=lambda note: note[DATA])


def note_of(folder: Path) -> Note:
    """The settings that the last instance on `folder` ran with; of a folder without a note, the folder alone."""
    noted: Note = {}
    with suppress(OSError, ValueError, AttributeError):
        noted = {name: str(value) for name, value in json.loads((folder / NOTE).read_text()).items() if name in NOTED}
    return noted | {DATA: str(folder)}  # wherever it was when the note was written


def join(arguments: list[str], environment: MutableMapping[str, str] = os.environ) -> None:
    """Complete the environment of the command line `arguments`, and take `--data` out of them.

    Ends the process with one sentence when several instances run and none is named, or one of our own commands finds no
    database.
    """
    command = arguments[1] if len(arguments) > 1 else ""
    is_own = command in OWN
    if not (is_own or command in OF_DJANGO) or {"-h", "--help"} & set(arguments):
        return
    if is_own and (named := take_data(arguments)):
        environment[DATA] = named
    if any(environment.get(name) for name in ELSEWHERE):
        return
    note = choose(environment)
    if is_own and DATABASE not in entries(Path(note[DATA])) and not note.get("DATABASE_URL"):
        no_database(Path(note[DATA]))
    for name, value in note.items():
        environment[name] = environment.get(name) or value


def take_data(arguments: list[str]) -> str:
    """The value of `--data`, which is taken out; empty if there is none."""
    for at, argument in enumerate(arguments):
        name, equals, value = argument.partition("=")
        if name == "--data":
            if not equals:
                value = "".join(arguments[at + 1 : at + 2])
            del arguments[at : at + (1 if equals else 2)]
            return value or stop("--data wants the folder of an instance")
    return ""


def choose(environment: MutableMapping[str, str]) -> Note:
    """The instance that fits what the environment says; the default folder if none does."""
    if environment.get(DATA):
        return note_of(Path(environment[DATA]).expanduser().resolve())
    wanted = {name: environment[name] for name in ADDRESS if environment.get(name)}
    fitting = [note for note in running() if wanted.items() <= note.items()]
    if not fitting:
        return note_of(DEFAULT_DATA)
    if len(fitting) > 1:
        listed = "; ".join(described(note) for note in fitting)
        stop(f"several instances run, so say which is meant with --data FOLDER or {DATA}=FOLDER: {listed}")
    if fitting[0][DATA] != str(DEFAULT_DATA):
        print(f"cluster-viz: on {described(fitting[0])}", file=sys.stderr)
    return fitting[0]


def described(note: Note) -> str:
    host, port = (note.get(name, "?") for name in ADDRESS[:2])
    return f"{note[DATA]} (http://{f'[{host}]' if ':' in host else host}:{port}/)"


def no_database(folder: Path) -> NoReturn:
    if folder == DEFAULT_DATA:
        stop("there are no clusters yet and nothing runs; start it with `make run`, in a terminal of its own")
    stop(f"there is no database in {folder}; name the data folder of an instance with --data, or start one there")


def entries(folder: Path) -> set[str]:
    with suppress(OSError):
        return set(os.listdir(folder))
    return set()


def stop(sentence: str) -> NoReturn:
    raise refuse(sentence)


def _write(path: Path, text: str) -> None:
    """At once, and readable by the owner only: addresses of databases may hold passwords."""
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text)
    draft.replace(path)
