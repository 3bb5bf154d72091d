"""A database that takes no writes: a banner on the pages, one sentence to commands, and all goes on when it is mended."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.db import connection
from django.test import Client

from core.dashboard import trouble
from core.models.refusals import FULL, READ_ONLY
from tests.world import World

pytestmark = pytest.mark.django_db(transaction=True)


@contextmanager
def read_only() -> Iterator[None]:
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA query_only = on")
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA query_only = off")


def test_pages_open_and_show_why_nothing_changes(client: Client) -> None:
    World("lab", members=1, workers=1)
    assert "can only be read" not in client.get("/trouble").content.decode()
    with read_only():
        assert "can only be read" in client.get("/trouble").content.decode()
        for page in ("/", "/clusters/lab/", "/clusters/lab/text/", "/clusters/lab/inspect/scheduler/"):
            answer = client.get(page)
            assert answer.status_code == 200, page
        assert 'hx-get="/trouble"' in client.get("/clusters/lab/").content.decode()
        assert "can only be read" in client.get("/trouble").content.decode()
    assert "can only be read" not in client.get("/trouble").content.decode()


@pytest.mark.parametrize(("room", "shown"), [(1 << 62, True), (0, False)], ids=["too little room", "room"])
def test_banner_looks_at_the_disk(client: Client, monkeypatch: pytest.MonkeyPatch, room: int, shown: bool) -> None:
    monkeypatch.setattr(trouble, "ROOM_MIN", room)
    assert (FULL.capitalize() in client.get("/trouble").content.decode()) is shown


COMMANDS = {
    "make": ("/api/clusters", {"name": "other"}),
    "break": ("/api/clusters/lab/faults", {"verb": "kill", "target": "etcd-0"}),
    "pause": ("/api/clusters/lab/clock/pause", {}),
    "speed": ("/api/clusters/lab/clock/speed", {"speed": 2}),
}


@pytest.mark.parametrize(("path", "body"), COMMANDS.values(), ids=COMMANDS)
def test_command_is_refused_with_the_reason_and_works_again(client: Client, path: str, body: dict) -> None:
    World("lab", members=1, workers=0)
    with read_only():
        answer = client.post(path, body, content_type="application/json")
        assert (answer.status_code, answer.json()["error"]) == (503, READ_ONLY)
    assert client.post(path, body, content_type="application/json").status_code < 300
