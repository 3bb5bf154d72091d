"""`manage.py up`: the whole machine with one command, or one role of it."""

import fcntl
import os
import socket
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any, NoReturn

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, connection
from django.db.migrations.loader import MigrationLoader

from cluster_viz.environment import port, unusable

ROLES = ("web", "control-plane", "nodes", "beat")


class Command(BaseCommand):
    help = "Start everything: database, embedded Redis, workers, dashboard and Kubernetes API. Ctrl-C ends it."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--host", help="address to listen on (default 127.0.0.1)")
        parser.add_argument("--port", type=port, help="port of the dashboard (default 8000)")
        parser.add_argument("--api-port", type=port, help="port of the Kubernetes API, TLS (default 6443)")
        parser.add_argument("--data", help="folder of the database and all other state (default .data)")
        parser.add_argument("--role", choices=ROLES, help="run one part only, for several machines")
        parser.add_argument("--no-demo", action="store_true", help="do not make the cluster `demo` when there is none")

    def handle(self, *args: Any, **options: Any) -> None:
        self.adopt(options)
        if options["role"]:
            from core.engine.worker import ROLES as RUN

            RUN[options["role"]]()
            return
        if settings.HOST not in ("127.0.0.1", "localhost", "::1"):
            require_accounts(settings.HOST)
        data = settings.DATA_DIR
        os.chdir(settings.BASE_DIR)
        try:
            hold(data)
            check_ports(settings.HOST)
            redis = find_redis(data)
        except OSError as error:
            raise unusable(data, error) from None
        self.become_supervisor(redis, demo=not options["no_demo"])

    def become_supervisor(self, redis: list[str], *, demo: bool) -> NoReturn:
        """Start Redis and the roles from here, then exec the process that looks after them."""
        from core.engine import nursery

        self.say("preparing the database")
        command = [sys.executable, "-m", "core.engine.supervisor"]
        if redis:
            command += ["--redis", *redis, nursery.hatch("redis", lambda: os.execv(redis[0], redis))]
        is_prepared = nursery.aside(prepare_database)
        nursery.import_everything()
        is_prepared()
        self.say(f"starting; open http://{settings.HOST}:{settings.WEB_PORT}/clusters/demo/ — Ctrl-C ends everything")
        from core.engine.worker import ROLES as RUN

        command += [nursery.hatch(role, RUN[role]) for role in ("web", "control-plane", "nodes")]
        if demo:
            command += ["--demo", nursery.hatch("demo", demonstrate)]
        os.execv(command[0], command)

    def adopt(self, options: dict[str, Any]) -> None:
        """Settings are read from the environment at import: when options differ, start over with them in it."""
        wanted = {
            "CLUSTER_VIZ_HOST": (options["host"], settings.HOST),
            "CLUSTER_VIZ_PORT": (options["port"], settings.WEB_PORT),
            "CLUSTER_VIZ_API_PORT": (options["api_port"], settings.API_PORT),
            "CLUSTER_VIZ_DATA": (options["data"] and Path(options["data"]).resolve(), settings.DATA_DIR),
        }
        changed = {name: str(value) for name, (value, current) in wanted.items() if value and value != current}
        if changed:
            os.execve(sys.executable, [sys.executable, *sys.argv], os.environ | changed)

    def say(self, text: str) -> None:
        self.stdout.write(f"{'up':>13} | {text}")
        self.stdout.flush()


def demonstrate() -> None:
    call_command("demo")


def hold(data: Path) -> None:
    """One machine a data folder: the lock is inherited by the supervisor and freed when it ends, however it ends."""
    handle = os.open(data / "up.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise CommandError(
            f"cluster-viz is already running on {data}; end it first, or choose another --data"
        ) from None
    os.set_inheritable(handle, True)


def check_ports(host: str) -> None:
    if settings.WEB_PORT == settings.API_PORT:
        raise CommandError(f"--port and --api-port are both {settings.WEB_PORT}; they must differ")
    check_port(host, settings.WEB_PORT, "--port")
    check_port(host, settings.API_PORT, "--api-port")


def check_port(host: str, port: int, option: str) -> None:
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise CommandError(
                f"cannot listen on {host}:{port} ({error.strerror}); choose another with {option}"
            ) from None


def find_redis(data: Path) -> list[str]:
    """The command of the embedded server; nothing when REDIS_URL names another."""
    from core.engine.redis_server import NoRedis, check, prepare

    try:
        if os.environ.get("REDIS_URL"):
            check(settings.REDIS_URL)
            return []
        return prepare(data)
    except NoRedis as error:
        raise CommandError(str(error)) from None


def prepare_database() -> None:
    where = connection.settings_dict["NAME"]
    try:
        unknown = newer_migrations()
        if unknown:
            raise CommandError(
                f"the database {where} was written by a newer cluster-viz ({', '.join(unknown)}); run that one, or"
                " choose another --data"
            )
        call_command("migrate", verbosity=0, interactive=False)
    except DatabaseError as error:
        raise CommandError(f"the database {where} cannot be opened: {str(error).strip().splitlines()[0]}") from None


def newer_migrations() -> list[str]:
    """What was done to the database that this program does not know: it would write what it does not understand."""
    loader = MigrationLoader(connection)
    return sorted(
        ".".join(done)
        for done in loader.applied_migrations.keys() - loader.disk_migrations.keys()
        if done[0] in loader.migrated_apps
    )


def require_accounts(host: str) -> None:
    """Bound to an address others can reach, the dashboard needs people to log in."""
    raise CommandError(
        f"cluster-viz listens on 127.0.0.1 only: there are no accounts yet, and {host} can be reached by others"
    )
