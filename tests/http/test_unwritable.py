"""A database that takes no writes: reads are answered, writes are 503 with the reason, and go on when it is mended."""

import logging

import pytest
from django.db import connection

from core.apiserver.http.application import KubernetesApplication
from core.models.refusals import FULL, READ_ONLY
from tests.http.client import Client

MAPS = "/api/v1/namespaces/default/configmaps"
FULL_NOW = "PRAGMA max_page_count = 1"  # as few as there are


def tell(application: KubernetesApplication, pragma: str) -> None:
    def run() -> None:
        with connection.cursor() as cursor:
            cursor.execute(pragma)

    application.writers.submit(run).result()


@pytest.mark.parametrize(
    ("refuse", "mend", "why"),
    [
        ("PRAGMA query_only = on", "PRAGMA query_only = off", READ_ONLY),
        (FULL_NOW, "PRAGMA max_page_count = 1073741823", FULL),
    ],
    ids=["read-only", "full"],
)
def test_write_is_503_with_the_reason_and_reads_go_on(
    api: Client,
    application: KubernetesApplication,
    caplog: pytest.LogCaptureFixture,
    refuse: str,
    mend: str,
    why: str,
) -> None:
    big = {"metadata": {"name": "big"}, "data": {"a": "x" * 900_000}}
    tell(application, "VACUUM")  # no free pages inside
    tell(application, refuse)
    try:
        with caplog.at_level(logging.WARNING):
            reply = api.post(MAPS, big)
            assert (reply.code, reply.json["message"]) == (503, why)
            assert reply.header("retry-after") == "1"
            assert api.get(MAPS).code == 200
    finally:
        tell(application, mend)
    assert not [record for record in caplog.records if record.exc_info]
    assert api.post(MAPS, big).code == 201
