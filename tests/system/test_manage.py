"""`manage.py` as it is called: by any Python, from any folder, on a database that is not what it should be."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from cluster_viz.environment import DATABASE
from tests.machine import ROOT, Machine

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]

NAKED = [sys._base_executable, "-I"]  # type: ignore[attr-defined]  this Python without what is installed for the project


def manage(*arguments: str, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*NAKED, str(ROOT / "manage.py"), *arguments],
        cwd=folder,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("command", [["status", "demo"], ["cluster", "list"], ["fault", "demo", "kill", "etcd-0"]])
def test_database_that_does_not_fit_is_one_sentence(tmp_path: Path, command: list[str]):
    (tmp_path / DATABASE).touch()
    done = subprocess.run(
        [sys.executable, "manage.py", *command, "--data", str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.startswith(f"CommandError: the database {tmp_path / DATABASE} does not answer (no such table: ")
    assert done.stderr.count("\n") == 1


def test_python_without_django_goes_on_in_the_projects_environment(machine: Machine, tmp_path: Path):
    registry = {"CLUSTER_VIZ_INSTANCES": machine.environment["CLUSTER_VIZ_INSTANCES"], "CLUSTER_VIZ_DATA": ""}
    done = manage("cluster", "list", folder=tmp_path, **registry)
    assert done.returncode == 0, done.stderr
    assert "demo" in done.stdout
    assert f"on {machine.data} (http://127.0.0.1:{machine.port}/)" in done.stderr


def test_unprepared_project_is_one_sentence(tmp_path: Path):
    (tmp_path / "manage.py").write_text((ROOT / "manage.py").read_text())
    (tmp_path / "requirements.txt").write_text("Django==0.0.1\n")
    done = subprocess.run(
        [*NAKED, str(tmp_path / "manage.py"), "status", "demo"], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 1
    assert done.stderr == f"cluster-viz: its dependencies are not installed; run `make setup` in {tmp_path}\n"
