"""A database that takes no writes says so in one sentence, whichever way it refuses."""

import sqlite3
from pathlib import Path

import pytest
from django.db import OperationalError, connection

from core.etcd.lock import turn
from core.models import Cluster
from core.models.refusals import FULL, READ_ONLY, NotWritable, Said, naming_refusals, refusal

pytestmark = pytest.mark.django_db(transaction=True)


def failed(sql: str, *before: str) -> OperationalError:
    """What Django makes of SQLite's refusal."""
    with connection.cursor() as cursor:
        for each in before:
            cursor.execute(each)
        try:
            with pytest.raises(OperationalError) as caught:
                cursor.execute(sql)
        finally:
            cursor.execute("PRAGMA query_only = off")
            cursor.execute("PRAGMA max_page_count = 1073741823")
            cursor.execute("DROP TABLE IF EXISTS filler")
    return caught.value


def test_read_only_is_named():
    assert refusal(failed("UPDATE core_cluster SET speed = speed", "PRAGMA query_only = on")) == READ_ONLY


def test_full_is_named():
    fill = "CREATE TABLE filler AS SELECT zeroblob(100000000) AS content"  # more than what earlier tests freed
    assert refusal(failed(fill, "PRAGMA max_page_count = 1")) == FULL


def test_a_read_only_file_is_named(tmp_path: Path):
    name = tmp_path / "a.sqlite3"
    sqlite3.connect(name).execute("CREATE TABLE a (b)")
    with pytest.raises(sqlite3.OperationalError) as caught:
        sqlite3.connect(f"file:{name}?mode=ro", uri=True).execute("INSERT INTO a VALUES (1)")
    assert refusal(caught.value) == READ_ONLY


class Refused(Exception):
    """As psycopg's errors, which carry their code."""

    def __init__(self, sqlstate: str) -> None:
        super().__init__("no")
        self.sqlstate = sqlstate


@pytest.mark.parametrize(("code", "why"), [("25006", READ_ONLY), ("53100", FULL), ("40001", ""), ("08006", "")])
def test_postgres_refuses_by_code(code, why):
    error = OperationalError("no")
    error.__cause__ = Refused(code)
    assert refusal(error) == why


def test_every_writer_in_turn_hears_the_reason():
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA query_only = on")
    try:
        with pytest.raises(NotWritable, match="can only be read"), turn():
            Cluster.objects.create(name="a", clock_base=0, clock_anchor=0)
    finally:
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA query_only = off")
    with turn():
        Cluster.objects.create(name="a", clock_base=0, clock_anchor=0)


def test_other_errors_stay_what_they_are():
    with (
        pytest.raises(OperationalError, match="no such table") as caught,
        naming_refusals(),
        connection.cursor() as cursor,
    ):
        cursor.execute("SELECT * FROM nowhere")
    assert not isinstance(caught.value, NotWritable)


def test_it_is_said_once_and_its_end_too(caplog):
    said = Said()
    for _ in range(3):
        said.refused(NotWritable(READ_ONLY))
    said.taken()
    said.taken()
    assert [record.getMessage() for record in caplog.records] == [READ_ONLY, "the database takes writes again"]
