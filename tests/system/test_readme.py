"""The README from top to bottom, as a newcomer has it: a fresh clone, two terminals, nothing activated."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.machine import ROOT, eventually
from tests.ports import free_port, take
from tests.system.test_postgres import ROLES

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]

README = (ROOT / "README.md").read_text()
BLOCKS = re.findall(r"^## (.+?)$|^```\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)

# Commands that are not typed into the second terminal, and where they run instead.
FIRST_TERMINAL = "make run"
RUNS_THIS = "make test"
WATCHES = re.compile(r"^kubectl .* -w$")


def commands(*sections: str) -> list[str]:
    """The commands of the blocks of these sections, without their remarks, in order."""
    found, section = [], ""
    for heading, block in BLOCKS:
        section = heading or section
        if section in sections:
            found += [re.sub(r"\s+#.*$", "", line) for line in block.splitlines()]
    return found


def newcomer() -> dict[str, str]:
    """The environment of somebody who has set nothing."""
    own = str(Path(sys.prefix) / "bin")
    folders = [folder for folder in os.environ["PATH"].split(os.pathsep) if folder != own]
    names = ("HOME", "LANG", "SSL_CERT_FILE", "PIP_CERT", "PYENV_ROOT", "TMPDIR")
    kept = {name: value for name, value in os.environ.items() if name in names}
    return {**kept, "PATH": os.pathsep.join(folders)}


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A fresh clone in a folder with a space in its name; it borrows this environment, which took minutes to install."""
    folder = tmp_path / "cluster viz"
    subprocess.run(["git", "clone", "--quiet", str(ROOT), str(folder)], check=True)
    (folder / ".venv").symlink_to(sys.prefix)
    return folder


@contextmanager
def first_terminal(clone: Path, variables: list[str]) -> Iterator[str]:
    """`make run` until Ctrl-C; what it says up to the last line of its greeting."""
    log = clone.parent / "run.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*FIRST_TERMINAL.split(), *variables],
            cwd=clone,
            env=newcomer(),
            stdout=output,
            stderr=output,
            stdin=subprocess.DEVNULL,
            process_group=0,
        )
    try:
        eventually(lambda: process.poll() is not None or " break: " in log.read_text(), 120)
        assert process.poll() is None, log.read_text()
        yield log.read_text()
    finally:
        os.killpg(process.pid, signal.SIGINT)  # as the terminal does, to make and to what it runs
        process.wait(30)


def second_terminal(folder: Path, lines: list[str]) -> str:
    """What a shell prints that is given these lines one after the other, of which none may fail."""
    typed = "\n".join(f"timeout --signal INT 4 {line} || true" if WATCHES.match(line) else line for line in lines)
    done = subprocess.run(
        ["bash", "-exuo", "pipefail"],
        input=typed,
        cwd=folder,
        env=newcomer(),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done.stdout


def printed(greeting: str, label: str) -> str:
    match = re.search(rf" {label}: +(.+)$", greeting, re.MULTILINE)
    assert match, greeting
    return match[1]


def test_sections_are_those_that_are_run():
    assert commands("Two commands") == [FIRST_TERMINAL, RUNS_THIS]
    assert {heading for heading, _ in BLOCKS if commands(heading)} == {
        "Two commands",
        "First steps with kubectl",
        "Several machines",
    }


def test_roles_of_several_machines_are_those_of_the_test_over_postgresql():
    said = re.findall(r"^\./manage\.py up --role ([a-z-]+)$", "\n".join(commands("Several machines")), re.MULTILINE)
    assert set(said) == set(ROLES.values())


@pytest.mark.parametrize("is_default", [True, False], ids=["as written", "other ports and folder"])
def test_first_minute_works_as_written(clone: Path, tmp_path: Path, is_default: bool):
    others = [f"PORT={free_port()}", f"API_PORT={free_port()}", f"DATA={tmp_path / 'its own data'}"]
    # Something of somebody else's may have the default ports: then there is nothing to show about them.
    variables = [] if is_default and take(8000) and take(6443) else others
    with first_terminal(clone, variables) as greeting:
        said = second_terminal(clone, commands("First steps with kubectl"))
        assert len(re.findall(r"^worker-\d +Ready", said, re.MULTILINE)) == 3
        assert 'deployment "frontend" successfully rolled out' in said
        assert re.search(r"^worker-2 +stopped", said, re.MULTILINE)
        assert "cluster lab deleted" in said
        elsewhere = second_terminal(
            tmp_path,
            [
                printed(greeting, "kubectl"),
                "kubectl get --raw /readyz",
                f"curl --silent --fail --output /dev/null {printed(greeting, 'open')}",
                printed(greeting, "break"),
            ],
        )
        assert "etcd-0 was killed" in elsewhere
