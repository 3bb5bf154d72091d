"""A database that takes no writes: a file system mounted read-only, a full disk, a replica. Said in one sentence, and once.

Everything else that a database can raise is a mistake of ours or a loss of connection, and stays what it is. Work goes on
by itself once writes are taken again: whoever failed tries anew, from what the database says.
Sources: sqlite.org/rescode.html, PostgreSQL's appendix of error codes.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import DatabaseError, OperationalError

logger = logging.getLogger(__name__)

READ_ONLY = "the database can only be read, so nothing can be changed until it can be written again"
FULL = "the disk of the database is full, so nothing can be changed until there is room again"
AGAIN = "the database takes writes again"
SQLITE = {"SQLITE_READONLY": READ_ONLY, "SQLITE_FULL": FULL, "SQLITE_IOERR_WRITE": FULL, "SQLITE_IOERR_FSYNC": FULL}
POSTGRES = {"25006": READ_ONLY, "53100": FULL}  # read_only_sql_transaction, disk_full


class NotWritable(OperationalError):
    """The database takes no writes; the message says why."""


def refusal(error: BaseException) -> str:
    """Why no write is taken, in one sentence; empty when `error` says something else."""
    if isinstance(error, NotWritable):
        return str(error)
    cause = error.__cause__ or error
    name = str(getattr(cause, "sqlite_errorname", ""))
    return next((why for code, why in SQLITE.items() if name.startswith(code)), "") or POSTGRES.get(
        str(getattr(cause, "sqlstate", "")), ""
    )


@contextmanager
def naming_refusals() -> Iterator[None]:
    """Raises NotWritable for what the database says in many ways."""
    try:
        yield
    except NotWritable:
        raise
    except DatabaseError as error:
        if why := refusal(error):
            raise NotWritable(why) from error
        raise


class Said:
    """What a process has said of it: one warning when it begins, one line when it is over."""

    def __init__(self) -> None:
        self.why = ""

    def refused(self, error: NotWritable) -> None:
        if self.why != str(error):
            self.why = str(error)
            logger.warning("%s", self.why)

    def taken(self) -> None:
        if self.why:
            self.why = ""
            logger.warning("%s", AGAIN)
