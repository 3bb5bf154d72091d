"""Starting: what it says when it cannot, and that it takes everything with it when it ends."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.machine import ROOT, Machine, eventually, free_port

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]


def test_started_twice_says_so(machine: Machine):
    done = subprocess.run(
        [sys.executable, "manage.py", "up"],
        cwd=ROOT,
        env=machine.environment,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode != 0
    assert "already running" in done.stderr
    assert "Traceback" not in done.stderr


def test_taken_port_gets_one_clear_sentence(tmp_path: Path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = subprocess.run(
            [
                sys.executable,
                "manage.py",
                "up",
                "--port",
                str(port),
                "--api-port",
                str(free_port()),
                "--data",
                str(tmp_path / "data"),
            ],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
    assert done.returncode != 0
    assert f"127.0.0.1:{port}" in done.stderr
    assert "--port" in done.stderr


def test_listening_for_others_is_refused_without_accounts(tmp_path: Path):
    done = subprocess.run(
        [sys.executable, "manage.py", "up", "--host", "0.0.0.0", "--data", str(tmp_path / "data")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode != 0
    assert "127.0.0.1 only" in done.stderr


def test_ctrl_c_ends_everything_it_started():
    with Machine("--no-demo") as machine:
        children = machine.children()
        assert {"web", "control-plane", "nodes", "beat", "redis"} <= children.keys()
        machine.stop()
        assert not [pid for pid in children.values() if is_alive(pid)]


def test_children_end_when_the_parent_is_killed():
    """Also the workers that began afresh, in the same process, since Redis was started anew."""
    with Machine("--no-demo") as machine:
        children = machine.children()
        before = {role: image_of(children[role]) for role in ("control-plane", "nodes")}
        machine.kill("redis")
        eventually(lambda: all(image_of(children[role]) != image for role, image in before.items()), 30)
        children = machine.children()
        assert machine.process is not None
        machine.process.kill()
        machine.process.wait(10)
        eventually(lambda: not [pid for pid in children.values() if is_alive(pid)], 20)


def image_of(pid: int) -> bytes:
    """Where the kernel put the program of a process: another place after each exec."""
    return Path(f"/proc/{pid}/auxv").read_bytes()


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
