"""The recorded answers of a real server, where they lie beside the project: replayed against a machine with four workers.

`../shared/tools/replay_answers.py` sends the recorded requests in their order and compares the answers field by field;
docs/kubernetes-api.md says what differs on purpose. The recordings are not part of the project. Where they are absent
there is nothing to collect, so this file has not the name of a test: `conftest.py` brings it in.
"""

import importlib.util
import json
import re
import subprocess
import sys
from collections.abc import Iterator

import pytest

from core.kube.objects import Obj
from core.kube.resources import find_by_kind
from core.kube.structs import completed
from tests.machine import Machine, eventually
from tests.system.recordings import FILES, TOOL

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

OLD_HISTORY = (
    20  # seconds spent on making history old: most of a minute is needed for it to be forgotten, elsewhere tested
)
MISSING_BEFORE = {
    # recording → the unrecorded one before it, whose effect it shows
    "232": "122, which scales the Deployment back",
    "233": "106, which makes the Service `np`",
    "239b": "another ConfigMap's end",
}
"""These show what requests did that are not among the recordings, so they cannot be alike."""


@pytest.fixture(scope="module")
def told() -> dict[str, str]:
    """What became of each recording, by its number: its word and what differed."""
    with Machine("--no-demo") as machine:
        machine.manage("cluster", "create", "ref", "--workers", "4", "--profile", "instant")
        client = machine.cluster("ref")
        eventually(lambda: len(client.get("/api/v1/nodes")["items"]) == 4)
        done = subprocess.run(
            [
                *(sys.executable, str(TOOL), "--server", client.url, "--files", str(FILES)),
                *("--token", str(client.session.headers["Authorization"]).removeprefix("Bearer ")),
                *("--age", str(OLD_HISTORY)),
            ],
            capture_output=True,
            text=True,
            check=False,
        )
        assert " alike (held out: " in done.stdout, done.stdout + done.stderr
    found: dict[str, str] = {}
    number = ""
    for line in done.stdout.splitlines():
        if match := re.match(r"(same|differs|on purpose|skipped) +(\w+)-", line):
            number = match[2]
            found[number] = match[1]
        elif number and line.startswith("     "):
            found[number] += "\n" + line
    return found


def test_every_recorded_answer_is_alike(told: dict[str, str]) -> None:
    different = {
        number: what for number, what in told.items() if what.startswith("differs") and number not in MISSING_BEFORE
    }
    assert not different, "\n".join(f"{number}: {what}" for number, what in different.items())


def test_most_recordings_were_compared(told: dict[str, str]) -> None:
    assert sum(what == "same" for what in told.values()) > 150


def recorded_objects() -> Iterator[tuple[str, Obj]]:
    """Every whole object among the recorded answers, with the file it is in."""
    spec = importlib.util.spec_from_file_location("replay_answers", TOOL)
    assert spec is not None
    assert spec.loader is not None
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    for path in sorted(FILES.glob("[0-9]*.txt")):
        pending = list(tool.Recording(str(path)).values)
        while pending:
            value = pending.pop()
            if isinstance(value, list):
                pending += value
            elif isinstance(value, dict):
                pending += value.values()
                if "metadata" in value and not getattr(value, "cut", False):
                    yield path.name, json.loads(json.dumps(value))


@pytest.mark.filterwarnings(
    "ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"
)  # the tool's files
def test_recorded_objects_have_all_that_go_writes() -> None:
    """What `kube.structs` says of Go's types holds for each object that was recorded."""
    compared = 0
    for name, obj in recorded_objects():
        kind, version = obj.get("kind"), obj.get("apiVersion")
        row = find_by_kind(version, kind) if isinstance(kind, str) and isinstance(version, str) else None
        if row is not None:
            assert completed(row, obj) is obj, name
            compared += 1
    assert compared > 40
