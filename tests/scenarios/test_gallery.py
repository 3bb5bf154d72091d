"""What the gallery offers can be had: every start begins, and its miniature is a true recording of it."""

from pathlib import Path

import orjson
import pytest

from core.dashboard.gallery import BLANK, STARTS, UnknownStart, all_starts, free_name, start_named
from core.engine.clusters import create
from tests.scenarios.recording import record

pytestmark = pytest.mark.django_db(transaction=True)

RECORDINGS = Path(__file__).parents[2] / "static" / "gallery"
FOLDER = Path(__file__).parents[2] / "core" / "dashboard" / "gallery" / "starts"


@pytest.mark.parametrize("slug", STARTS)
def test_recording_is_what_happens(slug: str, rewrite: bool) -> None:
    made = record(start_named(slug))
    path = RECORDINGS / f"{slug}.json"
    if rewrite:
        path.write_bytes(orjson.dumps(made) + b"\n")
    assert made == orjson.loads(path.read_bytes()), f"{path.name} tells another run (--rewrite updates it)"
    assert len(made["frames"]) >= 5


def test_there_are_five_and_no_file_is_forgotten() -> None:
    assert len(STARTS) == 5
    assert {path.stem for path in FOLDER.glob("*.yaml")} == {*STARTS, BLANK}
    assert all(start.title and start.about and len(start.tries) == 3 for start in [*all_starts(), start_named(BLANK)])


def test_unknown_start_names_those_there_are() -> None:
    with pytest.raises(UnknownStart, match="there are: guestbook, election"):
        start_named("../settings")


def test_name_is_the_first_that_is_free() -> None:
    assert free_name("lab") == "lab"
    create("lab", members=1, workers=0)
    create("lab-2", members=1, workers=0)
    assert free_name("lab") == "lab-3"
