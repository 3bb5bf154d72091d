"""What the environment says, read while the settings are imported: a wrong value ends the process with one sentence.

`SystemExit` with a text is printed to stderr and makes the exit code 1, whichever command imports the settings. URLs are not
repeated in it, as they may hold passwords.
"""

import os
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import dj_database_url

DATABASE = "cluster-viz.sqlite3"  # in the data folder
REDIS_SCHEMES = ("redis", "rediss", "unix")


def refuse(sentence: str) -> SystemExit:
    return SystemExit(f"cluster-viz: {sentence}")


def port(text: str) -> int:
    """Raises ValueError."""
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= 65535):
        raise ValueError(f"a port is a number from 1 to 65535, not {text!r}")
    return int(text)


def port_of(name: str, default: str) -> int:
    try:
        return port(os.environ.get(name, default))
    except ValueError as error:
        raise refuse(f"{name}: {error}") from None


def data_folder(default: Path) -> Path:
    """The folder of all state, made if it is missing."""
    folder = Path(os.environ.get("CLUSTER_VIZ_DATA") or default).expanduser().resolve()
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise unusable(folder, error) from None
    return folder


def unusable(folder: Path, error: OSError) -> SystemExit:
    why = (error.strerror or str(error)).lower()
    return refuse(f"the data folder {folder} cannot be used ({why}); choose another with --data or CLUSTER_VIZ_DATA")


def database_url(url: str) -> dict[str, Any]:
    try:
        return dict(dj_database_url.parse(url, conn_max_age=60, conn_health_checks=True))
    except ValueError:  # its own classes of errors are ValueErrors, with long texts
        raise refuse("DATABASE_URL is not understood; give postgres://USER:PASSWORD@HOST:PORT/NAME") from None


def redis_url(folder: Path) -> str:
    """The server named by REDIS_URL, or the embedded one's socket in the data folder."""
    url = os.environ.get("REDIS_URL")
    if not url:
        return f"unix://{quote(str(folder / 'redis.sock'))}"
    if urlsplit(url).scheme not in REDIS_SCHEMES:
        raise refuse("REDIS_URL is not understood; give redis://HOST:PORT/0 or unix:///PATH")
    return url
