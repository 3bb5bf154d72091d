"""`bin/setup`: which Python it takes, what it says when none will do, and that it mends what no longer fits."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.machine import ROOT

TOOLS = ("bash", "cat", "cksum", "cp", "dirname", "env", "mkdir", "rm", "sed", "tail")
SHIM = '#!/bin/bash\necho "pyenv: $(basename $0): command not found" >&2\nexit 127\n'
OLD = "#!/bin/bash\nprintf '3.9.2\\nis too old\\n'\n"  # what a Python 3.9 answers
BARE = "#!/bin/bash\nprintf '3.11.2\\nlacks the module ensurepip (Debian: apt install python3-venv)\\n'\n"
# As much of a Python as is asked of it here: a real environment takes seconds to make.
GOOD = """#!/bin/bash
case "$1 $2" in
  "-m venv") rm -rf "$4"; mkdir -p "$4/bin"; cp "$0" "$4/bin/python" ;;
  "-m pip") ;;
  *) cat >/dev/null; echo 3.11.7 ;;
esac
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project without dependencies, in a folder with a space in its name."""
    folder = tmp_path / "the project"
    (folder / "bin").mkdir(parents=True)
    shutil.copy(ROOT / "bin" / "setup", folder / "bin")
    (folder / "requirements.txt").touch()
    return folder


def setup(project: Path, pythons: dict[str, str], **environment: str) -> tuple[int, str]:
    """Exit code and words of `bin/setup` where these are all the Pythons there are: name → program."""
    path = project.parent / "path"
    shutil.rmtree(path, ignore_errors=True)
    path.mkdir()
    for tool in TOOLS:
        (path / tool).symlink_to(str(shutil.which(tool)))
    for name, program in pythons.items():
        (path / name).write_text(program)
        (path / name).chmod(0o755)
    done = subprocess.run(
        [project / "bin" / "setup"],
        env={"PATH": str(path), "HOME": os.environ.get("HOME", "/"), **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=120,
        check=False,
    )
    return done.returncode, done.stdout


@pytest.mark.parametrize(
    ("pythons", "environment", "words"),
    [
        pytest.param({}, {}, "there is none on the path that runs", id="none"),
        pytest.param({"python3.13": SHIM, "python3": SHIM}, {}, "there is none on the path that runs", id="shims only"),
        pytest.param({"python3": OLD}, {}, "python3 is 3.9.2 and is too old", id="old"),
        pytest.param({"python3.11": BARE}, {}, "lacks the module ensurepip (Debian", id="Debian without venv"),
        pytest.param({"python3": GOOD}, {"PYTHON": "python9"}, "'python9' is not one that runs", id="named, not there"),
        pytest.param({"python3": GOOD, "old": OLD}, {"PYTHON": "old"}, "old is 3.9.2 and is too old", id="named, old"),
    ],
)
def test_no_usable_python_is_one_sentence(
    project: Path, pythons: dict[str, str], environment: dict[str, str], words: str
):
    code, said = setup(project, pythons, **environment)
    assert code == 1
    assert said.startswith("cluster-viz needs Python 3.11 or newer; ")
    assert words in said
    assert said.count("\n") == 1
    assert not (project / ".venv").exists()


def test_environment_is_made_once_and_anew_when_it_no_longer_fits(project: Path):
    pythons = {"python3.13": SHIM, "python3.12": OLD, "python3.11": GOOD}
    made = "making .venv with python3.11, which is Python 3.11.7"
    code, said = setup(project, pythons)
    assert (code, made in said, "anew" in said) == (0, True, False)
    assert setup(project, pythons) == (0, "")

    (project / "requirements.txt").write_text("# another\n")
    code, said = setup(project, pythons)
    assert (code, "installing the dependencies" in said, "making" in said) == (0, True, False)

    (project / ".venv" / "bin" / "python").unlink()  # its Python was taken away
    assert made in setup(project, pythons)[1]
    assert setup(project, pythons) == (0, "")

    moved = project.rename(project.with_name("moved"))
    code, said = setup(moved, pythons)
    assert (code, "for another place" in said, made in said) == (0, True, True)
    assert setup(moved, pythons) == (0, "")


def test_linked_environment_that_does_not_fit_is_not_emptied(project: Path):
    elsewhere = project.parent / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "precious").touch()
    (project / ".venv").symlink_to(elsewhere)
    code, said = setup(project, {"python3": GOOD})
    assert (code, "is a link" in said) == (1, True)
    assert (elsewhere / "precious").exists()
