"""What `ps` shows of our processes: the command that runs one role, also for a fork of a process that ran another."""

import sys
from typing import Any

from celery import platforms
from setproctitle import setproctitle


def set_title(command: list[str]) -> None:
    setproctitle(" ".join([sys.executable, *command]))


def keep_title(*args: Any, **more: Any) -> None:
    """In place of Celery's own titles, which say neither whose worker it is nor of which role."""


platforms.set_process_title = keep_title
