"""`manage.py up`: the whole machine with one command, or one role of it."""

import os
import platform
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

from cluster_viz import instances
from cluster_viz.environment import port, unusable
from core.engine.addresses import web_url
from core.engine.kubeconfigs import keep_all

ROLES = ("web", "control-plane", "nodes", "beat")
MAKE_VARIABLES = {"--port": "PORT", "--api-port": "API_PORT"}
OR_ANOTHER = "end it first, or choose another --data, --port and --api-port (make run DATA=… PORT=… API_PORT=…)"


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
            instances.hold(data)
            check_ports(settings.HOST)
            redis = find_redis(data)
            instances.leave_note(settle())
        except instances.AlreadyRunning:
            raise CommandError(f"cluster-viz is already running on {running_there(data)}; {OR_ANOTHER}") from None
        except OSError as error:
            raise unusable(data, error) from None
        self.become_supervisor(redis, demo=not options["no_demo"])

    def become_supervisor(self, redis: list[str], *, demo: bool) -> NoReturn:
        """Start Redis and the roles from here, then exec the process that looks after them."""
        from core.engine import nursery

        self.say(f"Python {platform.python_version()}; preparing the database")
        command = [sys.executable, "-m", "core.engine.supervisor"]
        if redis:
            command += ["--redis", *redis, nursery.hatch("redis", lambda: os.execv(redis[0], redis))]
        is_prepared = nursery.aside(prepare_database)
        nursery.import_everything()
        is_prepared()
        home = "" if demo else f"; open {web_url()}/"
        self.say(f"starting{home} — Ctrl-C ends everything")
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
            "CLUSTER_VIZ_DATA": (options["data"] and Path(options["data"]).expanduser().resolve(), settings.DATA_DIR),
        }
        changed = {name: str(value) for name, (value, current) in wanted.items() if value and value != current}
        if changed:
            os.execve(sys.executable, [sys.executable, *sys.argv], os.environ | changed)

    def say(self, text: str) -> None:
        self.stdout.write(f"{'up':>13} | {text}")
        self.stdout.flush()


def demonstrate() -> None:
    call_command("demo")


def settle() -> instances.Note:
    """Put the settings into the environment, for the children and for the note that leads other shells here."""
    os.environ |= {
        "CLUSTER_VIZ_DATA": str(settings.DATA_DIR),
        "CLUSTER_VIZ_HOST": settings.HOST,
        "CLUSTER_VIZ_PORT": str(settings.WEB_PORT),
        "CLUSTER_VIZ_API_PORT": str(settings.API_PORT),
    }
    return {name: os.environ[name] for name in instances.NOTED if os.environ.get(name)}


def running_there(data: Path) -> str:
    return instances.described(instances.note_of(data))


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
                f" (make run {MAKE_VARIABLES[option]}=…)"
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
        keep_all()
    except DatabaseError as error:
        raise CommandError(f"the database {where} cannot be opened: {str(error).strip().splitlines()[0]}") from None
    except OSError as error:
        raise unusable(settings.DATA_DIR, error) from None


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
