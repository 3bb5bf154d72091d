"""The small shell: what scripts of tutorials print, leave behind and end with."""

import pytest

from core.runtime.images import resolve
from core.runtime.shell import Run, run
from core.runtime.syntax import NotUnderstood
from core.runtime.world import BUSYBOX, File, Kind, World


def script(text: str, until: float = float("inf"), **world) -> Run:
    around = World(**{"family": BUSYBOX, "programs": resolve("busybox").programs, **world})
    return run(("sh", "-c", text), around, until=until)


@pytest.mark.parametrize(
    ("text", "after", "code"),
    [
        pytest.param("exit 3", 0, 3, id="exit"),
        pytest.param("sleep 5; exit 1", 5, 1, id="sequence"),
        pytest.param("sleep 1m && sleep 0.5", 60.5, 0, id="units"),
        pytest.param("false && sleep 9", 0, 1, id="and-stops"),
        pytest.param("false || sleep 2", 2, 0, id="or-goes-on"),
        pytest.param("true || sleep 2; sleep 1", 1, 0, id="or-skips"),
        pytest.param("! false", 0, 0, id="not"),
        pytest.param("false\ntrue", 0, 0, id="last-counts"),
        pytest.param("set -e\nfalse\nsleep 9", 0, 1, id="exit-on-error"),
        pytest.param("set -e; false || true; sleep 1", 1, 0, id="tested-failure-is-no-error"),
        pytest.param("if [ 1 -eq 1 ]; then sleep 3; else sleep 9; fi", 3, 0, id="if"),
        pytest.param("if false; then :; elif true; then sleep 4; fi", 4, 0, id="elif"),
        pytest.param("for i in a b c; do sleep 2; done", 6, 0, id="for"),
        pytest.param("for i in $(seq 1 4); do sleep 1; done", 4, 0, id="seq"),
        pytest.param("until [ -f /x ]; do sleep 1; touch /x; done", 1, 0, id="until"),
        pytest.param("X=3; sleep $X; exit ${Y:-7}", 3, 7, id="variables"),
        pytest.param("exec sleep 8", 8, 0, id="exec"),
        pytest.param("cat /missing", 0, 1, id="missing-file"),
        pytest.param("echo 'a;b' \"c && d\" # exit 9", 0, 0, id="quotes-and-comments"),
        pytest.param("sleep soon", 0, 1, id="bad-number"),
    ],
)
def test_script_ends_when_and_as_it_should(text: str, after: float, code: int) -> None:
    played = script(text)
    assert (played.ends_after, played.code) == (after, code)


@pytest.mark.parametrize(
    "text",
    [
        "sleep infinity",
        "while true; do sleep 10; done",
        "while :; do :; done",
        "tail=1; until false; do sleep 1h; done",
    ],
)
def test_endless_script_does_not_end(text: str) -> None:
    assert script(text).ends_after is None


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        pytest.param("echo hello world", [(0, "hello world")], id="echo"),
        pytest.param("while true; do echo tick; sleep 10; done", [(0, "tick"), (10, "tick"), (20, "tick")], id="loop"),
        pytest.param('echo "n is $N" $N', [(0, "n is 1 1")], id="environment"),
        pytest.param("echo x > /tmp/file; echo y", [(0, "y")], id="redirected"),
        pytest.param("date; echo Hello", [(0, "Thu Jan  1 00:00:00 UTC 2026"), (0, "Hello")], id="date"),
        pytest.param('echo "now: $(hostname)"', [(0, "now: web-0")], id="substitution"),
    ],
)
def test_script_prints(text: str, lines: list) -> None:
    world = {"env": (("N", "1"),), "hostname": "web-0", "started": 1_767_225_600.0}
    assert script(text, until=25, **world).lines == lines


def test_files_come_and_go() -> None:
    played = script("touch /tmp/healthy; sleep 30; rm -f /tmp/healthy; sleep 600", until=100)
    assert played.files == [(0, "/tmp/healthy", File("")), (30, "/tmp/healthy", Kind.ABSENT)]


def test_trap_makes_a_shell_hear_sigterm() -> None:
    assert script("trap 'exit 3' TERM; sleep 1000", until=1).term_code == 3
    assert script("trap 'echo bye' TERM; sleep 1000", until=1).term_code is None


@pytest.mark.parametrize(
    "text",
    [
        "wget -q localhost",
        "echo a | grep a",
        "f() { :; }",
        "sleep 1 &",
        "echo $((i++))",
        "case x in esac",
        "echo 'open",
    ],
)
def test_what_is_not_known_is_not_guessed(text: str) -> None:
    with pytest.raises(NotUnderstood):
        script(text)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("while true; do echo x; done", id="printing"),
        pytest.param("sh -c 'sh -c \"while :; do :; done\"'", id="nested"),
    ],
)
def test_hostile_script_costs_little(text: str) -> None:
    played = script(text)
    assert played.ends_after is None
    assert len(played.lines) <= 5000


def test_deeply_nested_script_is_refused() -> None:
    with pytest.raises(NotUnderstood):
        script("if true; then " * 5000 + ":" + "; fi" * 5000)
