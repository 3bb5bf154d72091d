"""Claims about who does the work: what a row, Redis and /proc say, and nothing that they do not."""

import os
import socket
from pathlib import Path

import pytest

from core.engine import crew
from core.engine.crew import Post, is_running, owner_of, post_of, posts
from core.engine.tasks import owner
from core.models import Cluster, RoleState
from tests.world import World


@pytest.mark.parametrize(
    ("text", "found"),
    [
        pytest.param("lab-1:4711:99887766", ("lab-1", 4711), id="a worker"),
        pytest.param("stepper:140231", ("stepper", None), id="stepped by hand"),
        pytest.param("", ("", None), id="nobody"),
        pytest.param("test", ("test", None), id="a word"),
        pytest.param("host:x:1", ("host", None), id="no number"),
        pytest.param("host:²:1", ("host", None), id="a digit that is no number"),
        pytest.param("a:1:2:3", ("a", None), id="too much"),
    ],
)
def test_owner_is_a_host_and_a_process(text: str, found: tuple[str, int | None]) -> None:
    assert owner_of(text) == found


def test_a_worker_names_itself_so_that_it_is_found() -> None:
    assert owner_of(owner()) == (socket.gethostname(), os.getpid())


@pytest.mark.parametrize(
    ("clock", "due_at", "due"),
    [
        pytest.param({}, 130.0, 20.0, id="as the clock runs"),
        pytest.param({"speed": 10.0}, 130.0, 0.0, id="sooner on a fast one, and past"),
        pytest.param({}, None, None, id="only when something changes"),
        pytest.param({"paused": True}, 130.0, float("inf"), id="never while it stands"),
    ],
)
def test_due_is_told_in_wall_seconds(clock: dict, due_at: float | None, due: float | None) -> None:
    cluster = Cluster(name="lab", clock_base=100.0, clock_anchor=1000.0, **clock)
    state = RoleState(
        cluster=cluster, role="nodes", owner="h:7:1", epoch=3, due_at=due_at, driven_at=1009, claimed_at=5
    )
    assert post_of(state, 1010.0) == Post("lab", "nodes", "h", 7, 3, 5, 1009, due)
    assert post_of(state, 1010.0).worker == "nodes@h:7"


COMMAND = b"/venv/bin/python\0manage.py\0up\0--role\0nodes\0"


@pytest.fixture
def proc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(crew, "PROC", tmp_path)
    for pid, command in {7: COMMAND, 8: b"/bin/sleep\01000\0"}.items():
        (tmp_path / str(pid)).mkdir()
        (tmp_path / str(pid) / "cmdline").write_bytes(command)
    return tmp_path


@pytest.mark.parametrize(
    ("host", "pid", "role", "running"),
    [
        pytest.param("", 7, "nodes", True, id="it runs"),
        pytest.param("", 7, "control-plane", False, id="another role has its number"),
        pytest.param("", 8, "nodes", False, id="another program has its number"),
        pytest.param("", 9, "nodes", False, id="nobody has its number"),
        pytest.param("elsewhere", 7, "nodes", None, id="another machine"),
    ],
)
def test_a_number_is_believed_only_with_its_command(
    proc: Path, host: str, pid: int, role: str, running: bool | None
) -> None:
    assert is_running(host or socket.gethostname(), pid, role) is running


def test_without_a_supervisor_there_is_no_crew(proc: Path) -> None:
    assert crew.crew() == {}


def test_the_supervisors_children_are_the_crew(proc: Path) -> None:
    parent = proc / str(os.getppid())
    (parent / "task" / parent.name).mkdir(parents=True)
    (parent / "cmdline").write_bytes(b"python\0-m\0core.engine.supervisor\0")
    (parent / "task" / parent.name / "children").write_text("7 8 9 ")
    assert crew.crew() == {"nodes": 7}


@pytest.mark.django_db(transaction=True)
def test_both_roles_are_told_also_when_nobody_drove_them_yet() -> None:
    world = World("lab")
    World("another")
    RoleState.objects.filter(cluster=world.cluster, role="nodes").delete()
    found = [(post.cluster, post.role, post.epoch > 0) for post in posts(world.cluster, 0.0)]
    assert found[:2] == [("lab", "control-plane", True), ("lab", "nodes", False)]
    assert {(cluster, role) for cluster, role, _ in found[2:]} == {("another", "control-plane"), ("another", "nodes")}
