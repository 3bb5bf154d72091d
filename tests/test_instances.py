"""Which instance a command joins, by what runs, what is noted and what is said."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cluster_viz import instances
from cluster_viz.environment import DATABASE

Start = Callable[..., Path]


@pytest.fixture
def start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Start]:
    """Makes data folders with a database and a note; those that run are locked as by `manage.py up`."""
    monkeypatch.setenv(instances.REGISTRY, str(tmp_path / "instances"))
    monkeypatch.setattr(instances, "DEFAULT_DATA", tmp_path / ".data")
    held = []

    def make(name: str, port: int = 8000, *, runs: bool = True, **more: str) -> Path:
        folder = tmp_path / name
        folder.mkdir()
        (folder / DATABASE).touch()
        handle = instances.hold(folder)
        instances.leave_note({instances.DATA: str(folder), "CLUSTER_VIZ_PORT": str(port), **more})
        if runs:
            held.append(handle)
        else:
            os.close(handle)
        return folder

    yield make
    for handle in held:
        os.close(handle)


def joined(*arguments: str, **environment: str) -> dict[str, str]:
    instances.join(["manage.py", *arguments], environment)
    return environment


def refused(*arguments: str, **environment: str) -> str:
    with pytest.raises(SystemExit) as refusal:
        instances.join(["manage.py", *arguments], environment)
    return str(refusal.value)


def test_the_one_that_runs_is_joined_and_named(start: Start, capsys: pytest.CaptureFixture[str]):
    folder = start("over here", 8100, CLUSTER_VIZ_API_PORT="6500")
    found = joined("status", "demo")
    assert found == {instances.DATA: str(folder), "CLUSTER_VIZ_PORT": "8100", "CLUSTER_VIZ_API_PORT": "6500"}
    assert str(folder) in capsys.readouterr().err


def test_the_default_folder_needs_no_words(start: Start, capsys: pytest.CaptureFixture[str]):
    folder = start(".data", 8100)
    assert joined("status", "demo")[instances.DATA] == str(folder)
    assert capsys.readouterr().err == ""


def test_database_and_redis_of_the_instance_come_along(start: Start):
    start(".data", DATABASE_URL="postgres://h/n", REDIS_URL="redis://h")
    found = joined("cluster", "list")
    assert (found["DATABASE_URL"], found["REDIS_URL"]) == ("postgres://h/n", "redis://h")


def test_one_that_ended_is_not_joined_and_its_pointer_goes(start: Start):
    start("ended", 8100, runs=False)
    folder = start(".data", 8200)
    assert len(list(instances.registry().iterdir())) == 2
    assert joined("cluster", "list")[instances.DATA] == str(folder)
    assert len(list(instances.registry().iterdir())) == 1


def test_pointer_to_a_folder_that_was_removed_goes(start: Start, tmp_path: Path):
    folder = start("gone", runs=False)
    for file in folder.iterdir():
        file.unlink()
    folder.rmdir()
    assert instances.running() == []
    assert not list(instances.registry().iterdir())


def test_several_that_run_are_named_and_one_must_be_chosen(start: Start):
    one, two = start("one", 8100), start("two", 8200)
    sentence = refused("fault", "demo", "kill", "etcd-0")
    assert "--data" in sentence
    assert f"{one} (http://?:8100/)" in sentence
    assert str(two) in sentence
    assert "\n" not in sentence


@pytest.mark.parametrize(
    ("arguments", "environment"),
    [
        pytest.param(["--data", "two"], {}, id="option"),
        pytest.param(["--data=two"], {}, id="option with equals sign"),
        pytest.param([], {instances.DATA: "two"}, id="environment"),
        pytest.param([], {"CLUSTER_VIZ_PORT": "8200"}, id="port"),
        pytest.param(["--data", "two"], {instances.DATA: "one"}, id="option before environment"),
    ],
)
def test_what_is_said_chooses_among_several(
    start: Start, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, arguments: list[str], environment: dict[str, str]
):
    start("one", 8100)
    two = start("two", 8200)
    monkeypatch.chdir(tmp_path)
    line = ["manage.py", "cluster", "list", *arguments]
    instances.join(line, environment)
    assert Path(environment[instances.DATA]).resolve() == two
    assert environment["CLUSTER_VIZ_PORT"] == "8200"
    assert line == ["manage.py", "cluster", "list"]


def test_explicit_environment_is_not_mixed_with_another_instance(start: Start):
    start("one", 8100)
    given = {"DATABASE_URL": "postgres://h/n"}
    assert joined("cluster", "list", **given) == given


def test_ports_said_go_before_those_noted(start: Start):
    folder = start(".data", 8100, runs=False)
    found = joined("kubeconfig", "demo", CLUSTER_VIZ_API_PORT="7000")
    assert found == {instances.DATA: str(folder), "CLUSTER_VIZ_PORT": "8100", "CLUSTER_VIZ_API_PORT": "7000"}


@pytest.mark.parametrize("command", sorted(instances.OWN))
def test_no_database_is_one_sentence_for_every_command(start: Start, tmp_path: Path, command: str):
    assert "`make run`" in refused(command, "demo")
    absent = tmp_path / "absent"
    assert str(absent) in refused(command, "demo", "--data", str(absent))
    assert not absent.exists()


@pytest.mark.parametrize("arguments", [["up"], ["help"], ["makemigrations"], [], ["status", "--help"], ["nonsense"]])
def test_what_concerns_no_instance_joins_none(start: Start, arguments: list[str]):
    start("one", 8100)
    start("two", 8200)
    assert joined(*arguments) == {}


def test_djangos_own_commands_join_too_and_may_make_a_database(start: Start, tmp_path: Path):
    assert joined("migrate")[instances.DATA] == str(tmp_path / ".data")
    folder = start("one", 8100)
    assert joined("shell")[instances.DATA] == str(folder)


def test_data_without_a_folder_is_one_sentence(start: Start):
    assert "--data wants" in refused("status", "demo", "--data")


@pytest.mark.parametrize("text", ["", "{", "[]", '"x"', '{"CLUSTER_VIZ_PORT": 1}', "\x00"])
def test_broken_note_leaves_the_folder(tmp_path: Path, text: str):
    (tmp_path / instances.NOTE).write_text(text)
    assert instances.note_of(tmp_path)[instances.DATA] == str(tmp_path)


def test_folder_is_held_once(start: Start):
    folder = start("one")
    with pytest.raises(instances.AlreadyRunning):
        instances.hold(folder)


def test_note_is_for_its_owner_only(start: Start):
    folder = start("one", DATABASE_URL="postgres://u:secret@h/n")
    assert (folder / instances.NOTE).stat().st_mode & 0o777 == 0o600
