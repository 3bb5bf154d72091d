"""Starting: what it says when it cannot, and that it takes everything with it when it ends."""

import os
import socket
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from tests.machine import ROOT, Machine, eventually
from tests.ports import free_port

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]


def refused(*options: str, **environment: str) -> str:
    """The sentence with which `up` refuses to start: the last it says, and no traceback."""
    ports = {"CLUSTER_VIZ_PORT": str(free_port()), "CLUSTER_VIZ_API_PORT": str(free_port())}
    done = subprocess.run(
        [sys.executable, "manage.py", "up", *options],
        cwd=ROOT,
        env=os.environ | ports | environment,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode != 0
    assert "Traceback" not in done.stderr
    return done.stderr.strip().splitlines()[-1]


def test_started_twice_says_so(machine: Machine):
    sentence = refused(**machine.environment)
    assert f"already running on {machine.data} (http://127.0.0.1:{machine.port}/)" in sentence
    assert "make run DATA=… PORT=… API_PORT=…" in sentence


def test_taken_port_gets_one_clear_sentence(tmp_path: Path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        sentence = refused("--port", str(port), "--data", str(tmp_path / "data"))
    assert f"127.0.0.1:{port}" in sentence
    assert "--port" in sentence


@pytest.mark.parametrize(
    ("options", "environment", "sentence"),
    [
        pytest.param(["--host", "0.0.0.0"], {}, "127.0.0.1 only", id="no accounts"),
        pytest.param(["--port", "99999"], {}, "invalid port value: '99999'", id="port"),
        pytest.param([], {"CLUSTER_VIZ_API_PORT": "x"}, "CLUSTER_VIZ_API_PORT: a port is", id="port in environment"),
        pytest.param(["--port", "7", "--api-port", "7"], {}, "must differ", id="one port for two"),
        pytest.param(["--data", "/dev/null"], {}, "data folder /dev/null cannot be used", id="folder"),
        pytest.param(["--data", "/proc/none"], {}, "data folder /proc/none cannot be used", id="folder not made"),
        pytest.param([], {"DATABASE_URL": "foo://u:secret@h/n"}, "DATABASE_URL is not understood", id="database URL"),
        pytest.param([], {"DATABASE_URL": "postgres://u:secret@127.0.0.1:1/n"}, "cannot be opened", id="no database"),
        pytest.param([], {"REDIS_URL": "http://u:secret@h"}, "REDIS_URL is not understood", id="Redis URL"),
        pytest.param([], {"REDIS_URL": "redis://u:secret@127.0.0.1:1/0"}, "does not answer", id="no Redis"),
    ],
)
def test_what_cannot_be_is_refused_in_a_sentence(
    tmp_path: Path, options: list[str], environment: dict[str, str], sentence: str
):
    said = refused(*options, **{"CLUSTER_VIZ_DATA": str(tmp_path), **environment})
    assert sentence in said
    assert "secret" not in said


def test_a_path_too_long_for_a_socket_is_refused(tmp_path: Path):
    long = tmp_path / ("x" * 60) / ("y" * 60)
    assert "choose a shorter one" in refused("--data", str(long))


def test_a_database_of_a_newer_version_is_left_alone(tmp_path: Path):
    file = tmp_path / "cluster-viz.sqlite3"
    environment = {"CLUSTER_VIZ_DATA": str(tmp_path)}
    subprocess.run(
        [sys.executable, "manage.py", "migrate", "-v0"], cwd=ROOT, env=os.environ | environment, timeout=60, check=True
    )
    with closing(sqlite3.connect(file)) as database, database:
        database.execute(
            "INSERT INTO django_migrations (app, name, applied) VALUES ('core', '9999_later', '2030-01-01')"
        )
    assert "newer cluster-viz (core.9999_later)" in refused(**environment)
    file.write_bytes(b"no database" * 1000)
    assert "file is not a database" in refused(**environment)


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
