"""Secrets made at first start and kept in the data folder, readable by their owner only."""

import os
import secrets
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path


def secret_key(data_dir: Path) -> str:
    """Django's SECRET_KEY: from the environment, else from a file made once with mode 0600."""
    if given := os.environ.get("DJANGO_SECRET_KEY"):
        return given
    return kept(data_dir / "secret-key", lambda: secrets.token_urlsafe(48))


def kept(path: Path, make: Callable[[], str]) -> str:
    """The text of `path`; made and written there when it is missing. Two processes starting at once agree on one."""
    try:
        return path.read_text()
    except FileNotFoundError:
        pass
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    draft.touch(mode=0o600)
    draft.write_text(make())
    with suppress(FileExistsError):
        os.link(draft, path)
    draft.unlink()
    return path.read_text()
